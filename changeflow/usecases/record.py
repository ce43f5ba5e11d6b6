"""The record of a programme for a signed-in person: entries of the audit, and versions of the plan."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from changeflow.errors import InputError, UnknownThingError
from changeflow.intake.editing.kinds import edits_from_json
from changeflow.reports.changes import Changes
from changeflow.reports.record import Recorded, RecordLine, VersionLine, VersionPage, record_line, version_line
from changeflow.reports.record_words import RecordKind, actions_of
from changeflow.storage import audit, versions
from changeflow.storage.chain import Entry
from changeflow.storage.versions import Version
from changeflow.usecases.audit_trail import apart_text
from changeflow.usecases.changes import changes_by_version
from changeflow.usecases.edit_names import namer
from changeflow.usecases.visits import Visit
from changeflow.values.limits import parse_day
from changeflow.values.moments import LONDON
from changeflow.values.words import Action

PAGE = 50
"""Entries on a page: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """What a person asked for. The days are inclusive, as `2027-05-20`; strings are empty if not given."""

    person: str = ""
    kind: str = ""
    first_day: str = ""
    last_day: str = ""
    with_reading: bool = False
    """Whether to show sign-ins and page views as well."""
    before: int | None = None
    """Show entries before this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """One page of the record, the latest entry first."""

    lines: tuple[RecordLine, ...]
    older: int | None
    """The number before which the next page begins; None if this is the last."""
    people: tuple[tuple[str, str], ...] = field(default=())
    """Everyone in the programme, by id and in words, for the filter."""


def record(visit: Visit, wanted: RecordFilter) -> RecordPage:
    """Return a page of the record. Raises `InputError` for a filter that is not valid."""
    visit.permit(Action.READ_RECORD)
    people = visit.view("record-people", lambda: _people(visit))
    if wanted.person and wanted.person not in dict(people):
        raise InputError("No one in this programme has that name. Choose a person from the list.")
    actions, others = _actions(wanted)
    found = audit.page(
        visit.session,
        visit.name,
        actor=wanted.person or None,
        actions=actions,
        without=others,
        since=_start(_day(wanted.first_day)),
        until=_end(_day(wanted.last_day)),
        before=wanted.before,
        most=PAGE + 1,
    )
    lines = tuple(record_line(visit.programme, _recorded(entry)) for entry in found[:PAGE])
    return RecordPage(lines=lines, older=lines[-1].number if len(found) > PAGE else None, people=people)


def version_list(visit: Visit) -> tuple[VersionLine, ...]:
    """Return the versions of the plan, latest first."""
    visit.permit(Action.READ_RECORD)
    found = versions.heads(visit.session, visit.name)
    return tuple(version_line(visit.programme, n, at=at, by=by) for n, at, by in reversed(found))


def version_page(visit: Visit, number: int) -> VersionPage:
    """Return a version and what it changed in the plan: both versions with the facts and on the day of the later."""
    visit.permit(Action.READ_RECORD)
    after = versions.numbered(visit.session, visit.name, number)
    if after is None:
        raise UnknownThingError("version", str(number))

    def make() -> VersionPage:
        return VersionPage(
            line=version_line(visit.programme, number, at=after.created_at, by=after.created_by),
            changes=_changes(visit, after),
            is_latest=number == visit.stored.version.number,
            edits=tuple(edit.words(namer(visit.programme)) for edit in edits_from_json(after.edits or "[]")),
            reason=after.reason or "",
        )

    return visit.view("version", make, number)


def _changes(visit: Visit, after: Version) -> Changes | None:
    before = versions.numbered(visit.session, visit.name, after.number - 1)
    return changes_by_version(visit.session, visit.name, before, after) if before is not None else None


def _people(visit: Visit) -> tuple[tuple[str, str], ...]:
    known = ((p.id, visit.programme.person(p.id)) for p in visit.definition.people)
    return tuple(sorted(known, key=lambda p: (p[1], p[0])))


def _actions(wanted: RecordFilter) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the actions to show, or None for all, and those to leave out."""
    if wanted.kind and wanted.kind not in set(RecordKind):
        raise InputError("The record has no entries of that kind. Choose a kind from the list.")
    reading = actions_of(RecordKind.READING)
    if wanted.kind:
        return actions_of(RecordKind(wanted.kind)), ()
    return None, () if wanted.with_reading else reading


def _day(text: str) -> date | None:
    try:
        return parse_day(text) if text else None
    except ValueError:
        raise InputError("A day in the filter is not valid. Write it as 2027-05-20.") from None


def _start(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), LONDON) if day is not None else None


def _end(day: date | None) -> datetime | None:
    """Return the first moment after a day."""
    if day is None or day == date.max:
        return None
    return datetime.combine(day + timedelta(days=1), time(), LONDON)


def _recorded(entry: Entry) -> Recorded:
    return Recorded(
        number=entry.number,
        at=entry.at,
        actor=entry.actor,
        via=entry.via or "",
        action=entry.action,
        subject=entry.subject,
        apart=apart_text(entry),
    )
