"""The rows of a schedule, and what if each task took longer: what Project files have to show as well."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from changeflow.programme.dates import Dates
from changeflow.roadmap.analysis.why import length_in_words
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import parse_duration
from changeflow.values.moments import day_of, format_day, iso

if TYPE_CHECKING:
    from changeflow.roadmap.engine.replan import Longer

SHOWN = 25


def what_if_rows(roadmap: Roadmap, swept: "Longer") -> list[dict[str, Any]]:
    """Return a row for every task that was asked for, the worst first."""
    return [
        {"id": task, "name": roadmap.tasks[task].name, "finish": iso(swept.if_longer[task]), "days": days}
        for days, task in _ranked(swept)
    ]


def what_if_lines(roadmap: Roadmap, swept: "Longer", longer: str) -> Iterator[str]:
    """Yield the lines for the terminal: only what moves the end."""
    amount = length_in_words(parse_duration(longer, minutes_per_day=roadmap.minutes_per_day), roadmap.minutes_per_day)
    yield f"The end is {format_day(day_of(swept.finish))}. Calendar days by which it moves if a task takes"
    yield f"{amount} longer, all else as it is:"
    moving = [(days, task) for days, task in _ranked(swept) if days > 0]
    for days, task in moving[:SHOWN]:
        yield f"  {days:+4d}  {roadmap.tasks[task].name}"
    if len(moving) > SHOWN:
        yield f"  … and {len(moving) - SHOWN} more"
    yield f"{len(swept.if_longer) - len(moving)} of {len(swept.if_longer)} open tasks have the float for it."


def _ranked(swept: "Longer") -> list[tuple[int, TaskId]]:
    days = ((day_of(finish) - day_of(swept.finish)).days for finish in swept.if_longer.values())
    return sorted(zip(days, swept.if_longer, strict=True), key=lambda d: (-d[0], d[1]))


def schedule_rows(
    schedule: Schedule, names: Mapping[str, str], *, key: str = "uid", baseline: Mapping[TaskId, Dates] | None = None
) -> list[dict[str, Any]]:
    """Return the JSON rows of a schedule: ISO local datetimes, floats in working minutes.

    With a baseline, the tasks in it have its start and finish as well. What rests on assumed days says so.
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
        rows[-1] |= {"assumed": True} if task in schedule.assumed.early else {}
        rows[-1] |= {"late_assumed": True} if task in schedule.assumed.late else {}
        if baseline and (known := baseline.get(task)):
            rows[-1] |= {"baseline_start": iso(known.start), "baseline_finish": iso(known.finish)}
    return rows
