"""Working time, periods and durations over arrays: what `calendar/` says of one calendar at a time.

Nothing here allocates, so that it can be compiled. What runs out is noted in `trouble`, and the passes go on.
"""

import numpy as np

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
    Net,
)
from changeflow.roadmap.engine.calendar_tables import (
    BASE,
    BEFORE,
    BUCKET,
    BUCKETS,
    CLOSED,
    DAYS,
    FIRST_DAY,
    GROWS,
    HIGH,
    LAST_BEFORE,
    LEAST,
    LOW,
    MOST,
    NEXT,
    NO_END,
    NONE,
    OPENS,
    PATTERN,
    WEEKLY,
    WORKED,
    CalendarTables,
    PeriodTables,
)
from changeflow.roadmap.engine.jit import kernel, unsigned, wide
from changeflow.roadmap.engine.outline import Ints
from changeflow.values.moments import DAY, WEEK

CALENDAR, PERIODS_TABLE = 1, 2
AT_END, AT_BEGINNING = range(2)
# Places of `trouble`: which kind of table ran out first, its number, at which end, and where work was looked for.
KIND_OUT, NUMBER_OUT, END_OUT, AT_OUT, KEPT = range(5)
LONGEST_PAUSE = 7 * DAY
"""So long after its opening can whole periods still begin, if their task could not have been worked on since."""
NOWHERE: int = int(np.iinfo(np.int64).min)
"""Of `trouble`: work was counted, and not looked for at an instant."""


@kernel
def run_out(trouble: Ints, kind: int, number: int, end: int, at: int) -> None:
    """Note the first table that runs out."""
    if trouble[KIND_OUT] == 0:
        trouble[KIND_OUT], trouble[NUMBER_OUT], trouble[END_OUT], trouble[AT_OUT] = kind, number, end, at


@kernel
def keep_trouble(trouble: Ints) -> None:
    """Put aside what ran out, so that a pass can go on without it: the first of all is kept."""
    if trouble[KEPT + KIND_OUT] == 0:
        for place in range(KEPT):
            trouble[KEPT + place] = trouble[place]
    trouble[KIND_OUT] = 0


