"""Draw a plan of waves: schools on a board of weeks, and the workload of each team. The templates do the drawing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule

from changeflow.roadmap.waves.problem import WavePlan, WaveProblem, loads, percent_of
from changeflow.values.moments import format_day

if TYPE_CHECKING:
    from changeflow.reports.levelling import TeamLine

LABEL_WIDTH, CHART_WIDTH, TOP = 200, 760, 30
MARK_HEIGHT = 11
LOAD_HEIGHT = 56
SHAPES = ("circle", "square", "diamond", "triangle", "cross", "bar")
"""The shape of a service's mark, because colour alone would not identify it."""


@dataclass(frozen=True, slots=True)
class BoardMark:
    x: float
    y: float
    shape: str
    number: int
    """The service's place in the key, which gives its colour."""
    title: str
    is_pilot: bool


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    text: str
    line: float = 0
    """The position of the line below a row."""


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    shape: str
    number: int


@dataclass(frozen=True, slots=True)
class Board:
    """Schools as rows, weeks as columns, and a mark where a service goes live."""

    width: int
    height: int
    key: tuple[Key, ...]
    months: tuple[Label, ...]
    rows: tuple[Label, ...]
    marks: tuple[BoardMark, ...]


@dataclass(frozen=True, slots=True)
class WaveColumn:
    x: float
    y: float
    width: float
    height: float
    is_full: bool
    title: str


@dataclass(frozen=True, slots=True)
class Load:
    """One team's weeks as columns, in percent of its capacity in each."""

    team: str
    width: int
    height: int
    full_y: float
    """The position of one hundred percent."""
    columns: tuple[WaveColumn, ...]
    months: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one plan."""

    board: Board
    loads: tuple[Load, ...]


def draw_teams(lines: Sequence["TeamLine"]) -> tuple[Load, ...]:
    """Draw each levelled team's workload by week (its fullest moment), with one time axis for all teams."""
    weeks = sorted(date.fromisoformat(week.iso) for line in lines for week in line.weeks)
    return tuple(_draw_team(line, weeks[0], weeks[-1] + timedelta(days=7)) for line in lines)


def _draw_team(line: "TeamLine", first: date, last: date) -> Load:
    scale = CHART_WIDTH / (last - first).days

    def at_day(day: date) -> float:
        return round(LABEL_WIDTH + (day - first).days * scale, 1)

    columns = []
    for week in line.weeks:
        words = f"{line.team}, week of {week.monday}: {week.after}%; before levelling {week.before}%"
        x = at_day(date.fromisoformat(week.iso))
        columns.append(_column(x, 7 * scale, min(100, week.after), words, is_full=week.after > 100))
    return _load_of(line.team, columns, _months(first, last, 18, at_day))


def _column(x: float, width: float, percent: int, title: str, *, is_full: bool) -> WaveColumn:
    height = round(LOAD_HEIGHT * percent / 100, 1)
    y, width = round(TOP + LOAD_HEIGHT - height, 1), round(max(1.5, width - 1), 1)
    return WaveColumn(x=x, y=y, width=width, height=height, is_full=is_full, title=title)


def _load_of(team: str, columns: Sequence[WaveColumn], months: tuple[Label, ...]) -> Load:
    width, height = LABEL_WIDTH + CHART_WIDTH + 20, TOP + LOAD_HEIGHT + 6
    return Load(team=team, width=width, height=height, full_y=TOP, columns=tuple(columns), months=months)


def draw(problem: WaveProblem, plan: WavePlan) -> Pictures:
    """Draw all pictures of one plan."""
    return Pictures(draw_board(problem, plan), draw_loads(problem, plan))


class _Axis:
    def __init__(self, problem: WaveProblem, plan: WavePlan) -> None:
        weeks = [c.week for c in plan.chosen.values()]
        busy = [p for c in plan.chosen.values() for p in c.placements]
        self.first = min([*weeks, *(w for p in busy for w in p.weeks)], default=0)
        self.last = max([*weeks, *(w for p in busy for w in p.weeks)], default=1) + 1
        self.problem = problem
        self.scale = CHART_WIDTH / max(1, self.last - self.first)

    def at(self, week: int) -> float:
        return round(LABEL_WIDTH + (week - self.first) * self.scale, 1)

    def at_day(self, day: date) -> float:
        weeks = (day - self.problem.monday(self.first)).days / 7
        return round(LABEL_WIDTH + weeks * self.scale, 1)

    def months(self, y: float) -> tuple[Label, ...]:
        return _months(self.problem.monday(self.first), self.problem.monday(self.last), y, self.at_day)


def _months(start: date, end: date, y: float, at_day: Callable[[date], float]) -> tuple[Label, ...]:
    """Mark every second month of an axis, or every third of a long one."""
    first, step = start.replace(day=1) + relativedelta(months=1), 3 if (end - start) > timedelta(days=600) else 2
    months = rrule(MONTHLY, dtstart=first, interval=step, until=end - timedelta(days=1))
    return tuple(Label(at_day(m.date()), y, f"{m:%b %y}") for m in months)


def draw_board(problem: WaveProblem, plan: WavePlan) -> Board:
    """Draw the board: schools by hub and name."""
    axis = _Axis(problem, plan)
    schools = sorted(problem.schools.values(), key=lambda s: (s.hub, s.name))
    lines = {s.school: n for n, s in enumerate(schools)}
    key = tuple(Key(s.name, SHAPES[n % len(SHAPES)], n) for n, s in enumerate(problem.services.values()))
    row = MARK_HEIGHT * (len(key) + 1)
    places = {service: n for n, service in enumerate(problem.services)}
    marks = []
    for (school, service), candidate in sorted(plan.chosen.items()):
        number = places[service]
        is_pilot = (school, service) in plan.pilot
        words = f"{problem.pair_name((school, service))}: {format_day(candidate.day)}{', pilot' if is_pilot else ''}"
        # Services of one date stand beside one another, not on one another.
        y = TOP + lines[school] * row + MARK_HEIGHT * (number + 1)
        marks.append(BoardMark(axis.at_day(candidate.day), y, key[number].shape, number, words, is_pilot))
    return Board(
        width=LABEL_WIDTH + CHART_WIDTH + 20,
        height=TOP + len(schools) * row + 6,
        key=key,
        months=axis.months(18),
        rows=tuple(Label(0, TOP + n * row + row / 2 + 4, s.name, TOP + (n + 1) * row) for n, s in enumerate(schools)),
        marks=tuple(marks),
    )


def draw_loads(problem: WaveProblem, plan: WavePlan) -> tuple[Load, ...]:
    """Draw each team's workload by week."""
    axis = _Axis(problem, plan)
    drawn = []
    for team, tenths in loads(problem, plan).items():
        columns = []
        for week, work in enumerate(tenths):
            if not work:
                continue
            percent = percent_of(work, problem.capacity[team][week])
            words = f"{problem.team_names[team]}, week of {format_day(problem.monday(week))}: {percent}%"
            columns.append(_column(axis.at(week), axis.scale, percent, words, is_full=percent >= 95))
        drawn.append(_load_of(problem.team_names[team], columns, axis.months(18)))
    return tuple(drawn)
