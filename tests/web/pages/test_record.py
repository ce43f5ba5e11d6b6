"""The record: entries in words, filters and pages, and versions of the plan."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html

from changeflow.programme.mandates import in_role
from changeflow.programme.permission_table import TABLE
from changeflow.reports.record_words import WORDS, RecordKind, actions_of
from changeflow.storage import audit
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases.record import PAGE
from changeflow.usecases.stored import stored_on
from changeflow.values.words import Action, Role
from tests.every_role import FILE, HOLDER, NOW, TODAY, World, store
from tests.web.visiting import Browser, heading, signed_in, text_of

PEOPLE = [person for role, person in HOLDER.items() if role is not Role.SYSTEM]
SOURCE = Path(__file__).parents[3] / "changeflow"


@pytest.fixture(scope="module")
def changed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world with a second version, which starts a week later."""
    made = world.copy(tmp_path_factory.mktemp("changed") / "world")
    store(made, "chief", programme=FILE.replace("start: 2027-01-04", "start: 2027-01-11"))
    yield made
    engine_for(made.db).dispose()


def rows(page: str) -> list[str]:
    return [" ".join(row.text_content().split()) for row in html.fromstring(page).xpath("//main//tbody/tr")]


@pytest.mark.usual(12)
@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("path", ["", "/versions", "/versions/1"])
def test_only_those_who_may_read_the_record_do(world: World, person: str, path: str):
    definition = stored_on(None, db=world.db, on=TODAY).version.definition
    may = any(person in in_role(definition, role) for role in TABLE[Action.READ_RECORD].roles)
    answer = signed_in(world.db, person).get(f"/p/small/record{path}")
    assert answer.status_code == (200 if may else 403)
    if not may:
        assert "see the record" in text_of(answer)


def test_every_entry_but_reading_is_there_latest_first(world: World):
    page = signed_in(world.db, "chief").get("/p/small/record")
    kept = [action for _, action, _ in world.audited() if action not in actions_of(RecordKind.READING)]
    said = rows(page.text)
    assert len(said) == min(len(kept), PAGE)
    assert "Stored version 1 of the plan" in said[-1]
    assert any("Recorded rejection of “" in line and "Owner" in line for line in said)
    assert any("Raised an issue with Payroll" in line for line in said)
    assert "Signed in" not in text_of(page)


@pytest.mark.slow
def test_sign_ins_are_shown_on_request(own_world: World):
    browser = signed_in(own_world.db, "chief")
    page = browser.get("/p/small/record?reading=1")
    assert any("Signed in with the organisation's account" in line for line in rows(page.text))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("person=viewer", ["Recorded feedback on Payroll"]),
        ("kind=decisions", ["Recorded rejection of “"]),
        ("from=2027-01-01&to=2027-01-31", ["Stored version 1 of the plan"]),
        ("person=viewer&kind=decisions", []),
        ("from=2027-03-26", []),
    ],
)
def test_filters_by_person_kind_and_day(world: World, query: str, expected: list[str]):
    said = rows(signed_in(world.db, "chief").get(f"/p/small/record?{query}").text)
    assert len(said) == len(expected)
    for line, words in zip(said, expected, strict=True):
        assert words in line


@pytest.mark.parametrize(
    "query",
    ["person=no-one", "kind=x", "from=yesterday", "to=2027-02-31", "before=x", "before=-1", "before=99999999999"],
)
def test_a_filter_that_is_not_valid_is_refused_in_words(world: World, query: str):
    answer = signed_in(world.db, "chief").get(f"/p/small/record?{query}")
    assert (answer.status_code, heading(answer)) == (422, "We could not use what you entered")


@pytest.mark.slow
def test_a_long_record_has_pages_and_shows_each_entry_once(own_world: World):
    with session_scope(own_world.db) as session:
        entries = [("announce", f"payroll:{n}") for n in range(2 * PAGE)]
        audit.append_all(session, "small", entries, at=NOW, actor="member")
    browser, path, seen = signed_in(own_world.db, "chief"), "/p/small/record?kind=dates", list[int]()
    while path:
        page = browser.get(path)
        seen.append(len(rows(page.text)))
        older = html.fromstring(page.text).xpath("//a[text()='Older entries']/@href")
        path = older[0] if older else ""
        assert not path or "kind=dates" in path
    assert seen == [PAGE, PAGE]


@pytest.mark.slow
def test_versions_are_listed_and_say_what_they_changed(changed: World):
    browser = signed_in(changed.db, "chief")
    listed = browser.get("/p/small/record/versions")
    assert [line[:9] for line in rows(listed.text)] == ["Version 2", "Version 1"]
    page = text_of(browser.get("/p/small/record/versions/2"))
    assert "Chief Executive" in page
    assert "the first version" not in page
    assert "The programme now starts on 11 Jan 2027 (was 4 Jan 2027)." in page
    assert "the first version" in text_of(browser.get("/p/small/record/versions/1"))


@pytest.mark.parametrize("number", ["9", "0", "x", "-1", "12345678901"])
def test_a_version_that_does_not_exist_is_not_found(world: World, number: str):
    answer = signed_in(world.db, "chief").get(f"/p/small/record/versions/{number}")
    assert (answer.status_code, heading(answer)) == (404, "Page not found")


def test_without_a_session_the_sign_in_page_comes_first(world: World):
    assert Browser(world.db).get("/p/small/record").headers["location"] == "/sign-in?next=%2Fp%2Fsmall%2Frecord"


def test_every_action_of_the_audit_has_words():
    """Actions are literals in the code that records them; each of these literals must be in the table."""
    found = set[str]()
    for file in (*(SOURCE / "usecases").rglob("*.py"), *(SOURCE / "storage").rglob("*.py")):
        text = file.read_text()
        found |= set(re.findall(r"work\.(?:record|note)\(\s*\"([a-z:-]+)\"", text))
        found |= set(re.findall(r'audit\.append\([^)]*?action="([a-z:-]+)"', text))
        found |= set(re.findall(r"note_everywhere\(session, \"([a-z:-]+)\"", text))
    assert {"apply", "baseline", "db:release", "sign-in"} <= found
    assert found <= WORDS.keys()


def test_an_entry_that_names_what_no_longer_exists_is_still_readable(own_world: World):
    with session_scope(own_world.db) as session:
        at = datetime(2027, 3, 25, 18, tzinfo=UTC)
        entries = [("progress", "<b>gone</b>"), ("of-a-later-release", "x"), ("calendar", "person:gone")]
        audit.append_all(session, "small", entries, at=at, actor="gone")
    page = signed_in(own_world.db, "chief").get("/p/small/record")
    said = rows(page.text)[:3]
    assert "<b>gone" not in page.text
    assert all("Someone no longer in the programme" in line for line in said)
    assert "Reported progress on a task that is no longer in the plan" in said[2]
