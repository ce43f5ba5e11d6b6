"""The forward pass: every task as early as its predecessors, constraints and facts allow.

An ordinary task (open, on one calendar, without a date of its own) and a plain link (finish to start, no lag) are dealt
with in the loop itself; all else goes through the functions below it. A calendar that runs out is noted in `trouble`,
and the pass continues; `cpm` reports which calendar it was.
"""

from changeflow.roadmap.engine.arrays import (
    ACTUAL_FINISH,
    ACTUAL_START,
    AMOUNT,
    BEGUN,
    BELOW_FROM,
    BELOW_TO,
    BY_ACTUAL,
    BY_DATA_DATE,
    BY_HAND,
    BY_LINKS,
    BY_ROLL_UP,
    BY_START,
    CLOCK,
    DATA_DATE,
    DATA_DATE_MOVES,
    DONE,
    FINISH_NO_EARLIER,
    FINISH_NO_LATER,
    FLAGS,
    FLOOR,
    FROM_START,
    HOLDS_SET_DATES,
    KIND,
    LAG_KIND,
    LAG_ON,
    LAGGED,
    LEFT_FROM,
    LEFT_TO,
    LIMITS_PULL,
    LINK,
    MANUAL,
    MANUAL_FINISH,
    MANUAL_START,
    MUST_FINISH,
    MUST_START,
    NEVER,
    ODD_INTO,
    ODD_LINKS,
    ORDINARY,
    OWN,
    PEOPLE,
    PERIOD,
    PLACED,
    PLAIN,
    REMAINING,
    REST_KIND,
    RESUME,
    RETAINS,
    SHAPE,
    START,
    START_NO_EARLIER,
    START_NO_LATER,
    STATE,
    SUMMARY,
    TASK,
    TO_FINISH,
    WINDOW,
)
from changeflow.roadmap.engine.begun import first_work, held_finish, left_at, pass_from, rest_from
from changeflow.roadmap.engine.calendar_tables import NONE
from changeflow.roadmap.engine.jit import inlined, kernel, unsigned
from changeflow.roadmap.engine.lags import lagged, span_finish
from changeflow.roadmap.engine.net import Net, Result
from changeflow.roadmap.engine.outline import Ints
from changeflow.roadmap.engine.spans import (
    earliest_start_of,
    finish_of,
    is_milestone,
    land_at,
    latest_start_of,
    reopened,
)
from changeflow.roadmap.engine.working_time import AT_END, CALENDAR, add_work, finish_at, look_up, next_working, run_out


@kernel
def forward(n: Net, r: Result) -> None:
    """Compute the early dates of every row."""
    start, floor, data_date = _settled(n)
    for i in range(len(n.hot)):
        flags = n.hot[i, FLAGS]
        if flags & ~ODD_LINKS == ORDINARY:
            _place_ordinary(n, i, flags, r, start, floor, data_date)
        elif flags & SUMMARY:
            roll_up(n, i, r.early)
            r.reason[i] = BY_ROLL_UP
        else:
            _place_early(n, i, n.first_into[i], n.first_into[i + 1], r)


@kernel
def _settled(n: Net) -> tuple[int, int, int]:
    """Return the start, the earliest instant for any work, and the data date; NEVER for any that is not set."""
    start = n.s[START]
    return start, start if n.s[FLOOR] else NEVER, n.s[DATA_DATE] if n.s[DATA_DATE_MOVES] else NEVER


@inlined
def place(n: Net, i: int, r: Result) -> None:
    """Compute one row's early dates."""
    flags = n.hot[i, FLAGS]
    if flags & ~ODD_LINKS == ORDINARY:
        start, floor, data_date = _settled(n)
        _place_ordinary(n, i, flags, r, start, floor, data_date)
    elif flags & SUMMARY:
        roll_up(n, i, r.early)
        r.reason[i] = BY_ROLL_UP
    else:
        _place_early(n, i, n.first_into[i], n.first_into[i + 1], r)


