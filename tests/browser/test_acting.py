"""A change lead answers from an email in three taps, and two people save at once; with the script and without it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from changeflow.storage.database import engine_for
from changeflow.usecases.stored import loaded
from tests.browser.conftest import sign_in
from tests.browser.looking import DESK, PHONE, needs_chromium
from tests.browser.sample import MANAGER, NOW, OFFICE, PROGRAMME, Served, database_in, links_in, serving
from tests.browser.test_journeys import main_of
from tests.quick import thorough_first
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.thorough]
P = f"/p/{PROGRAMME}"
BOTH = pytest.mark.parametrize("script", thorough_first(1, [True, False]), ids=["with script", "without script"])
LEAD = "director-of-estates"
"""One of the sample's change leads, whose message asks for several things."""
TASKS = {True: "payroll/w2/people-awareness", False: "payroll/w2/people-desire"}
"""A task for two people to report on at once: one with the script, and another without."""


@pytest.fixture(scope="module")
def site(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(stored, tmp_path_factory.mktemp("acting")) as found:
        yield found


def open_page(browser: Any, site: Served, script: bool, width: int = DESK) -> Any:
    size = {"width": width, "height": 800}
    context = browser.new_context(base_url=site.base, viewport=size, java_script_enabled=script)
    context.set_default_timeout(PATIENCE * 1000)
    return context.new_page()


def finished(site: Served) -> set[str]:
    """Return the tasks that are recorded as finished."""
    db = database_in(site.home)
    programme = loaded(PROGRAMME, db=db, on=NOW.date())
    engine_for(db).dispose()
    return {task for task, progress in programme.facts.progress.items() if progress.is_done}


@BOTH
def test_a_change_lead_answers_from_the_email_in_three_taps_and_undoes_it(browser: Any, site: Served, script: bool):
    page, before = open_page(browser, site, script, PHONE), finished(site)
    page.goto(links_in(site.home, "a", to=LEAD)[0])
    asked = page.locator("h1").inner_text()
    page.get_by_role("button", name="Mark as done").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert "We have marked this as done." in page.locator("main").inner_text()
    assert len(finished(site) - before) == 1
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("heading", name=asked).wait_for()
    assert finished(site) == before
    assert page.get_by_role("button", name="Mark as done").is_visible(), "the link works again"
    page.context.close()


def fill_in(page: Any, task: str, status: str, day: str) -> None:
    """Fill in what has happened to a task, and check the effect."""
    page.goto(f"{P}/plan/{task}")
    page.get_by_label(status).check()
    page.get_by_label("On which day?").fill(day)
    page.get_by_role("button", name="Check what this changes").click()
    page.get_by_role("heading", name="What this would change").wait_for()


def save(page: Any) -> None:
    if (cause := page.locator("#cause")).count():
        cause.fill("The supplier delivered late")
    page.get_by_role("button", name="Save", exact=True).click()


@BOTH
def test_the_second_of_two_people_who_save_at_once_sees_both_versions(browser: Any, site: Served, script: bool):
    first, second = open_page(browser, site, script), open_page(browser, site, script)
    sign_in(first, site, OFFICE)
    sign_in(second, site, MANAGER)
    fill_in(first, TASKS[script], "It has started", "18/5/2027")
    fill_in(second, TASKS[script], "It has started", "17/5/2027")
    save(first)
    first.get_by_role("heading", name="Saved").wait_for()
    save(second)
    second.get_by_role("heading", name="Someone else has recorded something here").wait_for()
    assert "18 May 2027" in main_of(second), "the other person's version"
    assert second.get_by_label("On which day?").input_value() == "17/5/2027", "their own"
    second.get_by_role("button", name="Check what this changes").click()
    second.get_by_role("heading", name="What this would change").wait_for()
    save(second)
    second.get_by_role("heading", name="Saved").wait_for()
    assert "17 May 2027" in main_of(second)
    for page in (first, second):
        page.context.close()
