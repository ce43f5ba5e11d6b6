"""A roadmap as arrays, for the compiled kernel: tasks in topological order, links sorted by successor."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.graph import build_graph, in_order
from changeflow.roadmap.pace import PAY_PERIODS, SCHOOL_DAYS_PER_WEEK
from changeflow.roadmap.tasks import Bound, Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY

Ints = NDArray[np.int64]
NEVER = np.iinfo(np.int64).min
"""Stands for a date that nobody set."""
WORK, CLOCK, PERIOD = 0, 1, 2
"""How an amount passes: in working time, on the clock, in whole periods."""
OPEN, BEGUN, DONE = 0, 1, 2
BOUNDS: Sequence[Bound] = tuple(Bound)
"""The order of the columns of `TaskArrays.bounds`."""


class CalendarArrays(NamedTuple):
    """All calendars, one behind the other: calendar c has the intervals `first[c]` to `first[c + 1]`."""

    starts: Ints
    ends: Ints
    before: Ints
    """Working minutes of the calendar before each interval."""
    first: Ints
    total: Ints
    base: Ints
    """One number: the midnight from which `by_day` counts."""
    by_day: Ints
    """For each calendar and day, the first interval that ends after the day's midnight: a look-up for a search."""


class PeriodArrays(NamedTuple):
    """All tables of periods, one behind the other."""

    opens: Ints
    closes: Ints
    first: Ints


class TaskArrays(NamedTuple):
    """One entry a task; positions are civil minutes, -1 stands for no calendar or periods."""

    kind: Ints
    amount: Ints
    placed: Ints
    own: Ints
    rest: Ints
    """The calendar on which what is left of begun work runs."""
    periods: Ints
    opening: Ints
    bounds: Ints
    """A row a task, a column a kind of bound."""
    deadline: Ints
    state: Ints
    actual_start: Ints
    actual_finish: Ints
    remaining: Ints
    """-1 when it is not known."""
    resume: Ints


class LinkArrays(NamedTuple):
    """One entry a link, sorted by successor; `into[t]` to `into[t + 1]` are those into task t."""

    before: Ints
    after: Ints
    from_finish: Ints
    to_finish: Ints
    lag_kind: Ints
    lag: Ints
    lag_on: Ints
    """The calendar or periods of the lag."""
    into: Ints
    out_of: Ints
    """`out[out_of[t]]` to `out[out_of[t + 1]]` are the links out of task t."""
    out: Ints


class Settings(NamedTuple):
    """The roadmap's own numbers and its profile's answers."""

    start: int
    data_date: int
    slack_limit: int
    holds_set_dates: bool
    start_is_floor: bool
    limits_pull_early: bool
    set_dates_hold_late: bool
    pins_started: bool
    data_date_moves: bool
    free_float_is_capped: bool


class Arrays(NamedTuple):
    ids: list[TaskId]
    links: list[Link]
    """In the order of the link arrays."""
    calendars: CalendarArrays
    periods: PeriodArrays
    tasks: TaskArrays
    link: LinkArrays
    settings: Settings


def is_plain(roadmap: Roadmap) -> bool:
    """Tell whether the kernel knows all that is asked for: it knows no summaries, no manual work, no several people."""
    return not roadmap.parents and not any(
        t.assignments or t.manual is not None or t.as_late_as_possible for t in roadmap.tasks.values()
    )


def to_arrays(roadmap: Roadmap) -> Arrays:
    """Compile a plain roadmap; a loop raises `CyclicRoadmapError`."""
    ids = in_order(build_graph(roadmap.tasks, roadmap.links))
    place = {task: n for n, task in enumerate(ids)}
    calendar_of = {key: n for n, key in enumerate(roadmap.calendars)}
    periods_of = {key: n for n, key in enumerate(roadmap.periods)}
    tasks = [roadmap.tasks[t] for t in ids]
    links = sorted(roadmap.links, key=lambda k: place[k.successor])
    return Arrays(
        ids,
        links,
        _calendars(roadmap),
        _periods(roadmap),
        _tasks(roadmap, tasks, calendar_of, periods_of),
        _links(roadmap, links, place, calendar_of, periods_of),
        _settings(roadmap),
    )


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _offsets(sizes: Sequence[int]) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(_ints(sizes))])


def _calendars(roadmap: Roadmap) -> CalendarArrays:
    tables = [np.array(c.intervals, dtype=np.int64).reshape(-1, 2) for c in roadmap.calendars.values()]
    before = [np.cumsum(t[:, 1] - t[:, 0]) - (t[:, 1] - t[:, 0]) for t in tables]
    joined = np.concatenate(tables) if tables else np.zeros((0, 2), np.int64)
    offsets = _offsets([len(t) for t in tables])
    base = int(joined[:, 0].min()) // DAY * DAY if len(joined) else 0
    days = int(joined[:, 1].max() - base) // DAY + 2 if len(joined) else 1
    midnights = base + DAY * np.arange(days)
    by_day = [o + np.searchsorted(t[:, 1], midnights, side="right") for o, t in zip(offsets, tables, strict=False)]
    return CalendarArrays(
        joined[:, 0].copy(),
        joined[:, 1].copy(),
        np.concatenate(before) if before else _ints([]),
        offsets,
        _ints([c.total for c in roadmap.calendars.values()]),
        _ints([base]),
        np.concatenate(by_day).astype(np.int64) if by_day else _ints([0]),
    )


