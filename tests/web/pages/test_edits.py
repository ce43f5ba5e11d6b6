"""Changing the plan on pages: a form, its effect, publish or draft, undo; two people at once; what is refused."""

import re
from typing import Any

import pytest
from lxml import html

from changeflow.intake.editing.kinds import KINDS, edits_from
from changeflow.reports.edit_forms import FORMS, kinds_for, nothing_to_choose
from changeflow.storage.database import read_scope
from changeflow.usecases import editing
from changeflow.usecases.stored import load
from tests.every_role import TODAY, World
from tests.web.visiting import Browser, heading, signed_in, text_of

PLAN = "/p/small/plan/payroll/ash/plan"
DURATION = "/p/small/task-edits/set-duration/payroll/ash/plan"
MOVE = "/p/small/edits/move-school"


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    return found[1] if found else ""


def check(browser: Browser, to: str, page: Any = None, **fields: str) -> Any:
    page = page or browser.get(to)
    return browser.send(to, page, step="check", **{"seen": hidden(page, "seen"), **fields})


def publish(browser: Browser, to: str, checked: Any, **fields: str) -> Any:
    marks = {name: hidden(checked, name) for name in ("seen", "effect", "checked", "revision")}
    return browser.send(to, checked, step="save", **{name: value for name, value in marks.items() if value}, **fields)


def stored(world: World) -> Any:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY)


@pytest.mark.slow
def test_a_task_page_offers_its_edits_to_those_who_may_change_the_plan(world: World):
    page = signed_in(world.db, "chief").get(PLAN)
    assert f'href="{DURATION}"' in page.text
    assert "/task-edits/" not in signed_in(world.db, "viewer").get(PLAN).text


@pytest.mark.slow
def test_every_kind_of_edit_has_a_form_that_opens(world: World):
    """Waivers, lessons and handovers have pages of their own; the others are made of the results of calculations."""
    of_results = {"split-wave", "order-waves", "accept-move", "set-event", "remove-option"}
    assert {*FORMS, "add-waiver", "apply-lesson", "replace-person", *of_results} == {*KINDS}
    browser = signed_in(world.db, "chief")
    for kind, form in FORMS.items():
        if kind in kinds_for(stored(world).programme, "payroll/ash/plan"):
            path = f"/p/small/task-edits/{kind}/payroll/ash/plan"
        else:
            path = f"/p/small/edits/{kind}"
        page = browser.get(path)
        assert (page.status_code, heading(page)) == (200, KINDS[kind].title), kind
        if nothing_to_choose(form, stored(world).programme, "payroll/ash/plan" if form.is_of_task else ""):
            continue
        left_out = form.leaves_out(stored(world).programme)
        typed = [f.name for f in form.fields if f.kind not in ("select", "tick") and f.name not in left_out]
        assert [name for name in typed if f'name="{name}"' not in page.text] == [], kind


@pytest.mark.slow
def test_a_task_needs_people_of_a_team_once_the_programme_has_one(own_world: World):
    browser, change = signed_in(own_world.db, "chief"), own_world.change("chief")
    need = "/p/small/task-edits/set-need/payroll/ash/plan"
    assert "The plan has no teams yet." in text_of(browser.get(need))
    assert f'href="{need}"' not in browser.get(PLAN).text
    team = edits_from([{"kind": "set-team", "team": "ict", "name": "ICT team", "days_per_week": 10}])
    editing.publish(editing.PlanDraft(programme="small", base=stored(own_world).version.number, edits=team), "", change)
    assert f'href="{need}"' in browser.get(PLAN).text
    fields = {"team": "ict", "people": "1.5"}
    checked = check(browser, need, **fields)
    assert checked.status_code == 200, text_of(checked)
    saved = publish(browser, need, checked, cause="It takes both technicians.", **fields)
    assert saved.status_code == 303, text_of(saved)
    assert stored(own_world).programme.roadmap.tasks["payroll/ash/plan"].needs == {"ict": 15}
    again = browser.get(need).text
    assert re.search(r'<option value="ict"\s+selected', again)
    assert 'value="1.5"' in again
    assert "with one decimal at most" in text_of(check(browser, need, team="ict", people="1.25"))
    checked = check(browser, need, team="ict", people="")
    assert publish(browser, need, checked, team="ict", people="", cause="It takes no one.").status_code == 303
    assert stored(own_world).programme.roadmap.tasks["payroll/ash/plan"].needs == {}
    assert "needs no one from" in text_of(check(browser, need, team="ict", people=""))


