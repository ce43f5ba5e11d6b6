"""Float to one task: how far each task before it can slip until that one moves, regardless of the end and of
deadlines."""

from collections.abc import Mapping

import numpy as np

from changeflow.roadmap.engine.arrays import DEADLINE, FLAGS, NEVER, OTHER, SEVERAL_PATHS, Arrays
from changeflow.roadmap.engine.backward import backward
from changeflow.roadmap.engine.calendar_tables import PLACES
from changeflow.roadmap.engine.cpm import Schedule, TimedColumns, reach_further, settled
from changeflow.roadmap.engine.floats import measure
from changeflow.roadmap.engine.jit import call, kernel
from changeflow.roadmap.engine.net import Net, Result, net_of
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
        again = _again(arrays, result, arrays.row_of[target])
        if not reach_further(roadmap, arrays, again.trouble):
            return dict(zip(arrays.ids, again.total_float.tolist(), strict=True))
        arrays, result = settled(roadmap)


def _again(arrays: Arrays, result: Result, row: int) -> Result:
    """Compute the late dates that do not move one task, and the resulting floats."""
    hot, cold, settings = arrays.hot.copy(), arrays.cold.copy(), arrays.settings.copy()
    cold[:, DEADLINE] = NEVER
    cold[row, DEADLINE] = result.early[row, 1]
    hot[row, FLAGS] |= OTHER
    settings[SEVERAL_PATHS] = 0
    copies = {name: getattr(result, name).copy() for name in ("late", "total_float", "free_float", "worked", "logic")}
    copies["logic"][row] = NEVER
    end = np.array([int(result.early[:, 1].max()) + FAR], np.int64)
    again = result._replace(**copies, end=end, trouble=np.zeros(PLACES, np.int64))
    net = net_of(arrays._replace(hot=hot, cold=cold, settings=settings), again.trouble)
    call(_late_again, len(hot), net, again)
    return again


@kernel
def _late_again(n: Net, r: Result) -> None:
    backward(n, r)
    measure(n, r)
