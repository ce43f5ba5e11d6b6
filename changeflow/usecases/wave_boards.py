"""The plan of waves in force, as pages show it."""

from dataclasses import dataclass

from changeflow.errors import InputError
from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.programme import Programme
from changeflow.reports.wave_boards import WaveBoard, wave_board
from changeflow.roadmap.waves.problem import WavePlan, WaveProblem
from changeflow.usecases.own_school import own_school
from changeflow.usecases.visits import Visit
from changeflow.usecases.wave_use import effect_in_force
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True)
class WavesNow:
    """The rollout as a problem, and the plan in force."""

    problem: WaveProblem
    plan: WavePlan


def waves_now(visit: Visit) -> WavesNow | None:
    """Return the plan in force; None if no school goes live in any wave. The caller checks who may see it."""
    return visit.view("waves now", lambda: waves_in_force(visit.programme))


def waves_in_force(programme: Programme) -> WavesNow | None:
    """Return a programme's plan in force; None if no school goes live in any wave."""
    try:
        problem = wave_problem(programme)
    except InputError:
        return None
    plan = plan_in_force(programme, problem)
    return WavesNow(problem, plan) if plan.chosen else None


def board(visit: Visit) -> WaveBoard | None:
    """Return the board of the plan in force; None if no school goes live in any wave."""
    visit.permit(Action.READ_PROGRAMME)
    now = waves_now(visit)
    shown, own = visit.view("waves", lambda: _board(visit.programme, now)) if now else None, own_school(visit)
    return visit.view("waves-of-school", lambda: own.only(shown), own.school) if own and shown else shown


def _board(programme: Programme, now: WavesNow) -> WaveBoard:
    effect = effect_in_force(programme, now.problem, now.plan)
    return wave_board(programme.name, now.problem, now.plan, effect)
