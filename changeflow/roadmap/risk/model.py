"""What is drawn and what came of it: plain values, which know nothing of the kernel that draws."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from changeflow.values.base import TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A task's three-point estimate, in working minutes."""

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
    """An event: how likely, and how many working minutes each of its tasks then takes more."""

    name: str
    probability: float
    effect: tuple[int, int, int]
    tasks: tuple[TaskId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModel:
    ranges: tuple[Range, ...]
    causes: tuple[Shared, ...] = ()
    events: tuple[Happening, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What came of it. Finishes are civil minutes."""

    iterations: int
    seed: int
    finishes: Mapping[TaskId, NDArray[np.int64]]
    """Of each target, in order of iteration."""
    planned: Mapping[TaskId, int]
    """Each target's finish in the plan, without any draw."""
    criticality: Mapping[TaskId, float]
    """The share of iterations in which a task lay on the driving path to the last target."""
    cruciality: Mapping[TaskId, float]
    """Of tasks with a range: the correlation of its duration with the last target's finish."""
    swing: Mapping[TaskId, float]
    """Minutes between the last target's mean finish where the task took longest and where it was shortest (tenths)."""
    event_cost: Mapping[str, float]
    """Minutes between the last target's mean finish with and without an event."""

    def percentile(self, target: TaskId, percent: float) -> int:
        """Return the finish that so many of a hundred iterations keep: the smallest with at least that share."""
        ordered = np.sort(self.finishes[target])
        return int(ordered[max(0, -(-round(percent * 100) * len(ordered) // 10_000) - 1)])

    def odds(self, target: TaskId, by: int) -> float:
        """Return the share of iterations that finish by a moment."""
        return float(np.mean(self.finishes[target] <= by))
