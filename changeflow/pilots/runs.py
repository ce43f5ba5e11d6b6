"""Parallel runs: the result for each contract, a summary without personal data, and the count of clean runs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from changeflow.errors import NOT_SAVED, InputError
from changeflow.pilots.entries import PERIOD
from changeflow.values.months import next_period


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that was not compared."""

    column: str
    side: str
    """`old`, `new` or `both`."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which columns of two outputs were compared. It contains headings and line numbers but no cells."""

    compared: tuple[str, ...]
    only_old: tuple[str, ...] = ()
    """Columns that only the old output has; for the new one, 0.00 is assumed."""
    only_new: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    lines: tuple[str, ...] = ()
    """Sentences on lines that were left out as totals or footers."""
    doubts: tuple[str, ...] = ()
    """Sentences on why something that was left out may be needed; a run with any of these is not clean."""

    def has(self, element: str) -> bool:
        return element in self.compared


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One period's old and new output, compared contract by contract."""

    service: str
    period: str
    """The month that was paid: `2027-01`. Runs are ordered by it."""
    compared: int
    """Contracts on both sides, plus explained leavers and starters."""
    equal: int
    within_tolerance: int
    explained: int
    unexplained: int
    missing: int
    """Contracts in the old output that the new one lacks."""
    extra: int
    duplicates: int
    largest_unexplained: Decimal
    on: date
    """The day on which it was reconciled."""
    unpaid: int = 0
    """Contracts that the old system pays and the new one does not, explained or not."""
    cells: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Differing cells by element and class; under `missing` and `extra`, the explained ones."""
    pay: str | None = None
    """The element that is people's pay, if there is one."""
    coverage: Coverage | None = None
    """Which columns were compared; None for a run from before this was recorded."""

    @property
    def compares_pay(self) -> bool:
        """Return whether pay was compared, or the run is not about pay."""
        return self.pay is None or self.coverage is None or self.coverage.has(self.pay)

    @property
    def is_clean(self) -> bool:
        """Whether pay was compared, and nothing is unexplained, missing, extra, duplicate or left out for doubtful
        reasons.

        Matching totals and averages do not offset a difference for one person.
        """
        faults = self.unexplained or self.missing or self.extra or self.duplicates
        is_doubtful = self.coverage is not None and bool(self.coverage.doubts)
        return not faults and not is_doubtful and self.compared > 0 and self.compares_pay

    @property
    def pay_share(self) -> Decimal:
        """The share of contracts on both sides whose pay is equal or within tolerance.

        It is 0 where there are none, or where pay was not compared. Without a pay element it is the share of contracts
        with everything equal or within tolerance.
        """
        both = self.compared - sum(self.cells.get(e, {}).get("explained", 0) for e in ("missing", "extra"))
        if both <= 0 or not self.compares_pay:
            return Decimal(0)
        if self.pay is None:
            return Decimal(self.equal + self.within_tolerance) / both
        differing = self.cells.get(self.pay, {})
        return Decimal(both - differing.get("explained", 0) - differing.get("unexplained", 0)) / both


def consecutive_clean(runs: Iterable[RunSummary], *, on: date | None = None) -> int:
    """Count the clean runs at the end of the series, by period; the last run of a period counts.

    A month without a run breaks the series, because no one has compared its pay. So does a month that has ended, by the
    day `on`, since the last run.
    """
    if on is not None and missed_since(runs, on):
        return 0
    count, after = 0, ""
    for run in reversed(latest_by_period(runs)):
        if not run.is_clean or (after and not _follows(run.period, after)):
            break
        count, after = count + 1, run.period
    return count


def missed_since(runs: Iterable[RunSummary], on: date) -> tuple[str, ...]:
    """Return the months that have ended by the day `on` since the last run, and have no run."""
    last = max((r.period for r in runs), default="")
    if not re.match(PERIOD, last):
        return ()
    missed, period, now = [], next_period(last), f"{on:%Y-%m}"
    while period < now:
        missed.append(period)
        period = next_period(period)
    return tuple(missed)


def _follows(first: str, then: str) -> bool:
    """Return whether a period comes directly after another; periods that are not months always pass."""
    if not (re.match(PERIOD, first) and re.match(PERIOD, then)):
        return True
    return next_period(first) == then


def latest_by_period(runs: Iterable[RunSummary]) -> Sequence[RunSummary]:
    """Return the last run of each period, in order."""
    latest: dict[str, RunSummary] = {}
    for run in runs:
        latest[run.period] = run
    return [latest[period] for period in sorted(latest)]


def check_period(period: str, on: date) -> None:
    """Refuse a period that is not a month, or a month after the day `on`, which has no pay to compare yet."""
    if not re.fullmatch(PERIOD, period):
        raise InputError(f"'{period}' is not a pay period. Write the month paid, such as 2027-06.")
    if period > f"{on:%Y-%m}":
        raise InputError(f"{period} is in the future, so there is nothing to compare yet. {NOT_SAVED}")


