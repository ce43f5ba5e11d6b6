"""Plans of waves for people: side by side, as a board, and the load of each team. Drawing is in templates."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule

from changeflow.planning.wave_use import MilestoneEffect, PlanEffect
from changeflow.roadmap.analysis.assumed import mark_if
from changeflow.roadmap.waves.plans import IN_FORCE, Offer
from changeflow.roadmap.waves.problem import Pair, WavePlan, WaveProblem, loads, numbers_of, percent_of, wave_names
from changeflow.values.duration import counted
from changeflow.values.moments import format_day

if TYPE_CHECKING:
    from changeflow.reports.levelling import TeamLine

LABEL_WIDTH, CHART_WIDTH, TOP = 200, 760, 30
MARK_HEIGHT = 11
LOAD_HEIGHT = 56
SHAPES = ("circle", "square", "diamond", "triangle", "cross", "bar")
"""A service's mark: its shape as well as its colour says which it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveLine:
    """One wave: a date of a service, and the schools that go live on it."""

    service: str
    name: str
    day: str
    iso: str
    schools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """A school that goes live on another date than was announced."""

    pair: str
    announced: str
    day: str
    weeks: int
    """Later, or earlier when negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLine:
    """A team's fullest weeks."""

    team: str
    peak: int
    weeks: tuple[tuple[str, int], ...]
    """(Monday, percent of what it can give then) of each week with work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineLine:
    """When a milestone would be reached, against its deadline."""

    milestone: str
    day: str
    deadline: str
    days_late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    key: str
    name: str
    mean_week: float
    last_day: str
    waves: tuple[WaveLine, ...]
    peaks: Mapping[str, int]
    hub_dates: int
    fairness: float
    moves: tuple[MoveLine, ...]
    gap: float | None
    certainty: str
    loads: tuple[LoadLine, ...]
    deadlines: tuple[DeadlineLine, ...] = ()
    """Of open milestones, if the whole programme is planned with these waves."""
    breaks: tuple[str, ...] = ()
    """What would block then and does not now; of the plan in force, what it does not keep of what is asked for."""
    planned_last_day: str = ""
    """The last go-live if the whole programme is planned with these waves; empty where that was not tried."""
    planned_moves: int | None = None
    """The announced go-lives that then change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WavesReport:
    """Everything that the page and the JSON say."""

    programme: str
    start: str
    plans: tuple[PlanReport, ...]
    in_force: PlanReport | None = None
    """The plan as it is, to compare with."""
    notes: tuple[str, ...] = ()
    """What was asked for and could not be kept."""

    @property
    def shown(self) -> tuple[PlanReport, ...]:
        return self.plans if self.in_force is None else (self.in_force, *self.plans)


Effects = Mapping[str, PlanEffect]
"""What each plan does to the whole programme, by its style."""


def waves_report(
    name: str,
    problem: WaveProblem,
    offers: Sequence[Offer],
    *,
    in_force: WavePlan | None = None,
    effects: Effects | None = None,
) -> WavesReport:
    """Turn offers, and the plan in force, into what people read."""
    known = effects or {}
    standing = None
    if in_force is not None and in_force.chosen:
        numbers = numbers_of(problem, in_force)
        own = Offer(style=IN_FORCE, plan=in_force, numbers=numbers, gap=None, is_proved=False, is_repeatable=True)
        standing = _plan(problem, own, known.get(IN_FORCE.key))
    return WavesReport(
        programme=name,
        start=format_day(problem.start),
        plans=tuple(_plan(problem, offer, known.get(offer.style.key)) for offer in offers),
        in_force=standing,
        notes=problem.notes,
    )


def _plan(problem: WaveProblem, offer: Offer, effect: PlanEffect | None) -> PlanReport:
    numbers, chosen, assumed = offer.numbers, offer.plan.chosen, effect.assumed if effect else frozenset[Pair]()
    last = max(c.day for c in chosen.values())
    return PlanReport(
        deadlines=tuple(_deadline(m) for m in (effect.milestones if effect else ())),
        breaks=effect.breaks if effect else (),
        key=offer.style.key,
        name=offer.style.name,
        mean_week=round(numbers.mean_week, 1),
        last_day=mark_if(format_day(last), is_marked=any(chosen[p].day == last for p in assumed & chosen.keys())),
        waves=tuple(_waves(problem, offer.plan, assumed)),
        peaks={problem.team_names[t]: p for t, p in numbers.peaks.items()},
        hub_dates=numbers.hub_dates,
        fairness=round(numbers.fairness, 1),
        moves=tuple(_moves(problem, offer.plan)),
        gap=None if offer.gap is None else round(offer.gap, 4),
        certainty=_certainty(offer),
        loads=tuple(_loads(problem, offer.plan)),
        planned_last_day=_last_go_live(effect),
        planned_moves=sum(1 for _ in _moves(problem, effect.planned)) if effect and effect.planned else None,
    )


