"""Genetic search on lists of tasks, compiled: crossover, a few swaps, and every child justified twice.

A list says in which order the serial scheme places tasks (Hartmann, 1998); justification to the right and to the left
again (Valls, Ballestín and Quintanilla, 2005) turns it into one that is nearly always better. Runs are repeatable: the
state of the generator is part of the search's state.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.engine.compiling import below, compiled
from changeflow.roadmap.levelling.kernel import Ints, cost_of, place_backward, place_forward
from changeflow.roadmap.levelling.problem import Slots

MUCH = 1 << 62
"""The cost of a list for which there are not enough slots."""


class Search(NamedTuple):
    """One population, and the arrays in which it works."""

    lists: Ints
    """For each individual, the tasks in its order."""
    cost: NDArray[np.int64]
    best_start: Ints
    best_finish: Ints
    best: NDArray[np.int64]
    """The least cost; the number of schedules in all, and since the last improvement; and the slot that the most recent
    schedule reached."""
    random: NDArray[np.uint64]
    start: Ints
    finish: Ints
    child: Ints
    order: Ints
    tally: Ints
    """Room for sorting tasks by slot: one count for each slot, and two more."""
    free: NDArray[np.uint64]
    seen: Ints
    heap: Ints
    bias: NDArray[np.float64]
    """For each task: how late it should come in the lists with which the search begins."""


COST, MADE, SINCE, REACH = range(4)


@compiled
def copy(source: Ints, target: Ints) -> None:
    # Numba would allocate for a slice.
    for k in range(len(source)):
        target[k] = source[k]


@compiled
def _clear(p: Slots, s: Search) -> None:
    """Free everyone in the slots that the last schedule reached."""
    reach = s.best[REACH]
    for w in range(p.capacity.shape[0]):
        for t in range(reach):
            s.free[w, t] = p.capacity[w, t]


@compiled
def sort_by(keys: Ints, order: Ints, out: Ints, count: Ints) -> None:
    """Sort a list by keys; entries with the same key keep their order."""
    top = 0
    for i in order:
        top = max(top, keys[i])
    for t in range(top + 2):
        count[t] = 0
    for i in order:
        count[keys[i] + 1] += 1
    for t in range(1, top + 2):
        count[t] += count[t - 1]
    for i in order:
        out[count[keys[i]]] = i
        count[keys[i]] += 1


@compiled
def mend(p: Slots, s: Search, order: Ints) -> None:
    """Reorder a list so that predecessors come first, but change its order as little as possible."""
    n = len(order)
    rank, waits, heap = s.seen, s.order, s.heap
    size = 0
    for k in range(n):
        rank[order[k]] = k
    for i in range(n):
        waits[i] = p.first_into[i + 1] - p.first_into[i]
        if waits[i] == 0:
            size = _push(heap, size, rank[i])
    # Ranks come out in rising order; the task of a rank is looked up in a copy, as `order` is written meanwhile.
    for k in range(n):
        s.child[n + k] = order[k]
    for k in range(n):
        i = s.child[n + heap[0]]
        size = _pop(heap, size)
        order[k] = i
        for j in range(p.first_out[i], p.first_out[i + 1]):
            waits[p.after[j]] -= 1
            if waits[p.after[j]] == 0:
                size = _push(heap, size, rank[p.after[j]])


@compiled
def _push(heap: Ints, size: int, value: int) -> int:
    k = size
    while k > 0 and heap[(k - 1) // 2] > value:
        heap[k] = heap[(k - 1) // 2]
        k = (k - 1) // 2
    heap[k] = value
    return size + 1


@compiled
def _pop(heap: Ints, size: int) -> int:
    size -= 1
    value, k = heap[size], 0
    while 2 * k + 1 < size:
        c = 2 * k + 1
        if c + 1 < size and heap[c + 1] < heap[c]:
            c += 1
        if heap[c] >= value:
            break
        heap[k] = heap[c]
        k = c
    heap[k] = value
    return size


@compiled
def improve(p: Slots, s: Search, is_odd: bool) -> int:
    """Place the child, justify it to the right and then to the left, keep the resulting list, and return its cost."""
    n = p.work.shape[0]
    child = s.child[:n]
    if not _forward(p, s, child):
        return MUCH
    first = cost_of(p, s.start, s.finish)
    last = s.best[REACH]
    sort_by(s.finish, child, s.order, s.tally)
    _clear(p, s)
    place_backward(p, s.order, s.start, s.finish, s.free, last)
    shift = 0
    for i in range(n):
        shift = min(shift, s.start[i])
    for i in range(n):
        s.start[i] -= shift
    sort_by(s.start, s.order, child, s.tally)
    if is_odd:
        mend(p, s, child)
    if not _forward(p, s, child):
        return MUCH
    cost = min(first, cost_of(p, s.start, s.finish))
    sort_by(s.start, child, s.order, s.tally)
    copy(s.order, child)
    if is_odd:
        mend(p, s, child)
    return cost


@compiled
def _forward(p: Slots, s: Search, order: Ints) -> bool:
    """Place a list and keep the schedule if it is the best so far."""
    _clear(p, s)
    s.best[MADE] += 1
    s.best[SINCE] += 1
    if not place_forward(p, order, s.start, s.finish, s.free):
        s.best[REACH] = p.capacity.shape[1]
        return False
    last = 0
    for i in range(len(order)):
        last = max(last, s.finish[i])
    s.best[REACH] = last
    cost = cost_of(p, s.start, s.finish)
    if cost < s.best[COST]:
        s.best[COST], s.best[SINCE] = cost, 0
        copy(s.start, s.best_start)
        copy(s.finish, s.best_finish)
    return True


@compiled
def begin(p: Slots, s: Search, is_odd: bool) -> None:
    """Make the first lists: by each task's latest finish, with more random changes from one list to the next."""
    n, many = p.work.shape[0], s.lists.shape[0]
    for k in range(many):
        _make(p, s, k, many)
        s.cost[k] = improve(p, s, is_odd)
        copy(s.child[:n], s.lists[k])


