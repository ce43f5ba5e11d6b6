"""Old and new output of a parallel run, compared contract by contract and element by element: what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from changeflow.pilots.runs import RunSummary


class MatchOutcome(StrEnum):
    """What became of one contract. Its worst element decides."""

    EQUAL = "equal"
    WITHIN_TOLERANCE = "within_tolerance"
    EXPLAINED = "explained"
    UNEXPLAINED = "unexplained"
    MISSING = "missing"
    EXTRA = "extra"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class PayVariance:
    """One element of one contract that differs: `difference` is new minus old."""

    key: str
    element: str
    old: Decimal
    new: Decimal
    outcome: MatchOutcome
    reason: str = ""

    @property
    def difference(self) -> Decimal:
        return self.new - self.old


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One run's result. It holds keys of contracts, so it is personal data: reports use `summary`."""

    counts: Mapping[MatchOutcome, int]
    """Contracts by outcome."""
    cells: Mapping[str, Mapping[MatchOutcome, int]] = field(default_factory=dict)
    """Differing cells by element and outcome, of contracts on both sides; and, as `missing` and `extra`, how many
    leavers and starters were explained."""
    variances: tuple[PayVariance, ...]
    """The most severe differences contract by contract, those first whose pay is hit hardest; unequal within tolerance
    included."""
    keys: Mapping[MatchOutcome, tuple[str, ...]] = field(default_factory=dict)
    """The first of those that are missing, extra or there twice, in order."""
    elements: tuple[str, ...]
    largest_unexplained: Decimal = Decimal(0)
    net: Mapping[str, Decimal] = field(default_factory=dict)
    """By element, new less old of all contracts on both sides: what a comparison of totals would see."""

    unpaid: int = 0
    """Contracts on both sides that the old output pays and the new one does not."""
    pay: str | None = None

    def count(self, outcome: MatchOutcome) -> int:
        return self.counts.get(outcome, 0)

    @property
    def unexplained(self) -> tuple[PayVariance, ...]:
        return tuple(v for v in self.variances if v.outcome is MatchOutcome.UNEXPLAINED)

    @property
    def names_contracts(self) -> bool:
        return bool(self.variances or self.keys)

    def without_contracts(self) -> "Reconciliation":
        """Return the counts alone."""
        return replace(self, variances=(), keys={})

    def summary(self, *, service: str, period: str, on: date) -> RunSummary:
        found = [self.count(o) for o in (MatchOutcome.EQUAL, MatchOutcome.WITHIN_TOLERANCE, MatchOutcome.EXPLAINED)]
        unexplained = self.count(MatchOutcome.UNEXPLAINED)
        return RunSummary(
            service=service,
            period=period,
            compared=sum(found) + unexplained,
            equal=found[0],
            within_tolerance=found[1],
            explained=found[2],
            unexplained=unexplained,
            missing=self.count(MatchOutcome.MISSING),
            extra=self.count(MatchOutcome.EXTRA),
            duplicates=self.count(MatchOutcome.DUPLICATE),
            largest_unexplained=self.largest_unexplained,
            on=on,
            unpaid=self.unpaid,
            cells={e: {o.value: n for o, n in counts.items()} for e, counts in self.cells.items()},
            pay=self.pay,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVariance:
    """One difference of a kept run. Its contract is personal data: pages and lists mask it."""

    contract: str
    element: str
    """Empty where the contract is missing, extra or there twice."""
    old: Decimal | None
    new: Decimal | None
    outcome: MatchOutcome
    reason: str

    @property
    def difference(self) -> Decimal:
        return (self.new or Decimal(0)) - (self.old or Decimal(0))
