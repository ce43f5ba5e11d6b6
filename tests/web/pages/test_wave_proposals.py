"""Wave proposals in the browser: compare them, make a draft from one, and publish it."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html
from pydantic import TypeAdapter

from changeflow.intake.editing.kinds import edits_from
from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.announcements import go_live_tasks
from changeflow.reports.waves import WavesReport, waves_report
from changeflow.roadmap.waves.plans import CALMEST, EARLIEST, Offer
from changeflow.roadmap.waves.problem import Pair, numbers_of
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.jobs import JobState, add_job, end_job
from changeflow.usecases import definitions
from changeflow.usecases.editing import PlanDraft, publish
from changeflow.usecases.stored import Stored, load
from changeflow.values.words import Role
from changeflow.web.calculations import Calculations
from tests.every_role import HOLDER, NOW, TODAY, World
from tests.web.pages.test_edits import check, hidden
from tests.web.pages.test_edits import publish as send_to_publish
from tests.web.visiting import Browser, heading, signed_in, text_of

URL = "/p/small/waves/proposals"
LATER = timedelta(weeks=26)


@pytest.fixture(autouse=True)
def _asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave calculations waiting."""
    monkeypatch.setattr(Calculations, "wake", lambda _: None)


def stored(world: World) -> Stored:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY)


def go_lives(world: World, service: str) -> dict[Pair, date]:
    programme = stored(world).programme
    return {p: programme.days_of(t.id)[1] for p, t in go_live_tasks(programme).items() if p[1] == service}


def proposed(world: World, without: str = "") -> str:
    """Store the result of a calculation, and return its page: estates half a year later, or everything as it is."""
    programme = stored(world).programme
    problem = wave_problem(programme)
    now = plan_in_force(programme, problem)
    moved = {p: replace(c, day=c.day + LATER, week=c.week + 26) for p, c in now.chosen.items() if p[1] == "estates"}
    plans = ((EARLIEST, replace(now, chosen={**now.chosen, **moved})), (CALMEST, now))
    offers = [
        Offer(style=style, plan=plan, numbers=numbers_of(problem, plan), gap=None, is_proved=False, is_repeatable=True)
        for style, plan in plans
    ]
    data = TypeAdapter(WavesReport).dump_json(waves_report("Small", problem, offers, in_force=now)).decode()
    data = re.sub(without, "", data) if without else data
    with session_scope(world.db) as session:
        job = add_job(session, "small", "waves", version=stored(world).version.number, on=TODAY, by="chief", at=NOW)
        assert end_job(session, job.id, JobState.DONE, now=NOW, page="<p>x</p>", data=data)
    return f"{URL}/{job.id}"


def use(browser: Browser, where: str, plan: str = "earliest") -> Any:
    return browser.send(where, browser.get(where), plan=plan)


@pytest.mark.slow
def test_a_proposal_becomes_a_draft_that_is_published(own_world: World):
    browser, where = signed_in(own_world.db, "chief"), proposed(own_world)
    payroll, estates = go_lives(own_world, "payroll"), go_lives(own_world, "estates")
    page = browser.get(where)
    assert heading(page) == "Compare wave proposals"
    assert "The waves are the same as in “Current plan”." in text_of(page)
    assert page.text.count("Use this plan<") == 1
    answer = use(browser, where)
    assert (answer.status_code, answer.headers["location"]) == (303, "/p/small/drafts/1")
    assert use(browser, where).headers["location"] == "/p/small/drafts/1", "a second click"
    draft = browser.get("/p/small/drafts/1")
    assert heading(draft) == "Wave proposal: Earliest"
    assert "no go-live before" in text_of(draft)
    assert go_lives(own_world, "estates") == estates
    checked = check(browser, "/p/small/drafts/1", draft, revision=hidden(draft, "revision"))
    saved = send_to_publish(browser, "/p/small/drafts/1", checked, cause="The board prefers it.")
    assert saved.status_code == 303, text_of(saved)
    assert go_lives(own_world, "payroll") == payroll
    assert all(day >= estates[pair] + LATER for pair, day in go_lives(own_world, "estates").items())


