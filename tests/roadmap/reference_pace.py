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
    calendar: WorkingCalendar
    """A period is not missed before there was work in it."""

    def land(self, bound: int) -> int:
        return self.periods.next_start(reopened(self.calendar, self.periods, bound))

    def finish(self, start: int) -> int:
        return self.periods.add(reopened(self.calendar, self.periods, start), self.count)

    def latest_start(self, finish: int) -> int:
        return self.periods.subtract(finish, self.count)

    def latest_start_by(self, bound: int) -> int:
        """Return the last opening at or before `bound`."""
        return self.periods.previous_start(bound)

    def earliest_start(self, finish: int) -> int:
        finish = reclosed(self.calendar, self.periods, finish)
        start = self.latest_start(finish)
        return start if self.finish(start) >= finish else self.periods.next_start(start + 1)


@dataclass(frozen=True, slots=True)
class WindowPace:
    """Another pace that starts at start windows only: that is how a day's slip costs a month."""

    inner: Pace
    windows: Periods
    calendar: WorkingCalendar

    def land(self, bound: int) -> int:
        """A start that has landed stays; a window is not missed before there was work in it."""
        opens = self.windows.previous_start(bound)
        # Before the first of a list there is none.
        if self.windows.next_start(opens) == opens:
            start = self._on(opens)
            if start >= bound:
                return start
            worked = self.inner.calendar if isinstance(self.inner, WorkingPace) else self.calendar
            if isinstance(self.inner, PeriodPace):
                if last_call(worked, start) >= bound:
                    return start
            elif worked.next_working(start) >= bound:
                return bound
        return self._on(self.windows.next_start(bound))

    def _on(self, opens: int) -> int:
        """A start window is a midnight; work starts at the calendar's first instant after it."""
        return self.inner.periods.next_start(opens) if isinstance(self.inner, PeriodPace) else self.inner.land(opens)

    def finish(self, start: int) -> int:
        return self.inner.finish(start)

    def latest_start(self, finish: int) -> int:
        return self.latest_start_by(self.inner.latest_start(finish))

    def earliest_start(self, finish: int) -> int:
        return self.land(self.inner.earliest_start(finish))

    def latest_start_by(self, bound: int) -> int:
        opens = self.windows.previous_start(bound)
        while (start := self._on(opens)) > bound:
            opens = self.windows.previous_start(opens - 1)
        is_moment = isinstance(self.inner, WorkingPace) and not self.inner.minutes
        worked = self.inner.calendar if isinstance(self.inner, WorkingPace) else self.calendar
        return min(bound, worked.next_working(start)) if is_moment or isinstance(self.inner, ElapsedPace) else start


def last_call(calendar: WorkingCalendar, opens: int) -> int:
    return min(calendar.next_working(opens), opens + 7 * DAY)


def reopened(calendar: WorkingCalendar, periods: Periods, at: int) -> int:
    """Return the last opening, where there was no work since, up to an instant; else the instant."""
    opens = periods.previous_start(at)
    return opens if last_call(calendar, opens) >= at else at


def reclosed(calendar: WorkingCalendar, periods: Periods, at: int) -> int:
    """The same of closings."""
    closes = periods.add(periods.subtract(at, 1), 1)
    return closes if last_call(calendar, closes) >= at else at


def pace_of(task: Task, roadmap: Roadmap) -> Pace:
    """Choose how a task's duration passes."""
    calendar = roadmap.calendars[task.placed_on or task.calendar]
    amount, unit = task.duration.amount, task.duration.unit
    pace: Pace
    if unit is Unit.ELAPSED:
        pace = ElapsedPace(amount)
    elif unit in (Unit.PAY_PERIODS, Unit.TERMS):
        pace = PeriodPace(periods_of(task, unit, roadmap), amount, roadmap.calendars[task.calendar])
    elif unit is Unit.SCHOOL_WEEKS:
        pace = WorkingPace(term_calendar(task, roadmap), school_weeks(amount, roadmap))
    elif task.assignments:
        pace = AssignedPace(tuple(WorkingPace(roadmap.calendars[a.calendar], a.minutes) for a in task.assignments))
    else:
        pace = WorkingPace(calendar, amount)
    own = roadmap.calendars[task.calendar]
    return WindowPace(pace, roadmap.periods[task.starts_on], own) if task.starts_on else pace


def latest_start_by(pace: Pace, bound: int) -> int:
    """Return the latest start up to `bound`: what starts at any time has it there."""
    if isinstance(pace, WindowPace | PeriodPace):
        return pace.latest_start_by(bound)
    return last_work(pace.calendar, bound) if isinstance(pace, WorkingPace) and pace.minutes else bound


def last_work(calendar: WorkingCalendar, at: int) -> int:
    """Return the last instant up to `at` at which work can start."""
    return at if calendar.next_working(at) == at else calendar.subtract(at, 1)


def first_work(calendar: WorkingCalendar, at: int) -> int:
    """Return the first work of a day that begins at `at`; else `at`."""
    return calendar.next_working(at) if at % DAY == 0 and calendar.between(at, at + DAY) else at


def works_on(pace: Pace | None) -> WorkingCalendar | None:
    """Return the one calendar whose working time a pace counts; None for the clock, periods, or several people."""
    if isinstance(pace, WindowPace):
        return works_on(pace.inner)
    return pace.calendar if isinstance(pace, WorkingPace) else None
