"""Carry the effect of one change forward: only the dates that it changes are recomputed."""

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.engine.arrays import (
    AMOUNT,
    BELOW_FROM,
    BELOW_TO,
    CLOCK,
    FLAGS,
    KIND,
    LAG,
    LINK,
    MANUAL,
    MUST_FINISH,
    MUST_START,
    NEVER,
    OPEN,
    SHARE,
    STATE,
    SUMMARY,
    TASK,
    WORK,
    Arrays,
)
from changeflow.roadmap.engine.forward import place
from changeflow.roadmap.engine.jit import call, kernel
from changeflow.roadmap.engine.net import Marks, Net, Result, net_of, trial_of
from changeflow.roadmap.engine.outline import Ints
from changeflow.roadmap.engine.working_time import KIND_OUT, keep_trouble


@kernel
def carry(n: Net, r: Result, dirty: Marks, touched: Ints, first: int, last: int, kept: int) -> int:
    """Compute the marked rows from `first` to `last` and the rows that their dates bind, but not the row `kept`.

    Return how many were computed; `touched` lists them. No row is marked afterwards.
    """
    count, k = 0, first
    while k <= last:
        is_marked = dirty[k] != 0 and k != kept
        dirty[k] = 0
        if is_marked:
            start, finish = r.early[k, 0], r.early[k, 1]
            place(n, k, r)
            touched[count] = k
            count += 1
            if r.early[k, 0] != start or r.early[k, 1] != finish:
                last = mark_after(n, k, dirty, last)
        k += 1
    return count


@kernel
def mark_after(n: Net, i: int, dirty: Marks, last: int) -> int:
    """Mark the rows that a row's dates bind; return the last marked row. These are its successors, the tasks below
    those that are summaries, and the summaries above it.
    """
    for m in range(n.first_out[i], n.first_out[i + 1]):
        k = n.out[TASK, m]
        if n.hot[k, FLAGS] & SUMMARY:
            for b in range(n.cold[k, BELOW_FROM], n.cold[k, BELOW_TO]):
                dirty[n.below[b]] = 1
                last = max(last, n.below[b])
        else:
            dirty[k] = 1
            last = max(last, k)
    for a in range(n.first_above[i], n.first_above[i + 1]):
        dirty[n.above[a]] = 1
        last = max(last, n.above[a])
    return last


@kernel
def follow(n: Net, r: Result, dirty: Marks, touched: Ints, row: int, first: int, last: int) -> int:
    """Carry one row's changed date forward, together with the rows that are marked; see `carry`."""
    return carry(n, r, dirty, touched, first, mark_after(n, row, dirty, last), row)


@kernel
def unsettled(n: Net, r: Result, marks: Marks) -> None:
    """Mark the rows that would land elsewhere if they were computed from the dates of all others; their dates do not
    change."""
    for i in range(len(n.hot)):
        start, finish = r.early[i, 0], r.early[i, 1]
        place(n, i, r)
        marks[i] = r.early[i, 0] != start or r.early[i, 1] != finish or n.trouble[KIND_OUT] != 0
        keep_trouble(n.trouble)
        r.early[i, 0], r.early[i, 1] = start, finish


_MOVED = 3_000
"""The size of a sweep is the square of its rows, divided by this number: 8,000 rows are worth compiling."""


def sweep(arrays: Arrays, result: Result, minutes: int) -> "tuple[NDArray[np.int64], Ints]":
    """Return, for each row, the roadmap's finish if its task took `minutes` longer, and the trouble found.

    The finish is NEVER if calendars end before it, and for tasks that have begun, are measured in whole periods, or
    have manual dates. `result` does not change.
    """
    count = len(arrays.hot)
    finishes = np.full(count, int(result.early[:, 1].max()) if count else 0, np.int64)
    # The end here is the last early finish, even if late dates count from a set finish.
    known = result._replace(end=np.array([finishes.max(initial=0)], np.int64))
    trial = trial_of(result)
    hot = arrays.hot.copy()
    net = net_of(arrays._replace(hot=hot, lags=arrays.lags.copy()), trial.trouble)
    marks, touched = np.zeros(count, np.int8), np.zeros(count + 1, np.int32)
    # Each row may move all rows after it: interpreted, 10 000 take half a minute, which is longer than compiling.
    call(_sweep, max(count, count * count // _MOVED), net, known, trial, minutes, finishes, marks, touched)
    return finishes, trial.trouble


@kernel
def _sweep(n: Net, r: Result, trial: Result, minutes: int, finishes: Ints, dirty: Marks, touched: Ints) -> None:
    count = len(n.hot)
    for i in range(count):
        kind = n.cold[i, KIND]
        is_free = n.cold[i, STATE] == OPEN and not n.hot[i, FLAGS] & (SUMMARY | MANUAL)
        if not is_free or n.hot[i, AMOUNT] <= 0 or (kind != WORK and kind != CLOCK):
            finishes[i] = NEVER
            continue
        amount = n.hot[i, AMOUNT]
        n.hot[i, AMOUNT] = max(1, amount + minutes)
        is_shared = share(n, i)
        place(n, i, trial)
        # A later finish within the float moves nothing that matters, unless the start moves as well or a set date hides
        # that.
        is_set = n.cold[i, MUST_START] != NEVER or n.cold[i, MUST_FINISH] != NEVER
        is_within = r.early[i, 1] <= trial.early[i, 1] <= r.late[i, 1] and trial.early[i, 0] == r.early[i, 0]
        if is_set or is_shared or not is_within:
            finishes[i] = _end_with(n, i, r, trial, dirty, touched)
        if n.trouble[KIND_OUT]:
            finishes[i] = NEVER
            keep_trouble(n.trouble)
        n.hot[i, AMOUNT] = amount
        if is_shared:
            share(n, i)
        trial.early[i, 0], trial.early[i, 1] = r.early[i, 0], r.early[i, 1]
        trial.worked[i, 0] = r.worked[i, 0]


@kernel
def share(n: Net, i: int) -> bool:
    """Bring lags that are a share of a task's duration up to date; return whether there are any."""
    is_any = False
    for m in range(n.first_out[i], n.first_out[i + 1]):
        link = n.out[LINK, m]
        if n.lags[link, SHARE] != 0:
            n.lags[link, LAG] = round(n.hot[i, AMOUNT] * n.lags[link, SHARE] / 100)
            is_any = True
    return is_any


@kernel
def _end_with(n: Net, i: int, r: Result, trial: Result, dirty: Marks, touched: Ints) -> int:
    """Carry a changed date forward over everything it moves; return the end, and restore all dates."""
    last = mark_after(n, i, dirty, i)
    moved = carry(n, trial, dirty, touched, i + 1, last, i)
    touched[moved] = i
    end = _end_of(n, r, trial, touched, moved + 1)
    for m in range(moved):
        k = touched[m]
        trial.early[k, 0], trial.early[k, 1] = r.early[k, 0], r.early[k, 1]
        trial.worked[k, 0] = r.worked[k, 0]
    return end


@kernel
def _end_of(n: Net, r: Result, trial: Result, touched: Ints, moved: int) -> int:
    """Return the last finish. All rows are checked only if a task that ended last now ends earlier."""
    last, end, is_earlier = r.end[0], NEVER, False
    for m in range(moved):
        k = touched[m]
        end = max(end, trial.early[k, 1])
        is_earlier |= r.early[k, 1] == last and trial.early[k, 1] < last
    if not is_earlier:
        return max(end, last)
    end = NEVER
    for row in range(len(n.hot)):
        end = max(end, trial.early[row, 1])
    return end
