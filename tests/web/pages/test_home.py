"""The first page: where each person starts."""

import pytest

from tests.every_role import World
from tests.web.visiting import Browser, signed_in


@pytest.mark.parametrize(
    ("person", "page"),
    [("chief", "/p/small"), ("head", "/p/small/schools/ash"), ("viewer", "/p/small"), ("member", "/p/small")],
)
def test_a_head_starts_with_their_school_and_everyone_else_with_the_brief(world: World, person: str, page: str):
    browser = signed_in(world.db, person)
    answer = browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert browser.get(page).status_code == 200


def test_without_a_session_the_sign_in_page_comes_first(world: World):
    assert Browser(world.db).get("/").headers["location"] == "/sign-in"
