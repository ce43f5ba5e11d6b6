"""A roadmap as arrays, for the compiled kernel: tasks in topological order, links sorted by successor."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.engine.calendar_tables import CalendarTables, PeriodTables, calendar_tables, period_tables
from changeflow.roadmap.engine.outline import Outline, outline_of
from changeflow.roadmap.engine.pace import PAY_PERIODS, SCHOOL_DAYS_PER_WEEK
from changeflow.roadmap.model.tasks import LIMITS, Bound, Link, LinkType, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit

Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]
NEVER: int = int(np.iinfo(np.int64).min)
"""Stands for a date that nobody set."""
WORK, CLOCK, PERIOD, PEOPLE = range(4)
"""How an amount passes: in working time, on the clock, in whole periods, in several people's working time."""
OPEN, BEGUN, DONE = range(3)
BOUNDS: Sequence[Bound] = tuple(Bound)
"""The order of the six columns from `SET_DATES` on."""

# Columns of `Arrays.hot`: all that an ordinary task needs. A task is ordinary when its flags are 0.
FLAGS, AMOUNT, PLACED, OWN = range(4)
SUMMARY, MILESTONE, MANUAL, STARTED, OTHER = 1, 2, 4, 8, 16
"""Flags: what makes a task other than open work on one calendar without any date of its own."""
ODD_INTO, ODD_OUT = 32, 64
"""Flags: some link into it, or out of it, is not plain."""
# Columns of `Arrays.cold`: what only some tasks need. -1 stands for no calendar or periods.
KIND, REST, PERIODS, OPENING, STATE, DEADLINE = range(6)
ACTUAL_START, ACTUAL_FINISH, REMAINING, RESUME, MANUAL_START, MANUAL_FINISH = range(6, 12)
PARTS_FROM, PARTS_TO, LEFT_FROM, LEFT_TO, BELOW_FROM, BELOW_TO = range(12, 18)
SET_DATES = 18
COLUMNS = SET_DATES + 6
# Rows of `Arrays.into` and `Arrays.out`; a link is plain, finish to start without lag, when its shape is 0.
TASK, SHAPE, LINK = range(3)
FROM_START, TO_FINISH, LAGGED, INHERITED, PROGRESSED = 1, 2, 4, 8, 16
# Columns of `Arrays.lags`: the last is the share of the predecessor's duration, in percent, where the lag is one.
LAG_KIND, LAG, LAG_ON, SHARE = range(4)
# Places of `Arrays.settings`.
START, DATA_DATE, FINISH, SLACK_LIMIT, HOLDS_SET_DATES = range(5)
FLOOR, LIMITS_PULL, SET_DATES_HOLD, PINS, DATA_DATE_MOVES, CAPPED, RETAINS = range(5, 12)
SEVERAL_PATHS, LATE_SHOWS_EARLY, FINISH_LINKS_WAIT = range(12, 15)


class Arrays(NamedTuple):
    """What the kernel works on, and what turns its answer back into tasks and links."""

    ids: Sequence[TaskId]
    """Of each row, in topological order; a summary stands where its dates are known, after its tasks."""
    links: Sequence[Link]
    calendars: CalendarTables
    periods: PeriodTables
    hot: Ints
    cold: Ints
    into: Shorts
    """A column a link and task that it binds: those of a summary come once for each task below it."""
    first_into: Shorts
    """The columns `first_into[t]` to `first_into[t + 1]` of `into` bind task t."""
    out: Shorts
    first_out: Shorts
    lags: Ints
    parts: Ints
    """(calendar, minutes) of each assignment, then (calendar, resume, minutes left) of what is left of it."""
    below: Shorts
    """The rows below each summary."""
    above: Shorts
    """The rows of the summaries above each row: `first_above[t]` to `first_above[t + 1]` are above row t."""
    first_above: Shorts
    backwards: Shorts
    """The rows in the order of the backward pass: a summary comes before its tasks."""
    settings: Ints


def to_arrays(roadmap: Roadmap) -> Arrays:
    """Compile a roadmap; a loop raises `CyclicRoadmapError`. Complexity: O(tasks + links)."""
    outline = outline_of(roadmap)
    tasks = [roadmap.tasks[t] for t in outline.ids]
    codes = Codes(roadmap)
    hot, cold, parts = task_rows(roadmap, tasks, codes)
    _add_summaries(hot, cold, outline)
    into, first_into, out, first_out = _joined(roadmap.links, outline, cold)
    for links, first, flag in ((into, first_into, ODD_INTO), (out, first_out, ODD_OUT)):
        odd = np.flatnonzero(links[SHAPE] != 0)
        hot[np.searchsorted(first, odd, side="right") - 1, FLAGS] |= flag
    return Arrays(
        outline.ids,
        roadmap.links,
        calendar_tables(list(roadmap.calendars.values())),
        period_tables(list(roadmap.periods.values())),
        hot,
        cold,
        into,
        first_into,
        out,
        first_out,
        _lags(roadmap, codes),
        parts,
        outline.below,
        outline.above,
        outline.first_above,
        outline.backwards,
        _settings(roadmap),
    )


