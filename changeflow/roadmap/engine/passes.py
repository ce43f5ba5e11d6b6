"""Both passes over arrays, the floats that follow from them, and the longest path. The backward pass is written here.

A calendar that runs out is noted in `trouble`, and the passes go on: `cpm` says which one it was.
"""

from changeflow.roadmap.engine.arrays import (
    AMOUNT,
    BEGUN,
    BELOW_FROM,
    BELOW_TO,
    CAPPED,
    DEADLINE,
    DONE,
    FINISH,
    FINISH_NO_LATER,
    FLAGS,
    FROM_START,
    HOLDS_SET_DATES,
    INHERITED,
    KIND,
    LAGGED,
    LINK,
    MANUAL,
    MUST_FINISH,
    MUST_START,
    NEVER,
    ODD_LINKS,
    ODD_OUT,
    OPEN,
    ORDINARY,
    OWN,
    PARTS_FROM,
    PARTS_TO,
    PEOPLE,
    PINS,
    PLACED,
    PLAIN,
    REMAINING,
    RESUME,
    SET_DATES_HOLD,
    SEVERAL_PATHS,
    SHAPE,
    START,
    START_NO_LATER,
    STATE,
    SUMMARY,
    TASK,
    TO_FINISH,
    WINDOW,
    WORK,
    Arrays,
    Net,
    Result,
    empty_result,
    net_of,
)
from changeflow.roadmap.engine.forward import forward, roll_up
from changeflow.roadmap.engine.jit import call, inlined, kernel, unsigned
from changeflow.roadmap.engine.working_time import (
    add_work,
    between,
    finish_at,
    finish_of,
    is_milestone,
    lagged,
    latest_finish_of,
    latest_start_of,
    look_up,
    next_working,
    start_at,
    unlagged,
    work_before,
)


@kernel
def backward(n: Net, r: Result) -> None:
    """Compute the late dates of every row, and the floats of ordinary tasks with plain links."""
    end = r.end[0]
    for step in range(len(n.backwards)):
        i = n.backwards[step]
        if n.hot[i, FLAGS] & ~ODD_LINKS == ORDINARY:
            _place_ordinary_late(n, i, r, end)
        elif n.hot[i, FLAGS] & SUMMARY:
            roll_up(n, i, r.late)
        else:
            _place_late(n, i, n.first_out[i], n.first_out[i + 1], r, end)


@inlined
def _place_ordinary_late(n: Net, i: int, r: Result, end: int) -> None:
    is_open_end = n.s[SEVERAL_PATHS] and n.first_out[i] == n.first_out[i + 1]
    latest, latest_start, nearest = r.early[i, 1] if is_open_end else end, NEVER, end
    if n.hot[i, FLAGS] & ODD_OUT:
        for m in range(n.first_out[i], n.first_out[i + 1]):
            shape = n.out[SHAPE, m]
            if shape & ~INHERITED == PLAIN:
                latest = min(latest, r.late[unsigned(n.out[TASK, m]), 0])
                continue
            b = _passed_back(n, n.out[TASK, m], shape, n.out[LINK, m], r)
            if b != NEVER:
                if shape & FROM_START:
                    latest_start = b if latest_start == NEVER else min(latest_start, b)
                else:
                    latest = min(latest, b)
    else:
        lo, hi = n.first_out[i], n.first_out[i + 1]
        nearest = end if lo == hi else r.early[n.out[TASK, lo], 0]
        for m in range(lo, hi):
            k = unsigned(n.out[TASK, m])
            latest = min(latest, r.late[k, 0])
            nearest = min(nearest, r.early[k, 0])
    on = n.hot[i, PLACED]
    work, _, finish = look_up(n.c, on, latest)
    start = start_at(n.c, on, work - n.hot[i, AMOUNT], n.trouble)
    if latest_start != NEVER and latest_start < start:
        start = latest_start
        work = work_before(n.c, on, start) + n.hot[i, AMOUNT]
        finish = finish_at(n.c, on, work, n.trouble)
    r.worked[i, 1] = work
    r.late[i, 0], r.late[i, 1] = start, finish
    if not (n.hot[i, FLAGS] & ODD_OUT or n.s[CAPPED]):
        # Its calendar places it and measures it, so start and finish have the same float; and working time grows with
        # the date, so that the nearest successor decides.
        r.total_float[i] = work - r.worked[i, 0]
        r.free_float[i] = max(0, work_before(n.c, on, nearest) - r.worked[i, 0])


