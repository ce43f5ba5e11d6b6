"""Working time, periods, durations and lags for the compiled kernel: the twin of `calendar/` and `pace.py`.

Nothing here allocates: numba's `_nrt=False` leaves out the counting of references to some forty arrays at every call,
which took seven times as long as the work itself. What runs out sets `trouble`.
"""

from typing import Any, NamedTuple

from numba import njit

from changeflow.roadmap.arrays import (
    CLOCK,
    PERIOD,
    WORK,
    CalendarArrays,
    Ints,
    LinkArrays,
    PeriodArrays,
    Settings,
    TaskArrays,
)
from changeflow.values.moments import DAY

compiled: Any = njit(cache=True, _nrt=False)  # type: ignore[call-overload]
STEPS = 48
"""Intervals to walk before a search is quicker."""


class Net(NamedTuple):
    """What every function here works on."""

    c: CalendarArrays
    p: PeriodArrays
    t: TaskArrays
    k: LinkArrays
    s: Settings
    trouble: Ints
    """One number; not 0 when a calendar or a table of periods has run out."""


@compiled
def _after(table: Ints, lo: int, hi: int, at: int) -> int:
    """Return the first place in `lo` to `hi` whose value is greater than `at`."""
    while lo < hi:
        middle = (lo + hi) >> 1
        if table[middle] <= at:
            lo = middle + 1
        else:
            hi = middle
    return lo


@compiled
def _from(table: Ints, lo: int, hi: int, at: int) -> int:
    """Return the first place in `lo` to `hi` whose value is at least `at`."""
    while lo < hi:
        middle = (lo + hi) >> 1
        if table[middle] < at:
            lo = middle + 1
        else:
            hi = middle
    return lo


