"""The critical path method compiled: the same two passes as `early.py`, `late.py` and `cpm.py`, over arrays.

The pure path is its oracle: a test compares the two on thousands of random networks. A calendar that runs out sets
`trouble`, and the caller computes again the pure way, which says what is wrong.
"""

from typing import NamedTuple

import numpy as np

from changeflow.roadmap.arrays import BEGUN, CLOCK, DONE, NEVER, OPEN, WORK, Arrays, Ints
from changeflow.roadmap.kernel_time import (
    Net,
    add_work,
    between,
    compiled,
    earliest_start_of,
    finish_of,
    lagged,
    land_at,
    latest_start_of,
    next_working,
    unlagged,
    work_before,
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


def compute(arrays: Arrays) -> Result:
    """Run both passes over a plain roadmap's arrays. Complexity: O((tasks + links) log intervals)."""
    _, _, calendars, periods, tasks, links, settings = arrays
    net = Net(calendars, periods, tasks, links, settings, np.zeros(1, np.int64))
    count, many = len(tasks.kind), len(links.before)
    early, late = np.zeros((count, 2), np.int64), np.zeros((count, 2), np.int64)
    logic, reason = np.full(count, NEVER, np.int64), np.zeros(count, np.int64)
    drives, bound = np.zeros(many, np.int64), np.zeros(many, np.int64)
    total, free, driving = (np.zeros(count, np.int64) for _ in range(3))
    _forward(net, early, logic, reason, drives, bound)
    finish = int(early[:, 1].max()) if count else settings.start
    _backward(net, early, late, finish)
    _floats(net, early, late, logic, finish, total, free)
    _driving(net, drives, early, finish, driving)
    dates = (early[:, 0], early[:, 1], late[:, 0], late[:, 1])
    return Result(*dates, total, free, reason, drives, driving, finish, bool(net.trouble[0]))


@compiled
def _forward(n: Net, early: Ints, logic: Ints, reason: Ints, drives: Ints, bound: Ints) -> None:
    count = len(n.t.kind)
    for i in range(count):
        if n.t.state[i] == DONE:
            early[i, 0], early[i, 1], reason[i] = n.t.actual_start[i], n.t.actual_finish[i], ACTUAL
            continue
        lo, hi = n.k.into[i], n.k.into[i + 1]
        for j in range(lo, hi):
            at = lagged(n, j, early[n.k.before[j], n.k.from_finish[j]])
            if n.k.to_finish[j] and n.t.amount[i] != 0:
                at = earliest_start_of(n, i, at)
            bound[j] = at
        if n.t.state[i] == BEGUN:
            early[i, 0], early[i, 1] = n.t.actual_start[i], _begun(n, i, bound, drives)
            reason[i] = ACTUAL
            continue
        at, why = _logic(n, i, bound, lo, hi)
        start = land_at(n, i, at)
        finish = finish_of(n, i, start)
        pulled, by = _pulled(n, i, start, finish)
        if by >= 0:
            logic[i] = finish
            start = land_at(n, i, pulled)
            early[i, 0], early[i, 1], reason[i] = start, finish_of(n, i, start), by
            continue
        early[i, 0], early[i, 1], reason[i] = start, finish, why
        for j in range(lo, hi):
            if land_at(n, i, bound[j]) == start:
                drives[j] = 1
                reason[i] = LINKS


@compiled
def _begun(n: Net, i: int, bound: Ints, drives: Ints) -> int:
    start = n.t.actual_start[i]
    if not n.s.data_date_moves:
        if n.t.resume[i] == NEVER:
            return finish_of(n, i, start)
        left = max(0, n.t.remaining[i])
        if n.t.kind[i] == CLOCK:
            return n.t.resume[i] + left
        return add_work(n.c, n.t.rest[i], n.t.resume[i], left, n.trouble)
    if n.t.remaining[i] < 0:
        finish = finish_of(n, i, start)
        return max(finish, n.s.data_date) if n.s.data_date != NEVER else finish
    resume = max(start, n.s.data_date if n.s.data_date != NEVER else start)
    for j in range(n.k.into[i], n.k.into[i + 1]):
        resume = max(resume, bound[j])
    for j in range(n.k.into[i], n.k.into[i + 1]):
        if bound[j] == resume:
            drives[j] = 1
    return add_work(n.c, n.t.own[i], resume, n.t.remaining[i], n.trouble)


@compiled
def _logic(n: Net, i: int, bound: Ints, lo: int, hi: int) -> tuple[int, int]:
    at, why = NEVER, START
    for j in range(lo, hi):
        if bound[j] > at:
            at, why = bound[j], LINKS
    if n.t.bounds[i, START_NO_EARLIER] > at:
        at, why = n.t.bounds[i, START_NO_EARLIER], START_NO_EARLIER
    if n.t.bounds[i, FINISH_NO_EARLIER] != NEVER:
        from_finish = earliest_start_of(n, i, n.t.bounds[i, FINISH_NO_EARLIER])
        if from_finish > at:
            at, why = from_finish, FINISH_NO_EARLIER
    if n.s.start_is_floor or at == NEVER:
        start = n.s.start
        if n.t.kind[i] == CLOCK and n.t.opening[i] < 0:
            start = next_working(n.c, n.t.own[i], start, n.trouble)
        if start > at:
            at, why = start, START
    if n.s.data_date_moves and n.s.data_date > at:
        at, why = n.s.data_date, DATA_DATE
    return at, why


@compiled
def _pulled(n: Net, i: int, start: int, finish: int) -> tuple[int, int]:
    if not n.s.holds_set_dates:
        return 0, -1
    b = n.t.bounds
    if b[i, MUST_START] != NEVER:
        return b[i, MUST_START], MUST_START
    if b[i, MUST_FINISH] != NEVER:
        return latest_start_of(n, i, b[i, MUST_FINISH]), MUST_FINISH
    if n.s.limits_pull_early:
        if b[i, START_NO_LATER] != NEVER and b[i, START_NO_LATER] < start:
            return b[i, START_NO_LATER], START_NO_LATER
        if b[i, FINISH_NO_LATER] != NEVER and b[i, FINISH_NO_LATER] < finish:
            return latest_start_of(n, i, b[i, FINISH_NO_LATER]), FINISH_NO_LATER
    return 0, -1


@compiled
def _backward(n: Net, early: Ints, late: Ints, end: int) -> None:
    count = len(n.t.kind)
    for i in range(count - 1, -1, -1):
        if n.t.state[i] == DONE:
            late[i, 0], late[i, 1] = early[i, 0], early[i, 1]
            continue
        latest, latest_start = _late_bounds(n, i, early, late, end)
        if n.t.state[i] == BEGUN:
            late[i, 0], late[i, 1] = early[i, 0], latest
            continue
        set_ = n.t.bounds[i, MUST_START] != NEVER or n.t.bounds[i, MUST_FINISH] != NEVER
        if n.s.set_dates_hold_late and n.s.holds_set_dates and set_:
            late[i, 0], late[i, 1] = early[i, 0], early[i, 1]
            continue
        if n.t.amount[i] == 0:
            if latest_start != NEVER:
                latest = min(latest, latest_start)
            at = latest_start_of(n, i, latest)
            late[i, 0], late[i, 1] = at, at
            continue
        start = latest_start_of(n, i, latest)
        if latest_start != NEVER and latest_start < start:
            start = latest_start
        late[i, 0], late[i, 1] = start, finish_of(n, i, start)


@compiled
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


@compiled
def _passed_back(n: Net, j: int, early: Ints, late: Ints) -> int:
    k = n.k.after[j]
    if n.t.state[k] == DONE:
        return NEVER
    at = late[k, 0]
    if n.k.to_finish[j]:
        at = late[k, 1]
        if n.t.kind[k] == WORK and n.t.amount[k] != 0:
            at = next_working(n.c, n.t.placed[k], at, n.trouble)
    elif n.t.state[k] == BEGUN:
        if n.s.pins_started:
            at = late[k, 1] if n.t.amount[k] == 0 else n.t.resume[k] if n.t.resume[k] != NEVER else early[k, 1]
        elif n.t.remaining[k] < 0:
            return NEVER
        else:
            at = add_work(n.c, n.t.own[k], late[k, 1], -n.t.remaining[k], n.trouble)
    return unlagged(n, j, at)


@compiled
def _floats(n: Net, early: Ints, late: Ints, logic: Ints, end: int, total: Ints, free: Ints) -> None:
    count = len(n.t.kind)
    for i in range(count):
        if n.t.state[i] == DONE:
            continue
        spare = between(n, i, early[i, 1], late[i, 1])
        if n.t.state[i] == OPEN:
            spare = min(spare, between(n, i, early[i, 0], late[i, 0]))
        if logic[i] != NEVER:
            spare = min(spare, between(n, i, logic[i], late[i, 1]))
        total[i] = spare
        free[i] = _free(n, i, early, spare, end)


@compiled
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
            at = lagged(n, j, mine)
            gap = work_before(n.c, n.t.own[k], theirs) - work_before(n.c, n.t.own[k], at)
        else:
            gap = between(n, i, mine, unlagged(n, j, theirs))
        spare = gap if not has_any and not n.s.free_float_is_capped else min(spare, gap)
        has_any = True
    if not has_any and not n.s.free_float_is_capped:
        spare = between(n, i, early[i, 1], end)
    return max(0, spare)


@compiled
def _driving(n: Net, drives: Ints, early: Ints, end: int, driving: Ints) -> None:
    """Walk back from every task that ends last, over driving links."""
    count = len(early)
    for i in range(count - 1, -1, -1):
        if early[i, 1] == end:
            driving[i] = 1
        if driving[i]:
            for j in range(n.k.into[i], n.k.into[i + 1]):
                if drives[j]:
                    driving[n.k.before[j]] = 1
