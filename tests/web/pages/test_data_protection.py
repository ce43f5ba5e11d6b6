"""Data protection in the browser: requests with the last day to answer, a person's export, and an erasure."""

import json
from datetime import timedelta

import httpx
import pytest
from lxml import html

from changeflow.storage.database import session_scope
from changeflow.storage.erasure import is_anything_left
from changeflow.values.words import Role
from tests import audited
from tests.every_role import HOLDER, NOW, World
from tests.web.visiting import Browser, heading, signed_in, text_of

PAGE = "/p/small/settings/data-protection"
THEIRS = f"{PAGE}/viewer"


def rows(page: httpx.Response, caption: str) -> list[list[str]]:
    [table] = html.fromstring(page.text).xpath(f"//table[caption[starts-with(., '{caption}')]]")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("th|td")] for row in table.xpath("tbody/tr")]


def asked(browser: Browser, **fields: str) -> httpx.Response:
    return browser.send(f"{THEIRS}/requests", browser.get(THEIRS), **{"kind": "access", "on": "1/3/2027", **fields})


def erased(browser: Browser, page: httpx.Response | None = None, **fields: str) -> httpx.Response:
    return browser.send(f"{THEIRS}/erase", page or browser.get(THEIRS), **fields)


def hidden(page: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of the form that erases."""
    [form] = html.fromstring(page.text).xpath("//form[contains(@action, '/erase')]")
    return {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}


def stored_in(world: World) -> list[str]:
    """Return all that the database holds, except who looked at what."""
    return [line for line in world.dump().splitlines() if "'look'" not in line]


@pytest.mark.slow
def test_a_request_has_a_last_day_until_it_is_answered(own_world: World):
    browser = signed_in(own_world.db, "officer")
    assert asked(browser).headers["location"] == f"{THEIRS}?saved=recorded"
    page = browser.get(PAGE)
    # 1 April 2027 is a Thursday: a calendar month after the request.
    [waiting] = rows(page, "Requests without")
    assert waiting[1] == "A copy of their data"
    assert waiting[3:] == ["1 Apr 2027", "▲ 7 days left"]
    assert asked(browser).status_code == 422
    late = browser.send(f"{PAGE}/requests/1/answered", browser.get(PAGE), day="28/2/2027")
    assert "You received the request on 1 Mar 2027." in text_of(late)
    assert '<details class="card" id="request-1" open>' in late.text
    assert 'value="28/2/2027"' in late.text
    assert browser.send(f"{PAGE}/requests/1/answered", browser.get(PAGE), day="20/3/2027").status_code == 303
    page = browser.get(PAGE)
    assert "There are no requests to answer." in text_of(page)
    assert rows(page, "Answered requests")[0][3:] == ["1 Apr 2027", "✓ answered on 20 Mar 2027"]
    again = browser.send(f"{PAGE}/requests/1/answered", page)
    assert "Someone has already recorded the answer to this request." in text_of(again)
    said = [(who, what, about) for who, what, about in own_world.audited() if what.startswith("person:")]
    assert said == [
        ("officer", "person:request", "person:viewer:access"),
        ("officer", "person:answered", "person:viewer:access"),
    ]


@pytest.mark.slow
def test_a_complex_request_is_extended_once_in_time(own_world: World):
    browser = signed_in(own_world.db, "officer")
    asked(browser)
    assert "you have until 1 Jun 2027" in text_of(browser.get(THEIRS))
    assert browser.send(f"{PAGE}/requests/1/extended", browser.get(PAGE), day="24/3/2027").status_code == 303
    assert rows(browser.get(THEIRS), "Requests without")[0][2] == "1 Jun 2027extended; person informed on 24 Mar 2027"
    with session_scope(own_world.db) as session:
        assert audited.verify(session)[1] == [], "a changed request is sealed again"
    again = browser.send(f"{PAGE}/requests/1/extended", browser.get(PAGE))
    assert "Someone has already extended the time" in text_of(again)
    for received, due in (("1/3/2027", "2027-06-01"), ("2/3/2027", "2027-04-02")):
        export = browser.send(f"{THEIRS}/export", browser.get(THEIRS), reason="Their own request", received=received)
        assert json.loads(export.text)["to be answered by"] == due


@pytest.mark.slow
def test_an_overdue_request_cannot_be_extended(own_world: World):
    browser = signed_in(own_world.db, "officer")
    asked(browser, on="1/2/2027")
    page = browser.get(PAGE)
    assert rows(page, "Requests without")[0][4] == "✗ 24 days overdue"
    assert "Extend the time" not in text_of(page)
    refused = browser.send(f"{PAGE}/requests/1/extended", page)
    assert "You must tell the person between 1 Feb 2027" in text_of(refused)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"kind": ""}, "Choose what the person asks for."),
        ({"kind": "portrait"}, "Choose what the person asks for."),
        ({"on": "26/3/2027"}, "26 Mar 2027 is in the future. Enter the day on which you received the request."),
        ({"on": "soon"}, "“soon” is not a date."),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(world: World, fields: dict[str, str], problem: str):
    answer = asked(signed_in(world.db, "officer"), **fields)
    assert answer.status_code == 422
    assert problem in text_of(answer)


@pytest.mark.slow
def test_an_export_has_everything_about_one_person_and_asks_why_scores_are_needed(own_world: World):
    browser = signed_in(own_world.db, "officer")
    without = browser.send(f"{THEIRS}/export", browser.get(THEIRS))
    assert (without.status_code, "Enter why they are needed" in text_of(without)) == (422, True)
    assert "--reason" not in without.text
    answer = browser.send(f"{THEIRS}/export", browser.get(THEIRS), reason="Their own request", received="1/3/2027")
    assert answer.headers["content-disposition"] == 'attachment; filename="viewer.json"'
    found = json.loads(answer.text)
    assert found["to be answered by"] == "2027-04-01"
    assert found["contact details"][0]["email"] == "viewer@example.org"
    assert "owner@example.org" not in answer.text
    assert ("officer", "person:export", "person:viewer:reason given") in own_world.audited()
    assert "Their own request" not in own_world.dump()


@pytest.mark.slow
def test_an_erasure_says_what_is_removed_and_what_stays_and_then_removes_it(own_world: World):
    browser = signed_in(own_world.db, "officer")
    asked(browser, kind="erasure")
    before = stored_in(own_world)
    checked = erased(browser, ground="not-needed")
    text = text_of(checked)
    assert "Their name, address, language and absences: 1" in text
    assert "Their assessment scores: 1" in text
    assert "Requests about their data: 1. They show that you answered in time." in text
    assert "Entries about pilots that they made or own" in text
    assert stored_in(own_world) == before, "a check changes nothing"
    saved = erased(browser, checked, ground="not-needed", step="save", **hidden(checked))
    assert saved.headers["location"] == f"{PAGE}?saved=erased"
    page = browser.get(saved.headers["location"])
    assert "The data has been erased." in text_of(page)
    assert "viewer" not in [row[0].casefold() for row in rows(page, "People with data")]
    assert browser.get(THEIRS).status_code == 404
    assert rows(page, "Requests without")[0][1] == "Erasure"
    assert THEIRS not in page.text, "no link to a page that no longer exists"
    with session_scope(own_world.db) as session:
        assert not is_anything_left(session, "small", "viewer")
    assert ("officer", "person:erase", "person:viewer:not-needed") in own_world.audited()


@pytest.mark.slow
def test_an_erasure_needs_a_ground_and_an_effect_that_was_seen(own_world: World):
    browser = signed_in(own_world.db, "officer")
    without = erased(browser)
    assert (without.status_code, "Choose why to erase the data." in text_of(without)) == (422, True)
    unseen = erased(browser, ground="legal", step="save")
    assert (unseen.status_code, "The effect has changed" in text_of(unseen)) == (409, True)
    checked = erased(browser, ground="legal")
    other = signed_in(own_world.db, "admin")
    first = erased(other, ground="legal")
    erased(other, first, ground="legal", step="save", **hidden(first))
    # Someone else was faster: the person has no page any more.
    assert erased(browser, checked, ground="legal", step="save", **hidden(checked)).status_code == 404


@pytest.mark.parametrize("role", [r for r in HOLDER if r not in (Role.ADMIN, Role.DATA_PROTECTION, Role.SYSTEM)])
def test_only_the_data_protection_contact_and_admins_see_it(world: World, role: Role):
    page = signed_in(world.db, HOLDER[role]).get(PAGE)
    assert (page.status_code, heading(page)) == (403, "You do not have access to this")


def test_the_settings_link_to_it_for_those_who_may(world: World):
    assert PAGE in signed_in(world.db, "officer").get("/p/small/settings").text
    assert PAGE not in signed_in(world.db, "owner").get("/p/small/settings").text


@pytest.mark.slow
def test_reading_the_page_is_recorded(own_world: World):
    signed_in(own_world.db, "officer", now=NOW + timedelta(hours=1)).get(PAGE)
    assert ("officer", "look", "data-requests") in own_world.audited()
