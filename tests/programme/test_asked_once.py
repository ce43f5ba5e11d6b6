"""Answers from a programme's schedule are computed once, and never taken from the programme it was derived from."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest

from changeflow.agenda.due import due_days
from changeflow.intake.folder import Folder
from changeflow.programme.programme import Programme, join
from changeflow.reports.sro import build_sro
from changeflow.roadmap.analysis import slippage
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.rules.engine import Judged, judge

TODAY = date(2027, 5, 4)


@pytest.fixture
def judged(sample: Folder) -> Judged:
    programme, _ = join(sample.definition, rulepacks=sample.rulepacks, on=TODAY)
    return judge(programme)


@pytest.fixture
def counts(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the schedules computed and caches created once the programme exists."""
    found = Counter[str]()

    def counted_schedule(roadmap: Roadmap) -> Schedule:
        found["schedules"] += 1
        return time_roadmap(roadmap)

    class Counted(slippage.Consequences):
        def __init__(self, roadmap: Roadmap, schedule: Schedule) -> None:
            found["caches"] += 1
            super().__init__(roadmap, schedule)

    monkeypatch.setattr("changeflow.programme.programme.time_roadmap", counted_schedule)
    monkeypatch.setattr(slippage, "Consequences", Counted)
    return found


@pytest.mark.thorough
@pytest.mark.slow
def test_a_report_and_the_next_one_make_one_cache_a_schedule(judged: Judged, counts: Counter[str]):
    first = build_sro(judged, today=TODAY)
    # The schedule without slips: late decisions use its cache; everything else uses the programme's own.
    assert counts == {"schedules": 1, "caches": 2}
    assert build_sro(judged, today=TODAY) == first
    assert build_sro(judged, today=TODAY + timedelta(days=1)) != first
    assert counts == {"schedules": 1, "caches": 2}


@pytest.mark.slow
def test_threads_wait_for_the_one_that_computes_the_answer(judged: Judged, counts: Counter[str]):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: judged.programme.unslipped, range(8)))
    assert all(one is found[0] for one in found)
    assert counts["schedules"] == 1


@pytest.mark.slow
def test_a_derived_programme_computes_its_own_answers(judged: Judged):
    before = judged.programme
    assert before.slips.schedule is before.schedule
    due = due_days(before)
    roadmap = replace(before.roadmap, start=before.roadmap.start + 7 * 1440)
    later = replace(before, roadmap=roadmap, schedule=time_roadmap(roadmap))
    assert later.slips.roadmap is roadmap
    assert later.unslipped.schedule.finish > before.unslipped.schedule.finish
    assert due_days(later) != due
    assert replace(later, roadmap=before.roadmap, schedule=before.schedule) == before


@pytest.mark.slow
def test_without_a_schedule_there_are_no_answers(sample: Folder):
    programme: Programme = sample.programme
    assert programme.unslipped.schedule.finish
    with pytest.raises(LookupError, match="no schedule yet"):
        _ = programme.slips
