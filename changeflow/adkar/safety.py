"""Decide how fine published lines may be, so that no sum, difference or overlap identifies a person's score.

A published line gives, for each element, a band for the number of people with a barrier at that element or an earlier
one (`bands`). Bands alone are not enough where groups overlap, or where an earlier publication counted the same
answers. So every statement needs an *alternative world*: other answers that fit every band ever published, in which

- a person with a later barrier, or none, has a barrier at awareness instead (so any of their scores could be the low
one);
- a person with a barrier at awareness has it elsewhere instead;
- the number behind any count of any named group, shown or hidden, differs by up to `band - 1`.

For the first two, one insider who knows their own answers must gain nothing: two alternatives are needed, or one that
involves no one else. If no alternative world is found, the band that prevents it is widened, in the least important
line first; a line whose bands say nothing is not shown. So the tests may be too strict, but are never too lenient. The
package `disclosure` attacks the results independently.

Answers are columns. A person's answer is one column for as long as it stays the same, whichever lines count it: an
attacker may know who did not change their answers. Earlier lines are fixed rows, which can no longer be widened.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from changeflow.adkar.exact import Effort, Exact
from changeflow.adkar.worlds import DOWN, ELEMENTS, LAST, UP, Bools, Ints, Kinds, Worlds

INSIDERS = 1
"""The number of people who know their own answers and help an attacker: our own choice."""
PARTNERS = 96
"""The most kinds of answer to try as partners in an exchange; the limit saves time."""
TO_WIDEN, TO_MAKE_FINER = 60.0, 2.0
"""The solver's time limits (deterministic seconds) for one publication. The first is for widening bands until all are
safe, the second for narrowing them again, which few trusts need."""
WORK = 400_000
"""The largest product of columns and rows to test again when bands are narrowed, so that large trusts do not take
long."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Answers that published lines count."""

    persons: Ints
    """The person, as a number."""
    places: Ints
    """The place of the barrier: 0 to 4 for an element, 5 for none."""
    live: Bools
    """Whether reinforcement applies."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Published lines: the answers counted, and the band of each element (prefix counts, inclusive)."""

    members: Bools
    """Rows by columns; rows that are not fixed are in order of importance."""
    low: Ints
    """Rows by elements."""
    high: Ints
    fixed: Bools
    """Rows that were published before."""

    def held(self, columns: Columns) -> Ints:
        """Count the people with a barrier at each element or an earlier one (rows by elements)."""
        before = columns.places[:, None] <= np.arange(ELEMENTS)[None, :]
        return _in_common(self.members, before.T)


