"""Signing off a go-live on its page, or refusing to."""

import pytest

from changeflow.agenda.criteria import signatures
from changeflow.storage.database import read_scope
from changeflow.usecases import pilot_records
from changeflow.usecases.stored import load
from tests.every_role import GO, TODAY, World
from tests.web.pages.test_pilot_runs import check, hidden, save
from tests.web.visiting import heading, signed_in, text_of

URL = f"/p/small/sign-off/{GO}"
REFUSAL = {"answer": "refuse", "words": "One more <b>run</b>"}


def answer_of(world: World, person: str = "signatory"):
    with read_scope(world.db) as session:
        programme = load(session, "small", on=TODAY).programme
    return signatures(programme, programme.roadmap.tasks[GO])[person]


@pytest.mark.slow
def test_a_refusal_is_checked_shown_and_saved_as_evidence(own_world: World):
    browser = signed_in(own_world.db, "signatory")
    page = browser.get(URL)
    assert heading(page) == "Sign-off: Payroll, wave 1: go no go"
    assert "The February 2027 run has 1 contract with an unexplained difference." in text_of(page)
    checked = check(browser, URL, page, **REFUSAL)
    assert "New evidence against" in text_of(checked)
    assert "“One more <b>run</b>”." in text_of(checked)
    assert answer_of(own_world).agrees
    saved = save(browser, checked, URL, **REFUSAL)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{URL}?saved=1")
    assert save(browser, checked, URL, **REFUSAL).status_code == 303
    given = answer_of(own_world)
    assert (given.agrees, given.words, given.by) == (False, "One more <b>run</b>", "signatory")
    assert "✗ refused" in text_of(browser.get(URL))
    assert "The Signatory refused to sign this off" in text_of(signed_in(own_world.db, "chief").get(
        f"/p/small/decisions/{GO}"))  # fmt: skip
    assert any("pilot:signature" in line and "session" in line for line in own_world.dump().splitlines())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"answer": "maybe"}, "Choose whether you sign this off."),
        ({"answer": "refuse", "words": " "}, "Enter what you need before you can sign."),
        ({"answer": "sign", "words": "x" * 2001}, "Shorten it to 2000."),
        ({"answer": "sign", "words": "\x1b"}, "We have removed them."),
    ],
)
def test_mistakes_are_named(world: World, fields: dict[str, str], words: str):
    page = check(signed_in(world.db, "signatory"), URL, **fields)
    assert page.status_code == 422
    assert words in text_of(page)
    assert answer_of(world).agrees


@pytest.mark.slow
def test_new_evidence_in_the_meantime_is_seen_before_signing(own_world: World):
    browser = signed_in(own_world.db, "signatory")
    checked = check(browser, URL, **REFUSAL)
    pilot_records.confirm(GO, "desk", "Another rota", None, own_world.change("owner"))
    late = save(browser, checked, URL, **REFUSAL)
    assert late.status_code == 409
    assert "Someone else has recorded something here" in text_of(late)
    assert "One more &lt;b&gt;run&lt;/b&gt;</textarea>" in late.text
    assert hidden(late, "seen") != hidden(checked, "seen")
    assert answer_of(own_world).agrees


@pytest.mark.parametrize("person", ["chief", "manager", "viewer", "head", "admin"])
def test_only_the_named_people_sign(world: World, person: str):
    browser = signed_in(world.db, person)
    page = browser.get(URL)
    assert page.status_code == (403 if person == "head" else 200)
    assert "Do you sign this off?" not in page.text
    refused = browser.send(URL, browser.get("/p/small/settings/sessions"), **REFUSAL)
    assert (refused.status_code, heading(refused)) == (403, "You do not have access to this")
    assert answer_of(world).agrees


def test_what_is_no_go_live_is_not_there(world: World):
    browser = signed_in(world.db, "signatory")
    for gate in ("payroll/plan-agreed", "nothing", "payroll/ash/plan"):
        assert browser.get(f"/p/small/sign-off/{gate}").status_code == 404
