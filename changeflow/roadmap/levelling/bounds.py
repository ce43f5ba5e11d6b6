"""What no levelled plan can beat: the critical path without any limit of people, and the energy that work takes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.levelling.kernel import cost_of, place_forward
from changeflow.roadmap.levelling.problem import LevelProblem
from changeflow.roadmap.levelling.slots import FREE


@dataclass(frozen=True)
class Bounds:
    """In slots, but for the cost. `head` and `tail` are those of each piece: what must come before and after it."""

    head: NDArray[np.int64]
    tail: NDArray[np.int64]
    """At least so many slots lie between its finish and the last one."""
    path: int
    """The critical path's finish."""
    finish: int
    """No plan finishes before."""
    cost: int
    """No plan costs less."""


def bounds_of(problem: LevelProblem) -> Bounds | None:
    """Bound a problem; None where the time that there is does not hold it even with all people in the world."""
    slots = problem.slots
    # A maximal lag may be kept by starting later: the earliest starts say nothing of it.
    alone = slots._replace(first_need=np.zeros_like(slots.first_need), keep_from=slots.keep_from[:0])
    count = len(problem.pieces)
    start, finish = np.zeros(count, np.int32), np.zeros(count, np.int32)
    if not place_forward(alone, np.arange(count, dtype=np.int32), start, finish, slots.capacity.copy()):
        return None
    tail = _tails(problem)
    path = int(finish.max(initial=0))
    least = max([path, *(_energy(problem, r, start, tail) for r in range(len(problem.resources)))])
    cost = int(cost_of(alone, start, finish)) + int(slots.weight[1]) * (least - path)
    return Bounds(start.astype(np.int64), tail, path, least, cost)


def energy_finish(problem: LevelProblem, bounds: Bounds) -> int:
    """Return a boundary before which no plan ends, by the energy of work alone.

    Every piece counts a slot less than it takes, as rounding up to whole slots may have added that much.
    """
    least = 0
    for resource in range(len(problem.resources)):
        asking = [
            (int(bounds.head[n]), amount * max(0, piece.work - 1))
            for n, piece in enumerate(problem.pieces)
            for r, amount in piece.needs
            if r == resource and piece.fixed is None
        ]
        asked = sum(energy for _, energy in asking)
        if asked:
            given = np.concatenate([[0], np.cumsum(problem.free[resource])])
            least = max(least, int(np.searchsorted(given, given[min(head for head, _ in asking)] + asked)))
    return least


def _tails(problem: LevelProblem) -> NDArray[np.int64]:
    """Add up the work that follows each piece. Calendars, tables and lags can only add to it."""
    tail = np.zeros(len(problem.pieces), np.int64)
    for bind in sorted(problem.binds, key=lambda b: -b.after):
        piece = problem.pieces[bind.after]
        if bind.from_start or bind.to_finish or bind.table != FREE or piece.fixed is not None:
            continue
        work = piece.work if piece.table == FREE else 0
        tail[bind.before] = max(tail[bind.before], tail[bind.after] + work + bind.lag)
    return np.maximum(tail, 0)


def _energy(problem: LevelProblem, resource: int, head: NDArray[np.integer], tail: NDArray[np.int64]) -> int:
    """Return the least finish at which one resource can have given all that is asked of it.

    Work that cannot begin before `a` and leaves at least `b` behind it has to be done between: for each such pair, what
    is free from `a` on has to add up to it, and `b` follows.
    """
    rows = [
        (int(head[n]), int(tail[n]), amount * piece.work)
        for n, piece in enumerate(problem.pieces)
        for r, amount in piece.needs
        if r == resource and piece.fixed is None and piece.table == FREE
    ]
    if not rows:
        return 0
    heads, tails, energies = (np.array(column) for column in zip(*rows, strict=True))
    given = np.concatenate([[0], np.cumsum(problem.free[resource])])
    best = 0
    for b in np.unique(tails)[::-1][:: max(1, len(np.unique(tails)) // 200)]:
        chosen = tails >= b
        order = np.argsort(-heads[chosen], kind="stable")
        starts, asked = heads[chosen][order], np.cumsum(energies[chosen][order])
        ends = np.searchsorted(given, given[starts] + asked)
        best = max(best, int(ends.max()) + int(b))
    return best
