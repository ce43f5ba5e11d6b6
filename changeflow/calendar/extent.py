"""The span of days for which calendars and periods are laid out, and the days for which files give dates.

A calendar has no end. It lays out only the days that have been needed so far, and more on demand. Results do not depend
on how much is laid out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from threading import RLock
from typing import NamedTuple

from changeflow.values.moments import DAY, day_of, minute_of

EARLIEST, LATEST = date(1850, 1, 1), date(2400, 12, 31)
"""The first and last day that is ever laid out: a hundred years around the supported days."""
GROWING = RLock()
"""Held while laying out more. Reentrant, because a calendar may be made up of others."""
Intervals = Sequence[tuple[int, int]]
ONE_DAY = timedelta(days=1)
ASSUMED = "assumed"
"""Marks a day, period or date that depends on dates that no file gives."""


def day_at(position: int) -> date:
    """Return the day of a position, or the nearest day that can be laid out."""
    return day_of(min(max(position, minute_of(EARLIEST)), minute_of(LATEST)))


class DayRange(NamedTuple):
    """First and last day, both inclusive."""

    first: date
    last: date

    @property
    def low(self) -> int:
        """The minute at which the first day begins."""
        return minute_of(self.first)

    @property
    def high(self) -> int:
        """The minute at which the last day ends."""
        return minute_of(self.last) + DAY

    def have(self, *positions: int) -> bool:
        return self.low <= min(positions) and max(positions) <= self.high

    def earlier(self, to: date = LATEST) -> "DayRange":
        """Return a span directly before this one, at least as long and reaching back to `to`, within the limits."""
        size = min(self.last - self.first, self.first - EARLIEST)
        return DayRange(max(EARLIEST, min(to, self.first - size)), self.last)

    def later(self, to: date = EARLIEST) -> "DayRange":
        """Return a span directly after this one, at least as long and reaching up to `to`, within the limits."""
        size = min(self.last - self.first, LATEST - self.last)
        return DayRange(self.first, min(LATEST, max(to, self.last + size)))


Make = Callable[[date, date], tuple[Intervals, Mapping[date, str]]]
"""Lays out the intervals and closures from one day to another, both inclusive."""


@dataclass(frozen=True, slots=True)
class GivenDates:
    """The days for which a file gives dates; any others are assumed."""

    what: str
    """What the file gives, in the plural: `term dates of northshire`."""
    source: str
    """The id of the calendar file."""
    part: str
    """The part of that file: `terms`, `pay_periods`."""
    first: date
    last: date
    gaps: tuple[DayRange, ...] = ()
    """Gaps in between, filled by an assumption."""

    def covers(self, first: date, last: date) -> bool:
        is_within = self.first <= first and last <= self.last
        return is_within and not any(gap.first <= last and first <= gap.last for gap in self.gaps)
