"""Alternative worlds: other answers that fit the same published bands, found by moving few people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

ELEMENTS = 5
LAST = ELEMENTS - 1
"""Reinforcement: only people whose service is live can have a barrier there."""
UP, DOWN = 1, -1
"""Whether a count of people with a barrier at an element or an earlier one rises or falls."""
AT_MOST, ROOM = 80, 400_000
"""The most worlds kept in memory, and the most numbers in all of them together; the latest worlds are kept."""
KINDS = 160
"""The most kinds of answer that move in one search, to keep it quick."""
REPAIRS = 12
"""The most moves after the first one to bring every count back into its band."""
_MOVES = [(start, end) for start in range(ELEMENTS + 1) for end in range(ELEMENTS + 1) if start != end]
STARTS, ENDS = np.array(_MOVES).T
"""Every move from one place to another."""
UNDO = np.array([_MOVES.index((end, start)) for start, end in _MOVES])
"""The reverse of each move."""
_FALLS = np.where(ENDS > STARTS, ELEMENTS + 1, 0)
"""A move to an earlier place makes counts rise; a move to a later place makes them fall."""
UPPER, LOWER = np.maximum(STARTS, ENDS) + _FALLS, np.minimum(STARTS, ENDS) + _FALLS


@dataclass(frozen=True, slots=True)
class Kinds:
    """Groups of interchangeable answers, which are counted in the same rows and have the barrier at the same place."""

    patterns: Bools
    """Kinds by rows."""
    places: Ints
    live: Bools
    counts: Ints
    of_column: Ints
    """The kind of each column."""
    persons: Ints
    """The person of each column."""

    @classmethod
    def of(cls, members: Bools, places: Ints, live: Bools, persons: Ints) -> "Kinds":
        # Pack to bytes first, because NumPy is slow at sorting rows of many columns.
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
        """The kinds that at least one row counts."""
        return np.asarray(self.patterns.any(axis=1), dtype=np.bool_)

    def pool(self, target: Bools) -> Ints:
        """Count a group's answers by kind."""
        return np.bincount(self.of_column[target], minlength=len(self.counts))

    def people_of(self, kind: int) -> set[int]:
        """Return the people whose answers are of a kind."""
        return set(self.persons[self.of_column == kind].tolist())


class Worlds:
    """The worlds found so far, which are reused for many questions. The first is the real one."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self.patterns = kinds.patterns.astype(np.float32)
        true = np.zeros((len(kinds.counts), ELEMENTS + 1), dtype=np.int64)
        true[range(len(true)), kinds.places] = kinds.counts
        self._room = np.empty((max(4, min(AT_MOST, ROOM // true.size)) + 2, *true.shape), dtype=np.int64)
        self._room[0] = true
        self._used = self._next = 1
        self._near: _Near | None = None
        self.held = self._held(self.found)[0]
        """The real counts (rows by elements)."""
        self.low = self.high = np.zeros((0, ELEMENTS), dtype=np.int64)

    @property
    def found(self) -> Ints:
        return self._room[: self._used]

    def add(self, world: Ints) -> None:
        """Remember a world; drop the oldest ones except the real one."""
        self._room[self._next] = world
        self._used = max(self._used, self._next + 1)
        self._next = self._next + 1 if self._next + 1 < len(self._room) else 1

    def fit(self, low: Ints, high: Ints) -> None:
        """Set the bands, and forget worlds that do not fit them."""
        is_wider = len(self.low) and bool(((low <= self.low) & (high >= self.high)).all())
        self.low, self.high = low, high
        if not is_wider and self._used > 1:
            held = self._held(self.found)
            fit = np.asarray(((held >= low) & (held <= high)).all(axis=(1, 2)), dtype=np.bool_)
            # Oldest first, in the order in which they are overwritten.
            order = np.roll(np.arange(1, self._used), 1 - self._next if self._used == len(self._room) else 0)
            kept = order[fit[order]]
            self._room[1 : len(kept) + 1] = self._room[kept]
            self._used = len(kept) + 1
            self._next = self._used if self._used < len(self._room) else 1

    def _held(self, worlds: Ints) -> Ints:
        """Count the people with a barrier at each element or an earlier one (worlds by rows by elements)."""
        # As floats, because NumPy multiplies integers slowly; they are exact up to 2**24.
        counts = worlds.cumsum(axis=2)[:, :, :ELEMENTS].astype(np.float32)
        return np.asarray(np.matmul(self.patterns.T[None], counts)).astype(np.int64)

    def widths(self, pool: Ints) -> tuple[list[int], list[int]]:
        """Return how much each count of a group differs between these worlds: at each element, and up to each element.

        `pool` has the number of members of each kind.
        """
        inside = np.flatnonzero(pool)
        alone = self.found[:, inside, :ELEMENTS]
        both, members, others = [], pool[inside, None], (self.kinds.counts - pool)[inside, None]
        for at in (alone, alone.cumsum(axis=2)):
            most = np.minimum(at, members).sum(axis=1).max(axis=0)
            both.append((most - np.maximum(0, at - others).sum(axis=1).min(axis=0)).tolist())
        return both[0], both[1]

    def width(self, pool: Ints, place: int, *, is_prefix: bool) -> int:
        """Return how much one count of a group differs between these worlds."""
        return int(self.widths(pool)[is_prefix][place])

    def can_be(self, kind: int, places: Sequence[int]) -> bool:
        """Return whether a person of a kind is at one of these places in enough worlds for any one insider."""
        elsewhere = self.found[self.found[:, kind, list(places)].sum(axis=1) > 0]
        if not len(elsewhere):
            return False
        moved = elsewhere[:, range(len(self.kinds.places)), self.kinds.places] == 0
        moved[:, kind] &= self.kinds.counts[kind] > 1
        return not moved.all(axis=0).any()

    def search(self, pool: Ints, place: int, way: int, wanted: int, *, is_prefix: bool) -> None:
        """Search for a world in which a count of a group is up to `wanted` higher (`UP`) or lower (`DOWN`)."""
        if self._near is None or self._near.pool is not pool:
            self._near = _Near(self.kinds, pool)
        world = _Push(self, self._near)
        for done in range(wanted):
            if not world.push(place, way, is_prefix=is_prefix):
                break
            if done == wanted - 1 or done % 2:
                self.add(world.whole())
        else:
            return
        self.add(world.whole())


class _Near:
    """The answers that a search about one group may move: its members, and others that share rows with them."""

    def __init__(self, kinds: Kinds, pool: Ints) -> None:
        self.pool = pool
        inside = np.flatnonzero(pool)[:KINDS]
        near = kinds.patterns[:, kinds.patterns[inside].any(axis=0)].any(axis=1)
        outside = np.flatnonzero(near & (kinds.counts > pool))[:KINDS]
        self.of = np.concatenate([inside, outside])
        """The kind of each line: first the group's members, then the others."""
        self.members = len(inside)
        sizes = np.concatenate([pool[inside], (kinds.counts - pool)[outside]])
        self.at = np.zeros((len(self.of), ELEMENTS + 1), dtype=np.int64)
        self.at[range(len(self.of)), kinds.places[self.of]] = sizes
        self.patterns = kinds.patterns[self.of].astype(np.float64)
        self.closed = np.zeros((len(self.of), len(STARTS)))
        """Infinite for moves to a place that is impossible for the kind."""
        self.closed[np.ix_(~kinds.live[self.of], ENDS == LAST)] = np.inf


