"""Decisions: the lists, and the page of each."""

import json

import pytest
from lxml import html

from changeflow.agenda.decisions import GateAnswer
from changeflow.agenda.gates import weigh
from changeflow.reports.documents import html_of, json_of
from changeflow.usecases import gates
from changeflow.usecases.gates import case_of
from changeflow.usecases.go_no_go import go_no_go_of
from changeflow.usecases.reports import decision_log
from changeflow.usecases.stored import stored_on
from changeflow.values.words import Kind, Outcome, Role
from tests.every_role import GO, HOLDER, PLAN, TODAY, World
from tests.web.visiting import heading, signed_in, text_of

PEOPLE = [person for role, person in HOLDER.items() if role not in (Role.SYSTEM, Role.HEAD)]


@pytest.mark.parametrize("person", PEOPLE)
def test_everyone_but_heads_reads_the_decisions(world: World, person: str):
    page = signed_in(world.db, person).get("/p/small/decisions")
    assert (page.status_code, heading(page)) == (200, "Decisions")


def test_the_list_has_what_the_command_lists(world: World):
    text = text_of(signed_in(world.db, "chief").get("/p/small/decisions"))
    log = decision_log(None, db=world.db, today=TODAY)
    assert log.needed
    assert log.made
    for line in log.needed:
        assert line.name in text
        assert line.last_day.cost in text
    for made in log.made:
        assert made.reason in text


@pytest.mark.slow
def test_every_decision_of_the_programme_is_in_a_list_and_has_a_page(world: World):
    browser = signed_in(world.db, "chief")
    listed = html.fromstring(browser.get("/p/small/decisions").text).xpath("//main//a/@href")
    programme = stored_on(None, db=world.db, on=TODAY).programme
    for task in programme.tasks(kind=Kind.DECISION):
        path = f"/p/small/decisions/{task.id}"
        assert path in listed
        page = browser.get(path)
        assert (page.status_code, heading(page)) == (200, task.name)


def test_the_page_has_every_criterion_with_its_state_and_remedy(world: World):
    page = signed_in(world.db, "chief").get(f"/p/small/decisions/{GO}")
    _, case = case_of(GO, db=world.db, programme=None, on=TODAY)
    text = text_of(page)
    assert {"blocks", "open"} <= {c.state.value for c in case.criteria}
    for criterion in case.criteria:
        assert str(criterion.text) in text
        if criterion.state.value in ("blocks", "open") and criterion.remedy:
            assert criterion.remedy in text
    assert text.count("✗ not met") == len([c for c in case.criteria if c.state.value == "blocks"])


def test_the_page_names_who_can_provide_what_is_missing(world: World):
    page = html.fromstring(signed_in(world.db, "chief").get(f"/p/small/decisions/{GO}").text)
    programme = stored_on(None, db=world.db, on=TODAY)
    owned = [c for c in weigh(programme.judged, GO).criteria if c.owner and c.state.value == "open"]
    rows = {" ".join(row.xpath("string(th)").split()): row for row in page.xpath("//table//tr[th[@scope='row']]")}
    assert owned
    for criterion in owned:
        who = rows[str(criterion.text)].xpath("string(td[@data-label='Who'])")
        assert who == programme.programme.person(criterion.owner)


@pytest.mark.slow
def test_a_decision_that_was_rejected_shows_the_reason(world: World):
    text = text_of(signed_in(world.db, "chief").get(f"/p/small/decisions/{PLAN}"))
    assert "rejected" in text
    assert "Not yet" in text


@pytest.mark.slow
def test_the_files_are_those_of_the_command(world: World):
    browser = signed_in(world.db, "chief")
    page = go_no_go_of(GO, db=world.db, programme=None, today=TODAY)
    assert browser.get(f"/p/small/decisions/{GO}.html").text == html_of(page)
    assert browser.get(f"/p/small/decisions/{GO}.json").json() == json.loads(json_of(page))
    assert browser.get(f"/p/small/decisions/{GO}.pdf").content[:5] == b"%PDF-"


@pytest.mark.parametrize("path", ["nothing", f"{GO}.exe", f"{PLAN}.pdf", "payroll/w1/go-live", "%3Cb%3E", ""])
def test_what_is_no_decision_is_not_found(world: World, path: str):
    answer = signed_in(world.db, "chief").get(f"/p/small/decisions/{path}")
    assert (answer.status_code, heading(answer)) == (404, "Page not found")


def test_a_decision_that_cannot_be_answered_yet_compares_no_dates(world: World):
    text = text_of(signed_in(world.db, "chief").get(f"/p/small/decisions/{GO}"))
    assert "Some work before this decision is not complete." in text
    assert "What each decision would mean" not in text


def test_a_decision_about_every_school_names_none_of_them(world: World):
    assert "Schools: all 3 schools" in text_of(signed_in(world.db, "chief").get(f"/p/small/decisions/{PLAN}"))


@pytest.mark.slow
def test_html_in_a_reason_is_text(own_world: World):
    reason = "<b>no</b> {{ 7*7 }}"
    answer = GateAnswer(task=PLAN, outcome=Outcome.REJECT, reason=reason, on=TODAY, again=True)
    gates.decide(answer, own_world.change("owner"))
    page = signed_in(own_world.db, "chief").get(f"/p/small/decisions/{PLAN}")
    assert reason in text_of(page)
    assert "<b>no</b>" not in page.text
