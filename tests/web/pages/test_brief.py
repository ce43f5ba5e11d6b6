"""The Brief as each person sees it."""

import pytest

from changeflow.usecases import accounts
from changeflow.values.words import Role
from tests.every_role import HOLDER, NOW, World
from tests.web.visiting import Browser, heading, signed_in, text_of

PEOPLE = [person for role, person in HOLDER.items() if role is not Role.SYSTEM]


@pytest.mark.parametrize("person", PEOPLE)
def test_everyone_in_the_programme_reads_it(world: World, person: str):
    page = signed_in(world.db, person).get("/p/small")
    assert page.status_code == 200
    assert heading(page) == "Brief"
    assert "Decisions for you" in text_of(page)


def test_it_says_the_day_the_version_and_that_messages_are_off(world: World):
    page = signed_in(world.db, "chief").get("/p/small")
    assert "Data as of 25 Mar 2027" in page.text
    assert "Plan version 1" in page.text
    assert "Messages are off" in page.text


def test_without_a_session_the_sign_in_page_comes_first(world: World):
    answer = Browser(world.db).get("/p/small")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fp%2Fsmall"


def test_a_programme_that_is_not_theirs_is_not_there(world: World):
    answer = signed_in(world.db, "chief").get("/p/another")
    assert (answer.status_code, heading(answer)) == (404, "Page not found")


def test_a_person_who_has_left_the_programme_is_out_at_the_next_request(own_world: World):
    browser = signed_in(own_world.db, "viewer")
    assert browser.get("/p/small").status_code == 200
    with pytest.raises(accounts.SignInRefusedError):
        accounts.sign_in_by_provider(
            "https://provider.example.org",
            "x",
            "stranger@example.org",
            kind="",
            next_page="/",
            db=own_world.db,
            now=NOW,
        )


def test_reading_results_of_people_is_in_the_audit_once(own_world: World):
    before = len(own_world.audited())
    browser = signed_in(own_world.db, "chief")
    for _ in range(3):
        browser.get("/p/small")
    added = own_world.audited()[before:]
    assert [what for _, what, _ in added].count("sign-in") == 1
    assert [what for _, what, _ in added].count("look") <= 1
