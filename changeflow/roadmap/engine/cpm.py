"""The critical path method over calendars: early and late dates, floats, driving links."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np

from changeflow.roadmap.engine.arrays import (
    BELOW_FROM,
    BELOW_TO,
    BOUNDS,
    BY_ACTUAL,
    BY_DATA_DATE,
    BY_HAND,
    BY_LINKS,
    BY_ROLL_UP,
    BY_START,
    DONE,
    FINISH,
    FLAGS,
    LATE_SHOWS_EARLY,
    LINK,
    NEVER,
    OPEN,
    OTHER,
    SET_DATES,
    SHAPE,
    SLACK_LIMIT,
    START,
    START_NO_EARLIER,
    STATE,
    SUMMARY,
    TASK,
    WINDOW,
    Arrays,
    to_arrays,
)
from changeflow.roadmap.engine.assumptions import NOTHING_ASSUMED, Assumptions, assumptions_of
from changeflow.roadmap.engine.backward import backward
from changeflow.roadmap.engine.calendar_tables import are_laid_out, is_laid_out
from changeflow.roadmap.engine.floats import measure
from changeflow.roadmap.engine.forward import forward
from changeflow.roadmap.engine.jit import call, kernel
from changeflow.roadmap.engine.net import Net, Result, empty_result, net_of
from changeflow.roadmap.engine.outline import Ints
from changeflow.roadmap.engine.working_time import (
    AT_BEGINNING,
    AT_OUT,
    CALENDAR,
    END_OUT,
    KEPT,
    KIND_OUT,
    NOWHERE,
    NUMBER_OUT,
)
from changeflow.roadmap.model.tasks import Bound, Link, Roadmap
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY, day_of, last_day_of


class DateReason(StrEnum):
    """The reason for a task's early dates. A set date is also a reason: then it is that `Bound`."""

    START = "start"
    LINKS = "links"
    DATA_DATE = "data_date"
    ACTUAL = "actual"
    MANUAL = "manual"
    ROLL_UP = "roll_up"


