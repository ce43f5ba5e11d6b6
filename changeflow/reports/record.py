"""The record as people read it: who changed what and when, and each version of the plan."""

from dataclasses import dataclass
from datetime import datetime

from changeflow.programme.mandates import SYSTEM, UNNAMED
from changeflow.programme.programme import Programme
from changeflow.reports.changes import Changes
from changeflow.reports.record_words import entry_words
from changeflow.values.moments import LONDON, format_day, format_hour

_WAYS = {"command": "on the command line", "link": "by a link in a message", "session": "in the browser"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One entry of the audit, as storage has it."""

    number: int
    at: datetime
    actor: str
    via: str
    action: str
    subject: str
    apart: str
    """How far the day that it applies to is from the day on which it was made; empty if they are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One entry in words."""

    number: int
    when: str
    apart: str
    who: str
    how: str
    """How the person acted, such as `on the command line`; empty if that is not known."""
    what: str
    path: str
    """The page of what it is about, below the programme's; empty if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One version of the plan."""

    number: int
    when: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage:
    """A version, and what it changed; None for the first."""

    line: VersionLine
    changes: Changes | None
    is_latest: bool
    edits: tuple[str, ...] = ()
    """What each edit that made it does, in a sentence; none if a folder was stored."""
    reason: str = ""
    """Why it was made, if someone has said so."""


def record_line(programme: Programme, entry: Recorded) -> RecordLine:
    """Write one entry in words."""
    what, about = entry_words(entry.action, entry.subject, programme)
    return RecordLine(
        number=entry.number,
        when=moment_in_words(entry.at),
        apart=entry.apart,
        who=actor_in_words(programme, entry.actor),
        how=_WAYS.get(entry.via, "") if entry.actor != SYSTEM else "",
        what=what,
        path=about.path,
    )


def version_line(programme: Programme, number: int, *, at: datetime, by: str) -> VersionLine:
    return VersionLine(number=number, when=moment_in_words(at), who=actor_in_words(programme, by))


def actor_in_words(programme: Programme, actor: str) -> str:
    """Name who acted: a person, changeflow itself, or someone who gave no name."""
    if actor == SYSTEM:
        return "changeflow"
    if actor == UNNAMED:
        return "No name given"
    is_known = any(p.id == actor for p in programme.definition.people)
    return programme.person(actor) if is_known else "Someone no longer in the programme"


def moment_in_words(at: datetime) -> str:
    """Write a moment in local time, such as `20 May 2027, 10:15am`."""
    local = at.astimezone(LONDON)
    return f"{format_day(local.date())}, {format_hour(local.time())}"
