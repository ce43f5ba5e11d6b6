"""The days and weeks of a plan of waves: days off, the data date, schools that join, and what a week's work is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.facts import Facts
from changeflow.programme.programme import join
from changeflow.reports.tables import plan_json
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.roadmap.waves.problem import Candidate, Pair, Placement, WavePlan, WaveProblem
from changeflow.rules.engine import judge
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.wave_edits import rewritten, write
from changeflow.usecases.wave_use import effect_in_force
from changeflow.values.words import Kind
from tests.builders import PROGRAMME, SCHOOLS, at
from tests.usecases.test_wave_openings import TRUST, trust

CEDAR: Pair = ("cedar", "payroll")
BRIEF = "activities: [{weeks_before: 0}]"
"""Work in the week of go-live, and no more."""
TRAINED = "activities: [{kind: training, weeks_before: 2}]"


def asked(path: Path, opens_on: str, service: str, more: str = "", calendar: str = TRUST) -> Path:
    return trust(path, f"{opens_on}, earliest: 2027-02-01, {service}", more, calendar)


def problem_of(folder: Path, *, on: date | None = None) -> WaveProblem:
    return wave_problem(plan_folder(folder, on=on).programme)


def days(problem: WaveProblem, pair: Pair = CEDAR) -> list[date]:
    return [c.day for c in problem.candidates[pair]]


def with_schools(folder: Path, header: str, cells: Mapping[str, str]) -> Path:
    head, *lines = SCHOOLS.splitlines()
    lines = [f"{line},{cells.get(line.split(',')[0], '')}" for line in lines]
    (folder / "schools.csv").write_text("\n".join([f"{head},{header}", *lines]) + "\n")
    return folder


def test_months_open_on_their_first_working_day(tmp_path: Path):
    """1 May 2027 is a Saturday and 3 May a bank holiday; 1 August is a Sunday."""
    found = days(problem_of(asked(tmp_path, "month", BRIEF)))
    assert [(d.month, d.day) for d in found] == [
        (2, 1),
        (3, 1),
        (4, 1),
        (5, 4),
        (6, 1),
        (7, 1),
        (8, 2),
        (9, 1),
        (10, 1),
    ]


def test_weeks_open_on_their_first_working_day(tmp_path: Path):
    """Easter Monday is 29 March 2027, and the last Monday of May a bank holiday."""
    found = days(problem_of(asked(tmp_path, "week", BRIEF)))
    assert {date(2027, 3, 22), date(2027, 3, 30), date(2027, 5, 24), date(2027, 6, 1)} <= set(found)
    assert not {date(2027, 3, 29), date(2027, 5, 3), date(2027, 5, 31), date(2027, 8, 30)} & set(found)


def test_where_any_week_will_do_a_school_keeps_the_very_day_that_it_was_given(tmp_path: Path):
    """Cedar was given Wednesday 10 March: going live on the Monday of that week would be another day than announced."""
    more = "schools: {cedar: {announced: {payroll: 2027-03-10}}, ash: {announced: {payroll: 2027-03-13}}}\n"
    problem = problem_of(asked(tmp_path, "week", BRIEF, more))
    assert date(2027, 3, 10) in days(problem)
    assert date(2027, 3, 8) not in days(problem)
    assert date(2027, 3, 8) in days(problem, ("beech", "payroll"))
    assert date(2027, 3, 8) in days(problem, ("ash", "payroll")), "no one works on Saturday 13 March"


def test_a_go_live_that_people_work_on_every_day_opens_on_the_first_itself(tmp_path: Path):
    folder = asked(tmp_path, "month", BRIEF)
    with (folder / "services" / "payroll.yaml").open("a") as file:
        file.write("tasks:\n  go-live: {calendar: every_day}\n")
    assert {date(2027, 5, 1), date(2027, 8, 1)} <= set(days(problem_of(folder)))


@pytest.mark.slow
@pytest.mark.parametrize("opens_on", ["month", "pay_period"])
def test_a_month_that_opens_on_a_day_off_has_one_day_everywhere(tmp_path: Path, opens_on: str):
    """`fixed` says 1 May 2027, a Saturday; what was announced is the same month. The proposal, the plan after it is
    written into the folder, and the plan's JSON have Tuesday 4 May."""
    first = "{payroll: 2027-05-01}"
    school = f"schools: {{cedar: {{fixed: {first}, announced: {first}}}}}\n"
    pay = TRUST + "pay_periods: {first_month: 2026-09, months: 30, payday: 25}\n"
    folder = asked(tmp_path, opens_on, f"{BRIEF}, weeks_between: 1", school, pay)
    pathway = folder / "pathways" / "short.yaml"
    pathway.write_text(pathway.read_text().replace("{kind: go_live,", f"{{kind: go_live, starts_on: {opens_on},"))
    programme = plan_folder(folder).programme
    problem = wave_problem(programme)
    [candidate] = [c for c in problem.candidates[CEDAR] if c.week == problem.fixed[CEDAR]]
    assert candidate.day == date(2027, 5, 4)
    assert problem.fixed_words(CEDAR) == "1 May 2027"
    assert problem.announced[CEDAR] == candidate.week, "it has not moved"
    others = {p: c[0] for p, c in problem.candidates.items() if p != CEDAR}
    write(
        folder, rewritten(folder, programme, problem, WavePlan(chosen={**others, CEDAR: candidate}, pilot=frozenset()))
    )
    judged = judge(plan_folder(folder).programme)
    assert judged.programme.days_of("payroll/w2/go-live") == (date(2027, 5, 4), date(2027, 5, 4))
    assert '"2027-05-04T08:30:00"' in plan_json(judged)
    again = wave_problem(judged.programme)
    assert date(2027, 5, 4) in days(again)


