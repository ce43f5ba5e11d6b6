"""Periods: calendar months, pay periods and terms, in order; more are laid out on demand."""

from bisect import bisect_left, bisect_right
from calendar import month_name
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from changeflow.calendar.extent import GROWING, ONE_DAY, DayRange, GivenDates, day_at
from changeflow.calendar.working import WorkingCalendar
from changeflow.errors import CalendarExhaustedError, MeetingsExhaustedError
from changeflow.values.moments import day_of, format_day, minute_of


@dataclass(frozen=True, slots=True)
class Period:
    """A named span of days, both inclusive: `January 2027`, `Spring term 2027`."""

    name: str
    first: date
    last: date


class PeriodsLaidOut(NamedTuple):
    """The periods that open in a span of days, with their opening and closing minutes."""

    periods: tuple[Period, ...]
    starts: tuple[int, ...]
    closings: tuple[int, ...]
    days: DayRange | None
    """The days that are laid out; None if there are no further periods."""


MakePeriods = Callable[[date, date], Sequence[Period]]
"""Lays out the periods that open from one day to another, both inclusive."""


class Periods:
    """Periods in order, not overlapping. Positions are civil minutes; a period is `[open, close)`.

    With `days`, these are the periods that open on those days, and `make` lays out others.
    """

    def __init__(
        self,
        name: str,
        periods: Sequence[Period],
        *,
        days: DayRange | None = None,
        make: MakePeriods | None = None,
        given: tuple[GivenDates, ...] = (),
    ) -> None:
        self.name = name
        self.given = given
        """The sources of its dates; days outside all of them are assumed."""
        self._make = make
        self._laid_out = _laid_out(periods, days)

    @property
    def laid_out(self) -> PeriodsLaidOut:
        """What has been laid out so far."""
        return self._laid_out

    @property
    def periods(self) -> tuple[Period, ...]:
        return self._laid_out.periods

    def starts_within(self, first: date, last: date) -> tuple[int, ...]:
        """Return the start windows from one day to another, both inclusive."""
        low, high = minute_of(first), minute_of(last)
        known = self._having(low, high)
        return known.starts[bisect_left(known.starts, low) : bisect_right(known.starts, high)]

    def next_start(self, position: int) -> int:
        """Return the first start window at or after `position`."""
        known, i = self._first_from(position, 1)
        return known.starts[i]

    def previous_start(self, position: int) -> int:
        """Return the last start window at or before `position`; before the first of a list, `position` itself.

        The latter occurs only for a date that cannot be met; it shows when a start window would be needed.
        """
        known = self._having(position)
        while (i := bisect_right(known.starts, position) - 1) < 0:
            if known.days is None:
                return position
            known = self._more(known, before=position)
        return known.starts[i]

    def add(self, start: int, count: int) -> int:
        """Return when the `count`-th whole period after `start` closes; a period that has begun does not count."""
        if count == 0:
            return start
        known, i = self._first_from(start, count)
        return known.closings[i]

    def subtract(self, finish: int, count: int) -> int:
        """Return the latest start window from which `count` whole periods have closed by `finish`."""
        if count == 0:
            return finish
        known = self._having(finish)
        while (i := bisect_right(known.closings, finish) - count) < 0:
            known = self._more(known, before=finish)
        return known.starts[i]

    def reach(self, *positions: int, is_before: bool | None = None) -> bool:
        """Lay out more: as far as the positions need, or twice as much at one end. Return whether there was more."""
        with GROWING:
            known = self._laid_out
            if known.days is None or self._make is None or not known.periods:
                return False
            wanted = known.days
            if is_before is not None:
                wanted = wanted.earlier() if is_before else wanted.later()
            for at in positions:
                wanted = wanted.earlier(day_at(at)) if at < wanted.low else wanted
                wanted = wanted.later(day_at(at)) if at > wanted.high else wanted
            if wanted == known.days:
                return False
            earlier = self._make(wanted.first, known.days.first - ONE_DAY) if wanted.first < known.days.first else ()
            later = self._make(known.days.last + ONE_DAY, wanted.last) if known.days.last < wanted.last else ()
            self._laid_out = _laid_out((*earlier, *known.periods, *later), wanted)
            return True

    def exhausted(self, *, before: int | None = None) -> CalendarExhaustedError:
        """Return the error which says that no period opens after a position, or closes before it."""
        if before is not None:
            return CalendarExhaustedError(self.name, f"before {format_day(day_of(before))}")
        edge = f"after {format_day(self.periods[-1].last)}" if self.periods else "at all"
        return CalendarExhaustedError(self.name, edge)

    def _having(self, *positions: int) -> PeriodsLaidOut:
        """Return the layout, extended to these positions where possible."""
        known = self._laid_out
        if known.days is not None and not known.days.have(*positions):
            self.reach(*positions)
        return self._laid_out

    def _first_from(self, position: int, count: int) -> tuple[PeriodsLaidOut, int]:
        """Return the number of the `count`-th period that opens at or after a position."""
        known = self._having(position)
        while (i := bisect_left(known.starts, position) + count - 1) >= len(known.starts):
            known = self._more(known)
        return known, i

    def _more(self, known: PeriodsLaidOut, *, before: int | None = None) -> PeriodsLaidOut:
        if known is self._laid_out and not self.reach(is_before=before is not None):
            raise self.exhausted(before=before)
        return self._laid_out


