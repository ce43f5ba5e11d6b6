"""The last responsible day of a decision, the cost of each later day, and a small chart of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.planning.last_days import DecidedOn, LastDay, MovedDate, every_day, last_day
from changeflow.programme.programme import Programme
from changeflow.values.base import TaskId
from changeflow.values.deferred import Deferred
from changeflow.values.duration import counted
from changeflow.values.moments import format_day, format_days

WIDTH, HEIGHT, TOP, BELOW = 360, 22, 18, 17
LABEL_WIDTH = 120
"""Pixels that a label needs."""
LEAST = 4.0
"""The height of the lowest bar in pixels, so that a day's delay is visible beside a month's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateMove:
    """One date that moves."""

    task: str
    name: str
    before: str
    after: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterLine:
    """The cost of deciding on any day of a run."""

    days: str
    first_day: str
    last_day: str
    """The run's last day, inclusive, as `2027-06-01`; its first day likewise."""
    cost: str
    """The first move in words."""
    moved: tuple[DateMove, ...]
    """Every date that moves: the go-live that the decision allows, then the largest moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDays:
    """A run of days on which deciding has the same effect. The first and last days are inclusive, as `2027-06-01`."""

    first_day: str
    last_day: str
    moved: Mapping[str, str]
    """The new day of each date that moves, by task; the others are as in `dates`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBar:
    x: float
    y: float
    width: float
    height: float
    in_time: bool
    label: str
    label_x: float
    anchor: str
    day: str
    """The first day of the run, shown below the bar; empty if there is no room."""
    tooltip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChart:
    """A bar for each run of days: as wide as the run, as high as the largest move."""

    width: int
    height: int
    bars: tuple[CostBar, ...]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDayLine:
    """The last day to decide, and what a later day costs."""

    day: str
    iso: str
    today: bool
    """Whether today is the last day."""
    cost: str
    """The cost of deciding a day later, in one sentence."""
    cost_in_short: str
    """The same in brief, for a list of decisions."""
    dates: Mapping[str, str]
    """The day of every dependent go-live and milestone if the decision is in time, by task."""
    names: Mapping[str, str]
    """Their names, by task."""
    later: tuple[LaterLine, ...]
    by_day: Deferred[tuple[DecisionDays, ...]]
    """What deciding on each day of the next year moves: nothing up to the last responsible day."""
    chart: CostChart | None


def last_day_line(programme: Programme, gate: TaskId, *, today: date) -> LastDayLine:
    """Describe the last day to decide, and what each later day costs."""
    found = last_day(programme, gate)
    return LastDayLine(
        day=format_day(found.day, weekday=True),
        iso=found.day.isoformat(),
        today=found.day == today,
        cost=format_cost(found),
        cost_in_short=_short_cost(found),
        dates={task: day.isoformat() for task, day in found.dates.items()},
        names=found.names,
        later=tuple(_later(run) for run in found.later),
        by_day=Deferred(lambda: _by_day(programme, gate)),
        chart=_draw(found),
    )


def _by_day(programme: Programme, gate: TaskId) -> tuple[DecisionDays, ...]:
    return tuple(
        DecisionDays(
            first_day=run.first.isoformat(),
            last_day=run.last.isoformat(),
            moved={m.task: m.after.isoformat() for m in run.moved},
        )
        for run in every_day(programme, gate)
    )


def format_cost(found: LastDay) -> str:
    """Describe the cost of deciding on the first day after the last responsible day."""
    if not found.later:
        return NO_COST
    run = found.later[0]
    return f"If the decision is made on or after {format_day(run.first, weekday=True)}, {_cost(run.moved, 'will')}."


def _short_cost(found: LastDay) -> str:
    """Describe the largest move on that day, and the number of other moves."""
    if not found.later:
        return NO_COST
    first, *others = found.later[0].moved
    return f"If the decision is made later, “{first.name}” will slip by {_by(first)}{_and_others(len(others), 'will')}."


NO_COST = "No other date depends on it."


