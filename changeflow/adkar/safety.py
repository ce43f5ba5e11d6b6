"""Which groups may be shown together, so that no sum, difference or overlap of theirs gives anybody's score away.

Counts are told in steps (`published.band_of`). That is not enough where groups overlap: several steps together may
leave only one possibility. So each statement is tested by a witness: another world, with the same published steps, in
which

- a person who is further on stands at awareness instead: then any of their scores may be low, and none is known;
- a person at awareness does not stand there;
- the number behind a step is as many as `step - 1` larger or smaller.

A witness moves few people, and the test looks for the simplest: somebody who can move alone, or two who change places.
For the first two a single insider who knows their own score is no better off: two such exchanges must be possible, or
one that needs nobody else. Where no witness is found, the least important of the groups in its way is hidden, and all
is tested again; so the tests are sufficient, never hopeful. `tests/adkar/attacker.py` attacks by other means.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from changeflow.adkar.published import band_of

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

ELEMENTS = 5
LAST = ELEMENTS - 1
"""Reinforcement."""
WORK = 400_000
"""People times groups that are looked at once more, at most, after the first look: it keeps large trusts quick."""
PARTNERS = 96
"""So many kinds of people are tried as partners of an exchange, at most: enough, and quick."""
INSIDERS = 1
UP, DOWN = 1, -1
"""Ways to move: held back by an element where they were not, or past it."""


def protect(members: Bools, classes: Ints, live: Bools, *, held: Ints, step: int) -> Bools:
    """Return which groups may be shown together.

    `members` says who is in which group (groups by people, the most important group first), `classes` at which element
    each person is held back (0 to 4, 5 for nowhere), `live` to whom reinforcement applies: nobody else can stand there;
    `held` counts who is held back at each element or before it (groups by elements).
    """
    everybody = _Everybody.of(members, classes, live, held=held, step=step)
    kept = _hidden(everybody)
    # Hiding goes too far now and then: what can come back comes back, the most important first.
    for row in np.flatnonzero(~kept)[: WORK // max(1, members.size)]:
        wider = kept.copy()
        wider[row] = True
        if all(test(_Test(everybody, wider), 0)[0] is None for test in TESTS):
            kept = wider
    return kept


def _hidden(everybody: "_Everybody") -> Bools:
    """Hide the least important group that is in somebody's way, until nobody's way is blocked."""
    shown = np.ones(len(everybody.members), dtype=np.bool_)
    for test in TESTS:
        # What has a witness keeps it when a group is hidden: there is only less to agree with.
        start = 0
        while shown.any():
            weak, start = test(_Test(everybody, shown), start)
            if weak is None:
                break
            shown[weak] = False
    return shown


@dataclass(frozen=True, slots=True)
class _Kinds:
    """People who are in the same shown groups and held back at the same element: they are exchangeable."""

    patterns: Bools
    """Kinds by groups."""
    classes: Ints
    live: Bools
    counts: Ints


@dataclass(frozen=True, slots=True)
class _Everybody:
    """Who is in which group, where they stand, and how many more or fewer leave each group in its steps."""

    members: Bools
    classes: Ints
    live: Bools
    step: int
    sizes: Ints
    up: Ints
    """How many more people may be held back by an element before the group's step changes, groups by elements."""
    down: Ints
    share: Bools
    """Which groups have people in common."""

    @classmethod
    def of(cls, members: Bools, classes: Ints, live: Bools, *, held: Ints, step: int) -> "_Everybody":
        sizes = members.sum(axis=1)
        bands = [[band_of(int(n), int(size), step=step) for n in row] for row, size in zip(held, sizes, strict=True)]
        up = np.array([[b.high for b in row] for row in bands]).reshape(held.shape) - held
        down = held - np.array([[b.low for b in row] for row in bands]).reshape(held.shape)
        share = (members.astype(np.float32) @ members.astype(np.float32).T) > 0
        return cls(members, classes, live, step, sizes, up, down, share)


