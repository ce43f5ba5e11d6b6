"""A project manager records fifty rows from a spreadsheet, by keyboard alone, with the script and without it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from changeflow.storage.database import engine_for
from changeflow.usecases.stored import loaded
from tests.browser.conftest import sign_in
from tests.browser.looking import needs_chromium
from tests.browser.sample import NOW, OFFICE, PROGRAMME, Served, database_in, serving
from tests.browser.test_journeys import main_of, press_to
from tests.quick import thorough_first
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.thorough]
ROWS = 50


@pytest.fixture(scope="module")
def site(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(stored, tmp_path_factory.mktemp("week")) as found:
        yield found


def progress_in(site: Served) -> Any:
    """Return the stored programme and the progress that is recorded."""
    db = database_in(site.home)
    programme = loaded(PROGRAMME, db=db, on=NOW.date())
    engine_for(db).dispose()
    return programme, programme.facts.progress


@pytest.mark.parametrize("script", thorough_first(1, [False, True]), ids=["without script", "with script"])
def test_fifty_pasted_rows_are_checked_and_saved(browser: Any, site: Served, script: bool):
    programme, before = progress_in(site)
    free = [
        t.id
        for t in sorted(programme.tasks(), key=lambda t: t.id)
        if not (t.is_milestone or t.gate or t.id in before or programme.is_done(t.id))
    ]
    chosen = free[:ROWS] if script else free[-ROWS:]
    context = browser.new_context(base_url=site.base, java_script_enabled=script)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    sign_in(page, site, OFFICE)
    press_to(page, "This week")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="This week", level=1).wait_for()
    press_to(page, "Paste from a spreadsheet")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Paste progress from a spreadsheet").wait_for()
    press_to(page, "text")
    lines = [f"{task}\t19/5/2027\t10%\t£3" for task in chosen]
    page.keyboard.insert_text("\n".join(["Task id\tActual start\t% complete\tBudget", *lines]))
    press_to(page, "Check what this changes")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=f"{ROWS} tasks to record").wait_for()
    assert "What this would change" in main_of(page)
    assert "The column was not used: 'Budget'." in main_of(page)
    assert progress_in(site)[1] == before
    press_to(page, "cause")
    page.keyboard.insert_text("The supplier delivered late")
    press_to(page, "Save all")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Saved").wait_for()
    known = progress_in(site)[1]
    assert {task: known[task].percent for task in chosen} == dict.fromkeys(chosen, 10)
    assert known.keys() - before.keys() == {*chosen}
    context.close()
