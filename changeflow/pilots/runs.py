"""What a reconciled parallel run showed, in numbers that hold no personal data, and what makes runs clean."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from changeflow.pilots.entries import PERIOD


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One period's old and new output, compared contract by contract."""

    service: str
    period: str
    """The month that was paid: `2027-01`. Runs are ordered by it."""
    compared: int
    """Contracts on both sides, and leavers and starters that were explained."""
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
    """Contracts that the old system pays and the new one does not, whatever explains it."""
    cells: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Differing cells by element and class; of `missing` and `extra`, those that were explained."""
    pay: str | None = None
    """The element that people are paid, where one is."""

    @property
    def is_clean(self) -> bool:
        """Nothing unexplained, nobody missing, extra or twice: totals and averages cannot make up for one person."""
        return not (self.unexplained or self.missing or self.extra or self.duplicates) and self.compared > 0

    @property
    def pay_share(self) -> Decimal:
        """Of the contracts on both sides, the share whose pay is equal or within tolerance; 0 where there are none.

        Without an element of pay it is the share of contracts of which everything is.
        """
        both = self.compared - sum(self.cells.get(e, {}).get("explained", 0) for e in ("missing", "extra"))
        if both <= 0:
            return Decimal(0)
        if self.pay is None:
            return Decimal(self.equal + self.within_tolerance) / both
        differing = self.cells.get(self.pay, {})
        return Decimal(both - differing.get("explained", 0) - differing.get("unexplained", 0)) / both


def consecutive_clean(runs: Iterable[RunSummary]) -> int:
    """Count the clean runs at the end of the series, by period; of several runs of one period the last one counts.

    A month in between that was not run breaks the series: who was paid in it, nobody has compared.
    """
    count, after = 0, ""
    for run in reversed(latest_by_period(runs)):
        if not run.is_clean or (after and not _follows(run.period, after)):
            break
        count, after = count + 1, run.period
    return count


def _follows(first: str, then: str) -> bool:
    """Tell whether one period comes straight after another; of periods that are no months nothing is known."""
    if not (re.match(PERIOD, first) and re.match(PERIOD, then)):
        return True
    return next_period(first) == then


def next_period(period: str) -> str:
    """Return the month that follows.

    >>> next_period("2027-12"), next_period("2027-04")
    ('2028-01', '2027-05')
    """
    year, month = (int(part) for part in period.split("-"))
    return f"{year + month // 12}-{month % 12 + 1:02}"


def latest_by_period(runs: Iterable[RunSummary]) -> Sequence[RunSummary]:
    """Return one run a period, in order of periods."""
    latest: dict[str, RunSummary] = {}
    for run in runs:
        latest[run.period] = run
    return [latest[period] for period in sorted(latest)]
