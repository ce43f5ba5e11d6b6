"""Where a task begins and ends: its own time, the start windows it waits for, and what events add after it.

Nothing here allocates, so that it can be compiled. If something runs out, that is noted in `trouble`, and the passes
continue.
"""

from changeflow.roadmap.engine.arrays import (
    AMOUNT,
    CAPPED,
    CLOCK,
    FLAGS,
    KIND,
    MEASURED,
    MILESTONE,
    MORE_FROM,
    MORE_TO,
    OWN,
    PARTS_FROM,
    PARTS_TO,
    PEOPLE,
    PERIOD,
    PERIODS,
    PLACED,
    WINDOW,
    WORK,
)
from changeflow.roadmap.engine.calendar_tables import NO_END, NONE
from changeflow.roadmap.engine.jit import kernel
from changeflow.roadmap.engine.net import Net
from changeflow.roadmap.engine.working_time import (
    AT_BEGINNING,
    AT_END,
    PERIODS_TABLE,
    add_periods,
    add_work,
    first_after,
    last_opened,
    last_work,
    next_close,
    next_start,
    next_working,
    previous_start,
    previous_working,
    run_out,
    subtract_periods,
    work_before,
)
from changeflow.values.moments import DAY

LONGEST_PAUSE = 7 * DAY
"""How long after their opening whole periods can still begin, if no one could have worked on the task since."""
LONGEST_SEARCH = 1 << 22
"""In minutes, eight years: no holiday is as long."""


@kernel
def worked_on(n: Net, i: int) -> int:
    """Return the calendar that says when a task could have been worked on; for school weeks, the term calendar."""
    return n.hot[i, PLACED] if n.cold[i, KIND] == WORK else n.hot[i, OWN]


@kernel
def last_call(n: Net, i: int, opens: int) -> int:
    """Return the last instant at which an opening or closing of whole periods is not yet missed.

    That is when the task can be worked on again, but at most a week later: holidays are not a reason to begin a
    period whose first weeks are over.
    """
    return min(next_working(n.c, worked_on(n, i), opens, n.trouble), opens + LONGEST_PAUSE)


@kernel
def reopened(n: Net, i: int, k: int, at: int) -> int:
    """Return the last opening of a table of periods if it is not yet missed at an instant, otherwise the instant."""
    j = last_opened(n.p, k, at, n.trouble)
    if j < n.p.first[k] or n.p.opens[j] == at:
        return at
    return n.p.opens[j] if last_call(n, i, n.p.opens[j]) >= at else at


@kernel
def reclosed(n: Net, i: int, k: int, at: int) -> int:
    """Return the same for closings: for work, an end at that closing is no earlier than the instant."""
    if at > n.p.high[k]:
        run_out(n.trouble, PERIODS_TABLE, k, AT_END, at)
    j = first_after(n.p.closes, n.p.first[k], n.p.first[k + 1], at) - 1
    if j < n.p.first[k] or n.p.closes[j] == at:
        return at
    return n.p.closes[j] if last_call(n, i, n.p.closes[j]) >= at else at


@kernel
def land_inside(n: Net, i: int, at: int) -> int:
    kind = n.cold[i, KIND]
    if kind == WORK and n.hot[i, AMOUNT] != 0:
        return next_working(n.c, n.hot[i, PLACED], at, n.trouble)
    if kind == PERIOD:
        return next_start(n.p, n.cold[i, PERIODS], reopened(n, i, n.cold[i, PERIODS], at), n.trouble)
    if kind == PEOPLE:
        first = at
        for j in range(n.cold[i, PARTS_FROM], n.cold[i, PARTS_TO]):
            lands = next_working(n.c, n.parts[j, 0], at, n.trouble) if n.parts[j, 1] else at
            first = lands if j == n.cold[i, PARTS_FROM] else min(first, lands)
        return first
    return at


@kernel
def land_on(n: Net, i: int, opens: int) -> int:
    """Return the first start at or after the opening of a start window."""
    if n.cold[i, KIND] == PERIOD:
        return next_start(n.p, n.cold[i, PERIODS], opens, n.trouble)
    return land_inside(n, i, opens)


@kernel
def land_at(n: Net, i: int, at: int) -> int:
    """Return the first start at or after `at`; a task with start windows starts when one of them opens."""
    k = n.cold[i, WINDOW]
    if k < 0:
        return land_inside(n, i, at)
    # A start that has been placed must stay there, so the window that has already opened counts if its start is no
    # earlier.
    j = last_opened(n.p, k, at, n.trouble)
    if j >= n.p.first[k]:
        start = land_on(n, i, n.p.opens[j])
        if start >= at:
            return start
        if n.cold[i, KIND] == PERIOD:
            if last_call(n, i, start) >= at:
                return start
        elif next_working(n.c, worked_on(n, i), start, n.trouble) >= at:
            # A milestone or an elapsed wait begins as soon as it may, even before people come to work.
            return at
    return land_on(n, i, next_start(n.p, k, at, n.trouble))


