"""The critical path method compiled: the same two passes as `early.py`, `late.py` and `cpm.py`, over arrays.

The pure path is its oracle: a test compares the two on thousands of random networks. A calendar that runs out sets
`trouble`, and the caller computes again the pure way, which says what is wrong.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from changeflow.roadmap.arrays import (
    BEGUN,
    CLOCK,
    DONE,
    NEVER,
    OPEN,
    PERIOD,
    WORK,
    Arrays,
    CalendarArrays,
    Ints,
    LinkArrays,
    PeriodArrays,
    Settings,
    TaskArrays,
)

# The columns of `TaskArrays.bounds`, in the order of `Bound`.
START_NO_EARLIER, FINISH_NO_EARLIER, START_NO_LATER, FINISH_NO_LATER, MUST_START, MUST_FINISH = range(6)
# What decided an early date.
START, LINKS, DATA_DATE, ACTUAL = 6, 7, 8, 9
"""A number below 6 is the column of the bound that decided."""


class Result(NamedTuple):
    """Per task in the arrays' order; `drives` per link."""

    early_start: Ints
    early_finish: Ints
    late_start: Ints
    late_finish: Ints
    total_float: Ints
    free_float: Ints
    reason: Ints
    drives: Ints
    driving: Ints
    finish: int
    trouble: bool


class Net(NamedTuple):
    """What every function here works on."""

    c: CalendarArrays
    p: PeriodArrays
    t: TaskArrays
    k: LinkArrays
    s: Settings
    trouble: Ints
    """One number; not 0 when a calendar or a table of periods has run out."""


def compute(arrays: Arrays) -> Result:
    """Run both passes over a plain roadmap's arrays. Complexity: O((tasks + links) log intervals)."""
    _, _, calendars, periods, tasks, links, settings = arrays
    net = Net(calendars, periods, tasks, links, settings, np.zeros(1, np.int64))
    early, logic, reason, drives = _forward(net)
    finish = int(early[:, 1].max()) if len(early) else settings.start
    late = _backward(net, early, finish)
    total, free = _floats(net, early, late, logic, finish)
    driving = _driving(net, drives, early, finish)
    dates = (early[:, 0], early[:, 1], late[:, 0], late[:, 1])
    return Result(*dates, total, free, reason, drives, driving, finish, bool(net.trouble[0]))


@njit(cache=True)
def _work_before(c: CalendarArrays, k: int, at: int) -> int:
    lo, hi = c.first[k], c.first[k + 1]
    i = lo + np.searchsorted(c.starts[lo:hi], at, side="right") - 1
    if i < lo:
        return 0
    return c.before[i] + min(at, c.ends[i]) - c.starts[i]


@njit(cache=True)
def _next_working(c: CalendarArrays, k: int, at: int, trouble: Ints) -> int:
    lo, hi = c.first[k], c.first[k + 1]
    i = lo + np.searchsorted(c.ends[lo:hi], at, side="right")
    if i == hi:
        trouble[0] = 1
        return at
    return max(at, c.starts[i])


@njit(cache=True)
def _add(c: CalendarArrays, k: int, at: int, minutes: int, trouble: Ints) -> int:
    """Working minutes forward, or back when negative; none move nothing."""
    if minutes == 0:
        return at
    lo, hi = c.first[k], c.first[k + 1]
    goal = _work_before(c, k, at) + minutes
    if goal < 0 or goal > c.total[k] or (minutes > 0 and goal == 0):
        trouble[0] = 1
        return at
    side_left = np.searchsorted(c.before[lo:hi], goal, side="left")
    side_right = np.searchsorted(c.before[lo:hi], goal, side="right")
    i = lo + (side_left if minutes > 0 else side_right) - 1
    return c.starts[i] + goal - c.before[i]


@njit(cache=True)
def _next_opening(p: PeriodArrays, k: int, at: int, trouble: Ints) -> int:
    lo, hi = p.first[k], p.first[k + 1]
    i = lo + np.searchsorted(p.opens[lo:hi], at, side="left")
    if i >= hi:
        trouble[0] = 1
        return at
    return p.opens[i]


@njit(cache=True)
def _previous_opening(p: PeriodArrays, k: int, at: int, trouble: Ints) -> int:
    lo, hi = p.first[k], p.first[k + 1]
    i = lo + np.searchsorted(p.opens[lo:hi], at, side="right") - 1
    if i < lo:
        trouble[0] = 1
        return at
    return p.opens[i]


@njit(cache=True)
def _add_periods(p: PeriodArrays, k: int, at: int, count: int, trouble: Ints) -> int:
    if count == 0:
        return at
    lo, hi = p.first[k], p.first[k + 1]
    i = lo + np.searchsorted(p.opens[lo:hi], at, side="left") + count - 1
    if i >= hi:
        trouble[0] = 1
        return at
    return p.closes[i]


