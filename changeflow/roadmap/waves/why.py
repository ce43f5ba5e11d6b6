"""Why a school goes live when it does: what stands against each earlier date, the rest of the plan as it is."""

from collections.abc import Iterator
from dataclasses import replace

from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.problem import Pair, WavePlan, WaveProblem
from changeflow.values.moments import format_day


def why(problem: WaveProblem, plan: WavePlan, pair: Pair) -> Iterator[str]:
    """Yield the date, and then what stands against each earlier one; dates with the same reason are told together.

    It is said with the rest of the plan where it is: that a date could not be whatever else moved, this does not say.
    """
    chosen = plan.chosen[pair]
    school, service = problem.schools[pair[0]], problem.services[pair[1]]
    part = "in the pilot" if pair in plan.pilot else f"in wave {_number(plan, pair)}"
    yield f"{school.name} goes live with {service.name} on {format_day(chosen.day)}, {part}."
    if pair in problem.fixed:
        yield "That is fixed: it was set, or it has happened."
        return
    reasons: list[tuple[str, list[int]]] = []
    for week in service.weeks:
        if week >= chosen.week:
            break
        reason = _against(problem, plan, pair, week)
        if reasons and reasons[-1][0] == reason:
            reasons[-1][1].append(week)
        else:
            reasons.append((reason, [week]))
    for reason, weeks in reasons:
        days = [_day(problem, pair[1], w) for w in weeks]
        span = f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"
        yield f"Not {span}: {reason}."
    if not reasons:
        yield "No earlier date exists for it."


def _against(problem: WaveProblem, plan: WavePlan, pair: Pair, week: int) -> str:
    if (reason := problem.dropped[pair].get(week)) is not None:
        return reason
    earlier = next((c for c in problem.candidates[pair] if c.week == week), None)
    if earlier is None:
        return "the service opens on no date of its then"
    moved = replace(plan, chosen={**plan.chosen, pair: earlier})
    if broken := check_plan(problem, moved):
        return broken[0].what
    return "nothing forbids it; the plan weighs it against a calmer, fairer or less changed one"


def _day(problem: WaveProblem, service: str, week: int) -> str:
    return format_day(problem.services[service].days[week])


def _number(plan: WavePlan, pair: Pair) -> int:
    """Waves are counted by date, the pilot is none of them."""
    dates = sorted({c.week for p, c in plan.chosen.items() if p[1] == pair[1] and p not in plan.pilot})
    return dates.index(plan.week(pair)) + 1