@kernel
def starts_at_windows(n: Net, i: int) -> bool:
    return n.cold[i, WINDOW] >= 0 or n.cold[i, KIND] == PERIOD


@kernel
def finish_of(n: Net, i: int, start: int) -> int:
    finish = own_finish(n, i, start)
    for j in range(n.cold[i, MORE_FROM], n.cold[i, MORE_TO]):
        if n.parts[j, 2] == PERIOD and n.parts[j, 1] != 0:
            finish = reopened(n, i, n.parts[j, 0], finish)
        finish = passed(n, n.parts[j, 2], n.parts[j, 0], n.parts[j, 1], finish)
    return finish


@kernel
def own_finish(n: Net, i: int, start: int) -> int:
    """Return the finish of a task without the time that events add."""
    kind, amount = n.cold[i, KIND], n.hot[i, AMOUNT]
    if kind == WORK:
        return add_work(n.c, n.hot[i, PLACED], start, amount, n.trouble)
    if kind == CLOCK:
        return start + amount
    if kind == PERIOD:
        return add_periods(n.p, n.cold[i, PERIODS], reopened(n, i, n.cold[i, PERIODS], start), amount, n.trouble)
    last = start
    for j in range(n.cold[i, PARTS_FROM], n.cold[i, PARTS_TO]):
        ends = add_work(n.c, n.parts[j, 0], start, n.parts[j, 1], n.trouble)
        last = ends if j == n.cold[i, PARTS_FROM] else max(last, ends)
    return last


@kernel
def passed(n: Net, kind: int, on: int, amount: int, at: int) -> int:
    """Return the instant after an amount of working time, elapsed time or whole periods."""
    if kind == CLOCK:
        return at + amount
    if kind == PERIOD:
        return add_periods(n.p, on, at, amount, n.trouble)
    return add_work(n.c, on, at, amount, n.trouble)


@kernel
def unpassed(n: Net, kind: int, on: int, amount: int, at: int) -> int:
    """Return the latest instant from which an amount of time is over by `at`."""
    if kind == CLOCK:
        return at - amount
    if kind == PERIOD:
        return subtract_periods(n.p, on, at, amount, n.trouble)
    return add_work(n.c, on, at, -amount, n.trouble)


@kernel
def start_inside(n: Net, i: int, finish: int) -> int:
    for j in range(n.cold[i, MORE_TO] - 1, n.cold[i, MORE_FROM] - 1, -1):
        finish = unpassed(n, n.parts[j, 2], n.parts[j, 0], n.parts[j, 1], finish)
    return _own_start(n, i, finish)


@kernel
def _own_start(n: Net, i: int, finish: int) -> int:
    kind, amount = n.cold[i, KIND], n.hot[i, AMOUNT]
    if kind == WORK:
        return add_work(n.c, n.hot[i, PLACED], finish, -amount, n.trouble)
    if kind == CLOCK:
        return finish - amount
    if kind == PERIOD:
        return subtract_periods(n.p, n.cold[i, PERIODS], finish, amount, n.trouble)
    first = finish
    for j in range(n.cold[i, PARTS_FROM], n.cold[i, PARTS_TO]):
        starts = add_work(n.c, n.parts[j, 0], finish, -n.parts[j, 1], n.trouble)
        first = starts if j == n.cold[i, PARTS_FROM] else min(first, starts)
    return first


@kernel
def latest_finish_of(n: Net, i: int, bound: int) -> int:
    """Return the last instant up to `bound` at which a task is worked on, whenever it has begun."""
    kind = n.cold[i, KIND]
    if kind == WORK and n.hot[i, AMOUNT] != 0:
        return previous_working(n.c, n.hot[i, PLACED], bound, n.trouble)
    if kind != PEOPLE:
        return bound
    last = NONE
    for j in range(n.cold[i, PARTS_FROM], n.cold[i, PARTS_TO]):
        worked = previous_working(n.c, n.parts[j, 0], bound, n.trouble) if n.parts[j, 1] else bound
        last = max(last, worked)
    return last


@kernel
def latest_start_of(n: Net, i: int, finish: int) -> int:
    start = start_inside(n, i, finish)
    return latest_start_by(n, i, start) if n.cold[i, WINDOW] >= 0 else start


