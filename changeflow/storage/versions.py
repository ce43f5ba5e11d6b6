"""Versions of a definition, contact details (stored separately), forecasts and baselines."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, delete, text, update
from sqlmodel import Session, col, select

from changeflow.adkar.people import Away, Contact
from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.dates import Dates
from changeflow.programme.definition import Definition, Wave
from changeflow.programme.renames import Renames
from changeflow.storage.renamed_tasks import renames as renames
from changeflow.storage.rows import latest_of, values_of
from changeflow.storage.tables.audit import AuditRow
from changeflow.storage.tables.programme import (
    BaselineRow,
    ContactRow,
    ForecastRow,
    ProgrammeRow,
    SchoolJoinedRow,
    VersionRow,
)
from changeflow.values.moments import format_day, local_day

_WHOLE_DATABASE = 0x6368616E6765
"""The number of the lock on the whole database: “change” in ASCII."""
_MOST_NAMED = 12
"""The most programmes that an error lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One stored definition."""

    number: int
    hash: str
    parent_hash: str | None
    definition: Definition
    sources: Mapping[str, str]
    created_at: datetime
    created_by: str
    edits: str | None = None
    """The edits that made it from its parent, as JSON; None if a folder was stored."""
    reason: str | None = None


def lock_programme(session: Session, programme: str) -> bool:
    """Lock this programme for writing until the session ends; False if it is not stored yet."""
    # SQLite has only one writer at a time and ignores FOR UPDATE.
    query = select(ProgrammeRow.id).where(ProgrammeRow.id == programme).with_for_update()
    return session.exec(query).first() is not None


def lock_all(session: Session) -> None:
    """Lock the whole database until the session ends; SQLite has only one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WHOLE_DATABASE})


def add_programme(session: Session, programme: str, *, at: datetime) -> None:
    session.add(ProgrammeRow(id=programme, created_at=at))
    session.flush()


def programme_ids(session: Session) -> list[str]:
    return list(session.exec(select(ProgrammeRow.id).order_by(col(ProgrammeRow.id))))


def latest(session: Session, programme: str) -> Version | None:
    return _version(latest_of(session, VersionRow, programme))


def _version(row: VersionRow | None) -> Version | None:
    if row is None:
        return None
    parsed = {"definition": _definition(row.definition), "sources": json.loads(row.sources)}
    return Version(**values_of(row, Version) | parsed)


@lru_cache(maxsize=8)
def _definition(text: str) -> Definition:
    """Read a definition. Equal texts give the same object, so that derived data can be cached."""
    return Definition.model_validate_json(text)


def at_moment(session: Session, programme: str, moment: datetime) -> Version | None:
    """Return the latest version at a moment."""
    return _version(latest_of(session, VersionRow, programme, VersionRow.created_at <= moment))


def waves_at(session: Session, programme: str, moment: datetime) -> tuple[Wave, ...]:
    """Return the waves of the latest version at a moment; none if there was no version."""
    row = latest_of(session, VersionRow, programme, VersionRow.created_at <= moment)
    return () if row is None else _waves(row.definition)


@lru_cache(maxsize=64)
def _waves(text: str) -> tuple[Wave, ...]:
    """Read only a definition's waves, because reading all of it takes much longer."""
    return tuple(Wave.model_validate(wave) for wave in json.loads(text)["programme"].get("waves", ()))


def language_of_messages(session: Session, programme: str, person: str) -> str:
    """Return the language of messages to a person: their own, or else the programme's."""
    own = session.get(ContactRow, (programme, person))
    if own is not None and own.language:
        return own.language
    text = session.exec(_DEFINITION, params={"programme": programme}).first()
    return "en" if text is None else _language(text)


_DEFINITION = (
    select(VersionRow.definition)
    .where(col(VersionRow.programme_id) == bindparam("programme"))
    .order_by(col(VersionRow.number).desc())
    .limit(1)
)
"""Built once, like `_STATE`. It does not read a version's sources, which are as long as its definition."""


@lru_cache(maxsize=64)
def _language(text: str) -> str:
    """Read only a definition's language, because reading all of it takes much longer."""
    return str(json.loads(text)["programme"].get("language", "en"))


def numbered(session: Session, programme: str, number: int) -> Version | None:
    """Return a version by its number."""
    return _version(latest_of(session, VersionRow, programme, VersionRow.number == number))


def heads(session: Session, programme: str) -> list[tuple[int, datetime, str]]:
    """Return the number, moment and author of each version, oldest first, without reading the versions."""
    query = select(VersionRow.number, VersionRow.created_at, VersionRow.created_by)
    rows = session.exec(query.where(VersionRow.programme_id == programme).order_by(col(VersionRow.number)))
    return [(number, at, by) for number, at, by in rows]


