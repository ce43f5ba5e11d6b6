"""A roadmap as arrays, for the compiled kernel: tasks in topological order, links sorted by successor."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from changeflow.roadmap.engine.calendar_tables import (
    CalendarTables,
    PeriodTables,
    calendar_tables,
    period_tables,
)
from changeflow.roadmap.engine.outline import Ints, Outline, Shorts, outline_of, stable_order
from changeflow.roadmap.engine.pace import PAY_PERIODS, SCHOOL_DAYS_PER_WEEK
from changeflow.roadmap.model.tasks import (
    LIMITS,
    STARTS,
    Bound,
    Constraint,
    Link,
    LinkType,
    Roadmap,
    Task,
    TaskProgress,
)
from changeflow.values.base import TaskId
from changeflow.values.duration import ZERO, Duration, Unit

NEVER: int = int(np.iinfo(np.int64).min)
"""The value for no set date."""
WORK, CLOCK, PERIOD, PEOPLE, SPAN = range(5)
"""How an amount passes: working time, elapsed time, whole periods or several people's working time; for a lag also as a
percentage of the predecessor's span, in working time."""
OPEN, BEGUN, DONE = range(3)
BOUNDS: Sequence[Bound] = tuple(Bound)
"""The order of the six columns from `SET_DATES` on."""

# Columns of `Arrays.hot`: everything an ordinary task needs. A task is ordinary if its flags are 0.
FLAGS, AMOUNT, PLACED, OWN = range(4)
SUMMARY, MILESTONE, MANUAL, STARTED, OTHER = 1, 2, 4, 8, 16
"""Flags of tasks that are not ordinary: an ordinary task is open work on one calendar without a set date."""
ODD_INTO, ODD_OUT = 32, 64
"""Flags: some link into it, or out of it, is not plain."""
# Columns of `Arrays.cold`: what only some tasks need. -1 means no calendar or periods.
KIND, REST, PERIODS, WINDOW, STATE, DEADLINE = range(6)
ACTUAL_START, ACTUAL_FINISH, REMAINING, RESUME, MANUAL_START, MANUAL_FINISH = range(6, 12)
PARTS_FROM, PARTS_TO, LEFT_FROM, LEFT_TO, BELOW_FROM, BELOW_TO, MORE_FROM, MORE_TO = range(12, 20)
REST_KIND = 20
"""How the rest of begun work passes; `REST` is its calendar or periods."""
MEASURED = 21
"""The calendar in which floats are counted."""
SET_DATES = 22
COLUMNS = SET_DATES + 6
_COLUMN: Mapping[Bound, int] = {b: SET_DATES + n for n, b in enumerate(BOUNDS)}
# Rows of `Arrays.into` and `Arrays.out`; a link is plain, finish to start without lag, when its shape is 0.
TASK, SHAPE, LINK = range(3)
FROM_START, TO_FINISH, LAGGED, INHERITED, PROGRESSED, TO_PERIODS = 1, 2, 4, 8, 16, 32
# Columns of `Arrays.lags`: the last is the share of the predecessor's duration, in percent, where the lag is one.
LAG_KIND, LAG, LAG_ON, SHARE = range(4)
# Places of `Arrays.settings`.
START, DATA_DATE, FINISH, SLACK_LIMIT, HOLDS_SET_DATES = range(5)
FLOOR, LIMITS_PULL, SET_DATES_HOLD, PINS, DATA_DATE_MOVES, CAPPED, RETAINS = range(5, 12)
SEVERAL_PATHS, LATE_SHOWS_EARLY, LIMITS_EXTEND = range(12, 15)


class Arrays(NamedTuple):
    """The kernel's input, and the mapping from its results back to tasks and links."""

    outline: Outline
    """The rows in topological order; a summary comes after its tasks, when its dates are known."""
    links: Sequence[Link]
    calendars: CalendarTables
    periods: PeriodTables
    hot: Ints
    cold: Ints
    into: Shorts
    """One column for each link and task that it binds; a link to a summary has one for each task below the summary."""
    first_into: Shorts
    """The columns `first_into[t]` to `first_into[t + 1]` of `into` bind task t."""
    out: Shorts
    first_out: Shorts
    lags: Ints
    parts: Ints
    """(calendar, minutes) of each assignment, then (calendar, resume, minutes left) of its remaining work.

    Rows `MORE_FROM` to `MORE_TO` of a task are the amounts that events add after its own time: (calendar or periods,
    amount, how it passes). Only simulations have any.
    """
    settings: Ints

    @property
    def ids(self) -> Sequence[TaskId]:
        """The task of each row."""
        return self.outline.ids

    @property
    def row_of(self) -> Mapping[TaskId, int]:
        return self.outline.row_of


