"""The rest of begun work, over arrays: how it passes, and when it ends."""

from changeflow.roadmap.engine.arrays import (
    ACTUAL_START,
    BEGUN,
    CLOCK,
    DATA_DATE,
    KIND,
    NEVER,
    PARTS_FROM,
    PARTS_TO,
    PEOPLE,
    PERIOD,
    PERIODS,
    PINS,
    PLACED,
    REMAINING,
    REST,
    REST_KIND,
    STATE,
    WORK,
)
from changeflow.roadmap.engine.jit import kernel
from changeflow.roadmap.engine.net import Net
from changeflow.roadmap.engine.spans import (
    finish_of,
    is_milestone,
    last_call,
    latest_finish_of,
    passed,
    reclosed,
    reopened,
    unpassed,
    worked_on,
)
from changeflow.roadmap.engine.working_time import (
    add_periods,
    add_work,
    finish_at,
    first_after,
    next_close,
    next_working,
    previous_close,
    previous_working,
    subtract_periods,
    work_before,
)
from changeflow.values.moments import DAY


@kernel
def passes_by(n: Net, i: int) -> int:
    """Return how the time of a task, or of its rest, passes."""
    return n.cold[i, REST_KIND] if n.cold[i, STATE] == BEGUN and n.cold[i, REMAINING] > 0 else n.cold[i, KIND]


@kernel
def first_work(n: Net, i: int, at: int) -> int:
    """Return the first work of the day if a day with work begins at an instant; otherwise the instant."""
    begins = next_working(n.c, worked_on(n, i), at, n.trouble)
    return begins if at % DAY == 0 and begins < at + DAY else at


@kernel
def rest_from(n: Net, i: int, at: int) -> int:
    """Return the finish of a started task whose remaining work resumes at an instant."""
    kind, on = n.cold[i, REST_KIND], n.cold[i, REST]
    if kind == PERIOD:
        at = reopened(n, i, on, at)
    return passed(n, kind, on, max(0, n.cold[i, REMAINING]), at)


@kernel
def latest_rest_finish(n: Net, i: int, bound: int) -> int:
    """Return the last instant up to `bound` at which begun work is worked on, or may still wait for others."""
    is_known = n.cold[i, REMAINING] > 0 and n.cold[i, KIND] != PEOPLE
    kind = n.cold[i, REST_KIND] if is_known else n.cold[i, KIND]
    if (not n.s[PINS] and is_all_done(n, i)) or (kind == PERIOD and n.cold[i, REMAINING] == 0):
        return bound
    if kind == PERIOD:
        return previous_close(n.p, n.cold[i, REST if is_known else PERIODS], bound, n.trouble)
    if not is_known:
        return latest_finish_of(n, i, bound)
    return previous_working(n.c, n.cold[i, REST], bound, n.trouble) if kind == WORK else bound


@kernel
def is_all_done(n: Net, i: int) -> bool:
    """Return whether nothing is left of a started task, so that it ends as soon as it waits for nothing else."""
    if n.cold[i, REMAINING] >= 0:
        return n.cold[i, REMAINING] == 0
    return n.cold[i, KIND] != PEOPLE and n.s[DATA_DATE] != NEVER and left_at(n, i, resumes_by(n, i)) == 0


@kernel
def works_on(n: Net, i: int) -> int:
    """Return the calendar on which a task, or its remaining work, is done; -1 for clock time and periods."""
    if is_milestone(n, i) or n.cold[i, PARTS_TO] > n.cold[i, PARTS_FROM]:
        return -1
    if n.cold[i, STATE] == BEGUN and n.cold[i, REMAINING] >= 0:
        return n.cold[i, REST] if n.cold[i, REST_KIND] == WORK else -1
    return n.hot[i, PLACED] if n.cold[i, KIND] == WORK else -1


@kernel
def resumes_by(n: Net, i: int) -> int:
    """Return the instant at which the remaining work resumes if nothing delays it."""
    start = n.cold[i, ACTUAL_START]
    return max(start, n.s[DATA_DATE]) if n.s[DATA_DATE] != NEVER else start


@kernel
def rest_until(n: Net, i: int, finish: int) -> int:
    """Return the latest instant at which the remaining work may resume to end by `finish`."""
    start = unpassed(n, n.cold[i, REST_KIND], n.cold[i, REST], max(0, n.cold[i, REMAINING]), finish)
    # It may have resumed in the middle of a period, which its whole periods then follow.
    return max(start, resumes_by(n, i)) if n.cold[i, REST_KIND] == PERIOD else start


@kernel
def left_at(n: Net, i: int, at: int) -> int:
    """Return how much of a started task's planned duration is left at an instant, if that was not reported."""
    planned = finish_of(n, i, n.cold[i, ACTUAL_START])
    kind = n.cold[i, KIND]
    if kind == CLOCK:
        return max(0, planned - at)
    if kind == PERIOD:
        # Count the whole periods that have still to open.
        k = n.cold[i, PERIODS]
        first, last = n.p.first[k], n.p.first[k + 1]
        since = reopened(n, i, k, at)
        return max(0, first_after(n.p.opens, first, last, planned - 1) - first_after(n.p.opens, first, last, since - 1))
    k = n.hot[i, PLACED]
    return max(0, work_before(n.c, k, planned) - work_before(n.c, k, at))


@kernel
def pass_from(n: Net, i: int, at: int, left: int) -> int:
    """Return the instant after an amount of the task's own time, or before it if the amount is negative."""
    kind = n.cold[i, KIND]
    if kind == CLOCK:
        return at + left
    if kind != PERIOD:
        return add_work(n.c, n.hot[i, PLACED], at, left, n.trouble)
    if left < 0:
        return max(subtract_periods(n.p, n.cold[i, PERIODS], at, -left, n.trouble), resumes_by(n, i))
    return add_periods(n.p, n.cold[i, PERIODS], reopened(n, i, n.cold[i, PERIODS], at), left, n.trouble)


@kernel
def resumes_until(n: Net, i: int, finish: int) -> int:
    """Return the latest instant at which begun work may resume to end by `finish`; NEVER if it waits for nothing."""
    if n.cold[i, REMAINING] >= 0:
        return rest_until(n, i, finish)
    if n.s[DATA_DATE] == NEVER or n.cold[i, KIND] == PEOPLE:
        return NEVER
    return pass_from(n, i, finish, -left_at(n, i, resumes_by(n, i)))


@kernel
def period_held_until(n: Net, i: int, early: int, finish: int) -> int:
    """Return the last instant to which other tasks may delay the finish of begun periods that must end by `finish`.

    If the finish is delayed at all, it moves to the close of a period.
    """
    on = n.cold[i, REST] if n.cold[i, REMAINING] >= 0 else n.cold[i, PERIODS]
    return max(min(early, finish), last_call(n, i, previous_close(n.p, on, finish, n.trouble)))


@kernel
def held_finish(n: Net, i: int, finish: int, at: int) -> int:
    """Return the finish, in its own time, of begun work that may not end before an instant."""
    is_known = n.cold[i, REMAINING] >= 0
    kind, k = n.cold[i, REST_KIND] if is_known else n.cold[i, KIND], n.cold[i, REST] if is_known else n.hot[i, PLACED]
    if at <= finish:
        return finish
    if kind == CLOCK:
        return at
    if kind == PERIOD:
        on = k if is_known else n.cold[i, PERIODS]
        return next_close(n.p, on, reclosed(n, i, on, at), n.trouble)
    work = work_before(n.c, k, at)
    return finish_at(n.c, k, work, n.trouble) if work > work_before(n.c, k, finish) else finish
