"""How amounts of time pass for one task: in working time, on the clock, or in whole periods.

The passes do not use this module: they do the same with arrays, in `working_time.py`.
"""

from changeflow.calendar.periods import Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.model.tasks import Link, Roadmap, Task
from changeflow.values.duration import Duration, Unit

SCHOOL_DAYS_PER_WEEK = 5


PAY_PERIODS = "pay_period"
"""The key of the pay periods among a roadmap's periods."""


def work_of(task: Task, roadmap: Roadmap) -> tuple[WorkingCalendar, int] | None:
    """Return the one calendar whose working time a task takes, and how many minutes of it.

    None for elapsed time, for whole periods, and for several people.
    """
    if task.duration.unit is Unit.SCHOOL_WEEKS:
        return term_calendar(task, roadmap), school_weeks(task.duration.amount, roadmap)
    if task.duration.unit is not Unit.WORKING or task.assignments:
        return None
    return roadmap.calendars[task.placed_on or task.calendar], task.duration.amount


Span = tuple[int, int]
"""Start and finish: civil minutes."""


def shift(position: int, lag: Duration, *, task: Task, roadmap: Roadmap, back: bool = False) -> int:
    """Move `position` by a lag that is not a share, on the calendar of the successor `task`; `back` moves it back."""
    if lag.is_zero:
        return position
    if lag.unit.is_whole_period:
        periods = periods_of(task, lag.unit, roadmap)
        return periods.subtract(position, lag.amount) if back else periods.add(position, lag.amount)
    if lag.unit is Unit.SCHOOL_WEEKS:
        weeks = Duration(school_weeks(lag.amount, roadmap))
        return _moved(position, weeks, term_calendar(task, roadmap), back=back)
    return _moved(position, lag, roadmap.calendars[task.calendar], back=back)


def lagged(roadmap: Roadmap, position: int, link: Link, span: Span, *, back: bool = False) -> int:
    """Move a position by a link's lag; `back` subtracts the lag. `span` is the predecessor's."""
    if link.lag.unit is Unit.PERCENT:
        return _moved(position, *shared_lag(roadmap, link, span), back=back)
    return shift(position, link.lag, task=roadmap.tasks[link.successor], roadmap=roadmap, back=back)


def shared_lag(roadmap: Roadmap, link: Link, span: Span) -> tuple[Duration, WorkingCalendar]:
    """Return a lag that is a share of its predecessor, and the calendar on which its working time is counted.

    It is counted in the same way as the predecessor's own time; if that is whole periods, it is a share of the work
    between their dates.
    """
    before, share = roadmap.tasks[link.predecessor], link.lag.amount
    amount, unit = before.duration.amount, Unit.WORKING
    calendar = roadmap.calendars[before.placed_on or before.calendar]
    if before.duration.unit is Unit.ELAPSED:
        unit = Unit.ELAPSED
    elif before.duration.unit is Unit.SCHOOL_WEEKS:
        amount, calendar = school_weeks(amount, roadmap), term_calendar(before, roadmap)
    elif before.duration.unit.is_whole_period:
        calendar = roadmap.calendars[before.calendar]
        amount = calendar.between(*span)
    elif roadmap.profile.shares_on_successor:
        calendar = roadmap.calendars[roadmap.tasks[link.successor].calendar]
    return Duration(round(amount * share / 100), unit), calendar


def _moved(position: int, lag: Duration, calendar: WorkingCalendar, *, back: bool) -> int:
    amount = -lag.amount if back else lag.amount
    if lag.unit is Unit.ELAPSED:
        return position + amount
    moved = calendar.add(position, amount)
    # The latest instant of that point of working time: an elapsed predecessor may continue through the night.
    return calendar.next_working(moved) if back and amount > 0 else moved


def term_calendar(task: Task, roadmap: Roadmap) -> WorkingCalendar:
    return roadmap.calendars[task.term_calendar or task.calendar]


def periods_of(task: Task, unit: Unit, roadmap: Roadmap) -> Periods:
    return roadmap.periods[PAY_PERIODS if unit is Unit.PAY_PERIODS else task.terms]


def school_weeks(count: int, roadmap: Roadmap) -> int:
    return count * SCHOOL_DAYS_PER_WEEK * roadmap.minutes_per_day