@kernel
def _weeks_outside(at: int, low: int, high: int, week: int) -> int:
    """Return how many weeks bring something back between two bounds; of what is within them none."""
    if at >= high:
        return (at - high) // week + 1
    return -((low - at + week - 1) // week) if at < low else 0


@kernel
def _minute(c: CalendarTables, k: int, at: int) -> tuple[int, int, int]:
    """Return the row of the day that `at` lies in, and the minute of that day, both within what is laid out.

    Where weeks repeat, also by how many of them the day is nearer.
    """
    since, weeks = at - c.head[k, BASE], 0
    if since < c.head[k, LOW] or since >= c.head[k, HIGH]:
        weeks = _weeks_outside(since, c.head[k, LOW], c.head[k, HIGH], WEEK)
        since -= weeks * WEEK
    if since < 0:
        if c.head[k, GROWS]:
            run_out(c.trouble, CALENDAR, k, AT_BEGINNING, at)
        return c.head[k, FIRST_DAY], 0, weeks
    day = since // DAY
    if day >= c.head[k, DAYS]:
        if c.head[k, GROWS] and since > c.head[k, DAYS] * DAY:
            run_out(c.trouble, CALENDAR, k, AT_END, at)
        return c.head[k, FIRST_DAY] + c.head[k, DAYS] - 1, DAY, weeks
    return c.head[k, FIRST_DAY] + day, since - day * DAY, weeks


@kernel
def work_before(c: CalendarTables, k: int, at: int) -> int:
    day, minute, weeks = _minute(c, k, at)
    work = c.day[day, BEFORE] + wide(c.pattern[c.day[day, PATTERN] + minute, WORKED])
    return work + weeks * c.head[k, WEEKLY]


@kernel
def next_working(c: CalendarTables, k: int, at: int, trouble: Ints) -> int:
    day, minute, weeks = _minute(c, k, at)
    found = c.pattern[c.day[day, PATTERN] + minute, NEXT]
    if found != NONE:
        return at - minute + found
    last = c.head[k, FIRST_DAY] + c.head[k, DAYS] - 1
    if day == last or c.day[day + 1, OPENS] == NONE:
        run_out(trouble, CALENDAR, k, AT_END, at)
        return at
    return wide(c.day[day + 1, OPENS]) + weeks * WEEK


@kernel
def previous_working(c: CalendarTables, k: int, at: int, trouble: Ints) -> int:
    """Return the last instant up to `at` at which work can finish."""
    _, _, last = look_up(c, k, at)
    if last == NONE:
        run_out(trouble, CALENDAR, k, AT_BEGINNING, at)
    return last


@kernel
def look_up(c: CalendarTables, k: int, at: int) -> tuple[int, int, int]:
    """Return the work before `at`, and the next and the last instant of work from there; -1 where there is none."""
    day, minute, weeks = _minute(c, k, at)
    # An index without a sign spares numba the test for one that counts from the end.
    today = unsigned(day)
    row = unsigned(c.day[today, PATTERN] + minute)
    midnight, off = at - minute, weeks * WEEK
    next_, last = wide(c.pattern[row, NEXT]), wide(c.pattern[row, LAST_BEFORE])
    if next_ != NONE:
        next_ += midnight
    elif day < c.head[k, FIRST_DAY] + c.head[k, DAYS] - 1:
        next_ = wide(c.day[day + 1, OPENS]) + off
    last = last + midnight if last != NONE else wide(c.day[today, CLOSED]) + off
    return c.day[today, BEFORE] + wide(c.pattern[row, WORKED]) + weeks * c.head[k, WEEKLY], next_, last


@kernel
def finish_at(c: CalendarTables, k: int, work: int, trouble: Ints) -> int:
    """Return the earliest instant before which the calendar holds so much work, more than none."""
    return start_at(c, k, work - 1, trouble) + 1


@kernel
def start_at(c: CalendarTables, k: int, work: int, trouble: Ints) -> int:
    """Return the latest instant before which the calendar holds so much work, less than all."""
    off = 0
    if work < c.head[k, LEAST] or work >= c.head[k, MOST]:
        if not c.head[k, WEEKLY]:
            run_out(trouble, CALENDAR, k, AT_BEGINNING if work < 0 else AT_END, NOWHERE)
            return 0
        weeks = _weeks_outside(work, c.head[k, LEAST], c.head[k, MOST], c.head[k, WEEKLY])
        work -= weeks * c.head[k, WEEKLY]
        off = weeks * WEEK
    i = wide(c.bucket[unsigned(c.head[k, BUCKETS] + (work >> BUCKET))])
    # Mostly one step at most, which without a branch costs next to nothing.
    i += c.interval[unsigned(i + 1), 1] <= work
    while c.interval[unsigned(i + 1), 1] <= work:
        i += 1
    return c.interval[unsigned(i), 0] + work - c.interval[unsigned(i), 1] + off


@kernel
def add_work(c: CalendarTables, k: int, at: int, minutes: int, trouble: Ints) -> int:
    """Working minutes forward, or back when negative; none move nothing."""
    if minutes == 0:
        return at
    goal = work_before(c, k, at) + minutes
    return finish_at(c, k, goal, trouble) if minutes > 0 else start_at(c, k, goal, trouble)


@kernel
def first_after(table: Ints, lo: int, hi: int, at: int) -> int:
    """Return the first place in `lo` to `hi` whose value is greater than `at`."""
    while lo < hi:
        middle = (lo + hi) >> 1
        if table[middle] <= at:
            lo = middle + 1
        else:
            hi = middle
    return lo


@kernel
def next_start(p: PeriodTables, k: int, at: int, trouble: Ints) -> int:
    if at < p.low[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_BEGINNING, at)
    i = first_after(p.opens, p.first[k], p.first[k + 1], at - 1)
    if i >= p.first[k + 1]:
        run_out(trouble, PERIODS_TABLE, k, AT_END, at)
        return at
    return p.opens[i]


@kernel
def last_opened(p: PeriodTables, k: int, at: int, trouble: Ints) -> int:
    """Return the row of the last period that has opened by `at`; before the first of a list the row before that."""
    if at > p.high[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_END, at)
    i = first_after(p.opens, p.first[k], p.first[k + 1], at) - 1
    if i < p.first[k] and p.low[k] != -NO_END:
        run_out(trouble, PERIODS_TABLE, k, AT_BEGINNING, at)
    return i


@kernel
def previous_start(p: PeriodTables, k: int, at: int, trouble: Ints) -> int:
    i = last_opened(p, k, at, trouble)
    # Before the first of a list: as in `Periods.previous_start`.
    return p.opens[i] if i >= p.first[k] else at


@kernel
def next_close(p: PeriodTables, k: int, at: int, trouble: Ints) -> int:
    if at < p.low[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_BEGINNING, at)
    i = first_after(p.closes, p.first[k], p.first[k + 1], at - 1)
    if i >= p.first[k + 1]:
        run_out(trouble, PERIODS_TABLE, k, AT_END, at)
        return at
    return p.closes[i]


@kernel
def previous_close(p: PeriodTables, k: int, at: int, trouble: Ints) -> int:
    if at > p.high[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_END, at)
    i = first_after(p.closes, p.first[k], p.first[k + 1], at) - 1
    if i < p.first[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_BEGINNING, at)
        return at
    return p.closes[i]


@kernel
def add_periods(p: PeriodTables, k: int, at: int, count: int, trouble: Ints) -> int:
    if count == 0:
        return at
    if at < p.low[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_BEGINNING, at)
    i = first_after(p.opens, p.first[k], p.first[k + 1], at - 1) + count - 1
    if i >= p.first[k + 1]:
        run_out(trouble, PERIODS_TABLE, k, AT_END, at)
        return at
    return p.closes[i]


@kernel
def subtract_periods(p: PeriodTables, k: int, at: int, count: int, trouble: Ints) -> int:
    if count == 0:
        return at
    if at > p.high[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_END, at)
    i = first_after(p.closes, p.first[k], p.first[k + 1], at) - count
    if i < p.first[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_BEGINNING, at)
        return at
    return p.opens[i]


@kernel
def worked_on(n: Net, i: int) -> int:
    """Return the calendar that says when a task could have been worked on: of school weeks the term's."""
    return n.hot[i, PLACED] if n.cold[i, KIND] == WORK else n.hot[i, OWN]


@kernel
def last_call(n: Net, i: int, opens: int) -> int:
    """Return the last instant at which whole periods that open or close then are not missed.

    That is when the task can be worked on again, but no more than a week later: holidays are no reason to begin a
    period whose first weeks are over.
    """
    return min(next_working(n.c, worked_on(n, i), opens, n.trouble), opens + LONGEST_PAUSE)


@kernel
def reopened(n: Net, i: int, k: int, at: int) -> int:
    """Return the last opening of a table of periods, where it is not missed at an instant; else the instant."""
    j = last_opened(n.p, k, at, n.trouble)
    if j < n.p.first[k] or n.p.opens[j] == at:
        return at
    return n.p.opens[j] if last_call(n, i, n.p.opens[j]) >= at else at


@kernel
def reclosed(n: Net, i: int, k: int, at: int) -> int:
    """The same of closings: what ends then ends no earlier than the instant, as far as work is concerned."""
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
    """Return the first start from a start window on."""
    if n.cold[i, KIND] == PERIOD:
        return next_start(n.p, n.cold[i, PERIODS], opens, n.trouble)
    return land_inside(n, i, opens)


@kernel
def land_at(n: Net, i: int, at: int) -> int:
    """Return the first start from `at` on: of a task at start windows, where one of them puts it."""
    k = n.cold[i, WINDOW]
    if k < 0:
        return land_inside(n, i, at)
    # A start that has landed stays there: so the window counts that has opened, if it puts the task no earlier.
    j = last_opened(n.p, k, at, n.trouble)
    if j >= n.p.first[k]:
        start = land_on(n, i, n.p.opens[j])
        if start >= at:
            return start
        if n.cold[i, KIND] == PERIOD:
            if last_call(n, i, start) >= at:
                return start
        elif next_working(n.c, worked_on(n, i), start, n.trouble) >= at:
            # A moment or a wait on the clock: it begins as soon as it may, before people come to work.
            return at
    return land_on(n, i, next_start(n.p, k, at, n.trouble))


@kernel
def starts_at_windows(n: Net, i: int) -> bool:
    return n.cold[i, WINDOW] >= 0 or n.cold[i, KIND] == PERIOD


@kernel
def last_work(c: CalendarTables, k: int, at: int, trouble: Ints) -> int:
    """Return the last instant up to `at` at which work can start."""
    work, begins, _ = look_up(c, k, at)
    return at if begins == at or work == 0 else start_at(c, k, work - 1, trouble)


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
    """Return the finish of a task without what events add."""
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
    """Let an amount pass from an instant on: working time of a calendar, time of the clock, or whole periods."""
    if kind == CLOCK:
        return at + amount
    if kind == PERIOD:
        return add_periods(n.p, on, at, amount, n.trouble)
    return add_work(n.c, on, at, amount, n.trouble)


@kernel
def unpassed(n: Net, kind: int, on: int, amount: int, at: int) -> int:
    """Return the latest instant from which an amount passes by `at`."""
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
    """Return the latest start up to `bound`; a task that may start at any time has it there."""
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
    """Return where a task's own time may end, so that with what events add it ends no earlier than `finish`."""
    for j in range(n.cold[i, MORE_TO] - 1, n.cold[i, MORE_FROM] - 1, -1):
        if n.parts[j, 2] == PERIOD and n.parts[j, 1] != 0:
            finish = next_close(n.p, n.parts[j, 0], reclosed(n, i, n.parts[j, 0], finish), n.trouble)
        finish = unpassed(n, n.parts[j, 2], n.parts[j, 0], n.parts[j, 1], finish)
    return finish


@kernel
def earliest_start_of(n: Net, i: int, finish: int) -> int:
    finish = _before_events(n, i, finish)
    if n.cold[i, KIND] == PERIOD:
        finish = reclosed(n, i, n.cold[i, PERIODS], finish)
    start = _own_start(n, i, finish)
    if n.cold[i, KIND] == PERIOD and own_finish(n, i, start) < finish:
        start = next_start(n.p, n.cold[i, PERIODS], start + 1, n.trouble)
    return land_at(n, i, start) if n.cold[i, WINDOW] >= 0 else start


@kernel
def between(n: Net, i: int, start: int, finish: int) -> int:
    """Measure the time between two instants as a task's float is counted."""
    if n.cold[i, KIND] == CLOCK:
        return finish - start
    return work_before(n.c, n.cold[i, MEASURED], finish) - work_before(n.c, n.cold[i, MEASURED], start)


@kernel
def is_milestone(n: Net, i: int) -> bool:
    return n.hot[i, FLAGS] & MILESTONE != 0 and n.cold[i, MORE_TO] == n.cold[i, MORE_FROM]