class _Push:
    """A sequence of worlds, each with one more member of a group moved into or out of a count."""

    def __init__(self, worlds: Worlds, near: _Near) -> None:
        self.worlds, self.kinds, self.near = worlds, worlds.kinds, near
        self.at, self.held = near.at.copy(), worlds.held.copy()
        self.valid = self.at.copy()

    def whole(self) -> Ints:
        """Return the latest world that fits the bands."""
        world: Ints = self.worlds.found[0].copy()
        # Members and non-members of one kind are two lines.
        np.add.at(world, self.near.of, self.valid - self.near.at)
        return world

    def push(self, place: int, way: int, *, is_prefix: bool) -> bool:
        """Move one more member, then others until every count is back in its band; return False if that fails."""
        at, held = self.at.copy(), self.held.copy()
        counted = np.arange(ELEMENTS + 1) <= place if is_prefix else np.arange(ELEMENTS + 1) == place
        # Moves into the count, or out of it.
        crosses = counted[ENDS] & ~counted[STARTS] if way == UP else counted[STARTS] & ~counted[ENDS]
        cost = self._costs() + np.where(crosses, 0.0, np.inf)
        cost[self.near.members :] = np.inf
        back = np.zeros_like(cost)
        """Infinite for moves that would undo an earlier one."""
        if not self._apply(cost, back):
            return False
        # Later moves may not take members into or out of the count.
        stay = np.where(counted[STARTS] == counted[ENDS], 0.0, np.inf)
        for _ in range(REPAIRS):
            if not self._violation().any():
                self.valid = self.at.copy()
                return True
            cost = self._costs() + back
            cost[: self.near.members] += stay
            if cost.min() > 0 or not self._apply(cost, back):
                break
        self.at, self.held = at, held
        return False

    def _violation(self) -> Ints:
        below, above = self.worlds.low - self.held, self.held - self.worlds.high
        return np.asarray(np.maximum(0, below) + np.maximum(0, above))

    def _costs(self) -> NDArray[np.float64]:
        """Return how much each move increases the violation of bands (lines by moves); infinite if impossible."""
        now = self._violation()
        below, above = self.worlds.low - self.held, self.held - self.worlds.high
        up = np.maximum(0, below - 1) + np.maximum(0, above + 1) - now
        down = np.maximum(0, below + 1) + np.maximum(0, above - 1) - now
        edges = np.zeros((len(self.near.of), 2, ELEMENTS + 1))
        np.cumsum(self.near.patterns @ up, axis=1, out=edges[:, 0, 1:])
        np.cumsum(self.near.patterns @ down, axis=1, out=edges[:, 1, 1:])
        flat = edges.reshape(len(edges), -1)
        cost: NDArray[np.float64] = flat[:, UPPER] - flat[:, LOWER]
        cost += self.near.closed
        cost[(self.at <= 0)[:, STARTS]] = np.inf
        return cost

    def _apply(self, cost: NDArray[np.float64], back: NDArray[np.float64]) -> bool:
        """Make the best move and block its reverse in `back`; return False if there is no move."""
        line, move = divmod(int(cost.argmin()), len(STARTS))
        if np.isinf(cost[line, move]):
            return False
        start, end = int(STARTS[move]), int(ENDS[move])
        back[line, UNDO[move]] = np.inf
        self.at[line, start] -= 1
        self.at[line, end] += 1
        span = slice(min(start, end), max(start, end))
        self.held[self.kinds.patterns[self.near.of[line]], span] += UP if end < start else DOWN
        return True