@njit(cache=True)
def _subtract_periods(p: PeriodArrays, k: int, at: int, count: int, trouble: Ints) -> int:
    if count == 0:
        return at
    lo, hi = p.first[k], p.first[k + 1]
    i = lo + np.searchsorted(p.closes[lo:hi], at, side="right") - count
    if i < lo:
        trouble[0] = 1
        return at
    return p.opens[i]


@njit(cache=True)
def _land_inside(n: Net, i: int, at: int) -> int:
    if n.t.kind[i] == WORK and n.t.amount[i] != 0:
        return _next_working(n.c, n.t.placed[i], at, n.trouble)
    if n.t.kind[i] == PERIOD:
        return _next_opening(n.p, n.t.periods[i], at, n.trouble)
    return at


@njit(cache=True)
def _land(n: Net, i: int, at: int) -> int:
    if n.t.opening[i] >= 0:
        at = _next_opening(n.p, n.t.opening[i], at, n.trouble)
    return _land_inside(n, i, at)


@njit(cache=True)
def _finish(n: Net, i: int, start: int) -> int:
    if n.t.kind[i] == WORK:
        return _add(n.c, n.t.placed[i], start, n.t.amount[i], n.trouble)
    if n.t.kind[i] == CLOCK:
        return start + n.t.amount[i]
    return _add_periods(n.p, n.t.periods[i], start, n.t.amount[i], n.trouble)


@njit(cache=True)
def _start_inside(n: Net, i: int, finish: int) -> int:
    if n.t.kind[i] == WORK:
        return _add(n.c, n.t.placed[i], finish, -n.t.amount[i], n.trouble)
    if n.t.kind[i] == CLOCK:
        return finish - n.t.amount[i]
    return _subtract_periods(n.p, n.t.periods[i], finish, n.t.amount[i], n.trouble)


@njit(cache=True)
def _latest_start(n: Net, i: int, finish: int) -> int:
    start = _start_inside(n, i, finish)
    if n.t.opening[i] >= 0:
        return _land_inside(n, i, _previous_opening(n.p, n.t.opening[i], start, n.trouble))
    return start


@njit(cache=True)
def _earliest_start(n: Net, i: int, finish: int) -> int:
    start = _start_inside(n, i, finish)
    if n.t.kind[i] == PERIOD and _finish(n, i, start) < finish:
        start = _next_opening(n.p, n.t.periods[i], start + 1, n.trouble)
    return _land(n, i, start) if n.t.opening[i] >= 0 else start


@njit(cache=True)
def _lagged(n: Net, j: int, at: int) -> int:
    """Put a link's lag on."""
    lag = n.k.lag[j]
    if lag == 0:
        return at
    if n.k.lag_kind[j] == CLOCK:
        return at + lag
    if n.k.lag_kind[j] == PERIOD:
        return _add_periods(n.p, n.k.lag_on[j], at, lag, n.trouble)
    return _add(n.c, n.k.lag_on[j], at, lag, n.trouble)


@njit(cache=True)
def _unlagged(n: Net, j: int, at: int) -> int:
    """Take a link's lag off: at the latest instant of that point of working time, as in `pace.shift`."""
    lag = n.k.lag[j]
    if lag == 0:
        return at
    if n.k.lag_kind[j] == CLOCK:
        return at - lag
    if n.k.lag_kind[j] == PERIOD:
        return _subtract_periods(n.p, n.k.lag_on[j], at, lag, n.trouble)
    moved = _add(n.c, n.k.lag_on[j], at, -lag, n.trouble)
    return _next_working(n.c, n.k.lag_on[j], moved, n.trouble) if lag < 0 else moved


