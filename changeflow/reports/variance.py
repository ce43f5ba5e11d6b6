"""Variance: where milestones and tasks stand against the baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.values.base import TaskId
from changeflow.values.moments import day_of, format_day, last_day_of

SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceLine:
    """A task's forecast against its baseline, in calendar days: later is positive."""

    id: TaskId
    name: str
    baseline: str
    forecast: str
    days: int
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    note: str
    milestones: tuple[VarianceLine, ...]
    tasks: tuple[VarianceLine, ...]
    """The largest first."""
    added: tuple[str, ...]
    """Tasks that the baseline does not hold."""
    gone: tuple[str, ...]


def build_variance(programme: Programme, baseline: Mapping[TaskId, Dates], *, note: str, everything: bool) -> Variance:
    """Compare finishes; without `everything` tasks that stand where they stood are left out, milestones never."""
    is_milestone = {m.task for m in programme.milestones}
    lines = [_line(programme, t, baseline[t]) for t in programme.roadmap.tasks if t in baseline]
    moved = [x for x in lines if x.id not in is_milestone and (x.days or everything)]
    return Variance(
        note=note,
        milestones=tuple(x for x in lines if x.id in is_milestone),
        tasks=tuple(sorted(moved, key=lambda x: (-abs(x.days), x.id))),
        added=tuple(programme.roadmap.tasks[t].name for t in programme.roadmap.tasks if t not in baseline),
        gone=tuple(t for t in baseline if t not in programme.roadmap.tasks),
    )


def variance_text(variance: Variance) -> Iterator[str]:
    """Yield the lines for the terminal."""
    yield variance.note
    for title, lines in (("Milestones", variance.milestones), ("Tasks", variance.tasks)):
        yield ""
        yield f"{title}: calendar days later (+) or earlier (-) than the baseline"
        for line in lines[:SHOWN]:
            done = ", done" if line.done else ""
            yield f"  {line.days:+4d}  {line.forecast:<12} (was {line.baseline}{done})  {line.name}"
        if len(lines) > SHOWN:
            yield f"  … and {len(lines) - SHOWN} more"
        if not lines:
            yield "  none"
    for title, names in (("Not in the baseline", variance.added), ("In the baseline alone", variance.gone)):
        if names:
            yield ""
            yield f"{title}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"


def _line(programme: Programme, task: TaskId, planned: Dates) -> VarianceLine:
    finish, progress = programme.timed(task).early_finish, programme.roadmap.progress.get(task)
    read = day_of if programme.roadmap.tasks[task].is_milestone else last_day_of
    before, after = read(planned.finish), read(finish)
    return VarianceLine(
        id=task,
        name=programme.roadmap.tasks[task].name,
        baseline=format_day(before),
        forecast=format_day(after),
        days=(after - before).days,
        done=bool(progress and progress.is_done),
    )
