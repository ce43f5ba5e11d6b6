"""Recorded facts in the browser: who sees which, how a wrong one is withdrawn, and how its day is corrected."""

from dataclasses import replace
from datetime import date

import httpx
import pytest
from lxml import html

from changeflow.programme.facts import Attendance
from changeflow.storage import facts
from changeflow.storage.database import read_scope
from changeflow.usecases import governance
from changeflow.usecases.attendance import record_attendance
from changeflow.usecases.progress import finish_task, start_task
from changeflow.usecases.stored import load
from changeflow.values.words import Outcome
from tests.every_role import GO, PLAN, TODAY, World, add_evidence, decide
from tests.web.visiting import Browser, heading, signed_in, text_of

PAGE = "/p/small/record/facts"
TASK, TRAINING = "payroll/ash/plan", "payroll/ash/train"


def ids(page: httpx.Response) -> list[str]:
    """Return the facts that a page offers to withdraw, the latest first."""
    return [a.rpartition("/")[2] for a in html.fromstring(page.text).xpath(f"//table//a/@href[contains(., '{PAGE}/')]")]


def hidden(page: httpx.Response, action: str) -> dict[str, str]:
    [form] = html.fromstring(page.text).xpath(f"//form[@action='{action}']")
    return {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}


def saved(browser: Browser, path: str, checked: httpx.Response, **fields: str) -> httpx.Response:
    return browser.send(path, checked, step="save", **fields, **hidden(checked, path))


def known(world: World, kind: str) -> list[facts.RecordedFact]:
    with read_scope(world.db) as session:
        return facts.recorded(session, "small", kind)


@pytest.fixture
def finished(own_world: World) -> World:
    """The world with a task that its owner reported as finished on 10 March."""
    finish_task(TASK, date(2027, 3, 10), date(2027, 3, 9), own_world.change("owner"))
    return own_world


@pytest.mark.slow
def test_the_person_who_recorded_a_finish_withdraws_it_after_seeing_the_effect(finished: World):
    browser, path = signed_in(finished.db, "owner"), f"{PAGE}/progress-1"
    page = browser.get(f"{PAGE}?about={TASK}")
    assert ids(page) == ["progress-1"]
    assert "Started 9 Mar 2027, finished 10 Mar 2027" in text_of(page)
    without = browser.send(path, browser.get(path))
    assert (without.status_code, "Enter what is wrong with this entry." in text_of(without)) == (422, True)
    checked = browser.send(path, browser.get(path), why="It was the other school")
    assert "What this would change" in text_of(checked)
    assert known(finished, "progress")[0].withdrawn is None
    assert saved(browser, path, checked, why="It was the other school").headers["location"] == f"{path}?withdrawn=1"
    page = browser.get(f"{path}?withdrawn=1")
    assert "by Owner: It was the other school" in text_of(page)
    assert "What is wrong with it?" not in text_of(page)
    with read_scope(finished.db) as session:
        assert TASK not in load(session, None, on=TODAY).programme.facts.progress
    assert ("owner", "withdraw", "progress-1") in finished.audited()


@pytest.mark.slow
def test_another_day_is_a_correcting_fact(finished: World):
    browser, path = signed_in(finished.db, "owner"), f"{PAGE}/progress-1"
    checked = browser.send(f"{path}/day", browser.get(path), day="8/3/2027", **{"day-why": "A typing mistake"})
    assert saved(browser, f"{path}/day", checked, day="8/3/2027", **{"day-why": "A typing mistake"}).status_code == 303
    wrong, right = known(finished, "progress")
    assert wrong.withdrawn is not None
    assert (wrong.withdrawn.reason, right.by) == ("A typing mistake", "owner")
    with read_scope(finished.db) as session:
        programme = load(session, None, on=TODAY).programme
        assert programme.days_of(TASK) == (date(2027, 3, 8), date(2027, 3, 8))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"day": "26/3/2027", "day-why": "x"}, "26 Mar 2027 is in the future."),
        ({"day": "", "day-why": "x"}, "Enter the day on which it happened."),
        ({"day": "8/3/2027", "day-why": " "}, "Enter what is wrong with this entry."),
    ],
)
def test_a_day_that_makes_no_sense_is_refused(finished: World, fields: dict[str, str], problem: str):
    browser, path = signed_in(finished.db, "owner"), f"{PAGE}/progress-1"
    answer = browser.send(f"{path}/day", browser.get(path), **fields)
    assert (answer.status_code, problem in text_of(answer)) == (422, True)
    assert len(known(finished, "progress")) == 1


@pytest.mark.slow
def test_if_someone_else_was_faster_their_entry_is_shown(finished: World):
    mine, theirs, path = signed_in(finished.db, "owner"), signed_in(finished.db, "chief"), f"{PAGE}/progress-1"
    checked = mine.send(path, mine.get(path), why="Mine")
    other = theirs.send(path, theirs.get(path), why="Theirs")
    saved(theirs, path, other, why="Theirs")
    late = saved(mine, path, checked, why="Mine")
    assert late.status_code == 409
    assert "Someone else has recorded something here" in text_of(late)
    assert "by Chief Executive: Theirs" in text_of(late)