@pytest.mark.slow
def test_a_proposal_for_an_older_version_says_so_and_its_draft_shows_what_no_longer_fits(own_world: World):
    browser, where = signed_in(own_world.db, "chief"), proposed(own_world)
    wave = stored(own_world).version.definition.programme.waves[0]
    other = edits_from([{"kind": "set-wave", "wave": wave.id, "first_day": "2027-11-01"}])
    publish(PlanDraft(programme="small", base=1, edits=other), "Agreed", own_world.change("member"))
    assert "The plan has changed since: the current version is 2." in text_of(browser.get(where))
    answer = use(browser, where)
    draft = browser.get(answer.headers["location"])
    assert "Changes that do not fit the plan as it is now" in text_of(draft)
    assert "2027-11-01" in draft.text
    sent = browser.send(answer.headers["location"], draft, step="save", revision=hidden(draft, "revision"))
    assert sent.status_code == 409


@pytest.mark.slow
def test_a_choice_that_is_no_proposal_is_refused_and_other_calculations_are_not_here(own_world: World):
    browser, where = signed_in(own_world.db, "chief"), proposed(own_world)
    answer = use(browser, where, "soonest")
    assert (answer.status_code, "Choose one of the proposals." in text_of(answer)) == (422, True)
    same = use(browser, where, "calmest")
    assert (same.status_code, "The waves are the same as in “Current plan”." in text_of(same)) == (422, True)
    assert browser.get(f"{URL}/99").status_code == 404
    assert "No proposals have been calculated yet." not in text_of(browser.get(URL))


@pytest.mark.slow
def test_a_result_of_an_earlier_release_cannot_be_used(own_world: World):
    page = signed_in(own_world.db, "chief").get(proposed(own_world, without=r'"school_ids":\[[^]]*\],'))
    assert (page.status_code, "Use this plan" in page.text) == (200, False)


@pytest.mark.slow
def test_who_may_not_change_the_plan_compares_only(own_world: World):
    where = proposed(own_world)
    browser = signed_in(own_world.db, HOLDER[Role.VIEWER])
    page = browser.get(where)
    assert "Use this plan" not in page.text
    assert browser.send(where, page, plan="earliest").status_code == 403
    assert signed_in(own_world.db, HOLDER[Role.HEAD]).get(where).status_code == 403


@pytest.mark.slow
def test_a_calculation_that_is_waiting_shows_how_far_it_is(own_world: World):
    browser = signed_in(own_world.db, "chief")
    page = browser.get(URL)
    started = browser.send("/p/small/calculations", page, kind="waves")
    number = started.headers["location"].rpartition("/")[2]
    assert "It will start in a moment." in text_of(browser.get(f"{URL}/{number}"))
    assert "waiting" in text_of(browser.get(URL))


