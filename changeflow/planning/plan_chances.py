"""The chances of a plan's deadlines and announced dates, drawn with the random numbers of another plan.

A simulation draws a task's duration by the task's place among the tasks that have a range. If a task has the same place
in two plans, it has the same luck in both, so their chances differ only because the plans do.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from changeflow.planning.risk import last_moment, odds_of, whole_percent
from changeflow.programme.announcements import GoLive, go_lives
from changeflow.programme.facts import Odds
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.roadmap.risk.model import Range, RiskModel, Simulation
from changeflow.values.base import TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedChance:
    """The chance that a service goes live at a school by the announced day."""

    school: str
    service: str
    announced: date
    percent: int | None
    """None if every iteration meets the day but part of the work has no range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChances:
    """The chances of one plan's dates."""

    mark: str
    """A short string that changes with the plan."""
    milestones: tuple[Odds, ...]
    go_lives: tuple[AnnouncedChance, ...]


def announced_ahead(programme: Programme) -> Iterator[GoLive]:
    """Yield the announced go-lives that have not happened and are still planned."""
    for live in go_lives(programme):
        if live.announced is not None and live.task is not None and not live.is_done:
            yield live


def chances_of(programme: Programme, found: Simulation, *, version: int, mark: str) -> PlanChances:
    """Return the chances of a simulation, whose targets include the announced go-lives."""
    return PlanChances(
        mark=mark,
        milestones=odds_of(programme, found, version=version),
        go_lives=tuple(_chance(programme, found, live) for live in announced_ahead(programme)),
    )


def _chance(programme: Programme, found: Simulation, live: GoLive) -> AnnouncedChance:
    if live.task is None or live.announced is None:
        raise LookupError("the go-live is not announced, or no longer planned")
    by = last_moment(live.announced) + programme.timed(live.task).ends_day
    odds = found.sure_odds(live.task, by)
    percent = None if odds is None else whole_percent(odds)
    return AnnouncedChance(school=live.school, service=live.service, announced=live.announced, percent=percent)


def constant_ranges(roadmap: Roadmap) -> RiskModel:
    """Return a model in which each task takes exactly its planned duration."""
    amounts = {t.id: t.duration.amount for t in roadmap.tasks.values() if not t.duration.is_zero}
    return RiskModel(ranges=tuple(Range(task=t, low=n, likely=n, high=n) for t, n in amounts.items()))


def placed_like(
    model: RiskModel, first: Sequence[TaskId], *, own: Sequence[TaskId], drawable: Mapping[TaskId, Range]
) -> RiskModel:
    """Return a model whose tasks have the places that they have in another plan.

    `first` are the tasks drawn in the other plan, and `own` those drawn in this one, each in order. A place whose task
    is not drawn here goes to the task itself with its planned duration, if it is one of `drawable`; otherwise to a task
    that is new in this plan, or to any other task with its planned duration. If there is none, later tasks move up.

    >>> here = RiskModel(ranges=tuple(Range(task=t, low=1, likely=2, high=3) for t in ("a", "c", "new")))
    >>> fixed = {"b": Range(task="b", low=9, likely=9, high=9)}
    >>> placed = placed_like(here, ["a", "b", "gone", "c"], own=["a", "c", "new"], drawable=fixed)
    >>> [(r.task, r.high) for r in placed.ranges]
    [('a', 3), ('b', 9), ('new', 3), ('c', 3)]
    """
    there = set(first)
    ranges = {r.task: r for r in model.ranges if r.task in set(own)}
    new = deque(ranges[t] for t in own if t not in there)
    spare = deque(r for t, r in drawable.items() if t not in ranges and t not in there)
    placed = []
    for task in first:
        known = ranges.get(task) or drawable.get(task)
        if known is None and (new or spare):
            known = new.popleft() if new else spare.popleft()
        if known is not None:
            placed.append(known)
    return replace(model, ranges=(*placed, *new))
