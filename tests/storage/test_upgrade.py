"""A database of an earlier release is upgraded with everything in it."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from changeflow.storage import audit
from changeflow.storage.database import session_scope, upgrade
from changeflow.usecases.stored import load

RELEASES = Path(__file__).resolve().parent.parent / "data"
ON = date(2027, 5, 21)


def released(version: str, into: Path) -> str:
    """Build the database that a release left behind; return its address."""
    file = into / "released.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((RELEASES / f"changeflow-{version}.sql").read_text(encoding="utf-8"))
    return f"sqlite:///{file}"


@pytest.mark.parametrize("version", ["0.1.0"])
def test_a_released_database_keeps_everything_when_it_is_upgraded(tmp_path: Path, version: str):
    db = released(version, tmp_path)
    with closing(sqlite3.connect(tmp_path / "released.db")) as connection:
        [begun] = connection.execute("select count(distinct task) from progress").fetchone()
    upgrade(db)
    with session_scope(db) as session:
        stored = load(session, None, on=ON)
        assert (stored.version.number, len(stored.contacts)) == (1, 116)
        assert len(stored.programme.facts.progress) == begun
        assert [s.on for s in stored.programme.facts.snapshots] == [date(2027, 2, 8), date(2027, 4, 26)]
        assert audit.verify(session) == (56, [])
