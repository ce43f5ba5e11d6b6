"""What bounds a task's late dates: the link that its latest finish depends on."""

from collections.abc import Iterator

from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.engine.pace import lagged
from changeflow.roadmap.model.tasks import Link, Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit


def nearest_bound(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> Link | None:
    """Return the link that first bounds a task's late dates; None if the end does."""
    timed, found = schedule[task], list[tuple[int, TaskId, Link]]()
    for link in _links_out_of(roadmap, task):
        if roadmap.is_done(link.successor) or not (held := _late_ends(roadmap, schedule, link.successor)):
            continue
        late, before = held[1] if link.type.to_finish else held[0], schedule[link.predecessor]
        passed = lagged(roadmap, late, link, (before.early_start, before.early_finish), back=True)
        # A bound on the start also bounds the finish, later by the task's duration.
        bound = passed if link.type.from_finish else passed + timed.late_finish - timed.late_start
        found.append((bound, link.successor, link))
    nearest = min(found, key=lambda f: f[:2], default=None)
    return nearest[2] if nearest is not None and nearest[0] <= schedule.finish else None


def _links_out_of(roadmap: Roadmap, task: TaskId) -> Iterator[Link]:
    """Return a task's own links, and those of the summaries above it."""
    above, current = {task}, roadmap.parents.get(task)
    while current is not None:
        above.add(current)
        current = roadmap.parents.get(current)
    return (link for link in roadmap.links if link.predecessor in above)


def _late_ends(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> tuple[int, int] | None:
    """Return a late start and finish; for begun work, when the rest may resume. None if it waits for nothing."""
    timed, progress, found = schedule[task], roadmap.progress.get(task), roadmap.tasks[task]
    if progress is None or task in schedule.below:
        return timed.late_start, timed.late_finish
    left, since, profile = progress.remaining, progress.resume or roadmap.data_date, roadmap.profile
    if profile.pins_started:
        return progress.resume or timed.early_finish, timed.late_finish
    if not profile.retains_logic or (left is None and since is None):
        return None
    calendar, is_known = roadmap.calendars[found.placed_on or found.calendar], left and left.unit is Unit.WORKING
    minutes = left.amount if left and is_known else calendar.between(since or timed.early_start, timed.early_finish)
    return calendar.subtract(timed.late_finish, minutes), timed.late_finish