def required(session: Session, programme: str, *, until: datetime | None = None) -> Version:
    """Return the latest version, or the latest at a moment; raise an error if there is none."""
    version = latest(session, programme) if until is None else at_moment(session, programme, until)
    if version is None and until is not None and latest(session, programme) is not None:
        day = format_day(local_day(until))
        raise InputError(f"'{programme}' was not stored yet on {day}.")
    if version is None:
        known = programme_ids(session)
        remedy = f"This database has: {', '.join(known)}. " if 0 < len(known) <= _MOST_NAMED else ""
        raise UnknownThingError("programme", programme, known, remedy=f"{remedy}To store one: changeflow apply DIR")
    return version


def people_ever(session: Session, programme: str | None = None) -> set[frozenset[str]]:
    """Return the ids of the people in each version, for one programme or all."""
    query = select(VersionRow.definition)
    if programme is not None:
        query = query.where(VersionRow.programme_id == programme)
    return {frozenset(p["id"] for p in json.loads(text).get("people", ())) for text in session.exec(query)}


def append(
    session: Session,
    definition: Definition,
    *,
    sources: Mapping[str, str],
    parent: Version | None,
    at: datetime,
    by: str,
    edits: str | None = None,
    reason: str | None = None,
) -> int:
    """Add the next version; return its number."""
    number = parent.number + 1 if parent else 1
    session.add(
        VersionRow(
            programme_id=definition.programme.programme,
            number=number,
            hash=definition.content_hash(),
            parent_hash=parent.hash if parent else None,
            definition=definition.canonical(),
            sources=json.dumps(dict(sources), sort_keys=True),
            created_at=at,
            created_by=by,
            edits=edits,
            reason=reason,
        )
    )
    session.flush()
    return number


def add_joined(session: Session, programme: str, joined: Mapping[str, date], *, version: int) -> None:
    """Record the schools that a version added, with their joining days."""
    for school, day in sorted(joined.items()):
        session.add(SchoolJoinedRow(programme_id=programme, school=school, on=day, version=version))


def joined_schools(session: Session, programme: str, *, until: datetime | None = None) -> dict[str, date]:
    """Return the schools that joined after the first version; with `until`, by that day."""
    query = select(SchoolJoinedRow).where(SchoolJoinedRow.programme_id == programme)
    if until is not None:
        query = query.where(col(SchoolJoinedRow.on) <= local_day(until))
    return {row.school: row.on for row in session.exec(query.order_by(col(SchoolJoinedRow.school)))}


def save_contacts(session: Session, programme: str, contacts: Iterable[Contact]) -> None:
    """Replace the contact details of a programme's people."""
    session.exec(delete(ContactRow).where(col(ContactRow.programme_id) == programme))
    for contact in contacts:
        away = ";".join(f"{a.first_day}..{a.last_day}" for a in contact.away) or None
        plain = contact.model_dump(exclude={"away"})
        session.add(ContactRow(programme_id=programme, away=away, **plain))


def contacts(session: Session, programme: str) -> dict[str, Contact]:
    rows = session.exec(select(ContactRow).where(ContactRow.programme_id == programme))
    return {r.person: _contact(r) for r in rows}


def contact(session: Session, programme: str, person: str) -> Contact | None:
    row = session.get(ContactRow, (programme, person))
    return _contact(row) if row is not None else None


def _contact(row: ContactRow) -> Contact:
    spans = [span.partition("..") for span in (row.away or "").split(";") if span]
    away = tuple(Away(first_day=date.fromisoformat(a), last_day=date.fromisoformat(b)) for a, _, b in spans)
    return Contact(
        person=row.person, name=row.name, email=row.email, language=row.language, away=away, is_active=row.is_active
    )


def touch(session: Session, programme: str) -> None:
    """Count a change to a programme's state."""
    session.exec(
        update(ProgrammeRow).where(col(ProgrammeRow.id) == programme).values(revision=ProgrammeRow.revision + 1)
    )


def revision(session: Session, programme: str) -> int:
    return session.exec(select(ProgrammeRow.revision).where(ProgrammeRow.id == programme)).one()


def state(session: Session, programme: str, *, but: Collection[str] = ()) -> tuple[object, ...]:
    """Return a key of a programme's state that is unique even across files and histories.

    The key is empty for a programme that is not stored. The last audit entry's hash depends on all earlier entries, and
    each change adds an entry or increases the revision. Audit entries with the actions `but` do not change the key.
    """
    return tuple(session.exec(_STATE, params={"programme": programme, "but": list(but)}).first() or ())


