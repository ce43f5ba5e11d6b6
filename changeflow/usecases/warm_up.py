"""Compile the engine for this machine in advance, so that no command has to wait for it."""

from collections.abc import Callable

from changeflow.places import programme_templates
from changeflow.roadmap.engine import jit
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.engine.replan import Consequences, Replanner, if_longer
from changeflow.usecases.plan import plan_folder

SAMPLE = "trust-central-services"
LEAST_ITERATIONS = 100
A_MOMENT = 0.1
"""Seconds of effort: just enough to run every part of a search."""


def warm(say: Callable[[str], None]) -> None:
    """Run everything that is compiled, on the sample programme; numba caches it."""
    programme = plan_folder(programme_templates()[SAMPLE]).programme
    roadmap, day = programme.roadmap, programme.minutes_per_day
    say("1 of 4: schedules")
    with jit.compiled_always():
        schedule = time_roadmap(roadmap)
        if_longer(roadmap, day)
        first = min(roadmap.tasks)
        Consequences(roadmap, schedule).finish_if(first, schedule[first].early_finish + day, first)
        Replanner(roadmap).plan(roadmap)
    # Imported here because the solvers take longer to load than most commands take.
    from changeflow.usecases.levelling import level_plan
    from changeflow.usecases.risk import simulate_programme
    from changeflow.usecases.waves import plan_waves

    say("2 of 4: simulations")
    simulate_programme(programme, iterations=LEAST_ITERATIONS, seed=1)
    say("3 of 4: levelling")
    level_plan(programme, seconds=A_MOMENT, seed=1)
    say("4 of 4: rollout waves")
    plan_waves(programme, seconds=60, effort=A_MOMENT, seed=1)
