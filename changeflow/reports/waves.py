"""Plans of waves in words: a comparison, the waves of each plan, and the load of each team."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from changeflow.planning.wave_use import MilestoneEffect, PlanEffect
from changeflow.roadmap.analysis.assumed import mark_if
from changeflow.roadmap.waves.plans import IN_FORCE, Offer, certainty_of
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
    service_id: str = ""
    school_ids: tuple[str, ...] = ()
    """The ids of its schools; empty in results of earlier releases."""
    is_pilot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """A school that goes live on another date than was announced."""

    pair: str
    announced: str
    day: str
    weeks: int
    """Later, or earlier when negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedMove:
    """Schools whose go-live with a service moves from the same announced day to the same new day."""

    service: str
    announced: str
    day: str
    by: str
    """How far it moves: `5 weeks earlier`."""
    schools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLine:
    """A team's fullest weeks."""

    team: str
    peak: int
    weeks: tuple[tuple[str, int], ...]
    """(Monday, percent of its capacity then) for each week with work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineLine:
    """When a milestone would be reached, against its deadline."""

    milestone: str
    day: str
    deadline: str
    days_late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterWaveLine:
    """A wave that goes live later than proposed, once all tasks are planned."""

    wave: str
    proposed: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    key: str
    name: str
    aim: str
    """What the plan tries first."""
    certainty: str
    gap: float | None
    same_as: str = ""
    """The name of an earlier plan with the same waves."""
    mean_week: float
    mean_day: str
    last_day: str
    waves: tuple[WaveLine, ...]
    peaks: Mapping[str, int]
    hub_dates: int
    fairness: float
    moves: tuple[MoveLine, ...]
    changes: tuple[AnnouncedMove, ...]
    """The same moves, with the schools that share both days together."""
    loads: tuple[LoadLine, ...]
    deadlines: tuple[DeadlineLine, ...] = ()
    """The deadlines of open milestones, if the whole programme is planned with these waves."""
    limits: tuple[str, ...] = ()
    """The limits of rollout.yaml that the plan in force exceeds; proposals exceed none."""
    findings: tuple[str, ...] = ()
    """Findings that would block then and do not now."""
    later: tuple[LaterWaveLine, ...] = ()
    breaks: tuple[str, ...] = ()
    """The limits, findings and later waves, as sentences."""
    planned_last_day: str = ""
    """The last go-live if the whole programme is planned with these waves; empty where that was not tried."""
    planned_moves: int | None = None
    """The number of announced go-lives that then change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareLine:
    """One number of each plan, side by side."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WavesReport:
    """Everything that the page and the JSON say."""

    programme: str
    start: str
    plans: tuple[PlanReport, ...]
    in_force: PlanReport | None = None
    """The plan as it is, to compare with."""
    explained: tuple[str, ...] = ()
    """How to read the plans: what they all meet, and what may differ once all tasks are planned."""
    compared: tuple[CompareLine, ...] = ()
    notes: tuple[str, ...] = ()
    """Requests in rollout.yaml that do not apply."""

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
    """Turn proposals, and the plan in force, into a report."""
    known, own = effects or {}, list[Offer]()
    if in_force is not None and in_force.chosen:
        numbers = numbers_of(problem, in_force)
        own = [Offer(style=IN_FORCE, plan=in_force, numbers=numbers, gap=None, is_proved=False, is_repeatable=True)]
    shown: list[PlanReport] = []
    for offer in (every := (*own, *offers)):
        same = next((o.style.name for o in every[: len(shown)] if _waves_of(o.plan) == _waves_of(offer.plan)), "")
        shown.append(replace(_plan(problem, offer, known.get(offer.style.key)), same_as=same))
    return WavesReport(
        programme=name,
        start=format_day(problem.start),
        plans=tuple(shown[len(own) :]),
        in_force=shown[0] if own else None,
        explained=tuple(_explained(shown, {key: e.planned for key, e in known.items()})),
        compared=tuple(_compared(problem, shown)),
        notes=problem.notes,
    )


def _waves_of(plan: WavePlan) -> tuple[Mapping[Pair, date], frozenset[Pair]]:
    return {pair: candidate.day for pair, candidate in plan.chosen.items()}, plan.pilot


def _plan(problem: WaveProblem, offer: Offer, effect: PlanEffect | None) -> PlanReport:
    numbers, chosen = offer.numbers, offer.plan.chosen
    known = effect or PlanEffect()
    breaks, later = known.breaks, tuple(_later(known))
    days = [c.day.toordinal() for c in chosen.values()]
    return PlanReport(
        key=offer.style.key,
        name=offer.style.name,
        aim=offer.style.aim,
        certainty="for comparison" if offer.style is IN_FORCE else certainty_of(offer),
        gap=None if offer.gap is None else round(offer.gap, 4),
        mean_week=round(numbers.mean_week, 1),
        mean_day=format_day(date.min + timedelta(days=round(sum(days) / len(days)) - 1)),
        last_day=_last_go_live(offer.plan, known.assumed),
        waves=tuple(_waves(problem, offer.plan, known.assumed)),
        peaks={problem.team_names[t]: p for t, p in numbers.peaks.items()},
        hub_dates=numbers.hub_dates,
        fairness=round(numbers.fairness, 1),
        moves=tuple(_moves(problem, offer.plan)),
        changes=tuple(_changes(problem, offer.plan)),
        loads=tuple(_loads(problem, offer.plan)),
        deadlines=tuple(_deadline(m) for m in known.milestones),
        limits=breaks if offer.style is IN_FORCE else (),
        findings=() if offer.style is IN_FORCE else breaks,
        later=later,
        breaks=(*breaks, *(later_in_words(line) for line in later)),
        planned_last_day=_last_go_live(known.planned, known.assumed) if known.planned else "",
        planned_moves=sum(1 for _ in _moves(problem, known.planned)) if known.planned else None,
    )


def _last_go_live(plan: WavePlan, assumed: frozenset[Pair]) -> str:
    if not plan.chosen:
        return ""
    last = max(c.day for c in plan.chosen.values())
    is_marked = any(plan.chosen[p].day == last for p in assumed & plan.chosen.keys())
    return mark_if(format_day(last), is_marked=is_marked)


def _explained(shown: Sequence[PlanReport], planned: Mapping[str, WavePlan | None]) -> Iterator[str]:
    yield from _earliest_end(shown, planned)
    yield (
        "Every proposal stays within your limits: the dates when schools can go live, team capacity, the number of "
        "changes that a school faces at once, the pilot schools, the size of waves and the gap between them."
    )
    for plan in shown:
        if plan.key == IN_FORCE.key:
            cases = counted(len(plan.limits), "case")
            yield f"The current plan breaks limits in {cases}." if plan.limits else "The current plan does so too."
    yield "Each proposal puts a different priority first."
    if any(plan.later for plan in shown):
        yield (
            "The proposals take account only of the main activities of a rollout. Some waves would go live later, "
            "because other tasks have to be finished first. Rows marked “with all tasks” allow for those tasks."
        )


def _earliest_end(shown: Sequence[PlanReport], planned: Mapping[str, WavePlan | None]) -> Iterator[str]:
    """Say whether a proposal ends earlier than the current plan once all tasks are planned."""
    ends = {
        plan.name: max(c.day for c in found.chosen.values())
        for plan in shown
        if (found := planned.get(plan.key)) is not None and found.chosen
    }
    current = ends.pop(IN_FORCE.name, None)
    if current is None or not ends:
        return
    name = min(ends, key=lambda n: ends[n])
    if ends[name] < current:
        yield (
            f"When all tasks are taken into account, “{name}” finishes earliest: its last go-live is on "
            f"{format_day(ends[name])} "
            f"({format_day(current)} in the current plan)."
        )
    else:
        yield (
            "When all tasks are taken into account, no proposal finishes earlier than the current plan, whose last "
            "go-live "
            f"is on {format_day(current)}."
        )


def _compared(problem: WaveProblem, shown: Sequence[PlanReport]) -> Iterator[CompareLine]:
    """Yield the numbers of the plans. Dates are forecasts only once every task before a go-live is planned."""

    def line(label: str, cells: Iterator[object]) -> CompareLine:
        return CompareLine(label=label, cells=tuple(str(cell) for cell in cells))

    is_planned = any(p.planned_last_day for p in shown)
    yield line("Average go-live date", (p.mean_day for p in shown))
    yield line("Last go-live", (p.last_day for p in shown))
    if is_planned:
        yield line("Last go-live, with all tasks", (p.planned_last_day or "unknown" for p in shown))
    yield line("Waves, including pilots", (len(p.waves) for p in shown))
    if problem.announced:
        yield line("Announced dates changed", (len(p.moves) for p in shown))
        if is_planned:
            moves = ("unknown" if p.planned_moves is None else p.planned_moves for p in shown)
            yield line("Announced dates changed, with all tasks", moves)
    if is_planned:
        yield line("Deadlines missed", (sum(d.days_late > 0 for d in p.deadlines) for p in shown))
        yield line("Limits broken", (len(p.limits) for p in shown))
        if any(p.later for p in shown):
            yield line("Waves later than proposed", (len(p.later) for p in shown))
        if any(p.findings for p in shown):
            yield line("New blocking findings", (len(p.findings) for p in shown))
    if any(school.hub for school in problem.schools.values()):
        yield line("Go-live dates after the first in each hub (fewer is better)", (p.hub_dates for p in shown))
        yield line("Weeks between the first and last hub (average go-live dates)", (f"{p.fairness:g}" for p in shown))
    for team in shown[0].peaks if shown else ():
        yield line(f"Busiest week, {team}", (f"{p.peaks[team]}%" for p in shown))


def _later(effect: PlanEffect) -> Iterator[LaterWaveLine]:
    for wave in effect.later:
        yield LaterWaveLine(
            wave=f"{wave.service}, {wave.name}", proposed=format_day(wave.proposed), day=format_day(wave.day)
        )


def later_in_words(line: LaterWaveLine) -> str:
    """Say that a wave goes live later than proposed."""
    return f"{line.wave} would go live on {line.day}, not on {line.proposed}, because other tasks take longer"


def _deadline(effect: MilestoneEffect) -> DeadlineLine:
    return DeadlineLine(
        milestone=effect.name,
        day=mark_if(format_day(effect.forecast), is_marked=effect.is_assumed),
        deadline=format_day(effect.deadline),
        days_late=effect.days_late,
    )


def _waves(problem: WaveProblem, plan: WavePlan, assumed: frozenset[Pair]) -> Iterator[WaveLine]:
    names = wave_names(problem, plan)
    for service, asked in problem.services.items():
        here: dict[tuple[date, bool, str], list[str]] = {}
        marked = set[tuple[date, bool, str]]()
        for pair, candidate in plan.chosen.items():
            if pair[1] == service:
                key = candidate.day, pair not in plan.pilot, names[pair]
                here.setdefault(key, []).append(pair[0])
                marked |= {key} if pair in assumed else set()
        for key, schools in sorted(here.items()):
            day, is_wave, name = key
            yield WaveLine(
                service=asked.name,
                name=name,
                day=mark_if(format_day(day), is_marked=key in marked),
                iso=day.isoformat(),
                schools=tuple(sorted(problem.schools[s].name for s in schools)),
                service_id=service,
                school_ids=tuple(sorted(schools)),
                is_pilot=not is_wave,
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


def _changes(problem: WaveProblem, plan: WavePlan) -> Iterator[AnnouncedMove]:
    """Yield the moves, with the schools that share both days together, in the order of services and days."""
    together: dict[tuple[int, date, str, int], list[str]] = {}
    order = {service: n for n, service in enumerate(problem.services)}
    for (school, service), week in problem.announced.items():
        pair = school, service
        if pair in plan.chosen and plan.week(pair) != week:
            key = order[service], plan.chosen[pair].day, problem.announced_words(pair), plan.week(pair) - week
            together.setdefault(key, []).append(problem.schools[school].name)
    names = [service.name for service in problem.services.values()]
    for (service_number, day, announced, weeks), schools in sorted(together.items()):
        yield AnnouncedMove(
            service=names[service_number],
            announced=announced,
            day=format_day(day),
            by=f"{counted(abs(weeks), 'week')} {'later' if weeks > 0 else 'earlier'}",
            schools=tuple(sorted(schools)),
        )


def _loads(problem: WaveProblem, plan: WavePlan) -> Iterator[LoadLine]:
    for team, tenths in loads(problem, plan).items():
        weeks = [
            (format_day(problem.monday(w)), percent_of(n, problem.capacity[team][w])) for w, n in enumerate(tenths) if n
        ]
        yield LoadLine(team=problem.team_names[team], peak=max((p for _, p in weeks), default=0), weeks=tuple(weeks))


def effect_lines(effect: PlanEffect) -> tuple[tuple[DeadlineLine, ...], tuple[LaterWaveLine, ...], tuple[str, ...]]:
    """Return the deadlines, the waves that go live later, and the findings with one plan."""
    return tuple(_deadline(m) for m in effect.milestones), tuple(_later(effect)), effect.breaks
