"""The last responsible day of a decision for people: one day, what each later day costs, and a small picture of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.planning.last_days import DecidedOn, LastDay, MovedDate, every_day, last_day
from changeflow.programme.programme import Programme
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import format_day, format_days

WIDTH, HEIGHT, TOP, BELOW = 360, 22, 18, 17
LABEL_WIDTH = 120
"""Pixels that a label needs."""
LEAST = 4.0
"""Pixels of the lowest bar, so that a day's delay is seen beside a month's."""


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
    """What deciding on any of some days costs."""

    days: str
    first_day: str
    last_day: str
    """Both inclusive, as 2027-06-01."""
    cost: str
    """The first move, in words."""
    moved: tuple[DateMove, ...]
    """Every date that moves: the go-live that the decision opens first, then the furthest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDays:
    """Days of deciding, both inclusive, with the same dates behind them: as 2027-06-01."""

    first_day: str
    last_day: str
    moved: Mapping[str, str]
    """The new day of each date that is later for it, by task; every other date is as in `dates`."""


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
    """The first day of the run, written below the bar; empty where there is no room."""
    tooltip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChart:
    """A bar for each run of days: as wide as its days, as high as the furthest date moves."""

    width: int
    height: int
    bars: tuple[CostBar, ...]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDayLine:
    """Until when a decision can wait."""

    day: str
    iso: str
    today: bool
    """Today is the last day."""
    cost: str
    """What the next day costs, as one sentence."""
    cost_in_short: str
    """The same in few words, for a list of decisions."""
    dates: Mapping[str, str]
    """Every go-live and milestone behind it, by task, if it is decided in time; `later` has those that move."""
    names: Mapping[str, str]
    """What these are called."""
    later: tuple[LaterLine, ...]
    by_day: tuple[DecisionDays, ...]
    """What deciding on any coming day moves: nothing from today to the last responsible day, then on for a year."""
    chart: CostChart | None


def last_day_line(programme: Programme, gate: TaskId, *, today: date) -> LastDayLine:
    """Say until when a decision can wait, and what each later day costs."""
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
        by_day=tuple(
            DecisionDays(
                first_day=run.first.isoformat(),
                last_day=run.last.isoformat(),
                moved={m.task: m.after.isoformat() for m in run.moved},
            )
            for run in every_day(programme, gate)
        ),
        chart=_draw(found),
    )


def format_cost(found: LastDay) -> str:
    """Say what the first day after the last responsible one costs."""
    if not found.later:
        return "No date is known to wait for it."
    run = found.later[0]
    return f"If you decide on or after {format_day(run.first, weekday=True)}, {_cost(run.moved)}."


def _short_cost(found: LastDay) -> str:
    """Say what the first day after the last responsible one moves furthest, and how many more dates."""
    if not found.later:
        return "No date is known to wait for it."
    first, *others = found.later[0].moved
    days, more = counted(first.days, "day"), counted(len(others), "more date")
    also = f"; {more} {'moves' if len(others) == 1 else 'move'}" if others else ""
    return f"Later than that, “{first.name}” moves {days}, to {format_day(first.after)}{also}."


def refusal_text(found: LastDay, refused: Mapping[TaskId, date]) -> str:
    """Say what a no today moves; `refused` has the day of each date in the plan with that no.

    Dates are compared with a decision in time, as those of a later decision are.
    """
    moved = [
        MovedDate(task=t, name=found.names[t], before=day, after=refused[t])
        for t, day in found.dates.items()
        if refused.get(t, day) > day
    ]
    if not moved:
        return "A no today moves no date."
    known = {m.task: n for n, m in enumerate(found.later[0].moved)} if found.later else {}
    first = min(moved, key=lambda m: (known.get(m.task, len(known)), -m.days, m.task))
    if found.later and set(moved) == set(found.later[0].moved):
        return "A no today moves the same dates."
    others = counted(len(moved) - 1, "more date")
    also = f"; {others} {'moves' if len(moved) == 2 else 'move'}" if len(moved) > 1 else ""
    return f"With a no today, “{first.name}” moves {counted(first.days, 'day')}, to {format_day(first.after)}{also}."


def last_day_text(found: LastDay) -> str:
    """Say until when a decision can wait, and what the next day costs, as a line of its own."""
    if not found.later:
        return format_cost(found)
    return f"Last day to decide: {format_day(found.day, weekday=True)}. {format_cost(found)}"


def _later(run: DecidedOn) -> LaterLine:
    return LaterLine(
        days=format_days(run.first, run.last),
        first_day=run.first.isoformat(),
        last_day=run.last.isoformat(),
        cost=_cost(run.moved),
        moved=tuple(
            DateMove(task=m.task, name=m.name, before=format_day(m.before), after=format_day(m.after), days=m.days)
            for m in run.moved
        ),
    )


def _cost(moved: Sequence[MovedDate]) -> str:
    first = moved[0]
    others = len(moved) - 1
    more = f", and {counted(others, 'more date')} {'moves' if others == 1 else 'move'}" if others else ""
    days, after, before = counted(first.days, "day"), format_day(first.after), format_day(first.before)
    return f"“{first.name}” is {days} later, on {after} instead of {before}{more}"


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
        # A label where there is room after the one before it; the table has every number.
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
    return f"up to {counted(days, 'day')} later" if days else "in time"