def _by(moved: MovedDate) -> str:
    return f"{counted(moved.days, 'day')}, to {format_day(moved.after)}"


def _and_others(count: int, verb: str) -> str:
    return f", and {counted(count, 'other date')} {verb} move too" if count else ""


def refusal_text(found: LastDay, refused: Mapping[TaskId, date]) -> str:
    """Say what a decision today not to go ahead would delay; `refused` has the day of each date in that plan.

    As for a later decision, dates are compared with those that follow from a decision in time.
    """
    moved = [
        MovedDate(task=t, name=found.names[t], before=day, after=refused[t])
        for t, day in found.dates.items()
        if refused.get(t, day) > day
    ]
    if not moved:
        return "Deciding today not to go ahead would delay no other date."
    known = {m.task: n for n, m in enumerate(found.later[0].moved)} if found.later else {}
    first = min(moved, key=lambda m: (known.get(m.task, len(known)), -m.days, m.task))
    if found.later and set(moved) == set(found.later[0].moved):
        return "Deciding today not to go ahead would have the same effect."
    others = _and_others(len(moved) - 1, "would")
    return f"Deciding today not to go ahead would delay “{first.name}” by {_by(first)}{others}."


def last_day_text(found: LastDay) -> str:
    """Describe the last day to decide and the cost of the next day, in one line."""
    if not found.later:
        return format_cost(found)
    return f"Last day to decide: {format_day(found.day, weekday=True)}. {format_cost(found)}"


def _later(run: DecidedOn) -> LaterLine:
    return LaterLine(
        days=format_days(run.first, run.last),
        first_day=run.first.isoformat(),
        last_day=run.last.isoformat(),
        cost=_cost(run.moved, "will"),
        moved=tuple(
            DateMove(task=m.task, name=m.name, before=format_day(m.before), after=format_day(m.after), days=m.days)
            for m in run.moved
        ),
    )


def _cost(moved: Sequence[MovedDate], verb: str) -> str:
    first = moved[0]
    days, after, before = counted(first.days, "day"), format_day(first.after), format_day(first.before)
    return f"“{first.name}” {verb} slip by {days}, from {before} to {after}{_and_others(len(moved) - 1, verb)}"


def _draw(found: LastDay) -> CostChart | None:
    if not found.later:
        return None
    runs = [(found.planned, found.day, 0), *((r.first, r.last, r.most) for r in found.later)]
    most, first = max(days for *_, days in runs), runs[0][0]
    scale = WIDTH / ((runs[-1][1] - first).days + 1)
    return CostChart(
        width=WIDTH,
        height=HEIGHT + TOP + BELOW,
        bars=tuple(_bars(runs, first, most, scale)),
        description="; ".join(_words(*run) for run in runs),
    )


def _bars(runs: Sequence[tuple[date, date, int]], first: date, most: int, scale: float) -> Iterator[CostBar]:
    right, shown = 0.0, -1.0
    for number, run in enumerate(runs):
        begins, ends, days = run
        left, right = right, round(((ends - first).days + 1) * scale, 1)
        height = max(LEAST, round(HEIGHT * days / most, 1)) if days else LEAST
        label = _later_by(days)
        # Labels that do not fit are left out; the table has every number.
        is_shown = left >= shown
        shown = left + LABEL_WIDTH if is_shown else shown
        yield CostBar(
            x=left,
            y=round(TOP + HEIGHT - height, 1),
            width=round(right - left, 1),
            height=height,
            in_time=number == 0,
            label=label if is_shown else "",
            label_x=left if left < WIDTH - LABEL_WIDTH else float(WIDTH),
            anchor="start" if left < WIDTH - LABEL_WIDTH else "end",
            day=format_day(begins, year=False) if is_shown else "",
            tooltip=_words(begins, ends, days),
        )


def _words(first: date, last: date, days: int) -> str:
    return f"{format_days(first, last)}: {_later_by(days)}"


def _later_by(days: int) -> str:
    """Name the furthest move; other dates may move by less."""
    return f"up to {counted(days, 'day')} later" if days else "no delay"
