"""A project manager makes a draft of a calculation's result and publishes it, by keyboard alone."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from changeflow.planning.risk import tasks_named
from changeflow.programme.announcements import go_live_tasks
from changeflow.storage.database import engine_for
from changeflow.usecases.stored import loaded
from tests.browser.conftest import sign_in
from tests.browser.looking import needs_chromium
from tests.browser.proposals import LEVELLED, add_levelled_dates, add_proposals, add_recovery
from tests.browser.sample import NOW, OFFICE, PROGRAMME, Served, database_in, serving
from tests.browser.test_changing import press
from tests.browser.test_journeys import main_of, press_to
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.thorough]
P = f"/p/{PROGRAMME}"


@pytest.fixture
def site(stored: Path, tmp_path: Path) -> Iterator[Served]:
    """A server of its own for each test, because what one publishes changes the plan for the next."""

    def prepare(home: Path) -> None:
        add_proposals(home)
        add_levelled_dates(home)
        add_recovery(home)

    with serving(stored, tmp_path, prepare=prepare) as found:
        yield found


@pytest.fixture
def page(browser: Any, site: Served) -> Iterator[Any]:
    context = browser.new_context(base_url=site.base)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    sign_in(page, site, OFFICE)
    yield page
    context.close()


def planned(site: Served) -> Any:
    """Return the programme as it is stored now."""
    db = database_in(site.home)
    programme = loaded(PROGRAMME, db=db, on=NOW.date())
    engine_for(db).dispose()
    return programme


def last_estates(site: Served) -> Any:
    programme = planned(site)
    return max(programme.days_of(t.id)[1] for p, t in go_live_tasks(programme).items() if p[1] == "estates")


def publish_draft(page: Any, cause: str) -> None:
    press(page, "Check what this changes", "What this would change")
    press_to(page, "cause")
    page.keyboard.insert_text(cause)
    press(page, "Publish", "Published")


def test_levelled_dates_become_a_draft_and_are_published_by_keyboard(page: Any, site: Served):
    page.goto(f"{P}/calculations")
    press(page, "Team workload", "Tasks that wait for people")
    assert "Payroll, wave 2: build awareness not in the draft" in main_of(page)
    press(page, "Use these dates", "Levelled dates")
    assert "“Payroll, Elm Tree Primary: train staff”: start on 16 Jul 2027, when its team has time." in main_of(page)
    assert "build awareness" not in main_of(page)
    publish_draft(page, "The trainers are busy")
    assert planned(site).timed(LEVELLED).first_day == date(2027, 7, 16)


def test_a_recovery_option_becomes_a_draft_and_is_published_by_keyboard(page: Any, site: Served):
    before = planned(site)
    [task] = [t for t in tasks_named(before, "payroll/system-live") if t.startswith("payroll/w3/")]
    page.goto(f"{P}/recovery")
    press(page, "Payroll is live in all schools", "Recovery options: Payroll is live in all schools")
    assert "The cheapest way to make 29 Feb 2028 80% likely costs 2,500." in main_of(page)
    press(page, "Use this (Bring the system live over a weekend)", "Recovery option: Bring the system live")
    publish_draft(page, "Agreed with the supplier")
    after = planned(site)
    assert after.roadmap.tasks[task].duration.amount < before.roadmap.tasks[task].duration.amount
    assert "weekend" not in [o.id for o in after.definition.risk.recovery_options]


def test_a_proposal_is_compared_used_and_published_by_keyboard(page: Any, site: Served):
    before = last_estates(site)
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
