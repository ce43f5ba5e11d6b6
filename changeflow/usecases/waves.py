"""Plan rollout waves of a folder or a stored programme: three plans, or the reason why there is none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from changeflow.errors import InputError, UnknownThingError
from changeflow.intake.folder import read_folder
from changeflow.planning.wave_use import PlanEffect, Refers, plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.programme import Programme
from changeflow.reports.wave_conflicts import ConflictLine, ConflictReport
from changeflow.roadmap.waves.check import check_plan, why
from changeflow.roadmap.waves.plans import CALMEST, IN_FORCE, Offer, offers, styles_for
from changeflow.roadmap.waves.problem import Pair, WavePlan, WaveProblem, numbers_of, wave_names
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.stored import loaded
from changeflow.usecases.wave_edits import refers_in
from changeflow.usecases.wave_use import effect_in_force, effect_of, judged_again
from changeflow.usecases.wave_ways import LATER
from changeflow.values.moments import format_day

MOST_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The current plan, and the effect of it and each offer on the whole programme, by style."""

    in_force: WavePlan
    effects: Mapping[str, PlanEffect]


def compare_with_plan(found: "Waves", folder: Path | None) -> Compared:
    """Schedule and judge the programme with the current plan and each offer."""
    programme, problem = found.programme, found.problem
    in_force, refers, judged = plan_in_force(programme, problem), _refers(folder), judged_again(programme)
    effects = {IN_FORCE.key: effect_in_force(programme, problem, in_force)}
    effects |= {o.style.key: effect_of(judged, problem, o.plan, refers) for o in found.offers}
    return Compared(in_force=in_force, effects=effects)


