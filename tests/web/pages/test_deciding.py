"""Deciding on a decision's page: check, see the effect, record; and what is refused, kept or sent twice."""

import re
from datetime import date
from typing import Any

import pytest

from changeflow.agenda.decisions import GateAnswer
from changeflow.programme.facts import Decision
from changeflow.storage.database import read_scope
from changeflow.usecases import gates
from changeflow.usecases.stored import load
from changeflow.values.words import Outcome
from tests.every_role import GO, PLAN, TODAY, World
from tests.web.visiting import Browser, heading, signed_in, text_of

PAGE = f"/p/small/decisions/{PLAN}"
OTHERS = f"/p/small/recorded-decisions/{PLAN}"
CONDITION = {
    "condition-1-text": "Agree the rota with the cooks", "condition-1-owner": "member", "condition-1-due": "9/4/2027",
    "condition-1-before": "payroll/w1/go-live",
}  # fmt: skip
ANSWER = {"outcome": "approve_with_conditions", "reason": "The plan is good enough", "again": "1", **CONDITION}
STRANGE = "<b>x</b> {{ 7*7 }} ${x}"


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    return found[1] if found else ""


def check(browser: Browser, page: Any = None, to: str = PAGE, **fields: str) -> Any:
    """Send the form of a page to be checked."""
    page = page or browser.get(PAGE)
    return browser.send(to, page, **{"seen": hidden(page, "seen"), **fields})


def save(browser: Browser, checked: Any, to: str = PAGE, **fields: str) -> Any:
    marks = {name: hidden(checked, name) for name in ("seen", "effect")}
    return browser.send(to, checked, step="save", **{**marks, **fields})


def decisions_of(world: World, gate: str = PLAN) -> list[Decision]:
    with read_scope(world.db) as session:
        facts = load(session, "small", on=TODAY).programme.facts
    return [d for d in facts.decisions if d.task == gate]


@pytest.mark.slow
def test_an_approval_with_a_condition_is_checked_shown_and_recorded(own_world: World):
    browser = signed_in(own_world.db, "chief")
    assert "Decide again" in text_of(browser.get(PAGE))
    checked = check(browser, **ANSWER)
    text = text_of(checked)
    assert checked.status_code == 200
    assert "What this would change" in text
    assert "“Payroll: agree the rota with the cooks (condition)” has been added." in text
    assert "is now called" not in text
    assert len(decisions_of(own_world)) == 1
    saved = save(browser, checked, **ANSWER)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{PAGE}?saved=1")
    made = decisions_of(own_world)[-1]
    assert (made.outcome, made.by, made.on, made.round) == (Outcome.CONDITIONS, "chief", TODAY, 2)
    assert made.conditions[0].due == date(2027, 4, 9)
    page = browser.get(saved.headers["location"])
    assert "Each condition is now a task." in text_of(page)
    task = f"/p/small/plan/{PLAN}/condition-1"
    assert f'href="{task}"' in page.text
    assert heading(browser.get(task)) == "Payroll: agree the rota with the cooks (condition)"
    record = text_of(browser.get("/p/small/record"))
    assert "Recorded conditional approval of" in record
    assert any("gate:approve_with_conditions" in line and "session" in line for line in own_world.dump().splitlines())


@pytest.mark.slow
def test_what_the_evidence_does_not_support_is_disabled_and_refused_with_who_may_lift_it(own_world: World):
    browser, page = signed_in(own_world.db, "chief"), f"/p/small/decisions/{GO}"
    shown = browser.get(page)
    assert len(re.findall(r'name="outcome"[^>]* disabled', shown.text)) == 2
    assert "You cannot choose this yet: 4 criteria are not met" in text_of(shown)
    assert "The Chief Executive and the Accountant can waive it together." in text_of(shown)
    for outcome in ("approve", "approve_with_conditions"):
        refused = check(browser, shown, page, **{**ANSWER, "outcome": outcome, "again": ""}
                        if outcome != "approve" else {"outcome": outcome, "reason": "Go"})  # fmt: skip
        assert refused.status_code == 422
        assert "The evidence does not support approving" in text_of(refused)
    assert "--" not in text_of(refused)
    assert decisions_of(own_world, GO) == []