@kernel
def latest_start_by(n: Net, i: int, bound: int) -> int:
    """Return the latest start up to `bound`; for a task that may start at any time, `bound` itself."""
    k = n.cold[i, WINDOW]
    if k >= 0:
        opened = last_opened(n.p, k, bound, n.trouble)
        while opened >= n.p.first[k]:
            start = land_on(n, i, n.p.opens[opened])
            if start <= bound:
                is_free = n.cold[i, KIND] == CLOCK or is_milestone(n, i)
                return min(bound, next_working(n.c, worked_on(n, i), start, n.trouble)) if is_free else start
            opened -= 1
        if n.p.low[k] != -NO_END:
            run_out(n.trouble, PERIODS_TABLE, k, AT_BEGINNING, bound)
        return bound
    if n.cold[i, KIND] == PERIOD:
        return previous_start(n.p, n.cold[i, PERIODS], bound, n.trouble)
    is_work = n.cold[i, KIND] == WORK and n.hot[i, AMOUNT] != 0 and not n.s[CAPPED]
    return last_work(n.c, n.hot[i, PLACED], bound, n.trouble) if is_work else bound


@kernel
def _before_events(n: Net, i: int, finish: int) -> int:
    """Return the earliest end of a task's own time with which the task, including what events add, ends no earlier than
    `finish`."""
    for j in range(n.cold[i, MORE_TO] - 1, n.cold[i, MORE_FROM] - 1, -1):
        kind, amount, on = n.parts[j, 2], n.parts[j, 1], n.parts[j, 0]
        if kind == PERIOD and amount != 0:
            finish = next_close(n.p, on, reclosed(n, i, on, finish), n.trouble)
            opens = subtract_periods(n.p, on, finish, amount, n.trouble)
            # Once the opening before this one is missed, the periods that count are these.
            finish = last_call(n, i, previous_start(n.p, on, opens - 1, n.trouble)) + 1
        else:
            finish = unpassed(n, kind, on, amount, finish)
    return finish


@kernel
def earliest_start_of(n: Net, i: int, finish: int) -> int:
    own = _before_events(n, i, finish)
    if n.cold[i, KIND] == PERIOD:
        own = reclosed(n, i, n.cold[i, PERIODS], own)
    start = _own_start(n, i, own)
    if n.cold[i, KIND] == PERIOD and own_finish(n, i, start) < own:
        start = next_start(n.p, n.cold[i, PERIODS], start + 1, n.trouble)
    if n.cold[i, MORE_TO] > n.cold[i, MORE_FROM]:
        start = _start_that_ends(n, i, start, finish)
    return land_at(n, i, start) if n.cold[i, WINDOW] >= 0 else start


@kernel
def _start_that_ends(n: Net, i: int, start: int, bound: int) -> int:
    """Return the first start at or after an instant with which the time that events add ends no earlier than `bound`.

    A task's own time may end just before a holiday, during which the time that an event adds then passes.
    """
    if _ends_in_time(n, i, start, bound):
        return start
    low, step = start, 1
    while step < LONGEST_SEARCH and not _ends_in_time(n, i, start + step, bound):
        low, step = start + step, 2 * step
    high = start + step
    while high - low > 1:
        middle = (low + high) // 2
        if _ends_in_time(n, i, middle, bound):
            high = middle
        else:
            low = middle
    return high


@kernel
def _ends_in_time(n: Net, i: int, start: int, bound: int) -> bool:
    """Return whether a task that may start at an instant ends at or after `bound`, in the time of its last event."""
    finish = finish_of(n, i, land_inside(n, i, start))
    for j in range(n.cold[i, MORE_TO] - 1, n.cold[i, MORE_FROM] - 1, -1):
        if n.parts[j, 1] != 0:
            if n.parts[j, 2] == CLOCK:
                return finish >= bound
            if n.parts[j, 2] == PERIOD:
                return last_call(n, i, finish) >= bound
            return next_working(n.c, n.parts[j, 0], finish, n.trouble) >= bound
    return True


@kernel
def between(n: Net, i: int, start: int, finish: int) -> int:
    """Measure the time between two instants in the way in which the task's float is counted."""
    if n.cold[i, KIND] == CLOCK:
        return finish - start
    return work_before(n.c, n.cold[i, MEASURED], finish) - work_before(n.c, n.cold[i, MEASURED], start)


@kernel
def is_milestone(n: Net, i: int) -> bool:
    return n.hot[i, FLAGS] & MILESTONE != 0 and n.cold[i, MORE_TO] == n.cold[i, MORE_FROM]
