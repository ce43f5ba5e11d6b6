"""Old and new output of a parallel run, compared contract by contract and element by element, in exact decimals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from changeflow.pilots.criteria import ExplainedVariance, ParallelRunPolicy
from changeflow.pilots.runs import RunSummary

Ledger = Mapping[str, Sequence[Mapping[str, Decimal]]]
"""Lines by key (a contract); more than one line a key is a duplicate. A line gives each element's amount."""


class Outcome(StrEnum):
    """What became of one contract. Its worst element decides."""

    EQUAL = "equal"
    WITHIN_TOLERANCE = "within_tolerance"
    EXPLAINED = "explained"
    UNEXPLAINED = "unexplained"
    MISSING = "missing"
    EXTRA = "extra"
    DUPLICATE = "duplicate"


_WORSE = list(Outcome)


@dataclass(frozen=True, slots=True)
class Variance:
    """One element of one contract that differs: `difference` is new minus old."""

    key: str
    element: str
    old: Decimal
    new: Decimal
    outcome: Outcome
    reason: str = ""

    @property
    def difference(self) -> Decimal:
        return self.new - self.old


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One run's result. It holds keys of contracts, so it is personal data: reports use `summary`."""

    outcomes: Mapping[str, Outcome]
    variances: tuple[Variance, ...]
    """Every difference, the largest effect first; unequal within tolerance included."""
    elements: tuple[str, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(1 for o in self.outcomes.values() if o is outcome)

    @property
    def unexplained(self) -> tuple[Variance, ...]:
        return tuple(v for v in self.variances if v.outcome is Outcome.UNEXPLAINED)

    def summary(self, *, service: str, period: str, on: date) -> RunSummary:
        found = [self.count(o) for o in (Outcome.EQUAL, Outcome.WITHIN_TOLERANCE, Outcome.EXPLAINED)]
        unexplained = self.count(Outcome.UNEXPLAINED)
        return RunSummary(
            service=service,
            period=period,
            compared=sum(found) + unexplained,
            equal=found[0],
            within_tolerance=found[1],
            explained=found[2],
            unexplained=unexplained,
            missing=self.count(Outcome.MISSING),
            extra=self.count(Outcome.EXTRA),
            duplicates=self.count(Outcome.DUPLICATE),
            largest_unexplained=max((abs(v.difference) for v in self.unexplained), default=Decimal(0)),
            on=on,
        )


def reconcile(old: Ledger, new: Ledger, policy: ParallelRunPolicy, *, period: str) -> Reconciliation:
    """Compare two ledgers. Every contract is judged alone: differences that cancel each other out still count.

    Elements are those of both sides; one that only a side has is compared with nothing, that is zero.
    """
    elements = sorted({e for ledger in (old, new) for lines in ledger.values() for line in lines for e in line})
    tolerance = {t.element: t.absolute for t in policy.tolerances}
    outcomes: dict[str, Outcome] = {}
    variances: list[Variance] = []
    for key in sorted({*old, *new}):
        before, after = old.get(key, ()), new.get(key, ())
        if len(before) > 1 or len(after) > 1:
            outcomes[key] = Outcome.DUPLICATE
        elif not after:
            outcomes[key] = Outcome.MISSING
        elif not before:
            outcomes[key] = Outcome.EXTRA
        else:
            found = list(_differences(key, before[0], after[0], elements, tolerance, policy.explanations, period))
            variances += found
            outcomes[key] = max((v.outcome for v in found), key=_WORSE.index, default=Outcome.EQUAL)
    variances.sort(key=lambda v: (-_WORSE.index(v.outcome), -abs(v.difference), v.key, v.element))
    return Reconciliation(outcomes=outcomes, variances=tuple(variances), elements=tuple(elements))


def _differences(
    key: str,
    old: Mapping[str, Decimal],
    new: Mapping[str, Decimal],
    elements: Iterable[str],
    tolerance: Mapping[str, Decimal],
    explanations: Iterable[ExplainedVariance],
    period: str,
) -> Iterable[Variance]:
    for element in elements:
        before, after = old.get(element, Decimal(0)), new.get(element, Decimal(0))
        if before == after:
            continue
        difference = after - before
        if abs(difference) <= tolerance.get(element, Decimal(0)):
            yield Variance(key, element, before, after, Outcome.WITHIN_TOLERANCE)
            continue
        reason = next((e.reason for e in explanations if _explains(e, key, element, difference, period)), None)
        outcome = Outcome.UNEXPLAINED if reason is None else Outcome.EXPLAINED
        yield Variance(key, element, before, after, outcome, reason or "")


def _explains(e: ExplainedVariance, key: str, element: str, difference: Decimal, period: str) -> bool:
    return (
        e.element == element
        and (e.key is None or e.key == key)
        and (e.period is None or e.period == period)
        and (e.between is None or e.between[0] <= difference <= e.between[1])
    )
