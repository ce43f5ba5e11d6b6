"""Where Project has to put each task: its dates, in clock time and on Project's calendars."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.engine.cpm import Schedule, TimedTask
from changeflow.roadmap.engine.pace import term_calendar
from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.roadmap.project_terms.hours import (
    before_and_after,
    closes_at,
    every_hour,
    made_of,
    opens_at,
    with_ends,
    with_starts,
)
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit
from changeflow.values.moments import DAY, day_of, format_day, last_day_of

MARGIN = 2 * 366 * DAY
"""How long before the first date, and after the last one, our own calendars continue."""
CLOCK = "24 hours"
HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A task as Project has to compute it: civil minutes, and nothing ends at a midnight."""

    task: Task
    timed: TimedTask
    start: int
    finish: int
    late_start: int
    late_finish: int
    duration: int
    key: str
    """The key of its calendar."""
    calendar: WorkingCalendar
    is_elapsed: bool = False
    is_begun: bool = False
    is_done: bool = False
    resume: int | None = None
    left: int = 0

    @property
    def is_point(self) -> bool:
        return self.duration == 0

    @property
    def is_worked(self) -> bool:
        """Return whether it takes working time, in which the end of a day and the next morning are one point."""
        return not (self.is_point or self.is_elapsed)

    def later(self, at: int, minutes: int) -> int:
        """Return the moment after an amount of the task's own time, or before it if the amount is negative."""
        return at + minutes if self.is_elapsed else self.calendar.add(at, minutes)


@dataclass(slots=True)
class Targets:
    """The targets of a timed roadmap, and the calendars that they need."""

    roadmap: Roadmap
    schedule: Schedule
    calendars: dict[str, WorkingCalendar] = field(default_factory=dict)
    _made: dict[tuple[str, str, int, tuple[int, ...], tuple[int, ...]], str] = field(default_factory=dict)
    _clocked: frozenset[TaskId] = frozenset()
    _end: int = 0
    low: int = 0
    high: int = 0

    def __post_init__(self) -> None:
        timed = list(self.schedule.timed.values())
        first = min((min(t.early_start, t.late_start) for t in timed), default=self.roadmap.start)
        last = max((max(t.early_finish, t.late_finish) for t in timed), default=self.roadmap.start)
        self.low = (min(first, self.roadmap.start) - MARGIN) // DAY * DAY
        self.high = (last + MARGIN) // DAY * DAY
        self._clocked = _clocked(self.roadmap)
        self._end = max((self._shown_finish(t) for t in timed), default=self.roadmap.start)

    def all(self) -> Mapping[TaskId, Target]:
        found = {task.id: self._target(task, self.schedule[task.id]) for task in self.roadmap.tasks.values()}
        end = max((t.finish for t in found.values()), default=0)
        return {t: _within(x, min(end, _shown_limit(x.late_finish))) for t, x in found.items()}

    def _shown_finish(self, timed: TimedTask) -> int:
        if self.roadmap.tasks[timed.task].duration.unit is Unit.ELAPSED:
            return _end_by_the_clock(timed.early_finish)
        return shown_end(timed.early_finish) if timed.ends_day else timed.early_finish

    def _target(self, task: Task, timed: TimedTask) -> Target:
        if task.id in self.roadmap.progress and self.roadmap.progress[task.id].is_done:
            return self._done(task, timed)
        if task.duration.is_zero:
            return self._point(task, timed)
        if task.duration.unit is Unit.ELAPSED:
            return self._elapsed(task, timed)
        return self._worked(task, timed)

    def _done(self, task: Task, timed: TimedTask) -> Target:
        key, calendar = self._placing(task)
        is_elapsed = task.duration.unit is Unit.ELAPSED
        start = timed.early_start
        finish = timed.early_finish if start == timed.early_finish else shown_end(timed.early_finish)
        if is_elapsed:
            length = finish - start
        elif task.duration.unit is Unit.WORKING:
            length = task.duration.amount
        else:
            length = calendar.between(start, finish)
        return Target(
            task=task,
            timed=timed,
            start=start,
            finish=finish,
            late_start=start,
            late_finish=finish,
            duration=length,
            key=self._known(key, calendar),
            calendar=calendar,
            is_elapsed=is_elapsed,
            is_done=True,
        )

    def _point(self, task: Task, timed: TimedTask) -> Target:
        measure = task.measured_on or task.calendar
        base = self.roadmap.calendars[measure]
        at = shown_end(timed.early_finish) if timed.ends_day else timed.early_finish
        late, total = timed.late_finish, timed.total_float
        if total == 0:
            late = at
        elif timed.ends_day or late in (task.deadline, self.schedule.finish):
            late = min(_shown_limit(late), max(at, self._end))
        # The last minute of a day is where its work ends; any other moment is where work may begin as well.
        is_worked = opens_at(base, at) or closes_at(base, at)
        starts = [] if is_worked or at % DAY == DAY - 1 else [at]
        is_exact = task.id in self._clocked
        ends = [x for x in {at, late} if not (closes_at(base, x) or (opens_at(base, x) and not is_exact))]
        key, calendar = self._tailored(measure, base, measure, base, at, starts, ends)
        if calendar.between(at, late) != total:
            late = calendar.previous_working(calendar.add(at, total))
        return Target(
            task=task,
            timed=timed,
            start=at,
            finish=at,
            late_start=late,
            late_finish=late,
            duration=0,
            key=key,
            calendar=calendar,
        )

    def _elapsed(self, task: Task, timed: TimedTask) -> Target:
        if CLOCK not in self.calendars:
            self.calendars[CLOCK] = every_hour(CLOCK, self.low, self.high)
        begun = task.id in self.roadmap.progress
        start, finish = timed.early_start, _end_by_the_clock(timed.early_finish)
        late = finish + timed.total_float
        since = min(finish, max(start, self.roadmap.data_date or start))
        return Target(
            task=task,
            timed=timed,
            start=start,
            finish=finish,
            late_start=start if begun else late - (finish - start),
            late_finish=late,
            duration=finish - start,
            key=CLOCK,
            calendar=self.calendars[CLOCK],
            is_elapsed=True,
            is_begun=begun,
            resume=since if begun else None,
            left=finish - since if begun else finish - start,
        )

    def _worked(self, task: Task, timed: TimedTask) -> Target:
        begun = task.id in self.roadmap.progress
        key, placing = self._placing(task)
        measure = task.measured_on or task.calendar
        start, finish, total = timed.early_start, shown_end(timed.early_finish), timed.total_float
        starts = [start] if placing.between(start, finish) == 0 or not (begun or opens_at(placing, start)) else []
        ends = [] if closes_at(placing, finish) else [finish]
        if total == 0:
            # There is no float to measure, so its own hours are enough.
            measure, own = key, placing
        else:
            own = self.roadmap.calendars[measure]
        key, calendar = self._tailored(key, placing, measure, own, timed.early_finish, starts, ends)
        length = calendar.between(start, finish)
        late = calendar.previous_working(calendar.add(finish, total)) if total else finish
        since = max(start, self.roadmap.data_date or start)
        left = max(1, calendar.between(since, finish)) if begun else length
        return Target(
            task=task,
            timed=timed,
            start=start,
            finish=finish,
            late_start=start if begun else calendar.subtract(late, length),
            late_finish=late,
            duration=length,
            key=key,
            calendar=calendar,
            is_begun=begun,
            resume=calendar.subtract(finish, left) if begun else None,
            left=left,
        )

    def _placing(self, task: Task) -> tuple[str, WorkingCalendar]:
        """Return the calendar that says when a task is worked on."""
        key = task.placed_on or task.calendar
        if task.duration.unit is Unit.SCHOOL_WEEKS:
            key = task.term_calendar or task.calendar
            return key, term_calendar(task, self.roadmap)
        return key, self.roadmap.calendars[key]

    def _known(self, key: str, calendar: WorkingCalendar) -> str:
        self.calendars.setdefault(key, calendar)
        return key

    def _tailored(
        self,
        before_key: str,
        before: WorkingCalendar,
        after_key: str,
        after: WorkingCalendar,
        turn: int,
        starts: list[int],
        ends: list[int],
    ) -> tuple[str, WorkingCalendar]:
        """Return a calendar that works like `before` until `turn`, for placing, and like `after` from then on, for
        measuring."""
        is_one = before_key == after_key
        if is_one and not starts and not ends:
            return self._known(before_key, before), before
        asked = (before_key, after_key, 0 if is_one else turn, tuple(starts), tuple(sorted(ends)))
        if asked not in self._made:
            pieces = before_and_after(before, after, turn, self.low, self.high)
            days = [*map(day_of, starts), *(last_day_of(at) for at in sorted(ends) if at not in starts)]
            parts = [before_key, *([] if is_one else [f"then {after_key}"]), *map(format_day, sorted(set(days)))]
            name = ", ".join(parts)
            key, n = name, 1
            while key in self.calendars or key in self.roadmap.calendars:
                n += 1
                key = f"{name} ({n})"
            pieces = with_ends(with_starts(pieces, starts), sorted(ends))
            self.calendars[key] = made_of(key, pieces, self.low, self.high, before, after)
            self._made[asked] = key
        key = self._made[asked]
        return key, self.calendars[key]