def _last_go_live(effect: PlanEffect | None) -> str:
    if effect is None or effect.planned is None or not effect.planned.chosen:
        return ""
    chosen = effect.planned.chosen
    last = max(c.day for c in chosen.values())
    return mark_if(format_day(last), is_marked=any(chosen[p].day == last for p in effect.assumed & chosen.keys()))


def _deadline(effect: MilestoneEffect) -> DeadlineLine:
    return DeadlineLine(
        milestone=effect.name,
        day=mark_if(format_day(effect.forecast), is_marked=effect.is_assumed),
        deadline=format_day(effect.deadline),
        days_late=effect.days_late,
    )


def _certainty(offer: Offer) -> str:
    if offer.style is IN_FORCE:
        return "the plan as it is"
    if offer.is_proved:
        return "proved: no plan is better in this style"
    near = "no bound is known" if offer.gap is None else f"at most {offer.gap:.1%} from the best there can be"
    return near if offer.is_repeatable else f"{near}; the clock cut the search off, so it may not repeat"


def _waves(problem: WaveProblem, plan: WavePlan, assumed: frozenset[Pair]) -> Iterator[WaveLine]:
    names = wave_names(problem, plan)
    for service, asked in problem.services.items():
        here: dict[tuple[date, bool, str], list[str]] = {}
        marked = set[tuple[date, bool, str]]()
        for pair, candidate in plan.chosen.items():
            if pair[1] == service:
                key = candidate.day, pair not in plan.pilot, names[pair]
                here.setdefault(key, []).append(problem.schools[pair[0]].name)
                marked |= {key} if pair in assumed else set()
        for key, schools in sorted(here.items()):
            day, _, name = key
            yield WaveLine(
                service=asked.name,
                name=name,
                day=mark_if(format_day(day), is_marked=key in marked),
                iso=day.isoformat(),
                schools=tuple(sorted(schools)),
            )


def _moves(problem: WaveProblem, plan: WavePlan) -> Iterator[MoveLine]:
    for pair, week in problem.announced.items():
        if pair in plan.chosen and plan.week(pair) != week:
            yield MoveLine(
                pair=problem.pair_name(pair),
                announced=problem.announced_words(pair),
                day=format_day(plan.chosen[pair].day),
                weeks=plan.week(pair) - week,
            )


def _loads(problem: WaveProblem, plan: WavePlan) -> Iterator[LoadLine]:
    for team, tenths in loads(problem, plan).items():
        weeks = [
            (format_day(problem.monday(w)), percent_of(n, problem.capacity[team][w])) for w, n in enumerate(tenths) if n
        ]
        yield LoadLine(team=problem.team_names[team], peak=max((p for _, p in weeks), default=0), weeks=tuple(weeks))


def waves_text(report: WavesReport) -> Iterator[str]:
    """Yield the plans side by side, then each plan's waves and the schools that it moves."""
    shown = report.shown
    names = [p.name for p in shown]
    width = max(16, *(len(n) + 2 for n in names))
    rows = [
        ("mean week of go-live", [f"{p.mean_week:g}" for p in shown]),
        ("last go-live", [p.last_day for p in shown]),
        ("waves", [str(len(p.waves)) for p in shown]),
        ("extra dates in hubs", [str(p.hub_dates) for p in shown]),
        ("weeks between hubs", [f"{p.fairness:g}" for p in shown]),
        ("announced dates moved", [str(len(p.moves)) for p in shown]),
        *_planned_rows(shown),
        ("deadlines missed", [str(sum(d.days_late > 0 for d in p.deadlines)) for p in shown]),
        ("requests not met", [str(len(p.breaks)) for p in shown]),
        *((f"peak, {team}", [f"{p.peaks[team]} %" for p in shown]) for team in shown[0].peaks),
    ]
    beside = "; in force is the plan as it is" if report.in_force else ""
    yield f"{report.programme}: {counted(len(report.plans), 'plan')}, each checked against every request{beside}"
    yield from (f"  {note}" for note in report.notes)
    yield f"{'':<26}" + "".join(f"{n:<{width}}" for n in names)
    for label, cells in rows:
        yield f"  {label:<24}" + "".join(f"{c:<{width}}" for c in cells)
    for plan in shown:
        yield ""
        yield f"{plan.name} ({plan.certainty})"
        for wave in plan.waves:
            yield f"  {wave.day:<12} {wave.service:<10} {wave.name:<11} {', '.join(wave.schools)}"
        for line in plan.deadlines:
            yield f"  {deadline_in_words(line)}"
        yield from (f"  {'does not keep' if plan is report.in_force else 'would not keep'}: {b}" for b in plan.breaks)
        for move in plan.moves:
            way = "later" if move.weeks > 0 else "earlier"
            weeks = counted(abs(move.weeks), "week")
            yield f"  moved: {move.pair}, announced for {move.announced}, now {move.day}, {weeks} {way}"


