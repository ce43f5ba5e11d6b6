"""How a task's duration passes: in working time, on the clock, or in whole periods.

A pace answers four questions, in civil minutes: where a start lands, which finish follows, and the latest and earliest
start for a given finish. The passes ask the same of arrays, in `working_time.py`.
"""

from dataclasses import dataclass
from typing import Protocol

from changeflow.calendar.periods import Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.model.tasks import Link, Roadmap, Task
from changeflow.values.duration import Duration, Unit

SCHOOL_DAYS_PER_WEEK = 5
PAY_PERIODS = "pay_period"
"""The key of the pay periods among a roadmap's periods."""


class Pace(Protocol):
    def land(self, bound: int) -> int:
        """Return the first start at or after `bound`."""

    def finish(self, start: int) -> int:
        """Return the finish of a task that starts there."""

    def latest_start(self, finish: int) -> int:
        """Return the latest start whose finish is no later than `finish`."""

    def earliest_start(self, finish: int) -> int:
        """Return the earliest start whose finish is no earlier than `finish`, in working time."""


@dataclass(frozen=True, slots=True)
class WorkingPace:
    """Minutes of a calendar's working time; none at all is a milestone, which stays where its predecessors put it."""

    calendar: WorkingCalendar
    minutes: int

    def land(self, bound: int) -> int:
        return self.calendar.next_working(bound) if self.minutes else bound

    def finish(self, start: int) -> int:
        return self.calendar.add(start, self.minutes)

    def latest_start(self, finish: int) -> int:
        return self.calendar.subtract(finish, self.minutes)

    def earliest_start(self, finish: int) -> int:
        return self.calendar.subtract(finish, self.minutes)


@dataclass(frozen=True, slots=True)
class AssignedPace:
    """Several people, each on a calendar of their own: it begins with the first and ends with the last of them."""

    parts: tuple[WorkingPace, ...]

    def land(self, bound: int) -> int:
        return min(part.land(bound) for part in self.parts)

    def finish(self, start: int) -> int:
        return max(part.finish(start) for part in self.parts)

    def latest_start(self, finish: int) -> int:
        return min(part.latest_start(finish) for part in self.parts)

    earliest_start = latest_start


@dataclass(frozen=True, slots=True)
class ElapsedPace:
    """Minutes of the clock, day and night: statutory waits. It starts at any instant."""

    minutes: int

    def land(self, bound: int) -> int:
        return bound

    def finish(self, start: int) -> int:
        return start + self.minutes

    def latest_start(self, finish: int) -> int:
        return finish - self.minutes

    earliest_start = latest_start


@dataclass(frozen=True, slots=True)
class PeriodPace:
    """Whole periods, from a start to a close: parallel runs over pay periods."""

    periods: Periods
    count: int

    def land(self, bound: int) -> int:
        return self.periods.next_start(bound)

    def finish(self, start: int) -> int:
        return self.periods.add(start, self.count)

    def latest_start(self, finish: int) -> int:
        return self.periods.subtract(finish, self.count)

    def earliest_start(self, finish: int) -> int:
        start = self.latest_start(finish)
        return start if self.finish(start) >= finish else self.periods.next_start(start + 1)


@dataclass(frozen=True, slots=True)
class WindowPace:
    """Another pace that starts at start windows only: that is how a day's slip costs a month."""

    inner: Pace
    windows: Periods

    def land(self, bound: int) -> int:
        # A start window is a midnight; the work itself starts at the calendar's first instant after it.
        return self.inner.land(self.windows.next_start(bound))

    def finish(self, start: int) -> int:
        return self.inner.finish(start)

    def latest_start(self, finish: int) -> int:
        return self.inner.land(self.windows.previous_start(self.inner.latest_start(finish)))

    def earliest_start(self, finish: int) -> int:
        return self.land(self.inner.earliest_start(finish))


def pace_of(task: Task, roadmap: Roadmap) -> Pace:
    """Choose how a task's duration passes."""
    calendar = roadmap.calendars[task.placed_on or task.calendar]
    amount, unit = task.duration.amount, task.duration.unit
    pace: Pace
    if unit is Unit.ELAPSED:
        pace = ElapsedPace(amount)
    elif unit in (Unit.PAY_PERIODS, Unit.TERMS):
        pace = PeriodPace(periods_of(task, unit, roadmap), amount)
    elif unit is Unit.SCHOOL_WEEKS:
        pace = WorkingPace(term_calendar(task, roadmap), school_weeks(amount, roadmap))
    elif task.assignments:
        pace = AssignedPace(tuple(WorkingPace(roadmap.calendars[a.calendar], a.minutes) for a in task.assignments))
    else:
        pace = WorkingPace(calendar, amount)
    return WindowPace(pace, roadmap.periods[task.starts_on]) if task.starts_on else pace


def works_on(pace: Pace | None) -> WorkingCalendar | None:
    """Return the one calendar whose working time a pace counts; None for the clock, periods, or several people."""
    counted = working_part(pace)
    return counted.calendar if counted else None


def working_part(pace: Pace | None) -> WorkingPace | None:
    """Return how a pace counts working time on one calendar, where it does."""
    if isinstance(pace, WindowPace):
        return working_part(pace.inner)
    return pace if isinstance(pace, WorkingPace) else None


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
