"""A project manager moves a school by keyboard, publishes and undoes it; two drafts conflict; a folder user pulls."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from changeflow.storage.database import engine_for
from changeflow.usecases.pulling import pull
from changeflow.usecases.stored import loaded
from tests.browser.conftest import sign_in
from tests.browser.looking import needs_chromium
from tests.browser.sample import NOW, OFFICE, PROGRAMME, SRO, Served, database_in, serving
from tests.browser.test_journeys import main_of, press_to
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.thorough]
P = f"/p/{PROGRAMME}"
SCHOOL, NAME = "larkhill", "Lark Hill Primary"


@pytest.fixture(scope="module")
def site(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(stored, tmp_path_factory.mktemp("changing")) as found:
        yield found


def programme_of(site: Served) -> Any:
    db = database_in(site.home)
    found = loaded(PROGRAMME, db=db, on=NOW.date())
    engine_for(db).dispose()
    return found


def wave_of(site: Served, school: str) -> str:
    [wave] = [w.id for w in programme_of(site).definition.programme.waves if school in w.schools]
    return wave


@pytest.fixture
def page(browser: Any, site: Served) -> Iterator[Any]:
    context = browser.new_context(base_url=site.base)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    sign_in(page, site, OFFICE)
    yield page
    context.close()


def press(page: Any, wanted: str, heading: str) -> None:
    press_to(page, wanted)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=heading).first.wait_for()


def test_a_school_is_moved_by_keyboard_published_pulled_and_undone(page: Any, site: Served):
    trust, before = site.home / "trust", programme_of(site).definition.content_hash()
    text = (trust / "programme.yaml").read_text()
    page.goto(f"{P}/waves")
    press(page, f"Move {NAME}", "Move a school to another wave")
    press_to(page, "to_wave")
    page.keyboard.type("wave 4")
    press(page, "Check what this changes", "What this would change")
    effect = main_of(page)
    for service in ("Payroll", "Finance", "Estates"):
        assert f"{service} go-live at {NAME}" in effect, service
    assert "Who to tell" in effect
    assert wave_of(site, SCHOOL) == "w3"
    press_to(page, "cause")
    page.keyboard.insert_text("The school has asked for more time")
    press(page, "Publish", "Published")
    assert wave_of(site, SCHOOL) == "w4"
    pulled = pull(trust, db=database_in(site.home))
    assert pulled.files == ("programme.yaml",)
    changed = (trust / "programme.yaml").read_text()
    assert len({*changed.splitlines()} ^ {*text.splitlines()}) == 4
    page.get_by_role("link", name="Version").first.click()
    page.get_by_role("link", name="Undo this version").click()
    page.get_by_role("button", name="Check what this changes").click()
    page.get_by_label("Why are you making this change?").fill("The school can do it after all")
    page.get_by_role("button", name="Undo this version").click()
    page.get_by_role("heading", name="Published").wait_for()
    assert programme_of(site).definition.content_hash() == before


def test_tasks_are_selected_by_keyboard_and_given_another_owner_together(page: Any, site: Served):
    page.goto(f"{P}/plan?q=parallel+run")
    tasks = [box.get_attribute("name").removeprefix("task:") for box in page.get_by_role("checkbox").all()][:2]
    for box in page.get_by_role("checkbox").all()[:2]:
        box.press("Space")
    press(page, "Change the owner", "Change the owner of tasks")
    assert "2 tasks are selected." in main_of(page)
    press_to(page, "owner")
    page.keyboard.type("Programme Manager")
    press(page, "Check what this changes", "What this would change")
    press(page, "Publish", "Published")
    owners = {programme_of(site).roadmap.tasks[task].owner for task in tasks}
    assert owners == {"programme-manager"}


def test_the_work_of_someone_who_leaves_is_handed_over_by_keyboard(page: Any, site: Served):
    sign_in(page, site, SRO)
    page.goto(f"{P}/people")
    press(page, "Hand over someone’s work", "Hand over someone’s work")
    press(page, "Payroll Manager", "Hand over the work of the Payroll Manager")
    press_to(page, "last_day")
    page.keyboard.type("31/5/2027")
    press_to(page, "by")
    page.keyboard.type("Payroll Adviser 1")
    press_to(page, "roles")
    page.keyboard.press("Space")
    press(page, "Check what this changes", "What this would change")
    press_to(page, "cause")
    page.keyboard.insert_text("They retire")
    press(page, "Publish", "Published")
    assert "Last day 31 May 2027; Payroll Adviser 1 takes over" in main_of(page)
    assert "payroll-adviser-1" in programme_of(site).service("payroll").go_no_go.sign


def test_a_draft_that_no_longer_fits_shows_both_texts(page: Any, site: Served):
    def move(wave: str) -> None:
        page.goto(f"{P}/edits/move-school?school={SCHOOL}")
        page.get_by_label("To which wave?").select_option(wave)
        page.get_by_role("button", name="Check what this changes").click()

    move("w2")
    page.get_by_label("Name of the new draft").fill("Lark Hill earlier")
    page.get_by_role("button", name="Add to the draft").click()
    page.get_by_role("heading", name="Saved").wait_for()
    move("w4")
    page.get_by_label("Why are you making this change?").fill("The school has asked for more time")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("heading", name="Published").wait_for()
    page.goto(f"{P}/drafts")
    page.get_by_role("link", name="Lark Hill earlier", exact=True).click()
    page.get_by_role("heading", name="Changes that do not fit the plan as it is now").wait_for()
    said = main_of(page)
    assert f"Move {NAME}" in said
    assert "The plan now" in said
    assert not page.get_by_role("button", name="Publish").count()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("There is no change in this draft").wait_for()
    assert wave_of(site, SCHOOL) == "w4"


def test_a_draft_is_copied_compared_and_its_likelihood_calculated(page: Any):
    page.goto(f"{P}/edits/move-school?school=harbour")
    page.get_by_label("To which wave?").select_option("w4")
    page.get_by_role("button", name="Check what this changes").click()
    page.get_by_label("Name of the new draft").fill("Harbour later")
    page.get_by_role("button", name="Add to the draft").click()
    page.get_by_role("heading", name="Saved").wait_for()
    press(page, "Harbour later", "Harbour later")
    page.get_by_label("Name of this draft, or of a copy").fill("Harbour and more")
    page.get_by_role("button", name="Copy under this name").click()
    page.get_by_role("heading", name="Copied").wait_for()
    page.get_by_role("link", name="Compare Harbour later").click()
    page.get_by_label("Also compare with another draft").select_option("Harbour and more")
    press(page, "Compare", "Compare “Harbour later”")
    said = main_of(page)
    assert "“Harbour and more”: " in said
    assert "later than announced" in said
    press_to(page, "Calculate the likelihood of Harbour later")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Show the likelihood").click()
    page.get_by_text("Each plan was simulated 10,000 times with the same random numbers").wait_for()
    assert "Chance of meeting each announced date" in main_of(page)
    assert page.get_by_role("button", name="Calculate the likelihood of Harbour and more").count() == 1
