"""Re-planning after a change, and a task's later finish, give what whole passes give; so does the sweep.

Whole passes place every task, in order; here it is found out which tasks have to be placed again.
"""

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.errors import CalendarExhaustedError, CyclicRoadmapError
from changeflow.roadmap.engine import replan
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.engine.replan import Consequences, Early, Placer, Replanner, Trials, follows, if_longer
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from tests.builders import DAY, a_roadmap, a_task, at
from tests.quick import draws, quick_first
from tests.roadmap.engine.test_kernel import a_random_roadmap


def changed(r: random.Random, roadmap: Roadmap) -> Roadmap:
    """Change one task: its duration, its deadline, a date of its own, or what is known of its progress."""
    task = r.choice([t for t in roadmap.tasks.values() if t.id not in roadmap.parents.values()])
    what = r.randrange(4)
    if what == 3:
        start = at("2027-01-05T09:00") + r.randint(0, 6) * 1440
        finish = start + 1440 if r.random() < 0.5 else None
        known = TaskProgress(start, finish, None if finish else Duration(300), None if finish else start + 1440)
        return replace(roadmap, progress={**roadmap.progress, task.id: known})
    if what == 0:
        task = replace(task, duration=Duration(r.choice([0, 60, DAY, 3 * DAY]), task.duration.unit))
    elif what == 1:
        task = replace(task, deadline=at("2027-02-01") + r.randint(0, 40) * 1440)
    else:
        task = replace(task, constraints=(Constraint(r.choice(list(Bound)), at("2027-02-01")),))
    return replace(roadmap, tasks={**roadmap.tasks, task.id: task})


@pytest.mark.usual(60)
@pytest.mark.parametrize("seed", quick_first(20, range(160)))
def test_one_change_after_another_gives_what_a_whole_pass_gives(seed: int):
    r, roadmap = random.Random(seed), a_random_roadmap(seed)
    try:
        replanner = Replanner(roadmap)
    except (CalendarExhaustedError, CyclicRoadmapError):
        return
    for _ in range(6):
        roadmap = changed(r, roadmap)
        try:
            wanted = Replanner(roadmap).dates()
        except CalendarExhaustedError:
            with pytest.raises(CalendarExhaustedError):
                replanner.plan(roadmap)
            return
        again = replanner.plan(roadmap)
        assert dict(again) == dict(wanted)


@pytest.mark.usual(15)
@pytest.mark.parametrize("seed", quick_first(10, range(80)))
def test_trials_give_the_early_dates_of_whole_schedules(seed: int):
    """With set finishes and tasks as late as possible among them, and errors of one trial that the next forgets."""
    r, roadmap, trials = random.Random(seed), a_random_roadmap(seed), Trials()
    for _ in range(5):
        try:
            schedule = time_roadmap(roadmap)
        except CyclicRoadmapError:
            return
        except CalendarExhaustedError:
            # Early dates may be there all the same, as it may be a late one for which a calendar has no days.
            with suppress(CalendarExhaustedError):
                trials.early(roadmap)
        else:
            wanted = {t: (x.early_start, x.early_finish) for t, x in schedule.timed.items()}
            early = trials.early(roadmap)
            assert {t: tuple(dates) for t, dates in early.items()} == wanted
            assert early.last == max(finish for _, finish in wanted.values())
        roadmap = changed(r, roadmap)


def placed_after(roadmap: Roadmap, schedule: Schedule, task: TaskId, finish: int) -> Mapping[TaskId, Early]:
    """Return early dates when a task ends elsewhere, and everything that may follow from it is placed again."""
    placer = Placer(roadmap)
    found = {t: Early(x.early_start, x.early_finish) for t, x in schedule.timed.items()}
    found[task] = Early(found[task].start, finish)
    for name, dates in found.items():
        placer.put(name, dates)
    reach = nx.descendants(follows(roadmap), task) - {task}
    for name in placer.arrays.ids:
        if name in reach:
            found[name] = placer.place(name)
    return found


@pytest.mark.slow
@given(seed=st.integers(0, 100_000), n=st.integers(0, 20), shift=st.integers(-20, 90))
@settings(max_examples=draws(60))
def test_another_finish_of_a_task_moves_what_whole_passes_move(seed: int, n: int, shift: int):
    roadmap = a_random_roadmap(seed)
    try:
        schedule = time_roadmap(roadmap)
    except (CalendarExhaustedError, CyclicRoadmapError):
        return
    task = sorted(roadmap.tasks)[n % len(roadmap.tasks)]
    finish = schedule[task].early_finish + shift * 720
    consequences = Consequences(roadmap, schedule)
    for _ in range(2):
        try:
            wanted = placed_after(roadmap, schedule, task, finish)
        except CalendarExhaustedError:
            with pytest.raises(CalendarExhaustedError):
                consequences.finish_if(task, finish, task)
        else:
            found = {t: consequences.finish_if(task, finish, t) for t in roadmap.tasks}
            assert found == {t: e.finish for t, e in wanted.items()}
            leaves = [e.finish for t, e in wanted.items() if t not in schedule.below]
            assert consequences.last_if(task, finish) == max(leaves)
        # The next question finds everything as this one found it.
        finish += 1440