class Codes:
    """The numbers that stand for calendars and periods."""

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


def task_rows(roadmap: Roadmap, tasks: Sequence[Task], codes: Codes) -> tuple[Ints, Ints, Ints]:
    """Return the rows of `hot` and `cold` of some tasks, and the parts that the latter count from 0."""
    cold, parts = _cold(roadmap, tasks, codes)
    hot = np.zeros((len(tasks), 4), np.int64)
    passing = [codes.passing(t, t.duration, t.placed_on or t.calendar) for t in tasks]
    kind, amount, on = np.array(passing, np.int64).reshape(-1, 3).T
    calendar = codes.calendar
    rest = np.array([calendar[t.placed_on or t.calendar] for t in tasks], np.int64)
    cold[:, KIND] = np.where((kind == WORK) & (cold[:, PARTS_TO] > cold[:, PARTS_FROM]), PEOPLE, kind)
    cold[:, PERIODS] = np.where(kind == PERIOD, on, -1)
    cold[:, REST] = rest
    hot[:, AMOUNT] = amount
    hot[:, PLACED] = np.where(kind == WORK, on, rest)
    hot[:, OWN] = [calendar[t.calendar] for t in tasks]
    own_dates = (cold[:, SET_DATES:] != NEVER).any(axis=1) | (cold[:, DEADLINE] != NEVER)
    is_manual = cold[:, MANUAL_START] != NEVER
    hot[:, FLAGS] = (
        MILESTONE * (amount == 0)
        + MANUAL * is_manual
        + STARTED * (cold[:, STATE] != OPEN)
        + OTHER * (own_dates | (cold[:, KIND] != WORK) | (cold[:, OPENING] >= 0) | (hot[:, OWN] != hot[:, PLACED]))
    )
    for row in np.flatnonzero(is_manual).tolist():
        # Backwards, a manual task's span is the working time between its dates, whatever its duration says.
        manual = tasks[row].manual
        if manual is not None and cold[row, STATE] == OPEN:
            key = tasks[row].placed_on or tasks[row].calendar
            clock = tasks[row].duration.unit is Unit.ELAPSED
            span = manual.finish - manual.start
            hot[row, AMOUNT] = span if clock else roadmap.calendars[key].between(manual.start, manual.finish)
            hot[row, PLACED] = calendar[key]
            cold[row, KIND] = CLOCK if clock else WORK
            cold[row, OPENING] = -1
    return hot, cold, parts


def _cold(roadmap: Roadmap, tasks: Sequence[Task], codes: Codes) -> tuple[Ints, Ints]:
    cold = np.full((len(tasks), COLUMNS), NEVER, np.int64)
    cold[:, OPENING] = -1
    cold[:, STATE] = OPEN
    cold[:, PARTS_FROM : BELOW_TO + 1] = 0
    column = {b: SET_DATES + n for n, b in enumerate(BOUNDS)}
    parts: list[tuple[int, int, int]] = []
    progress, calendar = roadmap.progress, codes.calendar
    for row, task in enumerate(tasks):
        if task.constraints:
            for constraint in task.constraints:
                at, is_limit = column[constraint.bound], constraint.bound in LIMITS
                if cold[row, at] == NEVER or (constraint.at < cold[row, at]) == is_limit:
                    cold[row, at] = constraint.at
        if task.deadline is not None:
            cold[row, DEADLINE] = task.deadline
        if task.starts_on:
            cold[row, OPENING] = codes.periods[task.starts_on]
        if task.manual is not None:
            cold[row, MANUAL_START], cold[row, MANUAL_FINISH] = task.manual.start, task.manual.finish
        if task.assignments and task.duration.unit is Unit.WORKING:
            cold[row, PARTS_FROM], cold[row, PARTS_TO] = len(parts), len(parts) + len(task.assignments)
            parts += [(calendar[a.calendar], a.minutes, 0) for a in task.assignments]
        if (done := progress.get(task.id)) is None:
            continue
        cold[row, STATE] = DONE if done.is_done else BEGUN
        cold[row, ACTUAL_START] = done.actual_start
        cold[row, ACTUAL_FINISH] = NEVER if done.actual_finish is None else done.actual_finish
        cold[row, REMAINING] = -1 if done.remaining is None else done.remaining
        cold[row, RESUME] = NEVER if done.resume is None else done.resume
        cold[row, LEFT_FROM], cold[row, LEFT_TO] = len(parts), len(parts) + len(done.parts)
        parts += [(calendar[key], left, resume) for key, resume, left in done.parts]
    return cold, np.array(parts, np.int64).reshape(-1, 3)


