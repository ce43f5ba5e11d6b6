"""Accounts on every database: links, sessions and invitations, also when two requests come at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from changeflow.storage.accounts import address_of, last_sign_ins
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.invitations import invite
from changeflow.usecases import accounts, retention
from tests import asked
from tests.builders import PEOPLE, a_folder
from tests.sessions import sessions
from tests.stored import store_once

pytestmark = pytest.mark.both_databases(usual=True)

NOW = datetime(2027, 1, 8, 10, tzinfo=UTC)
LEAD, BROWSER = "lead@example.org", "b" * 43


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    assert LEAD in PEOPLE
    store_once(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW - timedelta(days=4))
    with session_scope(db) as session:
        invite(session, "small", "lead", LEAD, at=NOW, by="chief")
    return db


def a_link(db: str, now: datetime = NOW) -> str:
    link = accounts.ask_link(LEAD, browser=BROWSER, next_page="/p/small", db=db, now=now)
    assert link is not None
    return link.token


def use(db: str, token: str, browser: str = BROWSER) -> str:
    return accounts.use_link(token, browser=browser, kind="Firefox", db=db, now=NOW).token


@pytest.mark.slow
@pytest.mark.usual(2)
def test_a_link_begins_a_session(stored: str):
    token = use(stored, a_link(stored))
    own, all_of_mine = sessions(token, db=stored, now=NOW)
    assert [s.id for s in all_of_mine] == [own.id]
    with read_scope(stored) as session:
        by_address, by_person = last_sign_ins(session, "small")
        assert by_address == {address_of(session, LEAD): NOW}
        assert by_person == {}
    accounts.sign_out(token, db=stored, now=NOW)
    with pytest.raises(accounts.SignInNeededError):
        sessions(token, db=stored, now=NOW)


@pytest.mark.slow
def test_of_many_uses_of_a_link_at_once_one_begins_a_session(stored: str):
    link = a_link(stored)

    def one(_: int) -> bool:
        try:
            return bool(use(stored, link))
        except accounts.SignInRefusedError:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(6))) == 1


@pytest.mark.usual(1)
@pytest.mark.slow
def test_an_address_gets_ten_links_an_hour_however_many_ask_at_once(stored: str):
    def ask(_: int) -> bool:
        return accounts.ask_link(LEAD, browser=BROWSER, next_page="/", db=stored, now=NOW) is not None

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(ask, range(50))) == 10
    later = NOW + timedelta(minutes=59)
    assert accounts.ask_link(LEAD, browser=BROWSER, next_page="/", db=stored, now=later) is None
    later = NOW + timedelta(hours=1)
    assert accounts.ask_link(LEAD, browser=BROWSER, next_page="/", db=stored, now=later) is not None


@pytest.mark.usual(1)
@pytest.mark.slow
def test_an_erasure_and_retention_work_on_every_database(stored: str):
    token = use(stored, a_link(stored))
    removed = asked.erase("lead", db=stored, programme=None, actor="chief", now=NOW).removed
    assert (removed["accounts"], removed["invitations"]) == (1, 1)
    with pytest.raises(accounts.SignInNeededError):
        sessions(token, db=stored, now=NOW)
    retention.retain(db=stored, now=NOW + timedelta(days=60))
