"""The current state that entries add up to: issues, improvements, proposed rules and lessons. Pure functions."""

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
from changeflow.values.months import next_period

AS_RAISED = ("service", "number", "text", "severity", "school", "owner", "blocks_next_wave")
"""Fields that an issue has from when it is raised, until an update changes them."""
AS_PLANNED = ("service", "number", "text", "owner", "due", "issues")
"""Fields that an improvement has from when it is planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue after all its updates."""

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
    """The day of its latest update, or on which it was raised."""
    words: str = ""
    """The text of the latest update, which describes the fix of a fixed issue."""

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    def age(self, today: date) -> int:
        """Return the days since it was raised, or from then until it was fixed."""
        return ((today if self.is_open else self.changed) - self.raised).days


def issues(entries: Iterable[Entry], service: str | None = None) -> tuple[Issue, ...]:
    """Return the issues of one service or all: open ones first, then by severity, then the oldest."""
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
    """One item of the backlog, with the feedback that led to it and what was done."""

    service: str
    number: int
    text: str
    owner: str
    due: date | None
    said: tuple[str, ...]
    """The text of the feedback that led to it."""
    issues: tuple[int, ...]
    did: str = ""
    done: date | None = None


def improvements(entries: Iterable[Entry], service: str | None = None) -> tuple[Improvement, ...]:
    """Return the backlog: open items by due date, then finished ones, latest first."""
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
    """Yield feedback that no item of the backlog covers."""
    known = tuple(entries)
    taken = {(e.service, n) for e in known if isinstance(e, ImprovementPlanned) for n in e.feedback}
    for e in known:
        if isinstance(e, FeedbackGiven) and (e.service, e.number) not in taken and service in (None, e.service):
            yield e


ENOUGH = 3
"""How many contracts need the same explanation before a rule is proposed: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedRule:
    """One reason that explained the same element of several contracts."""

    id: str
    """A hash of service, period, element and reason."""
    service: str
    seen_in: str
    period: str
    """The period for which it is proposed."""
    element: str
    reason: str
    between: tuple[Decimal, Decimal] | None
    """The least and the greatest difference with this explanation; None for contracts that are only on one side."""
    contracts: int


def with_explanations(policy: ParallelRunPolicy, entries: Iterable[Entry], service: str) -> ParallelRunPolicy:
    """Return a policy with the explanations that people have recorded during the runs added."""
    explanations = [
        ExplainedVariance(
            element=e.element, reason=e.reason, explained_by=e.by, period=period, key=e.contract, between=e.between
        )
        for e in entries
        if isinstance(e, Explanation) and e.service == service
        for period in e.periods
    ]
    # An explanation of one contract comes before a rule, because it is more specific.
    explanations.sort(key=lambda e: e.key is None)
    return policy.model_copy(update={"explanations": (*explanations, *policy.explanations)})


def with_contracts(
    given: Sequence[ExplainedVariance], stored: Sequence[ExplainedVariance]
) -> tuple[ExplainedVariance, ...]:
    """Return explanations from which individual contracts were left out, with those restored in their stored order."""
    found, rest = list[ExplainedVariance](), list(given)
    for one in stored:
        if one in rest:
            place = rest.index(one) + 1
            found, rest = [*found, *rest[:place]], rest[place:]
        elif one.key is not None and one not in found:
            found.append(one)
    return (*found, *rest)


def proposed_rules(entries: Iterable[Entry], service: str) -> Iterator[ProposedRule]:
    """Yield proposed rules that no one has accepted, by period and element."""
    known = [e for e in entries if isinstance(e, Explanation) and e.service == service]
    accepted = {(p, e.element, _alike(e.reason)) for e in known if e.contract is None for p in e.periods}
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
    """Return the lessons proposed for a service, by number, each with its answer or None."""
    known = [e for e in entries if isinstance(e, LessonProposed | LessonAnswered) and e.service == service]
    answers = {e.lesson: e for e in known if isinstance(e, LessonAnswered)}
    return {e.number: (e, answers.get(e.number)) for e in known if isinstance(e, LessonProposed)}
