"""What plans of waves say of themselves: the reasons for a date, plans that are the same, limits and preferences."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import UnknownThingError
from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.programme import Programme
from changeflow.reports.waves import waves_report
from changeflow.reports.waves_text import waves_text
from changeflow.roadmap.waves.check import check_plan, why
from changeflow.roadmap.waves.plans import CALMEST, COMPROMISE, EARLIEST, Offer, Style
from changeflow.roadmap.waves.problem import Candidate, Placement, WavePlan, WaveProblem, numbers_of
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.wave_use import effect_in_force
from changeflow.usecases.waves import Waves, explain_date, plan_waves
from changeflow.values.words import Kind
from tests.builders import a_folder

CEDAR = ("cedar", "payroll")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "trust")


def asked(folder: Path, rollout: str = "") -> tuple[Programme, WaveProblem]:
    if rollout:
        (folder / "rollout.yaml").write_text(rollout)
    programme = plan_folder(folder).programme
    return programme, wave_problem(programme)


def first_dates(problem: WaveProblem, skipped: int = 0) -> WavePlan:
    return WavePlan(chosen={p: c[skipped] for p, c in problem.candidates.items()}, pilot=frozenset())


def offer(problem: WaveProblem, style: Style, plan: WavePlan) -> Offer:
    return Offer(style=style, plan=plan, numbers=numbers_of(problem, plan), gap=0.0, is_proved=True, is_repeatable=True)


@pytest.mark.slow
def test_the_first_date_is_explained_by_the_work_before_it(folder: Path):
    """Staff are trained until 19 January, and skills shown on the 20th, a Wednesday: any day from then on will do."""
    _, problem = asked(folder)
    plan = first_dates(problem)
    day = plan.chosen[CEDAR].day
    first, last = why(problem, plan, CEDAR)
    assert first == f"Cedar School goes live with Payroll on {day.day} Jan 2027, in wave 1."
    assert last.startswith(f"Not before {day.day} Jan 2027: “Payroll, wave 1: ")
    assert last.endswith("comes first and ends on 20 Jan 2027.")


def test_the_first_date_is_explained_by_the_request(folder: Path):
    _, problem = asked(folder, "services: {payroll: {opens_on: month, earliest: 2027-04-02}}\n")
    *_, last = why(problem, first_dates(problem), CEDAR)
    assert last == (
        "Not before 4 May 2027: rollout.yaml allows go-lives with Payroll from 2 Apr 2027, "
        "and Payroll goes live on the first working day of a month."
    )


@pytest.mark.slow
def test_a_later_date_has_the_reasons_against_earlier_ones_and_against_still_earlier_ones(folder: Path):
    _, problem = asked(folder)
    lines = list(why(problem, first_dates(problem, 1), CEDAR))
    assert [line.partition(" ")[0] for line in lines] == ["Cedar", "Not", "Not"]
    assert lines[1].startswith("Not on ")
    assert lines[2].startswith("Not before ")


@pytest.mark.slow
def test_proposals_that_give_a_school_the_same_date_are_explained_together(folder: Path):
    programme, problem = asked(folder)
    soon, late = first_dates(problem), first_dates(problem, 1)
    offers = (offer(problem, EARLIEST, soon), offer(problem, CALMEST, late), offer(problem, COMPROMISE, soon))
    found = Waves(programme=programme, problem=problem, offers=offers)
    current, *proposals = explain_date(found, plan_in_force(programme, problem), CEDAR)
    assert current == (("Current plan",), ("Cedar School, Payroll: 20 Jan 2027, in wave 1.",))
    assert [names for names, _ in proposals] == [("Earliest", "Compromise"), ("Steadiest workload",)]


def test_a_school_that_does_not_exist_is_refused_before_the_search(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("changeflow.usecases.waves.offers", lambda *_, **__: pytest.fail("it searched"))
    with pytest.raises(UnknownThingError, match="Did you mean 'cedar/payroll'"):
        plan_waves(plan_folder(folder).programme, seconds=1, seed=1, explained="ceder/payroll")


def test_plans_with_the_same_waves_are_shown_once(folder: Path):
    programme, problem = asked(folder)
    soon = first_dates(problem)
    offers = [offer(problem, EARLIEST, soon), offer(problem, CALMEST, first_dates(problem, 1))]
    offers.append(offer(problem, COMPROMISE, soon))
    report = waves_report(programme.name, problem, offers, in_force=plan_in_force(programme, problem))
    assert [p.same_as for p in report.plans] == ["", "", "Earliest"]
    text = list(waves_text(report))
    at = text.index(
        "Compromise: the priorities are weighted as you set them (proven to be the best plan for these priorities)"
    )
    assert text[at + 1 :] == ["  The same waves as “Earliest”."]


@pytest.mark.slow
def test_the_report_says_whether_the_current_plan_meets_the_limits(folder: Path):
    """All three schools go live on a Wednesday, where any week opens on its Monday; one school a wave is allowed."""
    programme, problem = asked(folder, "services: {payroll: {wave_size: 1}}\n")
    current = plan_in_force(programme, problem)
    effects = {"in-force": effect_in_force(programme, problem, current)}
    report = waves_report(programme.name, problem, [], in_force=current, effects=effects)
    assert report.in_force is not None
    assert len(report.in_force.limits) == len(check_plan(problem, current))
    assert f"The current plan breaks limits in {len(report.in_force.limits)} cases." in report.explained
    assert any(line.startswith("Each proposal puts a different priority first") for line in report.explained)
    shown = {line.label: line.cells for line in report.compared}
    assert shown["Limits broken"] == (str(len(report.in_force.limits)),)


def test_weeks_with_the_same_number_of_changes_are_one_line(folder: Path):
    """Cedar can bear one change. Two services are there from the week of 18 January, the second for three weeks."""
    _, problem = asked(folder)
    first = Candidate(2, date(2027, 1, 18), (Placement(Kind.WORK, None, (2, 3, 4, 5), (0, 0, 0, 0)),))
    second = Candidate(2, date(2027, 1, 18), (Placement(Kind.WORK, None, (2, 3, 4), (0, 0, 0)),))
    services = {**problem.services, "estates": replace(problem.services["payroll"], service="estates", name="Estates")}
    schools = {**problem.schools, "cedar": replace(problem.schools["cedar"], at_once=1)}
    both = {CEDAR: (first,), ("cedar", "estates"): (second,)}
    tight = replace(problem, services=services, schools=schools, candidates=both, dropped={p: {} for p in both})
    plan = WavePlan(chosen={pair: found for pair, (found,) in both.items()}, pilot=frozenset())
    [broken] = [b.what for b in check_plan(tight, plan) if b.rule == "at once"]
    weeks = f"from the week of {first.day.day} Jan 2027 to the week of 1 Feb 2027"
    assert broken == f"Cedar School has 2 changes at once {weeks} (limit 1)"