def _refers(folder: Path | None) -> Refers:
    return refers_in(read_folder(folder).sources if folder is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """The result of a search: offers, or a conflict with its possible resolutions."""

    programme: Programme
    problem: WaveProblem
    offers: tuple[Offer, ...] = ()
    conflict: tuple[str, ...] = ()
    is_minimal: bool = True
    relaxations: tuple[str, ...] = ()
    report: ConflictReport | None = None
    """The conflict and the ways out of it, with the requests that they are about."""
    ran_out: bool = False
    """Whether the time ran out without a plan, so that there may still be one."""


def programme_of(folder: Path | None, *, db: str, programme: str | None, on: date | None) -> Programme:
    """Return a folder's programme, or a stored one as of a day."""
    if folder is not None:
        return plan_folder(folder, on=on).programme
    return loaded(programme, db=db, on=on or date.min)


def shown_name(key: str) -> str:
    """Return the name of a plan on the command line. It differs from its key where the key is older."""
    return "steadiest" if key == CALMEST.key else key


def plan_waves(
    programme: Programme,
    *,
    seconds: float,
    seed: int,
    effort: float | None = None,
    wanted: str | None = None,
    explained: str | None = None,
    say: Callable[[str], None] | None = None,
) -> Waves:
    """Search for the three plans, each for about `seconds`, and check them independently.

    The search ends by its own count of work, so that results repeat on a busy machine. `effort` sets that count; then
    `seconds` are only the most time it may take. `wanted` is the key of a plan, and `explained` a school and service;
    raise `UnknownThingError` before the search if either is unknown.
    """
    if not 0 < seconds <= MOST_SECONDS:
        raise InputError(f"Give the search some time, up to {MOST_SECONDS} seconds: --seconds 5.")
    # Imported here because the solver takes longer to load than most commands take.
    from changeflow.roadmap.waves.explain import explain_plainly
    from changeflow.roadmap.waves.solve import SearchLimits

    problem = wave_problem(programme)
    styles = {style.key: shown_name(style.key) for style in styles_for(problem)}
    if wanted is not None and wanted not in styles:
        # Without a guess: there are few names, and the nearest to “fastest” would be “steadiest”.
        raise UnknownThingError("plan", wanted, remedy=f"Use one of: {', '.join(styles.values())}.")
    if explained is not None:
        pair_named(problem, explained)
    if not problem.candidates:
        raise InputError("No wave has any school. Add waves to programme.yaml.")
    if explain_plainly(problem) is None:
        found, ran_out = [], False
        limits = (
            SearchLimits.about(seconds, seed)
            if effort is None
            else SearchLimits(seconds=seconds, effort=effort, seed=seed)
        )
        for style, answer, _ in offers(problem, limits, say=say):
            if answer.plan is None:
                ran_out = not answer.is_infeasible
                break
            if broken := check_plan(problem, answer.plan):
                raise AssertionError(f"the checker found {len(broken)} broken requirements: {broken[0].what}")
            found.append(
                Offer(
                    style=style,
                    plan=answer.plan,
                    numbers=numbers_of(problem, answer.plan),
                    gap=answer.gap,
                    is_proved=answer.is_proved,
                    is_repeatable=answer.is_repeatable,
                )
            )
        if found or ran_out:
            return Waves(programme=programme, problem=problem, offers=tuple(found), ran_out=ran_out and not found)
    if say is not None:
        say("There is no plan. Searching for the requests that conflict …")
    return _without_a_plan(programme, problem)


def _without_a_plan(programme: Programme, problem: WaveProblem) -> Waves:
    """Return why there is no plan, and what would allow one."""
    from changeflow.roadmap.waves.explain import explain, relaxations

    conflict = explain(problem)
    if conflict is None:
        return Waves(programme=programme, problem=problem, ran_out=True)
    limits = tuple(
        ConflictLine(group=group, text=text)
        for group, text in zip(_requests(problem, conflict.groups), conflict.sentences, strict=True)
    )
    ways = [
        ConflictLine(group=group, text=text)
        for group in conflict.groups
        for text in relaxations(problem, replace(conflict, groups=(group,)))
    ]
    later = relaxations(problem, replace(conflict, groups=()), later=lambda weeks: _later(programme, weeks))
    ways += [ConflictLine(group=LATER, text=text) for text in later]
    return Waves(
        programme=programme,
        problem=problem,
        conflict=conflict.sentences,
        is_minimal=conflict.is_minimal,
        relaxations=tuple(way.text for way in ways),
        report=ConflictReport(limits=limits, ways=tuple(ways), is_minimal=conflict.is_minimal),
    )


def _requests(problem: WaveProblem, groups: Sequence[str]) -> Sequence[str]:
    """Return the request that each sentence of a conflict is about; a conflict found without a search has several."""
    if tuple(groups) == ("dates",):
        pairs = [p for p, dates in problem.candidates.items() if not dates and p not in problem.fixed]
        return [f"dates:{school}/{service}" for school, service in pairs]
    if tuple(groups) == ("nothing opens",):
        dates = {pair: {c.week for c in found} for pair, found in problem.candidates.items()}
        return [f"fixed:{s}/{v}" for (s, v), week in problem.fixed.items() if week not in dates[s, v]]
    return groups


def pair_named(problem: WaveProblem, text: str) -> tuple[str, str]:
    """Read `school/service`; raise `UnknownThingError` with similar names if unknown."""
    school, _, service = text.partition("/")
    if (school, service) not in problem.candidates:
        raise UnknownThingError("go-live", text, [f"{s}/{v}" for s, v in problem.candidates])
    return school, service


def explain_date(found: Waves, current: WavePlan, pair: Pair) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield groups of proposals that give a school the same date for the same reasons, the current date first."""
    if pair in current.chosen:
        day, wave = current.chosen[pair].day, wave_names(found.problem, current)[pair]
        yield (IN_FORCE.name,), (f"{found.problem.pair_name(pair)}: {format_day(day)}, in {wave}.",)
    together: dict[tuple[str, ...], list[str]] = {}
    for offer in found.offers:
        together.setdefault(tuple(why(found.problem, offer.plan, pair)), []).append(offer.style.name)
    yield from ((tuple(names), lines) for lines, names in together.items())


def _later(programme: Programme, weeks: int) -> WaveProblem:
    """Return the problem with its last dates moved later."""
    rollout = programme.definition.rollout
    start = programme.definition.programme.start
    services = {
        name: s.model_copy(update={"latest": s.latest + timedelta(weeks=weeks)}) if s.latest else s
        for name, s in rollout.services.items()
    }
    latest = (rollout.latest or start + timedelta(days=730)) + timedelta(weeks=weeks)
    moved = rollout.model_copy(update={"latest": latest, "services": services})
    definition = programme.definition.model_copy(update={"rollout": moved})
    return wave_problem(replace(programme, definition=definition))
