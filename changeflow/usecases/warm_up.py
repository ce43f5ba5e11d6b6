"""Compile the engine for this machine beforehand, so that no question has to wait for it."""

from collections.abc import Callable

from changeflow.places import programme_templates
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine import jit
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.engine.replan import Consequences, Replanner, if_longer
from changeflow.usecases.plan import plan_folder

SAMPLE = "trust-central-services"
LEAST_ITERATIONS = 100
A_MOMENT = 0.1
"""Seconds of effort: as little search as runs everything that a search is made of."""


def warm(say: Callable[[str], None]) -> None:
    """Run everything that is ever compiled, on the ready programme; numba keeps it for the next time."""
    programme = plan_folder(programme_templates()[SAMPLE]).programme
    steps: tuple[tuple[str, Callable[[Programme], object]], ...] = (
        ("schedules", _schedules),
        ("simulations", _simulations),
        ("levelling", _levelling),
        ("rollout waves", _waves),
    )
    for number, (name, step) in enumerate(steps, start=1):
        say(f"{number} of {len(steps)}: {name}")
        step(programme)


def _schedules(programme: Programme) -> None:
    roadmap, day = programme.roadmap, programme.minutes_per_day
    with jit.compiled_always():
        schedule = time_roadmap(roadmap)
        if_longer(roadmap, day)
        first = min(roadmap.tasks)
        Consequences(roadmap, schedule).finish_if(first, schedule[first].early_finish + day, first)
        Replanner(roadmap).plan(roadmap)


def _simulations(programme: Programme) -> None:
    from changeflow.usecases.risk import simulate_programme

    simulate_programme(programme, iterations=LEAST_ITERATIONS, seed=1)


def _levelling(programme: Programme) -> None:
    # Loaded here, as below: the solver takes longer to load than most commands take.
    from changeflow.usecases.levelling import level_plan

    level_plan(programme, seconds=A_MOMENT, seed=1)


def _waves(programme: Programme) -> None:
    from changeflow.usecases.waves import plan_waves

    plan_waves(programme, seconds=60, effort=A_MOMENT, seed=1)
