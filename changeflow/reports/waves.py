"""Plans of waves for people: side by side, as a board, and the load of each team, with the numbers beside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from changeflow.roadmap.waves.criteria import loads
from changeflow.roadmap.waves.plans import Offer
from changeflow.roadmap.waves.problem import WavePlan, WaveProblem
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WavesReport:
    """Everything that the page and the JSON say."""

    programme: str
    start: str
    plans: tuple[PlanReport, ...]


def waves_report(name: str, problem: WaveProblem, offers: Sequence[Offer]) -> WavesReport:
    """Turn offers into what people read."""
    return WavesReport(
        programme=name, start=format_day(problem.start), plans=tuple(_plan(problem, offer) for offer in offers)
    )


def _plan(problem: WaveProblem, offer: Offer) -> PlanReport:
    numbers = offer.numbers
    return PlanReport(
        key=offer.style.key,
        name=offer.style.name,
        mean_week=round(numbers.mean_week, 1),
        last_day=format_day(max(c.day for c in offer.plan.chosen.values())),
        waves=tuple(_waves(problem, offer.plan)),
        peaks={problem.team_names[t]: p for t, p in numbers.peaks.items()},
        hub_dates=numbers.hub_dates,
        fairness=round(numbers.fairness, 1),
        moves=tuple(_moves(problem, offer.plan)),
        gap=None if offer.gap is None else round(offer.gap, 4),
        certainty=_certainty(offer),
        loads=tuple(_loads(problem, offer.plan)),
    )


def _certainty(offer: Offer) -> str:
    if offer.is_proved:
        return "proved: no plan is better in this style"
    near = "no bound is known" if offer.gap is None else f"at most {offer.gap:.1%} from the best there can be"
    return near if offer.is_repeatable else f"{near}; the clock cut the search off, so it may not repeat"


def _waves(problem: WaveProblem, plan: WavePlan) -> Iterator[WaveLine]:
    for service, asked in problem.services.items():
        pairs = [p for p in plan.chosen if p[1] == service]
        number = 0
        for day in sorted({plan.chosen[p].day for p in pairs}):
            here = [p for p in pairs if plan.chosen[p].day == day]
            for is_pilot in (True, False):
                schools = sorted(problem.schools[p[0]].name for p in here if (p in plan.pilot) is is_pilot)
                if not schools:
                    continue
                number += not is_pilot
                yield WaveLine(
                    service=asked.name,
                    name="pilot" if is_pilot else f"wave {number}",
                    day=format_day(day),
                    iso=day.isoformat(),
                    schools=tuple(schools),
                )


def _moves(problem: WaveProblem, plan: WavePlan) -> Iterator[MoveLine]:
    for pair, week in problem.announced.items():
        if pair in plan.chosen and plan.week(pair) != week:
            yield MoveLine(
                pair=problem.pair_name(pair),
                announced=format_day(problem.monday(week)),
                day=format_day(plan.chosen[pair].day),
                weeks=plan.week(pair) - week,
            )


def _loads(problem: WaveProblem, plan: WavePlan) -> Iterator[LoadLine]:
    for team, tenths in loads(problem, plan).items():
        weeks = [
            (format_day(problem.monday(w)), -(-100 * n // problem.capacity[team][w])) for w, n in enumerate(tenths) if n
        ]
        yield LoadLine(team=problem.team_names[team], peak=max((p for _, p in weeks), default=0), weeks=tuple(weeks))


def waves_text(report: WavesReport) -> Iterator[str]:
    """Yield the plans side by side, then each plan's waves and the schools that it moves."""
    names = [p.name for p in report.plans]
    width = max(16, *(len(n) + 2 for n in names))
    rows = [
        ("mean week of go-live", [f"{p.mean_week:g}" for p in report.plans]),
        ("last go-live", [p.last_day for p in report.plans]),
        ("waves", [str(len(p.waves)) for p in report.plans]),
        ("further dates in hubs", [str(p.hub_dates) for p in report.plans]),
        ("weeks between hubs", [f"{p.fairness:g}" for p in report.plans]),
        ("announced dates moved", [str(len(p.moves)) for p in report.plans]),
        *((f"peak, {team}", [f"{p.peaks[team]} %" for p in report.plans]) for team in report.plans[0].peaks),
    ]
    yield f"{report.programme}: {len(report.plans)} plans, each checked against every requirement"
    yield f"{'':<26}" + "".join(f"{n:<{width}}" for n in names)
    for label, cells in rows:
        yield f"  {label:<24}" + "".join(f"{c:<{width}}" for c in cells)
    for plan in report.plans:
        yield ""
        yield f"{plan.name} ({plan.certainty})"
        for wave in plan.waves:
            yield f"  {wave.day:<12} {wave.service:<10} {wave.name:<8} {', '.join(wave.schools)}"
        for move in plan.moves:
            way = "later" if move.weeks > 0 else "earlier"
            yield f"  moved: {move.pair}, announced for the week of {move.announced}, {abs(move.weeks)} weeks {way}"


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