def _clocked(roadmap: Roadmap) -> frozenset[TaskId]:
    """Return the milestones that follow a stretch of clock time, directly or through other milestones."""
    points = {t.id for t in roadmap.tasks.values() if t.duration.is_zero}
    found: set[TaskId] = set()
    new = {
        k.successor
        for k in roadmap.links
        if not k.lag.is_zero or roadmap.tasks[k.predecessor].duration.unit is Unit.ELAPSED
    }
    while new := (new & points) - found:
        found |= new
        new = {k.successor for k in roadmap.links if k.predecessor in new}
    return frozenset(found)


def _within(target: Target, latest: int) -> Target:
    """Let an elapsed task end some minutes earlier if, with its float in clock time, it would end too late."""
    minutes = target.late_finish - latest
    if not target.is_elapsed or minutes <= 0 or target.is_done or target.duration <= minutes:
        return target
    # Whole hours if they stay within the day, because some programs lose a minute of any other length.
    hours = -(-minutes // HOUR) * HOUR
    if hours < min(target.duration, target.finish % DAY):
        minutes = hours
    finish, latest = target.finish - minutes, target.late_finish - minutes
    return replace(
        target,
        finish=finish,
        late_finish=latest,
        duration=target.duration - minutes,
        resume=None if target.resume is None else min(target.resume, finish),
        left=max(0, target.left - minutes),
    )


def _end_by_the_clock(at: int) -> int:
    """Return the end of a stretch of clock time on the day on which it ends; whole hours stay whole."""
    return at if at % DAY else at - HOUR


def _shown_limit(at: int) -> int:
    """Return the latest minute of a day that is read back unchanged: 23:59 in our files means the following
    midnight."""
    return at - 2 if at % DAY == 0 else at - 1 if at % DAY == DAY - 1 else at


def read_end(at: int) -> int:
    """Return an end as it will be read back: the last minute of a day becomes the midnight after it."""
    return at + 1 if at % DAY == DAY - 1 else at


def shown_end(at: int) -> int:
    """Return an end as Project shows it on its day: a midnight becomes the minute before it."""
    return at if at % DAY else at - 1