@pytest.mark.usual(5)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"outcome": "maybe"}, "Choose the decision."),
        ({"reason": "  "}, "Enter the reason."),
        ({"reason": "x" * 2001}, "Shorten it to 2000."),
        ({"reason": "a\x00b"}, "We have removed them."),
        ({"dissent": "a\x1bb"}, "We have removed them."),
        ({"outcome": "reject"}, "Only an approval with conditions can have conditions."),
        ({"condition-1-text": ""}, "Enter the text of condition 1."),
        ({"condition-1-text": "x" * 301}, "Shorten it to 300."),
        ({"condition-1-owner": ""}, "Choose the owner of condition 1."),
        ({"condition-1-due": ""}, "Enter the day by which condition 1 must be met."),
        ({"condition-1-due": "31/2/2027"}, "“31/2/2027” is not a date."),
        ({"condition-1-due": "25/3/2027"}, "Give a day after 25 Mar 2027."),
        ({"condition-1-before": "payroll/ash/plan"}, "so it cannot wait for its condition"),
        (dict.fromkeys(CONDITION, ""), "Enter at least one condition"),
        ({"again": ""}, "That decision stands."),
    ],
)
def test_mistakes_keep_what_was_typed(world: World, fields: dict[str, str], words: str):
    browser = signed_in(world.db, "chief")
    page = check(browser, **{**ANSWER, "dissent": STRANGE, **fields})
    text = text_of(page)
    assert page.status_code == 422
    assert words in text
    assert "We have not saved any changes." in text
    assert "dissent" in fields or "{{ 7*7 }}" in text
    assert "<b>x</b>" not in page.text
    assert "--" not in text
    assert len(decisions_of(world)) == 1


@pytest.mark.slow
def test_more_rows_come_without_losing_what_was_typed(world: World):
    browser = signed_in(world.db, "chief")
    page = check(browser, **ANSWER, step="add")
    assert page.status_code == 200
    assert 'name="condition-6-text"' in page.text
    assert 'value="Agree the rota with the cooks"' in page.text
    last = check(browser, **ANSWER, step="add", rows="6")
    assert 'name="condition-8-text"' in last.text
    assert "Add more conditions" not in text_of(last)
    assert check(browser, **ANSWER, step="add", rows="99999").status_code == 200


@pytest.mark.slow
def test_a_form_that_is_sent_twice_is_recorded_once(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, **ANSWER)
    answers = [save(browser, checked, **ANSWER) for _ in range(2)]
    assert [(a.status_code, a.headers["location"]) for a in answers] == [(303, f"{PAGE}?saved=1")] * 2
    assert len(decisions_of(own_world)) == 2


@pytest.mark.slow
def test_of_two_who_decide_at_once_one_wins_and_the_other_sees_who(own_world: World):
    first, second = signed_in(own_world.db, "chief"), signed_in(own_world.db, "owner")
    checked, opened = check(first, **ANSWER), check(second, outcome="reject", reason="Not good enough", again="1")
    assert save(first, checked, **ANSWER).status_code == 303
    late = save(second, opened, outcome="reject", reason="Not good enough", again="1")
    text = text_of(late)
    assert late.status_code == 409
    assert "Chief Executive decided on 25 Mar 2027: approved with conditions." in text
    assert "We have not saved your entry: DecisionReject (no-go) ReasonNot good enough" in text
    assert "Decide again" not in text
    assert len(decisions_of(own_world)) == 2


