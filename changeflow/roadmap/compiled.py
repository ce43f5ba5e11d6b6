"""The compiled path: a roadmap into arrays, through the kernel, and back as a schedule."""

from changeflow.roadmap.arrays import BOUNDS, DONE, Arrays, to_arrays
from changeflow.roadmap.cpm import Schedule, TimedTask
from changeflow.roadmap.kernel import ACTUAL, DATA_DATE, LINKS, START, Result, compute
from changeflow.roadmap.tasks import Link, Roadmap

REASONS = {START: "start", LINKS: "links", DATA_DATE: "data_date", ACTUAL: "actual"}


def time_compiled(roadmap: Roadmap) -> Schedule | None:
    """Time a plain roadmap; None when a calendar ran out, so that the pure path can say which."""
    arrays = to_arrays(roadmap)
    result = compute(arrays)
    return None if result.trouble else _schedule(arrays, result)


def _schedule(arrays: Arrays, result: Result) -> Schedule:
    drivers: dict[int, list[Link]] = {}
    for j in result.drives.nonzero()[0].tolist():
        drivers.setdefault(int(arrays.link.after[j]), []).append(arrays.links[j])
    columns = [c.tolist() for c in result[:7]]
    driving, done = result.driving.tolist(), (arrays.tasks.state == DONE).tolist()
    timed = {
        task: TimedTask(
            task=task,
            early_start=early_start,
            early_finish=early_finish,
            late_start=late_start,
            late_finish=late_finish,
            total_float=total,
            free_float=free,
            critical=total <= arrays.settings.slack_limit and not done[n],
            driving=bool(driving[n]),
            drivers=tuple(drivers.get(n, ())),
            reason=REASONS.get(reason) or BOUNDS[reason].value,
        )
        for n, (task, early_start, early_finish, late_start, late_finish, total, free, reason) in enumerate(
            zip(arrays.ids, *columns, strict=True)
        )
    }
    return Schedule(timed, result.finish, {})
