"""Recording progress on a task's page: fill in, check the effect, save; and what is kept when that fails."""

import re
from collections.abc import Callable
from datetime import date

import pytest

from changeflow.storage.database import read_scope
from changeflow.usecases.announcements import announce
from changeflow.usecases.stored import load
from tests.every_role import ANNOUNCED, TODAY, World
from tests.web.visiting import Browser, signed_in, text_of

TASK = "payroll/ash/plan"
PAGE = f"/p/small/plan/{TASK}"


def opened(world: World, person: str = "member") -> Browser:
    return signed_in(world.db, person)


def entry(browser: Browser, **fields: str):
    """Send the form of the task's page, after the page has been opened."""
    page = browser.get(PAGE)
    return browser.send(PAGE, page, **{"seen": hidden(page, "seen"), **fields})


def hidden(page: object, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)  # type: ignore[attr-defined]
    return found[1] if found else ""


def progress_of(world: World, task: str = TASK):
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).programme.facts.progress.get(task)


@pytest.mark.slow
def test_a_report_is_checked_shown_and_saved(own_world: World):
    browser = opened(own_world)
    before = progress_of(own_world)
    checked = entry(browser, status="started", day="25/3/2027", left="")
    assert checked.status_code == 200
    assert "What this would change" in text_of(checked)
    assert progress_of(own_world) == before
    saved = browser.send(PAGE, checked, seen=hidden(checked, "seen"), effect=hidden(checked, "effect"), step="save",
                         status="started", day="25/3/2027")  # fmt: skip
    assert (saved.status_code, saved.headers["location"]) == (303, f"{PAGE}?saved=1")
    assert progress_of(own_world) != before
    assert "Progress: " in text_of(browser.get(PAGE))
    assert "session" in own_world.dump()


@pytest.mark.slow
def test_mistakes_keep_what_was_typed(own_world: World):
    browser = opened(own_world)
    for fields, words in (
        ({"day": "25/3/2027"}, "Choose whether the task has started or is finished."),
        ({"status": "started", "day": "32/3/2027"}, "“32/3/2027” is not a date."),
        ({"status": "started", "day": ""}, "Enter the day"),
        ({"status": "started", "day": "25/3/2027", "left": "<b>"}, "as a whole number"),
        ({"status": "started", "day": "25/3/2028"}, "in the future"),
    ):
        page = entry(browser, **fields)
        assert page.status_code == 422, fields
        assert words in text_of(page), (fields, text_of(page))
        assert f'value="{fields["day"]}"' in page.text
        assert "--" not in text_of(page)
        assert TASK not in text_of(page)
    assert progress_of(own_world) is None


@pytest.mark.slow
def test_someone_elses_entry_is_shown_and_ones_own_is_kept(own_world: World):
    first, second = opened(own_world), opened(own_world, "manager")
    old = second.get(PAGE)
    done = entry(first, status="started", day="24/3/2027")
    first.send(PAGE, done, seen=hidden(done, "seen"), effect=hidden(done, "effect"), step="save",
               status="started", day="24/3/2027")  # fmt: skip
    page = second.send(PAGE, old, seen=hidden(old, "seen"), status="started", day="22/3/2027")
    assert page.status_code == 409
    text = text_of(page)
    assert "Someone else has recorded something here" in text
    assert 'value="22/3/2027"' in page.text
    assert "24 Mar 2027" in text
    assert hidden(page, "seen") != hidden(old, "seen")


@pytest.mark.slow
def test_another_effect_than_the_one_shown_is_not_saved(own_world: World):
    browser = opened(own_world)
    checked = entry(browser, status="started", day="25/3/2027")
    page = browser.send(PAGE, checked, seen=hidden(checked, "seen"), effect="0" * 16, step="save",
                        status="started", day="25/3/2027")  # fmt: skip
    assert page.status_code == 409
    assert "The effect has changed" in text_of(page)
    assert progress_of(own_world) is None


@pytest.mark.slow
def test_who_may_not_report_has_no_form_and_is_refused(own_world: World):
    browser = opened(own_world, "viewer")
    page = browser.get(PAGE)
    assert "Record progress" not in text_of(page)
    refused = browser.send(PAGE, browser.get("/p/small/settings/sessions"), status="started", day="25/3/2027")
    assert refused.status_code == 403
    assert progress_of(own_world) is None
    assert date(2027, 3, 25) == TODAY