def _add_summaries(hot: Ints, cold: Ints, outline: Outline) -> None:
    cold[:, BELOW_FROM], cold[:, BELOW_TO] = outline.below_from, outline.below_to
    for row in np.flatnonzero(outline.below_to > outline.below_from).tolist():
        states = cold[outline.below[outline.below_from[row] : outline.below_to[row]], STATE]
        cold[row, STATE] = DONE if (states == DONE).all() else BEGUN if (states != OPEN).any() else OPEN
        hot[row, FLAGS] |= SUMMARY


_SHAPES: Mapping[LinkType, int] = {t: FROM_START * (not t.from_finish) + TO_FINISH * t.to_finish for t in LinkType}


def _joined(links: Sequence[Link], outline: Outline, cold: Ints) -> tuple[Shorts, Shorts, Shorts, Shorts]:
    """Return the links into each task and out of each task: those of the summaries above it as well."""
    shape = np.array([_SHAPES[k.type] + (LAGGED if k.lag.amount else 0) for k in links], np.int64)
    row_of = outline.row_of
    before = np.array([row_of[k.predecessor] for k in links], np.int64)
    after = np.array([row_of[k.successor] for k in links], np.int64)
    number = np.arange(len(links))
    count = len(outline.ids)
    if not len(outline.below):
        into = np.stack([after, before, shape, number], axis=1) if len(links) else np.zeros((0, 4), np.int64)
        progressed = (cold[after, STATE] != OPEN) if len(links) else np.zeros(0, bool)
        out = np.stack([before, after, shape + PROGRESSED * progressed, number], axis=1) if len(links) else into
    else:
        is_summary = outline.below_to > outline.below_from

        def bound(row: int) -> list[int]:
            return outline.below[outline.below_from[row] : outline.below_to[row]].tolist() if is_summary[row] else [row]

        into = np.array([(t, before[j], shape[j], j) for j in number for t in bound(after[j])], np.int64).reshape(-1, 4)
        progressed = (cold[after, STATE] != OPEN) & ~is_summary[after] if len(links) else np.zeros(0, bool)
        inherited = [
            (t, after[j], shape[j] + PROGRESSED * progressed[j] + INHERITED, j)
            for j in number
            if is_summary[before[j]]
            for t in bound(before[j])
        ]
        own = [(before[j], after[j], shape[j] + PROGRESSED * progressed[j], j) for j in number]
        out = np.array([*own, *inherited], np.int64).reshape(-1, 4)
    return (*_sorted(into, count), *_sorted(out, count))


def _sorted(rows: Ints, count: int) -> tuple[Shorts, Shorts]:
    """Sort rows by their first column, a task; return the others as columns, and where each task's columns begin."""
    order = np.argsort(rows[:, 0], kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(rows[:, 0], minlength=count))])
    return np.ascontiguousarray(rows[order, 1:].T, dtype=np.int32), first.astype(np.int32)


def _lags(roadmap: Roadmap, codes: Codes) -> Ints:
    lags = np.zeros((len(roadmap.links), 4), np.int64)
    for number, link in enumerate(roadmap.links):
        lag = link.lag
        if not lag.amount:
            continue
        if lag.unit is Unit.PERCENT:
            length = roadmap.tasks[link.predecessor].duration
            is_time = length.unit in (Unit.WORKING, Unit.ELAPSED)
            base, lags[number, SHARE] = (length.amount, lag.amount) if is_time else (0, 0)
            lag = Duration(round(base * lag.amount / 100))
        successor = roadmap.tasks[link.successor]
        lags[number, :SHARE] = codes.passing(successor, lag, successor.calendar)
    return lags


def _settings(roadmap: Roadmap) -> Ints:
    profile = roadmap.profile
    return np.array(
        [
            roadmap.start,
            NEVER if roadmap.data_date is None else roadmap.data_date,
            NEVER if roadmap.finish is None else roadmap.finish,
            roadmap.slack_limit,
            roadmap.holds_set_dates,
            profile.start_is_floor,
            profile.limits_pull_early,
            profile.set_dates_hold_late,
            profile.pins_started,
            profile.data_date_moves,
            profile.free_float_is_capped,
            profile.retains_logic,
            roadmap.several_paths,
            profile.late_shows_early,
            profile.finish_links_wait_for_start,
        ],
        np.int64,
    )
