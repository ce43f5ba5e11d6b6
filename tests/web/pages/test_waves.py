"""The board of waves as each person sees it."""

from dataclasses import replace

import pytest
from lxml import html

from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.reports.wave_boards import wave_board
from changeflow.roadmap.waves.problem import WavePlan, WaveProblem, loads, percent_of
from changeflow.storage.database import read_scope
from changeflow.usecases import definitions
from changeflow.usecases.stored import load
from changeflow.usecases.wave_use import effect_in_force
from changeflow.values.moments import format_day
from changeflow.values.words import Role
from tests.every_role import HOLDER, NOW, TODAY, World
from tests.web.visiting import Browser, heading, signed_in, text_of

WAVES = "/p/small/waves"
PEOPLE = [person for role, person in HOLDER.items() if role is not Role.SYSTEM]
ROLLOUT = """\
at_once: 1
teams: {trainers: {name: Trainers, days_per_week: 1}}
services:
  payroll: {activities: [{kind: training, weeks_before: 2, team: trainers, days: 3}]}
"""


def plan_of(world: World) -> tuple[WaveProblem, WavePlan, tuple[str, ...]]:
    with read_scope(world.db) as session:
        programme = load(session, "small", on=TODAY).programme
    problem = wave_problem(programme)
    plan = plan_in_force(programme, problem)
    return problem, plan, effect_in_force(programme, problem, plan).breaks


@pytest.mark.parametrize("person", PEOPLE)
def test_everyone_in_the_programme_reads_it(world: World, person: str):
    page = signed_in(world.db, person).get(WAVES)
    assert (page.status_code, heading(page)) == (200, "Waves")


@pytest.mark.usual(4)
@pytest.mark.parametrize("person", PEOPLE)
def test_a_school_is_a_link_only_for_those_who_may_open_it(world: World, person: str):
    browser = signed_in(world.db, person)
    page = html.fromstring(browser.get(WAVES).text)
    links = [a.get("href") for a in page.xpath("//main//table//a[contains(@href, '/schools/')]")]
    assert [browser.get(link).status_code for link in links] == [200] * len(links)
    assert len(links) == {"chief": 3, "head": 1, "viewer": 0}.get(person, len(links))


def test_the_board_has_every_go_live_of_the_plan_in_force(world: World):
    problem, plan, _ = plan_of(world)
    page = html.fromstring(signed_in(world.db, "chief").get(WAVES).text)
    [board] = page.xpath("//table[contains(caption, 'by school and wave')]")
    rows = {row.xpath("string(th/a)"): " ".join(row.text_content().split()) for row in board.xpath("tbody/tr")}
    assert set(rows) == {problem.schools[s].name for s, _ in plan.chosen}
    for (school, service), candidate in plan.chosen.items():
        assert f"{problem.services[service].name}, {format_day(candidate.day)}" in rows[problem.schools[school].name]
    assert sum(text.count(", ") for text in rows.values()) == len(plan.chosen)


@pytest.mark.slow
def test_it_names_the_limits_exceeded_and_the_busiest_weeks(own_world: World):
    folder = own_world.home / "trust"
    (folder / "rollout.yaml").write_text(ROLLOUT)
    definitions.apply(folder, db=own_world.db, actor="chief", now=NOW)
    problem, plan, breaks = plan_of(own_world)
    assert breaks
    page = signed_in(own_world.db, "chief").get(WAVES)
    said = text_of(page)
    assert f"The plan breaks {len(breaks)} limit" in said
    for what in breaks:
        assert what[1:] in said
    tenths = loads(problem, plan)["trainers"]
    peak = max(percent_of(n, problem.capacity["trainers"][w]) for w, n in enumerate(tenths) if n)
    assert peak > 100
    assert f"{peak}%, over capacity" in said
    assert len(html.fromstring(page.text).xpath("//main//*[local-name()='svg' and @role='img']")) == 1


@pytest.mark.slow
def test_work_after_the_last_week_of_the_rollout_is_no_failure(own_world: World):
    folder = own_world.home / "trust"
    (folder / "rollout.yaml").write_text(ROLLOUT)
    definitions.apply(folder, db=own_world.db, actor="chief", now=NOW)
    problem, plan, breaks = plan_of(own_world)
    assert any("Trainers" in what for what in breaks)
    last = max(w for c in plan.chosen.values() for p in c.placements for w in p.weeks)
    short = replace(problem, weeks=last, capacity={team: days[:last] for team, days in problem.capacity.items()})
    with read_scope(own_world.db) as session:
        programme = load(session, "small", on=TODAY).programme
    board = wave_board("A programme", short, plan, effect_in_force(programme, short, plan))
    assert len(board.rows) == len({school for school, _ in plan.chosen})


@pytest.mark.slow
def test_a_name_with_html_is_shown_as_text(own_world: World):
    folder = own_world.home / "trust"
    name = "<b>x</b> {{ 7*7 }}"
    schools = (folder / "schools.csv").read_text()
    (folder / "schools.csv").write_text(schools.replace("Ash School", name))
    definitions.apply(folder, db=own_world.db, actor="chief", now=NOW)
    page = signed_in(own_world.db, "chief").get(WAVES)
    assert name in text_of(page)
    assert "<b>x" not in page.text


def test_without_a_session_or_the_programme_there_is_no_page(world: World):
    assert Browser(world.db).get(WAVES).status_code == 303
    assert signed_in(world.db, "chief").get("/p/another/waves").status_code == 404
