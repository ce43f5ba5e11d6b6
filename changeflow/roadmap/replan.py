"""Planning again after a change: only what follows from it is computed anew. And what if each task took longer?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.arrays import (
    AMOUNT,
    CLOCK,
    FLAGS,
    KIND,
    LINK,
    MANUAL,
    NEVER,
    ODD_INTO,
    ODD_OUT,
    OPEN,
    PARTS_FROM,
    PARTS_TO,
    PROGRESSED,
    SHAPE,
    SHARE,
    STATE,
    SUMMARY,
    TASK,
    WORK,
    Arrays,
    Codes,
    Ints,
    task_rows,
    to_arrays,
)
from changeflow.roadmap.compiled import TimedColumns, below_of, settle
from changeflow.roadmap.cpm import Schedule, time_roadmap
from changeflow.roadmap.kernel import run
from changeflow.roadmap.kernel_sweep import sweep
from changeflow.roadmap.tasks import Roadmap
from changeflow.values.base import TaskId


class Replanner:
    """Keeps a roadmap's arrays and dates, and brings them up to date with each roadmap that follows.

    What differs is found by identity: a roadmap is immutable, so a task that is the same object has not changed.
    """

    def __init__(self, roadmap: Roadmap) -> None:
        self._start(roadmap)

    def _start(self, roadmap: Roadmap) -> Schedule:
        self.roadmap = roadmap
        self.arrays = to_arrays(roadmap)
        self.row_of = {task: row for row, task in enumerate(self.arrays.ids)}
        self.result = settle(roadmap, self.arrays)
        return self.schedule()

    def schedule(self) -> Schedule:
        """Return the schedule of the latest roadmap; one that runs off its calendars raises, as the pure path does."""
        if self.result.trouble[0]:
            return time_roadmap(self.roadmap)
        columns = TimedColumns(self.roadmap.tasks, self.arrays, self.result)
        return Schedule(columns, self.result.finish, below_of(self.arrays))

    def plan(self, roadmap: Roadmap) -> Schedule:
        """Plan a changed roadmap. Tasks and progress are brought up to date; other changes compute everything anew.

        The schedule that was returned before shares the arrays, and is out of date from here on.
        """
        changed = _changed(self.roadmap, roadmap)
        if changed is None or self.result.trouble[0] or len(changed) * 4 > len(roadmap.tasks):
            return self._start(roadmap)
        rows = np.array([self.row_of[t] for t in changed], np.int64)
        if not self._patch(roadmap, changed, rows):
            return self._start(roadmap)
        self.roadmap = roadmap
        self.recompute(rows)
        return self.schedule()

    def recompute(self, rows: Ints) -> None:
        """Compute what follows from rows of the arrays that have changed, and nothing else."""
        dirty = np.zeros(len(self.arrays.hot), np.int8)
        dirty[rows] = 1
        dirty_late = dirty.copy()
        dirty_late[self._before(rows)] = 1
        run(self.arrays, self.result, dirty, dirty_late, dirty_late.copy(), is_whole=False)

    def _patch(self, roadmap: Roadmap, changed: list[TaskId], rows: Ints) -> bool:
        """Write the changed rows; False where they need more than their rows."""
        arrays = self.arrays
        tasks = [roadmap.tasks[t] for t in changed]
        if any(t.assignments or t.as_late_as_possible for t in tasks) or (arrays.hot[rows, FLAGS] & SUMMARY).any():
            return False
        if any((p := roadmap.progress.get(t)) and p.parts for t in changed):
            return False
        hot, cold, _ = task_rows(roadmap, tasks, Codes(roadmap))
        had_parts = arrays.cold[rows, PARTS_TO] > arrays.cold[rows, PARTS_FROM]
        moved_state = arrays.cold[rows, STATE] != cold[:, STATE]
        if (hot[:, AMOUNT] != arrays.hot[rows, AMOUNT]).any() and self._is_shared(rows):
            return False
        if had_parts.any() or (moved_state.any() and len(arrays.below)):
            return False
        hot[:, FLAGS] |= arrays.hot[rows, FLAGS] & (ODD_INTO | ODD_OUT)
        arrays.hot[rows], arrays.cold[rows] = hot, cold
        for row in rows[moved_state].tolist():
            into = arrays.out[TASK] == row
            arrays.out[SHAPE, into] &= ~PROGRESSED
            if arrays.cold[row, STATE] != OPEN:
                arrays.out[SHAPE, into] |= PROGRESSED
                arrays.hot[self._before(np.array([row])), FLAGS] |= ODD_OUT
        return True

    def _is_shared(self, rows: Ints) -> bool:
        """Tell whether a lag is a share of one of these tasks' durations."""
        first, out = self.arrays.first_out, self.arrays.out
        return any(self.arrays.lags[out[LINK, first[k] : first[k + 1]], SHARE].any() for k in rows.tolist())

    def _before(self, rows: Ints) -> list[int]:
        first, into = self.arrays.first_into, self.arrays.into
        return [int(k) for row in rows.tolist() for k in into[TASK, first[row] : first[row + 1]]]


