"""Lags over arrays: added to a date or subtracted from one, including those that are a share of the predecessor."""

from changeflow.roadmap.engine.arrays import (
    ACTUAL_START,
    AMOUNT,
    BEGUN,
    CAPPED,
    CLOCK,
    FROM_START,
    INHERITED,
    KIND,
    LAG,
    LAG_KIND,
    LAG_ON,
    LAGGED,
    MORE_FROM,
    MORE_TO,
    OPEN,
    PERIOD,
    PERIODS,
    SPAN,
    STATE,
    TO_FINISH,
    WORK,
)
from changeflow.roadmap.engine.begun import is_all_done, passes_by
from changeflow.roadmap.engine.jit import inlined, kernel
from changeflow.roadmap.engine.net import Net
from changeflow.roadmap.engine.spans import finish_of, last_call, own_finish, passed
from changeflow.roadmap.engine.working_time import (
    AT_BEGINNING,
    PERIODS_TABLE,
    add_work,
    last_opened,
    last_work,
    next_working,
    run_out,
    subtract_periods,
    work_before,
)


@inlined
def lagged(n: Net, j: int, at: int, start: int, finish: int) -> int:
    """Add a link's lag; the predecessor's start and finish are needed for a lag that is a share of its periods."""
    kind, lag = n.lags[j, LAG_KIND], n.lags[j, LAG]
    if kind == SPAN:
        kind, lag = WORK, share_of_span(n, j, start, finish)
    return passed(n, kind, n.lags[j, LAG_ON], lag, at)


@kernel
def share_of_span(n: Net, j: int, start: int, finish: int) -> int:
    """Return the working minutes of a lag that is a share of the time between two dates."""
    k = n.lags[j, LAG_ON]
    return round((work_before(n.c, k, finish) - work_before(n.c, k, start)) * n.lags[j, LAG] / 100)


@kernel
def span_finish(n: Net, i: int, link: int, start: int, finish: int) -> int:
    """Return the finish of whole periods for a lag that is a share of them: once they have begun, the planned one.

    Periods that events add come afterwards, and do not count.
    """
    if n.lags[link, LAG_KIND] == SPAN and n.cold[i, KIND] == PERIOD:
        if n.cold[i, STATE] != OPEN:
            return finish_of(n, i, n.cold[i, ACTUAL_START])
        if n.cold[i, MORE_TO] > n.cold[i, MORE_FROM]:
            return own_finish(n, i, start)
    return finish


@inlined
def unlagged(n: Net, j: int, at: int, start: int, finish: int) -> int:
    """Subtract a link's lag: return the latest instant of that point of working time, as `shift` in `pace.py` does."""
    lag = n.lags[j, LAG]
    if n.lags[j, LAG_KIND] == SPAN:
        lag = share_of_span(n, j, start, finish)
    if lag == 0:
        return at
    if n.lags[j, LAG_KIND] == CLOCK:
        return at - lag
    if n.lags[j, LAG_KIND] == PERIOD:
        return subtract_periods(n.p, n.lags[j, LAG_ON], at, lag, n.trouble)
    moved = add_work(n.c, n.lags[j, LAG_ON], at, -lag, n.trouble)
    return next_working(n.c, n.lags[j, LAG_ON], moved, n.trouble) if lag < 0 else moved


@kernel
def is_lead(n: Net, link: int) -> bool:
    """Return whether a lag is negative, other than in clock time, and so ends where work begins, not where it has
    ended."""
    kind = n.lags[link, LAG_KIND]
    return n.lags[link, LAG] < 0 and kind != CLOCK


@kernel
def taken_off(n: Net, i: int, k: int, shape: int, link: int, at: int, start: int, finish: int) -> int:
    """Return the latest date at which a link lets `i` start or finish if successor `k` does so at `at`; `start` and
    `finish` are the dates of `i`."""
    # For begun work, `at` already allows for missed openings, or the work ends when others do: see `begun`.
    is_asked = n.cold[k, STATE] == BEGUN and (shape & TO_FINISH != 0 or is_all_done(n, k))
    if passes_by(n, k) == PERIOD and not is_asked:
        # An opening is not missed, and a closing is not over, until people could have worked again.
        at = last_call(n, k, at)
    if not shape & LAGGED:
        return at
    if is_lead(n, link) and not n.s[CAPPED]:
        # A lead ends where work begins again, which is later than this if the successor's date is in a break.
        at = last_work(n.c, n.lags[link, LAG_ON], at, n.trouble)
    if is_shared_by_periods(n, i, link) and not shape & INHERITED:
        latest = latest_start_shared(n, i, link, shape & FROM_START != 0, at)
        return latest if shape & FROM_START else finish_of(n, i, latest)
    at = unlagged(n, link, at, start, span_finish(n, i, link, start, finish))
    is_in_periods = n.lags[link, LAG_KIND] == PERIOD
    return last_call(n, k, at) if is_in_periods else at


@kernel
def is_shared_by_periods(n: Net, i: int, link: int) -> bool:
    """Return whether the lag out of a task that has not begun is a share of its whole periods."""
    return n.lags[link, LAG_KIND] == SPAN and n.cold[i, KIND] == PERIOD and n.cold[i, STATE] == OPEN


@kernel
def latest_start_shared(n: Net, i: int, link: int, is_from_start: bool, bound: int) -> int:
    """Return the latest start of whole periods from which a lag that is a share of them ends by `bound`."""
    k, count = n.cold[i, PERIODS], n.hot[i, AMOUNT]
    first, end = n.p.first[k], n.p.first[k + 1]
    j = last_opened(n.p, k, bound, n.trouble)
    # A lead ends before the date it is counted from, so later periods may be possible as well.
    while j + count < end and j >= first and _shared(n, j + 1, count, link, is_from_start) <= bound:
        j += 1
    while j >= first and (j + count > end or _shared(n, j, count, link, is_from_start) > bound):
        j -= 1
    if j >= first:
        return n.p.opens[j]
    run_out(n.trouble, PERIODS_TABLE, k, AT_BEGINNING, bound)
    return bound


@kernel
def _shared(n: Net, j: int, count: int, link: int, is_from_start: bool) -> int:
    """Return where a lag that is a share of periods ends, if they begin with row `j`."""
    start, finish = n.p.opens[j], n.p.closes[j + count - 1]
    return lagged(n, link, start if is_from_start else finish, start, finish)