class MatchOutcome(StrEnum):
    """The result for one contract, which is that of its worst element."""

    EQUAL = "equal"
    WITHIN_TOLERANCE = "within_tolerance"
    EXPLAINED = "explained"
    UNEXPLAINED = "unexplained"
    MISSING = "missing"
    EXTRA = "extra"
    DUPLICATE = "duplicate"


KEPT_OUTCOMES = (MatchOutcome.UNEXPLAINED, MatchOutcome.EXPLAINED)
"""Classes of differences that a stored run keeps individually, because people must look into them."""


@dataclass(frozen=True, slots=True)
class PayVariance:
    """One element of one contract that differs; `difference` is new minus old."""

    key: str
    element: str
    old: Decimal
    new: Decimal
    outcome: MatchOutcome
    reason: str = ""

    @property
    def difference(self) -> Decimal:
        return self.new - self.old


@dataclass(frozen=True, slots=True)
class IdHint:
    """Something odd about the ids of contracts that are only on one side."""

    what: str
    examples: tuple[tuple[str, str], ...]
    """Ids with their places. Personal data: reports mask them."""
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One run's result. It contains contract keys, which are personal data: reports use `summary`."""

    counts: Mapping[MatchOutcome, int]
    """Contracts by outcome."""
    cells: Mapping[str, Mapping[MatchOutcome, int]] = field(default_factory=dict)
    """Differing cells of contracts on both sides, by element and outcome; under `missing` and `extra`, the number of
    explained leavers and starters."""
    variances: tuple[PayVariance, ...]
    """The most severe differences by contract, those with the worst effect on pay first, including ones within
    tolerance."""
    keys: Mapping[MatchOutcome, tuple[str, ...]] = field(default_factory=dict)
    """The first missing, extra and duplicate contracts, in order."""
    elements: tuple[str, ...]
    largest_unexplained: Decimal = Decimal(0)
    net: Mapping[str, Decimal] = field(default_factory=dict)
    """The difference of totals by element, new minus old, over all contracts on both sides."""
    unpaid: int = 0
    """Contracts on both sides that the old output pays and the new one does not."""
    pay: str | None = None
    coverage: Coverage | None = None
    read_as: tuple[str, ...] = ()
    """How the files were read, where that is not obvious."""
    id_hints: tuple[IdHint, ...] = ()

    def count(self, outcome: MatchOutcome) -> int:
        return self.counts.get(outcome, 0)

    @property
    def unexplained(self) -> tuple[PayVariance, ...]:
        return tuple(v for v in self.variances if v.outcome is MatchOutcome.UNEXPLAINED)

    @property
    def has_contracts_alone(self) -> bool:
        """Return whether a contract is missing, extra or duplicate."""
        return any(self.count(o) for o in (MatchOutcome.MISSING, MatchOutcome.EXTRA, MatchOutcome.DUPLICATE))

    @property
    def names_contracts(self) -> bool:
        return bool(self.variances or self.keys)

    def as_kept(self) -> "tuple[KeptVariance, ...]":
        """Return the differences that a stored run keeps, in the order in which it keeps them."""
        kept = [
            KeptVariance(contract=v.key, element=v.element, old=v.old, new=v.new, outcome=v.outcome, reason=v.reason)
            for v in self.variances
            if v.outcome in KEPT_OUTCOMES
        ]
        for outcome, keys in self.keys.items():
            kept += [
                KeptVariance(contract=key, element="", old=None, new=None, outcome=outcome, reason="") for key in keys
            ]
        return tuple(kept)

    def without_contracts(self) -> "Reconciliation":
        """Return a copy with counts only."""
        return replace(self, variances=(), keys={}, id_hints=tuple(replace(h, examples=()) for h in self.id_hints))

    def summary(self, *, service: str, period: str, on: date) -> RunSummary:
        counts: dict[str, Any] = {outcome.value: self.count(outcome) for outcome in MatchOutcome}
        duplicates = counts.pop("duplicate")
        return RunSummary(
            service=service,
            period=period,
            compared=sum(counts.values()) - counts["missing"] - counts["extra"],
            duplicates=duplicates,
            **counts,
            largest_unexplained=self.largest_unexplained,
            on=on,
            unpaid=self.unpaid,
            cells={e: {o.value: n for o, n in found.items()} for e, found in self.cells.items()},
            pay=self.pay,
            coverage=self.coverage,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVariance:
    """One difference of a stored run. Its contract is personal data: pages and lists mask it."""

    contract: str
    element: str
    """Empty if the contract is missing, extra or duplicate."""
    old: Decimal | None
    new: Decimal | None
    outcome: MatchOutcome
    reason: str

    @property
    def difference(self) -> Decimal:
        return (self.new or Decimal(0)) - (self.old or Decimal(0))
