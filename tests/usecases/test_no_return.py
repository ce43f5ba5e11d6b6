"""Points of no return: what ends a wave's way back, and the last day before it, in plan, report and decision.

The piloted programme goes live with wave 1 on Thursday 1 April 2027. Old posts end from that day on, so the last day to
go back is 31 March. People are paid on 28 April, and that pay is filed by then: 27 April is the last day.
"""

import json
from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.programme.no_return import PointOfNoReturn, points_of_no_return
from changeflow.reports.decisions import case_text
from changeflow.reports.documents import html_of
from changeflow.reports.go_no_go import go_no_go_text
from changeflow.reports.tables import plan_json, plan_text
from changeflow.rules.engine import judge
from changeflow.usecases.gates import case_of
from changeflow.usecases.go_no_go import go_no_go_of
from changeflow.usecases.reports import sro_of_stored
from changeflow.values.words import NoReturn
from tests.builders import SERVICE
from tests.usecases.piloted import GO, MARCH, RUN, START, programme, store, written

SCHEMES = RUN.replace("  clean_runs: 2\n", "  clean_runs: 2\n  schemes: [{id: S1}]\n")
DATED = """\
no_return:
  - {kind: licence_ended, what: The old payroll licence, last_day: 2027-06-30}
  - {kind: notice_given, what: Notice to the payroll bureau, last_day: 2027-02-26, waves: [w2]}
"""


def found(db: str, on: date = START, **of: str) -> dict[tuple[NoReturn, str | None], PointOfNoReturn]:
    return {(p.kind, p.wave): p for p in points_of_no_return(programme(db, on), **of)}


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    return store(db, tmp_path / "trust", SERVICE + SCHEMES + DATED)


@pytest.mark.slow
def test_each_has_its_last_day(stored: str):
    points = found(stored, service="payroll", wave="w1")
    assert {key: p.last_day for key, p in points.items()} == {
        (NoReturn.POSTS_ENDED, "w1"): date(2027, 3, 31),
        (NoReturn.FIRST_FILING, "w1"): date(2027, 4, 27),
        (NoReturn.LICENCE_ENDED, None): date(2027, 6, 30),
    }
    assert not any(p.is_passed for p in points.values())
    passed = [found(stored, day)[NoReturn.NOTICE_GIVEN, "w2"].is_passed for day in (date(2027, 2, 26), MARCH)]
    assert passed == [False, True]


@pytest.mark.slow
def test_where_the_old_system_files_for_all_the_last_wave_is_the_point(db: str, tmp_path: Path):
    text = SCHEMES.replace("{id: S1}", "{id: S1, joint_filing: old}")
    store(db, tmp_path / "trust", SERVICE + text)
    assert {wave for kind, wave in found(db) if kind is NoReturn.FIRST_FILING} == {"w2"}


@pytest.mark.slow
def test_a_step_can_be_one(db: str, tmp_path: Path):
    """Requirements and what follows take two weeks, training Monday 18 and Tuesday 19 January; the step begins on the
    20th."""
    text = "tasks:\n  w1/skills: {no_return: notice_given}\n"
    store(db, tmp_path / "trust", SERVICE + RUN + text)
    assert found(db)[NoReturn.NOTICE_GIVEN, "w1"].last_day == date(2027, 1, 19)


@pytest.mark.slow
def test_plan_report_and_decision_say_the_same(stored: str):
    judged = judge(programme(stored, START))
    wanted = [p.last_day.isoformat() for p in points_of_no_return(judged.programme)]
    assert [p["last_day"] for p in json.loads(plan_json(judged))["points_of_no_return"]] == wanted
    text = "\n".join(plan_text(judged))
    assert "  Wed 31 Mar 2027  Payroll, wave 1: last day before posts in the old structure end" in text
    report = sro_of_stored(None, db=stored, today=START)
    assert [line.iso for line in report.no_return] == wanted
    page = go_no_go_of(GO, db=stored, programme=None, today=START)
    assert [line.iso for line in page.no_return] == ["2027-03-31", "2027-04-27", "2027-06-30"]
    assert "  Tue 27 Apr 2027" in "\n".join(case_text(*case_of(GO, db=stored, programme=None, on=START)))


@pytest.mark.slow
def test_a_go_live_that_cannot_be_decided_yet_shows_no_dates_for_either_answer(stored: str):
    page = go_no_go_of(GO, db=stored, programme=None, today=START)
    assert page.answers == ()
    assert "Some work before this decision is not complete" in "\n".join(go_no_go_text(page))
    assert "Some work before this decision is not complete" in html_of(page)


def test_a_wave_that_nothing_has_is_an_error(tmp_path: Path):
    folder = written(tmp_path / "trust", SERVICE + RUN + DATED.replace("[w2]", "[w9]"))
    with pytest.raises(ProblemsError, match="There is no wave 'w9'"):
        read_folder(folder)