def test_the_plan_in_force_has_the_days_of_the_plan(tmp_path: Path):
    """Wave 2 starts on 19 April, so it goes live with May: on Tuesday the 4th, as in proposals. It breaks nothing."""
    folder = asked(tmp_path, "month", f"{BRIEF}, weeks_between: 1")
    pathway = folder / "pathways" / "short.yaml"
    pathway.write_text(pathway.read_text().replace("{kind: go_live,", "{kind: go_live, starts_on: month,"))
    (folder / "programme.yaml").write_text(
        PROGRAMME.replace("schools: [cedar]}", "schools: [cedar], start_no_earlier: 2027-04-19}")
    )
    programme = plan_folder(folder).programme
    problem = wave_problem(programme)
    found = plan_in_force(programme, problem)
    assert programme.days_of("payroll/w2/go-live")[1] == found.chosen[CEDAR].day == date(2027, 5, 4)
    assert effect_in_force(programme, problem, found).breaks == ()


@pytest.mark.slow
def test_nothing_is_planned_before_the_data_date(tmp_path: Path):
    """Training is two weeks before go-live. On Monday 1 March none has been: the first can be in that week, for the
    15th. On Wednesday the 3rd three days are left in it; on Thursday the 4th two, and training can be a week later."""
    folder = asked(tmp_path, "week", TRAINED)
    assert days(problem_of(folder, on=date(2027, 3, 1)))[0] == date(2027, 3, 15)
    assert days(problem_of(folder, on=date(2027, 3, 3)))[0] == date(2027, 3, 15)
    assert days(problem_of(folder, on=date(2027, 3, 4)))[0] == date(2027, 3, 22)


def test_no_school_is_worked_with_before_it_joins(tmp_path: Path):
    """Cedar joins on 1 March: it is trained from then on, and goes live two weeks later."""
    folder = with_schools(asked(tmp_path, "week", TRAINED), "joins", {"cedar": "2027-03-01"})
    problem = problem_of(folder)
    assert days(problem)[0] == date(2027, 3, 15)
    assert days(problem, ("ash", "payroll"))[0] == date(2027, 2, 1)
    [reason] = {problem.dropped[CEDAR][problem.candidates[CEDAR][0].week - 1]}
    assert "the day on which the school joins, 1 Mar 2027" in reason


