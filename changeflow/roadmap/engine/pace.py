"""How amounts of time pass for one task: in working time, on the clock, or in whole periods.

Nothing here is for the passes: they ask the same of arrays, in `working_time.py`.
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

    None for what passes on the clock or in whole periods, and for several people.
    """
    if task.duration.unit is Unit.SCHOOL_WEEKS:
        return term_calendar(task, roadmap), school_weeks(task.duration.amount, roadmap)
    if task.duration.unit is not Unit.WORKING or task.assignments:
        return None
    return roadmap.calendars[task.placed_on or task.calendar], task.duration.amount


def shift(position: int, lag: Duration, *, task: Task, roadmap: Roadmap, base: int, back: bool = False) -> int:
    """Move `position` by a link's lag, on the calendar of the successor `task`; `back` takes it off again.

    `base` is the predecessor's duration in working minutes, for a lag that is a share of it.
    """
    if lag.is_zero:
        return position
    sign = -1 if back else 1
    amount = lag.amount
    if lag.unit is Unit.ELAPSED:
        return position + sign * amount
    if lag.unit in (Unit.PAY_PERIODS, Unit.TERMS):
        periods = periods_of(task, lag.unit, roadmap)
        return periods.subtract(position, amount) if back else periods.add(position, amount)
    calendar = roadmap.calendars[task.calendar]
    if lag.unit is Unit.SCHOOL_WEEKS:
        calendar, amount = term_calendar(task, roadmap), school_weeks(amount, roadmap)
    elif lag.unit is Unit.PERCENT:
        amount = round(base * amount / 100)
    moved = calendar.add(position, sign * amount)
    # The latest instant of that point of working time: a predecessor on the clock may go on through the night.
    return calendar.next_working(moved) if back and sign * amount > 0 else moved


def lagged(roadmap: Roadmap, position: int, link: Link, *, back: bool = False) -> int:
    """Move a position by a link's lag, on the successor's calendar; `back` takes the lag off."""
    before = roadmap.tasks[link.predecessor].duration
    base = before.amount if before.unit in (Unit.WORKING, Unit.ELAPSED) else 0
    successor = roadmap.tasks[link.successor]
    return shift(position, link.lag, task=successor, roadmap=roadmap, base=base, back=back)


def term_calendar(task: Task, roadmap: Roadmap) -> WorkingCalendar:
    return roadmap.calendars[task.term_calendar or task.calendar]


def periods_of(task: Task, unit: Unit, roadmap: Roadmap) -> Periods:
    return roadmap.periods[PAY_PERIODS if unit is Unit.PAY_PERIODS else task.terms]


def school_weeks(count: int, roadmap: Roadmap) -> int:
    return count * SCHOOL_DAYS_PER_WEEK * roadmap.minutes_per_day
