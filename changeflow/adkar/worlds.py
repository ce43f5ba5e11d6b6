"""Alternative worlds: other answers that fit the same published bands, found by moving few people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

ELEMENTS = 5
LAST = ELEMENTS - 1
"""Reinforcement: only people to whom a service is live can have a barrier there."""
UP, DOWN = 1, -1
"""A count of people with a barrier at an element or before it rises, or falls."""
AT_MOST, ROOM = 80, 400_000
"""This many worlds are remembered, the latest ones; fewer where they have more numbers in all than that."""
KINDS = 160
"""At most this many kinds of answer move in one search: enough, and quick."""
REPAIRS = 12
"""Moves that may follow one move, until every count is in its band again."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Answers counted in the same rows and with the barrier at the same place: they are exchangeable."""

    patterns: Bools
    """Kinds by rows."""
    places: Ints
    live: Bools
    counts: Ints
    of_column: Ints
    """The kind of each column."""
    persons: Ints
    """Whose answer each column is."""

    @classmethod
    def of(cls, members: Bools, places: Ints, live: Bools, persons: Ints) -> "Kinds":
        # Packed to bytes first: NumPy sorts rows of many columns slowly.
        packed = np.packbits(np.vstack([members, live[None, :]]).T, axis=1)
        keys = np.ascontiguousarray(np.hstack([packed, places[:, None].astype(np.uint8)]))
        _, first, kind, counts = np.unique(
            keys.view([("", np.void, keys.shape[1])]).ravel(),
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        return cls(
            np.ascontiguousarray(members[:, first].T),
            places[first],
            live[first],
            counts.astype(np.int64),
            kind,
            persons,
        )

    @property
    def is_counted(self) -> Bools:
        """Tell which kinds any row counts."""
        return np.asarray(self.patterns.any(axis=1), dtype=np.bool_)

    def pool(self, target: Bools) -> Ints:
        """Count a group's answers by kind."""
        return np.bincount(self.of_column[target], minlength=len(self.counts))

    def people_of(self, kind: int) -> set[int]:
        """Return the people whose answers are of a kind."""
        return set(self.persons[self.of_column == kind].tolist())


class Worlds:
    """Worlds that were found already: what one shows of one question it shows of many. The first is the real one."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self.patterns = kinds.patterns.astype(np.float32)
        true = np.zeros((len(kinds.counts), ELEMENTS + 1), dtype=np.int64)
        true[range(len(true)), kinds.places] = kinds.counts
        self.found = true[None]
        self.held = self._held(self.found)[0]
        """The real counts, rows by elements."""
        self.low = self.high = np.zeros((0, ELEMENTS), dtype=np.int64)

    def add(self, world: Ints) -> None:
        """Remember a world; of many the latest."""
        most = max(4, min(AT_MOST, ROOM // world.size))
        self.found = np.concatenate([self.found[:1], self.found[1:][-most:], world[None]])

    def fit(self, low: Ints, high: Ints) -> None:
        """Take these bands, and forget the worlds that do not fit them."""
        is_wider = len(self.low) and bool(((low <= self.low) & (high >= self.high)).all())
        self.low, self.high = low, high
        if not is_wider and len(self.found) > 1:
            held = self._held(self.found)
            self.found = self.found[((held >= low) & (held <= high)).all(axis=(1, 2))]

    def _held(self, worlds: Ints) -> Ints:
        """Count the people with a barrier at each element or before it (worlds by rows by elements)."""
        # As floats, because NumPy multiplies whole numbers slowly; they are exact up to 2**24.
        counts = worlds.cumsum(axis=2)[:, :, :ELEMENTS].astype(np.float32)
        return np.asarray(np.matmul(self.patterns.T[None], counts)).astype(np.int64)

    def widths(self, pool: Ints) -> tuple[list[int], list[int]]:
        """Return by how much each count of a group (`pool`: how many of each kind) differs between these worlds: of an
        element alone, and with all elements before it."""
        inside = np.flatnonzero(pool)
        alone = self.found[:, inside, :ELEMENTS]
        both, members, others = [], pool[inside, None], (self.kinds.counts - pool)[inside, None]
        for at in (alone, alone.cumsum(axis=2)):
            most = np.minimum(at, members).sum(axis=1).max(axis=0)
            both.append((most - np.maximum(0, at - others).sum(axis=1).min(axis=0)).tolist())
        return both[0], both[1]

    def width(self, pool: Ints, place: int, *, is_prefix: bool) -> int:
        """Return by how much one count of a group differs between these worlds."""
        return int(self.widths(pool)[is_prefix][place])

    def can_be(self, kind: int, places: Sequence[int]) -> bool:
        """Tell whether one of a kind is at one of these places in enough worlds, whichever insider knows their own."""
        elsewhere = self.found[self.found[:, kind, list(places)].sum(axis=1) > 0]
        if not len(elsewhere):
            return False
        moved = elsewhere[:, range(len(self.kinds.places)), self.kinds.places] == 0
        moved[:, kind] &= self.kinds.counts[kind] > 1
        return not moved.all(axis=0).any()

    def search(self, pool: Ints, place: int, way: int, wanted: int, *, is_prefix: bool) -> None:
        """Look for a world in which a count of a group is up to `wanted` higher (`UP`) or lower (`DOWN`)."""
        inside = np.flatnonzero(pool)[:KINDS]
        near = self.kinds.patterns[:, self.kinds.patterns[inside].any(axis=0)].any(axis=1)
        outside = np.flatnonzero(near & (self.kinds.counts > pool))[:KINDS]
        world = _Push(self, inside, outside, pool)
        for done in range(wanted):
            if not world.push(place, way, is_prefix=is_prefix):
                break
            if done == wanted - 1 or done % 2:
                self.add(world.whole())
        else:
            return
        self.add(world.whole())


class _Push:
    """One world after another, each with one more member of a group where a count wants them."""

    def __init__(self, worlds: Worlds, inside: Ints, outside: Ints, pool: Ints) -> None:
        self.worlds, self.kinds = worlds, worlds.kinds
        self.of = np.concatenate([inside, outside])
        """The kind of each line below: first the group's members, then all others near them."""
        self.members = len(inside)
        sizes = np.concatenate([pool[inside], (self.kinds.counts - pool)[outside]])
        self.at = np.zeros((len(self.of), ELEMENTS + 1), dtype=np.int64)
        self.at[range(len(self.of)), self.kinds.places[self.of]] = sizes
        self.patterns = self.kinds.patterns[self.of].astype(np.float64)
        live = self.kinds.live[self.of]
        self.closed = np.zeros((len(self.of), ELEMENTS + 1, ELEMENTS + 1), dtype=np.float64)
        """Infinite for moves that are none, or to where nobody of the kind can be."""
        self.closed[:, range(ELEMENTS + 1), range(ELEMENTS + 1)] = np.inf
        self.closed[~live, :, LAST] = np.inf
        self.held = worlds.held.copy()
        self.valid = self.at.copy()

    def whole(self) -> Ints:
        """Return the latest world that fits the bands."""
        world: Ints = self.worlds.found[0].copy()
        np.add.at(world, self.of, self.valid)
        start = np.zeros_like(self.valid)
        start[range(len(self.of)), self.kinds.places[self.of]] = self.valid.sum(axis=1)
        np.subtract.at(world, self.of, start)
        return world

    def push(self, place: int, way: int, *, is_prefix: bool) -> bool:
        """Move one more member, and others until every count is in its band again; False where that fails."""
        at, held = self.at.copy(), self.held.copy()
        counted = np.arange(ELEMENTS + 1) <= place if is_prefix else np.arange(ELEMENTS + 1) == place
        # From outside the count into it, or the other way round.
        wanted = np.where(counted[None, :] & ~counted[:, None], 0.0, np.inf)
        cost = self._costs() + (wanted if way == UP else wanted.T)
        cost[self.members :] = np.inf
        back = np.zeros_like(cost)
        """Infinite for moves that would undo one of these."""
        if not self._apply(cost, back):
            return False
        # What follows moves no member across the border of the count.
        stay = np.where(counted[None, :] == counted[:, None], 0.0, np.inf)
        for _ in range(REPAIRS):
            if not self._violation().any():
                self.valid = self.at.copy()
                return True
            cost = self._costs() + back
            cost[: self.members] += stay
            if cost.min() > 0 or not self._apply(cost, back):
                break
        self.at, self.held = at, held
        return False

    def _violation(self) -> Ints:
        below, above = self.worlds.low - self.held, self.held - self.worlds.high
        return np.asarray(np.maximum(0, below) + np.maximum(0, above))

    def _costs(self) -> NDArray[np.float64]:
        """Return how much worse each move (of a line, from a place, to a place) makes it; infinite where impossible."""
        now = self._violation()
        low, high = self.worlds.low, self.worlds.high
        up = np.maximum(0, low - self.held - 1) + np.maximum(0, self.held + 1 - high) - now
        down = np.maximum(0, low - self.held + 1) + np.maximum(0, self.held - 1 - high) - now
        edges = np.zeros((2, len(self.of), ELEMENTS + 1))
        edges[0, :, 1:] = (self.patterns @ up).cumsum(axis=1)
        edges[1, :, 1:] = (self.patterns @ down).cumsum(axis=1)
        rises = edges[0][:, :, None] - edges[0][:, None, :]
        falls = edges[1][:, None, :] - edges[1][:, :, None]
        places = np.arange(ELEMENTS + 1)
        cost = np.where(places[None, :] < places[:, None], rises, falls) + self.closed
        return np.where(self.at[:, :, None] > 0, cost, np.inf)

    def _apply(self, cost: NDArray[np.float64], back: NDArray[np.float64]) -> bool:
        """Make the best move, and note in `back` that it is not to be undone; False where there is none."""
        line, start, end = np.unravel_index(int(cost.argmin()), cost.shape)
        if np.isinf(cost[line, start, end]):
            return False
        back[line, end, start] = np.inf
        self.at[line, start] -= 1
        self.at[line, end] += 1
        span = slice(min(start, end), max(start, end))
        rows = self.kinds.patterns[self.of[line]]
        self.held[rows, span] += UP if end < start else DOWN
        return True
