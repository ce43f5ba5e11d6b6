"""Conflicts: minimal sets of deadlines, set dates and rules that contradict each other, and the gain from dropping one.

Durations and people's own links are fixed. What can be dropped is a deadline or limit, a set date, or a link that a
rule added. A set is minimal if dropping any one item ends the conflict. There may be several; one is found for each
missed limit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import networkx as nx

from changeflow.roadmap.engine.replan import Early, Trials
from changeflow.roadmap.model.graph import build_graph
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.moments import day_of

FLOORS = (Bound.START_NO_EARLIER, Bound.FINISH_NO_EARLIER, Bound.MUST_START, Bound.MUST_FINISH)
LIMITS = (Bound.START_NO_LATER, Bound.FINISH_NO_LATER, Bound.MUST_START, Bound.MUST_FINISH)


class Wish(StrEnum):
    """The kinds of item that can be dropped."""

    SET_DATE = "set date"
    RULE = "rule"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class ConflictItem:
    """One item: a task's set date or deadline, or a rule's link into it."""

    wish: Wish
    task: TaskId
    constraint: Constraint | None = None
    link: Link | None = None
    limit: int | None = None
    """The latest start, or otherwise finish, that it allows, in civil minutes; None if any."""

    @property
    def limits_start(self) -> bool:
        return self.constraint is not None and self.constraint.bound in (Bound.START_NO_LATER, Bound.MUST_START)

    @property
    def key(self) -> tuple[str, ...]:
        other = self.constraint.bound.value if self.constraint else self.link.predecessor if self.link else ""
        return (self.wish.value, self.task, other)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The effect of dropping one item: calendar days by which the limit is still missed; 0 if it is met."""

    item: ConflictItem
    days_left: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A missed limit, and the items (including itself) that together cause this."""

    limit: ConflictItem
    days: int
    """Calendar days by which it is missed, with all items in force."""
    items: tuple[ConflictItem, ...]
    relaxations: tuple[Relaxation, ...]
    """One for each item, most helpful first."""


def find_conflicts(roadmap: Roadmap) -> Iterator[Conflict]:
    """Yield a minimal conflict for each missed limit. Facts cannot be dropped."""
    everything, trials = items_of(roadmap), _Trials(roadmap)
    early = trials.early(everything)
    graph = build_graph(roadmap.tasks, roadmap.links)
    for limit in everything:
        days = missed_by(early, limit)
        if days <= 0:
            continue
        reach = nx.ancestors(graph, limit.task) | {limit.task}
        held = [i for i in everything if i.task in reach and i != limit]
        minimal = _filtered(trials, limit, held)
        relaxations = [Relaxation(limit, 0)]
        for item in minimal:
            left = missed_by(trials.early(i for i in everything if i != item), limit)
            relaxations.append(Relaxation(item, max(0, left)))
        relaxations.sort(key=lambda r: (r.days_left, r.item.wish is Wish.DEADLINE, r.item.key))
        yield Conflict(limit, days, (*minimal, limit), tuple(relaxations))


def items_of(roadmap: Roadmap) -> list[ConflictItem]:
    """Return all items that can be dropped, the least important first: set dates, rules, deadlines."""
    items = []
    for task in roadmap.tasks.values():
        if task.id in roadmap.progress:
            continue
        items += [
            ConflictItem(Wish.SET_DATE, task.id, constraint=c, limit=_limit(roadmap, task, c)) for c in task.constraints
        ]
        if task.deadline is not None:
            items.append(ConflictItem(Wish.DEADLINE, task.id, limit=task.deadline))
    items += [ConflictItem(Wish.RULE, k.successor, link=k) for k in roadmap.links if k.rule]
    order = list(Wish)
    return sorted(items, key=lambda i: (order.index(i.wish), i.key))


def missed_by(early: Mapping[TaskId, Early], item: ConflictItem) -> int:
    """Return the calendar days by which early dates miss an item's limit; 0 or less if they meet it.

    Less than a day counts as one, because a limit missed by an hour is missed.
    """
    if item.limit is None:
        return 0
    placed = early[item.task]
    reached = placed.start if item.limits_start else placed.finish
    return max(1, (day_of(reached - 1) - day_of(item.limit - 1)).days) if reached > item.limit else 0


def _limit(roadmap: Roadmap, task: Task, constraint: Constraint) -> int | None:
    """Return the latest instant that a set date allows; a start on a day off moves to the next working day."""
    if constraint.bound not in LIMITS:
        return None
    if constraint.bound in (Bound.START_NO_LATER, Bound.MUST_START):
        return roadmap.calendar_of(task.id).next_working(constraint.at)
    return constraint.at


def _filtered(trials: "_Trials", limit: ConflictItem, held: Sequence[ConflictItem]) -> list[ConflictItem]:
    """Drop one item after another while the limit is still missed; the rest is minimal."""
    kept = list(held)
    for item in held:
        without = [i for i in kept if i != item]
        if missed_by(trials.early(without), limit) > 0:
            kept = without
    return kept


class _Trials:
    """Times a roadmap forwards with some of its items, one trial after another.

    A "must" date is a floor here, so that logic can exceed it.
    """

    def __init__(self, roadmap: Roadmap) -> None:
        bare = {
            t: replace(x, constraints=(), deadline=None, as_late_as_possible=False) for t, x in roadmap.tasks.items()
        }
        self.bare = replace(roadmap, tasks=bare, finish=None)
        self.links: dict[frozenset[Link], tuple[Link, ...]] = {}
        self.trials = Trials()

    def early(self, items: Iterable[ConflictItem]) -> Mapping[TaskId, Early]:
        return self.trials.early(self._eased(list(items)))

    def _eased(self, items: Sequence[ConflictItem]) -> Roadmap:
        floors: dict[TaskId, list[Constraint]] = {}
        for item in items:
            if item.constraint is not None and item.constraint.bound in FLOORS:
                is_start = item.constraint.bound in (Bound.START_NO_EARLIER, Bound.MUST_START)
                bound = Bound.START_NO_EARLIER if is_start else Bound.FINISH_NO_EARLIER
                floors.setdefault(item.task, []).append(Constraint(bound, item.constraint.at))
        held = {t: replace(self.bare.tasks[t], constraints=tuple(found)) for t, found in floors.items()}
        rules = frozenset(i.link for i in items if i.link is not None)
        if rules not in self.links:
            self.links[rules] = tuple(k for k in self.bare.links if not k.rule or k in rules)
        return replace(self.bare, tasks={**self.bare.tasks, **held}, links=self.links[rules])
