"""The stored sample, a browser, and ways to sign in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.looking import launched
from tests.browser.sample import Served, links_in, store_sample
from tests.sharing import shared, shared_folder
from tests.waiting import wait_until


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sample as the demo stores it: one for all workers of the test run, to be copied."""
    folder = shared_folder(tmp_path_factory, "browsed")

    @contextmanager
    def store() -> Iterator[str]:
        home = folder / "home"
        home.mkdir()
        store_sample(home)
        yield str(home)

    with shared(folder, store) as found:
        yield Path(found)


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