def to_arrays(roadmap: Roadmap) -> Arrays:
    """Compile a roadmap; a loop raises `CyclicRoadmapError`. Complexity: O(tasks + links)."""
    outline = outline_of(roadmap)
    codes = Codes(roadmap)
    hot, cold, parts = task_rows(roadmap, list(roadmap.tasks.values()), codes, outline.row)
    _add_summaries(hot, cold, outline)
    plain = LinkType.FS
    odd_links = [n for n, k in enumerate(roadmap.links) if k.type is not plain or k.lag is not ZERO]
    into, first_into, out, first_out = _joined(roadmap.links, odd_links, outline, cold)
    for links, first, flag in ((into, first_into, ODD_INTO), (out, first_out, ODD_OUT)):
        odd = np.flatnonzero(links[SHAPE] != 0)
        hot[np.searchsorted(first, odd, side="right") - 1, FLAGS] |= flag
    calendars = calendar_tables(list(roadmap.calendars.values()))
    periods, lags = period_tables(list(roadmap.periods.values())), _lags(roadmap, odd_links, codes)
    joined = (into, first_into, out, first_out)
    return Arrays(outline, roadmap.links, calendars, periods, hot, cold, *joined, lags, parts, _settings(roadmap))


class Codes:
    """The numbers of calendars and periods."""

    def __init__(self, roadmap: Roadmap) -> None:
        self.roadmap = roadmap
        self.calendar = {key: n for n, key in enumerate(roadmap.calendars)}
        self.periods = {key: n for n, key in enumerate(roadmap.periods)}

    def passing(self, task: Task, amount: Duration, placed: str) -> tuple[int, int, int]:
        """Return how an amount passes for a task, how much, and on which calendar or periods."""
        unit = amount.unit
        if unit is Unit.WORKING:
            return WORK, amount.amount, self.calendar[placed]
        if unit is Unit.ELAPSED:
            return CLOCK, amount.amount, self.calendar[task.calendar]
        if unit is Unit.PAY_PERIODS:
            return PERIOD, amount.amount, self.periods[PAY_PERIODS]
        if unit is Unit.TERMS:
            return PERIOD, amount.amount, self.periods[task.terms]
        minutes = amount.amount * SCHOOL_DAYS_PER_WEEK * self.roadmap.minutes_per_day
        return WORK, minutes, self.calendar[task.term_calendar or task.calendar]

    def shared(self, link: Link) -> tuple[int, int, int, int]:
        """Return a lag that is a share of its predecessor: how it passes, how much, on what, and the percentage.

        The lag is a share of the predecessor's own time. For whole periods, only their dates say how long that is.
        """
        before, share = self.roadmap.tasks[link.predecessor], link.lag.amount
        on_successor = self.roadmap.profile.shares_on_successor and before.duration.unit is Unit.WORKING
        placed = self.roadmap.tasks[link.successor].calendar if on_successor else before.placed_on or before.calendar
        kind, amount, on = self.passing(before, before.duration, placed)
        if kind == PERIOD:
            return SPAN, share, self.calendar[before.calendar], 0
        return kind, round(amount * share / 100), on, share


