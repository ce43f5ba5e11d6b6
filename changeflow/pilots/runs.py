"""What a reconciled parallel run showed, in numbers that hold no personal data, and what makes runs clean."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One period's old and new output, compared contract by contract."""

    service: str
    period: str
    """The month that was paid: `2027-01`. Runs are ordered by it."""
    compared: int
    """Contracts on both sides."""
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

    @property
    def is_clean(self) -> bool:
        """Nothing unexplained, nobody missing, extra or twice: totals and averages cannot make up for one person."""
        return not (self.unexplained or self.missing or self.extra or self.duplicates) and self.compared > 0


def consecutive_clean(runs: Iterable[RunSummary]) -> int:
    """Count the clean runs at the end of the series, by period; of several runs of one period the last one counts."""
    count = 0
    for run in reversed(latest_by_period(runs)):
        if not run.is_clean:
            break
        count += 1
    return count


def latest_by_period(runs: Iterable[RunSummary]) -> Sequence[RunSummary]:
    """Return one run a period, in order of periods."""
    latest: dict[str, RunSummary] = {}
    for run in runs:
        latest[run.period] = run
    return [latest[period] for period in sorted(latest)]
