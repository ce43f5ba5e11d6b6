"""Periods that open and close on dates: pay periods, terms, months. A start may have to wait for one."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from changeflow.calendar.working import WorkingCalendar
from changeflow.errors import CalendarExhaustedError
from changeflow.values.moments import day_of, format_day, minute_of


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days, both ends inclusive, by its name: `January 2027`, `Spring term 2027`."""

    name: str
    first: date
    last: date


class Periods:
    """Periods in order, not overlapping. Positions are civil minutes; a period is `[open, close)`."""

    def __init__(self, name: str, periods: Sequence[Period]) -> None:
        self.name = name
        self.periods = tuple(sorted(periods, key=lambda p: p.first))
        self.starts = tuple(minute_of(p.first) for p in self.periods)
        self.closings = tuple(minute_of(p.last + timedelta(days=1)) for p in self.periods)

    def next_start(self, position: int) -> int:
        """Return the first start window at or after `position`."""
        return self.starts[self._index(position)]

    def add(self, start: int, count: int) -> int:
        """Return where the `count`-th whole period from `start` closes; a period already begun does not count."""
        if count == 0:
            return start
        i = self._index(start) + count - 1
        if i >= len(self.closings):
            raise self.exhausted()
        return self.closings[i]

    def subtract(self, finish: int, count: int) -> int:
        """Return the latest start window from which `count` whole periods have closed by `finish`."""
        if count == 0:
            return finish
        i = bisect_right(self.closings, finish) - count
        if i < 0:
            raise self.exhausted(before=finish)
        return self.starts[i]

    def at(self, position: int) -> Period | None:
        """Return the period that `position` lies in."""
        i = bisect_right(self.starts, position) - 1
        return self.periods[i] if i >= 0 and position < self.closings[i] else None

    def exhausted(self, *, before: int | None = None) -> CalendarExhaustedError:
        """Return the error that says that none opens any more, or none has closed before a position."""
        if before is not None:
            return CalendarExhaustedError(self.name, f"before {format_day(day_of(before))}")
        edge = f"after {format_day(self.periods[-1].last)}" if self.periods else "at all"
        return CalendarExhaustedError(self.name, edge)

    def _index(self, position: int) -> int:
        i = bisect_left(self.starts, position)
        if i == len(self.starts):
            raise self.exhausted()
        return i


@dataclass(frozen=True, slots=True)
class PayPeriod:
    """A calendar month of pay: inputs close at the end of `cut_off`, people are paid on `payday`."""

    period: Period
    cut_off: date
    payday: date


def pay_periods(
    first_month: date, months: int, *, payday: int, cut_off_days: int, office: WorkingCalendar
) -> Iterator[PayPeriod]:
    """Make monthly pay periods: payday is the nth of the month, or the working day before it.

    `payday` beyond a month's end is its last day. The cut-off lies `cut_off_days` working days before the payday.
    """
    for n in range(months):
        first = first_month.replace(day=1) + relativedelta(months=n)
        last = first + relativedelta(day=31)
        paid = min(first + timedelta(days=payday - 1), last)
        if not office.works_on(paid):
            paid = office.day_after(paid, -1)
        yield PayPeriod(Period(f"{first:%B %Y}", first, last), office.day_after(paid, -cut_off_days), paid)


def months(first: date, count: int) -> Periods:
    """Return calendar months."""
    start = first.replace(day=1)
    firsts = [start + relativedelta(months=n) for n in range(count)]
    return Periods("months", [Period(f"{d:%B %Y}", d, d + relativedelta(day=31)) for d in firsts])
