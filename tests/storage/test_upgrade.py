"""An upgrade keeps everything in a database of an earlier release."""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlmodel import select

from changeflow.storage import custody, facts
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.storage.migrations import config as _alembic
from changeflow.storage.tables.messages import NudgeRow
from changeflow.usecases.stored import load
from tests import audited

RELEASES = Path(__file__).resolve().parent.parent / "data"
ON = date(2027, 5, 21)
NAME = "trust-central-services"


def released(version: str, into: Path) -> str:
    """Build a database of a release; return its address."""
    file = into / "released.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((RELEASES / f"changeflow-{version}.sql").read_text(encoding="utf-8"))
    return f"sqlite:///{file}"


@pytest.mark.slow
@pytest.mark.parametrize("version", ["0.1.0"])
def test_an_upgrade_keeps_all_data_of_a_released_database(tmp_path: Path, version: str):
    db = released(version, tmp_path)
    with closing(sqlite3.connect(tmp_path / "released.db")) as connection:
        [begun] = connection.execute("select count(distinct task) from progress").fetchone()
    upgrade(db)
    with session_scope(db) as session:
        stored = load(session, None, on=ON)
        assert (stored.version.number, len(stored.contacts)) == (1, 116)
        assert len(stored.programme.facts.progress) == begun
        assert [s.on for s in stored.programme.facts.snapshots] == [date(2027, 2, 8), date(2027, 4, 26)]
        assert audited.verify(session) == (57, []), "what 0.1.0 wrote, and the entry that seals it"
        assert custody.read(session).counter == 0, "it was not restored: the first machine to use it begins its record"
        assert not any(n.may_have_gone for n in session.exec(select(NudgeRow)))
        assert Counter(f.kind for f in facts.recorded(session, stored.programme.id)) == {
            "progress": 163, "decision": 16, "condition": 1, "sponsor-act": 1, "confidence": 1, "run": 4,
            "pilot-entry": 8,
        }  # fmt: skip


@pytest.mark.slow
def test_people_without_a_language_follow_the_programmes_after_an_upgrade(tmp_path: Path):
    db = released("0.1.0", tmp_path)
    with closing(sqlite3.connect(tmp_path / "released.db")) as connection:
        connection.execute("update contact set language = 'cy' where person = 'chief-executive'")
        connection.commit()
    upgrade(db)
    with session_scope(db) as session:
        languages = {c.person: c.language for c in load(session, None, on=ON).contacts.values()}
    assert languages.pop("chief-executive") == "cy"
    assert {*languages.values()} == {""}


@pytest.mark.slow
def test_a_downgrade_without_withdrawals_removes_withdrawn_facts(tmp_path: Path):
    db = released("0.1.0", tmp_path)
    upgrade(db)
    with session_scope(db) as session:
        [latest] = [f for f in facts.recorded(session, NAME, "run") if f.id == "run-4"]
        facts.withdraw(session, NAME, [latest], reason="Another file", at=datetime(2027, 5, 21, tzinfo=UTC), by="x")
    config = _alembic()
    with engine_for(db).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0008")
    with closing(sqlite3.connect(tmp_path / "released.db")) as connection:
        assert connection.execute("select id from run").fetchall() == [(1,), (2,), (3,)]
        [left] = connection.execute("select count(*) from decision").fetchone()
    assert left == 16
    upgrade(db)
    with session_scope(db) as session:
        assert len(load(session, None, on=ON).programme.facts.runs) == 3
