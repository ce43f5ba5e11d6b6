"""The cost of a slip: cut-offs, drag, the float before the next cut-off, and near-critical paths.

A slip moves in steps. A day late may cost nothing, a day, or a month if a pay period, term or half-term follows; so
float alone does not show when to worry. Everything here moves one task's finish and recomputes only its consequences.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from threading import Lock

import networkx as nx

from changeflow.errors import CalendarExhaustedError
from changeflow.roadmap.analysis.assumed import mark_if_at
from changeflow.roadmap.analysis.lengths import day_unit
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.engine.replan import Consequences, Placer, follows
from changeflow.roadmap.engine.spans import finish_of, land_at
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, counted
from changeflow.values.moments import DAY, format_day


@dataclass(frozen=True, slots=True)
class NearPath:
    """Linked tasks with little float, in order of date."""

    tasks: tuple[TaskId, ...]
    total_float: int
    """Their smallest float, in working minutes of its task."""
    tightest: TaskId


def near_critical_paths(roadmap: Roadmap, schedule: Schedule, *, within: int) -> Sequence[NearPath]:
    """Return the open tasks off the longest path with float of 1 to `within` minutes, as chains, the tightest first."""
    near = {
        t
        for t, timed in schedule.timed.items()
        if 0 < timed.total_float <= within and not timed.driving and t not in schedule.below and not roadmap.is_done(t)
    }
    graph: nx.Graph[TaskId] = nx.Graph()
    graph.add_nodes_from(sorted(near))
    graph.add_edges_from((k.predecessor, k.successor) for k in roadmap.links if {k.predecessor, k.successor} <= near)
    paths = []
    for members in nx.connected_components(graph):
        tightest = min(members, key=lambda t: (schedule[t].total_float, t))
        in_order = sorted(members, key=lambda t: (schedule[t].early_start, schedule[t].early_finish, t))
        paths.append(NearPath(tuple(in_order), schedule[tightest].total_float, tightest))
    return sorted(paths, key=lambda p: (p.total_float, p.tightest))


JUMP_DAYS = 5
"""Calendar days that one more working day may cost without being a cut-off, such as a bank holiday weekend."""
LOOK_AHEAD = 60
"""Working days within which to look for a cut-off: our own choice."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """The next cut-off: after `float_days` working days of slip with little harm, one more moves the target."""

    task: TaskId
    target: TaskId
    float_days: int
    before: int
    """The target's finish just before the cut-off, in civil minutes."""
    after: int
    """The target's finish one working day beyond it."""

    @property
    def days(self) -> int:
        """Calendar days that this one day costs."""
        return (self.after - self.before) // DAY


@dataclass(frozen=True, slots=True)
class IfLonger:
    """A milestone, and its finish if each earlier task takes longer, in civil minutes."""

    id: str
    name: str
    task: TaskId
    finish: int
    if_longer: Mapping[TaskId, int]


