"""Both passes over arrays, the floats that follow from them, and the longest path.

A calendar that runs out is noted in `trouble`, and the passes go on: `cpm` says which one it was.
"""

from changeflow.roadmap.engine.arrays import (
    BELOW_FROM,
    BELOW_TO,
    CAPPED,
    DONE,
    FINISH,
    FLAGS,
    FROM_START,
    INHERITED,
    LAGGED,
    LINK,
    NEVER,
    ODD_OUT,
    OPEN,
    OWN,
    SHAPE,
    START,
    STATE,
    SUMMARY,
    TASK,
    TO_FINISH,
    Arrays,
)
from changeflow.roadmap.engine.backward import backward
from changeflow.roadmap.engine.forward import forward
from changeflow.roadmap.engine.jit import call, inlined, kernel
from changeflow.roadmap.engine.state import ODD_LINKS, ORDINARY, PLAIN, Result, empty_result, net_of
from changeflow.roadmap.engine.working_time import Net, between, lagged, unlagged, work_before


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
