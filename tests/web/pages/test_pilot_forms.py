"""Forms of a pilot: issues, feedback, improvements, lessons with the dates they move, and measures."""

import re
from typing import Any

import pytest

from changeflow.pilots.issues import improvements, issues, lessons_of
from changeflow.storage.database import read_scope
from changeflow.usecases.stored import load
from changeflow.values.words import Role
from tests.every_role import GO, HOLDER, SIDE_BY_SIDE, TODAY, World, update_issue
from tests.web.pages.test_pilot_runs import check, hidden, save
from tests.web.visiting import Browser, heading, signed_in, text_of

PILOT = "/p/small/pilots/payroll"
STRANGE = "<b>x</b> {{ 7*7 }}"
ISSUE = {"text": "Payslips were late", "severity": "1", "school": "ash", "owner": "member", "blocks": "yes"}
UPDATE = {"words": "Printed again", "state": "fixed", "severity": "", "owner": "", "blocks": ""}
FEEDBACK = {"side": "provider", "text": "Too many forms", "item": "Numbers in time", "school": ""}
PLAN = {"text": "One form", "owner": "member", "due": "9/4/2027", "feedback-1": "1", "issues-1": "1"}
DONE = {"did": "We wrote a guide"}
LESSON = {"which": "train", "days": "6", "after": "", "reason": "It took longer"}
ANSWER = {"answer": "accept", "reason": "Agreed"}
MEASURE = {"value": "2.5"}
CONFIRM = {"evidence": "A new rota", "until": ""}
TEST = {"result": "failed", "evidence": "A payslip"}
REPEAT = {"length": "1", "unit": "pp", "reason": "The run was not clean"}
FILED = {"scheme": "S1", "period": "2027-02", "system": "old"}
WRONG = {
    "issues/new": ISSUE,
    "issues/1": UPDATE,
    "feedback/new": FEEDBACK,
    "improvements/new": PLAN,
    "improvements/1": DONE,
    "lessons/new": LESSON,
    "lessons/1": ANSWER,
    "measures/queries": MEASURE,
    f"checklist/desk/{GO}": CONFIRM,
    "tests/starter": TEST,
    f"repeat/{SIDE_BY_SIDE}": REPEAT,
    "filings/new": FILED,
}
"""Fields that are accepted, by form."""


def programme_of(world: World) -> Any:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).programme


def record(browser: Browser, path: str, **fields: str) -> Any:
    """Check and save a form; return the page of its effect."""
    where = f"{PILOT}/{path}"
    checked = check(browser, where, **fields)
    assert checked.status_code == 200, text_of(checked)
    for _ in range(2):
        saved = save(browser, checked, where, **fields)
        assert saved.status_code == 303, text_of(saved)
    assert "Saved" in text_of(browser.get(saved.headers["location"]))
    return checked


@pytest.mark.slow
def test_an_issue_is_raised_shown_as_evidence_and_updated(own_world: World):
    browser = signed_in(own_world.db, "manager")
    checked = record(browser, "issues/new", **ISSUE)
    assert "New evidence against" in text_of(checked)
    assert "Payslips were late" in text_of(checked).partition("New evidence against")[2]
    [raised] = [i for i in issues(programme_of(own_world).facts.pilot, "payroll") if i.text == ISSUE["text"]]
    assert (int(raised.severity), raised.school, raised.owner, raised.blocks_next_wave) == (1, "ash", "member", True)
    assert ("manager", "pilot:issue", f"payroll:{raised.number}") in own_world.audited()
    assert any("pilot:issue" in line and "session" in line for line in own_world.dump().splitlines())
    assert "Payslips were late" in text_of(signed_in(own_world.db, "chief").get(f"/p/small/decisions/{GO}"))
    solved = record(browser, f"issues/{raised.number}", **UPDATE)
    assert "No longer evidence against a decision" in text_of(solved)
    fixed = next(i for i in issues(programme_of(own_world).facts.pilot, "payroll") if i.number == raised.number)
    assert (fixed.state, fixed.words, fixed.owner) == ("fixed", "Printed again", "member")
    page = text_of(browser.get(f"{PILOT}/issues/{raised.number}"))
    assert "Printed again (25 Mar 2027)" in page


