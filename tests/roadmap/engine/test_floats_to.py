"""Other deadlines give what timing the whole roadmap with them gives."""

import random
from dataclasses import replace

import pytest

from changeflow.errors import CalendarExhaustedError, CyclicRoadmapError
from changeflow.roadmap.engine.cpm import TimedColumns, time_roadmap
from changeflow.roadmap.engine.floats_to import timed_with
from tests.builders import at
from tests.quick import quick_first
from tests.roadmap.engine.test_kernel import a_random_roadmap


@pytest.mark.usual(60)
@pytest.mark.parametrize("seed", quick_first(25, range(250)))
def test_other_deadlines_give_what_a_whole_pass_gives(seed: int):
    """Some tasks get a deadline or another one, and some lose theirs."""
    r, roadmap = random.Random(seed), a_random_roadmap(seed)
    try:
        schedule = time_roadmap(roadmap)
    except (CalendarExhaustedError, CyclicRoadmapError):
        return
    some = r.sample(sorted(roadmap.tasks), r.randint(1, len(roadmap.tasks)))
    deadlines = {t: r.choice([None, at("2027-01-11") + r.randint(0, 60) * 1440]) for t in some}
    tasks = {t: replace(roadmap.tasks[t], deadline=due) for t, due in deadlines.items()}
    try:
        wanted = dict(time_roadmap(replace(roadmap, tasks={**roadmap.tasks, **tasks})).timed)
    except CalendarExhaustedError:
        with pytest.raises(CalendarExhaustedError):
            timed_with(roadmap, schedule, deadlines)
        return
    assert dict(timed_with(roadmap, schedule, deadlines)) == wanted
    columns = schedule.timed
    assert isinstance(columns, TimedColumns)
    kept = dict(TimedColumns(roadmap, columns.arrays, columns.result))
    assert kept == dict(time_roadmap(roadmap).timed), "the schedule itself stays as it is"
