"""The plan's actions for groups of people: who owns each, when it is due, and the material for it."""

import pytest

from changeflow.storage.accounts import SignIn
from changeflow.usecases import accounts
from changeflow.usecases.evidence import NewEvidence, add_evidence
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from changeflow.values.words import Kind
from changeflow.web.security import SESSION
from tests.browser.sample import NOW, OFFICE, PROGRAMME
from tests.every_role import World
from tests.web.visiting import Browser, heading, signed_in, text_of

URL, SAMPLE = "/p/small/people/actions", f"/p/{PROGRAMME}/people/actions"
ODD = "<b>x</b> {{ 7*7 }}"


@pytest.mark.slow
def test_every_action_of_the_plan_is_shown_with_its_owner_and_material(stored_sample: str):
    programme = loaded(PROGRAMME, db=stored_sample, on=NOW.date())
    actions = list(programme.tasks(kind=Kind.ENGAGEMENT))
    assert len(actions) > 10
    given = NewEvidence(title=ODD, link="https://example.org/slides")
    add_evidence(actions[0].id, given, Change(db=stored_sample, programme=None, actor=OFFICE, now=NOW, on=NOW.date()))
    browser = Browser(stored_sample, now=NOW)
    browser.cookies[SESSION] = accounts.sign_in_here(
        PROGRAMME, OFFICE, SignIn.SANDBOX, kind="", db=stored_sample, now=NOW
    ).token
    page = browser.get(f"{SAMPLE}?show=all")
    assert (page.status_code, heading(page)) == (200, "Actions")
    shown = text_of(page)
    for task in actions:
        assert f"/plan/{task.id}" in page.text
        assert (programme.person(task.owner) if task.owner else "No owner") in shown
    assert ODD in shown
    assert "<b>x" not in page.text
    assert f"/evidence/{actions[0].id}#add" in page.text
    fewer = browser.get(SAMPLE)
    assert 0 < fewer.text.count("/plan/") < page.text.count("/plan/")


def test_a_plan_without_actions_says_where_they_come_from(world: World):
    assert "The plan has no such actions yet." in text_of(signed_in(world.db, "member").get(URL))


def test_another_choice_of_actions_is_refused(world: World):
    assert signed_in(world.db, "member").get(f"{URL}?show=x").status_code == 422


def test_people_of_one_school_do_not_see_it(world: World):
    assert signed_in(world.db, "head").get(URL).status_code == 403
    assert "/people/actions" not in signed_in(world.db, "head").get("/p/small/people").text
