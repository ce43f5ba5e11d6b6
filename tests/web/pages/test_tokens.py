"""Tokens for other programs, as an admin makes and withdraws them."""

import io
import re

import pytest

from changeflow.values.words import Role
from tests.every_role import HOLDER, World
from tests.refused import refusals
from tests.web.visiting import Browser, heading, signed_in, text_of

PAGE = "/p/small/settings/tokens"


def made(browser: Browser, **fields: str) -> str:
    page = browser.send(PAGE, browser.get(PAGE), **{"name": "Power BI", "days": "30", **fields})
    found = re.search(r"<code>([A-Za-z0-9_-]{43})</code>", page.text)
    return found[1] if found else f"{page.status_code}: {text_of(page)}"


def reads(browser: Browser, token: str) -> int:
    return browser.get("/api/v1/programmes/small", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.slow
def test_a_token_is_shown_once_and_reads_until_it_is_withdrawn(own_world: World, logged: io.StringIO):
    browser = signed_in(own_world.db, "admin")
    token = made(browser)
    page = browser.get(PAGE)
    assert token not in page.text
    assert "Power BI" in text_of(page)
    assert reads(browser, token) == 200
    stored = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert stored is not None
    assert browser.send(f"{PAGE}/withdraw", page, token=stored[1]).status_code == 303
    assert refusals(logged) == []
    assert reads(browser, token) == 401
    assert [line["action"] for line in refusals(logged)] == ["token"]
    assert "There are no tokens." in text_of(browser.get(PAGE))


@pytest.mark.parametrize("role", [r for r in HOLDER if r not in (Role.ADMIN, Role.SYSTEM)])
def test_only_an_admin_makes_one(world: World, role: Role):
    page = signed_in(world.db, HOLDER[role]).get(PAGE)
    assert (page.status_code, heading(page)) == (403, "You do not have access to this")
    assert "Only an admin (Administrator) can do this." in text_of(page)


@pytest.mark.slow
@pytest.mark.parametrize("days", ["", "0", "366", "-1", "x", "९", "99999999999"])
def test_a_token_lasts_a_year_at_most(own_world: World, days: str):
    assert "A token lasts from 1 to 365 days" in made(signed_in(own_world.db, "admin"), days=days)


@pytest.mark.slow
def test_a_name_is_shown_as_text(own_world: World):
    browser = signed_in(own_world.db, "admin")
    made(browser, name="<b>x</b> {{ 7*7 }}")
    assert "<b>x</b> {{ 7*7 }}" in text_of(browser.get(PAGE))
