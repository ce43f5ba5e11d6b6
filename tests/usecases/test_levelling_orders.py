"""Levelling against plain orders: placing tasks one by one, in any order at random, never ends sooner.

A week is Monday to Friday, 08:30 to 12:30 and 13:00 to 16:30. One person, ICT, does it all.
"""

import random
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from changeflow.intake.folder import read_folder
from changeflow.planning.levelling import LevelledProgramme, level_programme
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.levelling.exact import Axis, ExactPass, no_earlier
from changeflow.roadmap.levelling.search import SearchEffort
from changeflow.roadmap.levelling.teams import Capacity, overloads
from changeflow.rules.engine import judge
from changeflow.values.moments import DAY, datetime_of, day_of, minute_of
from tests.builders import PROGRAMME, a_folder
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

NO_STEPS = "pathway: short\nname: None\nsteps: {}\n"
ICT = "teams:\n  ict: {name: ICT, days_per_week: 5}\n"
EFFORT = SearchEffort(seconds=PATIENCE, effort=0.5)


def programme_of(path: Path, *tasks: str, more: str = "") -> Programme:
    lines = "".join(f"  {task}\n" for task in tasks)
    head = PROGRAMME.partition("tasks:\n")[0]
    a_folder(
        path,
        pathway=NO_STEPS,
        programme=f"{head}tasks:\n{lines}milestones:\n  done: {{name: Done, after: [programme/long]}}\n",
    )
    (path / "rollout.yaml").write_text(ICT)
    (path / "calendars").mkdir(exist_ok=True)
    (path / "calendars" / "pay.yaml").write_text(
        f"calendar: pay\npay_periods: {{first_month: 2026-12, months: 24, payday: 28}}\n{more}"
    )
    return judge(read_folder(path).programme).programme


def day(found: LevelledProgramme, task: str) -> date:
    return day_of(found.after[f"programme/{task}"][0])


def test_an_early_end_comes_before_early_starts(tmp_path: Path):
    """`long` is ready on Friday 15 January, the short ones on Monday 18th. Long first: Friday to Wednesday 20th, two
    halves on the 21st, and the last on Friday 22nd in the morning. Two halves on Monday 18th would start three days
    sooner each, but long then works from the 19th to the 22nd, and the last half is on Monday 25th."""
    found = level_programme(
        programme_of(
            tmp_path,
            "long: {duration: 4d, start_no_earlier: 2027-01-15, needs: {ict: 1}}",
            *(f"half-{n}: {{duration: 0.5d, start_no_earlier: 2027-01-18, needs: {{ict: 1}}}}" for n in range(3)),
        ),
        EFFORT,
    )
    assert day(found, "long") == date(2027, 1, 15)
    assert datetime_of(found.finish) < datetime(2027, 1, 22, 13)


def test_work_that_is_as_late_as_possible_shares_its_people(tmp_path: Path):
    """`prepare` takes two days and is as late as possible before `meeting`, which is on Friday 15 January at the
    earliest: links alone put it on Wednesday 13th and Thursday 14th. `fix` needs the same person from Wednesday 13th to
    Friday 15th. One of them waits, and no one is asked for twice."""
    found = level_programme(
        programme_of(
            tmp_path,
            "long: {duration: 10d}",
            "prepare: {duration: 2d, as_late_as_possible: true, needs: {ict: 1}}",
            "meeting: {duration: 1d, start_no_earlier: 2027-01-15, after: prepare}",
            "fix: {duration: 3d, start_no_earlier: 2027-01-13, needs: {ict: 1}}",
        ),
        EFFORT,
    )
    assert day(found, "prepare") >= date(2027, 1, 13)
    assert {day(found, "prepare"), day(found, "fix")} in (
        {date(2027, 1, 13), date(2027, 1, 15)},
        {date(2027, 1, 13), date(2027, 1, 18)},
    )


def test_work_that_starts_with_a_month_is_on_its_first_days(tmp_path: Path):
    """`open` starts on Monday 1 February and takes three days; `fix` wants the person on that day and waits or goes
    before. The count by the minute agrees with what is written down as the start, a midnight."""
    found = level_programme(
        programme_of(
            tmp_path,
            "long: {duration: 15d, start_no_earlier: 2027-01-25, needs: {ict: 1}}",
            "open: {duration: 3d, starts_on: month, start_no_earlier: 2027-01-20, needs: {ict: 1}}",
        ),
        EFFORT,
    )
    assert day(found, "open").day == 1
    assert found.finish <= minute_of(date(2027, 3, 4))


@pytest.mark.usual(1)
@pytest.mark.parametrize("seed", range(8))
def test_no_random_order_ends_sooner(tmp_path: Path, seed: int):
    """Six to nine tasks: links, dates, holds, months, late ones; two hundred orders, each placed to the minute."""
    rng = random.Random(seed)
    names = ["long", *(f"t{n}" for n in range(rng.randint(5, 8)))]
    tasks = []
    for n, name in enumerate(names):
        fields = [f"duration: {rng.choice(['0.5d', '1d', '2d', '3d', '5d'])}"]
        if rng.random() < 0.8:
            fields.append(f"needs: {{ict: {rng.choice(['1', '0.5', '0.3'])}}}")
        if n and rng.random() < 0.4:
            before = rng.choice(names[:n])
            fields.append(f"after: '{before}{rng.choice(['', ' FS+1d', ' SS+1d', ' FS-1d'])}'")
        fields += [f"start_no_earlier: 2027-01-{rng.randint(5, 22):02}"] * (rng.random() < 0.3)
        fields += ["holds_people: true"] * (rng.random() < 0.3)
        fields += ["starts_on: month"] * (rng.random() < 0.15)
        fields += ["as_late_as_possible: true"] * (rng.random() < 0.15)
        tasks.append(f"{name}: {{{', '.join(fields)}}}")
    programme = programme_of(tmp_path, *tasks)
    found = level_programme(programme, EFFORT)
    assert not overloads(programme.roadmap, found.after, found.capacity)
    assert found.finish <= best_of_random_orders(programme, rng)


def best_of_random_orders(programme: Programme, rng: random.Random) -> int:
    """Return the earliest end of many orders. Late work is placed from where links alone put it, as in levelling."""
    plan = time_roadmap(programme.roadmap)
    tasks = {
        t.id: no_earlier(t, plan[t.id].early_start) if t.as_late_as_possible else t
        for t in programme.roadmap.tasks.values()
    }
    early = {name: replace(task, as_late_as_possible=False) for name, task in tasks.items()}
    roadmap = replace(programme.roadmap, tasks=early)
    capacity = Capacity(programme.definition.rollout.teams)
    start, end = roadmap.start, plan.finish + 120 * DAY
    axis = Axis(list(roadmap.calendars.values()), start, end, 15)
    days = [at // DAY for at in axis.opens.tolist()]
    free = {team: np.array([capacity.on(team, one) for one in days]) for team in capacity.teams}
    waiting = {t: {k.predecessor for k in roadmap.links if k.successor == t} for t in early}
    best = 1 << 60
    for _ in range(200):
        order: list[str] = []
        while len(order) < len(early):
            ready = sorted(t for t in early if t not in order and waiting[t] <= set(order))
            order.append(rng.choice(ready))
        placed = ExactPass(roadmap, axis, free, {}).run(order, {})
        best = min(best, max(finish for _, finish in placed.dates.values()))
    return best
