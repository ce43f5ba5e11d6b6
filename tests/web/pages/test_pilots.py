"""Pilots as each person sees them: totals, never individual contracts."""

import pytest
from lxml import html

from changeflow.reports.sro import run_lines
from changeflow.storage.database import read_scope
from changeflow.usecases import pilots
from changeflow.usecases.stored import load
from changeflow.values.words import Role
from tests.every_role import HOLDER, TODAY, World, give_feedback
from tests.web.visiting import Browser, heading, signed_in, text_of

URL, PAYROLL = "/p/small/pilots", "/p/small/pilots/payroll"
EVERYONE = [person for role, person in HOLDER.items() if role not in (Role.SYSTEM, Role.HEAD)]


@pytest.mark.parametrize("person", EVERYONE)
def test_everyone_but_heads_reads_them_without_contracts(world: World, person: str):
    browser = signed_in(world.db, person)
    pages = [browser.get(path) for path in (URL, PAYROLL)]
    assert [(p.status_code, heading(p)) for p in pages] == [(200, "Pilots"), (200, "Payroll: pilot")]
    assert not any(contract in p.text for p in pages for contract in ("A1", "A2", "212.00"))


def test_a_run_has_the_counts_that_the_report_has(world: World):
    with read_scope(world.db) as session:
        facts = load(session, "small", on=TODAY).programme.facts
    [line] = run_lines("Payroll", facts.runs_of("payroll"))
    page = signed_in(world.db, "chief").get(PAYROLL)
    said = text_of(page)
    assert (line.compared, line.equal, line.unexplained) == (2, 1, 1)
    [row] = html.fromstring(page.text).xpath("//table[contains(caption, 'Old and new systems')]/tbody/tr")
    shown = {cell.get("data-label"): cell.text_content() for cell in row.xpath("td")}
    assert row.xpath("string(th)") == "February 2027"
    assert shown["Compared"] == str(line.compared)
    assert shown["Identical"] == str(line.equal)
    assert shown["Unexplained"] == str(line.unexplained)
    assert shown["Pay matches"] == line.share
    assert "not clean" in said
    assert "0 clean runs in a row" in said


@pytest.mark.slow
def test_it_has_criteria_signatures_issues_feedback_and_lessons(own_world: World):
    before = text_of(signed_in(own_world.db, "chief").get(PAYROLL))
    assert "“Queries” has not been measured yet." in before
    assert "1 of 1 person has signed" in before
    assert "It stops" in before
    assert "2: causes serious problems for some people" in before
    assert "Train: plan 4 days" in before
    assert "Reason: It took longer" in before
    assert "Slow (user, 25 Mar 2027)" in before
    pilots.measure_criterion("payroll", "queries", "2", own_world.change("owner"))
    after = text_of(signed_in(own_world.db, "chief").get(PAYROLL))
    assert "Queries: 2 (must be at most 3)." in after


@pytest.mark.slow
def test_text_with_html_is_shown_as_text(own_world: World):
    text = "<b>x</b> {{ 7*7 }}"
    give_feedback(own_world, "viewer", text)
    page = signed_in(own_world.db, "chief").get(PAYROLL)
    assert text in text_of(page)
    assert "<b>x" not in page.text


def test_an_unknown_service_is_not_there(world: World):
    answer = signed_in(world.db, "chief").get(f"{URL}/nothing")
    assert (answer.status_code, heading(answer)) == (404, "Page not found")


def test_a_service_without_runs_or_criteria_says_so(world: World):
    said = text_of(signed_in(world.db, "chief").get(f"{URL}/estates"))
    assert "No exit criteria have been set." in said
    assert "No parallel run has been reconciled yet." in said
    assert "No feedback yet." in said


def test_without_a_session_or_the_programme_there_is_no_page(world: World):
    assert Browser(world.db).get(PAYROLL).status_code == 303
    assert signed_in(world.db, "chief").get("/p/another/pilots").status_code == 404