MOVES = {"status": "started", "day": "24/3/2027", "left": "99"}
"""A report that moves the school's go-live and the decisions before it."""


@pytest.mark.slow
def test_a_report_that_moves_a_decision_needs_a_reason_which_becomes_a_comment(own_world: World):
    browser = opened(own_world)
    checked = entry(browser, **MOVES)
    assert "Why are these dates changing?" in text_of(checked)
    steps = {name: hidden(checked, name) for name in ("seen", "effect", "checked")}
    for reason in ("", "  \r\n"):
        refused = browser.send(PAGE, checked, **MOVES, **steps, step="save", cause=reason)
        assert refused.status_code == 422
        assert "An announced date or a decision moves. Say why." in text_of(refused)
        assert 'aria-describedby="cause-hint" aria-invalid="true"' in refused.text
        assert progress_of(own_world) is None
    long = browser.send(PAGE, checked, **MOVES, **steps, step="save", cause="x" * 2001)
    assert (long.status_code, "Shorten it to 2,000." in text_of(long)) == (422, True)
    assert hidden(long, "cause") == "x" * 2001, "a reason that is too long is kept"
    said = "<b>Late</b> data\r\nfrom the supplier {{ 7*7 }}"
    saved = browser.send(PAGE, checked, **MOVES, **steps, step="save", cause=said)
    assert saved.status_code == 303
    page = browser.get(PAGE)
    assert "<b>Late</b> data from the supplier {{ 7*7 }}" in text_of(page)
    assert "<b>Late" not in page.text


@pytest.mark.slow
def test_a_report_that_moves_no_promise_is_not_asked_why(own_world: World):
    checked = entry(opened(own_world), status="started", day="25/3/2027")
    assert "What this would change" in text_of(checked)
    assert 'name="cause"' not in checked.text


@pytest.mark.slow
def test_an_announced_date_that_moves_needs_a_reason(own_world: World):
    announce([ANNOUNCED], own_world.change("chief"))
    checked = entry(opened(own_world), **MOVES)
    assert "Who to tell" in text_of(checked)
    assert 'name="cause"' in checked.text


@pytest.mark.slow
def test_a_second_click_leads_to_the_saved_page_and_saves_nothing_twice(own_world: World):
    browser = opened(own_world)
    checked = entry(browser, status="started", day="25/3/2027")
    save = {"step": "save", "status": "started", "day": "25/3/2027", "checked": hidden(checked, "checked")}
    answers = [
        browser.send(PAGE, checked, seen=hidden(checked, "seen"), effect=hidden(checked, "effect"), **save)
        for _ in range(2)
    ]
    assert [(a.status_code, a.headers["location"]) for a in answers] == [(303, f"{PAGE}?saved=1")] * 2
    assert [action for _, action, _ in own_world.audited()].count("progress") == 1


@pytest.mark.slow
def test_a_form_changed_after_its_check_is_checked_again(own_world: World):
    browser = opened(own_world)
    checked = entry(browser, status="started", day="25/3/2027")
    page = browser.send(PAGE, checked, seen=hidden(checked, "seen"), effect=hidden(checked, "effect"), step="save",
                        checked=hidden(checked, "checked"), status="started", day="24/3/2027")  # fmt: skip
    assert page.status_code == 200
    assert "What this would change" in text_of(page)
    assert hidden(page, "checked") != hidden(checked, "checked")
    assert progress_of(own_world) is None


@pytest.mark.slow
def test_an_entry_that_was_saved_before_is_not_taken_for_a_double_click(own_world: World):
    """The entry equals an earlier one on the same state, but someone else records something before it is saved."""
    mine, other = opened(own_world), opened(own_world, "chief")

    def report(browser: Browser, left: str, *, first: Callable[[], object] = lambda: None) -> int:
        fields = {"status": "started", "day": "25/3/2027", "left": left}
        checked = entry(browser, **fields)
        known = {name: hidden(checked, name) for name in ("seen", "effect", "checked")}
        first()
        return browser.send(PAGE, checked, step="save", cause="The supplier is late", **known, **fields).status_code

    for browser, left in ((other, "7"), (mine, "4"), (other, "7")):
        assert report(browser, left) == 303
    assert report(mine, "4", first=lambda: report(other, "9")) == 409
    with read_scope(own_world.db) as session:
        programme = load(session, "small", on=TODAY).programme
    found = programme.facts.progress[TASK].remaining
    assert found is not None
    assert found.amount == 9 * programme.minutes_per_day
