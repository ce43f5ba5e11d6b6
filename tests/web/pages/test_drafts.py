"""Drafts on pages: names, copies, what was published since, and the comparison with its calculation."""

from typing import Any

import pytest

from changeflow.intake.editing.kinds import edits_from
from changeflow.storage.database import session_scope
from changeflow.storage.jobs import JobState, job_of, latest_job_of
from changeflow.usecases import announcements, jobs
from changeflow.usecases.draft_odds import work_out_draft_odds
from changeflow.usecases.drafts import draft_of, drafts_of, save_draft
from changeflow.usecases.editing import PlanDraft, publish
from changeflow.usecases.jobs import DRAFT_ODDS, REASONS
from changeflow.web.calculations import Calculations
from tests.every_role import NOW, TODAY, World
from tests.web.visiting import Browser, heading, signed_in, text_of

DRAFTS = "/p/small/drafts"
LONGER: dict[str, object] = {"kind": "set-duration", "task": "payroll/delegation", "duration": "60d"}
RENAMED: dict[str, object] = {"kind": "rename-task", "task": "payroll/ash/plan", "name": "Plan with care"}
ESTIMATE: dict[str, object] = {"kind": "set-estimate", "task": "payroll/requirements", "estimate": ["3d", "5d", "20d"]}


@pytest.fixture(autouse=True)
def _asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave calculations waiting until a test runs them."""
    monkeypatch.setattr(Calculations, "wake", lambda _: None)


def draft(world: World, name: str, *edits: dict[str, object], base: int = 1) -> int:
    saved = save_draft(
        PlanDraft(programme="small", base=base, edits=edits_from(edits), name=name), world.change("chief")
    )
    return saved.id or 0


def publish_now(world: World, *edits: dict[str, object], base: int = 1) -> None:
    publish(PlanDraft(programme="small", base=base, edits=edits_from(edits)), "Agreed.", world.change("member"))


def send(browser: Browser, number: int, path: str, **fields: str) -> Any:
    page = browser.get(f"{DRAFTS}/{number}")
    return browser.send(f"{DRAFTS}/{number}/{path}", page, revision="1", **fields)


def calculate(world: World) -> None:
    """Run the calculation that waits, in this process."""
    job = jobs.claim(db=world.db, now=NOW)
    assert job is not None
    data = work_out_draft_odds("small", job.id, db=world.db, now=NOW, say=lambda _: None)
    jobs.finish(job.id, JobState.DONE, db=world.db, now=NOW, data=data)


@pytest.mark.slow
def test_a_draft_is_renamed_and_copied_to_begin_another(own_world: World):
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    copied = send(browser, number, "copies", draft_name="Later still")
    assert copied.headers["location"] == f"{DRAFTS}?copied=1"
    renamed = send(browser, number, "name", draft_name="  Much  later ")
    assert heading(browser.get(renamed.headers["location"])) == "Much later"
    found = drafts_of(own_world.change("chief"))
    assert [(d.name, d.edits == edits_from([LONGER])) for d in found] == [("Later still", True), ("Much later", True)]


@pytest.mark.slow
def test_no_two_drafts_get_the_same_name(own_world: World):
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    draft(own_world, "Earlier", RENAMED)
    for path in ("name", "copies"):
        answer = send(browser, number, path, draft_name="earlier")
        assert answer.status_code == 422
        assert "There is already a draft called “earlier”. Choose another name." in text_of(answer)
        assert 'aria-invalid="true" value="earlier"' in answer.text
    assert "Enter a name for the draft." in text_of(send(browser, number, "name", draft_name=" "))
    assert [d.name for d in drafts_of(own_world.change("chief"))] == ["Earlier", "Later"]


@pytest.mark.slow
def test_a_draft_that_a_proposal_makes_gets_a_number_if_its_name_is_taken(own_world: World):
    for edit in (LONGER, RENAMED, ESTIMATE):
        draft(own_world, "Wave proposal", edit)
    names = [d.name for d in drafts_of(own_world.change("chief"))]
    assert names == ["Wave proposal (3)", "Wave proposal (2)", "Wave proposal"]


@pytest.mark.slow
def test_a_draft_that_someone_else_has_saved_is_not_renamed(own_world: World):
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    save_draft(draft_of(number, own_world.change("member")), own_world.change("member"))
    answer = send(browser, number, "name", draft_name="Mine")
    assert answer.status_code == 409
    assert 'value="Mine"' in answer.text
    assert [d.name for d in drafts_of(own_world.change("chief"))] == ["Later"]


@pytest.mark.slow
def test_a_draft_names_what_was_published_since_it_was_begun(own_world: World):
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    assert "Published since" not in text_of(browser.get(f"{DRAFTS}/{number}"))
    publish_now(own_world, RENAMED)
    page = text_of(browser.get(f"{DRAFTS}/{number}"))
    assert "Published since this draft was started Version 2, by " in page
    assert "to “Plan with care”" in page
    assert "Reason: Agreed." in page


@pytest.mark.slow
def test_a_draft_is_compared_with_the_plan_in_force_and_another_draft(own_world: World):
    announcements.announce_forecast(None, (), how="letter", on=TODAY, change=own_world.change("chief"))
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    other = draft(own_world, "Names", RENAMED)
    alone = browser.get(f"{DRAFTS}/{number}/comparison")
    assert heading(alone) == "Compare “Later”"
    assert "“Later”: 3 announced dates later, 1 milestone later" in text_of(alone)
    both = text_of(browser.get(f"{DRAFTS}/{number}/comparison?with={other}"))
    assert "“Names” moves no announced date, milestone or decision, and changes no finding." in both
    assert "31 Dec 2027" in both
    assert browser.get(f"{DRAFTS}/{number}/comparison?with={number}").status_code == 404
    assert browser.get(f"{DRAFTS}/{number}/comparison?with=99").status_code == 404


@pytest.mark.slow
def test_a_draft_that_does_not_fit_is_not_compared(own_world: World):
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    publish_now(own_world, {**LONGER, "duration": "8d"})
    page = browser.get(f"{DRAFTS}/{number}/comparison")
    assert page.status_code == 200
    assert "“Later” cannot be compared" in text_of(page)


@pytest.mark.thorough
@pytest.mark.slow
def test_the_likelihood_is_calculated_shown_and_old_after_another_publication(own_world: World):
    publish_now(own_world, ESTIMATE)
    announcements.announce_forecast(None, (), how="letter", on=TODAY, change=own_world.change("chief"))
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER, base=2)
    where = f"{DRAFTS}/{number}/comparison"
    assert "has not been calculated yet" in text_of(browser.get(where))
    asked = browser.send(f"{DRAFTS}/{number}/odds", browser.get(where), shown=str(number))
    assert asked.headers["location"] == f"{where}#likelihood"
    browser.send(f"{DRAFTS}/{number}/odds", browser.get(where), shown=str(number))
    assert "It will start in a moment." in text_of(browser.get(where))
    calculate(own_world)
    assert jobs.claim(db=own_world.db, now=NOW) is None
    page = text_of(browser.get(where))
    assert "Calculated on 25 Mar 2027 for plan version 2." in page
    assert "Each plan was simulated 10,000 times" in page
    assert "points lower" in page
    assert "Calculate again" not in page
    publish_now(own_world, RENAMED, base=2)
    old = text_of(browser.get(where))
    assert "The plan or the draft has changed since the likelihood was calculated on 25 Mar 2027" in old
    assert "Calculate again" in old


@pytest.mark.slow
def test_a_draft_saved_again_or_published_ends_its_calculation(own_world: World):
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    where = f"{DRAFTS}/{number}/comparison"
    browser.send(f"{DRAFTS}/{number}/odds", browser.get(where))
    save_draft(draft_of(number, own_world.change("chief")), own_world.change("chief"))
    browser.send(f"{DRAFTS}/{number}/odds", browser.get(where))
    with session_scope(own_world.db) as session:
        found = [job_of(session, "small", n) for n in (1, 2)]
    assert [(job.subject, job.state) for job in found if job is not None] == [
        (f"{number}.1", JobState.CANCELLED),
        (f"{number}.2", JobState.WAITING),
    ]
    publish(draft_of(number, own_world.change("chief")), "Agreed.", own_world.change("chief"))
    with session_scope(own_world.db) as session:
        assert latest_job_of(session, "small", DRAFT_ODDS, f"{number}.") is None


@pytest.mark.thorough
@pytest.mark.slow
def test_the_worker_runs_it_and_says_why_there_is_no_result(own_world: World):
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    where = f"{DRAFTS}/{number}/comparison"
    browser.send(f"{DRAFTS}/{number}/odds", browser.get(where))
    Calculations(own_world.db, lambda: NOW)._run_all()
    page = text_of(browser.get(where))
    assert REASONS["Nothing can be simulated: no task has a range"] in page
    assert "Calculate again" in page


@pytest.mark.slow
def test_a_calculation_is_stopped_and_asked_for_again(own_world: World):
    browser, number = signed_in(own_world.db, "chief"), draft(own_world, "Later", LONGER)
    where = f"{DRAFTS}/{number}/comparison"
    browser.send(f"{DRAFTS}/{number}/odds", browser.get(where))
    stopped = browser.send(f"{DRAFTS}/{number}/odds/stop", browser.get(where))
    assert stopped.status_code == 303
    assert "Someone stopped the last calculation. Calculate again" in text_of(browser.get(where))
    assert ("chief", "stop-calculation", DRAFT_ODDS) in own_world.audited()
