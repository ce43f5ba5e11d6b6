"""What a slip costs: cliff edges, drag, and the float that is left before the next one.

A slip is quantised. A day late may cost nothing, a day, or a month, where a pay period, a term or a half-term lies
behind it; so float alone does not say when to worry. Everything here moves one task's finish and computes anew what
follows from it, and nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import networkx as nx

from changeflow.roadmap.cpm import Schedule
from changeflow.roadmap.early import Early, ForwardPass
from changeflow.roadmap.graph import build_graph
from changeflow.roadmap.network import Station, build_network
from changeflow.roadmap.pace import pace_of
from changeflow.roadmap.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import DAY, day_of, spoken_day

JUMP_DAYS = 5
"""Calendar days that one more working day may cost before it is a cliff: a weekend with a public holiday is none."""
LOOK_AHEAD = 60
"""Working days within which a cliff edge is looked for: our own choice."""


@dataclass(frozen=True, slots=True)
class Cliff:
    """The next jump: after `float_days` working days of slip without harm to speak of, one more moves the target."""

    task: TaskId
    target: TaskId
    float_days: int
    before: int
    """The target's finish at the edge, in civil minutes."""
    after: int
    """The target's finish one working day beyond it."""

    @property
    def days(self) -> int:
        """Calendar days that the one day costs."""
        return (self.after - self.before) // DAY


class Slips:
    """Answers many questions about one schedule; what does not follow from a task is computed once."""

    def __init__(self, roadmap: Roadmap, schedule: Schedule) -> None:
        self.roadmap = roadmap
        self.schedule = schedule
        self.network = build_network(roadmap)
        self.graph = build_graph(roadmap.tasks, roadmap.links)
        for task, parent in roadmap.parents.items():
            # A summary moves with its tasks, and they with what binds it.
            self.graph.add_edge(task, parent)
            self.graph.add_edge(parent, task)
        below = set(self.network.below)
        self.paces = {t.id: pace_of(t, roadmap) for t in roadmap.tasks.values() if t.id not in below}
        self.early = {t: Early(x.early_start, x.early_finish) for t, x in schedule.timed.items()}
        self._after: dict[TaskId, list[tuple[TaskId, Station]]] = {}

    def finish_if(self, task: TaskId, finish: int, target: TaskId) -> int:
        """Return where `target` finishes when `task` finishes at `finish`, all else as it is."""
        changed = ForwardPass(self.roadmap, self.network, self.paces)
        changed.early = dict(self.early)
        changed.early[task] = replace(self.early[task], finish=finish)
        changed.run_over(self._followers(task))
        return changed.early[target].finish

    def cliff(self, task: TaskId, target: TaskId) -> Cliff | None:
        """Return the next edge within the look-ahead, or None where the target slides day by day, or not at all."""
        calendar = self.roadmap.calendar_of(task)
        start = self.early[task].finish
        before = self.early[target].finish
        for days in range(1, LOOK_AHEAD + 1):
            slipped = calendar.add(start, days * self.roadmap.minutes_per_day)
            after = self.finish_if(task, slipped, target)
            if after - before > JUMP_DAYS * DAY:
                return Cliff(task, target, days - 1, before, after)
            before = after
        return None

    def drag(self, task: TaskId) -> int:
        """Return the working minutes, on the task's calendar, that the roadmap would end earlier without its duration.

        Only what lies on the longest path has drag (Devaux, "Total Project Control"); a summary has none of its own.
        """
        if not self.schedule[task].driving or task in self.schedule.below:
            return 0
        last = max((t for t in self.early if t not in self.schedule.below), key=lambda t: self.early[t].finish)
        changed = ForwardPass(self.roadmap, self.network, self.paces)
        changed.early = dict(self.early)
        changed.early[task] = replace(self.early[task], finish=self.early[task].start)
        changed.run_over(self._followers(task))
        finish = max(e.finish for t, e in changed.early.items() if t not in self.schedule.below)
        return self.roadmap.calendar_of(task).between(finish, self.early[last].finish)

    def cliffs(self, targets: list[TaskId], *, until: int, at_most: int) -> Iterator[Cliff]:
        """Yield the edge of each open task that ends before `until`, to the nearest target that it would move.

        Only edges with at most `at_most` working days left are told, the nearest first.
        """
        found = []
        for task, timed in self.schedule.timed.items():
            done = self.roadmap.progress.get(task)
            if timed.early_finish > until or (done and done.is_done) or task in targets or task in self.schedule.below:
                continue
            reach = nx.descendants(self.graph, task)
            edges = [c for t in targets if t in reach and (c := self.cliff(task, t)) is not None]
            found += [min(edges, key=lambda c: (c.float_days, c.before, c.target))] if edges else []
        yield from sorted((c for c in found if c.float_days <= at_most), key=lambda c: (c.float_days, c.task))

    def _followers(self, task: TaskId) -> list[tuple[TaskId, Station]]:
        if task not in self._after:
            reach = nx.descendants(self.graph, task) - {task}
            self._after[task] = [place for place in self.network.order if place[0] in reach]
        return self._after[task]


def cliff_in_words(roadmap: Roadmap, cliff: Cliff) -> str:
    """Say an edge: how much slip is left, and what the day beyond it moves from when to when."""
    target = roadmap.tasks[cliff.target].name
    moves = f"“{target}” from {spoken_day(day_of(cliff.before))} to {spoken_day(day_of(cliff.after))}"
    if cliff.float_days == 0:
        return f"One working day later moves {moves}."
    kind = "school day" if roadmap.tasks[cliff.task].calendar.startswith("term") else "working day"
    days = counted(cliff.float_days, kind)
    return f"It can slip {days}; one day more moves {moves}."
