"""A project manager makes a draft of a wave proposal and publishes it, by keyboard alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from changeflow.programme.announcements import go_live_tasks
from changeflow.storage.database import engine_for
from changeflow.usecases.stored import loaded
from tests.browser.conftest import sign_in
from tests.browser.looking import needs_chromium
from tests.browser.proposals import add_proposals
from tests.browser.sample import NOW, OFFICE, PROGRAMME, Served, database_in, serving
from tests.browser.test_changing import press
from tests.browser.test_journeys import main_of, press_to
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, needs_chromium]
P = f"/p/{PROGRAMME}"


@pytest.fixture(scope="module")
def site(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(stored, tmp_path_factory.mktemp("proposals"), prepare=add_proposals) as found:
        yield found


def last_estates(site: Served) -> Any:
    db = database_in(site.home)
    programme = loaded(PROGRAMME, db=db, on=NOW.date())
    engine_for(db).dispose()
    return max(programme.days_of(t.id)[1] for p, t in go_live_tasks(programme).items() if p[1] == "estates")


def test_a_proposal_is_compared_used_and_published_by_keyboard(browser: Any, site: Served):
    context = browser.new_context(base_url=site.base)
    context.set_default_timeout(PATIENCE * 1000)
    page, before = context.new_page(), last_estates(site)
    sign_in(page, site, OFFICE)
    page.goto(f"{P}/waves")
    press(page, "Wave proposals", "Wave proposals")
    press(page, "Calculation 1", "Compare wave proposals")
    press(page, "Use this plan (Steadiest workload)", "Wave proposal: Steadiest workload")
    assert "Move Estates out of" in main_of(page)
    press(page, "Check what this changes", "What this would change")
    assert "School go-lives" in main_of(page)
    press_to(page, "cause")
    page.keyboard.insert_text("The estates team needs the time")
    press(page, "Publish", "Published")
    assert last_estates(site) > before
    context.close()
