"""The list of settings, and the calendars and teams with links to their forms."""

import re

import pytest

from changeflow.intake.editing.kinds import edits_from
from changeflow.usecases.editing import PlanDraft, publish
from tests.every_role import World
from tests.web.visiting import Browser, heading, signed_in, text_of

SETTINGS = "/p/small/settings"


def links_of(browser: Browser, path: str) -> list[str]:
    main = browser.get(path).text.split("<main", 1)[1]
    return [link.replace("&amp;", "&") for link in re.findall(r'href="(/p/small/[^"]*)"', main)]


@pytest.mark.slow
def test_everyone_sees_the_settings_that_are_theirs(world: World):
    assert links_of(signed_in(world.db, "viewer"), SETTINGS) == [f"{SETTINGS}/sessions"]
    admin = links_of(signed_in(world.db, "admin"), SETTINGS)
    for page in ("people", "tokens", "terms", "calendars", "teams", "mail", "data-protection", "retention", "setup"):
        assert f"{SETTINGS}/{page}" in admin
    assert SETTINGS in links_of(signed_in(world.db, "viewer"), f"{SETTINGS}/sessions")


@pytest.mark.slow
def test_every_link_of_settings_calendars_and_teams_opens(world: World):
    browser = signed_in(world.db, "admin")
    for page in ("", "/calendars", "/teams"):
        for link in links_of(browser, f"{SETTINGS}{page}"):
            assert browser.get(link).status_code == 200, link


@pytest.mark.slow
def test_calendars_are_listed_with_forms_that_are_filled_in(world: World):
    browser = signed_in(world.db, "chief")
    page = browser.get(f"{SETTINGS}/calendars")
    assert heading(page) == "Calendars"
    assert "All schools" in text_of(page)
    assert "Payday 28 of the month" in text_of(page)
    [closure] = [link for link in links_of(browser, f"{SETTINGS}/calendars") if "add-closure?calendar=trust" in link]
    assert 'value="trust" selected' in browser.get(closure).text


@pytest.mark.slow
def test_teams_are_listed_with_their_time_and_absences(own_world: World):
    browser = signed_in(own_world.db, "chief")
    assert "The programme has no teams yet." in text_of(browser.get(f"{SETTINGS}/teams"))
    edits = [
        {"kind": "set-team", "team": "ict", "days_per_week": 7.5, "backfill": 2, "name": "IT team"},
        {"kind": "add-absence", "team": "ict", "first_day": "2027-08-02", "last_day": "2027-08-13"},
    ]
    publish(PlanDraft(programme="small", base=1, edits=edits_from(edits)), "Agreed", own_world.change("chief"))
    text = text_of(browser.get(f"{SETTINGS}/teams"))
    assert "IT team7.5 days a week, of which 2 for everyday work" in text
    assert "2 to 13 Aug 2027: 0 days a week" in text
    [change, absence] = [link for link in links_of(browser, f"{SETTINGS}/teams") if "/edits/" in link]
    assert 'value="7.5"' in browser.get(change).text
    assert 'value="ict" selected' in browser.get(absence).text