_STATE = select(
    ProgrammeRow.revision,
    select(AuditRow.hash)
    .where(
        AuditRow.programme_id == ProgrammeRow.id,
        col(AuditRow.action).not_in(bindparam("but", expanding=True)),
    )
    .order_by(col(AuditRow.number).desc())
    .limit(1)
    .correlate(ProgrammeRow)
    .scalar_subquery(),
).where(col(ProgrammeRow.id) == bindparam("programme"))
"""Built once, because every page view uses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A forecast or a baseline: the dates of every task, by id."""

    number: int
    version: int
    at: datetime
    dates: Mapping[str, Dates]
    note: str
    """The cause of a forecast, or the reason for a baseline."""
    approver: str = ""
    on: date | None = None
    announces: bool | None = None
    """Whether a baseline announced its go-lives; None if that was not recorded."""


def add_forecast(
    session: Session, programme: str, dates: Mapping[str, Dates], *, version: int, on: date, at: datetime, cause: str
) -> int | None:
    """Add a forecast; None if no date moved since the last one."""
    last = latest_forecast(session, programme)
    if last is not None and dict(last.dates) == dict(dates) and last.version == version:
        return None
    number = last.number + 1 if last else 1
    row = ForecastRow(
        programme_id=programme, number=number, version=version, on=on, at=at, cause=cause, schedule=_write_dates(dates)
    )
    session.add(row)
    return number


def latest_forecast(session: Session, programme: str) -> StoredPlan | None:
    row = latest_of(session, ForecastRow, programme)
    return _plan(row, renames(session, programme), note=row.cause, on=row.on) if row else None


def forecasts(session: Session, programme: str, *, last: int) -> list[StoredPlan]:
    """Return the last forecasts, oldest first."""
    query = select(ForecastRow).where(ForecastRow.programme_id == programme)
    rows, ids = session.exec(query.order_by(col(ForecastRow.number).desc()).limit(last)), renames(session, programme)
    return [_plan(row, ids, note=row.cause, on=row.on) for row in reversed(list(rows))]


def add_baseline(
    session: Session,
    programme: str,
    dates: Mapping[str, Dates],
    *,
    version: int,
    at: datetime,
    approver: str,
    reason: str,
    announces: bool,
) -> int:
    last = latest_of(session, BaselineRow, programme)
    row = BaselineRow(
        programme_id=programme,
        number=last.number + 1 if last else 1,
        version=version,
        at=at,
        approver=approver,
        reason=reason,
        schedule=_write_dates(dates),
        announces=announces,
    )
    session.add(row)
    return row.number


def baseline_dates(row: BaselineRow) -> dict[str, Dates]:
    """Return a baseline's approved dates, by task."""
    return _read_dates(row.schedule)


def latest_baseline(session: Session, programme: str, *, until: datetime | None = None) -> StoredPlan | None:
    """Return the latest baseline, or the latest at a moment."""
    by_then = [BaselineRow.at <= until] if until is not None else []
    row = latest_of(session, BaselineRow, programme, *by_then)
    ids = renames(session, programme, until=until)
    return _plan(row, ids, note=row.reason, approver=row.approver, announces=row.announces) if row else None


def baselines(session: Session, programme: str, *, until: datetime | None = None) -> list[StoredPlan]:
    """Return every baseline in order; with `until`, those taken by then."""
    query = select(BaselineRow).where(BaselineRow.programme_id == programme)
    if until is not None:
        query = query.where(col(BaselineRow.at) <= until)
    rows, ids = session.exec(query.order_by(col(BaselineRow.number))), renames(session, programme, until=until)
    return [_plan(row, ids, note=row.reason, approver=row.approver, announces=row.announces) for row in rows]


def baseline(session: Session, programme: str, number: int, *, until: datetime | None = None) -> StoredPlan | None:
    """Return a baseline by its number; with `until`, only if taken by then."""
    by_then = [BaselineRow.at <= until] if until is not None else []
    row = latest_of(session, BaselineRow, programme, BaselineRow.number == number, *by_then)
    ids = renames(session, programme, until=until)
    return _plan(row, ids, note=row.reason, approver=row.approver, announces=row.announces) if row else None


def _plan(
    row: ForecastRow | BaselineRow,
    ids: Renames,
    **own: Any,  # noqa: ANN401  (what one of the two has alone)
) -> StoredPlan:
    dates = ids.dates(_read_dates(row.schedule))
    return StoredPlan(number=row.number, version=row.version, at=row.at, dates=dates, **own)


def _write_dates(dates: Mapping[str, Dates]) -> str:
    return json.dumps({t: [d.start, d.finish] for t, d in sorted(dates.items())})


def _read_dates(text: str) -> dict[str, Dates]:
    return {t: Dates(start, finish) for t, (start, finish) in json.loads(text).items()}
