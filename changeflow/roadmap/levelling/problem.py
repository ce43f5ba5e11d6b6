"""The levelling problem: work in slots of time, links, and limited people; also as arrays.

A slot is a stretch of working time; nights and weekends without work are skipped. A task takes a number of slots of
its calendar, and a link joins boundaries between slots. A benchmark instance, in whole days without calendars, is the
simplest case.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Words = NDArray[np.uint64]
FREE = -1
"""In `fixed`: the search decides. In `table` and `lag_table`: there is none."""
ALWAYS = 0
"""The calendar that works in every slot."""
NO_DUE = np.iinfo(np.int32).max


class Slots(NamedTuple):
    """A problem of n tasks over T slots. Calendar 0 works in all of them."""

    work: Ints
    """Slots of work of each task."""
    calendar: Ints
    table: Ints
    """The row of `land` and `end` of a task whose length depends on when it starts; FREE if that follows from its
    calendar."""
    holds: Ints
    """1 if it keeps its people through breaks, 0 if they do other work meanwhile."""
    release: Ints
    """The first slot in which it may start."""
    fixed: Ints
    """Its fixed start, or FREE. The people of a fixed task are already booked in `capacity`."""
    fixed_end: Ints
    due: Ints
    """The boundary by which it should finish, or NO_DUE."""
    first_into: Ints
    before: Ints
    into_shape: Ints
    """For each link: 1 if it binds the predecessor's start, 2 if it binds the successor's finish, and their sum if it
    binds both."""
    into_lag: Ints
    into_table: Ints
    """The row of `lag`, or FREE if `into_lag` gives the lag in slots."""
    first_out: Ints
    after: Ints
    out_shape: Ints
    out_lag: Ints
    out_table: Ints
    rank: Ints
    """Calendar by boundary: the slots of work before it."""
    place: Ints
    """Calendar by number of a slot of work: the position of that slot; after the last one, the number of all slots."""
    land: Ints
    end: Ints
    """Table by slot: the first start at or after it, and the finish of a start in it."""
    back: Ints
    """Table by boundary: the last start that finishes by it; -1 if there is none."""
    lag: Ints
    unlag: Ints
    """Tables by boundary: the boundary after a lag, and the latest boundary from which the lag ends by this one."""
    first_need: Ints
    word: Ints
    need: Words
    """The needs of a task: words of packed amounts."""
    guards: Words
    """For each word, the bit above each resource's field, which stays set as long as enough is left."""
    capacity: Words
    """Word by slot: the free amounts, with the guards set."""
    keep_from: Ints
    """For each maximum lag: the task from whose finish it runs, and the one that has to start within it."""
    keep_to: Ints
    keep_lag: Ints
    keep_table: Ints
    weight: NDArray[np.int64]
    """The weights of the search: for a slot of lateness, of the finish, and of any task's start."""


