"""The driving path: its Gantt chart (`templates/reports/gantt.svg.j2`), near-critical paths and drag."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from changeflow.programme.programme import Programme
from changeflow.reports.grouping import grouped, of_a_step, of_a_wave
from changeflow.roadmap.analysis.lengths import day_unit, float_in_words
from changeflow.roadmap.analysis.slippage import NearPath, Slips, near_critical_paths
from changeflow.roadmap.analysis.why import dates_in_words
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import days_in_words
from changeflow.values.moments import day_of, minute_of

SHOWN_PATHS, SHOWN_DRAG, ASKED_DRAG = 3, 5, 40
"""The most near-critical paths and tasks with drag shown, and the most tasks whose drag is computed: our own choice."""
LABEL_WIDTH, CHART_WIDTH, ROW_HEIGHT, TOP = 330, 630, 24, 34
MAX_ROWS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class NearLine:
    """Similar near-critical paths: their float, and their tasks with dates."""

    spare: str
    steps: tuple[str, ...]
    tasks: int
    """The number of tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DragLine:
    """A task of the longest path, or several similar ones, and its drag: what the end would gain without it."""

    task: str
    gain: str


def near_lines(programme: Programme) -> Iterator[NearLine]:
    """Yield the near-critical paths, the least float first."""
    roadmap, schedule = programme.roadmap, programme.required_schedule
    days = programme.rulepacks.number("schedule-health", "near_critical_days", on=programme.on)
    alike: dict[tuple[str, tuple[object, ...]], list[NearPath]] = {}
    for path in near_critical_paths(roadmap, schedule, within=days * programme.minutes_per_day):
        spare = float_in_words(roadmap, path.tightest, path.total_float)
        steps = tuple((of_a_wave(roadmap.tasks[t]), dates_in_words(roadmap, schedule, t)) for t in path.tasks)
        alike.setdefault((spare, steps), []).append(path)
    for (spare, _), paths in list(alike.items())[:SHOWN_PATHS]:
        in_order = (task for step in zip(*(p.tasks for p in paths), strict=True) for task in step)
        said = [(task, dates_in_words(roadmap, schedule, task)) for task in in_order]
        joined = tuple(f"{name}, {dates}" for name, dates, _ in grouped(roadmap, said))
        yield NearLine(spare=f"{spare}{' each' * (len(paths) > 1)}", steps=joined, tasks=len(said))


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneDrag:
    """The tasks whose shortening helps most, for milestones that gain the same."""

    milestones: tuple[str, ...]
    lines: tuple[DragLine, ...]


def milestone_drags(programme: Programme, slips: Slips) -> Iterator[MilestoneDrag]:
    """Yield the tasks with the most drag for each open milestone, with milestones that gain the same together."""
    found: dict[tuple[DragLine, ...], list[str]] = {}
    in_order = sorted(programme.open_milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id))
    for milestone in in_order:
        found.setdefault(tuple(drag_lines(programme, slips, milestone.task)), []).append(milestone.name)
    yield from (MilestoneDrag(milestones=tuple(names), lines=lines) for lines, names in found.items())


def drag_lines(programme: Programme, slips: Slips, target: TaskId | None = None) -> Iterator[DragLine]:
    """Yield the open tasks with the most drag on the longest path to `target`, or to the end."""
    roadmap, schedule = programme.roadmap, slips.schedule
    now, within = minute_of(programme.on), set(schedule.path_to(target)) if target is not None else None
    on_path = [
        t
        for t, timed in schedule.timed.items()
        if (timed.driving if within is None else t in within)
        and timed.early_finish > now
        and not roadmap.tasks[t].is_milestone
    ]
    soonest = sorted(on_path, key=lambda t: (schedule[t].early_start, t))[:ASKED_DRAG]
    found = sorted(((slips.drag(t, target), t) for t in soonest), key=lambda d: (-d[0], d[1]))
    gains = ((t, _gain_in_words(roadmap, t, m)) for m, t in found if m > 0)
    for name, gain, count in grouped(roadmap, gains, alike=of_a_step)[:SHOWN_DRAG]:
        yield DragLine(task=name, gain=f"{gain}{' each' * (count > 1)}")


def _gain_in_words(roadmap: Roadmap, task: TaskId, minutes: int) -> str:
    """Format a drag in days of its own calendar."""
    found = roadmap.tasks[task]
    unit = day_unit(found.measured_on or found.calendar)
    return days_in_words(minutes, roadmap.minutes_per_day).replace("day", unit)


@dataclass(frozen=True, slots=True)
class GanttBar:
    """One task, in pixels from the left edge of the drawing; a milestone has no width."""

    label: str
    dates: str
    x: float
    width: float
    y: int
    state: str
    """`done`, `begun` or `ahead`."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A line on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Gantt:
    width: int
    height: int
    bars: tuple[GanttBar, ...]
    months: tuple[Mark, ...]
    today: Mark | None
    left_out: int
    """The number of finished tasks not drawn."""


def draw_gantt(programme: Programme, target: TaskId | None, *, today: date) -> Gantt:
    """Lay out the longest path to `target` in order of start, without the oldest finished tasks if it is long."""
    schedule, width = programme.schedule, LABEL_WIDTH + CHART_WIDTH
    if schedule is None or target is None:
        return Gantt(width, 0, (), (), None, 0)
    path = sorted(schedule.path_to(target), key=lambda t: (schedule[t].early_start, schedule[t].early_finish, t))
    shown = path[-MAX_ROWS:]
    first = min(schedule[t].early_start for t in shown)
    last = max(schedule[t].early_finish for t in shown)
    start = minute_of(day_of(first).replace(day=1))
    end = minute_of(day_of(last).replace(day=1) + relativedelta(months=1))

    def x(position: int) -> float:
        return round(LABEL_WIDTH + CHART_WIDTH * (position - start) / (end - start), 1)

    bars = []
    for row, task in enumerate(shown):
        timed, done = schedule[task], programme.roadmap.progress.get(task)
        state = "ahead" if done is None else "done" if done.is_done else "begun"
        left, right = x(timed.early_start), x(timed.early_finish)
        is_milestone = programme.roadmap.tasks[task].is_milestone
        bars.append(
            GanttBar(
                label=programme.roadmap.tasks[task].name,
                dates=dates_in_words(programme.roadmap, schedule, task),
                x=left,
                width=0.0 if is_milestone else max(2.0, round(right - left, 1)),
                y=TOP + row * ROW_HEIGHT,
                state=state,
            )
        )
    now = minute_of(today)
    return Gantt(
        width=width,
        height=TOP + len(shown) * ROW_HEIGHT + 10,
        bars=tuple(bars),
        months=tuple(_months(day_of(start), day_of(end - 1), x)),
        today=Mark(x(now), f"{today.day} {today:%b}") if start <= now < end else None,
        left_out=len(path) - len(shown),
    )


def _months(first: date, last: date, x: Callable[[int], float]) -> list[Mark]:
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    step = 1 if count <= 12 else 2 if count <= 24 else 3
    months = [first + relativedelta(months=n) for n in range(0, count, step)]
    return [Mark(x(minute_of(m)), f"{m:%b %y}") for m in months]