@pytest.mark.slow
def test_two_rejections_at_once_are_one_and_the_form_stays(own_world: World):
    first, second = signed_in(own_world.db, "chief"), signed_in(own_world.db, "owner")
    no = {"outcome": "reject", "again": "1"}
    checked, opened = check(first, **no, reason="Too early"), check(second, **no, reason="Not good enough")
    assert save(first, checked, **no, reason="Too early").status_code == 303
    late = save(second, opened, **no, reason="Not good enough")
    assert late.status_code == 409
    assert "Someone else has recorded something here" in text_of(late)
    assert "Not good enough</textarea>" in late.text
    assert "Too early" in text_of(late)
    assert [d.reason for d in decisions_of(own_world)] == ["Not yet", "Too early"]


@pytest.mark.slow
def test_a_decided_gate_accepts_nothing_more(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, **ANSWER)
    save(browser, checked, **ANSWER)
    page = browser.get(PAGE)
    assert 'id="decide"' not in page.text
    again = check(browser, page, outcome="reject", reason="No", again="1")
    assert again.status_code in (409, 422)
    assert "This has already been decided" in text_of(again)
    assert len(decisions_of(own_world)) == 2


@pytest.mark.slow
def test_another_persons_decision_is_recorded_with_who_and_when(own_world: World):
    browser = signed_in(own_world.db, "member")
    page = browser.get(PAGE)
    text = text_of(page)
    assert "Record another person’s decision" in text
    assert "Decide again" not in text
    said = {"outcome": "reject", "reason": "Costs too much", "again": "1"}
    assert "Choose who decided." in text_of(check(browser, page, OTHERS, **said, day="25/3/2027"))
    future = check(browser, page, OTHERS, **said, by="owner", day="26/3/2027")
    assert "26 Mar 2027 is in the future." in text_of(future)
    said |= {"by": "owner", "day": "25/3/2027"}
    checked = check(browser, page, OTHERS, **said)
    assert save(browser, checked, OTHERS, **said).status_code == 303
    assert [(d.by, d.on) for d in decisions_of(own_world)][-1] == ("owner", TODAY)
    assert any(actor == "member" and action == "gate:reject" for actor, action, _ in own_world.audited())
    foreign = check(browser, browser.get(PAGE), OTHERS, **{**said, "by": "viewer"})
    assert foreign.status_code == 403
    assert "--" not in text_of(foreign)


@pytest.mark.slow
def test_who_may_decide_can_also_record_what_someone_else_decided(world: World):
    browser = signed_in(world.db, "chief")
    assert "Record their decision" in text_of(browser.get(PAGE))
    page = browser.get(f"{PAGE}?by=other")
    assert "Who decided?" in text_of(page)
    assert f'action="{OTHERS}#decide"' in page.text


def test_people_of_one_school_do_not_learn_that_a_decision_exists(world: World):
    browser = signed_in(world.db, "head")
    assert browser.get(PAGE).status_code == 404
    assert browser.send(PAGE, browser.get("/p/small/settings/sessions"), **ANSWER).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("person", ["viewer", "accountant", "admin", "member"])
def test_who_may_not_decide_is_refused(world: World, person: str):
    browser = signed_in(world.db, person)
    page = browser.get(PAGE)
    assert f'action="{PAGE}#decide"' not in page.text
    refused = browser.send(PAGE, browser.get("/p/small/settings/sessions"), **ANSWER)
    assert (refused.status_code, heading(refused)) == (403, "You do not have access to this")
    assert "--" not in text_of(refused)
    assert browser.send(PAGE, browser.get("/p/small/settings/sessions"), step="add").status_code == 403


@pytest.mark.slow
def test_a_decision_made_elsewhere_in_the_meantime_is_another_effect(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, **ANSWER)
    answer = GateAnswer(task=PLAN, outcome=Outcome.REJECT, reason="No", on=TODAY, again=True)
    gates.decide(answer, own_world.change("owner"))
    late = save(browser, checked, **ANSWER)
    assert late.status_code == 409
    assert "Agree the rota with the cooks" in late.text
    missing = browser.send(PAGE, late, step="save", effect="0" * 16, **ANSWER)
    assert missing.status_code == 409
    assert "The effect has changed" in text_of(missing)