@pytest.mark.usual(80)
@pytest.mark.parametrize("minutes", [DAY, 5 * DAY, -DAY])
@pytest.mark.parametrize("seed", quick_first(10, range(80)))
def test_the_sweep_gives_what_each_longer_task_gives_by_itself(seed: int, minutes: int):
    roadmap = replace(a_random_roadmap(seed), finish=None)
    roadmap = replace(
        roadmap, tasks={t: replace(x, as_late_as_possible=False) for t, x in roadmap.tasks.items()}, progress={}
    )
    try:
        swept = if_longer(roadmap, minutes)
    except CyclicRoadmapError:
        return
    for task, finish in swept.if_longer.items():
        if in_minutes(roadmap, task):
            assert finish == end_if(roadmap, task, minutes), task


@pytest.mark.parametrize("seed", quick_first(10, range(0, 400, 5)))
def test_the_sweep_of_a_schedule_is_that_of_its_roadmap(seed: int):
    roadmap = a_random_roadmap(seed)
    try:
        schedule = time_roadmap(roadmap)
    except (CalendarExhaustedError, CyclicRoadmapError):
        return
    wanted = if_longer(roadmap, DAY)
    assert if_longer(roadmap, DAY, schedule) == wanted
    assert if_longer(roadmap, DAY, schedule) == wanted  # what was asked before changes nothing


def in_minutes(roadmap: Roadmap, task: str) -> bool:
    return roadmap.tasks[task].duration.unit in (Unit.WORKING, Unit.ELAPSED)


def end_if(roadmap: Roadmap, task: str, minutes: int) -> int:
    found = roadmap.tasks[task]
    longer = replace(found, duration=Duration(max(1, found.duration.amount + minutes), found.duration.unit))
    schedule = time_roadmap(replace(roadmap, tasks={**roadmap.tasks, task: longer}))
    return max(x.early_finish for x in schedule.timed.values())


@pytest.mark.slow
@pytest.mark.parametrize("most", [replan.MOST_KEPT, 3])
def test_threads_that_share_a_cache_get_the_answers_of_one(monkeypatch: pytest.MonkeyPatch, most: int):
    monkeypatch.setattr(replan, "MOST_KEPT", most)
    names = [f"T{n}" for n in range(40)]
    links = [f"{a} -> {b}" for a, b in pairwise(names)] + [
        f"{a} -> {b}" for a, b in zip(names, names[7:], strict=False)
    ]
    roadmap = a_roadmap(*(a_task(n, 2) for n in names), links=links)
    schedule = time_roadmap(roadmap)
    asked = [(t, schedule[t].early_finish + days * 1440, names[-1]) for days in range(1, 8) for t in names]
    alone = Consequences(roadmap, schedule)
    wanted = [alone.finish_if(*question) for question in asked]

    shared = Consequences(roadmap, schedule)
    with ThreadPoolExecutor(8) as pool:
        rounds = [list(pool.map(lambda q: shared.finish_if(*q), asked)) for _ in range(3)]
    assert rounds == [wanted] * 3


def test_what_has_float_costs_nothing_and_what_drives_costs_the_day():
    """A (5 days) and B (2 days) come before C: B has three days of float, A none. C ends on Monday 11."""
    roadmap = a_roadmap(a_task("A", 5), a_task("B", 2), a_task("C", 1), links=("A -> C", "B -> C"))
    swept = if_longer(roadmap, DAY)
    assert swept.finish == at("2027-01-11T17:00")
    assert swept.if_longer == {"A": at("2027-01-12T17:00"), "B": swept.finish, "C": at("2027-01-12T17:00")}
    assert if_longer(roadmap, 4 * DAY).if_longer["B"] == at("2027-01-12T17:00")


def test_a_change_of_links_plans_everything_again():
    roadmap = a_roadmap(a_task("A", 5), a_task("B", 2), links=("A -> B",))
    replanner = Replanner(roadmap)
    free = replace(roadmap, links=())
    assert replanner.plan(free)["B"].start == time_roadmap(free)["B"].early_start == free.start + 540


def test_a_longer_wait_on_the_clock_is_longer_on_the_clock():
    """From Monday 4 at 09:00, two days of the clock end on Wednesday 6 at 09:00; with one more, on Thursday."""
    roadmap = a_roadmap(a_task("E", "2ed"))
    assert roadmap.tasks["E"].duration.unit is Unit.ELAPSED
    assert if_longer(roadmap, 1440).if_longer["E"] == at("2027-01-07T09:00")
