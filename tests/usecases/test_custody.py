"""Without its row of custody a database says so, whoever asks; nothing is sent from it, and a copy can be put back."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import CustodyLostError
from changeflow.storage import custody
from changeflow.storage.backup import backup
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import definitions, dispatch, monitoring, ticks
from changeflow.usecases.restoration import join, release, restore, review
from changeflow.usecases.upkeep import start_new_key
from tests.asked import erase
from tests.builders import Postbox, a_folder
from tests.web.test_answers import OWNED, Browser, moment, sent_on, token_in

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
LOST = {
    "removed": "DELETE FROM custody",
    "doubled": "INSERT INTO custody SELECT id + 1, identity, counter, marker, releases, restored_at, restored_why, "
    "copied_at, reviewed FROM custody",
}


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "machine-1"))


def lose(db: str, how: str = "removed") -> None:
    with engine_for(db).begin() as connection:
        connection.execute(text(LOST[how]))


@pytest.mark.slow
@pytest.mark.parametrize("how", LOST)
def test_every_use_that_reads_it_says_so(db: str, tmp_path: Path, how: str):
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=NOW)
    ticks.tick(db=db, now=NOW)
    lose(db, how)
    postbox = Postbox()
    for use in (
        lambda: ticks.tick(db=db, now=NOW),
        lambda: dispatch.dispatch(db=db, now=NOW, channel=postbox),
        lambda: monitoring.troubles(db=db, now=NOW),
        lambda: review(db=db, now=NOW),
        lambda: release(db=db, actor="chief", now=NOW),
        lambda: join(db=db, actor="chief", now=NOW),
        lambda: erase("lead", db=db, programme=None, actor="chief", now=NOW),
        lambda: start_new_key(db, now=NOW),
    ):
        with pytest.raises(CustodyLostError, match="Its table 'custody' must have exactly one row"):
            use()
    assert postbox.sent == []


@pytest.mark.both_databases(usual=True)
def test_a_sender_that_loses_it_meanwhile_stops(db: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    with session_scope(db) as session:
        seen = custody.read(session).seen
    lose(db)
    with pytest.raises(CustodyLostError), session_scope(db) as session:
        custody.advance(session, seen)


COMMANDS = [
    ["status"], ["tick"], ["nudge", "dispatch"], ["db", "review"], ["db", "release", "--as", "chief"],
    ["db", "join", "--as", "chief"], ["db", "new-key", "--yes"], ["serve"],
    ["person", "erase", "lead", "--yes", "--as", "chief"],
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.usual(5)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_ends_without_a_traceback(sqlite: str, tmp_path: Path, command: list[str]):
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=NOW)
    lose(sqlite)
    done = CliRunner().invoke(app, [*command, "--db", sqlite])
    assert done.exit_code == 4, done.output
    assert "Its table 'custody' must have exactly one row" in " ".join(done.stderr.split())
    assert "Traceback" not in done.output


@pytest.mark.slow
@pytest.mark.parametrize("how", LOST)
def test_the_pages_stay_and_health_says_so(db: str, tmp_path: Path, how: str):
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=moment(4))
    [message] = sent_on(db, 8)
    lose(db, how)
    client = Browser(db, moment(8, 10))
    assert client.get(f"/a/{token_in(message)}").status_code == 200
    health = client.get("/health")
    assert health.status_code == 503
    assert "Traceback" not in health.text


@pytest.mark.thorough
@pytest.mark.slow
def test_a_copy_without_it_can_be_put_back_and_waits_for_a_person(sqlite: str, tmp_path: Path):
    """The only copy that is left may be of the damaged database itself."""
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=NOW)
    ticks.tick(db=sqlite, now=NOW)
    with session_scope(sqlite) as session:
        identity = custody.read(session).identity
    backup(sqlite, tmp_path / "before.db", at=NOW)
    erase("lead", db=sqlite, programme=None, actor="chief", now=NOW)
    with closing(sqlite3.connect(tmp_path / "before.db")) as copy:
        copy.execute("DELETE FROM custody")
        copy.commit()
    engine_for(sqlite).dispose()
    assert restore(tmp_path / "before.db", db=sqlite, now=NOW, replace=True).erased == 1
    postbox = Postbox()
    assert "restored, not released" in dispatch.dispatch(db=sqlite, now=NOW, channel=postbox).blocked
    with session_scope(sqlite) as session:
        assert custody.read(session).identity == identity
    review(db=sqlite, now=NOW)
    release(db=sqlite, actor="chief", now=NOW)
    assert dispatch.dispatch(db=sqlite, now=NOW, channel=postbox).blocked == ""