@njit(cache=True)
def _forward(n: Net) -> tuple[Ints, Ints, Ints, Ints]:
    count = len(n.t.kind)
    early = np.zeros((count, 2), np.int64)
    logic = np.full(count, NEVER, np.int64)
    reason = np.zeros(count, np.int64)
    drives = np.zeros(len(n.k.before), np.int64)
    bound = np.zeros(len(n.k.before), np.int64)
    for i in range(count):
        if n.t.state[i] == DONE:
            early[i, 0], early[i, 1], reason[i] = n.t.actual_start[i], n.t.actual_finish[i], ACTUAL
            continue
        lo, hi = n.k.into[i], n.k.into[i + 1]
        for j in range(lo, hi):
            at = _lagged(n, j, early[n.k.before[j], n.k.from_finish[j]])
            if n.k.to_finish[j] and n.t.amount[i] != 0:
                at = _earliest_start(n, i, at)
            bound[j] = at
        if n.t.state[i] == BEGUN:
            early[i, 0], early[i, 1] = n.t.actual_start[i], _begun(n, i, bound, drives)
            reason[i] = ACTUAL
            continue
        at, why = _logic(n, i, bound, lo, hi)
        start = _land(n, i, at)
        finish = _finish(n, i, start)
        pulled, by = _pulled(n, i, start, finish)
        if by >= 0:
            logic[i] = finish
            start = _land(n, i, pulled)
            early[i, 0], early[i, 1], reason[i] = start, _finish(n, i, start), by
            continue
        early[i, 0], early[i, 1], reason[i] = start, finish, why
        for j in range(lo, hi):
            if _land(n, i, bound[j]) == start:
                drives[j] = 1
                reason[i] = LINKS
    return early, logic, reason, drives


@njit(cache=True)
def _begun(n: Net, i: int, bound: Ints, drives: Ints) -> int:
    start = n.t.actual_start[i]
    if not n.s.data_date_moves:
        if n.t.resume[i] == NEVER:
            return _finish(n, i, start)
        left = max(0, n.t.remaining[i])
        if n.t.kind[i] == CLOCK:
            return n.t.resume[i] + left
        return _add(n.c, n.t.rest[i], n.t.resume[i], left, n.trouble)
    if n.t.remaining[i] < 0:
        finish = _finish(n, i, start)
        return max(finish, n.s.data_date) if n.s.data_date != NEVER else finish
    resume = max(start, n.s.data_date if n.s.data_date != NEVER else start)
    for j in range(n.k.into[i], n.k.into[i + 1]):
        resume = max(resume, bound[j])
    for j in range(n.k.into[i], n.k.into[i + 1]):
        if bound[j] == resume:
            drives[j] = 1
    return _add(n.c, n.t.own[i], resume, n.t.remaining[i], n.trouble)


@njit(cache=True)
def _logic(n: Net, i: int, bound: Ints, lo: int, hi: int) -> tuple[int, int]:
    at, why = NEVER, START
    for j in range(lo, hi):
        if bound[j] > at:
            at, why = bound[j], LINKS
    if n.t.bounds[i, START_NO_EARLIER] > at:
        at, why = n.t.bounds[i, START_NO_EARLIER], START_NO_EARLIER
    if n.t.bounds[i, FINISH_NO_EARLIER] != NEVER:
        from_finish = _earliest_start(n, i, n.t.bounds[i, FINISH_NO_EARLIER])
        if from_finish > at:
            at, why = from_finish, FINISH_NO_EARLIER
    if n.s.start_is_floor or at == NEVER:
        start = n.s.start
        if n.t.kind[i] == CLOCK and n.t.opening[i] < 0:
            start = _next_working(n.c, n.t.own[i], start, n.trouble)
        if start > at:
            at, why = start, START
    if n.s.data_date_moves and n.s.data_date > at:
        at, why = n.s.data_date, DATA_DATE
    return at, why


@njit(cache=True)
def _pulled(n: Net, i: int, start: int, finish: int) -> tuple[int, int]:
    if not n.s.holds_set_dates:
        return 0, -1
    b = n.t.bounds
    if b[i, MUST_START] != NEVER:
        return b[i, MUST_START], MUST_START
    if b[i, MUST_FINISH] != NEVER:
        return _latest_start(n, i, b[i, MUST_FINISH]), MUST_FINISH
    if n.s.limits_pull_early:
        if b[i, START_NO_LATER] != NEVER and b[i, START_NO_LATER] < start:
            return b[i, START_NO_LATER], START_NO_LATER
        if b[i, FINISH_NO_LATER] != NEVER and b[i, FINISH_NO_LATER] < finish:
            return _latest_start(n, i, b[i, FINISH_NO_LATER]), FINISH_NO_LATER
    return 0, -1


@njit(cache=True)
def _backward(n: Net, early: Ints, end: int) -> Ints:
    count = len(n.t.kind)
    late = np.zeros((count, 2), np.int64)
    for i in range(count - 1, -1, -1):
        if n.t.state[i] == DONE:
            late[i] = early[i]
            continue
        latest, latest_start = _late_bounds(n, i, early, late, end)
        if n.t.state[i] == BEGUN:
            late[i, 0], late[i, 1] = early[i, 0], latest
            continue
        set_ = n.t.bounds[i, MUST_START] != NEVER or n.t.bounds[i, MUST_FINISH] != NEVER
        if n.s.set_dates_hold_late and n.s.holds_set_dates and set_:
            late[i] = early[i]
            continue
        if n.t.amount[i] == 0:
            if latest_start != NEVER:
                latest = min(latest, latest_start)
            at = _latest_start(n, i, latest)
            late[i, 0], late[i, 1] = at, at
            continue
        start = _latest_start(n, i, latest)
        if latest_start != NEVER and latest_start < start:
            start = latest_start
        late[i, 0], late[i, 1] = start, _finish(n, i, start)
    return late