def _changed(before: Roadmap, after: Roadmap) -> list[TaskId] | None:
    """Return the tasks whose own fields or progress differ; None where more than that does."""
    same = (
        before.links is after.links
        and before.calendars is after.calendars
        and before.periods is after.periods
        and before.parents is after.parents
        and before.profile == after.profile
        and (before.start, before.finish, before.data_date) == (after.start, after.finish, after.data_date)
        and (before.holds_set_dates, before.slack_limit) == (after.holds_set_dates, after.slack_limit)
        and (before.several_paths, before.minutes_per_day) == (after.several_paths, after.minutes_per_day)
        and before.tasks.keys() == after.tasks.keys()
    )
    late = any(t.as_late_as_possible for t in before.tasks.values()) if same else True
    if late or after.finish is not None:
        return None
    old, done = before.tasks, before.progress
    changed = {name for name, task in after.tasks.items() if old[name] is not task}
    if done is not after.progress:
        changed |= {t for t in {*done, *after.progress} if done.get(t) != after.progress.get(t)}
    return sorted(changed)


@dataclass(frozen=True, slots=True)
class Longer:
    """What becomes of the roadmap's finish when one task takes longer, all else as it is: civil minutes."""

    finish: int
    if_longer: Mapping[TaskId, int]
    """The finish with that task longer; tasks that have begun, that pass in other units than time, or whose longer
    selves would run off the calendars, are left out."""


def if_longer(roadmap: Roadmap, minutes: int) -> Longer:
    """Return the finish for each open task that takes so many working minutes more (minutes of the clock, if elapsed).

    One sweep over all tasks: whatever has the float for it costs nothing, of the others only what they move is
    computed. A negative number asks what a shorter task would gain.
    """
    # What is as late as possible takes no float from others here: it would move before it moved them.
    early = {t.id: replace(t, as_late_as_possible=False) for t in roadmap.tasks.values() if t.as_late_as_possible}
    if early:
        roadmap = replace(roadmap, tasks={**roadmap.tasks, **early})
    arrays = to_arrays(roadmap)
    result = settle(roadmap, arrays)
    last = int(result.early[:, 1].max()) if len(result.early) else roadmap.start
    finishes = sweep(arrays, result, minutes)
    asked = _can_be_longer(arrays)
    return Longer(
        last, {t: int(finishes[row]) for row, t in enumerate(arrays.ids) if asked[row] and finishes[row] != NEVER}
    )


def _can_be_longer(arrays: Arrays) -> "NDArray[np.bool_]":
    is_time = np.isin(arrays.cold[:, KIND], (WORK, CLOCK)) & (arrays.hot[:, AMOUNT] > 0)
    is_free = arrays.hot[:, FLAGS] & (SUMMARY | MANUAL) == 0
    found: NDArray[np.bool_] = is_time & is_free & (arrays.cold[:, STATE] == OPEN)
    return found