@pytest.mark.thorough
@pytest.mark.slow
def test_fixed_days_and_wishes_are_recorded_shown_changed_and_removed(own_world: World):
    browser = signed_in(own_world.db, "chief")
    assert "No go-live is fixed, and no school has asked for anything." in text_of(browser.get(URL))
    wave = option_in(browser, "set-pin", "go_live", "Estates")
    filled: dict[str, dict[str, str]] = {
        "set-pin": {"school": "beech", "go_live": wave, "day": "1/9/2027"},
        "set-wishes": {"school": "ash", "earliest": "1/6/2027", "latest": "", "pilot": "no"},
        "keep-apart": {"school": "ash", "other": "cedar"},
        "set-limit": {"limit": "service|payroll|wave_size", "value": "7"},
    }
    for kind, fields in filled.items():
        checked = check(browser, f"/p/small/edits/{kind}", **fields)
        assert "It moves no date in the plan." in text_of(checked), kind
        saved = send_to_publish(browser, f"/p/small/edits/{kind}", checked, **fields)
        assert saved.status_code == 303, (kind, text_of(saved))
    rollout = stored(own_world).version.definition.rollout
    assert rollout.schools["beech"].fixed == {"estates": date(2027, 9, 1)}
    assert (rollout.schools["ash"].earliest, rollout.schools["ash"].pilot) == (date(2027, 6, 1), False)
    assert (rollout.apart, rollout.services["payroll"].wave_size) == ((("ash", "cedar"),), 7)
    page = browser.get(URL)
    said = text_of(page)
    assert "Estates goes live on 1 Sep 2027" in said
    assert "No go-live before 1 Jun 2027; not in the pilot" in said
    links = [a.get("href") for a in html.fromstring(page.text).xpath("//td[@data-label='Change']/a")]
    wishes = browser.get(next(link for link in links if "set-wishes" in link))
    assert 'value="1/6/2027"' in wishes.text
    for link, kind in ((link, link.split("/")[-1].split("?")[0]) for link in links if "remove" in link):
        name, value = urlsplit(link).query.split("=")
        checked = check(browser, f"/p/small/edits/{kind}", browser.get(link), **{name: unquote(value)})
        saved = send_to_publish(browser, f"/p/small/edits/{kind}", checked, **{name: unquote(value)})
        assert saved.status_code == 303, (kind, text_of(saved))
    rollout = stored(own_world).version.definition.rollout
    assert (rollout.schools["beech"].fixed, rollout.apart) == ({}, ())


def option_in(browser: Browser, kind: str, field: str, words: str) -> str:
    """Return the value of the first choice whose words begin so."""
    page = html.fromstring(browser.get(f"/p/small/edits/{kind}").text)
    return str(page.xpath(f"//select[@name='{field}']/option[starts-with(., '{words}')]/@value")[0])


@pytest.mark.thorough
@pytest.mark.slow
def test_requests_that_conflict_lead_to_the_forms_that_change_them(own_world: World):
    """Beech and Cedar must go live on one day, and never in the same week."""
    folder = own_world.home / "trust"
    (folder / "rollout.yaml").write_text(
        "schools:\n  beech: {fixed: {estates: 2027-09-01}}\n  cedar: {fixed: {estates: 2027-09-01}}\n"
        "apart: [[beech, cedar]]\n"
    )
    definitions.apply(folder, db=own_world.db, actor="chief", now=NOW)
    browser = signed_in(own_world.db, "chief")
    where = browser.send("/p/small/calculations", browser.get(URL), kind="waves").headers["location"]
    Calculations(own_world.db, lambda: NOW)._run_all()
    assert "There is no plan." in text_of(browser.get(where))
    page = browser.get(f"{URL}/{where.rpartition('/')[2]}")
    said = text_of(page)
    assert "Beech School and Cedar School never go live in the same week. Change this" in said
    assert "Beech School goes live with Estates on 1 Sep 2027. Change this" in said
    ways = html.fromstring(page.text).xpath("//h2[@id='ways']/following-sibling::ul[1]//a")
    assert {way.text_content(): way.get("href").partition("/edits/")[2] for way in ways} == {
        "Let Beech School and Cedar School go live in the same week.": "remove-apart?pair=beech%7Ccedar",
        "Leave the date of Beech School, Estates open.": "remove-pin?pin=beech%7Cestates",
        "Leave the date of Cedar School, Estates open.": "remove-pin?pin=cedar%7Cestates",
    }
    [first] = [way for way in ways if "remove-apart" in way.get("href")]
    form = browser.get(first.get("href"))
    assert html.fromstring(form.text).xpath("//option[@selected]/@value") == ["beech|cedar"]
    viewer = text_of(signed_in(own_world.db, HOLDER[Role.VIEWER]).get(f"{URL}/{where.rpartition('/')[2]}"))
    assert "never go live in the same week." in viewer
    assert "Change this" not in viewer
