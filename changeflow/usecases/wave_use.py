"""The effect of a wave plan on the programme."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from changeflow.errors import ChangeflowError
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.planning.wave_use import (
    LaterWave,
    MilestoneEffect,
    PlanEffect,
    Refers,
    plan_in_force,
    waves_of,
    with_waves,
)
from changeflow.programme.announcements import go_live_tasks
from changeflow.programme.former_waves import facts_with
from changeflow.programme.programme import Programme, join
from changeflow.programme.renames import renames_of
from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.problem import Pair, WavePlan, WaveProblem, wave_names
from changeflow.rules.engine import Judged, judge


def effect_in_force(programme: Programme, problem: WaveProblem, plan: WavePlan) -> PlanEffect:
    """Return the current plan's effect on deadlines, and the limits of rollout.yaml that it exceeds."""
    breaks = tuple(broken.what for broken in check_plan(problem, _within(problem, plan)))
    milestones = tuple(milestone_effects(programme))
    return PlanEffect(milestones=milestones, breaks=breaks, assumed=_assumed(programme), planned=plan)


def _within(problem: WaveProblem, plan: WavePlan) -> WavePlan:
    """Return a plan without work after the problem's last week, for which no team's capacity is known.

    The plan in force may continue after the last day that rollout.yaml allows.
    """
    chosen = dict(plan.chosen)
    for pair, candidate in plan.chosen.items():
        if candidate.last >= problem.weeks:
            weeks = [tuple(w for w in p.weeks if w < problem.weeks) for p in candidate.placements]
            cut = (
                replace(p, weeks=w, tenths=p.tenths[: len(w)])
                for p, w in zip(candidate.placements, weeks, strict=True)
                if w
            )
            chosen[pair] = replace(candidate, placements=tuple(cut))
    return replace(plan, chosen=chosen)


def judged_again(programme: Programme) -> Judged:
    """Judge the current programme again from its definition, to find what blocks it now."""
    joined, _ = join(programme.definition, rulepacks=shipped_rulepacks(), facts=programme.facts, on=_on(programme))
    return judge(joined)


def effect_of(judged: Judged, problem: WaveProblem, plan: WavePlan, refers: Refers) -> PlanEffect:
    """Schedule and judge the programme with a plan's waves and the same facts. `judged` is the current programme."""
    programme = judged.programme
    used = waves_of(programme, problem, plan, refers)
    changed = with_waves(programme.definition, used)
    facts = facts_with(renames_of(changed).facts(programme.facts), programme.definition, changed)
    joined, errors = join(changed, rulepacks=shipped_rulepacks(), facts=facts, on=_on(programme))
    try:
        after = judge(joined)
    except ChangeflowError as error:
        return PlanEffect(breaks=(str(error),))
    known = {(f.rule, f.subject) for f in judged.blocks}
    breaks = [f"{f.title}: {f.message}" for f in after.blocks if (f.rule, f.subject) not in known]
    moved = {f"{service}/{old}/" for (service, old) in used.renamed}
    breaks += [e.what for e in errors if not any(name in e.what for name in moved)]
    return PlanEffect(
        milestones=tuple(milestone_effects(after.programme)),
        breaks=tuple(dict.fromkeys(breaks)),
        later=tuple(_later_than_proposed(after.programme, problem, plan)),
        assumed=_assumed(after.programme),
        planned=plan_in_force(after.programme, problem),
    )


def _assumed(programme: Programme) -> frozenset[Pair]:
    assumed = programme.schedule.assumed.early if programme.schedule is not None else {}
    return frozenset(pair for pair, live in go_live_tasks(programme).items() if live.id in assumed)


def _later_than_proposed(programme: Programme, problem: WaveProblem, plan: WavePlan) -> Iterator[LaterWave]:
    """Yield the waves that would go live later than proposed, by proposed day."""
    lives, names = go_live_tasks(programme), wave_names(problem, plan)
    late: dict[tuple[date, str, str], date] = {}
    for pair, candidate in plan.chosen.items():
        live = lives.get(pair)
        day = programme.days_of(live.id)[1] if live else candidate.day
        if day > candidate.day:
            key = candidate.day, problem.services[pair[1]].name, names[pair]
            late[key] = max(day, late.get(key, day))
    for (proposed, service, name), day in sorted(late.items()):
        yield LaterWave(service=service, name=name, proposed=proposed, day=day)


def _on(programme: Programme) -> date | None:
    return programme.on if programme.roadmap.data_date is not None else None


def milestone_effects(programme: Programme) -> Iterator[MilestoneEffect]:
    """Yield the forecast of each open milestone that has a deadline."""
    for milestone in programme.open_milestones:
        if milestone.deadline is not None:
            forecast = programme.timed(milestone.task).last_day
            is_assumed = milestone.task in programme.required_schedule.assumed.early
            yield MilestoneEffect(
                name=milestone.name, forecast=forecast, deadline=milestone.deadline, is_assumed=is_assumed
            )
