"""The totals of a plan by criterion: weeks, peaks, hubs' dates, fairness, and the dates that move."""

from collections.abc import Mapping
from dataclasses import dataclass

from changeflow.roadmap.waves.problem import WavePlan, WaveProblem
from changeflow.roadmap.waves.rows import SCALE, WaveRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The total of a plan for each criterion."""

    mean_week: float
    last_week: int
    peaks: Mapping[str, int]
    """The fullest week of each team, in percent of what it can give then."""
    hub_dates: int
    """Dates of hubs beyond one for each hub and service, pilots left out."""
    fairness: float
    """Weeks between the means of the earliest and the latest hub."""
    announced_moved: int
    """Schools and services whose announced date changes."""
    announced_weeks: int
    waves: int


def numbers_of(problem: WaveProblem, plan: WavePlan) -> Numbers:
    """Work out the totals of a plan."""
    weeks = [c.week for c in plan.chosen.values()]
    dates = {(pair[1], c.week) for pair, c in plan.chosen.items()}
    moved = [abs(plan.week(p) - w) for p, w in problem.announced.items() if p in plan.chosen and plan.week(p) != w]
    return Numbers(
        mean_week=sum(weeks) / len(weeks),
        last_week=max(weeks),
        peaks=peaks(problem, plan),
        hub_dates=_hub_dates(problem, plan),
        fairness=_fairness(problem, plan),
        announced_moved=len(moved),
        announced_weeks=sum(moved),
        waves=len(dates),
    )


def worth(rows: WaveRows, plan: WavePlan) -> float:
    """Return about what the objective of a plan is, in tenths, without the model: shares and means are not rounded."""
    problem, weights = rows.problem, rows.weights
    dates = sum(rows.objective.get(rows.column[pair, c.week], 0) for pair, c in plan.chosen.items())
    last: dict[str, int] = {}
    for (_, service), candidate in plan.chosen.items():
        last[service] = max(last.get(service, 0), candidate.week)
    whole = (
        weights.hub * (0 if problem.hubs_apart else _hub_dates(problem, plan))
        + weights.last * sum(last.values())
        + weights.peak * sum(peaks(problem, plan).values())
        + weights.fairness * _fairness(problem, plan)
    )
    return dates + SCALE * whole


def loads(problem: WaveProblem, plan: WavePlan) -> dict[str, list[int]]:
    """Return each team's tenths of a day in each week."""
    found = {team: [0] * problem.weeks for team in problem.capacity}
    for candidate in plan.chosen.values():
        for placement in candidate.placements:
            if placement.team is not None:
                for week, tenths in zip(placement.weeks, placement.tenths, strict=True):
                    found[placement.team][week] += tenths
    return found


def peaks(problem: WaveProblem, plan: WavePlan) -> dict[str, int]:
    """Return the fullest week of each team, in percent of what it can give in that week."""
    return {
        team: max((-(-100 * n // problem.capacity[team][w]) for w, n in enumerate(load) if n), default=0)
        for team, load in loads(problem, plan).items()
    }


def _hub_dates(problem: WaveProblem, plan: WavePlan) -> int:
    dates: dict[tuple[str, str], set[int]] = {}
    for pair, candidate in plan.chosen.items():
        if pair not in plan.pilot and (hub := problem.schools[pair[0]].hub):
            dates.setdefault((hub, pair[1]), set()).add(candidate.week)
    return sum(len(found) - 1 for found in dates.values())


def _fairness(problem: WaveProblem, plan: WavePlan) -> float:
    weeks: dict[str, list[int]] = {}
    for pair, candidate in plan.chosen.items():
        if hub := problem.schools[pair[0]].hub:
            weeks.setdefault(hub, []).append(candidate.week)
    means = [sum(found) / len(found) for found in weeks.values()]
    return max(means) - min(means) if means else 0.0
