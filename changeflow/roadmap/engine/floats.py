"""Floats: how far each task can slip, in its own time."""

from changeflow.roadmap.engine.arrays import (
    BEGUN,
    CAPPED,
    DONE,
    FLAGS,
    FROM_START,
    INHERITED,
    KIND,
    LAGGED,
    LINK,
    MANUAL,
    NEVER,
    ODD_LINKS,
    ODD_OUT,
    OPEN,
    ORDINARY,
    OWN,
    PERIOD,
    PLACED,
    PLAIN,
    RETAINS,
    SHAPE,
    STATE,
    SUMMARY,
    TASK,
    TO_FINISH,
    WORK,
)
from changeflow.roadmap.engine.begun import passes_by, period_held_until, resumes_until, works_on
from changeflow.roadmap.engine.jit import inlined, kernel
from changeflow.roadmap.engine.lags import lagged, taken_off
from changeflow.roadmap.engine.net import Net, Result
from changeflow.roadmap.engine.spans import between, latest_start_by, latest_start_of, starts_at_windows
from changeflow.roadmap.engine.working_time import next_working, work_before


@kernel
def measure(n: Net, r: Result) -> None:
    """Measure the floats that the backward pass has not already measured."""
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
def at_most_total(spare: int, total: int) -> int:
    """Return the free float: what a task can slip without moving a successor, never more than its total float.

    A task that is already too late cannot slip at all, so if its total float is negative, so is its free float.
    """
    return min(max(0, spare), total)


@kernel
def _gap(n: Net, i: int, k: int, m: int, r: Result, at: int) -> int:
    """Measure how far a task may slip before it moves successor `k`, whose bound end is at `at`."""
    shape, link = n.out[SHAPE, m], n.out[LINK, m]
    start, finish = r.early[i, 0], r.early[i, 1]
    is_from_start = shape & FROM_START != 0
    if shape & TO_FINISH and not n.hot[k, FLAGS] & SUMMARY and works_on(n, k) >= 0:
        # The end of Friday and the start of Monday are one point of its working time.
        at = next_working(n.c, works_on(n, k), at, n.trouble)
    elif shape & TO_FINISH and n.cold[k, STATE] == BEGUN and passes_by(n, k) == PERIOD:
        at = period_held_until(n, k, at, at)
    at = taken_off(n, i, k, shape, link, at, start, finish)
    if not is_from_start:
        return _until(n, i, r, at)
    return between(n, i, start, latest_start_by(n, i, at) if _can_slip(n, i) else at)


@kernel
def _can_slip(n: Net, i: int) -> bool:
    return n.cold[i, STATE] == OPEN and not n.hot[i, FLAGS] & (SUMMARY | MANUAL)


@kernel
def _until(n: Net, i: int, r: Result, at: int) -> int:
    """Measure how far a task may slip and still end by an instant; measure at its start as well if that can differ."""
    gap = between(n, i, r.early[i, 1], at)
    if not _can_slip(n, i):
        return gap
    if starts_at_windows(n, i):
        return between(n, i, r.early[i, 0], latest_start_of(n, i, at))
    if n.cold[i, KIND] == WORK and n.hot[i, PLACED] != n.hot[i, OWN]:
        return min(gap, between(n, i, r.early[i, 0], latest_start_of(n, i, at)))
    return gap


@kernel
def _bound_end(n: Net, k: int, shape: int, r: Result) -> int:
    """Return the date of a successor that a link binds: its start, its finish or, for begun work, where it resumes;
    NEVER if it waits for nothing."""
    if not n.s[CAPPED] and n.cold[k, STATE] == BEGUN and not n.hot[k, FLAGS] & SUMMARY:
        if not n.s[RETAINS]:
            return NEVER
        if not shape & TO_FINISH:
            return resumes_until(n, k, r.early[k, 1])
    return r.early[k, 1 if shape & TO_FINISH else 0]


@inlined
def _free(n: Net, i: int, lo: int, hi: int, r: Result, total: int) -> int:
    is_capped, has_any, nearest = n.s[CAPPED], False, NEVER
    spare = total
    for m in range(lo, hi):
        k, shape = n.out[TASK, m], n.out[SHAPE, m]
        if shape & INHERITED or n.cold[k, STATE] == DONE:
            continue
        if shape == PLAIN and not is_capped:
            # Working time grows with the date, so the nearest successor decides.
            nearest = r.early[k, 0] if nearest == NEVER else min(nearest, r.early[k, 0])
            continue
        theirs = _bound_end(n, k, shape, r)
        if theirs == NEVER:
            continue
        if is_capped:
            at = r.early[i, 1 if not shape & FROM_START else 0]
            if shape & LAGGED:
                at = lagged(n, n.out[LINK, m], at, r.early[i, 0], r.early[i, 1])
            gap = work_before(n.c, n.hot[k, OWN], theirs) - work_before(n.c, n.hot[k, OWN], at)
        else:
            gap = _gap(n, i, k, m, r, theirs)
        spare = gap if not has_any and not is_capped else min(spare, gap)
        has_any = True
    if nearest != NEVER:
        if n.hot[i, FLAGS] & ~ODD_LINKS == ORDINARY:
            gap = work_before(n.c, n.hot[i, OWN], nearest) - r.worked[i, 0]
        else:
            gap = _until(n, i, r, nearest)
        spare = min(spare, gap) if has_any else gap
        has_any = True
    if not has_any and not is_capped:
        spare = _until(n, i, r, r.end[0])
    return max(0, min(spare, total)) if is_capped else at_most_total(spare, total)