WORD = 64
MOST = 1 << 20
"""The largest amount of one resource, because amounts are packed side by side into words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One task, in slots. With a `table`, its length follows from its start."""

    id: str
    work: int
    needs: tuple[tuple[int, int], ...] = ()
    """(resource, amount) in every slot of its work."""
    calendar: int = ALWAYS
    table: int = FREE
    holds: bool = False
    """Whether its people wait through breaks of its calendar; otherwise they do other work meanwhile."""
    release: int = 0
    fixed: tuple[int, int] | None = None
    """The start and finish of a task that may not move."""
    due: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A link between the tasks of two places: the second waits for the first, with a lag in slots or from a table."""

    before: int
    after: int
    from_start: bool = False
    to_finish: bool = False
    lag: int = 0
    table: int = FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """A maximum lag: the second task starts at most this long after the first has finished."""

    before: int
    after: int
    lag: int = 0
    table: int = FREE


@dataclass(frozen=True, kw_only=True)
class LevelProblem:
    """Pieces are in an order in which the first of any link comes before the second."""

    pieces: tuple[Piece, ...]
    binds: tuple[Bind, ...]
    resources: tuple[str, ...]
    amounts: NDArray[np.int64]
    """Resource by slot: how much there is. Pieces with a fixed date use part of it, like all others."""
    keeps: tuple[Keep, ...] = ()
    works: tuple[NDArray[np.bool_], ...] = ()
    """For each calendar after `ALWAYS`: whether it works in a slot."""
    lands: tuple[Ints, ...] = ()
    """For each table: the first start at or after a slot, or the number of slots if there is none."""
    ends: tuple[Ints, ...] = ()
    """For each table: the finish of a start in a slot, or more than the number of slots if it is unknown."""
    lags: tuple[Ints, ...] = ()
    """For each table of lags: the boundary after the lag, indexed by the boundary before it."""
    weight: tuple[int, int, int] = (0, 1, 0)
    """The weights of a slot of lateness (against `due` and maximum lags), of the last finish, and of any task's start.
    With maximum lags, the weight of lateness must not be 0."""

    @property
    def horizon(self) -> int:
        return int(self.amounts.shape[1])

    @cached_property
    def free(self) -> NDArray[np.int64]:
        """Resource by slot: what fixed pieces leave; none if they take more than there is."""
        left = self.amounts.astype(np.int64)
        for piece in self.pieces:
            if piece.fixed is not None:
                for slot in self.slots_of(piece, *piece.fixed):
                    for resource, amount in piece.needs:
                        left[resource, slot] -= amount
        return np.maximum(left, 0)

    def slots_of(self, piece: Piece, start: int, finish: int) -> NDArray[np.int64]:
        """Return the slots in which a piece takes its people."""
        span = np.arange(max(0, start), min(finish, self.horizon))
        if piece.calendar == ALWAYS or piece.holds:
            return span
        return span[self.works[piece.calendar - 1][span]]

    def finish_of(self, piece: Piece, start: int) -> int | None:
        """Return the finish of a start; None if the task cannot start there."""
        if piece.table != FREE:
            can = self.lands[piece.table][start] == start
            return int(self.ends[piece.table][start]) if can else None
        if piece.calendar == ALWAYS or piece.work == 0:
            return start + piece.work
        rank, place = self.time[piece.calendar]
        done = int(rank[start]) + piece.work
        return int(place[done - 1]) + 1 if place[int(rank[start])] == start and done <= rank[-1] else None

    @cached_property
    def time(self) -> list[tuple[Ints, Ints]]:
        """For each calendar: the slots of work before each boundary, and the position of each of those slots."""
        found = []
        for works in (np.ones(self.horizon, bool), *self.works):
            rank = np.concatenate([[0], np.cumsum(works)]).astype(np.int32)
            place = np.full(self.horizon + 1, self.horizon, np.int32)
            place[: int(rank[-1])] = np.flatnonzero(works)
            found.append((rank, place))
        return found

    @cached_property
    def slots(self) -> Slots:
        """The arrays on which the search works."""
        pieces, horizon = self.pieces, self.horizon
        fields = _fields([int(row.max(initial=0)) for row in self.free])
        needs = [_packed(p.needs if p.fixed is None else (), fields) for p in pieces]
        capacity = np.zeros((len(fields.guards), horizon), np.uint64)
        for resource, row in enumerate(self.free):
            capacity[fields.word[resource]] += row.astype(np.uint64) << np.uint64(fields.shift[resource])
        guards = np.array(fields.guards, np.uint64)
        capacity |= guards[:, None]
        into, first_into = _by_end(self.binds, len(pieces), lambda b: b.after, lambda b: b.before)
        out, first_out = _by_end(self.binds, len(pieces), lambda b: b.before, lambda b: b.after)
        lags = np.array(self.lags, np.int32).reshape(-1, horizon + 1)
        back = np.array([_back(a, b) for a, b in zip(self.lands, self.ends, strict=True)], np.int32)
        unlag = np.array([np.searchsorted(row, np.arange(horizon + 1), side="right") - 1 for row in lags], np.int32)
        return Slots(
            work=_ints(p.work for p in pieces),
            calendar=_ints(p.calendar for p in pieces),
            table=_ints(p.table for p in pieces),
            holds=_ints(p.holds for p in pieces),
            release=_ints(p.release for p in pieces),
            fixed=_ints(FREE if p.fixed is None else p.fixed[0] for p in pieces),
            fixed_end=_ints(FREE if p.fixed is None else p.fixed[1] for p in pieces),
            due=_ints(NO_DUE if p.due is None else p.due for p in pieces),
            first_into=first_into,
            before=into[0],
            into_shape=into[1],
            into_lag=into[2],
            into_table=into[3],
            first_out=first_out,
            after=out[0],
            out_shape=out[1],
            out_lag=out[2],
            out_table=out[3],
            rank=np.array([rank for rank, _ in self.time]),
            place=np.array([place for _, place in self.time]),
            land=np.array(self.lands, np.int32).reshape(-1, horizon),
            end=np.array(self.ends, np.int32).reshape(-1, horizon),
            back=back.reshape(-1, horizon + 1),
            lag=lags,
            unlag=unlag.reshape(-1, horizon + 1),
            first_need=_firsts([len(n) for n in needs]),
            word=_ints(w for n in needs for w, _ in n),
            need=np.array([v for n in needs for _, v in n], np.uint64),
            guards=guards,
            capacity=capacity,
            keep_from=_ints(k.before for k in self.keeps),
            keep_to=_ints(k.after for k in self.keeps),
            keep_lag=_ints(k.lag for k in self.keeps),
            keep_table=_ints(k.table for k in self.keeps),
            weight=np.array(self.weight, np.int64),
        )

    @cached_property
    def is_odd(self) -> bool:
        """Whether some link lets its second task start before its first, so that an order of starts may not be one of
        links."""
        return any(b.from_start or b.to_finish or b.lag < 0 or b.table != FREE for b in self.binds)


@dataclass(frozen=True, slots=True)
class _Fields:
    """The place of each resource's amounts: its word, and the bits to its right."""

    word: tuple[int, ...]
    shift: tuple[int, ...]
    guards: tuple[int, ...]


