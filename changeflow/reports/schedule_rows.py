"""The rows of a schedule: all that a Project file's plan has to show."""

from collections.abc import Mapping
from typing import Any

from changeflow.programme.dates import Dates
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.values.base import TaskId
from changeflow.values.moments import iso


def schedule_rows(
    schedule: Schedule, names: Mapping[str, str], *, key: str = "uid", baseline: Mapping[TaskId, Dates] | None = None
) -> list[dict[str, Any]]:
    """Return the JSON rows of a schedule: ISO local datetimes, floats in working minutes.

    With a baseline, the tasks in it have its start and finish as well.
    """
    rows = []
    for task, timed in schedule.timed.items():
        rows.append(
            {
                key: int(task) if key == "uid" and task.isdigit() else task,
                "name": names[task],
                "early_start": iso(timed.early_start),
                "early_finish": iso(timed.early_finish),
                "late_start": iso(timed.late_start),
                "late_finish": iso(timed.late_finish),
                "total_float": timed.total_float,
                "free_float": timed.free_float,
                "critical": timed.critical,
                "driving": timed.driving,
            }
        )
        if baseline and (known := baseline.get(task)):
            rows[-1] |= {"baseline_start": iso(known.start), "baseline_finish": iso(known.finish)}
    return rows
