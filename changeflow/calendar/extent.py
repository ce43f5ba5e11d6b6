"""How far calendars and tables of periods are laid out, and which of their days somebody has given.

A calendar has no end. What is laid out of it is the part that somebody has asked about so far, and it grows with the
questions. Its answers are the same whatever has been laid out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from threading import RLock
from typing import NamedTuple

from changeflow.values.moments import DAY, day_of, minute_of

EARLIEST, LATEST = date(1850, 1, 1), date(2400, 12, 31)
"""The first and last day that is ever laid out: a hundred years around the days that changeflow computes with."""
GROWING = RLock()
"""Whoever lays out more holds it: one calendar may be made of others."""
Intervals = Sequence[tuple[int, int]]
ONE_DAY = timedelta(days=1)
ASSUMED = "assumed"
"""What marks a day, a period or a date that rests on dates which nobody has given."""


def day_at(position: int) -> date:
    """Return the day of a position, or the nearest one that is ever laid out."""
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
        """Return as many days again in front of these, and more where `to` needs them; within the limits."""
        size = min(self.last - self.first, self.first - EARLIEST)
        return DayRange(max(EARLIEST, min(to, self.first - size)), self.last)

    def later(self, to: date = EARLIEST) -> "DayRange":
        """Return as many days again behind these, and more where `to` needs them; within the limits."""
        size = min(self.last - self.first, LATEST - self.last)
        return DayRange(self.first, min(LATEST, max(to, self.last + size)))


Make = Callable[[date, date], tuple[Intervals, Mapping[date, str]]]
"""Lays out the intervals and the closures of some days, both inclusive."""


@dataclass(frozen=True, slots=True)
class GivenDates:
    """The days for which a file gives dates; what is used outside them is assumed."""

    what: str
    """What it gives, in the plural: `term dates of northshire`."""
    source: str
    """The id of the calendar file."""
    part: str
    """The part of that file: `terms`, `pay_periods`."""
    first: date
    last: date
    gaps: tuple[DayRange, ...] = ()
    """Days between these for which it gives nothing, and which are filled by an assumption."""

    def covers(self, first: date, last: date) -> bool:
        is_within = self.first <= first and last <= self.last
        return is_within and not any(gap.first <= last and first <= gap.last for gap in self.gaps)