class MeetingDates(Periods):
    """The meeting days of a board or committee; each is a start window of one day. No meeting is assumed."""

    def __init__(self, name: str, days: Iterable[date], *, calendar: str) -> None:
        super().__init__(name, [Period(f"{name}, {format_day(day)}", day, day) for day in sorted(set(days))])
        self.calendar = calendar
        """The id of the calendar with the dates."""

    def exhausted(self, *, before: int | None = None) -> CalendarExhaustedError:
        edge = (
            f"after {format_day(self.periods[-1].last)}" if before is None else f"before {format_day(day_of(before))}"
        )
        return MeetingsExhaustedError(self.name, edge, self.calendar)


def _laid_out(periods: Sequence[Period], days: DayRange | None) -> PeriodsLaidOut:
    ordered = tuple(sorted(periods, key=lambda p: p.first))
    starts = tuple(minute_of(p.first) for p in ordered)
    return PeriodsLaidOut(ordered, starts, tuple(minute_of(p.last + ONE_DAY) for p in ordered), days)


def open_periods(
    name: str, make: MakePeriods, first: date, last: date, *, given: tuple[GivenDates, ...] = ()
) -> Periods:
    """Return endless periods, laid out at first for some days only."""
    return Periods(name, make(first, last), days=DayRange(first, last), make=make, given=given)


def calendar_months(first: date, last: date) -> list[Period]:
    """Return the calendar months that open from one day to another, both inclusive."""
    found, day = [], first if first.day == 1 else _month_after(first)
    while day <= last:
        following = _month_after(day)
        found.append(Period(f"{month_name[day.month]} {day.year}", day, following - ONE_DAY))
        day = following
    return found


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def months(first: date, count: int) -> Periods:
    """Return calendar months, with this many laid out at first."""
    start = first.replace(day=1)
    return open_periods("months", calendar_months, start, start + relativedelta(months=count) - ONE_DAY)


@dataclass(frozen=True, slots=True)
class PayPeriod:
    """A calendar month of pay: inputs close at the end of `cut_off`, and people are paid on `payday`."""

    period: Period
    cut_off: date
    payday: date


def pay_period(month: date, *, payday: int, cut_off_days: int, office: WorkingCalendar) -> PayPeriod:
    """Return the pay period of a day's month. Payday is that day of the month, or the working day before it.

    A `payday` after the month's end becomes its last day. The cut-off is `cut_off_days` working days before payday.
    """
    first = month.replace(day=1)
    last = first + relativedelta(day=31)
    paid = min(first + timedelta(days=payday - 1), last)
    if not office.works_on(paid):
        paid = office.day_after(paid, -1)
    return PayPeriod(Period(f"{first:%B %Y}", first, last), office.day_after(paid, -cut_off_days), paid)
