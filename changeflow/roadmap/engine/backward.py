"""The backward pass: every task as late as its successors, deadlines and set dates allow."""

from changeflow.roadmap.engine.arrays import (
    AMOUNT,
    BEGUN,
    CAPPED,
    DEADLINE,
    DONE,
    FINISH_NO_LATER,
    FLAGS,
    FROM_START,
    HOLDS_SET_DATES,
    INHERITED,
    KIND,
    LIMITS_EXTEND,
    LINK,
    MANUAL,
    MUST_FINISH,
    MUST_START,
    NEVER,
    ODD_LINKS,
    ODD_OUT,
    ORDINARY,
    PEOPLE,
    PERIOD,
    PINS,
    PLACED,
    PLAIN,
    RESUME,
    RETAINS,
    SET_DATES_HOLD,
    SEVERAL_PATHS,
    SHAPE,
    START_NO_LATER,
    STATE,
    SUMMARY,
    TASK,
    TO_FINISH,
    WINDOW,
    WORK,
)
from changeflow.roadmap.engine.begun import (
    first_work,
    latest_rest_finish,
    passes_by,
    period_held_until,
    resumes_until,
    works_on,
)
from changeflow.roadmap.engine.floats import at_most_total
from changeflow.roadmap.engine.forward import roll_up
from changeflow.roadmap.engine.jit import inlined, kernel, unsigned
from changeflow.roadmap.engine.lags import taken_off
from changeflow.roadmap.engine.net import Net, Result
from changeflow.roadmap.engine.spans import finish_of, is_milestone, latest_finish_of, latest_start_by, latest_start_of
from changeflow.roadmap.engine.working_time import finish_at, look_up, next_working, start_at, work_before


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
            b = _passed_back(n, i, n.out[TASK, m], shape, n.out[LINK, m], r)
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
        start = latest_start_by(n, i, latest_start)
        work = work_before(n.c, on, start) + n.hot[i, AMOUNT]
        finish = finish_at(n.c, on, work, n.trouble)
    r.worked[i, 1] = work
    r.late[i, 0], r.late[i, 1] = start, finish
    if not (n.hot[i, FLAGS] & ODD_OUT or n.s[CAPPED]):
        # One calendar places the task and measures it, so its start and finish have the same float. Working time grows
        # with the date, so the nearest successor decides.
        r.total_float[i] = work - r.worked[i, 0]
        r.free_float[i] = at_most_total(work_before(n.c, on, nearest) - r.worked[i, 0], r.total_float[i])


@inlined
def _place_late(n: Net, i: int, lo: int, hi: int, r: Result, end: int) -> None:
    if n.cold[i, STATE] == DONE:
        r.late[i, 0], r.late[i, 1] = r.early[i, 0], r.early[i, 1]
        return
    latest, latest_start = _late_bounds(n, i, lo, hi, r, end)
    if n.cold[i, STATE] == BEGUN:
        r.late[i, 0], r.late[i, 1] = r.early[i, 0], latest_rest_finish(n, i, latest)
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
        start = latest_start_by(n, i, latest_start)
    elif n.cold[i, KIND] == PEOPLE and n.cold[i, WINDOW] < 0:
        r.late[i, 0], r.late[i, 1] = start, latest_finish_of(n, i, latest)
        return
    r.late[i, 0], r.late[i, 1] = start, finish_of(n, i, start)


@inlined
def _late_bounds(n: Net, i: int, lo: int, hi: int, r: Result, end: int) -> tuple[int, int]:
    latest, latest_start = r.early[i, 1] if n.s[SEVERAL_PATHS] and lo == hi else end, NEVER
    if n.s[LIMITS_EXTEND] and lo == hi:
        latest = max(latest, n.cold[i, FINISH_NO_LATER])
    for m in range(lo, hi):
        # A manual task keeps its start, so only links from its finish limit it.
        if n.hot[i, FLAGS] & MANUAL and n.out[SHAPE, m] & FROM_START:
            continue
        bound = _passed_back(n, i, n.out[TASK, m], n.out[SHAPE, m], n.out[LINK, m], r)
        if bound == NEVER:
            continue
        if n.out[SHAPE, m] & FROM_START:
            latest_start = bound if latest_start == NEVER else min(latest_start, bound)
        else:
            latest = min(latest, bound)
    for at in (n.cold[i, DEADLINE], n.cold[i, FINISH_NO_LATER], n.cold[i, MUST_FINISH]):
        if at != NEVER:
            latest = min(latest, at)
    # Work may start at any time of its latest day; a start that is set for a day off moves to the next work.
    is_work = n.cold[i, KIND] == WORK and n.hot[i, AMOUNT] != 0 and not n.s[CAPPED]
    at = n.cold[i, START_NO_LATER]
    if at != NEVER:
        at = first_work(n, i, at) if is_work else at
        latest_start = at if latest_start == NEVER else min(latest_start, at)
    at = n.cold[i, MUST_START]
    if at != NEVER:
        at = next_working(n.c, n.hot[i, PLACED], at, n.trouble) if is_work else at
        latest_start = at if latest_start == NEVER else min(latest_start, at)
    return latest, latest_start


@kernel
def holds_late(n: Net, i: int, m: int, r: Result) -> bool:
    """Return whether a link is one of those that determine a task's late dates."""
    bound = _passed_back(n, i, n.out[TASK, m], n.out[SHAPE, m], n.out[LINK, m], r)
    return bound != NEVER and _holds(n, i, bound, r, n.out[SHAPE, m] & FROM_START)


@kernel
def end_holds_late(n: Net, i: int, r: Result) -> bool:
    """Return whether the end of the roadmap determines a task's late dates."""
    return _holds(n, i, r.end[0], r, 0)


@kernel
def _holds(n: Net, i: int, bound: int, r: Result, from_start: int) -> bool:
    if n.cold[i, STATE] == BEGUN:
        return not from_start and latest_rest_finish(n, i, bound) <= r.late[i, 1]
    start = latest_start_by(n, i, bound) if from_start else latest_start_of(n, i, bound)
    return start <= r.late[i, 0]


@inlined
def _passed_back(n: Net, i: int, k: int, shape: int, link: int, r: Result) -> int:
    """Return the latest date that successor `k` allows the bound end of `i`; NEVER if `i` cannot move `k`."""
    is_task = not n.hot[k, FLAGS] & SUMMARY
    is_begun = is_task and n.cold[k, STATE] == BEGUN
    if is_task and (n.cold[k, STATE] == DONE or (is_begun and not n.s[PINS] and not n.s[RETAINS])):
        return NEVER
    at = r.late[k, 0]
    if shape & TO_FINISH:
        at = r.late[k, 1]
        on = works_on(n, k) if is_task else -1
        if on >= 0:
            at = next_working(n.c, on, at, n.trouble)
        elif is_begun and passes_by(n, k) == PERIOD:
            at = period_held_until(n, k, r.early[k, 1], at)
    elif is_begun:
        if n.s[PINS]:
            if is_milestone(n, k):
                at = r.late[k, 1]
            else:
                at = n.cold[k, RESUME] if n.cold[k, RESUME] != NEVER else r.early[k, 1]
        else:
            at = resumes_until(n, k, r.late[k, 1])
            if at == NEVER:
                return NEVER
    return taken_off(n, i, k, shape, link, at, r.early[i, 0], r.early[i, 1])
