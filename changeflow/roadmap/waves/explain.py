"""Why there is no plan: a minimal set of conflicting requests, and the smallest changes that would help."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from changeflow.phrases import capitalised
from changeflow.roadmap.model.requests import Weights
from changeflow.roadmap.solving import solved
from changeflow.roadmap.waves.problem import WaveProblem
from changeflow.roadmap.waves.rows import WaveRows, write_rows
from changeflow.roadmap.waves.solve import SearchLimits, WavesSolution, cp_model_of, make_solver, solve
from changeflow.values.duration import counted

PROBE = SearchLimits(seconds=20.0, effort=5.0)
"""Seconds for one trial of the filter."""
STEPS = (1, 2, 3, 4, 6, 8, 12, 26)
"""The amounts by which to relax a limit, smallest first."""
LAST = ("capacity", "at once", "group")
"""The hardest requests to change stay in the answer longest, so that it reads well."""
FREE = Weights(finish=0, last=0, peak=0, risk=0, hub=0, fairness=0, announced=0, announced_week=0)
Later = Callable[[int], WaveProblem]
"""Returns the problem with more weeks until the last date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveConflict:
    """Conflicting requests; if `is_minimal`, a plan exists without any one of them."""

    groups: tuple[str, ...]
    sentences: tuple[str, ...]
    is_minimal: bool
    """False if a trial ran out of time, so that the set is small but perhaps not the smallest."""


def explain(problem: WaveProblem) -> WaveConflict | None:
    """Return a minimal conflict, or None if there is a plan or the time was too short to tell."""
    if (plain := explain_plainly(problem)) is not None:
        return plain
    rows = write_rows(problem, FREE)
    groups = sorted({r.group for r in rows.rows if r.group})
    if not _ask(rows, groups).is_infeasible:
        return None
    core = _core(rows) or groups
    if not _ask(rows, core).is_infeasible:
        core = groups  # an assumption that the solver ignored
    minimal, is_minimal = _filtered(rows, core)
    return WaveConflict(
        groups=tuple(minimal), sentences=tuple(group_words(problem, g) for g in minimal), is_minimal=is_minimal
    )


def explain_plainly(problem: WaveProblem) -> WaveConflict | None:
    """Return conflicts found without a search: schools without any date, and impossible fixed dates."""
    if sentences := tuple(_without_dates(problem)):
        return WaveConflict(groups=("dates",), sentences=sentences, is_minimal=len(sentences) == 1)
    if sentences := tuple(_fixed_to_nothing(problem)):
        return WaveConflict(groups=("nothing opens",), sentences=sentences, is_minimal=len(sentences) == 1)
    return None


def relaxations(problem: WaveProblem, conflict: WaveConflict, *, later: Later | None = None) -> Iterator[str]:
    """Yield the smallest change of each limit that makes a plan possible, all else unchanged."""
    for group in conflict.groups:
        for words, loosened in _loosenings(problem, group):
            if _is_possible(loosened):
                yield words
                break
    if later is not None:
        for weeks in STEPS:
            if _is_possible(later(weeks)):
                yield f"Let the last go-live be {counted(weeks, 'week')} later."
                break


