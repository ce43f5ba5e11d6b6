"""Versions of a definition, and the contact details that are kept apart from them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import bindparam, delete, text, update
from sqlmodel import Session, col, select

from changeflow.adkar.people import Away, Contact
from changeflow.errors import UnknownThingError
from changeflow.programme.definition import Definition
from changeflow.storage.rows import latest_of, values_of
from changeflow.storage.tables.audit import AuditRow
from changeflow.storage.tables.programme import ContactRow, ProgrammeRow, VersionRow

_WHOLE_DATABASE = 0x6368616E6765
"""The number of the lock on the whole database: “change” in ASCII."""


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


def lock_programme(session: Session, programme: str) -> bool:
    """Keep other writers of this programme out until the session ends; False when it is not stored yet."""
    # SQLite has one writer at a time already and ignores FOR UPDATE.
    query = select(ProgrammeRow.id).where(ProgrammeRow.id == programme).with_for_update()
    return session.exec(query).first() is not None


def lock_all(session: Session) -> None:
    """Keep out others who want the whole database, until the session ends: SQLite has one writer at a time already."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WHOLE_DATABASE})


def add_programme(session: Session, programme: str, *, at: datetime) -> None:
    session.add(ProgrammeRow(id=programme, created_at=at))
    session.flush()


def programme_ids(session: Session) -> list[str]:
    return list(session.exec(select(ProgrammeRow.id).order_by(col(ProgrammeRow.id))))


def latest(session: Session, programme: str) -> Version | None:
    row = latest_of(session, VersionRow, programme)
    return _version(row) if row is not None else None


def _version(row: VersionRow) -> Version:
    parsed = {"definition": _definition(row.definition), "sources": json.loads(row.sources)}
    return Version(**values_of(row, Version) | parsed)


@lru_cache(maxsize=8)
def _definition(text: str) -> Definition:
    """Read a definition; the same text gives the same object, so that what was worked out from it can be kept."""
    return Definition.model_validate_json(text)


def at_moment(session: Session, programme: str, moment: datetime) -> Version | None:
    """Return the version that was the latest at a moment."""
    row = latest_of(session, VersionRow, programme, VersionRow.created_at <= moment)
    return _version(row) if row is not None else None


def required(session: Session, programme: str) -> Version:
    version = latest(session, programme)
    if version is None:
        raise UnknownThingError(
            "programme", programme, programme_ids(session), remedy="Store it with: changeflow apply"
        )
    return version


def people_ever(session: Session, programme: str | None = None) -> set[frozenset[str]]:
    """Return the ids of the people that each version has: of one programme, or of all."""
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
        )
    )
    session.flush()
    return number


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
    return Contact(away=away, **row.model_dump(exclude={"programme_id", "away"}))


def touch(session: Session, programme: str) -> None:
    """Count a change of a programme's state."""
    session.exec(
        update(ProgrammeRow).where(col(ProgrammeRow.id) == programme).values(revision=ProgrammeRow.revision + 1)
    )


def revision(session: Session, programme: str) -> int:
    return session.exec(select(ProgrammeRow.revision).where(ProgrammeRow.id == programme)).one()


def state(session: Session, programme: str) -> tuple[object, ...]:
    """Return what tells one state of a programme from every other, also from one of another file or another history.

    Of a programme that is not stored it is empty. The last audit entry's hash rests on all entries before it, and each
    change has an entry or counts as a revision.
    """
    return tuple(session.exec(_STATE, params={"programme": programme}).first() or ())


_STATE = select(
    ProgrammeRow.revision,
    select(AuditRow.hash)
    .where(AuditRow.programme_id == ProgrammeRow.id)
    .order_by(col(AuditRow.number).desc())
    .limit(1)
    .correlate(ProgrammeRow)
    .scalar_subquery(),
).where(col(ProgrammeRow.id) == bindparam("programme"))
"""Put together once: it is asked at every look at a page."""
