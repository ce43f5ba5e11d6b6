"""Choosing the schools of the pilot: proposals with their comparison, and the choice as a new version."""

from datetime import date
from typing import Any

import pytest

from changeflow.agenda.pilot_entries import proposed_cohorts
from changeflow.programme.definition import Wave
from changeflow.programme.facts import Announcement
from changeflow.programme.recording import ReportedProgress
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.usecases import announcements, cohorts, progress
from changeflow.usecases.stored import load
from changeflow.values.words import Role
from tests.every_role import FILE, HOLDER, TODAY, World, store
from tests.web.pages.test_pilot_runs import check, save
from tests.web.visiting import heading, signed_in, text_of

URL = "/p/small/pilot-schools"
BEECH = {"schools": "beech", "size": "1"}


def programme_of(world: World) -> Any:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).programme


def waves_of(world: World) -> dict[str, tuple[str, ...]]:
    return {w.id: w.schools for w in programme_of(world).definition.programme.waves}


def test_proposals_are_those_of_the_command(world: World):
    programme = programme_of(world)
    page = text_of(signed_in(world.db, "viewer").get(URL))
    for cohort in proposed_cohorts(programme, size=1):
        assert programme.school_names(cohort.schools) in page
        assert f"{cohort.distance:.0%}" in page
    assert "(the pilot in the plan)" in page or "The pilot in the plan" in page
    assert "rollout.yaml" not in page
    assert "Which schools go first?" not in page


@pytest.mark.slow
def test_a_choice_is_checked_shown_and_becomes_a_version(own_world: World):
    browser = signed_in(own_world.db, "member")
    before = waves_of(own_world)
    assert before["w1"] == ("ash",)
    checked = check(browser, f"{URL}?size=1", **BEECH)
    said = text_of(checked)
    assert checked.status_code == 200, said
    moves = said.partition("Schools that change waves")[2]
    assert "Beech School" in moves
    assert "Ash School" in moves
    assert waves_of(own_world) == before
    for _ in range(2):
        saved = save(browser, checked, URL, **BEECH)
        assert (saved.status_code, saved.headers["location"]) == (303, f"{URL}?saved=1")
    assert waves_of(own_world) == {"w1": ("beech",), "w2": ("ash", "cedar")}
    assert ("member", "cohort", "version:2") in own_world.audited()
    assert any("'cohort'" in line and "session" in line for line in own_world.dump().splitlines())
    assert "Chose the pilot’s schools, in version 2" in text_of(browser.get("/p/small/record"))
    with read_scope(own_world.db) as session:
        text = versions.latest(session, "small").sources["programme.yaml"]
    assert "schools: [beech]" in text
    assert "schools: [ash, cedar]" in text
    page = text_of(browser.get(saved.headers["location"]))
    assert "Pilot saved" in page


@pytest.mark.thorough
@pytest.mark.slow
def test_moving_an_announced_go_live_needs_a_reason(own_world: World):
    later = FILE.replace("schools: [beech, cedar]}", "start_no_earlier: 2027-11-01, schools: [beech, cedar]}")
    store(own_world, "chief", programme=later)
    said = Announcement(service="payroll", school="beech", day=date(2028, 1, 5), on=TODAY, how="letter")
    announcements.announce([said], own_world.change("member"))
    browser = signed_in(own_world.db, "member")
    checked = check(browser, URL, **BEECH)
    assert "Who to tell" in text_of(checked)
    missing = save(browser, checked, URL, **BEECH)
    assert missing.status_code == 422
    assert "An announced date or a decision moves. Say why." in text_of(missing)
    assert waves_of(own_world)["w1"] == ("ash",)
    assert save(browser, missing, URL, **BEECH, cause="Beech has a new roof").status_code == 303
    assert waves_of(own_world)["w1"] == ("beech",)
    assert any(c.text == "Beech has a new roof" for c in programme_of(own_world).facts.comments)


@pytest.mark.slow
def test_a_pilot_that_has_begun_stays(own_world: World):
    task = next(t.id for t in programme_of(own_world).tasks() if t.wave == "w1")
    progress.report_progress([ReportedProgress(task, date(2027, 3, 1))], own_world.change("member"))
    browser = signed_in(own_world.db, "member")
    assert "The pilot has begun, so its schools can no longer change." in text_of(browser.get(URL))
    page = check(browser, URL, **BEECH)
    assert page.status_code == 422
    assert waves_of(own_world)["w1"] == ("ash",)


@pytest.mark.parametrize(
    ("schools", "words"),
    [
        ("", "Choose one of the proposals."),
        ("<b>x</b>", "Choose the schools of the pilot."),
        ("ash+beech+cedar", "Choose the schools of the pilot."),
        ("ash", "These schools are already the pilot."),
        ("x" * 3000, "Choose one of the proposals."),
    ],
)
def test_what_is_no_pilot_is_refused(world: World, schools: str, words: str):
    page = check(signed_in(world.db, "member"), URL, schools=schools)
    assert page.status_code == 422
    assert words in text_of(page)
    assert "<b>x" not in page.text


@pytest.mark.slow
def test_someone_elses_version_is_seen_first(own_world: World):
    first, second = signed_in(own_world.db, "member"), signed_in(own_world.db, "chief")
    old = second.get(URL)
    save(first, check(first, URL, **BEECH), URL, **BEECH)
    late = check(second, URL, old, schools="cedar")
    assert late.status_code == 409
    assert "Someone else has recorded something here" in text_of(late)
    assert waves_of(own_world)["w1"] == ("beech",)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.HEAD, Role.FINANCE, Role.SPONSOR])
def test_who_may_not_store_a_version_may_not_choose(world: World, role: Role):
    browser = signed_in(world.db, HOLDER[role])
    refused = browser.send(URL, browser.get("/p/small/settings/sessions"), **BEECH)
    assert (refused.status_code, heading(refused)) == (403, "You do not have access to this")


def wave(name: str, *schools: str, pilot: bool = False) -> Wave:
    return Wave(id=name, name=name, schools=schools, pilot=pilot)


@pytest.mark.parametrize(
    ("chosen", "after"),
    [
        ("ab", {"p": "ab", "w": "cd", "v": "ef"}),
        ("ac", {"p": "ac", "w": "bd", "v": "ef"}),
        ("ce", {"p": "ce", "w": "ad", "v": "bf"}),
        ("c", {"p": "c", "w": "adb", "v": "ef"}),
        ("abe", {"p": "abe", "w": "cd", "v": "f"}),
        ("abef", {"p": "abef", "w": "cd"}),
    ],
)
def test_schools_change_places(chosen: str, after: dict[str, str]):
    waves = (wave("p", "a", "b", pilot=True), wave("w", "c", "d"), wave("v", "e", "f"))
    found = cohorts.with_pilot(waves, frozenset(chosen))
    assert {w.id: "".join(w.schools) for w in found} == after