def group_words(problem: WaveProblem, group: str) -> str:
    """Describe the request behind a group of rows."""
    kind, _, what = group.partition(":")
    services, schools = problem.services, problem.schools
    if kind == "capacity":
        return f"{problem.team_names[what]}: no more days of work in a week than the team can give."
    if kind == "at once":
        count = schools[what].at_once
        return f"{schools[what].name} can bear at most {counted(count, 'change')} at once."
    if kind == "group":
        return (
            f"{problem.groups[what].name} can bear at most {counted(problem.groups[what].at_once, 'change')} at once."
        )
    if kind in ("fixed", "in the pilot"):
        school, service = what.split("/")
        if kind == "in the pilot":
            return f"{schools[school].name} is in the pilot of {services[service].name}."
        day = problem.fixed_words((school, service))
        return f"{schools[school].name} goes live with {services[service].name} on {day}."
    if kind == "order":
        school, _, order = what.partition("/")
        first, _, then = order.partition(" before ")
        weeks = services[then].after[first]
        apart = counted(weeks, "week")
        return f"At {schools[school].name}, {services[then].name} comes {apart} after {services[first].name}."
    if kind in ("hub together", "hub apart"):
        hub, service = what.split("/")
        how = f"within {counted(problem.hub_weeks, 'week')}" if problem.hub_weeks is not None else "on one date"
        return (
            f"Hub {hub} goes live with {services[service].name} {'on different dates' if kind == 'hub apart' else how}."
        )
    if kind == "apart":
        one, other = what.split("/")
        return f"{schools[one].name} and {schools[other].name} never go live in the same week."
    plan = services[what]
    return {
        "pilot": f"The pilot of {plan.name}{_who(problem, what)} is on one of its early dates.",
        "wave size": f"{plan.name} has at most {counted(plan.wave_size, 'school')} in a wave.",
        "weeks between": f"Waves of {plan.name} are at least {counted(plan.weeks_between, 'week')} apart.",
        "pilot first": f"{plan.name} continues at least {counted(plan.evaluation_weeks, 'week')} after its pilot.",
        "pilot size": f"The pilot of {plan.name} has at most {counted(plan.pilot_size, 'school')}.",
        "pilot mix": f"The pilot of {plan.name} has a school that would rather wait.",
    }[kind]


def _who(problem: WaveProblem, service: str) -> str:
    names = [problem.schools[s].name for s, name in sorted(problem.declared) if name == service]
    return f" with {', '.join(names)}" if names else ""


def _without_dates(problem: WaveProblem) -> Iterator[str]:
    for pair, candidates in problem.candidates.items():
        if candidates or pair in problem.fixed:
            continue
        common = Counter(problem.dropped[pair].values()).most_common(3)
        why = "; ".join(f"{reason} (rules out {counted(n, 'date')})" for reason, n in common)
        reason = capitalised(why) or "Its service has no date in the window"
        yield f"{problem.pair_name(pair)}: no date is left. {reason}."


def _fixed_to_nothing(problem: WaveProblem) -> Iterator[str]:
    for pair, week in problem.fixed.items():
        if week not in [c.week for c in problem.candidates[pair]]:
            reason = problem.dropped[pair].get(week, "its service has no date that week")
            yield f"{problem.pair_name(pair)} is fixed to {problem.fixed_words(pair)}, which is impossible: {reason}."


def _ask(rows: WaveRows, groups: Sequence[str]) -> WavesSolution:
    left_out = {r.group for r in rows.rows if r.group} - set(groups)
    return solve(rows, PROBE, without=left_out, with_bound=False)


def _core(rows: WaveRows) -> list[str]:
    """Ask the solver for a small set of groups that still conflicts, not always the smallest."""
    model, _, guards = cp_model_of(rows, rows.rows, is_guarded=True)
    model.add_assumptions(list(guards.values()))
    solver = make_solver(PROBE)
    # With several workers, or interleaved, the solver ignored assumptions.
    solver.parameters.num_workers = 1
    solver.parameters.interleave_search = False
    if solved(solver, model) != cp_model.INFEASIBLE:
        return []
    found = {guard.index: group for group, guard in guards.items()}
    return sorted(found[i] for i in solver.sufficient_assumptions_for_infeasibility() if i in found)


def _filtered(rows: WaveRows, core: Sequence[str]) -> tuple[list[str], bool]:
    """Leave out one group after another; a group whose removal makes a plan possible belongs to the conflict."""
    order = sorted(core, key=lambda g: (g.partition(":")[0] in LAST, g))
    kept, is_minimal = list(order), True
    for group in order:
        fewer = [g for g in kept if g != group]
        answer = _ask(rows, fewer)
        if answer.is_infeasible:
            kept = fewer
        elif answer.plan is None:
            is_minimal = False  # not decided in time
    return kept, is_minimal


