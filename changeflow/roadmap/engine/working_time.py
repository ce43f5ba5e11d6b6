"""Working time, periods and durations over arrays: the same results that `calendar/` gives for one calendar.

Nothing here allocates, so that it can be compiled. If something runs out, that is recorded in `trouble`, and the passes
continue.
"""

import numpy as np

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
NOWHERE: int = int(np.iinfo(np.int64).min)
"""In `trouble`: work was being counted, not looked up at an instant."""


@kernel
def run_out(trouble: Ints, kind: int, number: int, end: int, at: int) -> None:
    """Note the first table that runs out."""
    if trouble[KIND_OUT] == 0:
        trouble[KIND_OUT], trouble[NUMBER_OUT], trouble[END_OUT], trouble[AT_OUT] = kind, number, end, at


@kernel
def keep_trouble(trouble: Ints) -> None:
    """Set aside the note of what ran out, so that a pass can continue without it; only the first such note is kept."""
    if trouble[KEPT + KIND_OUT] == 0:
        for place in range(KEPT):
            trouble[KEPT + place] = trouble[place]
    trouble[KIND_OUT] = 0


@kernel
def _weeks_outside(at: int, low: int, high: int, week: int) -> int:
    """Return by how many weeks a value is outside two bounds; 0 if it is within them."""
    if at >= high:
        return (at - high) // week + 1
    return -((low - at + week - 1) // week) if at < low else 0


@kernel
def _minute(c: CalendarTables, k: int, at: int) -> tuple[int, int, int]:
    """Return the row of the day of `at`, the minute of that day, and the number of weeks by which the day was moved.

    If weeks repeat, a day that is not laid out is moved by whole weeks to one that is.
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
    """Return the work before `at`, and the next and the last instant of work from there; -1 if there is none."""
    day, minute, weeks = _minute(c, k, at)
    # An unsigned index saves numba the test for a negative one.
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
    """Return the earliest instant before which the calendar has this much work, which is more than none."""
    return start_at(c, k, work - 1, trouble) + 1


@kernel
def start_at(c: CalendarTables, k: int, work: int, trouble: Ints) -> int:
    """Return the latest instant before which the calendar has this much work, which is less than all."""
    off = 0
    if work < c.head[k, LEAST] or work >= c.head[k, MOST]:
        if not c.head[k, WEEKLY]:
            run_out(trouble, CALENDAR, k, AT_BEGINNING if work < 0 else AT_END, NOWHERE)
            return 0
        weeks = _weeks_outside(work, c.head[k, LEAST], c.head[k, MOST], c.head[k, WEEKLY])
        work -= weeks * c.head[k, WEEKLY]
        off = weeks * WEEK
    i = wide(c.bucket[unsigned(c.head[k, BUCKETS] + (work >> BUCKET))])
    # Usually there is at most one step, which costs next to nothing without a branch.
    i += c.interval[unsigned(i + 1), 1] <= work
    while c.interval[unsigned(i + 1), 1] <= work:
        i += 1
    return c.interval[unsigned(i), 0] + work - c.interval[unsigned(i), 1] + off


@kernel
def add_work(c: CalendarTables, k: int, at: int, minutes: int, trouble: Ints) -> int:
    """Move an instant by working minutes, backwards if they are negative; 0 minutes leave it where it is."""
    if minutes == 0:
        return at
    goal = work_before(c, k, at) + minutes
    return finish_at(c, k, goal, trouble) if minutes > 0 else start_at(c, k, goal, trouble)


@kernel
def last_work(c: CalendarTables, k: int, at: int, trouble: Ints) -> int:
    """Return the last instant up to `at` at which work can start."""
    work, begins, _ = look_up(c, k, at)
    return at if begins == at or work == 0 else start_at(c, k, work - 1, trouble)


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
    """Return the row of the last period that has opened by `at`; before the first period, the row before that."""
    if at > p.high[k]:
        run_out(trouble, PERIODS_TABLE, k, AT_END, at)
    i = first_after(p.opens, p.first[k], p.first[k + 1], at) - 1
    if i < p.first[k] and p.low[k] != -NO_END:
        run_out(trouble, PERIODS_TABLE, k, AT_BEGINNING, at)
    return i


@kernel
def previous_start(p: PeriodTables, k: int, at: int, trouble: Ints) -> int:
    i = last_opened(p, k, at, trouble)
    # Before the first period, return the instant itself, as `Periods.previous_start` does.
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
