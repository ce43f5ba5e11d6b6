"""Turn a simulation into a report with charts: how likely each milestone's date is, what drives it, and what each risk
event costs."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, pairwise

from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule

from changeflow.planning.lessons import Lesson
from changeflow.planning.risk import Assumed, odds_of, whole_percent, without_range
from changeflow.programme.assembly.ranges import replaced_ranges
from changeflow.programme.facts import Odds
from changeflow.programme.programme import Programme
from changeflow.reports.grouping import grouped
from changeflow.roadmap.analysis.assumed import mark_assumed, mark_if_at
from changeflow.roadmap.model.tasks import Milestone
from changeflow.roadmap.risk.model import RiskModel, Simulation
from changeflow.values.duration import counted, days_in_words
from changeflow.values.moments import DAY, format_day, minute_of

SHOWN = 8
NAMED = 3
"""How many tasks without a range on a path to name in the terminal."""
NO_DEADLINE = "–"
OUTCOMES = 6
"""List each possible day of a milestone with its odds if there are at most this many."""
LEFT, WIDTH, HEIGHT, TOP = 46, 900, 240, 20
BAR, LABEL = 24, 380
DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 4", "12 4")
"""The dashes of the lines, which differ as well as the colours."""

LESS_THAN_1 = "less than 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OddsLine:
    """One milestone: dates, and odds in whole percent."""

    milestone: str
    planned: str
    p50: str
    p80: str
    p90: str
    certain_share: int
    """The share of its planned path, in percent, without a range or an event. It is assumed to last as planned."""
    certain: tuple[str, ...]
    """The tasks that make up that share, longest first, with their lengths in days."""
    planned_odds: int | None
    """The chance that it is no later than planned; None if every iteration meets the date but part of the path has no
    range."""
    deadline: str
    deadline_odds: int | None
    """The chance of meeting the deadline; also None if there is no deadline."""
    outcomes: tuple[tuple[str, int], ...]
    """If only a few dates are possible, each with its odds. A task that misses a start window waits for the next
    one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverLine:
    """One task with a range."""

    task: str
    criticality: int
    """In what percentage of iterations it was on the driving path to the last milestone."""
    cruciality: float
    """The correlation of its duration with the last milestone's date: -1 to 1."""
    swing: int
    """How many calendar days later the last milestone falls, on average, in the tenth of iterations in which this task
    took longest than in the tenth in which it was shortest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReport:
    programme: str
    iterations: int
    seed: int
    ranges: int
    assumption: str
    milestones: tuple[OddsLine, ...]
    drivers: tuple[DriverLine, ...]
    events: tuple[tuple[str, int, int], ...]
    """(name, odds in percent, days by which it delays the last milestone on average)."""
    lessons: tuple[str, ...]
    """Lessons from finished waves for later ones."""
    missing: tuple[str, ...]
    """Long tasks without a range that drive the end and come before a milestone: give these a range first."""
    replaced: tuple[str, ...]
    """Open tasks whose own duration has replaced the range of their step."""
    curves: Mapping[str, tuple[tuple[str, int], ...]]
    """For each milestone: (day, percent of iterations that have finished by then), for the chart and the table beside
    it."""


def risk_report(
    programme: Programme, model: RiskModel, found: Simulation, *, assumed: Assumed | None, learned: Sequence[Lesson]
) -> RiskReport:
    """Turn a simulation of a model into a report."""
    leading = frozenset[str]().union(*found.certain.values())
    missing = () if assumed else tuple(t.name for t in without_range(programme) if t.id in leading)
    names, events = programme.roadmap.tasks, {e.name: e.probability for e in model.events}
    odds, milestones = odds_of(programme, found), {m.id: m for m in programme.milestones}
    drivers = sorted(found.swing, key=lambda t: (-abs(found.swing[t]), t))
    return RiskReport(
        programme=programme.name,
        iterations=found.iterations,
        seed=found.seed,
        ranges=len(model.ranges),
        assumption=_assumption(assumed) if assumed else "",
        milestones=tuple(_line(programme, found, o, milestones[o.milestone]) for o in odds),
        drivers=tuple(
            DriverLine(
                task=names[t].name,
                criticality=round(100 * found.criticality.get(t, 0.0)),
                cruciality=round(found.cruciality[t], 2),
                swing=round(found.swing[t] / DAY),
            )
            for t in drivers[:SHOWN]
            if round(found.swing[t] / DAY)
        ),
        events=tuple((name, round(100 * p), round(found.event_cost[name] / DAY)) for name, p in events.items()),
        lessons=tuple(_lesson(programme, lesson) for lesson in learned),
        missing=missing,
        replaced=tuple(_replaced(programme)),
        curves={
            m.name: tuple(
                (programme.timed(m.task).day_at(found.percentile(m.task, p)).isoformat(), p) for p in range(5, 101, 5)
            )
            for m in (milestones[o.milestone] for o in odds)
        },
    )


def _assumption(assumed: Assumed) -> str:
    return f"Tasks without a range are assumed to take {assumed.low}% to {assumed.high}% of their planned duration."


def _replaced(programme: Programme) -> Iterator[str]:
    """Yield names of open tasks that have no range, because a duration of their own replaced it."""
    tasks = (f.task for f in replaced_ranges(programme.definition) if f.task in programme.roadmap.tasks)
    still = ((t, "") for t in tasks if not programme.is_done(t) and programme.roadmap.tasks[t].estimate is None)
    yield from (name for name, _, _ in grouped(programme.roadmap, still))


def _lesson(programme: Programme, lesson: Lesson) -> str:
    taken, planned = (
        days_in_words(round(minutes / lesson.count), programme.minutes_per_day)
        for minutes in (lesson.taken, lesson.planned)
    )
    average, cases = ("", "one case") if lesson.count == 1 else (" on average", f"{lesson.count} cases")
    ahead = counted(len(lesson.tasks), "similar task")
    name = programme.roadmap.tasks[lesson.tasks[0]].in_parts.without_place if lesson.tasks else lesson.name
    is_partial = abs(lesson.taken / lesson.planned - lesson.factor) >= 0.1
    why = (
        "With so little evidence, the simulations allow for only part of this"
        if is_partial
        else "The simulations allow for this"
    )
    return (
        f"“{name}” took {taken}{average}, not the planned {planned} ({cases} so far). {why}: they assume "
        f"that the {ahead} still to come will take about {lesson.factor:.1f} times as long as planned."
    )


def _line(programme: Programme, found: Simulation, odds: Odds, milestone: Milestone) -> OddsLine:
    task, tasks = milestone.task, programme.roadmap.tasks
    days = Counter(programme.timed(task).day_at(int(f)) for f in found.finishes[task])

    def shown(day: date) -> str:
        return mark_if_at(format_day(day), programme.roadmap, programme.required_schedule, task, minute_of(day))

    certain = sorted(found.certain[task].items(), key=lambda item: (-item[1], item[0]))
    return OddsLine(
        milestone=milestone.name,
        planned=mark_assumed(format_day(odds.planned), programme.required_schedule, task),
        p50=shown(odds.p50),
        p80=shown(odds.p80),
        p90=shown(odds.p90),
        certain_share=odds.certain_share,
        certain=tuple(f"{tasks[t].name} ({counted(max(1, round(n / DAY)), 'day')})" for t, n in certain),
        planned_odds=odds.planned_odds,
        deadline=format_day(odds.deadline) if odds.deadline else NO_DEADLINE,
        deadline_odds=odds.deadline_odds,
        outcomes=_outcomes(days, shown) if len(days) <= OUTCOMES else (),
    )


def percent_shares(counts: Sequence[int]) -> tuple[int, ...]:
    """Return the whole percentages of possible days, in their order. They add up to 100, as the chances of each do.

    The first few together are the chance of the last of them, rounded as everywhere; so a share may be 0: less than 1%.

    >>> percent_shares([406, 593, 1])
    (41, 58, 1)
    """
    chances = [whole_percent(n / sum(counts)) for n in accumulate(counts)]
    return tuple(later - earlier for earlier, later in pairwise([0, *chances]))


def _outcomes(days: Counter[date], shown: Callable[[date], str]) -> tuple[tuple[str, int], ...]:
    """Return each possible day with its percentage."""
    percentages = percent_shares([n for _, n in sorted(days.items())])
    return tuple((shown(day), percent) for day, percent in zip(sorted(days), percentages, strict=True))


def more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def chance_in_words(chance: int | None) -> str:
    """Say how likely a date is to be met; if part of the work has no range, 100% cannot be known."""
    return "chance not known" if chance is None else f"{chance}% likely to be met"


def event_in_words(name: str, percent: int, days: int) -> str:
    """Say what a risk event does to the last milestone on average."""
    by = f"by {counted(abs(days), 'day')} on average"
    effect = f"bring the last milestone forward {by}" if days < 0 else f"delay the last milestone {by}"
    return f"{name} ({percent}% likely). This would {effect if days else 'not delay the last milestone'}."


def risk_text(report: RiskReport) -> Iterator[str]:
    """Yield the simulation for the terminal."""
    verb = "has" if report.ranges == 1 else "have"
    yield f"{report.programme}: {report.iterations:,} simulations (seed {report.seed})"
    yield f"{counted(report.ranges, 'task')} {verb} a range: a best, a likely and a worst duration."
    if report.assumption:
        yield f"{report.assumption} Give important tasks a range of their own."
    for line in report.milestones:
        yield ""
        yield from _milestone_text(line)
    for title, names in (
        (
            "Critical tasks without a range. Add one to each, for example `estimate: [30d, 45d, 70d]`.",
            report.missing,
        ),
        ("Tasks whose own duration replaced the range of their step", report.replaced),
    ):
        if names:
            yield ""
            yield title
            yield from (f"  {name}" for name in names)
    if report.drivers:
        yield ""
        yield "Tasks that move the last milestone most"
        yield "(average difference in its date, in days, between the 10% of simulations in which the task took longest"
        yield "and the 10% in which it was shortest)"
        yield "  Days  On the critical path  Task"
        yield from (f"  {d.swing:>4}  {f'{d.criticality}%':>20}  {d.task}" for d in report.drivers)
    if report.lessons:
        yield ""
        yield "What completed waves show"
        yield from (f"  {lesson}" for lesson in report.lessons)
    if report.events:
        yield ""
        yield "Risk events"
        yield from (f"  {event_in_words(*event)}" for event in report.events)


def _milestone_text(line: OddsLine) -> Iterator[str]:
    yield line.milestone
    yield f"  planned date {line.planned}: {chance_in_words(line.planned_odds)}"
    if line.deadline != NO_DEADLINE:
        yield f"  deadline {line.deadline}: {chance_in_words(line.deadline_odds)}"
    if line.planned_odds is not None:
        yield f"  50% likely by {line.p50} (P50), 80% by {line.p80} (P80), 90% by {line.p90} (P90)"
    if len(line.outcomes) > 1:
        yield f"  possible dates: {', '.join(f'{d} ({p or LESS_THAN_1}%)' for d, p in line.outcomes)}"
    if line.certain:
        yield f"  without a range, so simulated as planned ({line.certain_share}% of the work leading to it):"
        yield f"    {'; '.join(line.certain[:NAMED])}{more(len(line.certain) - NAMED)}"


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    points: str
    """The `points` attribute of an SVG polyline."""
    number: int
    dashes: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Curves:
    width: int
    height: int
    curves: tuple[Curve, ...]
    months: tuple[Tick, ...]
    levels: tuple[Tick, ...]
    """The ticks at 50, 80 and 90 percent."""


@dataclass(frozen=True, slots=True)
class TornadoBar:
    label: str
    width: float
    y: int
    days: int


@dataclass(frozen=True, slots=True)
class Tornado:
    width: int
    height: int
    bars: tuple[TornadoBar, ...]


def draw_curves(report: RiskReport) -> Curves:
    """Draw, for each milestone, the share of iterations that have finished by each day."""
    days = [date.fromisoformat(d) for points in report.curves.values() for d, _ in points]
    first, last = min(days) - timedelta(days=7), max(days) + timedelta(days=7)
    scale = (WIDTH - LEFT - 20) / max(1, (last - first).days)

    def x(day: date) -> float:
        return round(LEFT + (day - first).days * scale, 1)

    def y(percent: float) -> float:
        return round(TOP + (HEIGHT - TOP - 26) * (1 - percent / 100), 1)

    curves = [
        Curve(
            name=name,
            points=" ".join(f"{x(date.fromisoformat(d))},{y(p)}" for d, p in points),
            number=n,
            dashes=DASHES[n % len(DASHES)],
        )
        for n, (name, points) in enumerate(report.curves.items())
    ]
    begins, step = first.replace(day=1) + relativedelta(months=1), 1 if (last - first).days < 400 else 2
    months = rrule(MONTHLY, dtstart=begins, interval=step, until=last - timedelta(days=1))
    return Curves(
        width=WIDTH,
        height=HEIGHT,
        curves=tuple(curves),
        months=tuple(Tick(x(m.date()), HEIGHT - 8, f"{m:%b %y}") for m in months),
        levels=tuple(Tick(LEFT, y(p), f"{p}%") for p in (50, 80, 90)),
    )


def draw_tornado(drivers: tuple[DriverLine, ...]) -> Tornado:
    """Draw how many days each task swings the last milestone."""
    most = max((abs(d.swing) for d in drivers), default=1)
    bars = [
        TornadoBar(d.task, round((WIDTH - LABEL - 60) * abs(d.swing) / most, 1), n * BAR, d.swing)
        for n, d in enumerate(drivers)
    ]
    return Tornado(WIDTH, len(drivers) * BAR + 4, tuple(bars))
