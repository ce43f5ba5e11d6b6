"""Taking a baseline, recording announcements and giving a waiver, each in three steps: fill in, check, save."""

import re
from datetime import date

import pytest

from changeflow.programme.announcements import go_lives
from changeflow.storage.database import read_scope
from changeflow.usecases.stored import Stored, load
from tests.every_role import TODAY, World
from tests.web.visiting import Browser, signed_in, text_of

BASELINES, DATES, WAIVERS = (f"/p/small/{name}" for name in ("baselines", "announcements", "waivers"))


def stored(world: World) -> Stored:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY)


def hidden(page: object, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)  # type: ignore[attr-defined]
    return found[1] if found else ""


def check(browser: Browser, path: str, fields: dict[str, str], *, page: str = ""):
    opened = browser.get(page or path)
    return browser.send(path, opened, seen=hidden(opened, "seen"), **fields)


def save(browser: Browser, path: str, checked: object, fields: dict[str, str]):
    known = {name: hidden(checked, name) for name in ("seen", "effect", "checked")}
    return browser.send(path, checked, step="save", **known, **fields)


@pytest.mark.slow
def test_a_baseline_is_taken_once_and_announces_the_forecast(own_world: World):
    browser = signed_in(own_world.db, "chief")
    before = stored(own_world).baseline
    fields = {"reason": "Agreed by the board <b>today</b>", "announces": "1"}
    checked = check(browser, BASELINES, fields)
    assert checked.status_code == 200, text_of(checked)
    open_lives = [g for g in go_lives(stored(own_world).programme) if not g.is_done and g.day]
    assert f"This will record {len(open_lives)} go-live dates as announced" in text_of(checked)
    assert stored(own_world).baseline == before
    for _ in range(2):  # a double click
        assert save(browser, BASELINES, checked, fields).headers["location"] == f"{BASELINES}?saved=1"
    after = stored(own_world)
    assert after.baseline is not None
    assert after.baseline != before
    assert {(g.announced, g.school) for g in go_lives(after.programme) if not g.is_done} == {
        (g.day, g.school) for g in open_lives
    }
    page = browser.get(BASELINES)
    assert "Agreed by the board &lt;b&gt;today&lt;/b&gt;" in page.text
    assert page.text.count("Agreed by the board") == 1


@pytest.mark.slow
def test_a_plan_that_has_moved_since_the_page_is_not_approved_unseen(own_world: World):
    browser, other = signed_in(own_world.db, "chief"), signed_in(own_world.db, "member")
    fields = {"reason": "Agreed"}
    checked = check(browser, BASELINES, fields)
    page = "/p/small/plan/payroll/ash/plan"
    report = {"status": "started", "day": "25/3/2027", "left": "40", "cause": "The supplier is late"}
    moved = check(other, page, report)
    assert save(other, page, moved, report).status_code == 303
    late = save(browser, BASELINES, checked, fields)
    assert late.status_code == 409
    assert "Agreed" in late.text
    assert stored(own_world).baseline is None


@pytest.mark.slow
@pytest.mark.parametrize("person", ["member", "viewer", "head"])
def test_only_the_sro_and_the_board_see_the_form_of_a_baseline(world: World, person: str):
    browser = signed_in(world.db, person)
    page = browser.get(BASELINES)
    if person != "head":
        assert "Take a baseline" not in text_of(page)
    assert browser.send(BASELINES, browser.get("/p/small"), reason="Mine").status_code == 403


@pytest.mark.slow
def test_an_announcement_is_recorded_and_withdrawn(own_world: World):
    browser = signed_in(own_world.db, "member")
    fields = {"service": "payroll", "school": "ash", "which": "other", "day": "1/9/2027", "how": "letter", "on": ""}
    checked = check(browser, DATES, fields)
    assert "This will record 1 announcement." in text_of(checked), text_of(checked)
    assert save(browser, DATES, checked, fields).status_code == 303
    told = {(g.school, g.service): g for g in go_lives(stored(own_world).programme)}["ash", "payroll"]
    assert (told.announced, told.announced_on, told.how) == (date(2027, 9, 1), TODAY, "letter")
    page = browser.get(DATES)
    known = re.search(r'<option value="(announcement-\d+)">', page.text)
    assert known is not None
    wrong = {"announcement": known[1], "why": "The letter was never posted"}
    checked = check(browser, f"{DATES}/withdrawn", wrong, page=DATES)
    assert save(browser, f"{DATES}/withdrawn", checked, wrong).status_code == 303
    assert {(g.school, g.service): g.announced for g in go_lives(stored(own_world).programme)}["ash", "payroll"] is None


@pytest.mark.slow
def test_mistakes_in_an_announcement_keep_the_form(world: World):
    browser = signed_in(world.db, "member")
    whole = {"service": "payroll", "school": "ash", "which": "other", "day": "1/9/2027", "how": "letter"}
    for wrong, words in (
        ({"service": ""}, "Choose the service."),
        ({"school": ""}, "Choose the school for which another day was announced."),
        ({"which": ""}, "Choose which day was announced."),
        ({"day": "31/2/2027"}, "is not a date"),
        ({"day": ""}, "Enter the day that was announced."),
        ({"how": "owl"}, "Choose how it was announced."),
        ({"on": "1/1/2031"}, "in the future"),
    ):
        page = check(browser, DATES, {**whole, **wrong})
        assert page.status_code == 422, wrong
        assert words in text_of(page), text_of(page)
        assert 'value="letter" selected' in page.text or wrong.get("how")
    for forged in ({"service": "nothing"}, {"school": "nowhere"}):
        assert check(browser, DATES, {**whole, **forged}).status_code == 422


@pytest.mark.slow
def test_a_waiver_needs_the_mandate_and_says_whose(own_world: World):
    browser = signed_in(own_world.db, "member")
    fields = {
        "rule": "R02", "service": "payroll", "school": "", "reason": "The old system ends", "owner": "member",
        "expires": "1/12/2027", "approver-1": "provider",
    }  # fmt: skip
    refused = check(browser, WAIVERS, fields)
    assert refused.status_code == 422
    assert "needs the approval of" in text_of(refused)
    assert "R02" not in text_of(refused).split("There is a problem")[1].split("We have not saved")[0]
    fields["approver-1"] = "chief"
    checked = check(browser, WAIVERS, fields)
    assert checked.status_code == 200, text_of(checked)
    assert stored(own_world).version.definition.waivers == ()
    assert save(browser, WAIVERS, checked, fields).headers["location"] == "/p/small/rules?saved=1#waivers"
    [given] = stored(own_world).version.definition.waivers
    assert (given.rule, given.approved_by, given.service) == ("R02", ("chief",), "payroll")
    assert given.expires == date(2027, 12, 1)
    assert "The old system ends" in text_of(browser.get("/p/small/rules"))


@pytest.mark.slow
def test_two_waivers_at_once_are_both_kept(own_world: World):
    first, second = signed_in(own_world.db, "member"), signed_in(own_world.db, "chief")
    fields = {"rule": "R02", "reason": "One", "owner": "member", "expires": "1/12/2027", "approver-1": "chief"}
    other = {**fields, "reason": "Two"}
    checked, too = check(first, WAIVERS, fields), check(second, WAIVERS, other)
    assert save(first, WAIVERS, checked, fields).status_code == 303
    stale = save(second, WAIVERS, too, other)
    assert stale.status_code == 409
    assert "Two" in stale.text
    again = check(second, WAIVERS, other)
    assert save(second, WAIVERS, again, other).status_code == 303
    assert [w.reason for w in stored(own_world).version.definition.waivers] == ["One", "Two"]
