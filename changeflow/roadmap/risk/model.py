"""The input and results of a simulation, and the search for recovery options, independent of the kernel.

Every set of recovery options is simulated with the same draws (a task's place decides its draw), so that sets differ
only by their options and not by luck. An option never makes things worse: if a set fails, so do all its subsets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from changeflow.values.base import TaskId
from changeflow.values.duration import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A task's three-point estimate, in the unit of its duration: minutes, or whole periods."""

    task: TaskId
    low: int
    likely: int
    high: int
    distribution: str = "triangular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A cause that tasks share, with the correlation of any two of them."""

    name: str
    correlation: float
    tasks: tuple[TaskId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event: how likely, and how much longer each of its tasks then takes, in whatever unit."""

    name: str
    probability: float
    effect: tuple[int, int, int]
    unit: Unit = Unit.WORKING
    tasks: tuple[TaskId, ...]
    distribution: str = "triangular"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModel:
    ranges: tuple[Range, ...]
    causes: tuple[Shared, ...] = ()
    events: tuple[Happening, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """The results. Finishes are civil minutes."""

    iterations: int
    seed: int
    finishes: Mapping[TaskId, NDArray[np.int64]]
    """For each target, in the order of the iterations."""
    planned: Mapping[TaskId, int]
    """Each target's finish in the plan, without any draw."""
    certain: Mapping[TaskId, Mapping[TaskId, int]]
    """For each target: the open tasks of its planned driving path that have a fixed length, each with its minutes."""
    certain_share: Mapping[TaskId, float]
    """For each target: their share of that path, from 0 to 1; it is 1 if nothing is left to do before the target."""
    criticality: Mapping[TaskId, float]
    """The share of iterations in which a task lay on the driving path to the last target."""
    cruciality: Mapping[TaskId, float]
    """For each task with a range: the correlation of its duration with the last target's finish."""
    swing: Mapping[TaskId, float]
    """Minutes by which the last target's mean finish is later in the tenth of iterations in which the task took longest
    than in the tenth in which it was shortest."""
    event_cost: Mapping[str, float]
    """Minutes by which an event makes the last target later on average, all else as drawn; how likely it is does not
    matter."""

    def percentile(self, target: TaskId, percent: float) -> int:
        """Return the smallest finish that at least this percentage of iterations meet."""
        ordered = np.sort(self.finishes[target])
        return int(ordered[max(0, -(-round(percent * 100) * len(ordered) // 10_000) - 1)])

    def odds(self, target: TaskId, by: int) -> float:
        """Return the share of iterations that finish by a moment."""
        return float(np.mean(self.finishes[target] <= by))

    def sure_odds(self, target: TaskId, by: int) -> float | None:
        """Return these odds; None if every iteration meets the moment but part of the path was not drawn."""
        odds = self.odds(target, by)
        return None if odds == 1 and self.certain_share[target] > 0 else odds


MOST_TRIED = 400
"""The most simulations, after which the search returns its best set, which may not be the cheapest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """The effect of one option: ranges in working minutes."""

    id: str
    name: str
    cost: float
    ranges: Mapping[TaskId, tuple[int, int, int]] = field(default_factory=dict)
    odds: Mapping[str, float] = field(default_factory=dict)
    """For each event: its probability with this option."""
    starts: Mapping[TaskId, int] = field(default_factory=dict)
    """The earliest instants at which tasks may start with this option, in place of a later date of their own."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The effect of a set of options: the share of iterations that meet the day, and the requested percentile."""

    odds: float
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDate:
    """The answer. `chosen` is empty if no option is needed, and None if all options together are not enough."""

    now: Tried
    chosen: tuple[TaskChange, ...] | None
    then: Tried
    """The effect of the chosen options, or of all options if they are not enough."""
    alone: Mapping[str, Tried]
    """Each option on its own."""
    is_cheapest: bool
    tried: int


Play = Callable[[Sequence[TaskChange]], Tried]


def cheapest(options: Sequence[TaskChange], by: int, play: Play) -> KeptDate:
    """Find the cheapest set that puts the percentile no later than `by`; if several cost the same, the smallest."""
    return _Search(options, by, play).run()


class _Search:
    def __init__(self, options: Sequence[TaskChange], by: int, play: Play) -> None:
        self.options = sorted(options, key=lambda c: (c.cost, c.id))
        self.by = by
        self.play = play
        self.known: dict[frozenset[str], Tried] = {}
        self.failed: list[frozenset[str]] = []

    def run(self) -> KeptDate:
        if self._try(()).at <= self.by:
            return self._kept(())
        if self._try(self.options).at > self.by:
            return self._kept(None)
        needed = [c for c in self.options if self._fails([x for x in self.options if x is not c])]
        best: tuple[TaskChange, ...] = tuple(self.options)
        for chosen in self._by_cost(needed):
            if len(self.known) >= MOST_TRIED:
                return self._kept(best, is_cheapest=False)
            if not self._fails(chosen):
                best = tuple(chosen)
                break
        return self._kept(best)

    def _kept(self, chosen: tuple[TaskChange, ...] | None, *, is_cheapest: bool = True) -> KeptDate:
        alone = {c.id: self._try((c,)) for c in self.options}
        now, then = self._try(()), self._try(self.options if chosen is None else chosen)
        tried = len(self.known)
        return KeptDate(now=now, chosen=chosen, then=then, alone=alone, is_cheapest=is_cheapest, tried=tried)

    def _by_cost(self, needed: Sequence[TaskChange]) -> Iterator[list[TaskChange]]:
        """Yield every set that includes the necessary options, the cheapest first."""
        others = [c for c in self.options if c not in needed]
        sets = [[*needed, *more] for count in range(len(others) + 1) for more in combinations(others, count)]
        yield from sorted(sets, key=lambda s: (sum(c.cost for c in s), len(s), sorted(c.id for c in s)))

    def _fails(self, chosen: Sequence[TaskChange]) -> bool:
        names = frozenset(c.id for c in chosen)
        if any(names <= failed for failed in self.failed):
            return True
        if self._try(chosen).at <= self.by:
            return False
        self.failed.append(names)
        return True

    def _try(self, chosen: Sequence[TaskChange]) -> Tried:
        names = frozenset(c.id for c in chosen)
        if names not in self.known:
            self.known[names] = self.play(chosen)
        return self.known[names]