def _planned_rows(shown: Sequence[PlanReport]) -> Iterator[tuple[str, list[str]]]:
    """What becomes of the plans once every task before a go-live is planned: only then are their dates forecasts."""
    if any(p.planned_moves is not None for p in shown):
        yield "last go-live, all tasks", [p.planned_last_day or "unknown" for p in shown]
        moves = ["unknown" if p.planned_moves is None else str(p.planned_moves) for p in shown]
        yield "dates moved, all tasks", moves


def deadline_in_words(line: DeadlineLine) -> str:
    """Say when a milestone would be reached, and whether that keeps its deadline."""
    late = f"misses its deadline of {line.deadline} by {counted(line.days_late, 'day')}"
    kept = f"keeps its deadline of {line.deadline}"
    return f"{line.milestone}: {line.day}, {late if line.days_late else kept}"


def effect_text(effect: PlanEffect) -> Iterator[str]:
    """Say what becomes of deadlines, and what would break, with one plan."""
    yield from (deadline_in_words(_deadline(m)) for m in effect.milestones)
    yield from (f"would not keep: {broken}" for broken in effect.breaks)


def conflict_text(sentences: Sequence[str], ways: Sequence[str], *, is_minimal: bool) -> Iterator[str]:
    """Yield why there is no plan, and what would be enough."""
    size = (
        "These cannot all be kept; without any one of them there is a plan"
        if is_minimal
        else "Among these lies a conflict"
    )
    yield f"There is no plan. {size}:"
    yield from (f"  - {sentence}" for sentence in sentences)
    if ways:
        yield "Any one of these would be enough:"
        yield from (f"  - {way}" for way in ways)


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
    """Where the line below a row lies."""


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    shape: str
    number: int


@dataclass(frozen=True, slots=True)
class Board:
    """Schools as rows, weeks as columns, a mark where a service goes live."""

    width: int
    height: int
    key: tuple[Key, ...]
    months: tuple[Label, ...]
    rows: tuple[Label, ...]
    marks: tuple[BoardMark, ...]


@dataclass(frozen=True, slots=True)
class Column:
    x: float
    y: float
    width: float
    height: float
    is_full: bool
    title: str


@dataclass(frozen=True, slots=True)
class Load:
    """One team's weeks as columns, in percent of what it can give in each."""

    team: str
    width: int
    height: int
    full_y: float
    """Where a hundred percent lies."""
    columns: tuple[Column, ...]
    months: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is drawn of one plan."""

    board: Board
    loads: tuple[Load, ...]


def draw_teams(lines: Sequence["TeamLine"]) -> tuple[Load, ...]:
    """Draw each levelled team's load by week, the fullest moment of each, on one axis of time for all."""
    weeks = sorted(date.fromisoformat(week.iso) for line in lines for week in line.weeks)
    return tuple(_draw_team(line, weeks[0], weeks[-1] + timedelta(days=7)) for line in lines)


def _draw_team(line: "TeamLine", first: date, last: date) -> Load:
    scale = CHART_WIDTH / (last - first).days

    def at_day(day: date) -> float:
        return round(LABEL_WIDTH + (day - first).days * scale, 1)

    columns = []
    for week in line.weeks:
        words = f"{line.team}, week of {week.monday}: {week.after} %; before levelling {week.before} %"
        x = at_day(date.fromisoformat(week.iso))
        columns.append(_column(x, 7 * scale, min(100, week.after), words, is_full=week.after > 100))
    return _load_of(line.team, columns, _months(first, last, 18, at_day))


def _column(x: float, width: float, percent: int, title: str, *, is_full: bool) -> Column:
    height = round(LOAD_HEIGHT * percent / 100, 1)
    y, width = round(TOP + LOAD_HEIGHT - height, 1), round(max(1.5, width - 1), 1)
    return Column(x=x, y=y, width=width, height=height, is_full=is_full, title=title)


def _load_of(team: str, columns: Sequence[Column], months: tuple[Label, ...]) -> Load:
    width, height = LABEL_WIDTH + CHART_WIDTH + 20, TOP + LOAD_HEIGHT + 6
    return Load(team=team, width=width, height=height, full_y=TOP, columns=tuple(columns), months=months)


def draw(problem: WaveProblem, plan: WavePlan) -> Pictures:
    """Draw everything of one plan."""
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
    """Draw each team's load by week."""
    axis = _Axis(problem, plan)
    drawn = []
    for team, tenths in loads(problem, plan).items():
        columns = []
        for week, work in enumerate(tenths):
            if not work:
                continue
            percent = percent_of(work, problem.capacity[team][week])
            words = f"{problem.team_names[team]}, week of {format_day(problem.monday(week))}: {percent} %"
            columns.append(_column(axis.at(week), axis.scale, percent, words, is_full=percent >= 95))
        drawn.append(_load_of(problem.team_names[team], columns, axis.months(18)))
    return tuple(drawn)