@compiled
def _make(p: Slots, s: Search, k: int, many: int) -> None:
    n = p.work.shape[0]
    most = 1.0
    for i in range(n):
        most = max(most, s.bias[i])
    top = (s.tally.shape[0] - 4) // 2
    for i in range(n):
        noise = (below(s.random, 2001) - 1000) / 1000.0 * 0.4 * k / many
        s.start[i] = int(max(0.0, min(1.0, (s.bias[i] / most + noise + 0.4) / 1.8)) * top)
        s.order[i] = i
    sort_by(s.start, s.order, s.child[:n], s.tally)
    mend(p, s, s.child[:n])


@compiled
def inject(p: Slots, s: Search, start: Ints, cost: int, is_odd: bool) -> None:
    """Replace the worst list with a plan from elsewhere."""
    n, worst = p.work.shape[0], 0
    for k in range(s.lists.shape[0]):
        if s.cost[k] > s.cost[worst]:
            worst = k
    for i in range(n):
        s.order[i] = i
    sort_by(start, s.order, s.child[:n], s.tally)
    if is_odd:
        mend(p, s, s.child[:n])
    copy(s.child[:n], s.lists[worst])
    s.cost[worst] = cost


@compiled
def evolve(p: Slots, s: Search, schedules: int, enough: int, is_odd: bool) -> None:
    """Make children until `schedules` schedules have been made in all, or the cost is no more than `enough`."""
    n, many = p.work.shape[0], s.lists.shape[0]
    while s.best[MADE] < schedules and s.best[COST] > enough:
        mother, father = _pick(s, many), _pick(s, many)
        if mother == father:
            father = (mother + 1 + below(s.random, many - 1)) % many
        _cross(s, s.lists[mother], s.lists[father], n)
        _swap(p, s, n, is_odd)
        if is_odd:
            mend(p, s, s.child[:n])
        cost = improve(p, s, is_odd)
        _settle(s, cost, n, mother, father)


@compiled
def _pick(s: Search, many: int) -> int:
    a, b = below(s.random, many), below(s.random, many)
    return a if s.cost[a] <= s.cost[b] else b


@compiled
def _cross(s: Search, mother: Ints, father: Ints, n: int) -> None:
    """Take the mother's order outside two cuts, and the father's between them."""
    a, b = below(s.random, n + 1), below(s.random, n + 1)
    low, high = min(a, b), max(a, b)
    s.seen[:] = 0
    for k in range(low):
        s.child[k] = mother[k]
        s.seen[mother[k]] = 1
    k = low
    for i in father:
        if k == high:
            break
        if not s.seen[i]:
            s.child[k] = i
            s.seen[i] = 1
            k += 1
    for i in mother:
        if not s.seen[i]:
            s.child[k] = i
            k += 1


@compiled
def _swap(p: Slots, s: Search, n: int, is_odd: bool) -> None:
    """Swap some neighbours that are not linked."""
    for k in range(n - 1):
        if below(s.random, 100) < 5:
            a, b = s.child[k], s.child[k + 1]
            is_linked = False
            for j in range(p.first_into[b], p.first_into[b + 1]):
                is_linked |= p.before[j] == a
            if not is_linked:
                s.child[k], s.child[k + 1] = b, a


@compiled
def _settle(s: Search, cost: int, n: int, mother: int, father: int) -> None:
    """Replace the worse parent with the child, unless the child is worse still."""
    worse = mother if s.cost[mother] >= s.cost[father] else father
    if cost <= s.cost[worse]:
        copy(s.child[:n], s.lists[worse])
        s.cost[worse] = cost