@inlined
def _place_late(n: Net, i: int, lo: int, hi: int, r: Result, end: int) -> None:
    if n.cold[i, STATE] == DONE:
        r.late[i, 0], r.late[i, 1] = r.early[i, 0], r.early[i, 1]
        return
    latest, latest_start = _late_bounds(n, i, lo, hi, r, end)
    if n.cold[i, STATE] == BEGUN:
        r.late[i, 0], r.late[i, 1] = r.early[i, 0], latest_finish_of(n, i, latest)
        return
    is_set = n.cold[i, MUST_START] != NEVER or n.cold[i, MUST_FINISH] != NEVER
    if n.s[SET_DATES_HOLD] and n.s[HOLDS_SET_DATES] and is_set:
        r.late[i, 0], r.late[i, 1] = r.early[i, 0], r.early[i, 1]
        return
    if is_milestone(n, i):
        if latest_start != NEVER:
            latest = min(latest, latest_start)
        at = latest_start_of(n, i, latest)
        r.late[i, 0], r.late[i, 1] = at, at
        return
    start = latest_start_of(n, i, latest)
    if latest_start != NEVER and latest_start < start:
        start = latest_start
    elif n.cold[i, KIND] == PEOPLE and n.cold[i, WINDOW] < 0:
        r.late[i, 0], r.late[i, 1] = start, latest_finish_of(n, i, latest)
        return
    r.late[i, 0], r.late[i, 1] = start, finish_of(n, i, start)


@inlined
def _late_bounds(n: Net, i: int, lo: int, hi: int, r: Result, end: int) -> tuple[int, int]:
    latest, latest_start = r.early[i, 1] if n.s[SEVERAL_PATHS] and lo == hi else end, NEVER
    for m in range(lo, hi):
        # A manual task keeps its start: only what waits for its finish holds it.
        if n.hot[i, FLAGS] & MANUAL and n.out[SHAPE, m] & FROM_START:
            continue
        bound = _passed_back(n, n.out[TASK, m], n.out[SHAPE, m], n.out[LINK, m], r)
        if bound == NEVER:
            continue
        if n.out[SHAPE, m] & FROM_START:
            latest_start = bound if latest_start == NEVER else min(latest_start, bound)
        else:
            latest = min(latest, bound)
    for at in (n.cold[i, DEADLINE], n.cold[i, FINISH_NO_LATER], n.cold[i, MUST_FINISH]):
        if at != NEVER:
            latest = min(latest, at)
    for at in (n.cold[i, START_NO_LATER], n.cold[i, MUST_START]):
        if at != NEVER:
            latest_start = at if latest_start == NEVER else min(latest_start, at)
    return latest, latest_start


@inlined
def _passed_back(n: Net, k: int, shape: int, link: int, r: Result) -> int:
    """Return where successor `k` lets the bound end of its predecessor be at the latest; NEVER where it is done."""
    is_task = not n.hot[k, FLAGS] & SUMMARY
    if is_task and n.cold[k, STATE] == DONE:
        return NEVER
    at = r.late[k, 0]
    if shape & TO_FINISH:
        at = r.late[k, 1]
        is_worked = n.cold[k, KIND] == WORK and n.cold[k, PARTS_TO] == n.cold[k, PARTS_FROM]
        if is_task and is_worked and not is_milestone(n, k):
            at = next_working(n.c, n.hot[k, PLACED], at, n.trouble)
    elif is_task and n.cold[k, STATE] == BEGUN:
        if n.s[PINS]:
            if is_milestone(n, k):
                at = r.late[k, 1]
            else:
                at = n.cold[k, RESUME] if n.cold[k, RESUME] != NEVER else r.early[k, 1]
        elif n.cold[k, REMAINING] < 0:
            return NEVER
        else:
            at = add_work(n.c, n.hot[k, OWN], r.late[k, 1], -n.cold[k, REMAINING], n.trouble)
    return unlagged(n, link, at) if shape & LAGGED else at


