"""The SRO decides a gate with a condition, and finds it in the record and as a task; with the script and without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from changeflow.usecases.pilots import measure_criterion
from changeflow.usecases.unit_of_work import Change
from tests.browser.conftest import sign_in
from tests.browser.looking import DESK, needs_chromium
from tests.browser.sample import NOW, OFFICE, PROGRAMME, SRO, Served, database_in, serving
from tests.quick import thorough_first
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.thorough]
P = f"/p/{PROGRAMME}"
CONDITION = "Brief the site teams"
MEASURED = (("estates", "urgent-jobs", "0.95"), ("finance", "invoices", "0.97"))


def measure_pilots(home: Path) -> None:
    """Measure what blocks the start of wave 2 in the sample."""
    change = Change(db=database_in(home), programme=PROGRAMME, actor=OFFICE, now=NOW, on=NOW.date())
    for service, criterion, value in MEASURED:
        measure_criterion(service, criterion, value, change)


@pytest.fixture(scope="module")
def site(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(stored, tmp_path_factory.mktemp("deciding"), prepare=measure_pilots) as found:
        yield found


def fill(page: Any) -> None:
    """Approve the start with one condition."""
    page.get_by_label("Approve with conditions").check()
    page.get_by_label("Reason").fill("The pilot shows that it works")
    page.locator("summary", has_text="Conditions").click()
    page.locator("#condition-1-text").fill(CONDITION)
    page.locator("#condition-1-owner").select_option("director-of-estates")
    page.locator("#condition-1-due").fill("30/6/2027")


@pytest.mark.parametrize(
    ("service", "script"),
    thorough_first(1, [("estates", True), ("finance", False)]),
    ids=["with script", "without script"],
)
def test_the_sro_decides_with_a_condition_and_finds_it_in_the_record_and_as_a_task(
    browser: Any, site: Served, service: str, script: bool
):
    width = {"width": DESK, "height": 800}
    context = browser.new_context(base_url=site.base, viewport=width, java_script_enabled=script)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    sign_in(page, site, SRO)
    page.goto(f"{P}/decisions/{service}/w2/wave-released")
    assert page.get_by_label("Approve (go)").is_disabled()
    fill(page)
    page.get_by_role("button", name="Check what this changes").click()
    effect = page.locator("#effect")
    effect.wait_for()
    assert "brief the site teams (condition)”" in effect.inner_text()
    page.get_by_role("button", name="Record the decision").click()
    page.get_by_role("heading", name="Decision recorded").wait_for()
    assert page.get_by_role("button", name="Check what this changes").count() == 0
    page.get_by_role("link", name=CONDITION).click()
    page.get_by_role("heading", level=1, name=f"{service.title()}, wave 2: brief the site teams (condition)").wait_for()
    page.get_by_role("link", name="Record", exact=True).click()
    page.get_by_role("heading", name="Record", level=1).wait_for()
    assert "Recorded conditional approval of" in page.locator("main").inner_text()
    context.close()