@pytest.mark.thorough
@pytest.mark.slow
def test_a_longer_duration_is_checked_published_and_undone(own_world: World):
    browser = signed_in(own_world.db, "chief")
    before = stored(own_world)
    checked = check(browser, DURATION, amount="30", unit="d")
    assert checked.status_code == 200
    assert "What this would change" in text_of(checked)
    assert stored(own_world).version.number == before.version.number
    saved = publish(browser, DURATION, checked, amount="30", unit="d", cause="The supplier needs longer.")
    assert saved.status_code == 303, text_of(saved)
    assert saved.headers["location"] == "/p/small/record/versions?saved=1"
    after = stored(own_world)
    assert after.version.number == before.version.number + 1
    days = (before.programme.days_of("payroll/ash/plan"), after.programme.days_of("payroll/ash/plan"))
    assert days[1][1] > days[0][1]
    undo = f"/p/small/record/versions/{after.version.number}/undo"
    tried = check(browser, undo)
    assert "What this would change" in text_of(tried)
    undone = publish(browser, undo, tried, cause="It was a mistake.")
    assert undone.status_code == 303
    assert stored(own_world).version.hash == before.version.hash


@pytest.mark.thorough
@pytest.mark.slow
def test_edits_are_collected_in_a_draft_shown_with_their_effect_and_published_together(own_world: World):
    browser, before = signed_in(own_world.db, "chief"), stored(own_world)
    first = check(browser, DURATION, amount="30", unit="d")
    added = browser.send(DURATION, first, step="draft", amount="30", unit="d", draft="", draft_name="Longer planning")
    assert (added.status_code, added.headers["location"]) == (303, "/p/small/drafts?saved=1")
    assert "Longer planning" in text_of(browser.get("/p/small/drafts"))
    rename = "/p/small/task-edits/rename-task/payroll/ash/plan"
    second = check(browser, rename, name="Plan with care")
    assert browser.send(rename, second, step="draft", draft="1", name="Plan with care").status_code == 303
    page = browser.get("/p/small/drafts/1")
    assert heading(page) == "Longer planning"
    assert "change the duration to 30 working days" in text_of(page)
    assert stored(own_world).version.hash == before.version.hash
    checked = check(browser, "/p/small/drafts/1", page, revision=hidden(page, "revision"))
    saved = publish(browser, "/p/small/drafts/1", checked, cause="Agreed.")
    assert saved.status_code == 303
    assert stored(own_world).programme.roadmap.tasks["payroll/ash/plan"].in_parts.alone == "Plan with care"
    assert browser.get("/p/small/drafts/1").status_code == 404