class _Test:
    def __init__(self, everybody: _Everybody, shown: Bools) -> None:
        self.everybody, self.shown, self.step, self.sizes = everybody, shown, everybody.step, everybody.sizes
        self.up, self.down, self.members = everybody.up, everybody.down, everybody.members
        members, classes, live = everybody.members, everybody.classes, everybody.live
        rows = np.flatnonzero(shown)
        # Packed to bytes first: NumPy sorts rows of many columns slowly.
        packed = np.packbits(np.vstack([members[rows], live[None, :]]).T, axis=1)
        keys = np.ascontiguousarray(np.hstack([packed, classes[:, None].astype(np.uint8)]))
        _, first, counts = np.unique(keys.view([("", np.void, keys.shape[1])]), return_index=True, return_counts=True)
        patterns = (members & shown[:, None])[:, first].T
        place, is_live = classes[first], live[first]
        self.kinds = _Kinds(patterns, place, is_live, counts.astype(np.int64))
        # The same as sets of bits, for what is done kind by kind.
        self.stands: list[int] = place.tolist()
        self.sizes_of: list[int] = counts.tolist()
        self.masks = _bits(patterns.T)
        tight = {UP: (self.up <= 0) & shown[:, None], DOWN: (self.down <= 0) & shown[:, None]}
        self.full = {way: _bits(slack) for way, slack in tight.items()}
        self.in_row: dict[int, list[list[int]]] = {int(r): [[] for _ in range(ELEMENTS + 1)] for r in rows}
        """The kinds of people of a group by where they stand, those in the fewest groups first."""
        by_few = np.argsort(patterns.sum(axis=1), kind="stable")
        for row in self.in_row:
            for kind in by_few[patterns[by_few, row]].tolist():
                self.in_row[row][self.stands[kind]].append(kind)

    def could_be_at_awareness(self, start: int) -> tuple[int | None, int]:
        """Everybody further on could stand at awareness: alone, or in exchange with somebody held back earlier."""
        kinds = self.kinds
        open_kinds: list[tuple[int, range]] = []
        for place in range(1, ELEMENTS + 1):
            mine = np.flatnonzero((kinds.classes == place) & kinds.patterns.any(axis=1))
            if not len(mine):
                continue
            stuck = (self.up[:, :place] == 0).any(axis=1) & self.shown
            alone = ~(kinds.patterns[mine] & stuck).any(axis=1)
            rest = mine[~alone]
            found = np.zeros(len(rest), dtype=np.int64)
            for other in range(place):
                if not len(rest):
                    break
                found += self._partners(rest, other=other, place=place)
            open_kinds.extend((int(k), range(place)) for k in rest[found <= INSIDERS])
        return self._in_the_way(open_kinds), start

    def _partners(self, rest: Ints, *, other: int, place: int) -> Ints:
        """Count the people held back at `other` who could be at `place` when one of `rest` is at awareness instead."""
        kinds = self.kinds
        theirs = np.flatnonzero((kinds.classes == other) & (kinds.live | (place != LAST)))
        if not len(theirs):
            return np.zeros(len(rest), dtype=np.int64)
        theirs = theirs[np.argsort(kinds.patterns[theirs].sum(axis=1), kind="stable")[:PARTNERS]]
        mine, them = kinds.patterns[rest], kinds.patterns[theirs]
        never = (self.up[:, :other] == 0).any(axis=1) & self.shown
        full = (self.up[:, other:place] == 0).any(axis=1) & self.shown
        empty = (self.down[:, other:place] == 0).any(axis=1) & self.shown
        works = ~_meets(mine & never, np.ones_like(them)) & ~_meets(mine & full, ~them) & ~_meets(~mine, them & empty)
        counts = kinds.counts[theirs]
        return np.asarray((works * counts[None, :]).sum(axis=1), dtype=np.int64)

    def could_be_elsewhere(self, start: int) -> tuple[int | None, int]:
        """Nobody at awareness is known to stand there."""
        kinds = self.kinds
        mine = np.flatnonzero((kinds.classes == 0) & kinds.patterns.any(axis=1))
        stuck = (self.down[:, 0] == 0) & self.shown
        rest = mine[(kinds.patterns[mine] & stuck).any(axis=1)]
        found = np.zeros(len(rest), dtype=np.int64)
        for other in range(1, ELEMENTS + 1):
            theirs = np.flatnonzero(kinds.classes == other)
            if not len(rest) or not len(theirs):
                continue
            # They come to awareness, and pass every element between there and where they stand.
            pattern, them = kinds.patterns[rest], kinds.patterns[theirs]
            never = (self.up[:, 1:other] == 0).any(axis=1) & self.shown
            full = (self.up[:, 0] == 0) & self.shown
            works = ~_meets(pattern & stuck, ~them) & ~_meets(~pattern, them & full)
            works &= ~(them & never).any(axis=1)[None, :]
            found += (works * kinds.counts[theirs][None, :]).sum(axis=1)
        return self._in_the_way([(int(k), range(1)) for k in rest[found <= INSIDERS]]), start

    def _in_the_way(self, kinds: list[tuple[int, range]]) -> int | None:
        """Return the least important group that keeps some kind of people where they are: one that has no room itself,
        and has people in common with a group of theirs that has none."""
        worst = -1
        for kind, span in kinds:
            places = list(span)
            tight = ((self.up[:, places] == 0) | (self.down[:, places] == 0)).any(axis=1) & self.shown
            beside = tight & self.everybody.share[self.kinds.patterns[kind] & tight].any(axis=0)
            worst = max(worst, int(np.flatnonzero(beside).max(initial=-1)))
        return worst if worst >= 0 else None

    def is_wide(self, start: int) -> tuple[int | None, int]:
        """Every number of people that is not told could be `step - 1` more or less, given all that is told."""
        for row in np.flatnonzero(self.shown).tolist():
            if row < start:
                continue
            wanted = min(self.step - 1, int(self.sizes[row]))
            for place in range(ELEMENTS):
                done = _World(self).move(row, place, UP, wanted)
                if done < wanted and _World(self).move(row, place, DOWN, wanted - done) < wanted - done:
                    return int(np.flatnonzero(self.everybody.share[row] & self.shown).max()), row
        return None, len(self.members)


