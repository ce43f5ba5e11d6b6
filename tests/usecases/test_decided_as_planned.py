"""A decision that is made on its planned day leaves every later date as it was, wherever in the day it is planned.

In the gated programme the plan ends on Tuesday 5 January 2027, and the plan gate opens the requirements.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from changeflow.agenda.decisions import played_through
from changeflow.intake.folder import Folder
from changeflow.planning.last_days import last_day
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.rules.engine import judge
from changeflow.usecases.gates import decide
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY, minute_of
from changeflow.values.words import Kind, Outcome
from tests.usecases.gated import GATED, PLAN, answer, change, planned, state, stored_with

BOARD = "calendar: trust\nmeetings:\n  - {id: board, name: Board, dates: [2027-01-07, 2027-01-25, 2027-02-10]}\n"
SHAPES = {
    "at a meeting": "{gate: plan, starts_on: meeting/board,",
    "on a set day": "{gate: plan, start_no_earlier: 2027-01-07,",
    "in the course of a day": "{gate: plan, duration: 3h,",
    "in two days": "{gate: plan, duration: 2d,",
    "in days of the clock": "{gate: plan, duration: 2ed,",
    "in the evening": "{gate: plan,",
}


def stored_as(db: str, tmp_path: Path, shape: str) -> None:
    (tmp_path / "trust" / "calendars").mkdir(parents=True)
    (tmp_path / "trust" / "calendars" / "trust.yaml").write_text(BOARD)
    stored_with(db, tmp_path, pathway=GATED.replace("{gate: plan,", shape))


def early(programme: Programme) -> dict[TaskId, tuple[int, int]]:
    timed = programme.required_schedule.timed
    return {t: (timed[t].early_start, timed[t].early_finish) for t in programme.roadmap.tasks}


def others(programme: Programme, gate: TaskId) -> dict[TaskId, tuple[int, int]]:
    return {t: dates for t, dates in early(programme).items() if t != gate}


def answered(programme: Programme, gate: TaskId, on: date) -> Programme:
    """Return the programme with a gate approved on a day, scheduled again."""
    facts = played_through(programme, programme.roadmap.tasks[gate], Outcome.APPROVE, on=on)
    return with_progress(programme, {**programme.roadmap.progress, gate: facts.progress[gate]}, on)


def with_progress(programme: Programme, progress: dict[TaskId, TaskProgress], on: date) -> Programme:
    roadmap = replace(programme.roadmap, progress=progress, data_date=minute_of(on))
    facts = replace(programme.facts, progress=progress)
    return replace(programme, roadmap=roadmap, facts=facts, on=on).scheduled()


def as_planned(programme: Programme, gate: TaskId, on: date) -> Programme:
    """Return the programme on a day, with all work but the gate as planned: what ends by its evening has ended."""
    progress = {
        task: TaskProgress(start, finish if finish <= minute_of(on) + DAY else None)
        for task, (start, finish) in early(programme).items()
        if task != gate and start < minute_of(on)
    }
    return with_progress(programme, progress, on)


@pytest.mark.thorough
@pytest.mark.slow
def test_no_gate_of_the_sample_moves_anything_when_it_is_approved_on_its_planned_day(sample: Folder):
    """The data date passes from gate to gate, with all else as planned."""
    plan = judge(sample.programme).programme
    gates = [t.id for t in plan.tasks(kind=Kind.DECISION)]
    assert len(gates) > 20
    for gate in gates:
        day = plan.timed(gate).last_day
        before = as_planned(plan, gate, day)
        assert before.timed(gate).last_day == day
        after = answered(before, gate, day)
        assert after.timed(gate).last_day == day
        assert others(after, gate) == others(before, gate)


@pytest.mark.usual(2)
@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_approved_as_planned_nothing_moves(db: str, tmp_path: Path, shape: str):
    """The plan gate is due on a day from the 5th to the 8th. Requirements begin then, or on the next morning."""
    stored_as(db, tmp_path, SHAPES[shape])
    planned(db)
    day = state(db, date(2027, 1, 5)).programme.timed(PLAN).last_day
    assert date(2027, 1, 5) <= day <= date(2027, 1, 8)
    before = state(db, day).programme
    decide(answer(on=day.day), change(db, day.day, actor="lead"))
    after = state(db, day).programme
    assert after.timed(PLAN).last_day == day
    assert others(after, PLAN) == others(before, PLAN)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_decision_in_time_leads_to_is_the_forecast(db: str, tmp_path: Path, shape: str):
    stored_as(db, tmp_path, SHAPES[shape])
    programme = state(db, date(2027, 1, 5)).programme
    found = last_day(programme, PLAN)
    assert found.dates == {t: programme.timed(t).last_day for t in found.dates}


@pytest.mark.slow
def test_at_the_meeting_what_it_opens_begins_on_that_day_and_after_it_on_the_next(db: str, tmp_path: Path):
    """The board meets on Thursday 7 January. Approved a day later, requirements begin on Monday the 11th."""
    stored_as(db, tmp_path, SHAPES["at a meeting"])
    planned(db)
    first = {}
    for day in (7, 8):
        programme = state(db, date(2027, 1, 5)).programme
        there = answered(programme, PLAN, date(2027, 1, day))
        first[day] = there.timed("payroll/requirements").first_day
    assert first == {7: date(2027, 1, 7), 8: date(2027, 1, 11)}
