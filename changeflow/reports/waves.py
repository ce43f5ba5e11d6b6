"""Plans of waves for people: side by side, their waves, and the load of each team."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.planning.wave_use import MilestoneEffect, PlanEffect
from changeflow.roadmap.analysis.assumed import mark_if
from changeflow.roadmap.waves.plans import IN_FORCE, Offer
from changeflow.roadmap.waves.problem import Pair, WavePlan, WaveProblem, loads, numbers_of, percent_of, wave_names
from changeflow.values.duration import counted
from changeflow.values.moments import format_day


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