@pytest.mark.slow
def test_a_replaced_report_has_no_day_to_correct(own_world: World):
    start_task(TASK, date(2027, 3, 8), own_world.change("owner"))
    finish_task(TASK, date(2027, 3, 10), None, own_world.change("owner"))
    browser = signed_in(own_world.db, "owner")
    assert "Replaced by a later entry" in text_of(browser.get(f"{PAGE}/progress-1"))
    assert "It was another day" not in text_of(browser.get(f"{PAGE}/progress-1"))
    answer = browser.send(f"{PAGE}/progress-1/day", browser.get(f"{PAGE}/progress-1"), day="1/3/2027",
                          **{"day-why": "x"})  # fmt: skip
    assert "A later entry has replaced this one." in text_of(answer)


@pytest.mark.slow
def test_attendance_and_support_move_to_another_day(own_world: World):
    record_attendance([Attendance(task=TRAINING, person="head", on=date(2027, 3, 20))], own_world.change("member"))
    governance.note_act("Opened the training", date(2027, 3, 20), own_world.change("member"))
    browser = signed_in(own_world.db, "member")
    for fact, kind in (("attendance-1", "attendance"), ("sponsor-act-1", "sponsor-act")):
        path = f"{PAGE}/{fact}"
        fields = {"day": "19/3/2027", "day-why": "It was the day before"}
        checked = browser.send(f"{path}/day", browser.get(path), **fields)
        assert saved(browser, f"{path}/day", checked, **fields).status_code == 303
        wrong, right = known(own_world, kind)
        assert wrong.withdrawn is not None
        assert (right.values["on"], right.withdrawn) == (date(2027, 3, 19), None)


@pytest.mark.slow
def test_a_decision_is_reopened_with_its_conditions(own_world: World):
    browser = signed_in(own_world.db, "owner")
    page = browser.get(f"/p/small/decisions/{PLAN}")
    assert f"{PAGE}?about={PLAN}" in page.text
    [fact] = ids(browser.get(f"{PAGE}?about={PLAN}"))
    page = browser.get(f"{PAGE}/{fact}")
    assert heading(page) == "Reopen a decision"
    checked = browser.send(f"{PAGE}/{fact}", page, why="New facts")
    assert saved(browser, f"{PAGE}/{fact}", checked, why="New facts").status_code == 303
    decide(own_world, "owner")
    assert [f.withdrawn is None for f in known(own_world, "decision")] == [False, True]
    assert known(own_world, "decision")[1].values["outcome"] == Outcome.REJECT


@pytest.mark.slow
def test_only_who_signed_withdraws_a_signature(own_world: World):
    signature = next(f for f in known(own_world, "pilot-entry") if f.values["kind"] == "signature")
    assert f"{PAGE}/{signature.id}" in signed_in(own_world.db, "signatory").get(f"{PAGE}?about={GO}").text
    refused = signed_in(own_world.db, "chief").get(f"{PAGE}/{signature.id}")
    assert (refused.status_code, heading(refused)) == (403, "You do not have access to this")


@pytest.mark.slow
def test_people_who_do_not_see_the_record_see_only_what_they_recorded(own_world: World):
    finish_task(TASK, date(2027, 3, 10), date(2027, 3, 9), own_world.change("head"))
    for person, own in (("head", ["progress-1"]), ("viewer", ["pilot-entry-6"]), ("accountant", [])):
        page = signed_in(own_world.db, person).get(PAGE)
        assert (person, ids(page)) == (person, own)
        found = heading(signed_in(own_world.db, person).get(f"{PAGE}?about={TASK}"))
        assert (person, found.startswith("Recorded facts:")) == (person, person != "viewer")
    everything = text_of(signed_in(own_world.db, "chair").get(PAGE))
    assert "Decision" in everything
    assert "payroll/" not in everything, "no ids"


@pytest.mark.slow
def test_the_pages_of_things_lead_to_their_entries(own_world: World):
    record_attendance([Attendance(task=TRAINING, person="head", on=date(2027, 3, 20))], own_world.change("member"))
    governance.note_act("Opened the training", date(2027, 3, 20), own_world.change("member"))
    browser = signed_in(own_world.db, "member")
    for path, query in (
        (f"people/training/{TRAINING}", f"about={TRAINING}&amp;kind=attendance"),
        ("people/support", "kind=sponsor-act"),
        ("pilots/payroll", "about=payroll"),
        (f"plan/{TRAINING}", f"about={TRAINING}"),
    ):
        assert f"{PAGE}?{query}" in browser.get(f"/p/small/{path}").text, path
    assert PAGE not in signed_in(own_world.db, "accountant").get(f"/p/small/plan/{TRAINING}").text


@pytest.mark.slow
def test_evidence_is_withdrawn_here_too(own_world: World):
    add_evidence(own_world, "owner")
    browser, path = signed_in(own_world.db, "owner"), f"{PAGE}/evidence-1"
    checked = browser.send(path, browser.get(path), why="An old version")
    assert "It was another day" not in text_of(checked)
    assert saved(browser, path, checked, why="An old version").status_code == 303
    assert known(own_world, "evidence")[0].withdrawn is not None


@pytest.mark.parametrize("query", ["kind=nothing", "page=0", "page=x", "page=-1"])
def test_a_filter_that_is_not_valid_is_refused(world: World, query: str):
    assert signed_in(world.db, "chair").get(f"{PAGE}?{query}").status_code == 422


@pytest.mark.slow
def test_reading_facts_is_recorded(own_world: World):
    signed_in(own_world.db, "chair").get(f"{PAGE}?kind=decision")
    assert ("chair", "look", "facts:decision") in own_world.audited()
    assert replace(known(own_world, "decision")[0], withdrawn=None) == known(own_world, "decision")[0]
