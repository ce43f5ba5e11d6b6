"""Term dates from a calendar: read, correct, check, publish; what is refused, and two people at once."""

import re
from typing import Any

import httpx
import pytest

from tests.every_role import World
from tests.quick import quick_first
from tests.web.pages.test_edits import hidden, stored
from tests.web.visiting import Browser, form_token, heading, signed_in, text_of

TERMS = "/p/small/settings/terms"
REVIEW = f"{TERMS}/review"
CALENDAR = b"""\
BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:Autumn term
DTSTART;VALUE=DATE:20290903
DTEND;VALUE=DATE:20291222
END:VEVENT
BEGIN:VEVENT
SUMMARY:Half term
DTSTART;VALUE=DATE:20291022
DTEND;VALUE=DATE:20291027
END:VEVENT
BEGIN:VEVENT
SUMMARY:INSET day
DTSTART;VALUE=DATE:20291105
END:VEVENT
BEGIN:VEVENT
SUMMARY:Spring term
DTSTART;VALUE=DATE:20300230
END:VEVENT
END:VCALENDAR
"""
NEW = "new|school|ash"


def upload(browser: Browser, content: bytes, **fields: str) -> httpx.Response:
    data = {"form": form_token(browser.get(TERMS)), "calendar": NEW, **fields}
    files = {"file": ("terms.ics", content, "text/calendar")}
    return browser.ask("POST", TERMS, data=data, files=files, headers={"Sec-Fetch-Site": "same-origin"})


def rows_of(page: httpx.Response) -> dict[str, str]:
    """Return the fields of the review as the page shows them."""
    fields = dict(re.findall(r'<input id="[^"]+" name="((?:name|first|last)-\d+)"[^>]* value="([^"]*)"', page.text))
    fields |= dict(re.findall(r'<select id="[^"]+" name="(use-\d+)".*?value="([^"]+)" selected', page.text))
    return {name: hidden(page, name) for name in ("calendar", "rows", "seen")} | fields


def send(browser: Browser, page: httpx.Response, step: str, **fields: str) -> Any:
    marks = {name: hidden(page, name) for name in ("effect", "checked") if step == "save"}
    return browser.send(REVIEW, page, step=step, **{**rows_of(page), **marks, **fields})


def test_a_calendar_is_read_into_rows_with_guesses_and_its_mistakes_by_line(world: World):
    page = upload(signed_in(world.db, "chief"), CALENDAR)
    assert (page.status_code, heading(page)) == (200, "Check the term dates")
    assert "Line 16: The days of “Spring term” cannot be read." in text_of(page)
    fields = rows_of(page)
    assert (fields["calendar"], fields["rows"]) == (NEW, "3")
    assert [fields[f"use-{n}"] for n in (1, 2, 3)] == ["term", "half-term", "closed"]
    assert [fields[f"{name}-1"] for name in ("name", "first", "last")] == ["Autumn term 2029", "3/9/2029", "21/12/2029"]


@pytest.mark.slow
def test_checked_rows_become_a_version_with_terms_half_terms_and_closed_days(own_world: World):
    browser = signed_in(own_world.db, "chief")
    page = upload(browser, CALENDAR)
    checked = send(browser, page, "check", **{"last-3": "6/11/2029"})
    assert "What this would change" in text_of(checked)
    before = stored(own_world).version.number
    saved = send(browser, checked, "save", cause="The authority has published them.")
    assert saved.headers["location"] == "/p/small/record/versions?saved=1", text_of(saved)
    assert stored(own_world).version.number == before + 1
    [made] = [c for c in stored(own_world).version.definition.calendars if c.school == "ash"]
    [term] = made.terms
    [closed] = made.closed
    days = (term.first_day, term.last_day, *(term.half_term or ()), closed.first_day, closed.last)
    assert [str(day) for day in days] == [
        "2029-09-03", "2029-12-21", "2029-10-22", "2029-10-26", "2029-11-05", "2029-11-06"
    ]  # fmt: skip
    # The same calendar again changes nothing.
    again = upload(browser, CALENDAR, calendar=made.calendar)
    assert "3 Sep to 21 Dec 2029" in text_of(again)
    refused = send(browser, again, "check", **{"last-3": "6/11/2029"})
    assert refused.status_code == 422
    assert "The plan already has these dates." in text_of(refused)


