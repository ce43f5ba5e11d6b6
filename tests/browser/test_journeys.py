"""What people come for, from signing in to the answer, with the script and without it."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from changeflow.programme.facts import Announcement
from changeflow.usecases.announcements import announce
from changeflow.usecases.unit_of_work import Change
from tests.browser.conftest import ask_link, sign_in
from tests.browser.looking import DESK, PHONE, TABLET, needs_chromium
from tests.browser.sample import HEAD, NOW, OFFICE, PROGRAMME, SRO, Served, database_in, invite_people, serving
from tests.quick import thorough_first
from tests.waiting import PATIENCE, wait_until
from tests.web.identity_provider import CLIENT, SECRET, IdentityProvider, providing

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.thorough]
P = f"/p/{PROGRAMME}"
LATE_TASKS = ("Finance, pilot: go live", "Finance, wave 3: go live", "Finance, wave 2: go live")
"""The late tasks of the service, the latest first: one of the sample, and two that are announced for earlier here."""
TODAY = date(2027, 5, 20)
EARLIER = {"harbour": date(2027, 7, 20), "kingsmead": date(2027, 9, 15)}
"""What schools of these waves were told: earlier days than the plan's."""
BOTH_WAYS = pytest.mark.parametrize("script", thorough_first(1, [True, False]), ids=["with script", "without script"])


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

    def prepare(home: Path) -> None:
        invite_people(home)
        told = [
            Announcement(service="finance", school=s, day=day, on=TODAY, how="letter") for s, day in EARLIER.items()
        ]
        announce(told, Change(db=database_in(home), programme=PROGRAMME, actor=OFFICE, now=NOW, on=TODAY))

    with serving(stored, tmp_path_factory.mktemp("journeys"), prepare=prepare, settings=settings) as found:
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


def heading_of(page: Any) -> str:
    return page.locator("h1").inner_text().strip()


def main_of(page: Any) -> str:
    return " ".join(page.locator("main").inner_text().split())


def sign_in_by_provider(page: Any, site: Served, provider: IdentityProvider, person: str) -> None:
    provider.now = site.now
    provider.person = {"sub": person, "email": f"{person}@example.org", "email_verified": True}
    page.goto("/")
    page.get_by_role("link", name="Sign in with your organisation’s account").click()
    page.wait_for_url("**/p/**")


def sign_in_by_link(page: Any, site: Served, person: str) -> None:
    page.goto(ask_link(page, site, person))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/p/**")


@BOTH_WAYS
def test_the_sro_on_a_tablet_reads_why_a_date_moved_and_takes_the_report_away(
    visit: Callable[..., Any], site: Served, provider: IdentityProvider, script: bool
):
    page = visit(TABLET, script=script)
    sign_in_by_provider(page, site, provider, SRO)
    page.get_by_role("heading", name="Brief", level=1).wait_for()
    assert "5 of 42 school go-lives are later than announced" in main_of(page)
    page.get_by_role("link", name="Finance, pilot: go live").click()
    page.get_by_role("heading", name="Finance, pilot: go live", level=1).wait_for()
    shown = main_of(page)
    assert "4 May 2027" in shown
    assert "1 Jun 2027" in shown
    assert "is 28 days later, on 1 Jun 2027 (was 4 May 2027)." in shown
    assert "“Finance: build and test the system” finished later than planned, on 14 Apr 2027." in shown
    page.go_back()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download as PDF").click()
    assert Path(coming.value.path()).read_bytes().startswith(b"%PDF")


@BOTH_WAYS
def test_a_head_on_a_phone_finds_the_dates_of_their_school(visit: Callable[..., Any], site: Served, script: bool):
    page = visit(PHONE, script=script)
    sign_in_by_link(page, site, HEAD)
    page.get_by_role("heading", name="Ashdown Primary", level=1).wait_for()
    cards = [" ".join(card.inner_text().split()) for card in page.locator("section.card").all()]
    found = {card.split()[0]: card for card in cards}
    assert found.keys() == {"Estates", "Finance", "Payroll"}
    assert "4 May 2027" in found["Estates"]
    assert all(words in found["Finance"] for words in ("28 days later", "1 Jun 2027", "4 May 2027"))
    assert all(words in found["Payroll"] for words in ("as announced", "1 Jun 2027"))


def press_to(page: Any, wanted: str) -> None:
    """Press Tab until the focus is on an element with this text, id or label."""
    seen = list[str]()
    for _ in range(200):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        if not focus.count():
            continue
        seen.append(focus.get_attribute("id") or " ".join(focus.inner_text().split()))
        if seen[-1] == wanted:
            return
    raise AssertionError(f"the focus never reached {wanted}, only {seen}")


@BOTH_WAYS
def test_a_project_manager_finds_the_latest_tasks_of_a_service_by_keyboard(
    visit: Callable[..., Any], site: Served, script: bool
):
    page = visit(script=script)
    page.goto(ask_link(page, site, OFFICE))
    press_to(page, "Sign in")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Brief", level=1).wait_for()
    press_to(page, "Plan")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Plan", level=1).wait_for()
    press_to(page, "only")
    page.keyboard.type("Late")
    press_to(page, "service")
    page.keyboard.type("Finance")
    press_to(page, "Show")
    page.keyboard.press("Enter")
    page.wait_for_url("**only=late**")
    shown = [link.inner_text() for link in page.locator("table.plan tbody th a").all()]
    assert shown == list(LATE_TASKS)
    for name in LATE_TASKS:
        press_to(page, name)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=name, level=1).wait_for()
        page.go_back()
        page.wait_for_url("**only=late**")


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
    page.wait_for_load_state()
    assert "Someone stopped this calculation" in main_of(page)
    assert page.get_by_role("button", name="Stop the calculation").count() == 0


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
    assert heading_of(tab) == "Sign in"
    elsewhere.reload()
    assert heading_of(elsewhere) == "Brief"