def _is_possible(problem: WaveProblem) -> bool:
    if explain_plainly(problem) is not None:
        return False
    return solve(write_rows(problem, FREE), PROBE, with_bound=False).plan is not None


def _loosenings(problem: WaveProblem, group: str) -> Iterator[tuple[str, WaveProblem]]:
    """Yield ever larger relaxations of a group, with their descriptions."""
    kind, _, what = group.partition(":")
    if kind == "capacity":
        for step in STEPS:
            more = {**problem.capacity, what: tuple(n * (100 + 10 * step) // 100 for n in problem.capacity[what])}
            yield f"Give {problem.team_names[what]} {10 * step}% more days.", replace(problem, capacity=more)
    elif kind == "at once":
        school = problem.schools[what]
        for step in STEPS[:3]:
            changed = {**problem.schools, what: replace(school, at_once=school.at_once + step)}
            words = f"Let {school.name} have {school.at_once + step} changes at once."
            yield words, replace(problem, schools=changed)
    elif kind == "group":
        known = problem.groups[what]
        for step in STEPS[:3]:
            looser = {**problem.groups, what: replace(known, at_once=known.at_once + step)}
            yield f"Let {known.name} have {known.at_once + step} changes at once.", replace(problem, groups=looser)
    elif kind == "fixed":
        pair = (what.split("/")[0], what.split("/")[1])
        fewer = {p: w for p, w in problem.fixed.items() if p != pair}
        yield f"Leave the date of {problem.pair_name(pair)} open.", replace(problem, fixed=fewer)
    elif kind in ("in the pilot", "pilot"):
        yield from _pilot_loosenings(problem, what)
    elif kind == "apart":
        one, other = what.split("/")
        fewer_pairs = tuple(p for p in problem.apart if p != (one, other))
        names = problem.schools[one].name, problem.schools[other].name
        yield f"Let {names[0]} and {names[1]} go live in the same week.", replace(problem, apart=fewer_pairs)
    elif kind in ("hub together", "hub apart"):
        loose = replace(problem, hub_weeks=None, hub_one_date=False, hubs_apart=False)
        yield "Keep hubs together by weight, not as a fixed limit.", loose
    elif kind in ("wave size", "weeks between", "pilot first", "pilot size"):
        yield from _service_loosenings(problem, kind, what)


def _pilot_loosenings(problem: WaveProblem, what: str) -> Iterator[tuple[str, WaveProblem]]:
    """Leave the schools of the plan's pilot open, or one school that rollout.yaml requests."""
    school, _, service = what.rpartition("/")
    plan, known = problem.services[service], problem.schools.get(school)
    if known is not None and known.pilot:
        changed = {**problem.schools, school: replace(known, pilot=None)}
        yield f"Leave open whether {known.name} is in the pilot of {plan.name}.", replace(problem, schools=changed)
    elif problem.declares_pilot(service):
        others = frozenset(p for p in problem.declared if p[1] != service)
        yield f"Leave open which schools are in the pilot of {plan.name}.", replace(problem, declared=others)
    if known is None:
        without = {**problem.services, service: replace(plan, has_pilot=False)}
        yield f"Roll {plan.name} out without a pilot.", replace(problem, services=without)


def _service_loosenings(problem: WaveProblem, kind: str, service: str) -> Iterator[tuple[str, WaveProblem]]:
    plan = problem.services[service]
    limit, sign, words = {
        "wave size": ("wave_size", 1, "Allow {} schools in a wave of {}."),
        "pilot size": ("pilot_size", 1, "Allow {} schools in the pilot of {}."),
        "weeks between": ("weeks_between", -1, "Let waves of {1} follow each other after {0} weeks."),
        "pilot first": ("evaluation_weeks", -1, "Judge the pilot of {1} within {0} weeks."),
    }[kind]
    for step in STEPS:
        loosened = getattr(plan, limit) + sign * step
        if loosened <= 0:
            return
        changed = replace(plan, **{limit: loosened})
        yield words.format(loosened, plan.name), replace(problem, services={**problem.services, service: changed})