def compute(arrays: Arrays) -> Result:
    """Run both passes. Complexity: O(tasks + links)."""
    result = empty_result(arrays)
    call(_passes, len(arrays.hot), net_of(arrays, result.trouble), result)
    return result


@kernel
def _passes(n: Net, r: Result) -> None:
    forward(n, r)
    last = n.s[START]
    for i in range(len(n.hot)):
        last = r.early[i, 1] if i == 0 else max(last, r.early[i, 1])
    r.end[0] = n.s[FINISH] if n.s[FINISH] != NEVER else last
    backward(n, r)
    _floats(n, r)
    _driving(n, r, last)


@kernel
def _floats(n: Net, r: Result) -> None:
    """Measure the floats that the way back has not measured already."""
    for i in range(len(n.hot)):
        if n.hot[i, FLAGS] & ~ODD_LINKS == ORDINARY:
            if not (n.s[CAPPED] or n.hot[i, FLAGS] & ODD_OUT):
                continue
            total = r.worked[i, 1] - r.worked[i, 0]
        elif n.cold[i, STATE] == DONE:
            r.total_float[i] = r.free_float[i] = 0
            continue
        else:
            total = between(n, i, r.early[i, 1], r.late[i, 1])
            if n.cold[i, STATE] == OPEN:
                total = min(total, between(n, i, r.early[i, 0], r.late[i, 0]))
            if not n.hot[i, FLAGS] & SUMMARY and r.logic[i] != NEVER:
                total = min(total, between(n, i, r.logic[i], r.late[i, 1]))
        r.total_float[i] = total
        r.free_float[i] = _free(n, i, n.first_out[i], n.first_out[i + 1], r, total)


@inlined
def _free(n: Net, i: int, lo: int, hi: int, r: Result, total: int) -> int:
    is_capped, has_any, nearest = n.s[CAPPED], False, NEVER
    spare = total
    for m in range(lo, hi):
        k, shape = n.out[TASK, m], n.out[SHAPE, m]
        if shape & INHERITED or n.cold[k, STATE] == DONE:
            continue
        if shape == PLAIN and not is_capped:
            # Working time grows with the date: the nearest of the successors decides.
            nearest = r.early[k, 0] if nearest == NEVER else min(nearest, r.early[k, 0])
            continue
        mine, theirs = r.early[i, 1 if not shape & FROM_START else 0], r.early[k, 1 if shape & TO_FINISH else 0]
        if is_capped:
            at = lagged(n, n.out[LINK, m], mine) if shape & LAGGED else mine
            gap = work_before(n.c, n.hot[k, OWN], theirs) - work_before(n.c, n.hot[k, OWN], at)
        else:
            gap = between(n, i, mine, unlagged(n, n.out[LINK, m], theirs) if shape & LAGGED else theirs)
        spare = gap if not has_any and not is_capped else min(spare, gap)
        has_any = True
    if nearest != NEVER:
        if n.hot[i, FLAGS] & ~ODD_LINKS == ORDINARY:
            gap = work_before(n.c, n.hot[i, OWN], nearest) - r.worked[i, 0]
        else:
            gap = between(n, i, r.early[i, 1], nearest)
        spare = min(spare, gap) if has_any else gap
        has_any = True
    if not has_any and not is_capped:
        spare = between(n, i, r.early[i, 1], r.end[0])
    return max(0, spare)


@kernel
def _driving(n: Net, r: Result, end: int) -> None:
    """Walk back from every task that ends last, over driving links; through a summary to what gives it its date."""
    for i in range(len(n.hot)):
        r.driving[i] = r.early[i, 1] == end and not n.hot[i, FLAGS] & SUMMARY
    for i in range(len(n.hot) - 1, -1, -1):
        if not r.driving[i]:
            continue
        for j in range(n.first_into[i], n.first_into[i + 1]):
            if not r.drives[j]:
                continue
            k = n.into[TASK, j]
            if not n.hot[k, FLAGS] & SUMMARY:
                r.driving[k] = 1
                continue
            side = n.into[SHAPE, j] & 1 ^ 1
            for b in range(n.cold[k, BELOW_FROM], n.cold[k, BELOW_TO]):
                if r.early[n.below[b], side] == r.early[k, side]:
                    r.driving[n.below[b]] = 1
