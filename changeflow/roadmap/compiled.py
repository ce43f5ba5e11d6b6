"""The compiled path: a roadmap into arrays, through the kernel, and back as a schedule."""

from collections.abc import Iterator, Mapping

import numpy as np

from changeflow.roadmap.arrays import (
    BELOW_FROM,
    BELOW_TO,
    BOUNDS,
    DONE,
    FLAGS,
    LATE_SHOWS_EARLY,
    LINK,
    NEVER,
    OPEN,
    OTHER,
    SET_DATES,
    SLACK_LIMIT,
    START,
    STATE,
    SUMMARY,
    Arrays,
    to_arrays,
)
from changeflow.roadmap.cpm import Schedule, TimedTask
from changeflow.roadmap.kernel import compute
from changeflow.roadmap.kernel_state import (
    BY_ACTUAL,
    BY_DATA_DATE,
    BY_HAND,
    BY_LINKS,
    BY_ROLL_UP,
    BY_START,
    START_NO_EARLIER,
    Result,
)
from changeflow.roadmap.tasks import Roadmap
from changeflow.values.base import TaskId

REASONS: Mapping[int, str] = {
    BY_START: "start",
    BY_LINKS: "links",
    BY_DATA_DATE: "data_date",
    BY_ACTUAL: "actual",
    BY_HAND: "manual",
    BY_ROLL_UP: "roll_up",
} | {SET_DATES + n: bound.value for n, bound in enumerate(BOUNDS)}


class TimedColumns(Mapping[TaskId, TimedTask]):
    """A schedule in columns, in the roadmap's order: a task's dates become an object when somebody asks for them."""

    def __init__(self, names: Mapping[TaskId, object], arrays: Arrays, result: Result) -> None:
        self.names = names
        self.arrays = arrays
        self.result = result
        self.row_of = {task: row for row, task in enumerate(arrays.ids)}
        self.slack_limit = int(arrays.settings[SLACK_LIMIT])

    def __len__(self) -> int:
        return len(self.row_of)

    def __iter__(self) -> Iterator[TaskId]:
        return iter(self.names)

    def __getitem__(self, task: TaskId) -> TimedTask:
        row, r, arrays = self.row_of[task], self.result, self.arrays
        total = int(r.total_float[row])
        into = range(int(arrays.first_into[row]), int(arrays.first_into[row + 1]))
        return TimedTask(
            task=task,
            early_start=int(r.early[row, 0]),
            early_finish=int(r.early[row, 1]),
            late_start=int(r.late[row, 0]),
            late_finish=int(r.late[row, 1]),
            total_float=total,
            free_float=int(r.free_float[row]),
            critical=total <= self.slack_limit and int(arrays.cold[row, STATE]) != DONE,
            driving=bool(r.driving[row]),
            drivers=tuple(arrays.links[int(arrays.into[LINK, j])] for j in into if r.drives[j]),
            reason=REASONS[int(r.reason[row])],
        )


def time_compiled(roadmap: Roadmap) -> Schedule | None:
    """Time a roadmap; None when a calendar ran out, so that the pure path can say which."""
    arrays = to_arrays(roadmap)
    result = settle(roadmap, arrays)
    if result.trouble[0]:
        return None
    return Schedule(TimedColumns(roadmap.tasks, arrays, result), result.finish, below_of(arrays))


def settle(roadmap: Roadmap, arrays: Arrays) -> Result:
    """Run the passes until starts that follow from a finish, and what is as late as possible, are settled."""
    result = compute(arrays)
    if roadmap.finish is not None and not result.trouble[0]:
        needed = int(result.late[:, 0].min()) if len(result.late) else roadmap.start
        arrays.settings[START] = max(needed, roadmap.start) if roadmap.profile.start_is_floor else needed
        result = compute(arrays)
    held = [] if result.trouble[0] else _hold_late(roadmap, arrays, result)
    if held:
        could, result = result, compute(arrays)
        if arrays.settings[LATE_SHOWS_EARLY]:
            result.early[held] = could.early[held]
    return result


def below_of(arrays: Arrays) -> dict[TaskId, tuple[TaskId, ...]]:
    """Return the tasks below each summary."""
    spans = arrays.cold[:, BELOW_FROM : BELOW_TO + 1]
    rows = np.flatnonzero(spans[:, 1] > spans[:, 0]).tolist()
    return {arrays.ids[k]: tuple(arrays.ids[b] for b in arrays.below[slice(*spans[k])].tolist()) for k in rows}


def _hold_late(roadmap: Roadmap, arrays: Arrays, result: Result) -> list[int]:
    """Hold what is to be as late as possible at its late start; return its rows."""
    late = [t.id for t in roadmap.tasks.values() if t.as_late_as_possible]
    row_of = {task: row for row, task in enumerate(arrays.ids)} if late else {}
    held = [row for t in late if arrays.cold[row := row_of[t], STATE] == OPEN and not arrays.hot[row, FLAGS] & SUMMARY]
    for row in held:
        known, start = arrays.cold[row, START_NO_EARLIER], result.late[row, 0]
        arrays.cold[row, START_NO_EARLIER] = start if known == NEVER else max(known, start)
        arrays.hot[row, FLAGS] |= OTHER
    return held
