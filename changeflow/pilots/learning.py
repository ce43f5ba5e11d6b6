"""What explanations teach: rules that are proposed for the next period, and apply only when somebody accepts them."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from changeflow.pilots.criteria import ExplainedVariance, ParallelRunPolicy
from changeflow.pilots.entries import Entry, Explanation, LessonAnswered, LessonProposed
from changeflow.pilots.runs import next_period

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