@pytest.mark.thorough
@pytest.mark.slow
def test_feedback_becomes_an_improvement_and_you_said_we_did(own_world: World):
    browser = signed_in(own_world.db, "member")
    record(browser, "feedback/new", **FEEDBACK)
    assert "Too many forms" in text_of(browser.get(f"{PILOT}/improvements/new"))
    record(browser, "improvements/new", **PLAN)
    item = next(i for i in improvements(programme_of(own_world).facts.pilot, "payroll") if i.text == "One form")
    assert (item.said, item.issues, item.owner, f"{item.due:%d %b}") == (("Slow",), (1,), "member", "09 Apr")
    assert "One form (Team Member, by 9 Apr 2027)" in text_of(browser.get(PILOT))
    record(browser, f"improvements/{item.number}", **DONE)
    said = text_of(browser.get(PILOT))
    assert "SlowWe wrote a guide" in said
    assert "One form" not in said
    assert "We did" in text_of(browser.get(f"{PILOT}/improvements/{item.number}"))


@pytest.mark.slow
def test_a_lesson_shows_the_dates_it_moves_and_changes_the_plan_once_it_is_accepted(own_world: World):
    browser = signed_in(own_world.db, "member")
    checked = record(browser, "lessons/new", **LESSON)
    said = text_of(checked)
    assert "Dates in later waves, if the lesson is accepted" in said
    moves = said.partition("if the lesson is accepted")[2]
    assert "days later" in moves
    number = max(lessons_of(programme_of(own_world).facts.pilot, "payroll"))
    before = programme_of(own_world)
    answered = record(browser, f"lessons/{number}", **ANSWER)
    after = programme_of(own_world)
    assert "What this would change" in text_of(answered)
    moved = [t.id for t in after.tasks() if after.days_of(t.id) != before.days_of(t.id)]
    assert moved
    assert ("member", "pilot:lesson-accepted", f"payroll:{number}:version:2") in own_world.audited()
    page = browser.get(f"{PILOT}/lessons/{number}")
    assert "Accepted" in text_of(page)
    assert 'name="answer"' not in page.text


@pytest.mark.slow
def test_a_measure_is_evidence(own_world: World):
    browser = signed_in(own_world.db, "owner")
    record(browser, "measures/queries", **MEASURE)
    assert "Queries: 2.5 (must be at most 3)." in text_of(browser.get(PILOT))
    assert "Last measured2.5" in text_of(browser.get(f"{PILOT}/measures/queries"))


@pytest.mark.slow
def test_the_checklist_and_the_test_pack_are_evidence(own_world: World):
    browser = signed_in(own_world.db, "owner")
    page = browser.get(f"/p/small/sign-off/{GO}")
    assert "A desk is there" in text_of(page)
    assert f'href="{PILOT}/checklist/desk/{GO}"' in page.text
    record(browser, f"checklist/desk/{GO}", **CONFIRM)
    assert "A new rota (25 Mar 2027)" in text_of(browser.get(f"/p/small/sign-off/{GO}"))
    member = signed_in(own_world.db, "member")
    tested = record(member, "tests/starter", **TEST)
    assert "Test case “A starter” failed on 25 Mar 2027: A payslip" in text_of(tested)
    assert "A starter: failed on 25 Mar 2027" in text_of(member.get(PILOT))


@pytest.mark.slow
def test_an_item_with_an_end_needs_its_day(own_world: World):
    browser = signed_in(own_world.db, "member")
    links = re.findall(rf'href="({PILOT}/checklist/[^"]+)"', browser.get(f"/p/small/sign-off/{GO}").text)
    assert len(links) == 5
    answers = [check(browser, link, **CONFIRM) for link in links]
    without = [a for a in answers if a.status_code == 422]
    assert without, "one of the rulepack's items has an end"
    assert all("Enter the last day on which the confirmation applies." in text_of(a) for a in without)
    assert all("--" not in text_of(a) for a in without)
    found = check(browser, links[answers.index(without[0])], evidence="Tried it", until="30/9/2027")
    assert found.status_code == 200


@pytest.mark.slow
def test_a_run_is_repeated_with_its_effect_and_a_filing_recorded(own_world: World):
    browser = signed_in(own_world.db, "member")
    assert "parallel run" in text_of(browser.get(PILOT)).partition("Repeat a pilot or parallel run")[2]
    before = {t.id for t in programme_of(own_world).tasks()}
    repeated = record(browser, f"repeat/{SIDE_BY_SIDE}", **REPEAT)
    assert "again" in text_of(repeated).partition("What this would change")[2]
    assert len({t.id for t in programme_of(own_world).tasks()} - before) == 1
    record(browser, "filings/new", **FILED)
    assert ("member", "submit", "payroll:S1:2027-02:old") in own_world.audited()
    refused = check(browser, f"{PILOT}/filings/new", **{**FILED, "system": "new"})
    assert refused.status_code == 422
    assert "--" not in text_of(refused)


