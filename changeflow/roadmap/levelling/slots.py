"""Levelling in whole slots of time: what the search works on, as arrays.

A slot is a stretch of time in which somebody works: nights and weekends in which nobody does are left out. A task takes
a number of slots of its calendar, and a link binds boundaries between slots. A benchmark's instance, in whole days
without calendars, is the plainest case.
"""

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
    """The row of `land` and `end` of a task whose length depends on when it starts; FREE where its calendar says it."""
    holds: Ints
    """1 where it holds its people through breaks, 0 where they do other work meanwhile."""
    release: Ints
    """The first slot in which it may start."""
    fixed: Ints
    """Where it starts, come what may, or FREE: what it takes is booked in `capacity` already."""
    fixed_end: Ints
    due: Ints
    """The boundary by which it should have finished, or NO_DUE."""
    first_into: Ints
    before: Ints
    into_shape: Ints
    """Of each link: 1 where it binds the predecessor's start, 2 where it binds the successor's finish."""
    into_lag: Ints
    into_table: Ints
    """The row of `lag`, or FREE where `into_lag` says it in slots."""
    first_out: Ints
    after: Ints
    out_shape: Ints
    out_lag: Ints
    out_table: Ints
    rank: Ints
    """Calendar by boundary: the slots of work before it."""
    place: Ints
    """Calendar by number of work: its slot; the number of all slots behind the last."""
    land: Ints
    end: Ints
    """Table by slot: the first start at or after it, and the finish of a start in it."""
    back: Ints
    """Table by boundary: the last start that finishes by it; -1 where there is none."""
    lag: Ints
    unlag: Ints
    """Table by boundary: a lag put on, and the latest boundary from which it ends by this one."""
    first_need: Ints
    word: Ints
    need: Words
    """What a task needs: words of packed amounts."""
    guards: Words
    """Of each word, the bit above each resource's field: it stays set as long as enough is left."""
    capacity: Words
    """Word by slot: what is free, with the guards set."""
    keep_from: Ints
    """Of each maximal lag: the task from whose finish it runs, and the one that has to start within it."""
    keep_to: Ints
    keep_lag: Ints
    keep_table: Ints
    weight: NDArray[np.int64]
    """What the search weighs: a slot of lateness, of the finish, and of any task's start."""
