"""The serial scheme, compiled: it places the tasks of a list, each as early (or as late) as links and free people
allow.

All resources of a word are tested at once: each has a field with a guard bit above it, and there is enough of
everything if a subtraction leaves every guard bit set. Nothing here allocates.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.engine.compiling import compiled, inlined
from changeflow.roadmap.levelling.problem import ALWAYS, FREE, NO_DUE, Slots

Ints = NDArray[np.integer[Any]]
FROM_START, TO_FINISH = 1, 2


@inlined
def fits(p: Slots, free: Ints, i: int, t: int) -> bool:
    """Return whether a slot has enough of all the people that a task needs."""
    for k in range(p.first_need[i], p.first_need[i + 1]):
        w = p.word[k]
        if (free[w, t] - p.need[k]) & p.guards[w] != p.guards[w]:
            return False
    return True


@inlined
def book(p: Slots, free: Ints, i: int, t: int) -> None:
    for k in range(p.first_need[i], p.first_need[i + 1]):
        free[p.word[k], t] -= p.need[k]


@compiled
def book_span(p: Slots, free: Ints, i: int, start: int, finish: int) -> None:
    """Book a task's people: in every slot of its span, or in those in which its calendar works."""
    if p.first_need[i] == p.first_need[i + 1]:
        return
    c = p.calendar[i]
    if c == ALWAYS or p.holds[i]:
        for t in range(start, finish):
            book(p, free, i, t)
    else:
        for k in range(p.rank[c, start], p.rank[c, finish]):
            book(p, free, i, p.place[c, k])


@compiled
def _bound(p: Slots, i: int, start: Ints, finish: Ints) -> int:
    """Return the first slot in which its links and its release allow a task to start."""
    at = p.release[i]
    for j in range(p.first_into[i], p.first_into[i + 1]):
        shape, before = p.into_shape[j], p.before[j]
        b = start[before] if shape & FROM_START else finish[before]
        b = p.lag[p.into_table[j], max(0, b)] if p.into_table[j] != FREE else b + p.into_lag[j]
        if shape & TO_FINISH:
            b = _start_for(p, i, b)
        at = max(at, b)
    return at


@compiled
def _start_for(p: Slots, i: int, finish: int) -> int:
    """Return the first start whose finish is no earlier than a boundary."""
    c, horizon = p.calendar[i], p.capacity.shape[1]
    finish = max(0, min(finish, horizon))
    if p.table[i] != FREE:
        at = max(0, p.back[p.table[i], finish])
        while at < horizon and p.end[p.table[i], at] < finish:
            at += 1
        return at
    if c == ALWAYS:
        return finish - p.work[i]
    if p.work[i] == 0 or finish == 0:
        return finish
    # If its calendar does not work just before the boundary, only the next slot of work reaches it.
    rests = p.rank[c, finish] == p.rank[c, finish - 1]
    k = p.rank[c, finish] - p.work[i] + rests
    return p.place[c, k] if k > 0 else 0


@compiled
def place_forward(p: Slots, order: Ints, start: Ints, finish: Ints, free: Ints) -> bool:
    """Place every task of a list that links allow, as early as possible; return False if there are not enough slots."""
    horizon = p.capacity.shape[1]
    for i in order:
        if p.fixed[i] != FREE:
            start[i], finish[i] = p.fixed[i], p.fixed_end[i]
            continue
        at = max(0, _bound(p, i, start, finish))
        if p.table[i] != FREE:
            s, f = _early_tabled(p, i, at, free)
        elif p.calendar[i] == ALWAYS:
            s, f = _early_plain(p, i, at, free)
        elif p.holds[i]:
            s, f = _early_held(p, i, at, free)
        else:
            s, f = _early_broken(p, i, at, free)
        if f > horizon:
            return False
        start[i], finish[i] = s, f
        book_span(p, free, i, s, f)
    return True


@inlined
def _early_plain(p: Slots, i: int, at: int, free: Ints) -> tuple[int, int]:
    work, horizon = p.work[i], p.capacity.shape[1]
    if work == 0 or p.first_need[i] == p.first_need[i + 1]:
        return at, at + work
    known = at
    while at + work <= horizon:
        t = at + work - 1
        while t >= known and fits(p, free, i, t):
            t -= 1
        if t < known:
            return at, at + work
        # The time after the full slot is known to be free, so it is not checked again.
        known, at = at + work, t + 1
    return at, horizon + 1


@compiled
def _early_broken(p: Slots, i: int, at: int, free: Ints) -> tuple[int, int]:
    """Return the earliest dates of a task on a calendar with breaks, during which its people do other work."""
    c, work, horizon = p.calendar[i], p.work[i], p.capacity.shape[1]
    if work == 0:
        return at, at
    k = p.rank[c, min(at, horizon)]
    known, all_work = k, p.rank[c, horizon]
    has_needs = p.first_need[i] != p.first_need[i + 1]
    while k + work <= all_work:
        t = k + work - 1
        while has_needs and t >= known and fits(p, free, i, p.place[c, t]):
            t -= 1
        if not has_needs or t < known:
            return p.place[c, k], p.place[c, k + work - 1] + 1
        known, k = k + work, t + 1
    return at, horizon + 1