def test_training_after_a_go_live_waits_for_the_school_to_be_there(tmp_path: Path):
    """Term ends on Wednesday 21 July. The autumn term begins on Thursday 2 September: its first week with three school
    days is that of the 6th."""
    problem = problem_of(asked(tmp_path, "week", "activities: [{kind: training, weeks_before: -1}]"))
    [late] = [c for c in problem.candidates[CEDAR] if c.day == date(2027, 7, 19)]
    assert problem.monday(late.last) == date(2027, 9, 6)
    [usual] = [c for c in problem.candidates[CEDAR] if c.day == date(2027, 7, 5)]
    assert problem.monday(usual.last) == date(2027, 7, 12)


@pytest.mark.slow
def test_a_parallel_run_after_a_go_live_keeps_out_of_blackouts_as_well(tmp_path: Path):
    calendar = TRUST + (
        "blackouts: [{name: Year end, first_day: 2027-03-29, last_day: 2027-04-02, activities: [parallel_run]}]\n"
    )
    service = "activities: [{kind: parallel_run, weeks_before: -1}]"
    problem = problem_of(asked(tmp_path, "week", service, calendar=calendar))
    assert date(2027, 3, 22) not in days(problem)
    assert "“Year end” falls in its parallel run" in problem.dropped[CEDAR].values()


@pytest.mark.slow
def test_what_has_happened_takes_its_work_also_on_a_day_that_was_kept_free(tmp_path: Path):
    """Cedar went live on 8 March, within a blackout: two days of support are still to come."""
    calendar = TRUST + (
        "blackouts: [{name: Quiet weeks, first_day: 2027-03-01, last_day: 2027-03-12, activities: [go_live]}]\n"
    )
    service = "activities: [{weeks_before: -1, team: ict, days: 2}]"
    folder = asked(tmp_path, "week", service, "teams: {ict: {days_per_week: 5}}\n", calendar)
    programme = plan_folder(folder).programme
    done = {"payroll/w2/go-live": TaskProgress(at("2027-03-08T09:00"), at("2027-03-08T09:00"))}
    joined, _ = join(
        programme.definition, rulepacks=programme.rulepacks, facts=Facts(progress=done), on=date(2027, 3, 10)
    )
    problem = wave_problem(judge(joined).programme)
    [live] = [c for c in problem.candidates[CEDAR] if c.week == problem.fixed[CEDAR]]
    assert live.work == {("ict", live.week + 1): 20}


def test_a_team_gives_its_days_in_a_working_week_of_four(tmp_path: Path):
    """Two and three quarter days in four: 27 whole tenths, and three quarters of that in the week of Easter Monday."""
    folder = asked(tmp_path, "week", BRIEF, "teams: {ict: {days_per_week: 2.75}}\n")
    (folder / "programme.yaml").write_text(
        PROGRAMME + "working_week: {days: [mon, tue, wed, thu], hours: [{start: '09:00', end: '16:00'}]}\n"
    )
    problem = problem_of(folder)
    by_monday = {problem.monday(w): n for w, n in enumerate(problem.capacity["ict"])}
    assert by_monday[date(2027, 2, 8)] == 27
    assert by_monday[date(2027, 3, 29)] == 20


def test_the_week_of_go_live_counts_as_one_of_change():
    later = Candidate(3, date(2027, 1, 25), (Placement(Kind.WORK, None, (5,), (0,)),))
    earlier = replace(later, placements=(Placement(Kind.WORK, None, (1,), (0,)),))
    assert (list(later.busy), list(earlier.busy)) == ([3, 4, 5], [1, 2, 3])


def test_schools_csv_says_as_well_who_would_rather_wait(tmp_path: Path):
    folder = with_schools(asked(tmp_path, "week", BRIEF), "reluctant", {"beech": "yes"})
    problem = problem_of(folder)
    assert {s.school for s in problem.schools.values() if s.reluctant} == {"beech"}