@pytest.mark.slow
def test_a_draft_that_no_longer_fits_shows_both_texts(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, DURATION, amount="30", unit="d")
    browser.send(DURATION, checked, step="draft", amount="30", unit="d", draft_name="Longer")
    other = check(browser, DURATION, amount="12", unit="d")
    assert publish(browser, DURATION, other, amount="12", unit="d", cause="Shorter.").status_code == 303
    text = text_of(browser.get("/p/small/drafts/1"))
    assert "Changes that do not fit the plan as it is now" in text
    assert "30d" in text
    assert "12d" in text
    assert publish(browser, "/p/small/drafts/1", browser.get("/p/small/drafts/1"), cause="Now.").status_code == 409


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": "", "unit": "d"}, "Enter a number."),
        ({"amount": "many", "unit": "d"}, "Enter a number, such as 5."),
        ({"amount": "5", "unit": ""}, "Choose the unit."),
        ({"amount": "-5", "unit": "d"}, "-5"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(own_world: World, fields: dict[str, str], said: str):
    browser = signed_in(own_world.db, "chief")
    answer = check(browser, DURATION, **fields)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert f'value="{fields["amount"]}"' in answer.text


@pytest.mark.thorough
@pytest.mark.slow
def test_the_forms_of_the_plan_publish_what_was_filled_in(own_world: World):
    """One of each way to fill in a field: a choice, days, ticks, a number, yes or no, and days on lines."""
    browser, at = signed_in(own_world.db, "chief"), "/p/small/edits"
    filled: dict[str, dict[str, str]] = {
        "set-policy": {"setting": "decisions_on_command_line", "value": "no"},
        "add-closure": {"name": "Strike", "first_day": "6/7/2027", "last_day": "7/7/2027"},
        "add-task": {"name": "Tell the parents", "amount": "2", "unit": "d", "other": "payroll/ash/plan"},
        "add-wave": {"name": "Last wave", "schools-cedar": "1"},
        "set-sponsor": {"person": "chief", "since": "1/9/2027"},
        "set-benefits": {"statement": "More time for lessons", "approved_by": "chief", "approved_on": "1/12/2026"},
    }
    for kind, fields in filled.items():
        checked = check(browser, f"{at}/{kind}", **fields)
        assert checked.status_code == 200, (kind, text_of(checked))
        saved = publish(browser, f"{at}/{kind}", checked, **fields, cause="Agreed by the board.")
        assert saved.status_code == 303, (kind, text_of(saved))
    definition = stored(own_world).version.definition
    assert definition.programme.policy.decisions_on_command_line is False
    assert [c.name for c in definition.programme.closed][-1] == "Strike"
    assert [w.schools for w in definition.programme.waves][-1] == ("cedar",)
    assert "programme/tell-the-parents" in stored(own_world).programme.roadmap.tasks
    form = browser.get(f"{at}/set-benefits")
    assert ">More time for lessons</textarea>" in form.text
    assert 'value="1/12/2026"' in form.text
    half = check(browser, f"{at}/set-benefits", statement="More time", approved_by="chief", approved_on="")
    assert half.status_code == 422
    assert "Enter both who approved the benefits and on which day, or neither." in text_of(half)


@pytest.mark.slow
def test_what_is_wrong_with_a_field_is_said_in_plain_words(world: World):
    browser = signed_in(world.db, "chief")
    wrong = {
        "add-wave": ({"name": "Last wave"}, "Which schools move into it? Choose at least one."),
        "set-policy": ({"setting": "minimum_group", "value": "several"}, "Enter a number, or yes or no."),
        "remove-closure": ({"closure": "nothing"}, "Choose one of the options in each list."),
        "set-term": ({"calendar": "trust", "name": "T", "first_day": "4/1/2027", "last_day": "25/3/2027",
                      "half_first": "15/2/2027"}, "Enter both days of the half-term, or neither."),
    }  # fmt: skip
    for kind, (fields, message) in wrong.items():
        refused = check(browser, f"/p/small/edits/{kind}", **fields)
        assert refused.status_code == 422
        assert message in text_of(refused)


def test_a_new_school_has_no_details_that_the_table_lacks(world: World):
    form = signed_in(world.db, "chief").get("/p/small/edits/add-school")
    assert 'name="phase"' in form.text
    assert 'name="urn"' not in form.text
    assert 'name="pupils"' not in form.text


@pytest.mark.slow
def test_an_edit_or_a_task_that_does_not_exist_is_not_found(world: World):
    browser = signed_in(world.db, "chief")
    for path in ("edits/nothing", "edits/set-duration", "task-edits/move-school/payroll/ash/plan",
                 "task-edits/set-duration/payroll/ash/nothing", "drafts/99", "record/versions/99/undo"):  # fmt: skip
        assert browser.get(f"/p/small/{path}").status_code == 404, path


@pytest.mark.slow
def test_two_people_who_change_a_draft_at_once_lose_nothing(own_world: World):
    one, two = signed_in(own_world.db, "chief"), signed_in(own_world.db, "member")
    checked = check(one, DURATION, amount="30", unit="d")
    one.send(DURATION, checked, step="draft", amount="30", unit="d", draft_name="Longer")
    seen = two.get("/p/small/drafts/1")
    rename = "/p/small/task-edits/rename-task/payroll/ash/plan"
    one.send(rename, check(one, rename, name="Plan it"), step="draft", draft="1", name="Plan it")
    removed = two.send("/p/small/drafts/1/edits/1/removed", seen, revision=hidden(seen, "revision"))
    assert removed.status_code == 409
    assert "30 working days" in text_of(one.get("/p/small/drafts/1"))
    discarded = two.send("/p/small/drafts/1/discarded", seen, revision=hidden(seen, "revision"))
    assert discarded.status_code == 409


@pytest.mark.slow
@pytest.mark.parametrize("number", ["9" * 20, "9" * 5_000, "-1", "one"])
def test_a_draft_that_no_number_names_is_not_found(number: str, world: World):
    browser = signed_in(world.db, "chief")
    page = browser.get(DURATION)
    fields = {"seen": hidden(page, "seen"), "amount": "30", "unit": "d"}
    refused = browser.send(DURATION, page, step="draft", draft=number, **fields)
    assert (refused.status_code, stored(world).version.number) == (422, 1)
    assert "One of your choices is not, or no longer, available." in text_of(refused)


@pytest.mark.slow
def test_a_link_that_cannot_be_read_is_refused(world: World):
    browser, to = signed_in(world.db, "chief"), "/p/small/task-edits/unlink/payroll/ash/plan"
    for step, other in (("check", "x FS+"), ("draft", "x FS+"), ("draft", "")):
        page = browser.send(to, browser.get(to), step=step, other=other, draft_name="Broken")
        assert page.status_code == 422
    assert stored(world).version.number == 1


def test_a_form_with_nothing_to_choose_says_so_and_is_not_offered(world: World):
    browser = signed_in(world.db, "chief")
    for path, words in (
        ("edits/remove-pin", "No go-live is fixed."),
        ("edits/remove-apart", "No schools are kept apart."),
        ("edits/remove-closure", "There are no closed days."),
    ):
        page = browser.get(f"/p/small/{path}")
        assert words in text_of(page)
        assert "Check what this changes" not in page.text
    offered = browser.get("/p/small/drafts").text
    assert "edits/remove-pin" not in offered
    assert "edits/set-pin" in offered


@pytest.mark.slow
def test_undoing_has_a_heading_before_its_effect(own_world: World):
    browser, to = signed_in(own_world.db, "chief"), "/p/small/edits/add-wave"
    fields = {"name": "Last wave", "schools-cedar": "1"}
    publish(browser, to, check(browser, to, **fields), **fields, cause="Agreed.")
    page = check(browser, "/p/small/record/versions/2/undo")
    levels = [int(e.tag[1]) for e in html.fromstring(page.text).xpath("//main//*[self::h1 or self::h2 or self::h3]")]
    assert levels[:3] == [1, 2, 3]