def _fields(most: Sequence[int]) -> _Fields:
    word, shift, guards, at = [], [], [0], 0
    for amount in most:
        width = max(1, min(amount, MOST).bit_length()) + 1
        if at + width > WORD:
            guards.append(0)
            at = 0
        word.append(len(guards) - 1)
        shift.append(at)
        at += width
        guards[-1] |= 1 << (at - 1)
    return _Fields(tuple(word), tuple(shift), tuple(guards))


def _packed(needs: Sequence[tuple[int, int]], fields: _Fields) -> list[tuple[int, int]]:
    """Pack (resource, amount) into (word, packed amounts): one entry for each word."""
    words: dict[int, int] = {}
    for resource, amount in needs:
        if amount:
            words[fields.word[resource]] = words.get(fields.word[resource], 0) + (amount << fields.shift[resource])
    return sorted(words.items())


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int32)


def _firsts(sizes: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)


def _by_end(
    binds: Sequence[Bind], count: int, end: Callable[[Bind], int], other: Callable[[Bind], int]
) -> tuple[list[Ints], Ints]:
    """Return the links of each piece as columns, and where those of each piece begin."""
    groups: list[list[Bind]] = [[] for _ in range(count)]
    for bind in binds:
        groups[end(bind)].append(bind)
    flat = [b for g in groups for b in g]
    columns = [_ints(other(b) for b in flat), _ints(b.from_start + 2 * b.to_finish for b in flat)]
    columns += [_ints(b.lag for b in flat), _ints(b.table for b in flat)]
    return columns, _firsts([len(g) for g in groups])


def _back(land: Ints, end: Ints) -> Ints:
    """Return, by boundary, the last start that finishes by it."""
    starts = np.flatnonzero(land[: len(end)] == np.arange(len(end)))
    found = np.full(len(end) + 1, -1, np.int32)
    for start in starts:
        if end[start] <= len(end):
            found[end[start]] = max(found[end[start]], start)
    return np.maximum.accumulate(found)