def task_rows(roadmap: Roadmap, tasks: Sequence[Task], codes: Codes, rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Return `hot` and `cold` of some tasks, each in its row of `rows`, and the parts, which `cold` numbers from 0."""
    count, calendar, progress = len(tasks), codes.calendar, roadmap.progress
    hot, cold = np.zeros((count, 4), np.int64), np.full((count, COLUMNS), NEVER, np.int64)
    hot[rows, OWN] = np.fromiter([calendar[t.calendar] for t in tasks], np.int64)
    hot[rows, AMOUNT] = np.fromiter([t.duration.amount for t in tasks], np.int64)
    hot[:, PLACED] = cold[:, REST] = cold[:, MEASURED] = hot[:, OWN]
    cold[:, KIND] = cold[:, REST_KIND] = WORK
    cold[:, PERIODS] = cold[:, WINDOW] = -1
    cold[:, STATE] = OPEN
    cold[:, PARTS_FROM : MORE_TO + 1] = 0
    parts: list[tuple[int, int, int]] = []
    working = Unit.WORKING
    # Most tasks have no more than a calendar and working minutes.
    for row, task in zip(rows.tolist(), tasks, strict=True):
        if task.measured_on:
            cold[row, MEASURED] = calendar[task.measured_on]
        if task.placed_on or task.duration.unit is not working:
            placed = task.placed_on or task.calendar
            kind, hot[row, AMOUNT], on = codes.passing(task, task.duration, placed)
            cold[row, KIND], cold[row, REST] = kind, calendar[placed]
            cold[row, PERIODS] = on if kind == PERIOD else -1
            hot[row, PLACED] = on if kind == WORK else cold[row, REST]
        if task.constraints or task.deadline is not None or task.starts_on or task.manual is not None:
            _set_dates(cold[row], task, codes)
        if task.assignments and task.duration.unit is working:
            cold[row, KIND] = PEOPLE
            cold[row, PARTS_FROM], cold[row, PARTS_TO] = len(parts), len(parts) + len(task.assignments)
            parts += [(calendar[a.calendar], a.minutes, 0) for a in task.assignments]
        if progress and (done := progress.get(task.id)) is not None:
            _set_progress(cold[row], task, done, codes)
            cold[row, LEFT_FROM], cold[row, LEFT_TO] = len(parts), len(parts) + len(done.parts)
            parts += [(calendar[key], left, resume) for key, resume, left in done.parts]
    own_dates = (cold[:, SET_DATES:] != NEVER).any(axis=1) | (cold[:, DEADLINE] != NEVER)
    own_dates |= cold[:, MEASURED] != hot[:, OWN]
    is_manual = cold[:, MANUAL_START] != NEVER
    hot[:, FLAGS] = (
        MILESTONE * (hot[:, AMOUNT] == 0)
        + MANUAL * is_manual
        + STARTED * (cold[:, STATE] != OPEN)
        + OTHER * (own_dates | (cold[:, KIND] != WORK) | (cold[:, WINDOW] >= 0) | (hot[:, OWN] != hot[:, PLACED]))
    )
    for at in np.flatnonzero((is_manual & (cold[:, STATE] == OPEN))[rows]).tolist():
        _hold_by_hand(hot[rows[at]], cold[rows[at]], tasks[at], codes)
    return hot, cold, np.array(parts, np.int64).reshape(-1, 3)


def _set_dates(cold: Ints, task: Task, codes: Codes) -> None:
    """Write the dates that people set for a task into its row of `cold`."""
    for constraint in task.constraints:
        column, is_limit, at = _COLUMN[constraint.bound], constraint.bound in LIMITS, _set_for(task, constraint, codes)
        if cold[column] == NEVER or (at < cold[column]) == is_limit:
            cold[column] = at
    if task.deadline is not None:
        cold[DEADLINE] = task.deadline
    if task.starts_on:
        cold[WINDOW] = codes.periods[task.starts_on]
    if task.manual is not None:
        cold[MANUAL_START], cold[MANUAL_FINISH] = task.manual.start, task.manual.finish


def _set_for(task: Task, constraint: Constraint, codes: Codes) -> int:
    """Return a date that is set for a task; one that starts an elapsed wait outside working time moves to the next
    work."""
    if task.duration.unit is not Unit.ELAPSED or not codes.roadmap.profile.elapsed_starts_in_work:
        return constraint.at
    calendar = codes.roadmap.calendars[task.calendar]
    if constraint.bound is Bound.FINISH_NO_EARLIER:
        return calendar.next_working(constraint.at - task.duration.amount) + task.duration.amount
    return calendar.next_working(constraint.at) if constraint.bound in STARTS else constraint.at


def _set_progress(cold: Ints, task: Task, done: TaskProgress, codes: Codes) -> None:
    cold[STATE] = DONE if done.is_done else BEGUN
    cold[ACTUAL_START] = done.actual_start
    cold[ACTUAL_FINISH] = NEVER if done.actual_finish is None else done.actual_finish
    cold[REMAINING] = -1
    if done.remaining is not None:
        moves = codes.roadmap.profile.data_date_moves
        placed = task.calendar if moves else task.placed_on or task.calendar
        cold[REST_KIND], cold[REMAINING], cold[REST] = codes.passing(task, done.remaining, placed)
    cold[RESUME] = NEVER if done.resume is None else done.resume


def _hold_by_hand(hot: Ints, cold: Ints, task: Task, codes: Codes) -> None:
    """For the backward pass, make a manual task's span the working time between its dates, whatever its duration."""
    if task.manual is None:
        return
    key = task.placed_on or task.calendar
    span, clock = task.manual.finish - task.manual.start, task.duration.unit is Unit.ELAPSED
    hot[AMOUNT] = span if clock else codes.roadmap.calendars[key].between(task.manual.start, task.manual.finish)
    hot[PLACED] = codes.calendar[key]
    cold[KIND] = CLOCK if clock else WORK
    cold[WINDOW] = -1


def _add_summaries(hot: Ints, cold: Ints, outline: Outline) -> None:
    cold[:, BELOW_FROM], cold[:, BELOW_TO] = outline.below_from, outline.below_to
    for row in np.flatnonzero(outline.below_to > outline.below_from).tolist():
        states = cold[outline.below[outline.below_from[row] : outline.below_to[row]], STATE]
        cold[row, STATE] = DONE if (states == DONE).all() else BEGUN if (states != OPEN).any() else OPEN
        hot[row, FLAGS] |= SUMMARY


_SHAPES: Mapping[LinkType, int] = {t: FROM_START * (not t.from_finish) + TO_FINISH * t.to_finish for t in LinkType}


def _joined(
    links: Sequence[Link], odd: Sequence[int], outline: Outline, cold: Ints
) -> tuple[Shorts, Shorts, Shorts, Shorts]:
    """Return the links into each task and out of each task, including those of the summaries above it."""
    count = len(outline.ids)
    shape = np.zeros(len(links), np.int64)
    shape[odd] = [_SHAPES[links[n].type] + (LAGGED if links[n].lag.amount else 0) for n in odd]
    before, after, number = outline.before, outline.after, np.arange(len(links))
    shape += TO_PERIODS * ((cold[after, KIND] == PERIOD) | (cold[after, WINDOW] >= 0))
    progressed = PROGRESSED * (cold[after, STATE] != OPEN)
    if not len(outline.below):
        out = _sorted(before, after, shape + progressed, number, count)
        return (*_sorted(after, before, shape, number, count), *out)
    is_summary = outline.below_to > outline.below_from

    def bound(row: int) -> list[int]:
        return outline.below[outline.below_from[row] : outline.below_to[row]].tolist() if is_summary[row] else [row]

    into = [(t, before[j], shape[j], j) for j in number for t in bound(after[j])]
    out_shape = shape + progressed * ~is_summary[after]
    own = [(before[j], after[j], out_shape[j], j) for j in number]
    inherited = [
        (t, after[j], out_shape[j] + INHERITED, j) for j in number if is_summary[before[j]] for t in bound(before[j])
    ]
    (t_in, k_in, s_in, j_in), (t_out, k_out, s_out, j_out) = (
        np.array(rows, np.int64).reshape(-1, 4).T for rows in (into, [*own, *inherited])
    )
    return (*_sorted(t_in, k_in, s_in, j_in, count), *_sorted(t_out, k_out, s_out, j_out, count))


def _sorted(task: Ints, other: Ints, shape: Ints, number: Ints, count: int) -> tuple[Shorts, Shorts]:
    """Sort links by the task that they belong to; return their columns, and where each task's columns begin."""
    order = stable_order(task)
    first = np.concatenate([[0], np.cumsum(np.bincount(task, minlength=count))])
    return np.stack([c[order] for c in (other, shape, number)]).astype(np.int32), first.astype(np.int32)


def _lags(roadmap: Roadmap, odd: Sequence[int], codes: Codes) -> Ints:
    lags = np.zeros((len(roadmap.links), 4), np.int64)
    for number in odd:
        link = roadmap.links[number]
        if not (lag := link.lag).amount:
            continue
        if lag.unit is Unit.PERCENT:
            lags[number] = codes.shared(link)
        else:
            successor = roadmap.tasks[link.successor]
            kind, amount, on = codes.passing(successor, lag, successor.calendar)
            lags[number] = kind, amount, on, 0
    return lags


def _settings(roadmap: Roadmap) -> Ints:
    p = roadmap.profile
    dates = [roadmap.start, *(NEVER if at is None else at for at in (roadmap.data_date, roadmap.finish))]
    own = [roadmap.slack_limit, roadmap.holds_set_dates]
    rules = [p.start_is_floor, p.limits_pull_early, p.set_dates_hold_late, p.pins_started, p.data_date_moves]
    rules += [p.free_float_is_capped, p.retains_logic]
    shown = [roadmap.several_paths, p.late_shows_early, p.limits_extend_late]
    return np.array([*dates, *own, *rules, *shown], np.int64)


# The columns of set dates, in the order of `Bound`.
START_NO_EARLIER, FINISH_NO_EARLIER, START_NO_LATER, FINISH_NO_LATER, MUST_START, MUST_FINISH = range(
    SET_DATES, SET_DATES + 6
)
# The reasons for an early date; a number from `SET_DATES` on is the column of the bound that decided it.
BY_START, BY_LINKS, BY_DATA_DATE, BY_ACTUAL, BY_HAND, BY_ROLL_UP = range(6)
ORDINARY, PLAIN = 0, 0
"""Flags of a task (except those of its links), and the shape of a link, which the loops themselves handle."""
ODD_LINKS = ODD_INTO | ODD_OUT


def laid_out_again(arrays: Arrays, roadmap: Roadmap) -> Arrays:
    """Return the arrays with the current layout of calendars and periods."""
    calendars, periods = list(roadmap.calendars.values()), list(roadmap.periods.values())
    return arrays._replace(calendars=calendar_tables(calendars), periods=period_tables(periods))