def bands(held: Ints, sizes: Ints, levels: Ints, *, band: int) -> tuple[Ints, Ints]:
    """Return the lowest and highest number of each count's band; each level doubles a band's width.

    The last band ends at the group's size and is at least as wide as the others. The edges are fixed, so that they say
    nothing about how many people answered.
    """
    widths = band << levels
    last = np.maximum(0, (sizes[:, None] + 1) // widths - 1) * widths
    low = np.where(held >= last, last, held // widths * widths)
    return low, np.where(held >= last, sizes[:, None], low + widths - 1)


def protect(columns: Columns, rows: Rows, targets: Bools, *, band: int) -> Ints:
    """Return the level of each band (rows by elements) at which all rows may be published together.

    `targets` are all named groups, shown or hidden (groups by columns). The levels of fixed rows stay 0. A row says
    nothing if all its bands run from 0 to its size.
    """
    test = _Test(columns, rows, targets, band=band)
    test.widen_all()
    test.effort.left = TO_MAKE_FINER
    # Widening sometimes goes too far: make bands finer again where possible, the most important row first.
    for row in np.flatnonzero((test.levels > 0).any(axis=1))[: WORK // max(1, rows.members.size)]:
        if not test.becomes_finer(int(row), np.arange(ELEMENTS)):
            for cell in np.flatnonzero(test.levels[row]).tolist():
                test.becomes_finer(int(row), cell)
    return test.levels


class _Test:
    def __init__(self, columns: Columns, rows: Rows, targets: Bools, *, band: int) -> None:
        self.rows, self.targets, self.band = rows, targets, band
        self.held, self.sizes = rows.held(columns), rows.members.sum(axis=1)
        self.levels = np.zeros_like(self.held)
        self.kinds = Kinds.of(rows.members, columns.places, columns.live, columns.persons)
        self.patterns = self.kinds.patterns
        self.worlds = Worlds(self.kinds)
        self.share = _meets(rows.members, rows.members)
        """Which rows have answers in common."""
        self.most = int(np.bincount(columns.persons).max(initial=1)) * INSIDERS
        """The most answers that insiders can know."""
        self.up, self.down = self.held, self.held
        self.is_silent = np.zeros_like(self.held, dtype=np.bool_)
        """The bands that run from 0 to the row's size."""
        self.pools = np.array([self.kinds.pool(t) for t in targets], dtype=np.int64).reshape(-1, len(self.kinds.counts))
        """How many of each kind are in each target."""
        self.effort = Effort(TO_WIDEN)
        self.open = list(range(len(targets)))
        """The targets, in the order in which they are tested."""
        self._refresh()

    def _refresh(self) -> None:
        """Compute how far each count may rise or fall before its band changes."""
        low, high = bands(self.held, self.sizes, self.levels, band=self.band)
        low = np.where(self.rows.fixed[:, None], self.rows.low, low)
        high = np.where(self.rows.fixed[:, None], self.rows.high, high)
        self.up, self.down = high - self.held, self.held - low
        self.is_silent = (low <= 0) & (high >= self.sizes[:, None])
        self.worlds.fit(low, high)
        self.exact = Exact(self.kinds, low=low, high=high, worlds=self.worlds, effort=self.effort)

    def becomes_finer(self, row: int, cells: Ints | int) -> bool:
        """Try the narrowest bands for one row; keep them, and return True, if everything stays safe."""
        wider = self.levels.copy()
        self.levels[row, cells] = 0
        if not self.is_safe(row):
            self.levels = wider
            return False
        return True

    def is_safe(self, row: int) -> bool:
        """Return whether all is still safe after the bands of one row have become narrower."""
        # Test targets that share answers with the row first: they are the most likely to be unsafe.
        share = self.targets[:, self.rows.members[row]].any(axis=1)
        self.open = np.argsort(~share, kind="stable").tolist()
        self._refresh()
        return not any(any(True for _ in find()) for find in (self._at_awareness, self._elsewhere, self._narrow))

    def widen_all(self) -> None:
        """Widen bands until every test finds its alternative worlds."""
        for find in (self._at_awareness, self._elsewhere, self._narrow):
            # Widening a band never removes an alternative world, because it only relaxes the limits.
            for blocked in find():
                self._widen(blocked)

    def _widen(self, cells: Bools) -> None:
        row = int(np.flatnonzero(cells.any(axis=1)).max())
        self.levels[row, cells[row]] += 1
        self._refresh()

    def _tight(self, span: slice) -> Bools:
        """Return the bands within a span of elements whose count cannot rise, or cannot fall."""
        tight = np.zeros_like(self.held, dtype=np.bool_)
        tight[:, span] = (self.up[:, span] <= 0) | (self.down[:, span] <= 0)
        return tight

    def _in_the_way(self, tight: Bools, near: Bools) -> Iterator[Bools]:
        """Yield the tight bands that can be widened in rows that share answers with rows `near`; if none is tight, all
        bands that can be widened in those rows.

        If nothing can be widened, earlier publications are the cause, and nothing new makes it worse.
        """
        beside = self.share[near].any(axis=0) | near
        cells = (beside & ~self.rows.fixed)[:, None] & ~self.is_silent
        if (found := cells & tight).any():
            yield found
        elif cells.any():
            yield cells

    def _at_awareness(self) -> Iterator[Bools]:
        """Yield bands that prevent a person with a later barrier, or none, from having it at awareness."""
        for place in range(1, ELEMENTS + 1):
            yield from self._blocked(place, range(place), self._trade_down, slice(0, place), UP, (0,))

    def _trade_down(self, rest: Ints, place: int, other: int) -> tuple[Bools, Ints]:
        """Return which of `rest` can go to awareness while a person with a barrier at `other` takes their place."""
        theirs = np.flatnonzero((self.kinds.places == other) & (self.kinds.live | (place != LAST)))
        theirs = theirs[np.argsort(self.patterns[theirs].sum(axis=1), kind="stable")[:PARTNERS]]
        mine, them = self.patterns[rest], self.patterns[theirs]
        never = _any(self.up[:, :other] <= 0)
        full = _any(self.up[:, other:place] <= 0)
        empty = _any(self.down[:, other:place] <= 0)
        works = ~_any(mine & never)[:, None] & ~_meets(mine & full, ~them) & ~_meets(~mine, them & empty)
        return works, theirs

    def _elsewhere(self) -> Iterator[Bools]:
        """Yield bands that prevent a person with a barrier at awareness from having it elsewhere."""
        later = range(1, ELEMENTS + 1)
        yield from self._blocked(0, later, self._trade_up, slice(0, ELEMENTS), DOWN, later)

    def _trade_up(self, rest: Ints, _place: int, other: int) -> tuple[Bools, Ints]:
        """Return which people at `other` can go to awareness while one of `rest` takes their place, or goes to
        desire."""
        theirs = np.flatnonzero(self.kinds.places == other)
        theirs = theirs[np.argsort(self.patterns[theirs].sum(axis=1), kind="stable")[:PARTNERS]]
        mine, them = self.patterns[rest], self.patterns[theirs]
        works = np.zeros((len(rest), len(theirs)), dtype=np.bool_)
        for end in {1, other}:
            empty = _any(self.down[:, :end] <= 0)
            full = _any(self.up[:, :end] <= 0)
            never = _any(self.up[:, end:other] <= 0)
            can = ~_meets(mine & empty, ~them) & ~_meets(~mine, them & full) & ~_any(them & never)[None, :]
            works |= can & (self.kinds.live[rest][:, None] | (end != LAST))
        return works, theirs

    def _blocked(
        self,
        place: int,
        others: Iterable[int],
        trade: Callable[[Ints, int, int], tuple[Bools, Ints]],
        span: slice,
        way: int,
        goals: Sequence[int],
    ) -> Iterator[Bools]:
        """Yield bands that keep people from moving from a place to one of `goals`, until none do."""
        rest = np.flatnonzero((self.kinds.places == place) & self.kinds.is_counted)
        while len(rest):
            stuck = _any(self.up[:, span] <= 0) if way == UP else _any(self.down[:, :1] <= 0)
            # A person who can move alone needs no partner, and an insider learns nothing.
            rest = rest[_any(self.patterns[rest] & stuck)]
            rest = self._without_partners(rest, [trade(rest, place, other) for other in others])
            while len(rest) and self.exact.can_be(int(rest[0]), goals):
                rest = rest[1:]
            if not len(rest):
                return
            found = next(self._in_the_way(self._tight(span), self.patterns[rest[0]] & stuck), None)
            if found is None:
                rest = rest[1:]
            else:
                yield found

    def _without_partners(self, rest: Ints, ways: Sequence[tuple[Bools, Ints]]) -> Ints:
        """Return the kinds with so few possible partners that insiders could rule them out."""
        found = np.zeros(len(rest), dtype=np.int64)
        for works, theirs in ways:
            found += (works * self.kinds.counts[theirs][None, :]).sum(axis=1)
        few = []
        for n in np.flatnonzero(found <= self.most).tolist():
            partners = [self.kinds.people_of(int(k)) for works, theirs in ways for k in theirs[works[n]]]
            if len(set().union(*partners)) <= INSIDERS:
                few.append(n)
        return rest[few]

    def _narrow(self) -> Iterator[Bools]:
        """Yield bands that keep a count of a named group within fewer than `band` values, until none do.

        Bands may be widened between two steps: what has been proved stays true.
        """
        pools = self.pools[self.open]
        alone, both = self._free(pools)
        for number, target in enumerate(self.open):
            pool = pools[number]
            size, live = int(pool.sum()), int(pool[self.kinds.live].sum())
            for is_prefix, free in ((False, alone[number]), (True, both[number])):
                for place in range(ELEMENTS):
                    wanted = min(self.band - 1, size if is_prefix or place != LAST else live)
                    if int(free[place]) < wanted:
                        yield from self._narrow_count(target, pool, place, wanted, is_prefix=is_prefix)

    def _narrow_count(self, target: int, pool: Ints, place: int, wanted: int, *, is_prefix: bool) -> Iterator[Bools]:
        near = _any(self.rows.members[:, self.targets[target]])
        while self.exact.width(pool, place, wanted, is_prefix=is_prefix) < wanted:
            found = False
            for cells in self._in_the_way(self._scarce(place, self.band - 1, is_prefix=is_prefix), near):
                found = True
                yield cells
            if not found:
                return

    def _free(self, pools: Ints) -> tuple[Ints, Ints]:
        """Return how far each count could change through members who can move without a partner (groups by elements).

        A member can do so if every row that counts them has room for the change. Each count is taken twice: at each
        element, and up to it.
        """
        room, places, live = self.band - 1, self.kinds.places, self.kinds.live
        kinds, ends = np.arange(len(places)), np.arange(ELEMENTS)
        up, down = (np.zeros((len(places), ELEMENTS + 1), dtype=np.int64) for _ in (UP, DOWN))
        # For each kind and place, how many of the earlier counts have too little room to rise or fall in its rows.
        up[:, 1:] = _meets(self.patterns, (self.up < room).T).cumsum(axis=1)
        down[:, 1:] = _meets(self.patterns, (self.down < room).T).cumsum(axis=1)
        goal = np.where(live[:, None] | (ends != LAST), ends, LAST - 1)
        rises = (places[:, None] > ends) & (up[kinds, places][:, None] == up[kinds[:, None], goal])
        goal = np.where(live[:, None] | (ends + 1 != LAST), ends + 1, ELEMENTS)
        falls = (places[:, None] <= ends) & (down[kinds[:, None], goal] == down[kinds, places][:, None])
        both = np.minimum(room, pools @ rises) + np.minimum(room, pools @ falls)
        before = np.zeros_like(falls)
        before[:, 1:] = falls[:, :-1] & (places[:, None] < ends[1:])
        comes = (rises | before) & (live[:, None] | (ends != LAST))
        leaves = (places[:, None] == ends) & falls
        alone = np.minimum(room, pools @ comes) + np.minimum(room, pools @ leaves)
        return alone, both

    def _scarce(self, place: int, wanted: int, *, is_prefix: bool) -> Bools:
        """Return the bands around a place whose count cannot rise, or cannot fall, by as much as wanted."""
        span = slice(place if is_prefix else max(0, place - 1), place + 1)
        scarce = np.zeros_like(self.held, dtype=np.bool_)
        scarce[:, span] = np.minimum(self.up, self.down)[:, span] < wanted
        return scarce


def _any(cells: Bools) -> Bools:
    return np.asarray(cells.any(axis=1), dtype=np.bool_)


def _meets(left: Bools, right: Bools) -> Bools:
    """Return, for each pair of rows of `left` and `right`, whether both are true in any column."""
    return np.asarray(_in_common(left, right) > 0, dtype=np.bool_)


def _in_common(left: Bools, right: Bools) -> Ints:
    """Count, for each pair of rows of `left` and `right`, the columns in which both are true."""
    # As floats, because NumPy multiplies integers slowly; they are exact up to 2**24. On some processors, NumPy's
    # libraries read past the end of a row and wrongly report an invalid number.
    with np.errstate(invalid="ignore"):
        return np.asarray(left.astype(np.float32) @ right.astype(np.float32).T).astype(np.int64)
