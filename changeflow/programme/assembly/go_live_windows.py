"""The days on which a service may go live: the first working day of each month, pay period or term."""

from dataclasses import replace
from datetime import date, timedelta

from changeflow.calendar.extent import DayRange
from changeflow.calendar.periods import Period, Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.values.moments import day_of, minute_of

LONGEST_BREAK = timedelta(days=62)
"""Longer than any gap between the start of a period and its first working day, such as a school's summer holidays."""
ONE_DAY = timedelta(days=1)


class FirstWorkingDays(Periods):
    """Periods that each open on their first working day. One without a working day never opens."""

    def __init__(self, periods: Periods, calendar: WorkingCalendar, days: DayRange) -> None:
        def make(first: date, last: date) -> list[Period]:
            periods.starts_within(first - LONGEST_BREAK, last)  # lays them out
            near = [p for p in periods.periods if first - LONGEST_BREAK <= p.first <= last]
            opened = [(p, _first_working_day(p, calendar)) for p in near]
            return [replace(p, first=day) for p, day in opened if day is not None and first <= day <= last]

        given = tuple(dict.fromkeys((*periods.given, *calendar.given)))
        super().__init__(periods.name, make(days.first, days.last), days=days, make=make, given=given)
        self.of = periods
        """The periods as they are, which may open on a day off."""

    def working_day(self, day: date) -> date:
        """Return the day of a go-live that was given as the first of a period: its first working day."""
        return day_of(self.next_start(minute_of(day))) if self.of.starts_within(day, day) else day


def _first_working_day(period: Period, calendar: WorkingCalendar) -> date | None:
    days = (period.first + n * ONE_DAY for n in range((period.last - period.first).days + 1))
    return next((day for day in days if calendar.works_on(day)), None)