class Slips:
    """Answers many slip queries about one schedule, and recomputes only what follows from a task.

    It is prepared on the first query, and threads may share it.
    """

    def __init__(self, roadmap: Roadmap, schedule: Schedule) -> None:
        self.roadmap = roadmap
        self.schedule = schedule
        self._asking = Lock()

    @cached_property
    def graph(self) -> "nx.MultiDiGraph[TaskId]":
        return follows(self.roadmap)

    @cached_property
    def placer(self) -> Placer:
        return Placer(self.roadmap)

    @cached_property
    def consequences(self) -> Consequences:
        return Consequences(self.roadmap, self.schedule)

    def finish_if(self, task: TaskId, finish: int, target: TaskId) -> int:
        """Return the finish of `target` if `task` finishes at `finish`, all else unchanged."""
        return self.consequences.finish_if(task, finish, target)

    def cut_off(self, task: TaskId, target: TaskId) -> CutOff | None:
        """Return the next cut-off within the look-ahead, or None if the target moves day by day or not at all."""
        return self.nearest(task, [target])

    def nearest(self, task: TaskId, targets: Iterable[TaskId], *, at_most: int = LOOK_AHEAD - 1) -> CutOff | None:
        """Return the earliest cut-off of any target, at most this many working days ahead."""
        now = {t: self.schedule[t].early_finish for t in targets}
        if not now:
            return None

        @cache
        def after(days: int) -> Mapping[TaskId, int]:
            if not days:
                return now
            slipped = self.slipped(task, days)
            return {t: self.finish_if(task, slipped, t) for t in now}

        # The first day may also move as-late-as-possible tasks to an earlier date, so it is asked alone.
        days = sorted({0, 1, at_most + 1})
        try:
            after(at_most + 1)
        except CalendarExhaustedError:
            days = list(range(at_most + 2))
        found = (_first_jump(task, after, known, last) for known, last in pairwise(days))
        return next((cut_off for cut_off in found if cut_off is not None), None)

    def slipped(self, task: TaskId, days: int) -> int:
        """Return a task's finish after a slip of this many working days.

        An unstarted task with start windows or whole periods starts later, in the next window. Any other task finishes
        later.
        """
        found, timed, calendar = self.roadmap.tasks[task], self.schedule[task], self.roadmap.calendar_of(task)
        minutes = days * self.roadmap.minutes_per_day
        if not found.begins_in_windows or task in self.roadmap.progress:
            return calendar.add(timed.early_finish, minutes)
        with self._asking:
            start = self.placer.ask(land_at, task, calendar.add(timed.early_start, minutes))
            return self.placer.ask(finish_of, task, start)

    def drag(self, task: TaskId, target: TaskId | None = None) -> int:
        """Return how much earlier the roadmap or `target` would end without the task's duration, in working minutes of
        the task's calendar.

        Only tasks on the longest path have drag (Devaux, "Total Project Control"); summaries have none.
        """
        if target is not None:
            finish = self.finish_if(task, self.schedule[task].early_start, target)
            return self.roadmap.float_calendar_of(task).between(finish, self.schedule[target].early_finish)
        if not self.schedule[task].driving or task in self.schedule.below:
            return 0
        timed = self.schedule[task]
        finish = self.consequences.last_if(task, timed.early_start)
        last = max(x.early_finish for t, x in self.schedule.timed.items() if t not in self.schedule.below)
        return self.roadmap.float_calendar_of(task).between(finish, last)

    def longer(self, tasks: Iterable[TaskId], minutes: int, target: TaskId) -> dict[TaskId, int]:
        """Return the target's finish if each earlier task takes this many more working minutes (for elapsed tasks,
        elapsed minutes)."""
        before = nx.ancestors(self.graph, target)
        found: dict[TaskId, int] = {}
        for task in (self.roadmap.tasks[t] for t in tasks if t in before):
            finish, calendar = (
                self.schedule[task.id].early_finish,
                self.roadmap.calendars[task.placed_on or task.calendar],
            )
            is_elapsed = task.duration.unit is Unit.ELAPSED
            later = finish + minutes if is_elapsed else calendar.add(finish, minutes)
            found[task.id] = self.finish_if(task.id, later, target)
        return found

    def cut_offs(self, targets: list[TaskId], *, until: int, at_most: int) -> Iterator[CutOff]:
        """Yield the cut-off of each open task that ends before `until`, for the first target that it would move.

        Only those at most `at_most` working days ahead, the nearest first.
        """
        found = []
        for task, timed in self.schedule.timed.items():
            is_open = not self.roadmap.is_done(task) and task not in self.schedule.below
            if timed.early_finish > until or task in targets or not is_open:
                continue
            reach = nx.descendants(self.graph, task)
            nearest = self.nearest(task, [t for t in targets if t in reach], at_most=at_most)
            found += [nearest] if nearest is not None else []
        yield from sorted(found, key=lambda c: (c.float_days, c.task))


def _first_jump(task: TaskId, after: Callable[[int], Mapping[TaskId, int]], known: int, last: int) -> CutOff | None:
    """Return the first cut-off from `known` to `last` days of slip; `after` gives the targets' finishes.

    Targets only move later, so if none moves far from the first to the last of these days, none jumps between. (Only a
    lag of less than -100% of a task in whole periods could move one earlier.)
    """
    before, later = after(known), after(last)
    jumps = [(before[t], t) for t in before if later[t] - before[t] > JUMP_DAYS * DAY]
    if not jumps:
        return None
    if last - known > 1:
        middle = (known + last) // 2
        return _first_jump(task, after, known, middle) or _first_jump(task, after, middle, last)
    moved, target = min(jumps)
    return CutOff(task, target, known, moved, later[target])


def format_cut_off(roadmap: Roadmap, schedule: Schedule, cut_off: CutOff) -> str:
    """Format a cut-off: the slip beyond which a milestone moves, with both dates."""
    return f"If it {slip_in_words(roadmap, schedule, cut_off)}."


def slip_in_words(roadmap: Roadmap, schedule: Schedule, cut_off: CutOff) -> str:
    """Write the same as a clause that follows its subject: `slips by more than 5 days, “Live” will slip from …`."""
    target = roadmap.tasks[cut_off.target].name
    before, after = (
        mark_if_at(format_day(schedule[cut_off.target].day_at(at)), roadmap, schedule, cut_off.target, at)
        for at in (cut_off.before, cut_off.after)
    )
    delays = f"“{target}” will slip from {before} to {after}"
    unit = day_unit(roadmap.tasks[cut_off.task].calendar)
    if cut_off.float_days == 0:
        return f"slips by one {unit}, {delays}"
    return f"slips by more than {counted(cut_off.float_days, unit)}, {delays}"