@inlined
def _place_ordinary(n: Net, i: int, flags: int, r: Result, start: int, floor: int, data_date: int) -> None:
    lo, hi, is_odd = n.first_into[i], n.first_into[i + 1], flags & ODD_INTO != 0
    at, why, least = NEVER, BY_LINKS, start if lo == hi else floor
    if is_odd:
        for j in range(lo, hi):
            shape, before = n.into[SHAPE, j], n.into[TASK, j]
            b = r.early[before, shape & 1 ^ 1]
            if shape != PLAIN:
                b = _bound(n, i, shape, n.into[LINK, j], before, r)
            r.bound[j] = b
            if _is_finish_to_finish(shape):
                least = start
            at = max(at, b)
    else:
        for j in range(lo, hi):
            at = max(at, r.early[unsigned(n.into[TASK, j]), 1])
    if least > at:
        at, why = least, BY_START
    if data_date > at:
        at, why = data_date, BY_DATA_DATE
    k = n.hot[i, PLACED]
    # Links that end in the gap before the start all drive it: Friday evening and Monday morning are one point of
    # working time.
    work, begins, gap = look_up(n.c, k, at)
    if begins == NONE:
        run_out(n.trouble, CALENDAR, k, AT_END, at)
    for j in range(lo, hi):
        b = r.bound[j] if is_odd else r.early[unsigned(n.into[TASK, j]), 1]
        drives = b >= gap
        r.drives[j] = drives
        if drives:
            why = BY_LINKS
    work += n.hot[i, AMOUNT]
    r.worked[i, 0] = work
    r.early[i, 0], r.early[i, 1] = begins, finish_at(n.c, k, work, n.trouble)
    r.reason[i] = why


@inlined
def _bound(n: Net, i: int, shape: int, link: int, before: int, r: Result) -> int:
    """Return the earliest start that a link allows a task, or the earliest finish if the task has begun."""
    at = r.early[before, shape & 1 ^ 1]
    if shape & LAGGED:
        at = after_lag(n, i, link, before, at, r.early[before, 0], r.early[before, 1])
    if shape & TO_FINISH and not is_milestone(n, i) and n.cold[i, STATE] != BEGUN:
        return earliest_start_of(n, i, at)
    return at


@inlined
def after_lag(n: Net, i: int, link: int, before: int, at: int, start: int, finish: int) -> int:
    """Add the lag of a link into a task to an instant of the predecessor, whose dates are `start` and `finish`."""
    if n.lags[link, LAG_KIND] == PERIOD:
        at = reopened(n, i, n.lags[link, LAG_ON], at)
    return lagged(n, link, at, start, span_finish(n, before, link, start, finish))


@kernel
def roll_up(n: Net, i: int, dates: Ints) -> None:
    """Give a summary the first start and the last finish of the tasks below it."""
    first, last = n.cold[i, BELOW_FROM], n.cold[i, BELOW_TO]
    dates[i, 0], dates[i, 1] = dates[n.below[first], 0], dates[n.below[first], 1]
    for b in range(first + 1, last):
        dates[i, 0] = min(dates[i, 0], dates[n.below[b], 0])
        dates[i, 1] = max(dates[i, 1], dates[n.below[b], 1])


@inlined
def _place_early(n: Net, i: int, lo: int, hi: int, r: Result) -> None:
    """Place a task that is not ordinary: a milestone, or one with facts, dates of its own or other units."""
    r.logic[i] = NEVER
    for j in range(lo, hi):
        r.drives[j] = 0
    if n.cold[i, STATE] == DONE:
        # Before looking at its links: the dates that they allow may be beyond the calendars, and do not matter.
        r.early[i, 0], r.early[i, 1], r.reason[i] = n.cold[i, ACTUAL_START], n.cold[i, ACTUAL_FINISH], BY_ACTUAL
        return
    for j in range(lo, hi):
        r.bound[j] = _bound(n, i, n.into[SHAPE, j], n.into[LINK, j], n.into[TASK, j], r)
    if n.cold[i, STATE] == BEGUN:
        r.early[i, 0], r.early[i, 1] = n.cold[i, ACTUAL_START], _begun(n, i, lo, hi, r)
        r.reason[i] = BY_ACTUAL
        return
    if n.hot[i, FLAGS] & MANUAL:
        r.early[i, 0], r.early[i, 1], r.reason[i] = n.cold[i, MANUAL_START], n.cold[i, MANUAL_FINISH], BY_HAND
        return
    at, why = _logic(n, i, r.bound, lo, hi)
    start = land_at(n, i, at)
    finish = finish_of(n, i, start)
    pulled, by = _pulled(n, i, start, finish)
    if by >= 0:
        r.logic[i] = finish
        start = land_at(n, i, pulled)
        r.early[i, 0], r.early[i, 1], r.reason[i] = start, finish_of(n, i, start), by
        return
    for j in range(lo, hi):
        if land_at(n, i, r.bound[j]) == start:
            r.drives[j] = 1
            why = BY_LINKS
    r.early[i, 0], r.early[i, 1], r.reason[i] = start, finish, why


