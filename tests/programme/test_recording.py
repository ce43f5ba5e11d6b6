"""Reports about tasks: reported days never change, even if they are days off. Days are in January 2027."""

import json
from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import InputError, ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.planning.lessons import lessons
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme, join
from changeflow.programme.recording import ReportedProgress, checked_progress, finish_of, progress_of
from changeflow.reports.exports import calendar_days
from changeflow.reports.tables import plan_json
from changeflow.roadmap.analysis.why import explain
from changeflow.rules.engine import judge
from changeflow.usecases.progress import progress_in
from changeflow.values.moments import day_of, last_day_of
from tests.builders import PROGRAMME, a_folder

STEPS = """\
service: payroll
name: Payroll
pathway: none
tasks:
  move: {duration: 4d, per: wave}
  teach: {duration: 2sw, per: wave}
  next: {duration: 1d, per: wave, after: move}
  wait: {duration: 2ed, per: wave, after: move}
"""
TASK = "payroll/w1/move"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    programme = PROGRAMME[: PROGRAMME.index("tasks:")]
    folder = a_folder(tmp_path_factory.mktemp("trust"), programme=programme, service=STEPS)
    (folder / "pathways" / "none.yaml").write_text("pathway: none\nname: None\nsteps: {}\n", encoding="utf-8")
    return read_folder(folder).programme.scheduled()


def reported(programme: Programme, first: int, last: int | None, *, task: str = TASK, on: int = 20) -> Programme:
    report = ReportedProgress(task, date(2027, 1, first), date(2027, 1, last) if last else None)
    facts = Facts(progress={task: progress_of(programme, report)})
    definition = programme.definition
    return join(definition, rulepacks=programme.rulepacks, facts=facts, on=date(2027, 1, on))[0].scheduled()


def days(programme: Programme, task: str = TASK) -> tuple[int, int]:
    timed = programme.timed(task)
    return day_of(timed.early_start).day, last_day_of(timed.early_finish).day


@pytest.mark.parametrize("task", [TASK, "payroll/w1/teach"])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(9, 10, id="a weekend"),
        pytest.param(9, 9, id="a Saturday"),
        pytest.param(9, 12, id="from a Saturday to a Tuesday"),
        pytest.param(7, 10, id="from a Thursday to a Sunday"),
        pytest.param(1, 1, id="New Year's Day"),
        pytest.param(7, 8, id="a Thursday and a Friday"),
    ],
)
def test_finished_work_keeps_its_reported_days(plain, task, first, last):
    assert days(reported(plain, first, last, task=task), task) == (first, last)


def test_every_output_shows_the_reported_days(plain):
    programme = reported(plain, 9, 10)
    assert programme.schedule is not None
    assert "from 9 to 10 Jan 2027 (actual dates)" in explain(programme.roadmap, programme.schedule, TASK).text
    shown = calendar_days(programme, programme.roadmap.tasks[TASK])
    assert (shown.first, shown.last) == (date(2027, 1, 9), date(2027, 1, 10))
    [row] = [row for row in json.loads(plan_json(judge(programme)))["tasks"] if row["id"] == TASK]
    assert (row["early_start"], row["early_finish"]) == ("2027-01-09T00:00:00", "2027-01-11T00:00:00")


def test_begun_work_keeps_the_day_on_which_it_began(plain):
    """Four days, none of them worked on the calendar before Monday 11, so until Thursday 14."""
    assert days(reported(plain, 9, None, on=11)) == (9, 14)


def test_successors_wait_only_for_the_reported_days(plain):
    """Done by Sunday 10: a day of work is Monday 11, and two elapsed days count from midnight."""
    programme = reported(plain, 9, 10, on=11)
    assert days(programme, "payroll/w1/next") == (11, 11)
    assert days(programme, "payroll/w1/wait") == (11, 12)


def test_a_worked_weekend_counts_as_two_days_in_lessons(plain):
    """Four days were planned and two were taken, so wave 2 takes (2 / 4 + 2) / (1 + 2) of the plan."""
    [lesson] = lessons(reported(plain, 9, 10))
    assert (lesson.taken, lesson.planned) == (2 * plain.minutes_per_day, 4 * plain.minutes_per_day)
    assert lesson.factor == pytest.approx(2.5 / 3)


def known(programme: Programme, first: int) -> Programme:
    """The programme on the 28th, with work that was reported as begun on a day."""
    return reported(programme, first, None, on=28)


def test_every_kind_of_report_refuses_a_finish_before_the_recorded_start(plain: Programme, tmp_path: Path):
    """Begun on the 25th, it cannot be done on the 20th. With a start on the 18th it can."""
    begun, said = known(plain, 25), "'payroll/w1/move' finishes before it starts: 20 Jan 2027, before 25 Jan 2027."
    on = date(2027, 1, 28)
    for late in (
        finish_of(begun, TASK, date(2027, 1, 20)),
        ReportedProgress(TASK, date(2027, 1, 25), date(2027, 1, 20)),
    ):
        with pytest.raises(InputError, match=f"^{said} .* --started"):
            checked_progress(begun, [late], on)
    (tmp_path / "progress.csv").write_text(f"task,started,finished\n{TASK},2027-01-25,2027-01-20\n")
    with pytest.raises(ProblemsError, match=said):
        progress_in(tmp_path / "progress.csv", begun)
    right = finish_of(begun, TASK, date(2027, 1, 20), date(2027, 1, 18))
    assert checked_progress(begun, [right], on)[TASK].is_done


def test_a_finish_before_the_forecast_start_starts_on_its_own_day(plain: Programme):
    """No progress was recorded: `next` is forecast after `move` but was done on the 4th."""
    assert finish_of(plain, "payroll/w1/next", date(2027, 1, 4)).started == date(2027, 1, 4)
