"""The search: services, schools, people by role, decisions and tasks."""

import pytest
from lxml import html

from tests.every_role import World
from tests.web.visiting import heading, signed_in, text_of

FIND = "/p/small/find"


def links(page: str) -> dict[str, str]:
    """Return the path of each result by its name; of two with the same name, the first."""
    return {a.text_content(): a.get("href") for a in reversed(html.fromstring(page).xpath("//main//li/a"))}


@pytest.mark.parametrize(
    ("words", "name", "path"),
    [
        ("payroll", "Payroll", "/p/small/plan?service=payroll"),
        ("PLAN agreed", "Estates: plan agreed", "/p/small/decisions/estates/plan-agreed"),
        ("director of people", "Director of People", "/p/small/plan?q=Director+of+People"),
        ("ash train", "Payroll, Ash School: train", "/p/small/plan/payroll/ash/train"),
    ],
)
def test_what_has_all_words_is_found(world: World, words: str, name: str, path: str):
    found = links(signed_in(world.db, "member").get(FIND, params={"q": words}).text)
    assert found[name] == path


@pytest.mark.slow
def test_each_result_in_the_plan_opens(world: World):
    browser = signed_in(world.db, "member")
    found = links(browser.get(FIND, params={"q": "payroll"}).text)
    of_the_plan = [path for path in found.values() if path.startswith("/p/small/plan")]
    assert len(of_the_plan) > 5
    for path in of_the_plan:
        assert browser.get(path).status_code == 200


@pytest.mark.parametrize("words", ["nothing like it", "<b>x</b> {{ 7*7 }}", "x" * 500, "%"])
def test_nothing_found_is_said_with_what_was_sought(world: World, words: str):
    page = signed_in(world.db, "member").get(FIND, params={"q": words})
    assert heading(page) == "Find"
    assert f"Nothing matches “{words[:100]}”" in text_of(page)
    assert "<b>" not in page.text


def test_an_empty_search_says_what_to_enter(world: World):
    assert "Enter part of a name" in text_of(signed_in(world.db, "member").get(FIND))
