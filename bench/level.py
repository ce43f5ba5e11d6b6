"""Levelling of a made-up roadmap of two thousand tasks, on the sample's calendars."""

import random
import time
from dataclasses import replace
from pathlib import Path

from changeflow.intake.folder import read_folder
from changeflow.planning.levelling import level_programme
from changeflow.programme.programme import Programme
from changeflow.roadmap.levelling.search import SearchEffort
from changeflow.roadmap.model.graph import build_graph
from changeflow.roadmap.model.tasks import Link, Roadmap, Task
from changeflow.rules.engine import judge
from changeflow.values.duration import Duration

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "programmes" / "trust-central-services"
TASKS = 2_000
SECONDS = 5.0
"""The effort that `changeflow level` makes by itself."""


def measure_level() -> dict[str, float]:
    """Return seconds to a levelled plan, every date to the minute, and how far its end is from the bound."""
    programme = two_thousand(judge(read_folder(SAMPLE).programme).programme)
    level_programme(programme, SearchEffort(seconds=30, effort=0.1))  # compiles what is not compiled yet
    began = time.perf_counter()
    found = level_programme(programme, SearchEffort(seconds=4 * SECONDS, effort=SECONDS))
    seconds = time.perf_counter() - began
    start = programme.roadmap.start
    return {
        "level_2000_tasks_s": round(seconds, 1),
        "level_2000_tasks_gap": round((found.finish - found.bound) / (found.finish - start), 4),
        "level_2000_tasks_moves": len(found.moves),
    }


def two_thousand(sample: Programme, count: int = TASKS) -> Programme:
    """Tasks of one to ten days after one to three of the two hundred before; half of them need one or two teams."""
    rng = random.Random(5)  # noqa: S311
    roadmap = sample.roadmap
    calendars = [key for key in roadmap.calendars if not key.startswith("every_day")]
    teams = {key: round((t.days_per_week - t.backfill) * 2) for key, t in sample.definition.rollout.teams.items()}
    tasks = {}
    for n in range(count):
        chosen = rng.sample(sorted(teams), rng.choice((1, 1, 2))) if rng.random() < 0.5 else []
        name = f"made/t{n:04d}"
        tasks[name] = Task(
            id=name,
            name=f"Task {n}",
            duration=Duration(rng.randint(1, 10) * roadmap.minutes_per_day),
            calendar=rng.choice(calendars),
            needs={t: rng.randint(1, max(1, teams[t] // 3)) for t in chosen},
        )
    names = list(tasks)
    links = [
        Link(names[before], names[n])
        for n in range(1, count)
        for before in sorted(rng.sample(range(max(0, n - 200), n), min(n, rng.choice((1, 2, 3)))))
    ]
    made: Roadmap = replace(roadmap, tasks=tasks, links=tuple(links), progress={}, data_date=None, finish=None)
    return replace(
        sample,
        roadmap=made,
        milestones=(),
        graph=build_graph(made.tasks, made.links),
        schedule=None,
        _by_kind={},
        _precedence=[],
    )