class _World:
    """Another world: the real one, with some people moved so that no published step changes."""

    def __init__(self, test: _Test) -> None:
        self.test = test
        self.full = {UP: list(test.full[UP]), DOWN: list(test.full[DOWN])}
        self.moved: dict[tuple[int, int], int] = {}
        """How many more are held back, by group and place."""
        self.left: dict[int, int] = {}
        """How many of a kind of people have not been moved yet, where some have."""

    def move(self, row: int, place: int, way: int, wanted: int) -> int:
        """Move people of a group across a place, all at once, up to `wanted`; return how many could be moved."""
        done = 0
        for kind, to in self._movers(row, place, way):
            mine, stands = self.test.masks[kind], self.test.stands[kind]
            span = range(min(stands, to), max(stands, to))
            while done < wanted and self._has(kind):
                if self._fits(mine, 0, span, way):
                    self._shift(mine, span, way)
                elif (other := self._partner(row, kind, to, span, way)) is not None:
                    theirs = self.test.masks[other]
                    self._shift(mine & ~theirs, span, way)
                    self._shift(theirs & ~mine, span, -way)
                    self._use(other)
                else:
                    break
                self._use(kind)
                done += 1
            if done == wanted:
                break
        return done

    def _movers(self, row: int, place: int, way: int) -> Iterator[tuple[int, int]]:
        """Yield the kinds of people who could cross a place, and where to, those with the shortest way first."""
        test = self.test
        order = range(place + 1, ELEMENTS + 1) if way == UP else range(place, -1, -1)
        for stands in order:
            for kind in test.in_row[row][stands]:
                if way == UP:
                    yield kind, place if place != LAST or test.kinds.live[kind] else LAST - 1
                else:
                    # Nobody to whom reinforcement does not apply can stand there.
                    yield kind, place + 1 if place + 1 != LAST or test.kinds.live[kind] else ELEMENTS

    def _has(self, kind: int) -> bool:
        return self.left.get(kind, self.test.sizes_of[kind]) > 0

    def _use(self, kind: int) -> None:
        self.left[kind] = self.left.get(kind, self.test.sizes_of[kind]) - 1

    def _fits(self, mine: int, theirs: int, span: range, way: int) -> bool:
        """Tell whether one of these groups can move so, while one of those moves the other way."""
        only_mine, only_theirs = mine & ~theirs, theirs & ~mine
        full, empty = self.full[way], self.full[-way]
        return not any(only_mine & full[k] or only_theirs & empty[k] for k in span)

    def _partner(self, row: int, kind: int, to: int, span: range, way: int) -> int | None:
        """Return a kind of people outside the group of whom one can change places with one of this kind."""
        test, mine, stands = self.test, self.test.masks[kind], self.test.stands[kind]
        tight = mine & reduce(or_, (self.full[way][k] for k in span))
        if tight >> row & 1:
            return None
        # Whoever takes the place has to be in every group that cannot change.
        for other in test.in_row[tight.bit_length() - 1][to][:PARTNERS]:
            theirs = test.masks[other]
            if theirs >> row & 1 or not self._has(other) or (stands == LAST and not test.kinds.live[other]):
                continue
            if self._fits(mine, theirs, span, way):
                return other
        return None

    def _shift(self, groups: int, span: range, way: int) -> None:
        while groups:
            row = groups.bit_length() - 1
            bit = 1 << row
            groups ^= bit
            for k in span:
                moved = self.moved[row, k] = self.moved.get((row, k), 0) + way
                for direction, slack in ((UP, self.test.up[row, k] - moved), (DOWN, self.test.down[row, k] + moved)):
                    full = self.full[direction]
                    full[k] = full[k] | bit if slack <= 0 else full[k] & ~bit


TESTS = (_Test.could_be_at_awareness, _Test.could_be_elsewhere, _Test.is_wide)


def _bits(groups: Bools) -> list[int]:
    """Return for each column the groups in which it is set, as bits."""
    packed = np.packbits(groups, axis=0, bitorder="little")
    return [int.from_bytes(packed[:, n].tobytes(), "little") for n in range(groups.shape[1])]


def _meets(left: Bools, right: Bools) -> Bools:
    """Tell for each row of `left` and each of `right` whether both hold somewhere."""
    return np.asarray(left.astype(np.float32) @ right.astype(np.float32).T > 0, dtype=np.bool_)
