"""What entries come to: issues with their age, feedback and what came of it, proposed rules and lessons. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from changeflow.pilots.criteria import ExplainedVariance, ParallelRunPolicy
from changeflow.pilots.entries import (
    Entry,
    Explanation,
    FeedbackGiven,
    ImprovementMade,
    ImprovementPlanned,
    IssueRaised,
    IssueSeverity,
    IssueUpdate,
    LessonAnswered,
    LessonProposed,
)
from changeflow.pilots.runs import next_period

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


ENOUGH = 3
"""Contracts that were explained alike before a rule is proposed: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedRule:
    """One reason that explained the same element of several contracts."""

    id: str
    """The same for the same service, period, element and reason."""
    service: str
    seen_in: str
    period: str
    """The period that it is proposed for."""
    element: str
    reason: str
    between: tuple[Decimal, Decimal] | None
    """From the least to the most difference that was explained so; None of contracts on one side alone."""
    contracts: int


def with_explanations(policy: ParallelRunPolicy, entries: Iterable[Entry], service: str) -> ParallelRunPolicy:
    """Return a policy that knows as well what people have explained while the runs went on."""
    explanations = [
        ExplainedVariance(
            element=e.element, reason=e.reason, explained_by=e.by, period=e.period, key=e.contract, between=e.between
        )
        for e in entries
        if isinstance(e, Explanation) and e.service == service
    ]
    # What is about one contract comes before what is about all: it knows more.
    explanations.sort(key=lambda e: e.key is None)
    return policy.model_copy(update={"explanations": (*explanations, *policy.explanations)})


def with_contracts(
    given: Sequence[ExplainedVariance], stored: Sequence[ExplainedVariance]
) -> tuple[ExplainedVariance, ...]:
    """Return explanations from which those of single contracts were left out, with them again, in their order."""
    found, rest = list[ExplainedVariance](), list(given)
    for one in stored:
        if one in rest:
            place = rest.index(one) + 1
            found, rest = [*found, *rest[:place]], rest[place:]
        elif one.key is not None and one not in found:
            found.append(one)
    return (*found, *rest)


def proposed_rules(entries: Iterable[Entry], service: str) -> Iterator[ProposedRule]:
    """Yield rules that are proposed and that nobody has accepted, by period and element."""
    known = [e for e in entries if isinstance(e, Explanation) and e.service == service]
    accepted = {(e.period, e.element, _alike(e.reason)) for e in known if e.contract is None}
    alike: dict[tuple[str, str, str], list[Explanation]] = {}
    for e in known:
        if e.contract is not None:
            alike.setdefault((e.period, e.element, _alike(e.reason)), []).append(e)
    for (seen, element, reason), found in sorted(alike.items()):
        contracts = len({e.contract for e in found})
        if contracts < ENOUGH or (next_period(seen), element, reason) in accepted:
            continue
        spans = [e.between for e in found if e.between is not None]
        yield ProposedRule(
            id=hashlib.sha256("\n".join((service, seen, element, reason)).encode()).hexdigest()[:6],
            service=service,
            seen_in=seen,
            period=next_period(seen),
            element=element,
            reason=found[0].reason,
            between=(min(a for a, _ in spans), max(b for _, b in spans)) if spans else None,
            contracts=contracts,
        )


def _alike(reason: str) -> str:
    return " ".join(reason.casefold().split()).rstrip(".")


def lessons_of(entries: Iterable[Entry], service: str) -> dict[int, tuple[LessonProposed, LessonAnswered | None]]:
    """Return the lessons that were proposed for a service, by number, each with its answer where it has one."""
    known = [e for e in entries if isinstance(e, LessonProposed | LessonAnswered) and e.service == service]
    answers = {e.lesson: e for e in known if isinstance(e, LessonAnswered)}
    return {e.number: (e, answers.get(e.number)) for e in known if isinstance(e, LessonProposed)}
