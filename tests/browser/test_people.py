"""A programme manager looks at what people are sent and asked, with the script and without it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import sign_in
from tests.browser.looking import needs_chromium
from tests.browser.sample import OFFICE, Served, serving
from tests.browser.test_journeys import main_of, press_to
from tests.quick import thorough_first
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.thorough]
BOTH = pytest.mark.parametrize("script", thorough_first(1, [False, True]), ids=["without script", "with script"])


@pytest.fixture(scope="module")
def site(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(stored, tmp_path_factory.mktemp("people")) as found:
        yield found


def open_page(browser: Any, site: Served, script: bool) -> Any:
    context = browser.new_context(base_url=site.base, java_script_enabled=script)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    sign_in(page, site, OFFICE)
    return page


def go(page: Any, name: str) -> None:
    press_to(page, name)
    page.keyboard.press("Enter")


@BOTH
def test_next_weeks_messages_are_read_and_one_is_tested(browser: Any, site: Served, script: bool):
    page = open_page(browser, site, script)
    go(page, "People")
    page.get_by_role("heading", name="People", level=1).wait_for()
    go(page, "Messages")
    page.get_by_role("heading", name="Messages", level=1).wait_for()
    go(page, "See next week’s messages")
    page.get_by_role("heading", name="Next week’s messages").wait_for()
    if page.get_by_role("button", name="Work out the messages").count():
        go(page, "Work out the messages")
    if not script:
        example = page.get_by_role("link", name="Read one")
        wait_until(lambda: example.count() or page.get_by_role("link", name="Check again").click(), what="the result")
    page.get_by_role("link", name="Read one").first.press("Enter")
    page.get_by_role("heading", name="Text").wait_for()
    before = set((site.home / "messages").glob("*.eml"))
    go(page, "Send a test to yourself")
    page.get_by_role("heading", name="Test message").wait_for()
    [sent] = set((site.home / "messages").glob("*.eml")) - before
    assert f"{OFFICE}@example.org" in sent.read_text()
    assert "This is a test, sent only to you." in sent.read_text()
    page.get_by_role("link", name="Next week’s messages").press("Enter")
    page.get_by_role("heading", name="Next week’s messages").wait_for()
    assert "today" in main_of(page)
    page.context.close()


@BOTH
def test_who_came_to_training_is_recorded(browser: Any, site: Served, script: bool):
    page, school = open_page(browser, site, script), "Ashdown Primary" if script else "Oakfield School"
    go(page, "People")
    page.get_by_role("heading", name="People", level=1).wait_for()
    go(page, "Training")
    page.get_by_role("heading", name="Training", level=1).wait_for()
    page.get_by_role("link", name=f"Estates, {school}: train staff").press("Enter")
    page.get_by_role("heading", name="Who came").wait_for()
    page.get_by_role("checkbox").first.press("Space")
    page.get_by_label("Evidence for").first.fill("A completed job")
    page.get_by_role("button", name="Check what this changes").press("Enter")
    page.get_by_role("heading", name="What this would change").wait_for()
    page.get_by_role("button", name="Record who came").press("Enter")
    page.get_by_role("heading", name="Saved").wait_for()
    assert "1 of 3, 1 with evidence" in main_of(page)
    assert "A completed job" in main_of(page)
    page.context.close()
