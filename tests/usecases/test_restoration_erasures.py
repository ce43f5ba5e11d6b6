"""No erased person comes back with a copy: a ledger outside the database erases them again."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from changeflow.errors import InputError
from changeflow.storage import ledger, versions
from changeflow.storage.backup import backup
from changeflow.storage.custody import MachineState
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.usecases import definitions, ticks
from changeflow.usecases.restoration import release, restore, review
from tests import audited
from tests.asked import erase
from tests.builders import a_folder
from tests.copies import Copy, copier
from tests.killing import crashed
from tests.storage.test_keys import name_contact
from tests.storage.test_upgrade import released
from tests.usecases.test_restoration import OWNED, at, send


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "machine-1"))


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=at(4, 8))
    ticks.tick(db=db, now=at(8, 8))
    return db


@pytest.fixture
def copy(stored: str, tmp_path: Path, request: pytest.FixtureRequest) -> Copy:
    """Takes a copy, and returns what puts it back; both by other tools than ours."""
    return copier(stored, tmp_path, request)


def erased_again(db: str) -> bool:
    with session_scope(db) as session:
        return "lead" not in versions.contacts(session, "small")


def hashes_in_ledger(db: str) -> set[str]:
    with session_scope(db) as session:
        found = ledger.read(MachineState(db), session, identities=set(), everywhere=True)
    return set(found.hashes) if found else set()


@pytest.mark.slow
@pytest.mark.both_databases
def test_no_erased_person_comes_back_with_a_copy(stored: str, copy: Copy):
    put_back = copy()
    erase("lead", db=stored, programme=None, actor="chief", now=at(9))
    send(stored, at(9))
    put_back()
    assert not erased_again(stored)
    ticks.tick(db=stored, now=at(9, 10))
    assert erased_again(stored)
    review(db=stored, now=at(9, 10))
    release(db=stored, actor="chief", now=at(9, 10))
    assert [m.to_address for m in send(stored, at(9, 11))[0] if m.to_address == "lead@example.org"] == []
    with session_scope(stored) as session:
        assert [e[3] for e in audited.entries(session, "small")].count("person:erase") == 1


@pytest.mark.slow
def test_the_ledger_names_no_one_and_is_for_this_account_alone(stored: str):
    erase("lead", db=stored, programme=None, actor="chief", now=at(9))
    state = MachineState(stored)
    text = state.ledger.read_text()
    assert not any(word in text for word in ("lead", "example.org", "small"))
    assert len(json.loads(text)["hashes"]) == 2
    for file in (state.ledger, state.file):
        assert file.stat().st_mode & 0o777 == 0o600
    assert state.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_an_erasure_that_failed_is_taken_back(stored: str, monkeypatch: pytest.MonkeyPatch):
    @contextmanager
    def failing(url: str) -> Iterator[Session]:
        with session_scope(url) as session:
            yield session
            raise RuntimeError("power cut")

    monkeypatch.setattr("changeflow.usecases.unit_of_work.session_scope", failing)
    with pytest.raises(RuntimeError, match="power cut"):
        erase("lead", db=stored, programme=None, actor="chief", now=at(9))
    assert not erased_again(stored)
    assert hashes_in_ledger(stored) == set()


@pytest.mark.slow
def test_an_erasure_cut_off_before_it_was_saved_is_done_with_the_next_restore(
    stored: str, copy: Copy, monkeypatch: pytest.MonkeyPatch
):
    """Someone asked for it: it is not forgotten, whatever the database had saved."""
    engine_for(stored).dispose()
    add = ledger.add

    def cut_off() -> None:
        monkeypatch.setattr(ledger, "add", lambda *args, **more: (add(*args, **more), os._exit(0)))
        erase("lead", db=stored, programme=None, actor="chief", now=at(9))

    crashed(cut_off)
    assert not erased_again(stored)
    put_back = copy()
    send(stored, at(9))
    put_back()
    send(stored, at(9, 10))
    assert erased_again(stored)


@pytest.mark.slow
def test_a_ledger_that_cannot_be_understood_stops_a_restore(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(4))
    backup(sqlite, tmp_path / "copy.db", at=at(4))
    erase("lead", db=sqlite, programme=None, actor="chief", now=at(9))
    engine_for(sqlite).dispose()
    state, before = MachineState(sqlite), (tmp_path / "test.db").read_bytes()
    whole = state.ledger.read_text()
    state.ledger.write_text("nonsense\n" + whole)
    with pytest.raises(InputError, match="Line 1 of the ledger"):
        restore(tmp_path / "copy.db", db=sqlite, now=at(10), replace=True)
    # A line that was cut off at the end belongs to an erasure that was not saved.
    state.ledger.write_text(whole + '{"at": "20')
    assert (tmp_path / "test.db").read_bytes() == before
    assert restore(tmp_path / "copy.db", db=sqlite, now=at(10), replace=True).erased == 1
    assert erased_again(sqlite)
    # The next erasure begins a line of its own.
    erase("chief", db=sqlite, programme=None, actor="chief", now=at(11))
    assert len(state.ledger.read_text().splitlines()) == 2


@pytest.mark.thorough
@pytest.mark.slow
def test_erasures_reach_a_copy_of_an_earlier_version(tmp_path: Path):
    url = released("0.1.0", tmp_path)
    file = tmp_path / "released.db"
    shutil.copyfile(file, tmp_path / "old.db")
    now = datetime(2027, 5, 21, 9, tzinfo=UTC)
    upgrade(url)
    ticks.tick(db=url, now=now)
    with session_scope(url) as session:
        [programme] = versions.programme_ids(session)
        person = sorted(versions.contacts(session, programme))[0]
        name_contact(session)
    erase(person, db=url, programme=None, actor="governance-lead", now=now)
    engine_for(url).dispose()
    done = restore(tmp_path / "old.db", db=url, now=now, replace=True)
    assert (done.erased, done.upgraded_from) == (1, "0008")
    with session_scope(url) as session:
        assert person not in versions.contacts(session, programme)
    engine_for(url).dispose()
