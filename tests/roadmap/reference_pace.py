"""How a task's duration passes, one task at a time: what the passes over arrays are compared with.

A pace answers four questions, in civil minutes: where a start lands, which finish follows, and the latest and earliest
start for a given finish.
"""

from dataclasses import dataclass
from typing import Protocol

from changeflow.calendar.periods import Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.engine.pace import periods_of, school_weeks, term_calendar
from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.values.duration import Unit
from changeflow.values.moments import DAY


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

    def latest_start_by(self, bound: int) -> int:
        """Return the last opening at or before `bound`."""
        return self.periods.previous_start(bound)

    def earliest_start(self, finish: int) -> int:
        start = self.latest_start(finish)
        return start if self.finish(start) >= finish else self.periods.next_start(start + 1)


@dataclass(frozen=True, slots=True)
class WindowPace:
    """Another pace that starts at start windows only: that is how a day's slip costs a month."""

    inner: Pace
    windows: Periods

    def land(self, bound: int) -> int:
        """A start window is a midnight; the work itself starts at the calendar's first instant after it."""
        opens = self.windows.previous_start(bound)
        # Before the first of a list there is none.
        if self.windows.next_start(opens) == opens and (start := self.inner.land(opens)) >= bound:
            return start
        return self.inner.land(self.windows.next_start(bound))

    def finish(self, start: int) -> int:
        return self.inner.finish(start)

    def latest_start(self, finish: int) -> int:
        return self.inner.land(self.windows.previous_start(self.inner.latest_start(finish)))

    def earliest_start(self, finish: int) -> int:
        return self.land(self.inner.earliest_start(finish))

    def latest_start_by(self, bound: int) -> int:
        opens = self.windows.previous_start(bound)
        while (start := self.inner.land(opens)) > bound:
            opens = self.windows.previous_start(opens - 1)
        return start


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


def latest_start_by(pace: Pace, bound: int) -> int:
    """Return the latest start up to `bound`: what starts at any time has it there."""
    if isinstance(pace, WindowPace | PeriodPace):
        return pace.latest_start_by(bound)
    return last_work(pace.calendar, bound) if isinstance(pace, WorkingPace) and pace.minutes else bound


def last_work(calendar: WorkingCalendar, at: int) -> int:
    """Return the last instant up to `at` at which work can start."""
    return at if calendar.next_working(at) == at else calendar.subtract(at, 1)


def day_begun(calendar: WorkingCalendar, at: int) -> int:
    """Return the first instant of a day of which no work lies before `at`, else `at`."""
    midnight = at - at % DAY
    return midnight if calendar.between(midnight, at) == 0 else at


def first_work(calendar: WorkingCalendar, at: int) -> int:
    """Return the first work of a day that begins at `at`, or its last minute; `at` where it begins at another time."""
    if at % DAY:
        return at
    return calendar.next_working(at) if calendar.between(at, at + DAY) else at + DAY - 1


def works_on(pace: Pace | None) -> WorkingCalendar | None:
    """Return the one calendar whose working time a pace counts; None for the clock, periods, or several people."""
    if isinstance(pace, WindowPace):
        return works_on(pace.inner)
    return pace.calendar if isinstance(pace, WorkingPace) else None
