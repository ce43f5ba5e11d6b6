"""A school that joins midway is planned from its joining day, and nothing of it was due before.

The small programme starts on Monday 4 January 2027: requirements to the 8th, the system to the 15th, training on the
18th and 19th, evidence on the 20th. On Monday 1 March a fourth school, Dell, joins in a wave of its own, and all else
is done by then. Its system takes five days, 1 to 5 March; its training two, to the 9th; its evidence one, to the 10th.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.agenda.due import due_things
from changeflow.errors import CheckFailedError
from changeflow.intake.folder import read_folder
from changeflow.planning.waves import wave_problem
from changeflow.programme.announcements import go_lives
from changeflow.programme.assembly.expansion import Expansion
from changeflow.programme.assembly.joining import add_joining
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress
from changeflow.roadmap.analysis.differences import Topic, task_differences
from changeflow.roadmap.analysis.why import explain
from changeflow.rules.engine import judge
from changeflow.usecases import baselines, definitions, progress
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import day_of
from tests.builders import PROGRAMME, SCHOOLS, a_folder

JOINS = date(2027, 3, 1)
DELL = "dell,Dell School,primary,northshire\n"
WITH_DELL = PROGRAMME.replace("tasks:\n", "  - {id: w3, name: wave 3, schools: [dell]}\ntasks:\n", 1)


def change(db: str, on: date) -> Change:
    return Change(db=db, programme=None, actor="chief", now=datetime(on.year, on.month, on.day, 8, tzinfo=UTC), on=on)


def store(db: str, folder: Path, on: date) -> None:
    definitions.apply(folder, db=db, actor="chief", now=change(db, on).now, on=on)


def schools(more: str = "") -> str:
    """The schools' file with Dell; `more` is what its last columns say, with their names in the header."""
    lines = SCHOOLS.splitlines()
    dell = {"id": "dell", "name": "Dell School", "phase": "primary", "authority": "northshire", "joins": more}
    header = lines[0].split(",")
    if more:
        header, lines = [*header, "joins"], [f"{line}," for line in lines]
    return "\n".join([",".join(header), *lines[1:], ",".join(dell.get(c, "") for c in header)]) + "\n"


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    """All of the first three schools' work up to their go-live is done in its planned days."""
    folder = a_folder(tmp_path / "trust")
    store(db, folder, date(2027, 1, 4))
    baselines.take_baseline("Agreed", change(db, date(2027, 1, 4)))
    done = []
    for task in loaded(None, db=db, on=date(2027, 1, 4)).tasks():
        first, last = loaded(None, db=db, on=date(2027, 1, 4)).days_of(task.id)
        if last <= date(2027, 1, 20) and task.gate is None and task.id != "programme/all-live":
            done.append(ReportedProgress(task.id, first, last))
    progress.report_progress(done, change(db, date(2027, 1, 21)))
    return db


def joined(db: str, tmp_path: Path, more: str = "") -> Programme:
    store(db, a_folder(tmp_path / "trust", programme=WITH_DELL, schools=schools(more)), JOINS)
    return loaded(None, db=db, on=JOINS)


@pytest.mark.slow
def test_its_tasks_begin_on_its_joining_day(stored: str, tmp_path: Path):
    programme = joined(stored, tmp_path)
    assert programme.facts.joined == {"dell": JOINS}
    assert programme.days_of("payroll/dell/train") == (date(2027, 3, 8), date(2027, 3, 9))
    [dell] = [g for g in go_lives(programme) if g.school == "dell"]
    assert (dell.day, dell.announced, dell.is_late) == (date(2027, 3, 10), None, False)


@pytest.mark.slow
def test_nothing_of_it_was_due_before_it_joined(stored: str, tmp_path: Path):
    """Without a joining day its system would have been due on 15 January, and be late for weeks on the first day."""
    programme = joined(stored, tmp_path)
    early = day_of(programme.unslipped.schedule["payroll/w3/system-live"].early_start)
    assert early == JOINS
    about = [d for d in due_things(programme, today=JOINS) if "w3" in d.subject or "dell" in d.subject]
    assert all(d.due_on >= JOINS for d in about)
    report = sro_of_stored(None, db=stored, today=JOINS)
    assert not any("wave 3" in line for line in report.late)
    assert "announced" not in report.headline


@pytest.mark.slow
def test_a_day_in_the_file_wins(stored: str, tmp_path: Path):
    programme = joined(stored, tmp_path, "2027-04-12")
    assert programme.days_of("payroll/dell/train")[0] >= date(2027, 4, 12)
    problem = wave_problem(programme)
    assert min(c.day for c in problem.candidates["dell", "payroll"]) >= date(2027, 4, 12)


def test_a_folder_plans_a_school_from_the_day_in_its_file(tmp_path: Path):
    folder = a_folder(tmp_path / "trust", programme=WITH_DELL, schools=schools("2027-03-01"))
    planned = judge(read_folder(folder).programme).programme
    assert planned.days_of("payroll/w3/go-live") == (date(2027, 3, 10), date(2027, 3, 10))
    assert planned.days_of("payroll/w1/go-live") == (date(2027, 1, 20), date(2027, 1, 20))


@pytest.mark.slow
def test_a_school_cannot_join_a_wave_that_has_gone_live(stored: str, tmp_path: Path):
    wrong = PROGRAMME.replace("schools: [ash, beech]", "schools: [ash, beech, dell]")
    folder = a_folder(tmp_path / "trust", programme=wrong, schools=schools())
    with pytest.raises(
        CheckFailedError, match="'dell' joins on 1 Mar 2027, but “Payroll, wave 1: go live” has already happened"
    ):
        store(stored, folder, JOINS)


@pytest.mark.slow
def test_looking_back_it_had_not_joined(stored: str, tmp_path: Path):
    joined(stored, tmp_path)
    [dropped, *_] = [p for p in sro_of_stored(None, db=stored, today=JOINS).changes.parts if p.title == "Schools"]
    assert dropped.lines == ("The school “Dell School” was added.",)


@pytest.mark.slow
def test_a_joining_day_is_no_set_date(stored: str, tmp_path: Path):
    """Dell joins wave 2, which has not gone live: its tasks wait for Dell, and no one has set a date for them."""
    before = loaded(None, db=stored, on=JOINS)
    days = {"dell": JOINS}
    expanded = Expansion(tasks=dict(before.roadmap.tasks), links=[])
    live = expanded.tasks["payroll/w2/go-live"]
    expanded.tasks[live.id] = replace(live, schools=live.schools | {"dell"})
    add_joining(expanded, days)
    after = replace(before.roadmap, tasks=expanded.tasks)
    assert after.tasks[live.id].constraints != live.constraints
    found = task_differences(before.roadmap, after, milestones=())
    assert not [d for d in found if d.topic is Topic.SET_DATES]
    programme = joined(stored, tmp_path)
    said = explain(programme.roadmap, programme.required_schedule, "payroll/w3/system-live").text
    assert "its schools join the programme then" in said
