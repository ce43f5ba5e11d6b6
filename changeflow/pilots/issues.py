"""What stands in a pilot: issues with their age, feedback and what came of it. Pure, made of entries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from changeflow.pilots.entries import (
    Entry,
    FeedbackGiven,
    ImprovementMade,
    ImprovementPlanned,
    IssueRaised,
    IssueSeverity,
    IssueUpdate,
)

AS_RAISED = ("service", "number", "text", "severity", "school", "owner", "blocks_next_wave")
"""What an issue has from its raising, until an update says otherwise."""
AS_PLANNED = ("service", "number", "text", "owner", "due", "issues")
"""What an item of the backlog has from its planning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as it stands after all updates."""

    service: str
    number: int
    text: str
    severity: IssueSeverity
    school: str | None
    owner: str | None
    blocks_next_wave: bool
    raised: date
    state: Literal["open", "fixed"] = "open"
    changed: date
    """The day of its latest update, or of its raising."""
    words: str = ""
    """Of the latest update: the fix, where it is fixed."""

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    def age(self, today: date) -> int:
        """Return for how many days it has been open, or was until it was fixed."""
        return ((today if self.is_open else self.changed) - self.raised).days


def issues(entries: Iterable[Entry], service: str | None = None) -> tuple[Issue, ...]:
    """Return every issue, of one service or of all: the most severe open ones first, of equals the oldest."""
    found: dict[tuple[str, int], Issue] = {}
    for e in entries:
        if isinstance(e, IssueRaised):
            raised = {name: getattr(e, name) for name in AS_RAISED}
            found[e.service, e.number] = Issue(**raised, raised=e.on, changed=e.on)
        elif isinstance(e, IssueUpdate) and (known := found.get((e.service, e.issue))):
            found[e.service, e.issue] = replace(
                known,
                state=e.state or known.state,
                words=e.words,
                owner=e.owner or known.owner,
                severity=e.severity or known.severity,
                blocks_next_wave=known.blocks_next_wave if e.blocks_next_wave is None else e.blocks_next_wave,
                changed=e.on,
            )
    wanted = [i for i in found.values() if service in (None, i.service)]
    return tuple(sorted(wanted, key=lambda i: (not i.is_open, i.severity, i.raised, i.service, i.number)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Improvement:
    """One item of the backlog: what was said, and what was done about it, where something was."""

    service: str
    number: int
    text: str
    owner: str
    due: date | None
    said: tuple[str, ...]
    """The feedback that asked for it, in its own words."""
    issues: tuple[int, ...]
    did: str = ""
    done: date | None = None


def improvements(entries: Iterable[Entry], service: str | None = None) -> tuple[Improvement, ...]:
    """Return the backlog: what is open first, by its day; then what was done, the latest first."""
    said: dict[tuple[str, int], str] = {}
    found: dict[tuple[str, int], Improvement] = {}
    for e in entries:
        if isinstance(e, FeedbackGiven):
            said[e.service, e.number] = e.text
        elif isinstance(e, ImprovementPlanned):
            planned = {name: getattr(e, name) for name in AS_PLANNED}
            asked = tuple(said[e.service, n] for n in e.feedback if (e.service, n) in said)
            found[e.service, e.number] = Improvement(**planned, said=asked)
        elif isinstance(e, ImprovementMade) and (known := found.get((e.service, e.improvement))):
            found[e.service, e.improvement] = replace(known, did=e.did, done=e.on)
    wanted = [i for i in found.values() if service in (None, i.service)]
    still_open = sorted((i for i in wanted if i.done is None), key=lambda i: (i.due or date.max, i.service, i.number))
    made = sorted((i for i in wanted if i.done), key=lambda i: (i.done or date.min, i.number), reverse=True)
    return (*still_open, *made)


def unanswered(entries: Iterable[Entry], service: str | None = None) -> Iterator[FeedbackGiven]:
    """Yield feedback that no item of the backlog takes up."""
    known = tuple(entries)
    taken = {(e.service, n) for e in known if isinstance(e, ImprovementPlanned) for n in e.feedback}
    for e in known:
        if isinstance(e, FeedbackGiven) and (e.service, e.number) not in taken and service in (None, e.service):
            yield e
