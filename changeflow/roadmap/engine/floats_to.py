"""Late dates and floats with other deadlines; early dates do not depend on deadlines.

One use is float to a task: how far each earlier task can slip before that task moves, whatever the end and the
deadlines.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from changeflow.roadmap.engine.arrays import DEADLINE, FLAGS, NEVER, OTHER, SEVERAL_PATHS, Arrays
from changeflow.roadmap.engine.backward import backward
from changeflow.roadmap.engine.calendar_tables import PLACES
from changeflow.roadmap.engine.cpm import (
    Schedule,
    TimedColumns,
    TimedTask,
    reach_further,
    refuse_run_out,
    settled,
    time_roadmap,
)
from changeflow.roadmap.engine.floats import measure
from changeflow.roadmap.engine.jit import call, kernel
from changeflow.roadmap.engine.net import Net, Result, net_of
from changeflow.roadmap.engine.replan import is_by_links
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY

FAR = 3 * 366 * DAY
"""How much later than everything else a task may end if the target does not wait for it: its float does not matter."""


def floats_to(roadmap: Roadmap, schedule: Schedule, target: TaskId) -> Mapping[TaskId, int]:
    """Return every task's float to `target`; it is large for tasks that `target` does not wait for. O(tasks +
    links)."""
    columns = schedule.timed
    if not isinstance(columns, TimedColumns) or columns.roadmap is not roadmap:
        return {t: timed.total_float for t, timed in columns.items()}
    arrays, result = columns.arrays, columns.result
    while True:
        row, settings, cold = arrays.row_of[target], arrays.settings.copy(), arrays.cold.copy()
        logic = result.logic.copy()
        settings[SEVERAL_PATHS], cold[:, DEADLINE], logic[row] = 0, NEVER, NEVER
        end = np.array([int(result.early[:, 1].max()) + FAR], np.int64)
        due = {target: int(result.early[row, 1])}
        arrays, again = _again(
            arrays._replace(settings=settings, cold=cold), result._replace(end=end, logic=logic), due
        )
        if not reach_further(roadmap, arrays, again.trouble):
            return dict(zip(arrays.ids, again.total_float.tolist(), strict=True))
        arrays, result = settled(roadmap)


def timed_with(
    roadmap: Roadmap, schedule: Schedule, deadlines: Mapping[TaskId, int | None]
) -> Mapping[TaskId, TimedTask]:
    """Return what `time_roadmap` gives if some tasks have other deadlines, or none (None). O(tasks + links)."""
    columns = schedule.timed
    if not is_by_links(roadmap) or not isinstance(columns, TimedColumns) or columns.roadmap is not roadmap:
        changed = {t: replace(roadmap.tasks[t], deadline=at) for t, at in deadlines.items()}
        return time_roadmap(replace(roadmap, tasks={**roadmap.tasks, **changed})).timed
    arrays, result = columns.arrays, columns.result
    while True:
        arrays, again = _again(arrays, result, deadlines)
        if not reach_further(roadmap, arrays, again.trouble):
            refuse_run_out(roadmap, again.trouble)
            return TimedColumns(roadmap, arrays, again)
        arrays, result = settled(roadmap)


def _again(arrays: Arrays, result: Result, deadlines: Mapping[TaskId, int | None]) -> tuple[Arrays, Result]:
    """Compute late dates and floats with other deadlines."""
    hot, cold = arrays.hot.copy(), arrays.cold.copy()
    copies = {name: getattr(result, name).copy() for name in ("late", "total_float", "free_float", "worked", "logic")}
    for task, at in deadlines.items():
        row = arrays.row_of[task]
        cold[row, DEADLINE] = NEVER if at is None else at
        # An ordinary row has no deadline and no `logic`, so make the row an odd one and clear `logic`.
        if at is not None and not hot[row, FLAGS] & OTHER:
            hot[row, FLAGS] |= OTHER
            copies["logic"][row] = NEVER
    again = result._replace(**copies, trouble=np.zeros(PLACES, np.int64))
    changed = arrays._replace(hot=hot, cold=cold)
    call(_late_again, len(hot), net_of(changed, again.trouble), again)
    return changed, again


@kernel
def _late_again(n: Net, r: Result) -> None:
    backward(n, r)
    measure(n, r)
