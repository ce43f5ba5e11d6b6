"""The ledger of erasures rests on the database's own key, and on an ordinary file: otherwise people would come back."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeflow.errors import InputError
from changeflow.storage import keys, versions
from changeflow.storage.backup import backup
from changeflow.storage.custody import MachineState
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import definitions
from changeflow.usecases.restoration import restore
from changeflow.usecases.upkeep import start_new_key
from tests.asked import erase
from tests.builders import a_folder
from tests.usecases.test_restoration import OWNED, at, send
from tests.usecases.test_restoration_erasures import erased_again


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "machine-1"))


class TestItsKey:
    @pytest.fixture
    def erased(self, sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """A database with a copy from before an erasure, and its key beside it."""
        monkeypatch.delenv("CHANGEFLOW_KEY_FILE", raising=False)
        before = keys.keep_in(None)
        definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(4))
        backup(sqlite, tmp_path / "copy.db", at=at(4))
        erase("lead", db=sqlite, programme=None, actor="chief", now=at(9))
        engine_for(sqlite).dispose()
        yield sqlite
        keys.keep_in(before)

    def restored(self, db: str, tmp_path: Path) -> int:
        engine_for(db).dispose()
        return restore(tmp_path / "copy.db", db=db, now=at(10), replace=True).erased

    @pytest.mark.slow
    def test_it_is_the_databases_own(self, erased: str, tmp_path: Path):
        key = bytes.fromhex((tmp_path / "test.db.key").read_text())
        [line] = map(json.loads, MachineState(erased).ledger.read_text().splitlines())
        meant = {
            keys.keyed(key, "erased person", "small", "lead"),
            keys.keyed(key, "erased address", "small", "lead@example.org"),
        }
        assert set(line["hashes"]) == meant
        assert {p.name for p in MachineState(erased).folder.iterdir()} == {"erasures.jsonl", "lock"}

    @pytest.mark.slow
    def test_a_missing_or_wrong_one_stops_the_restore_and_none_is_made(self, erased: str, tmp_path: Path):
        file, before = tmp_path / "test.db.key", (tmp_path / "test.db").read_bytes()
        key = file.read_text()
        file.unlink()
        with pytest.raises(InputError, match=r"key file, which is missing.*Restore the right key file"):
            self.restored(erased, tmp_path)
        assert not file.exists()
        file.write_text("00" * 32)
        with pytest.raises(InputError, match="made with another key"):
            self.restored(erased, tmp_path)
        file.write_text("a key")
        with pytest.raises(InputError, match="which is not a changeflow key"):
            self.restored(erased, tmp_path)
        assert (tmp_path / "test.db").read_bytes() == before
        file.write_text(key)
        assert self.restored(erased, tmp_path) == 1
        assert erased_again(erased)

    @pytest.mark.slow
    def test_a_key_that_is_given_up_is_no_longer_asked_for(self, erased: str, tmp_path: Path):
        start_new_key(erased, now=at(9, 10))
        backup(erased, tmp_path / "copy.db", at=at(9, 11))
        erase("chief", db=erased, programme=None, actor="chief", now=at(9, 12))
        assert self.restored(erased, tmp_path) == 1
        with session_scope(erased) as session:
            assert not {"lead", "chief"} & versions.contacts(session, "small").keys()

    @pytest.mark.slow
    def test_a_copy_from_before_a_new_key_needs_the_old_one(self, sqlite: str, erased: str, tmp_path: Path):
        engine_for(erased).dispose()
        shutil.copyfile(tmp_path / "test.db", tmp_path / "bound.db")
        start_new_key(erased, now=at(9, 10))
        with pytest.raises(InputError, match="made with another key"):
            self.restored(erased, tmp_path)
        (tmp_path / "bound.db").replace(tmp_path / "copy.db")
        with pytest.raises(InputError, match="which belongs to another database"):
            self.restored(erased, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["ledger", "seen"])
def test_a_pipe_in_the_folder_for_state_is_refused_and_not_waited_for(sqlite: str, tmp_path: Path, which: str):
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(4))
    state = MachineState(sqlite)
    state.folder.mkdir(exist_ok=True)
    os.mkfifo(state.ledger if which == "ledger" else state.file)
    reader = os.open(state.ledger if which == "ledger" else state.file, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(InputError, match="it is not an ordinary file"):  # noqa: PT012
        if which == "ledger":
            erase("lead", db=sqlite, programme=None, actor="chief", now=at(9))
        else:
            send(sqlite, at(9))
    assert not erased_again(sqlite), "an erasure that cannot be noted is not saved"
    os.close(reader)


@pytest.mark.slow
def test_a_ledger_that_swallows_everything_takes_no_erasure(
    sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(4))
    monkeypatch.setenv("CHANGEFLOW_ERASURES", "/dev/null")
    with pytest.raises(InputError, match="'/dev/null' cannot be written: it is not an ordinary file"):
        erase("lead", db=sqlite, programme=None, actor="chief", now=at(9))
    assert not erased_again(sqlite)
