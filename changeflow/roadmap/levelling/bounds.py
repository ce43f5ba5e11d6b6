"""Lower bounds for levelled plans, from the critical path without limits on people and from the energy of the work.

Also an independent check of a plan, which uses only the request, not the way in which the plan was found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.levelling.kernel import cost_of, place_forward
from changeflow.roadmap.levelling.problem import FREE, LevelProblem, Piece


@dataclass(frozen=True)
class Bounds:
    """Bounds in slots, except the cost. `head` and `tail` are what must come before and after each piece."""

    head: NDArray[np.int64]
    tail: NDArray[np.int64]
    """The fewest slots between its finish and the last one."""
    path: int
    """The critical path's finish."""
    finish: int
    """The lower bound of the finish."""
    cost: int
    """The lower bound of the cost."""


def bounds_of(problem: LevelProblem) -> Bounds | None:
    """Bound a problem; None if it does not fit in the time even with unlimited people."""
    slots = problem.slots
    # A maximum lag may be met by starting later, so the earliest starts do not show whether it is met.
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
        asking = [(int(bounds.head[n]), a * max(0, piece.work - 1)) for n, piece, a in _asking(problem, resource)]
        asked = sum(energy for _, energy in asking)
        if asked:
            given = np.concatenate([[0], np.cumsum(problem.free[resource])])
            least = max(least, int(np.searchsorted(given, given[min(head for head, _ in asking)] + asked)))
    return least


def _asking(problem: LevelProblem, resource: int) -> Iterator[tuple[int, Piece, int]]:
    """Yield the pieces that need a resource, without fixed ones: place, piece, amount."""
    for n, piece in enumerate(problem.pieces):
        if piece.fixed is None:
            yield from ((n, piece, amount) for r, amount in piece.needs if r == resource)


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
    """Return the least finish at which one resource can have done all the work that needs it.

    Work that cannot begin before `a`, and that at least `b` slots must follow, has to be done in between. So for each
    such pair, the free amounts from `a` onwards must add up to that work, and then come `b` more slots.
    """
    asking = ((n, piece, amount) for n, piece, amount in _asking(problem, resource) if piece.table == FREE)
    rows = [(int(head[n]), int(tail[n]), amount * piece.work) for n, piece, amount in asking]
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


def check_level(problem: LevelProblem, start: Sequence[int], finish: Sequence[int]) -> list[str]:
    """Return every broken requirement of a plan, in words: lengths, fixed dates, links, maximum lags, people."""
    return [*_lengths(problem, start, finish), *_links(problem, start, finish), *_people(problem, start, finish)]


def _lengths(problem: LevelProblem, start: Sequence[int], finish: Sequence[int]) -> Iterator[str]:
    for n, piece in enumerate(problem.pieces):
        if piece.fixed is not None:
            if (start[n], finish[n]) != piece.fixed:
                yield f"{piece.id} is fixed at slots {piece.fixed}, but is at {start[n], finish[n]}"
            continue
        if start[n] < piece.release:
            yield f"{piece.id} may start in slot {piece.release}, but starts in {start[n]}"
        if problem.finish_of(piece, start[n]) != finish[n]:
            yield f"{piece.id} takes from slot {start[n]} to {problem.finish_of(piece, start[n])}, not to {finish[n]}"


def _links(problem: LevelProblem, start: Sequence[int], finish: Sequence[int]) -> Iterator[str]:
    for bind in problem.binds:
        if problem.pieces[bind.after].fixed is not None:
            continue
        at = start[bind.before] if bind.from_start else finish[bind.before]
        at = int(problem.lags[bind.table][at]) if bind.table != FREE else at + bind.lag
        if (finish[bind.after] if bind.to_finish else start[bind.after]) < at:
            yield f"{problem.pieces[bind.after].id} does not wait for {problem.pieces[bind.before].id}"
    for keep in problem.keeps:
        last = finish[keep.before]
        last = int(problem.lags[keep.table][last]) if keep.table != FREE else last + keep.lag
        if start[keep.after] > last:
            yield f"{problem.pieces[keep.after].id} starts too long after {problem.pieces[keep.before].id}"


def _people(problem: LevelProblem, start: Sequence[int], finish: Sequence[int]) -> Iterator[str]:
    load = np.zeros_like(problem.amounts)
    for n, piece in enumerate(problem.pieces):
        if piece.fixed is None:
            slots = problem.slots_of(piece, start[n], finish[n])
            for resource, amount in piece.needs:
                load[resource, slots] += amount
    for resource, name in enumerate(problem.resources):
        over = np.flatnonzero(load[resource] > problem.free[resource])
        if len(over):
            yield f"slot {over[0]} needs {load[resource, over[0]]} of {name}, more than there are"
