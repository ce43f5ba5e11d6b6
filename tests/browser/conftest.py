"""The stored sample, a browser, and ways to sign in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.looking import launched
from tests.browser.sample import Served, links_in
from tests.waiting import wait_until


@pytest.fixture(scope="session")
def stored(demo_home: Path) -> Path:
    return demo_home


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as found:
        yield found


def sign_in(page: Any, site: Served, person: str) -> None:
    """Sign in by the link that the server printed."""
    page.goto(site.doors[person])
    page.get_by_role("button", name="Sign in as").click()
    page.wait_for_url("**/p/**")


def ask_link(page: Any, site: Served, person: str) -> str:
    """Ask for a sign-in link by email; return its path."""
    before = set(links_in(site.home, "sign-in/link"))
    page.goto("/sign-in")
    page.get_by_label("Your email address").fill(f"{person}@example.org")
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_role("heading", name="Check your email").wait_for()
    [path] = wait_until(lambda: set(links_in(site.home, "sign-in/link")) - before, what="the message")
    return path
