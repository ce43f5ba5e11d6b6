"""What people come for, from signing in to the answer, with the script and without it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ask_link, sign_in
from tests.browser.looking import CHROMIUM, DESK, NO_CHROMIUM, PHONE, TABLET
from tests.browser.sample import HEAD, NOW, OFFICE, PROGRAMME, SRO, Served, invite_people, serving
from tests.waiting import PATIENCE, wait_until
from tests.web.identity_provider import CLIENT, SECRET, IdentityProvider, providing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)]
P = f"/p/{PROGRAMME}"
BOTH_WAYS = pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with providing(NOW) as found:
        yield found


@pytest.fixture(scope="module")
def site(stored: Path, provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with an identity provider, and people who may sign in by a link."""
    settings = {
        "CHANGEFLOW_OIDC_ISSUER": provider.issuer,
        "CHANGEFLOW_OIDC_CLIENT_ID": CLIENT,
        "CHANGEFLOW_OIDC_CLIENT_SECRET": SECRET,
    }
    with serving(stored, tmp_path_factory.mktemp("journeys"), prepare=invite_people, settings=settings) as found:
        yield found


@pytest.fixture
def visit(browser: Any, site: Served) -> Iterator[Callable[..., Any]]:
    """Open a browser of its own: of a width, with or without script."""
    opened = []

    def visit(width: int = DESK, *, script: bool = True) -> Any:
        context = browser.new_context(
            base_url=site.base, viewport={"width": width, "height": 800}, java_script_enabled=script
        )
        context.set_default_timeout(PATIENCE * 1000)
        opened.append(context)
        return context.new_page()

    yield visit
    for context in opened:
        context.close()


def main_of(page: Any) -> str:
    return " ".join(page.locator("main").inner_text().split())


def sign_in_by_provider(page: Any, site: Served, provider: IdentityProvider, person: str) -> None:
    provider.now = site.now
    provider.person = {"sub": person, "email": f"{person}@example.org", "email_verified": True}
    page.goto("/")
    page.get_by_role("link", name="Sign in with your organisation’s account").click()
    page.get_by_role("heading", name="Brief").wait_for()


def sign_in_by_link(page: Any, site: Served, person: str) -> None:
    page.goto(ask_link(page, site, person))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Brief").wait_for()


@BOTH_WAYS
def test_a_head_finds_the_dates_of_their_school_on_a_phone(visit: Callable[..., Any], site: Served, script: bool):
    page = visit(PHONE, script=script)
    sign_in_by_link(page, site, HEAD)
    page.get_by_role("link", name="Schools and waves").click()
    page.get_by_role("heading", name="Ashdown Primary", level=1).wait_for()
    shown = main_of(page)
    assert "What changes, and when" in shown
    assert "Payroll" in shown


@BOTH_WAYS
def test_the_sro_reads_the_brief_on_a_tablet(
    visit: Callable[..., Any], site: Served, provider: IdentityProvider, script: bool
):
    page = visit(TABLET, script=script)
    sign_in_by_provider(page, site, provider, SRO)
    assert "Decisions for you" in main_of(page)
    assert page.get_by_role("link", name="Chief Executive").is_visible()


def start_waves(page: Any, site: Served) -> None:
    sign_in(page, site, OFFICE)
    page.goto(f"{P}/calculations")
    page.get_by_role("button", name="Calculate wave proposals").click()
    page.get_by_role("heading", name="Wave proposals").wait_for()


def test_a_calculation_shows_how_far_it_is_without_a_reload_and_can_be_stopped(visit: Callable[..., Any], site: Served):
    page = visit()
    start_waves(page, site)
    page.evaluate("window.opened = true")
    wait_until(lambda: "searching for" in main_of(page), what="news")
    assert page.evaluate("window.opened")
    page.get_by_role("button", name="Stop the calculation").click()
    page.get_by_text("Someone stopped this calculation").wait_for()


def test_without_script_one_checks_again_and_stops_it(visit: Callable[..., Any], site: Served):
    page = visit(script=False)
    start_waves(page, site)

    def runs() -> bool:
        page.get_by_role("link", name="Check again").click()
        page.wait_for_load_state()
        return "running" in main_of(page)

    wait_until(runs, what="a running calculation")
    page.get_by_role("button", name="Stop the calculation").click()
    page.get_by_text("Someone stopped this calculation").wait_for()


@BOTH_WAYS
def test_signing_out_ends_the_session_in_another_tab_but_not_in_another_browser(
    visit: Callable[..., Any], site: Served, script: bool
):
    first, elsewhere = visit(script=script), visit(script=script)
    sign_in(first, site, SRO)
    sign_in(elsewhere, site, SRO)
    tab = first.context.new_page()
    tab.goto(P)
    tab.get_by_role("heading", name="Brief").wait_for()
    first.get_by_role("button", name="Sign out").click()
    first.get_by_role("heading", name="Sign in", exact=True).wait_for()
    tab.reload()
    tab.get_by_role("heading", name="Sign in", exact=True).wait_for()
    elsewhere.reload()
    elsewhere.get_by_role("heading", name="Brief").wait_for()
