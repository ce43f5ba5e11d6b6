"""What lies on and beside the longest path, in lines: what shortening gains, and which paths come next."""

from collections.abc import Iterator
from dataclasses import dataclass

from changeflow.programme.programme import Programme
from changeflow.roadmap.analysis.slippage import Slips, near_critical_paths
from changeflow.roadmap.analysis.why import dates_in_words, float_in_words
from changeflow.values.duration import days_in_words
from changeflow.values.moments import minute_of

SHOWN_PATHS, SHOWN_DRAG, ASKED_DRAG = 3, 5, 40
"""How many near-critical paths and tasks with drag are told, and how many are asked for theirs: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearLine:
    """A near-critical path: its float, and its tasks with their dates."""

    spare: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DragLine:
    """A task of the longest path, and what the end would gain without it."""

    task: str
    gain: str


def near_lines(programme: Programme) -> Iterator[NearLine]:
    """Yield the paths that come next, the tightest first."""
    roadmap, schedule = programme.roadmap, programme.required_schedule
    days = programme.rulepacks.number("schedule-health", "near_critical_days", on=programme.on)
    paths = near_critical_paths(roadmap, schedule, within=days * programme.minutes_per_day)
    for path in paths[:SHOWN_PATHS]:
        steps = (f"{roadmap.tasks[t].name}, {dates_in_words(roadmap, schedule, t)}" for t in path.tasks)
        yield NearLine(spare=float_in_words(roadmap, path.tightest, path.total_float), steps=tuple(steps))


def drag_lines(programme: Programme, slips: Slips) -> Iterator[DragLine]:
    """Yield the open tasks of the longest path whose work costs the end the most."""
    roadmap, schedule = programme.roadmap, slips.schedule
    now = minute_of(programme.on)
    on_path = [
        t
        for t, timed in schedule.timed.items()
        if timed.driving and timed.early_finish > now and not roadmap.tasks[t].is_milestone
    ]
    soonest = sorted(on_path, key=lambda t: (schedule[t].early_start, t))[:ASKED_DRAG]
    found = sorted(((slips.drag(t), t) for t in soonest), key=lambda d: (-d[0], d[1]))
    for minutes, task in found[:SHOWN_DRAG]:
        if minutes > 0:
            gain = days_in_words(minutes, programme.minutes_per_day).replace("day", "working day")
            yield DragLine(task=roadmap.tasks[task].name, gain=gain)
