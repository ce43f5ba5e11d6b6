"""Several tasks are selected on the plan and changed together: owner, start, draft, conflict, and who may."""

from typing import Any

import pytest
from lxml import html

from changeflow.usecases import progress
from changeflow.usecases.progress import TaskReport, TaskStatus
from tests.every_role import TODAY, World
from tests.web.pages.test_edits import check, publish, stored
from tests.web.visiting import Browser, heading, signed_in, text_of

PLAN = "/p/small/plan?service=estates&wave=w1"
OWNER, MOVE = "/p/small/selected-tasks/owner", "/p/small/selected-tasks/move"
CAPACITY, SYSTEM = "estates/w1/capacity", "estates/w1/system-live"
BOTH = {f"task:{CAPACITY}": "1", f"task:{SYSTEM}": "1"}
LATER = {"direction": "later", "days": "5"}


def boxes(page: Any, *, checked: bool = False) -> list[str]:
    found = html.fromstring(page.text).xpath("//input[@type='checkbox'][starts-with(@name, 'task:')]")
    return [box.get("name") for box in found if not checked or box.get("checked") is not None]


def chosen(browser: Browser, to: str, **tasks: str) -> Any:
    return browser.send(to, browser.get(PLAN), step="choose", back=PLAN.removeprefix("/p/small/plan"), **tasks)


@pytest.mark.slow
def test_open_tasks_can_be_selected_by_those_who_may_change_the_plan(world: World):
    browser = signed_in(world.db, "chief")
    page = browser.get(PLAN)
    assert {*BOTH} < {*boxes(page)}
    assert len({*boxes(page)}) == len(boxes(page))
    labels = html.fromstring(page.text).xpath("//input[@form='selected']/@aria-label")
    assert "Select Estates, wave 1: capacity" in labels
    assert boxes(page, checked=True) == []
    every = browser.get(f"{PLAN}&select=all")
    assert boxes(every, checked=True) == boxes(page)
    assert f"All {len(boxes(page))} open tasks shown are selected." in text_of(every)
    assert boxes(signed_in(world.db, "viewer").get(PLAN)) == []


def test_a_task_of_several_schools_has_one_box(world: World):
    page = signed_in(world.db, "chief").get("/p/small/plan?by=school&service=estates&wave=w2")
    assert page.text.count(">Estates, wave 2: capacity</a>") == 2
    assert boxes(page).count("task:estates/w2/capacity") == 1


@pytest.mark.slow
def test_the_form_lists_the_selection_and_leads_back_to_the_filters(world: World):
    browser = signed_in(world.db, "chief")
    page = chosen(browser, MOVE, **BOTH)
    assert (page.status_code, heading(page)) == (200, "Move the start of tasks")
    assert boxes(page, checked=True) == [*BOTH]
    assert "2 tasks are selected." in text_of(page)
    assert 'href="/p/small/plan?service=estates&amp;wave=w1"' in page.text
    assert "No task is selected." in text_of(chosen(browser, OWNER))
    assert browser.get("/p/small/selected-tasks/colour").status_code == 404


@pytest.mark.slow
def test_selected_tasks_are_moved_as_one_version(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, MOVE, chosen(browser, MOVE, **BOTH), **BOTH, **LATER)
    assert checked.status_code == 200, text_of(checked)
    assert "14 to 20 Apr 2027" in text_of(checked)
    assert "What this would change" in text_of(checked)
    assert stored(own_world).version.number == 1
    saved = publish(browser, MOVE, checked, **BOTH, **LATER, cause="The supplier is late.")
    assert (saved.status_code, saved.headers["location"]) == (303, "/p/small/record/versions?saved=1")
    version = stored(own_world).version
    assert (version.number, version.reason) == (2, "The supplier is late.")
    page = text_of(browser.get("/p/small/record/versions/2"))
    assert "“Estates, wave 1: capacity”: start on 14 Apr 2027 at the earliest." in page


@pytest.mark.slow
def test_selected_tasks_are_given_another_owner_in_a_draft(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, OWNER, chosen(browser, OWNER, **BOTH), **BOTH, owner="member")
    assert "Team Member" in text_of(checked)
    unnamed = browser.send(OWNER, checked, step="draft", owner="member", draft_name="", **BOTH)
    assert (unnamed.status_code, boxes(unnamed, checked=True)) == (422, [*BOTH])
    added = browser.send(OWNER, checked, step="draft", owner="member", draft_name="New owners", **BOTH)
    assert added.headers["location"] == "/p/small/drafts?saved=1"
    assert text_of(browser.get("/p/small/drafts/1")).count("the owner is now Team Member.") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"direction": "later", "days": "0"}, "Enter the number of working days as a whole number, such as 5."),
        ({"direction": "later", "days": "900"}, "You can move tasks by at most 250 working days."),
        ({"direction": "", "days": "5"}, "Choose later or earlier."),
        ({"direction": "earlier", "days": "5"}, "None of the selected tasks can be changed in this way:"),
    ],
)
def test_what_is_wrong_is_said_and_the_selection_is_kept(world: World, fields: dict[str, str], said: str):
    browser = signed_in(world.db, "chief")
    answer = check(browser, MOVE, chosen(browser, MOVE, **BOTH), **BOTH, **fields)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert boxes(answer, checked=True) == [*BOTH]
    assert f'value="{fields["days"]}"' in answer.text


@pytest.mark.slow
def test_a_task_finished_meanwhile_is_a_conflict_that_keeps_the_selection(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, MOVE, chosen(browser, MOVE, **BOTH), **BOTH, **LATER)
    finished = TaskReport(TaskStatus.FINISHED, TODAY, None, "")
    progress.report_task(CAPACITY, finished, own_world.change("chief"))
    late = publish(browser, MOVE, checked, **BOTH, **LATER, cause="The supplier is late.")
    assert late.status_code == 409
    assert boxes(late, checked=True) == [*BOTH]
    assert "1 of them can no longer be changed." in text_of(late)
    again = check(browser, MOVE, late, **BOTH, **LATER)
    assert again.status_code == 409
    one = {f"task:{SYSTEM}": "1"}
    assert check(browser, MOVE, again, **one, **LATER).status_code == 200
    assert stored(own_world).version.number == 1


@pytest.mark.slow
def test_a_begun_task_has_no_earliest_start_of_its_own(own_world: World):
    started = TaskReport(TaskStatus.STARTED, TODAY, None, "")
    progress.report_task(CAPACITY, started, own_world.change("chief"))
    browser, path = signed_in(own_world.db, "chief"), f"/p/small/task-edits/set-earliest/{CAPACITY}"
    answer = check(browser, path, earliest="1/6/2027")
    assert answer.status_code == 422
    assert "has started, so its start is recorded." in text_of(answer)