@pytest.mark.parametrize(
    ("fields", "said"),
    quick_first(2, [
        ({"last-1": ""}, "Row 1: Enter the last day."),
        ({"first-1": "soon"}, "Row 1: “soon” is not a date."),
        ({"last-1": "1/9/2029"}, "Row 1: The last day is before the first day."),
        ({"name-1": " "}, "Row 1: Enter a name."),
        ({"use-1": "none"}, "Row 2: The half-term 22 to 26 Oct 2029 is not within a term."),
        ({"use-3": "half-term"}, "Row 3: “Autumn term 2029” has two half-terms."),
        ({"use-2": "term", "name-2": "Autumn term 2029"}, "Row 2: Another row is also called “Autumn term 2029”."),
        ({"use-2": "term"}, "Row 2: “Half-term” overlaps “Autumn term 2029” (3 Sep to 21 Dec 2029)."),
        ({"use-1": "none", "use-2": "none", "use-3": "none"}, "Choose what at least one row is."),
        ({"calendar": "nothing"}, "Choose whose term dates these are."),
    ]),
)  # fmt: skip
def test_each_wrong_row_is_named_and_what_was_typed_is_kept(world: World, fields: dict[str, str], said: str):
    browser = signed_in(world.db, "chief")
    answer = send(browser, upload(browser, CALENDAR), "check", **fields)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert {name: rows_of(answer)[name] for name in fields if not name.startswith("name")} == {
        name: value for name, value in fields.items() if not name.startswith("name")
    }


@pytest.mark.parametrize(
    ("content", "fields", "said"),
    quick_first(2, [
        (b"", {}, "Choose a file, or paste the term dates."),
        (b"%PDF-1.4 \xff\x00", {}, "This is neither a calendar nor a list of terms."),
        (b"Autumn, soon, later", {}, "“soon” on line 1 is not a date."),
        (CALENDAR, {"calendar": ""}, "Choose whose term dates these are."),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR", {}, "The calendar has no events from 2026 onwards."),
    ]),
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_the_choice_is_kept(
    world: World, content: bytes, fields: dict[str, str], said: str
):
    answer = upload(signed_in(world.db, "chief"), content, **fields)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert (f'value="{NEW}" selected' in answer.text) == ("calendar" not in fields)


def test_a_pasted_list_is_reviewed_like_a_calendar(world: World):
    browser = signed_in(world.db, "chief")
    text = "Autumn 2029, 3/9/2029, 21/12/2029, 22/10/2029, 26/10/2029"
    fields = rows_of(browser.send(TERMS, browser.get(TERMS), calendar=NEW, text=text))
    assert [fields[f"{name}-2"] for name in ("use", "first", "last")] == ["half-term", "22/10/2029", "26/10/2029"]


def test_a_calendar_larger_than_the_limit_is_refused(world: World):
    assert upload(signed_in(world.db, "chief"), b"x" * 6_000_000).status_code == 413


@pytest.mark.slow
def test_two_people_who_change_one_calendar_see_both_versions(own_world: World):
    one, two = signed_in(own_world.db, "chief"), signed_in(own_world.db, "member")
    mine, theirs = (send(browser, upload(browser, CALENDAR, calendar="trust"), "check") for browser in (one, two))
    assert send(one, mine, "save", cause="Published.").status_code == 303
    late = send(two, theirs, "save", cause="Published.", **{"last-1": "20/12/2029"})
    assert late.status_code == 409
    assert "Someone else has recorded something here" in text_of(late)
    assert "3 Sep to 21 Dec 2029" in text_of(late)
    assert rows_of(late)["last-1"] == "20/12/2029"


def test_a_number_of_rows_that_is_too_long_is_none(world: World):
    browser = signed_in(world.db, "chief")
    page = send(browser, upload(browser, CALENDAR), "check", rows="9" * 5_000)
    assert page.status_code == 422