def _periods(roadmap: Roadmap) -> PeriodArrays:
    tables = list(roadmap.periods.values())
    return PeriodArrays(
        _ints([o for p in tables for o in p.openings]),
        _ints([c for p in tables for c in p.closings]),
        _offsets([len(p.periods) for p in tables]),
    )


def _tasks(roadmap: Roadmap, tasks: list[Task], calendar_of: dict[str, int], periods_of: dict[str, int]) -> TaskArrays:
    passing = [_passing(roadmap, t, t.duration, calendar_of, periods_of, placed=t.placed_on) for t in tasks]
    both = list(zip(tasks, passing, strict=True))
    bounds = np.full((len(tasks), len(BOUNDS)), NEVER, dtype=np.int64)
    column = {b: n for n, b in enumerate(BOUNDS)}
    for row, task in enumerate(tasks):
        for constraint in task.constraints:
            bounds[row, column[constraint.bound]] = _tighter(bounds[row, column[constraint.bound]], constraint.at)
    done = [roadmap.progress.get(t.id) for t in tasks]
    return TaskArrays(
        _ints([kind for kind, _, _ in passing]),
        _ints([amount for _, amount, _ in passing]),
        _ints([calendar_of[t.placed_on or t.calendar] if p[0] == PERIOD else p[2] for t, p in both]),
        _ints([calendar_of[t.calendar] for t in tasks]),
        _ints([calendar_of[t.placed_on or t.calendar] for t in tasks]),
        _ints([on if kind == PERIOD else -1 for kind, _, on in passing]),
        _ints([periods_of[t.starts_on] if t.starts_on else -1 for t in tasks]),
        bounds,
        _ints([NEVER if t.deadline is None else t.deadline for t in tasks]),
        _ints([OPEN if d is None else DONE if d.is_done else BEGUN for d in done]),
        _ints([NEVER if d is None else d.actual_start for d in done]),
        _ints([NEVER if d is None or d.actual_finish is None else d.actual_finish for d in done]),
        _ints([-1 if d is None or d.remaining is None else d.remaining for d in done]),
        _ints([NEVER if d is None or d.resume is None else d.resume for d in done]),
    )


def _tighter(known: int, at: int) -> int:
    return at if known == NEVER else max(known, at)


def _passing(
    roadmap: Roadmap,
    task: Task,
    amount: Duration,
    calendar_of: dict[str, int],
    periods_of: dict[str, int],
    *,
    placed: str | None = None,
) -> tuple[int, int, int]:
    """Return how an amount passes for a task, how much, and on which calendar or periods."""
    if amount.unit is Unit.ELAPSED:
        return CLOCK, amount.amount, calendar_of[task.calendar]
    if amount.unit is Unit.PAY_PERIODS:
        return PERIOD, amount.amount, periods_of[PAY_PERIODS]
    if amount.unit is Unit.TERMS:
        return PERIOD, amount.amount, periods_of[task.terms]
    if amount.unit is Unit.SCHOOL_WEEKS:
        minutes = amount.amount * SCHOOL_DAYS_PER_WEEK * roadmap.minutes_per_day
        return WORK, minutes, calendar_of[task.term_calendar or task.calendar]
    return WORK, amount.amount, calendar_of[placed or task.calendar]


def _links(
    roadmap: Roadmap,
    links: list[Link],
    place: dict[TaskId, int],
    calendar_of: dict[str, int],
    periods_of: dict[str, int],
) -> LinkArrays:
    lags = []
    for link in links:
        lag = link.lag
        if lag.unit is Unit.PERCENT:
            length = roadmap.tasks[link.predecessor].duration
            base = length.amount if length.unit in (Unit.WORKING, Unit.ELAPSED) else 0
            lag = Duration(round(base * lag.amount / 100))
        lags.append(_passing(roadmap, roadmap.tasks[link.successor], lag, calendar_of, periods_of))
    before, after = _ints([place[k.predecessor] for k in links]), _ints([place[k.successor] for k in links])
    count = len(place)
    return LinkArrays(
        before,
        after,
        _ints([k.type.from_finish for k in links]),
        _ints([k.type.to_finish for k in links]),
        _ints([kind for kind, _, _ in lags]),
        _ints([amount for _, amount, _ in lags]),
        _ints([on for _, _, on in lags]),
        _offsets(np.bincount(after, minlength=count).tolist() if len(links) else [0] * count),
        _offsets(np.bincount(before, minlength=count).tolist() if len(links) else [0] * count),
        np.argsort(before, kind="stable").astype(np.int64),
    )


def _settings(roadmap: Roadmap) -> Settings:
    profile = roadmap.profile
    return Settings(
        roadmap.start,
        NEVER if roadmap.data_date is None else roadmap.data_date,
        roadmap.slack_limit,
        roadmap.holds_set_dates,
        profile.start_is_floor,
        profile.limits_pull_early,
        profile.set_dates_hold_late,
        profile.pins_started,
        profile.data_date_moves,
        profile.free_float_is_capped,
    )
