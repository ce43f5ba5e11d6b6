"""The plan of waves in force, as pages show it."""

from dataclasses import dataclass

from changeflow.errors import InputError
from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.programme import Programme
from changeflow.roadmap.waves.problem import WavePlan, WaveProblem
from changeflow.usecases.visits import Visit


@dataclass(frozen=True, slots=True)
class WavesNow:
    """The rollout as a problem, and the plan in force."""

    problem: WaveProblem
    plan: WavePlan


def waves_now(visit: Visit) -> WavesNow | None:
    """Return the plan in force; None if no school goes live in any wave. The caller checks who may see it."""
    return visit.view("waves now", lambda: _waves_now(visit.programme))


def _waves_now(programme: Programme) -> WavesNow | None:
    try:
        problem = wave_problem(programme)
    except InputError:
        return None
    plan = plan_in_force(programme, problem)
    return WavesNow(problem, plan) if plan.chosen else None