@njit(cache=True)
def _late_bounds(n: Net, i: int, early: Ints, late: Ints, end: int) -> tuple[int, int]:
    latest, latest_start = end, NEVER
    for m in range(n.k.out_of[i], n.k.out_of[i + 1]):
        j = n.k.out[m]
        bound = _passed_back(n, j, early, late)
        if bound == NEVER:
            continue
        if n.k.from_finish[j]:
            latest = min(latest, bound)
        else:
            latest_start = bound if latest_start == NEVER else min(latest_start, bound)
    for at in (n.t.deadline[i], n.t.bounds[i, FINISH_NO_LATER], n.t.bounds[i, MUST_FINISH]):
        if at != NEVER:
            latest = min(latest, at)
    for at in (n.t.bounds[i, START_NO_LATER], n.t.bounds[i, MUST_START]):
        if at != NEVER:
            latest_start = at if latest_start == NEVER else min(latest_start, at)
    return latest, latest_start


@njit(cache=True)
def _passed_back(n: Net, j: int, early: Ints, late: Ints) -> int:
    k = n.k.after[j]
    if n.t.state[k] == DONE:
        return NEVER
    at = late[k, 0]
    if n.k.to_finish[j]:
        at = late[k, 1]
        if n.t.kind[k] == WORK and n.t.amount[k] != 0:
            at = _next_working(n.c, n.t.placed[k], at, n.trouble)
    elif n.t.state[k] == BEGUN:
        if n.s.pins_started:
            at = late[k, 1] if n.t.amount[k] == 0 else n.t.resume[k] if n.t.resume[k] != NEVER else early[k, 1]
        elif n.t.remaining[k] < 0:
            return NEVER
        else:
            at = _add(n.c, n.t.own[k], late[k, 1], -n.t.remaining[k], n.trouble)
    return _unlagged(n, j, at)


@njit(cache=True)
def _between(n: Net, i: int, start: int, finish: int) -> int:
    if n.t.kind[i] == CLOCK:
        return finish - start
    return _work_before(n.c, n.t.own[i], finish) - _work_before(n.c, n.t.own[i], start)


@njit(cache=True)
def _floats(n: Net, early: Ints, late: Ints, logic: Ints, end: int) -> tuple[Ints, Ints]:
    count = len(n.t.kind)
    total, free = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for i in range(count):
        if n.t.state[i] == DONE:
            continue
        spare = _between(n, i, early[i, 1], late[i, 1])
        if n.t.state[i] == OPEN:
            spare = min(spare, _between(n, i, early[i, 0], late[i, 0]))
        if logic[i] != NEVER:
            spare = min(spare, _between(n, i, logic[i], late[i, 1]))
        total[i] = spare
        free[i] = _free(n, i, early, spare, end)
    return total, free


@njit(cache=True)
def _free(n: Net, i: int, early: Ints, total: int, end: int) -> int:
    has_any = False
    spare = total if n.s.free_float_is_capped else 0
    for m in range(n.k.out_of[i], n.k.out_of[i + 1]):
        j = n.k.out[m]
        k = n.k.after[j]
        if n.t.state[k] == DONE:
            continue
        mine, theirs = early[i, n.k.from_finish[j]], early[k, n.k.to_finish[j]]
        if n.s.free_float_is_capped:
            at = _lagged(n, j, mine)
            gap = _work_before(n.c, n.t.own[k], theirs) - _work_before(n.c, n.t.own[k], at)
        else:
            gap = _between(n, i, mine, _unlagged(n, j, theirs))
        spare = gap if not has_any and not n.s.free_float_is_capped else min(spare, gap)
        has_any = True
    if not has_any and not n.s.free_float_is_capped:
        spare = _between(n, i, early[i, 1], end)
    return max(0, spare)


@njit(cache=True)
def _driving(n: Net, drives: Ints, early: Ints, end: int) -> Ints:
    """Walk back from every task that ends last, over driving links."""
    count = len(early)
    driving = np.zeros(count, np.int64)
    for i in range(count - 1, -1, -1):
        if early[i, 1] == end:
            driving[i] = 1
        if driving[i]:
            for j in range(n.k.into[i], n.k.into[i + 1]):
                if drives[j]:
                    driving[n.k.before[j]] = 1
    return driving
