"""The last step of levelling: every task placed to the minute, by the links and calendars of the critical path method.

The search works in slots; here the order that it found becomes dates, and tasks wait only as long as their people are
not free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.engine.replan import Early, Placer
from changeflow.roadmap.engine.spans import LONGEST_PAUSE
from changeflow.roadmap.levelling.teams import Spans, stretches
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY


class Axis:
    """Slots of civil time between two instants in which some calendar works."""

    def __init__(self, calendars: Sequence[WorkingCalendar], start: int, end: int, minutes: int) -> None:
        self.minutes = minutes
        first = start // minutes
        works = np.zeros(-(-end // minutes) - first, bool)
        for calendar in calendars:
            for opens, closes in calendar.intervals_within(start, end):
                works[max(0, opens // minutes - first) : -(-closes // minutes) - first] = True
        self.opens: NDArray[np.int64] = (np.flatnonzero(works) + first) * minutes

    def __len__(self) -> int:
        return len(self.opens)

    def slot(self, at: int) -> int:
        """Return the first slot that begins at an instant or after it."""
        return int(np.searchsorted(self.opens, at))

    def span(self, start: int, finish: int) -> tuple[int, int]:
        """Return the slots that share some time with `[start, finish)`, as a half-open span."""
        return int(np.searchsorted(self.opens, start - self.minutes, side="right")), self.slot(finish)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """The instant of each boundary, as a finish: the end of the slot before it."""
        return np.concatenate([[self.opens[0] if len(self) else 0], self.opens + self.minutes])

    def works(self, calendar: WorkingCalendar) -> NDArray[np.bool_]:
        found = np.zeros(len(self), bool)
        for opens, closes in calendar.intervals_within(int(self.opens[0]), int(self.ends[-1])):
            low, high = self.span(opens, closes)
            found[low:high] = True
        return found


@dataclass(frozen=True, slots=True)
class Wait:
    """A task that waits: the start that its links give, and the team that was not free then.

    If there is no team, the task waits so that a task that must follow soon afterwards can do so.
    """

    task: TaskId
    wanted: int
    start: int
    team: str


@dataclass(frozen=True)
class Placed:
    dates: Mapping[TaskId, tuple[int, int]]
    waits: Mapping[TaskId, Wait]
    stuck: tuple[TaskId, ...]
    """Tasks that have a fixed date on which there are too few people."""


class ExactPass:
    """Places tasks one by one. `free` has each team's free people by slot, in tenths of a person; `fixed` has the dates
    of tasks that do not move."""

    def __init__(self, roadmap: Roadmap, axis: Axis, free: Mapping[str, NDArray[np.int64]], fixed: Spans) -> None:
        self.roadmap = roadmap
        self.axis = axis
        self.free = {team: slots.copy() for team, slots in free.items()}
        self.fixed = fixed
        self.placer = Placer(roadmap)

    def run(self, order: Sequence[TaskId], floors: Mapping[TaskId, int]) -> Placed:
        """Place tasks in an order in which predecessors come first; `floors` gives some of them an earliest start."""
        waits: dict[TaskId, Wait] = {}
        stuck: list[TaskId] = []
        dates: dict[TaskId, tuple[int, int]] = {}
        for name in sorted(self.fixed):
            self._book(self.roadmap.tasks[name], *self.fixed[name])
        for name in order:
            task = self.roadmap.tasks[name]
            placed, floor = self.placer.place(name), None
            if floors.get(name, placed.start) > placed.start:
                wanted, floor = placed.start, floors[name]
                placed = self.placer.place(name, floor=floor)
                waits[name] = Wait(name, wanted, placed.start, "")
            if name not in self.fixed and task.needs:
                placed, wait, is_stuck = self._wait(task, placed, floor)
                if wait is not None:
                    waits[name] = replace(wait, wanted=waits[name].wanted) if name in waits else wait
                if is_stuck:
                    stuck.append(name)
                self._book(task, placed.start, placed.finish)
            self.placer.put(name, placed)
            dates[name] = (placed.start, placed.finish)
        return Placed(dates, waits, tuple(stuck))

    def _wait(self, task: Task, placed: Early, floor: int | None) -> tuple[Early, Wait | None, bool]:
        """Move a task past each slot in which the people it needs are not free."""
        wanted, team = placed.start, ""
        while (full := self._full(task, placed.start, placed.finish)) is not None:
            slot, short = full
            floor = max(floor or 0, int(self.axis.opens[slot]) + self.axis.minutes)
            later = self._later(task, placed.start, floor)
            if later is None:
                break
            placed, team = later, team or short
        return placed, Wait(task.id, wanted, placed.start, team) if team else None, full is not None

    def _later(self, task: Task, start: int, floor: int) -> Early | None:
        """Place a task at or after a floor and later than `start`; return None if a date of its own prevents that.

        Whole periods are not missed immediately, so a task that waits for people may have to begin with the next ones.
        """
        floors = (floor, max(floor, start + LONGEST_PAUSE + 1))
        return next((p for p in (self.placer.place(task.id, floor=f) for f in floors) if p.start > start), None)

    def _full(self, task: Task, start: int, finish: int) -> tuple[int, str] | None:
        """Return the last slot in which a task's people are not all free, and a team that is short there."""
        last: tuple[int, str] | None = None
        slots = self._slots(task, start, finish)
        for team, amount in task.needs.items():
            short = slots[self.free[team][slots] < amount]
            if len(short) and (last is None or short[-1] > last[0]):
                last = int(short[-1]), team
        return last

    def _slots(self, task: Task, start: int, finish: int) -> NDArray[np.int64]:
        spans = [self.axis.span(a, b) for a, b in stretches(task, self.roadmap, start, finish)]
        most = len(self.axis.opens)
        found = [np.arange(a, min(b, most)) for a, b in spans]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def _book(self, task: Task, start: int, finish: int) -> None:
        slots = self._slots(task, start, finish)
        for team, amount in task.needs.items():
            self.free[team][slots] -= amount


def no_earlier(task: Task, at: int) -> Task:
    """Delay a task to an instant, or to its day if the task starts when a period opens, which is at midnight."""
    held = at // DAY * DAY if task.starts_on else at
    return replace(task, constraints=(*task.constraints, Constraint(Bound.START_NO_EARLIER, held)))