@compiled
def _place(c: CalendarArrays, k: int, at: int) -> int:
    """Return the interval that holds `at`, or the first one after it: a look-up by day, then a step or two."""
    hi = c.first[k + 1]
    days = len(c.by_day) // (len(c.first) - 1)
    day = min(max((at - c.base[0]) // DAY, 0), days - 1)
    i = c.by_day[k * days + day]
    while i < hi and c.ends[i] <= at:
        i += 1
    return i


@compiled
def work_before(c: CalendarArrays, k: int, at: int) -> int:
    i = _place(c, k, at)
    if i == c.first[k + 1]:
        return c.total[k]
    return c.before[i] + max(0, at - c.starts[i])


@compiled
def next_working(c: CalendarArrays, k: int, at: int, trouble: Ints) -> int:
    i = _place(c, k, at)
    if i == c.first[k + 1]:
        trouble[0] = 1
        return at
    return max(at, c.starts[i])


@compiled
def add_work(c: CalendarArrays, k: int, at: int, minutes: int, trouble: Ints) -> int:
    """Working minutes forward, or back when negative; none move nothing."""
    if minutes == 0:
        return at
    lo, hi = c.first[k], c.first[k + 1]
    i = _place(c, k, at)
    here = c.total[k] if i == hi else c.before[i] + max(0, at - c.starts[i])
    goal = here + minutes
    if goal < 0 or goal > c.total[k]:
        trouble[0] = 1
        return at
    steps = 0
    if minutes > 0:
        # Most work ends some intervals further on; only what is long is searched for.
        while steps < STEPS and i + 1 < hi and c.before[i + 1] < goal:
            i += 1
            steps += 1
        if steps == STEPS:
            i = _from(c.before, i, hi, goal) - 1
        return c.starts[i] + goal - c.before[i]
    i = min(i, hi - 1)
    while steps < STEPS and i > lo and c.before[i] > goal:
        i -= 1
        steps += 1
    if steps == STEPS:
        i = _after(c.before, lo, i + 1, goal) - 1
    return c.starts[i] + goal - c.before[i]


@compiled
def next_opening(p: PeriodArrays, k: int, at: int, trouble: Ints) -> int:
    lo, hi = p.first[k], p.first[k + 1]
    i = _from(p.opens, lo, hi, at)
    if i >= hi:
        trouble[0] = 1
        return at
    return p.opens[i]


@compiled
def previous_opening(p: PeriodArrays, k: int, at: int, trouble: Ints) -> int:
    lo, hi = p.first[k], p.first[k + 1]
    i = _after(p.opens, lo, hi, at) - 1
    if i < lo:
        trouble[0] = 1
        return at
    return p.opens[i]


@compiled
def add_periods(p: PeriodArrays, k: int, at: int, count: int, trouble: Ints) -> int:
    if count == 0:
        return at
    lo, hi = p.first[k], p.first[k + 1]
    i = _from(p.opens, lo, hi, at) + count - 1
    if i >= hi:
        trouble[0] = 1
        return at
    return p.closes[i]


@compiled
def subtract_periods(p: PeriodArrays, k: int, at: int, count: int, trouble: Ints) -> int:
    if count == 0:
        return at
    lo, hi = p.first[k], p.first[k + 1]
    i = _after(p.closes, lo, hi, at) - count
    if i < lo:
        trouble[0] = 1
        return at
    return p.opens[i]


@compiled
def land_inside(n: Net, i: int, at: int) -> int:
    if n.t.kind[i] == WORK and n.t.amount[i] != 0:
        return next_working(n.c, n.t.placed[i], at, n.trouble)
    if n.t.kind[i] == PERIOD:
        return next_opening(n.p, n.t.periods[i], at, n.trouble)
    return at


@compiled
def land_at(n: Net, i: int, at: int) -> int:
    if n.t.opening[i] >= 0:
        at = next_opening(n.p, n.t.opening[i], at, n.trouble)
    return land_inside(n, i, at)


@compiled
def finish_of(n: Net, i: int, start: int) -> int:
    if n.t.kind[i] == WORK:
        return add_work(n.c, n.t.placed[i], start, n.t.amount[i], n.trouble)
    if n.t.kind[i] == CLOCK:
        return start + n.t.amount[i]
    return add_periods(n.p, n.t.periods[i], start, n.t.amount[i], n.trouble)


@compiled
def start_inside(n: Net, i: int, finish: int) -> int:
    if n.t.kind[i] == WORK:
        return add_work(n.c, n.t.placed[i], finish, -n.t.amount[i], n.trouble)
    if n.t.kind[i] == CLOCK:
        return finish - n.t.amount[i]
    return subtract_periods(n.p, n.t.periods[i], finish, n.t.amount[i], n.trouble)


@compiled
def latest_start_of(n: Net, i: int, finish: int) -> int:
    start = start_inside(n, i, finish)
    if n.t.opening[i] >= 0:
        return land_inside(n, i, previous_opening(n.p, n.t.opening[i], start, n.trouble))
    return start


@compiled
def earliest_start_of(n: Net, i: int, finish: int) -> int:
    start = start_inside(n, i, finish)
    if n.t.kind[i] == PERIOD and finish_of(n, i, start) < finish:
        start = next_opening(n.p, n.t.periods[i], start + 1, n.trouble)
    return land_at(n, i, start) if n.t.opening[i] >= 0 else start


@compiled
def lagged(n: Net, j: int, at: int) -> int:
    """Put a link's lag on."""
    lag = n.k.lag[j]
    if lag == 0:
        return at
    if n.k.lag_kind[j] == CLOCK:
        return at + lag
    if n.k.lag_kind[j] == PERIOD:
        return add_periods(n.p, n.k.lag_on[j], at, lag, n.trouble)
    return add_work(n.c, n.k.lag_on[j], at, lag, n.trouble)


@compiled
def unlagged(n: Net, j: int, at: int) -> int:
    """Take a link's lag off: at the latest instant of that point of working time, as in `pace.shift`."""
    lag = n.k.lag[j]
    if lag == 0:
        return at
    if n.k.lag_kind[j] == CLOCK:
        return at - lag
    if n.k.lag_kind[j] == PERIOD:
        return subtract_periods(n.p, n.k.lag_on[j], at, lag, n.trouble)
    moved = add_work(n.c, n.k.lag_on[j], at, -lag, n.trouble)
    return next_working(n.c, n.k.lag_on[j], moved, n.trouble) if lag < 0 else moved


@compiled
def between(n: Net, i: int, start: int, finish: int) -> int:
    if n.t.kind[i] == CLOCK:
        return finish - start
    return work_before(n.c, n.t.own[i], finish) - work_before(n.c, n.t.own[i], start)