ENDS = (Bound.FINISH_NO_EARLIER, Bound.FINISH_NO_LATER, Bound.MUST_FINISH)
"""Bounds of a finish, which are at the end of a day."""
REASONS: Mapping[int, DateReason | Bound] = {
    BY_START: DateReason.START,
    BY_LINKS: DateReason.LINKS,
    BY_DATA_DATE: DateReason.DATA_DATE,
    BY_ACTUAL: DateReason.ACTUAL,
    BY_HAND: DateReason.MANUAL,
    BY_ROLL_UP: DateReason.ROLL_UP,
} | dict(enumerate(BOUNDS, start=SET_DATES))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedTask:
    """One task's dates by the critical path method: civil minutes since 1970-01-01T00:00 local, in half-open spans."""

    task: TaskId
    early_start: int
    early_finish: int
    late_start: int
    late_finish: int
    total_float: int
    """Working minutes on the task's own calendar (clock minutes for an elapsed duration). It is not the difference
    between the dates above, which may cross a half-term."""
    free_float: int
    critical: bool
    """Whether it is not done and has no float; `driving` says whether it is on the longest path."""
    driving: bool
    """Whether it is on the longest path to the finish of the roadmap."""
    drivers: tuple[Link, ...]
    """All links that determine its early dates, ties included; empty if a constraint, an actual or the start does."""
    reason: DateReason | Bound
    """`links`, `start`, `data_date`, `actual`, `manual`, `roll_up`, or the constraint that decided."""
    ends_day: bool = field(default=True, compare=False)
    """Whether a finish at midnight belongs to the day before. A milestone may belong to the day that begins then."""

    def day_at(self, finish: int) -> date:
        """Return the day on which people would say that it ends, if it ended at a given moment."""
        return last_day_of(finish) if self.ends_day else day_of(finish)

    @property
    def first_day(self) -> date:
        """The day on which it starts; for a milestone, its day."""
        return min(day_of(self.early_start), self.last_day)

    @property
    def last_day(self) -> date:
        """The last day, inclusive; for a milestone, its day."""
        return self.day_at(self.early_finish)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A timed roadmap."""

    timed: Mapping[TaskId, TimedTask]
    finish: int
    below: Mapping[TaskId, tuple[TaskId, ...]]
    """The tasks below each summary."""
    assumed: Assumptions = NOTHING_ASSUMED
    """Which of its dates depend on assumed days."""

    def __getitem__(self, task: TaskId) -> TimedTask:
        return self.timed[task]

    @property
    def last_day(self) -> date:
        """The day on which the last task ends."""
        ends = [x for x in self.timed.values() if x.early_finish == self.finish]
        return max((x.last_day for x in ends), default=last_day_of(self.finish))

    def path_to(self, *targets: TaskId) -> frozenset[TaskId]:
        """Return every task on a longest path to any of the targets, ties included."""
        seen, stack = set(targets), list(targets)
        while stack:
            for link in self.timed[stack.pop()].drivers:
                for task in self.behind(link):
                    if task not in seen:
                        seen.add(task)
                        stack.append(task)
        return frozenset(seen)

    def behind(self, link: Link) -> tuple[TaskId, ...]:
        """Return the tasks at the driving end of a link; for a summary, the tasks that give it its date."""
        below = self.below.get(link.predecessor)
        if below is None:
            return (link.predecessor,)
        timed = self.timed
        if link.type.from_finish:
            return tuple(t for t in below if timed[t].early_finish == timed[link.predecessor].early_finish)
        return tuple(t for t in below if timed[t].early_start == timed[link.predecessor].early_start)


def time_roadmap(roadmap: Roadmap) -> Schedule:
    """Place every task as early as its predecessors allow, and as late as its successors allow.

    A loop raises `CyclicRoadmapError`. Where engines differ, the roadmap's profile decides. An as-late-as-possible task
    is placed at its late start, and its successors are placed again: as in Project, it uses its total float.
    Complexity: O(tasks + links).
    """
    arrays, result = settled(roadmap)
    refuse_run_out(roadmap, result.trouble)
    assumed = assumptions_of(roadmap, arrays, result)
    return Schedule(TimedColumns(roadmap, arrays, result), result.finish, below_of(arrays), assumed)


class TimedColumns(Mapping[TaskId, TimedTask]):
    """A schedule in columns, in the roadmap's order: a task's dates become an object when they are first asked for."""

    def __init__(self, roadmap: Roadmap, arrays: Arrays, result: Result) -> None:
        self.roadmap = roadmap
        self.arrays = arrays
        self.result = result
        self.row_of = arrays.row_of
        self.slack_limit = int(arrays.settings[SLACK_LIMIT])
        self._known: dict[TaskId, TimedTask] = {}

    def __len__(self) -> int:
        return len(self.row_of)

    def __iter__(self) -> Iterator[TaskId]:
        return iter(self.roadmap.tasks)

    def __contains__(self, task: object) -> bool:
        return task in self.row_of

    def __getitem__(self, task: TaskId) -> TimedTask:
        if task not in self._known:
            self._known[task] = self._timed(task)
        return self._known[task]

    def _timed(self, task: TaskId) -> TimedTask:
        row, r, arrays = self.row_of[task], self.result, self.arrays
        total = int(r.total_float[row])
        into = range(int(arrays.first_into[row]), int(arrays.first_into[row + 1]))
        is_open = int(arrays.cold[row, STATE]) != DONE and not self.roadmap.tasks[task].is_placeholder
        return TimedTask(
            task=task,
            early_start=int(r.early[row, 0]),
            early_finish=int(r.early[row, 1]),
            late_start=int(r.late[row, 0]),
            late_finish=int(r.late[row, 1]),
            total_float=total,
            free_float=int(r.free_float[row]),
            critical=is_open and total <= self.slack_limit,
            driving=bool(r.driving[row]),
            drivers=tuple(arrays.links[int(arrays.into[LINK, j])] for j in into if r.drives[j]),
            reason=REASONS[int(r.reason[row])],
            ends_day=self._ends_day(row),
        )

    def _ends_day(self, row: int) -> bool:
        """Return whether a midnight is the end of something: of work, a period, or a set day.

        For a milestone, that depends on what it follows. If it follows several things at once, it is an end only if all
        of them are.
        """
        r, arrays = self.result, self.arrays
        at, is_point = int(r.early[row, 1]), int(r.early[row, 0]) == int(r.early[row, 1])
        if at % DAY or not is_point:
            return True
        if arrays.cold[row, WINDOW] >= 0:
            return False
        into = range(int(arrays.first_into[row]), int(arrays.first_into[row + 1]))
        drivers = [j for j in into if r.drives[j]]
        if not drivers:
            return REASONS[int(r.reason[row])] in ENDS
        return all(self._ends(arrays.links[int(arrays.into[LINK, j])], int(arrays.into[TASK, j])) for j in drivers)

    def _ends(self, link: Link, before: int) -> bool:
        if not link.lag.is_zero and link.lag.unit.is_whole_period:
            return True
        return link.type.from_finish and self._ends_day(before)


def settled(roadmap: Roadmap) -> tuple[Arrays, Result]:
    """Compile a roadmap and settle it, laying out as much of its calendars as that needs."""
    while True:
        arrays = to_arrays(roadmap)
        result = settle(roadmap, arrays)
        if not reach_further(roadmap, arrays, result.trouble):
            return arrays, result


def settle(roadmap: Roadmap, arrays: Arrays) -> Result:
    """Repeat the passes until as-late-as-possible tasks, and starts that depend on a finish, no longer change."""
    result = compute(arrays)
    if roadmap.finish is not None and not result.trouble[KIND_OUT]:
        needed = int(result.late[:, 0].min()) if len(result.late) else roadmap.start
        arrays.settings[START] = max(needed, roadmap.start) if roadmap.profile.start_is_floor else needed
        result = compute(arrays)
    held = [] if result.trouble[KIND_OUT] else _hold_late(roadmap, arrays, result)
    if held:
        could, result = result, compute(arrays)
        if arrays.settings[LATE_SHOWS_EARLY]:
            result.early[held] = could.early[held]
    return result


def compute(arrays: Arrays) -> Result:
    """Run both passes. Complexity: O(tasks + links)."""
    result = empty_result(arrays)
    call(_passes, len(arrays.hot), net_of(arrays, result.trouble), result)
    return result


@kernel
def _passes(n: Net, r: Result) -> None:
    forward(n, r)
    last = n.s[START]
    for i in range(len(n.hot)):
        last = r.early[i, 1] if i == 0 else max(last, r.early[i, 1])
    r.end[0] = n.s[FINISH] if n.s[FINISH] != NEVER else last
    backward(n, r)
    measure(n, r)
    _driving(n, r, last)


@kernel
def _driving(n: Net, r: Result, end: int) -> None:
    """Follow the driving links back from every task that ends last; replace a summary by the tasks that give it its
    date."""
    for i in range(len(n.hot)):
        r.driving[i] = r.early[i, 1] == end and not n.hot[i, FLAGS] & SUMMARY
    for i in range(len(n.hot) - 1, -1, -1):
        if not r.driving[i]:
            continue
        for j in range(n.first_into[i], n.first_into[i + 1]):
            if not r.drives[j]:
                continue
            k = n.into[TASK, j]
            if not n.hot[k, FLAGS] & SUMMARY:
                r.driving[k] = 1
                continue
            side = n.into[SHAPE, j] & 1 ^ 1
            for b in range(n.cold[k, BELOW_FROM], n.cold[k, BELOW_TO]):
                if r.early[n.below[b], side] == r.early[k, side]:
                    r.driving[n.below[b]] = 1


def below_of(arrays: Arrays) -> dict[TaskId, tuple[TaskId, ...]]:
    """Return the tasks below each summary."""
    spans = arrays.cold[:, BELOW_FROM : BELOW_TO + 1]
    rows = np.flatnonzero(spans[:, 1] > spans[:, 0]).tolist()
    return {arrays.ids[k]: tuple(arrays.ids[b] for b in arrays.outline.below[slice(*spans[k])].tolist()) for k in rows}


def reach_further(roadmap: Roadmap, arrays: Arrays, trouble: Ints) -> bool:
    """Lay out more days if a pass ran off a calendar, so that it can run again; return False if it did not or there are
    none.

    This includes days that a pass continued without: see `keep_trouble`. If someone else has laid out more of the same
    calendar since, only the arrays have to be brought up to date.
    """
    for first in (0, KEPT):
        if not trouble[first + KIND_OUT]:
            continue
        number, at = int(trouble[first + NUMBER_OUT]), int(trouble[first + AT_OUT])
        is_before = bool(trouble[first + END_OUT] == AT_BEGINNING)
        positions = () if at == NOWHERE else (at,)
        if trouble[first + KIND_OUT] == CALENDAR:
            calendar = list(roadmap.calendars.values())[number]
            is_known = is_laid_out(arrays.calendars, number, calendar)
            return not is_known or calendar.reach(*positions, is_before=is_before)
        periods = list(roadmap.periods.values())[number]
        is_known = are_laid_out(arrays.periods, number, periods)
        return not is_known or periods.reach(*positions, is_before=is_before)
    return False


def refuse_run_out(roadmap: Roadmap, trouble: Ints) -> None:
    """Raise `CalendarExhaustedError` if a pass has noted that a calendar or a table of periods runs out."""
    if not trouble[KIND_OUT]:
        return
    number, is_before = int(trouble[NUMBER_OUT]), trouble[END_OUT] == AT_BEGINNING
    if trouble[KIND_OUT] == CALENDAR:
        raise list(roadmap.calendars.values())[number].exhausted(is_before=is_before)
    periods = list(roadmap.periods.values())[number]
    raise periods.exhausted(before=int(trouble[AT_OUT]) if is_before else None)


def _hold_late(roadmap: Roadmap, arrays: Arrays, result: Result) -> list[int]:
    """Fix as-late-as-possible tasks at their late start; return their rows."""
    late = [t.id for t in roadmap.tasks.values() if t.as_late_as_possible]
    rows = [arrays.row_of[t] for t in late]
    held = [row for row in rows if arrays.cold[row, STATE] == OPEN and not arrays.hot[row, FLAGS] & SUMMARY]
    for row in held:
        known, start = arrays.cold[row, START_NO_EARLIER], result.late[row, 0]
        arrays.cold[row, START_NO_EARLIER] = start if known == NEVER else max(known, start)
        arrays.hot[row, FLAGS] |= OTHER
    return held