@compiled
def _early_held(p: Slots, i: int, at: int, free: Ints) -> tuple[int, int]:
    """Return the earliest dates of a task on a calendar with breaks, during which it keeps its people."""
    c, work, horizon = p.calendar[i], p.work[i], p.capacity.shape[1]
    if work == 0:
        return at, at
    k = p.rank[c, min(at, horizon)]
    while k + work <= p.rank[c, horizon]:
        start, finish = p.place[c, k], p.place[c, k + work - 1] + 1
        t = finish - 1
        while t >= start and fits(p, free, i, t):
            t -= 1
        if t < start:
            return start, finish
        k = max(k + 1, p.rank[c, t + 1])
    return at, horizon + 1


@compiled
def _early_tabled(p: Slots, i: int, at: int, free: Ints) -> tuple[int, int]:
    row, c, horizon = p.table[i], p.calendar[i], p.capacity.shape[1]
    has_needs = p.first_need[i] != p.first_need[i + 1]
    while at < horizon:
        start = p.land[row, at]
        if start >= horizon:
            break
        finish = p.end[row, start]
        t = finish - 1
        if finish > horizon or not has_needs:
            return start, finish
        while t >= start and (
            (c != ALWAYS and not p.holds[i] and p.rank[c, t + 1] == p.rank[c, t]) or fits(p, free, i, t)
        ):
            t -= 1
        if t < start:
            return start, finish
        at = t + 1 if start == at or t + 1 > start else start + 1
    return at, horizon + 1


@compiled
def _limit(p: Slots, i: int, start: Ints, finish: Ints, last: int) -> int:
    """Return the latest finish that a task's successors allow."""
    at = last
    for j in range(p.first_out[i], p.first_out[i + 1]):
        shape, after = p.out_shape[j], p.after[j]
        b = finish[after] if shape & TO_FINISH else start[after]
        b = p.unlag[p.out_table[j], max(0, b)] if p.out_table[j] != FREE else b - p.out_lag[j]
        if shape & FROM_START:
            b = _finish_for(p, i, b)
        at = min(at, b)
    return at


@compiled
def _finish_for(p: Slots, i: int, start: int) -> int:
    """Return the latest finish of a task that starts no later than a slot."""
    c, horizon = p.calendar[i], p.capacity.shape[1]
    start = max(0, start)
    if p.table[i] != FREE:
        return p.end[p.table[i], min(start, horizon - 1)]
    if c == ALWAYS or p.work[i] == 0:
        return start + p.work[i]
    k = min(p.rank[c, min(start + 1, horizon)] + p.work[i] - 1, p.rank[c, horizon])
    return p.place[c, k - 1] + 1 if k > 0 else start


@compiled
def place_backward(p: Slots, order: Ints, start: Ints, finish: Ints, free: Ints, last: int) -> bool:
    """Place every task of a list, the last one first, as late as possible before `last`: roughly the mirror image.

    The result serves only as an order. If a calendar or a table makes it inexact, the forward pass corrects it.
    """
    for n in range(len(order) - 1, -1, -1):
        i = order[n]
        if p.fixed[i] != FREE:
            start[i], finish[i] = p.fixed[i], p.fixed_end[i]
            continue
        at = _limit(p, i, start, finish, last)
        if p.table[i] != FREE:
            s = p.back[p.table[i], max(0, at)]
            f = p.end[p.table[i], s] if s >= 0 else -1
        elif p.calendar[i] == ALWAYS:
            s, f = _late_plain(p, i, at, free)
        else:
            s, f = _late_broken(p, i, at, free)
        if s < p.release[i]:
            # A task that does not fit gets its earliest place without booking people, so it comes early in the order.
            start[i], finish[i] = p.release[i], p.release[i] + p.work[i]
            continue
        start[i], finish[i] = s, f
        book_span(p, free, i, s, f)
    return True


@inlined
def _late_plain(p: Slots, i: int, at: int, free: Ints) -> tuple[int, int]:
    work = p.work[i]
    if work == 0 or p.first_need[i] == p.first_need[i + 1]:
        return at - work, at
    known = at
    while at - work >= 0:
        t = at - work
        while t < known and fits(p, free, i, t):
            t += 1
        if t >= known:
            return at - work, at
        known, at = at - work, t
    return -1, -1


@compiled
def _late_broken(p: Slots, i: int, at: int, free: Ints) -> tuple[int, int]:
    c, work = p.calendar[i], p.work[i]
    if work == 0:
        return at, at
    k = p.rank[c, max(0, min(at, p.capacity.shape[1]))]
    known = k
    while k - work >= 0:
        t = k - work
        while t < known and fits(p, free, i, p.place[c, t]):
            t += 1
        if t >= known:
            return p.place[c, k - work], p.place[c, k - 1] + 1
        known, k = k - work, t
    return -1, -1


@compiled
def cost_of(p: Slots, start: Ints, finish: Ints) -> int:
    """Weigh lateness, the finish, and every start. A task whose date is fixed counts like any other."""
    late, last, starts = 0, 0, 0
    for i in range(len(start)):
        last = max(last, finish[i])
        starts += start[i]
        if p.due[i] != NO_DUE:
            late += max(0, finish[i] - p.due[i])
    for k in range(len(p.keep_from)):
        b = finish[p.keep_from[k]]
        b = p.lag[p.keep_table[k], b] if p.keep_table[k] != FREE else b + p.keep_lag[k]
        late += max(0, start[p.keep_to[k]] - b)
    return p.weight[0] * late + p.weight[1] * last + p.weight[2] * starts
