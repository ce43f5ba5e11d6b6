"""A schedule's rows, and what happens if each task takes longer, for programmes and Project files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from changeflow.programme.dates import Dates
from changeflow.reports.grouping import grouped
from changeflow.roadmap.analysis.assumed import end_in_words, mark_assumed
from changeflow.roadmap.analysis.lengths import OFFICE, critical_or_float, length_in_words
from changeflow.roadmap.analysis.why import dates_in_words
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, parse_duration
from changeflow.values.moments import day_of, format_day, format_days, iso, last_day_of

if TYPE_CHECKING:
    from changeflow.programme.programme import Programme
    from changeflow.roadmap.analysis.slippage import IfLonger
    from changeflow.roadmap.engine.replan import Longer

SHOWN, SHOWN_BESIDE = 25, 10
"""The most lines shown for the end, and for each milestone: our own choice."""


def schedule_lines(roadmap: Roadmap, schedule: Schedule, names: Mapping[TaskId, str]) -> Iterator[str]:
    """Yield each task with its days and its float, in the order of their starts, for the terminal.

    A task that is as late as possible is on its late dates: Project shows its early ones beside them.
    """
    placed = {t: _placed(roadmap, schedule, t) for t in schedule.timed if t not in schedule.below}
    for task, below in schedule.below.items():
        spans = [placed[t] for t in below if t in placed]
        placed[task] = (min(s for s, _ in spans), max(f for _, f in spans)) if spans else _early(schedule, task)
    for task, (start, finish) in sorted(placed.items(), key=lambda item: (item[1][0], item[0])):
        days = dates_in_words(roadmap, schedule, task)
        if (start, finish) != _early(schedule, task):
            days = mark_assumed(format_days(day_of(start), last_day_of(finish)), schedule, task)
        mark = critical_or_float(roadmap, task, schedule[task].total_float)
        yield f"{days:<28} {mark:<20} {names[task]}"


def _placed(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> tuple[int, int]:
    timed = schedule[task]
    is_late = roadmap.tasks[task].as_late_as_possible and task not in roadmap.progress
    return (timed.late_start, timed.late_finish) if is_late else _early(schedule, task)


def _early(schedule: Schedule, task: TaskId) -> tuple[int, int]:
    return schedule[task].early_start, schedule[task].early_finish


def what_if_rows(roadmap: Roadmap, swept: "Longer", milestones: Sequence["IfLonger"] = ()) -> list[dict[str, Any]]:
    """Return a row for each task, the worst first, with the days that it would move each milestone."""
    return [
        {
            "id": task,
            "name": roadmap.tasks[task].name,
            "finish": iso(swept.if_longer[task]),
            "days": days,
            "milestones": {m.id: _days(m.if_longer.get(task, m.finish), m.finish) for m in milestones},
        }
        for days, task in _ranked(swept.if_longer, swept.finish)
    ]


def what_if_lines(
    roadmap: Roadmap, schedule: Schedule, swept: "Longer", longer: str, milestones: Sequence["IfLonger"] = ()
) -> Iterator[str]:
    """Yield the tasks that would move the end or a milestone, for the terminal; similar ones share a line."""
    asked = parse_duration(longer, minutes_per_day=roadmap.minutes_per_day)
    amount = length_in_words(asked, roadmap.minutes_per_day, OFFICE)
    yield f"The end is {end_in_words(schedule)}. If one of these tasks takes {amount} longer,"
    yield "the end moves by this many calendar days:"
    yield from _moving(roadmap, swept.if_longer, swept.finish, shown=SHOWN)
    still = sum(finish <= swept.finish for finish in swept.if_longer.values())
    yield f"{still} of {len(swept.if_longer)} open tasks have enough float."
    for m in milestones:
        yield ""
        day = mark_assumed(format_day(schedule[m.task].day_at(m.finish)), schedule, m.task)
        yield f"“{m.name}” is on {day}. It moves if a task takes {amount} longer:"
        lines = list(_moving(roadmap, m.if_longer, m.finish, shown=SHOWN_BESIDE))
        yield from lines or ["  No single task would move it."]


def _moving(roadmap: Roadmap, if_longer: Mapping[TaskId, int], finish: int, *, shown: int) -> Iterator[str]:
    moving = [(task, days) for days, task in _ranked(if_longer, finish) if days > 0]
    lines = grouped(roadmap, moving)
    for name, days, _ in lines[:shown]:
        yield f"  {days:+4d}  {name}"
    if left := sum(count for _, _, count in lines[shown:]):
        yield f"  … and {left} more"


def _ranked(if_longer: Mapping[TaskId, int], finish: int) -> list[tuple[int, TaskId]]:
    return sorted(((_days(later, finish), task) for task, later in if_longer.items()), key=lambda d: (-d[0], d[1]))


def _days(later: int, finish: int) -> int:
    return (last_day_of(later) - last_day_of(finish)).days


def float_unit(task: Task) -> str:
    """Return the unit of a task's floats: working minutes of its own calendar, or elapsed minutes."""
    return "elapsed_minutes" if task.duration.unit is Unit.ELAPSED else "working_minutes"


def task_float(programme: "Programme", task: TaskId) -> int:
    """Return a task's total float in working minutes, as every page, report and table of a programme gives it.

    A milestone on the day after its deadline misses it, though its float in minutes may be zero.
    """
    total = programme.timed(task).total_float
    own = next((m for m in programme.open_milestones if m.task == task), None)
    return total if own is None else min(total, programme.spare(own))


def schedule_rows(
    roadmap: Roadmap,
    schedule: Schedule,
    names: Mapping[str, str],
    *,
    key: str = "uid",
    baseline: Mapping[TaskId, Dates] | None = None,
) -> list[dict[str, Any]]:
    """Return the JSON rows of a schedule: ISO local datetimes, floats in minutes with their unit.

    With a baseline, its tasks also have their baseline dates. Dates that rest on assumed days are marked.
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
                "float_unit": float_unit(roadmap.tasks[task]),
                "critical": timed.critical,
                "driving": timed.driving,
            }
        )
        rows[-1] |= {"assumed": True} if task in schedule.assumed.early else {}
        rows[-1] |= {"late_assumed": True} if task in schedule.assumed.late else {}
        if baseline and (known := baseline.get(task)):
            rows[-1] |= {"baseline_start": iso(known.start), "baseline_finish": iso(known.finish)}
    return rows
