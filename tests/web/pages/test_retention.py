"""How long data is kept: the periods with their sources, what is due, and deleting it at once."""

from datetime import timedelta
from typing import Any

import pytest

from changeflow.storage import audit, data_requests
from changeflow.storage.database import read_scope
from changeflow.usecases.data_requests import close_data_request, record_data_request
from changeflow.usecases.retention import retain
from changeflow.usecases.retention_page import KINDS
from changeflow.values.words import DataRequestKind
from tests.every_role import NOW, World
from tests.web.pages.test_edits import hidden
from tests.web.visiting import Browser, signed_in, text_of

RETENTION = "/p/small/settings/retention"
LATER = NOW + timedelta(days=550)
MUCH_LATER = NOW + timedelta(days=366 * 6 + 3)


def officer(world: World) -> Browser:
    return signed_in(world.db, "officer", now=LATER)


def check_due(browser: Browser, **fields: str) -> Any:
    return browser.send(RETENTION, browser.get(RETENTION), step="check", **{"why": "late", **fields})


def delete(browser: Browser, checked: Any) -> Any:
    marks = {name: hidden(checked, name) for name in ("counts", "effect")}
    return browser.send(RETENTION, checked, step="save", why="late", **marks)


def test_each_period_is_shown_with_its_source_and_the_next_deletion(world: World):
    text = text_of(signed_in(world.db, "officer").get(RETENTION))
    for kind in KINDS.values():
        assert kind.what in text
    assert "72 months from the answer" in text
    assert "Limitation Act 1980, sections 2 and 9" in text
    assert "not before the programme is closed" in text
    assert "Some data should have been deleted before today." not in text


@pytest.mark.slow
def test_what_is_due_is_checked_and_deleted_once_with_a_reason(own_world: World):
    browser = officer(own_world)
    assert "Some data should have been deleted before today." in text_of(browser.get(RETENTION))
    checked = check_due(browser)
    assert checked.status_code == 200
    assert "Differences in the pay of individual contracts: 1 contract" in text_of(checked)
    assert not [a for a in own_world.audited() if a[1] == "retention"]
    again = [delete(browser, checked) for _ in range(2)]
    assert [a.headers["location"] for a in again] == [f"{RETENTION}?deleted=1"] * 2
    [(who, _, subject)] = [a for a in own_world.audited() if a[1] == "retention"]
    assert who == "officer"
    assert subject.endswith(" reason:late")
    assert "No data is due to be deleted today." in text_of(check_due(browser))
    assert "was due on" not in text_of(browser.get(RETENTION))
    with read_scope(own_world.db) as session:
        assert audit.examine(session).faults == []


@pytest.mark.slow
def test_other_data_than_was_shown_is_not_deleted(own_world: World):
    browser = officer(own_world)
    checked = check_due(browser)
    retain(db=own_world.db, now=LATER)
    late = delete(browser, checked)
    assert late.status_code == 409
    assert "Someone else has recorded something here" in text_of(late)


@pytest.mark.slow
def test_a_reason_is_needed(own_world: World):
    answer = check_due(officer(own_world), why="")
    assert answer.status_code == 422
    assert "Choose why to delete it now." in text_of(answer)


@pytest.mark.slow
def test_an_answered_request_is_deleted_six_years_later_and_an_open_one_is_kept(own_world: World):
    change = own_world.change("officer")
    for person in ("viewer", "owner"):
        number = record_data_request(person, DataRequestKind.ACCESS, change.on, change)
    close_data_request(number, change.on, change)
    for moment, left in ((MUCH_LATER - timedelta(days=30), 2), (MUCH_LATER, 1)):
        retain(db=own_world.db, now=moment)
        with read_scope(own_world.db) as session:
            assert len(data_requests.data_requests(session, "small")) == left