@kernel
def _begun(n: Net, i: int, lo: int, hi: int, r: Result) -> int:
    start, remaining, resume = n.cold[i, ACTUAL_START], n.cold[i, REMAINING], n.cold[i, RESUME]
    first, last = n.cold[i, LEFT_FROM], n.cold[i, LEFT_TO]
    if last > first:
        finish = NEVER
        for j in range(first, last):
            finish = max(finish, add_work(n.c, n.parts[j, 0], n.parts[j, 2], n.parts[j, 1], n.trouble))
        return finish
    if not n.s[DATA_DATE_MOVES]:
        if resume == NEVER:
            return finish_of(n, i, start)
        return rest_from(n, i, resume)
    is_dated = n.s[DATA_DATE] != NEVER
    since = max(start, n.s[DATA_DATE]) if is_dated else start
    resume = since
    # Without a data date and a reported remaining duration, the planned duration simply continues.
    if n.s[RETAINS] and (is_dated or remaining >= 0):
        for j in range(lo, hi):
            if not n.into[SHAPE, j] & TO_FINISH:
                resume = max(resume, r.bound[j])
    if remaining >= 0:
        if n.cold[i, REST_KIND] == CLOCK and resume == n.s[DATA_DATE]:
            # The rest of an elapsed wait begins when people start work, as the whole wait would have.
            resume = first_work(n, i, resume)
        finish = rest_from(n, i, resume)
    elif resume > since and n.cold[i, KIND] != PEOPLE:
        finish = max(finish_of(n, i, start), pass_from(n, i, resume, left_at(n, i, since)))
    else:
        finish = finish_of(n, i, start)
        if is_dated:
            finish = max(finish, n.s[DATA_DATE])
    return _held_by_links(n, i, lo, hi, r, since, resume, finish) if n.s[RETAINS] else finish


@kernel
def _held_by_links(n: Net, i: int, lo: int, hi: int, r: Result, since: int, resume: int, finish: int) -> int:
    """Return the finish of begun work that may end no earlier than some predecessors allow; mark the links that drive
    it."""
    held = finish
    for j in range(lo, hi):
        if n.into[SHAPE, j] & TO_FINISH:
            held = max(held, held_finish(n, i, finish, r.bound[j]))
    for j in range(lo, hi):
        if n.into[SHAPE, j] & TO_FINISH:
            r.drives[j] = held > finish and held_finish(n, i, finish, r.bound[j]) == held
        else:
            is_asked = n.cold[i, REMAINING] >= 0 or resume > since
            r.drives[j] = is_asked and held == finish and r.bound[j] == resume
    return held


@inlined
def _is_finish_to_finish(shape: int) -> bool:
    return shape & TO_FINISH != 0 and shape & FROM_START == 0


@kernel
def _logic(n: Net, i: int, bound: Ints, lo: int, hi: int) -> tuple[int, int]:
    at, why, is_floor = NEVER, BY_START, n.s[FLOOR] != 0
    for j in range(lo, hi):
        is_floor |= _is_finish_to_finish(n.into[SHAPE, j])
        if bound[j] > at:
            at, why = bound[j], BY_LINKS
    if n.cold[i, START_NO_EARLIER] > at:
        at, why = n.cold[i, START_NO_EARLIER], START_NO_EARLIER
    if n.cold[i, FINISH_NO_EARLIER] != NEVER:
        from_finish = earliest_start_of(n, i, n.cold[i, FINISH_NO_EARLIER])
        if from_finish > at:
            at, why = from_finish, FINISH_NO_EARLIER
    if is_floor or at == NEVER:
        start = n.s[START]
        if n.cold[i, KIND] == CLOCK and n.cold[i, WINDOW] < 0:
            start = next_working(n.c, n.hot[i, OWN], start, n.trouble)
        if start > at:
            at, why = start, BY_START
    if n.s[DATA_DATE_MOVES] and n.s[DATA_DATE] > at:
        at, why = n.s[DATA_DATE], BY_DATA_DATE
    return at, why


@kernel
def _pulled(n: Net, i: int, start: int, finish: int) -> tuple[int, int]:
    """Return the start that a set date gives a task, and the bound that does so; a date that has passed does not
    count."""
    at, by = _set_start(n, i, start, finish)
    if by >= 0 and n.s[DATA_DATE_MOVES] and at < n.s[DATA_DATE]:
        return 0, -1
    return at, by


@kernel
def _set_start(n: Net, i: int, start: int, finish: int) -> tuple[int, int]:
    if not n.s[HOLDS_SET_DATES]:
        return 0, -1
    if n.cold[i, MUST_START] != NEVER:
        return n.cold[i, MUST_START], MUST_START
    if n.cold[i, MUST_FINISH] != NEVER:
        return latest_start_of(n, i, n.cold[i, MUST_FINISH]), MUST_FINISH
    if n.s[LIMITS_PULL]:
        if n.cold[i, START_NO_LATER] != NEVER and n.cold[i, START_NO_LATER] < start:
            return n.cold[i, START_NO_LATER], START_NO_LATER
        if n.cold[i, FINISH_NO_LATER] != NEVER and n.cold[i, FINISH_NO_LATER] < finish:
            return latest_start_of(n, i, n.cold[i, FINISH_NO_LATER]), FINISH_NO_LATER
    return 0, -1