@pytest.mark.usual(8)
@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("tests/starter", {"result": ""}, "Choose the result."),
        ("tests/starter", {"evidence": ""}, "Enter the evidence."),
        (f"checklist/desk/{GO}", {"evidence": " "}, "Enter the evidence."),
        (f"repeat/{SIDE_BY_SIDE}", {"length": "0"}, "Enter how long it takes as a whole number, such as 2."),
        (f"repeat/{SIDE_BY_SIDE}", {"unit": "x"}, "Choose the unit."),
        ("filings/new", {"scheme": ""}, "Choose the scheme."),
        ("filings/new", {"system": "both"}, "Choose the system."),
        ("issues/new", {"text": ""}, "Enter what happened."),
        ("issues/new", {"text": "x" * 2001}, "Shorten it to 2000."),
        ("issues/new", {"text": "a\x00b"}, "We have removed them."),
        ("issues/new", {"severity": "9"}, "Choose how severe it is."),
        ("issues/new", {"blocks": ""}, "Choose yes or no."),
        ("issues/1", {"words": ""}, "Enter what was done or found."),
        ("feedback/new", {"side": "x"}, "Choose who says it."),
        ("feedback/new", {"text": " "}, "Enter what they say."),
        ("improvements/new", {"owner": ""}, "Choose who will do it."),
        ("improvements/new", {"due": "31/2/2027"}, "“31/2/2027” is not a date."),
        ("improvements/1", {"did": ""}, "Enter what you did."),
        ("lessons/new", {"which": ""}, "Choose a step."),
        ("lessons/new", {"days": "-1"}, "Enter the number of days as a whole number, such as 4."),
        ("lessons/new", {"days": ""}, "Enter the number of days, or choose a step that it should also wait for."),
        ("lessons/1", {"answer": ""}, "Choose yes or no."),
        ("lessons/1", {"reason": ""}, "Enter the reason."),
        ("measures/queries", {"value": "many"}, "Enter a number, such as 2.5."),
    ],
)
def test_mistakes_keep_what_was_typed(world: World, path: str, fields: dict[str, str], words: str):
    given = {**WRONG[path], **fields}
    kept = [name for name in ("text", "reason", "words") if name in given and name not in fields]
    given |= dict.fromkeys(kept, STRANGE)
    page = check(signed_in(world.db, "member"), f"{PILOT}/{path}", **given)
    text = text_of(page)
    assert page.status_code == 422, text
    assert words in text
    assert not kept or STRANGE in text
    assert "<b>x" not in page.text
    assert "--" not in text


@pytest.mark.parametrize(
    ("path", "fields", "missing"),
    [
        ("issues/new", {"owner": "nobody-at-all"}, "person"),
        ("feedback/new", {"item": "nothing"}, "item"),
        ("improvements/new", {"feedback-99": "1"}, "feedback"),
        ("lessons/new", {"which": "nothing"}, "step"),
    ],
)
def test_a_choice_that_is_not_in_the_list_is_not_there(world: World, path: str, fields: dict[str, str], missing: str):
    page = check(signed_in(world.db, "member"), f"{PILOT}/{path}", **{**WRONG[path], **fields})
    assert page.status_code in (404, 422), missing


@pytest.mark.slow
def test_someone_elses_update_is_shown_and_ones_own_is_kept(own_world: World):
    browser = signed_in(own_world.db, "manager")
    old = browser.get(f"{PILOT}/issues/1")
    update_issue(own_world, "member")
    late = check(browser, f"{PILOT}/issues/1", old, **UPDATE)
    assert late.status_code == 409
    assert "Someone else has recorded something here" in text_of(late)
    assert "Looked at" in text_of(late)
    assert "Printed again</textarea>" in late.text
    assert hidden(late, "seen") != hidden(old, "seen")


@pytest.mark.slow
@pytest.mark.usual(5)
@pytest.mark.parametrize("path", WRONG)
def test_who_may_not_is_refused(own_world: World, path: str):
    anyone = path in ("issues/new", "feedback/new")
    browser = signed_in(own_world.db, HOLDER[Role.HEAD] if anyone else HOLDER[Role.VIEWER])
    assert browser.get(f"{PILOT}/{path}").status_code == 403
    refused = browser.send(f"{PILOT}/{path}", browser.get("/p/small/settings/sessions"), **WRONG[path])
    assert (refused.status_code, heading(refused)) == (403, "You do not have access to this")


@pytest.mark.slow
def test_what_does_not_exist_is_not_there(world: World):
    browser = signed_in(world.db, "member")
    things = (
        "issues/99",
        "improvements/99",
        "lessons/99",
        "measures/nothing",
        "tests/nothing",
        "repeat/payroll/ash/plan",
    )
    for path in (*things, f"checklist/nothing/{GO}", "repeat/payroll/ash/plan"):
        assert browser.get(f"{PILOT}/{path}").status_code == 404
    assert browser.get("/p/small/pilots/nothing/issues/new").status_code == 404
