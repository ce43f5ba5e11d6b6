"""What was erased, or kept long enough, is in no file of the database any more: not in its pages, not in its log."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from changeflow.programme.facts import Comment
from changeflow.storage import facts, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import engine_for, session_scope, sqlite_path
from changeflow.usecases import definitions, recorded, ticks
from changeflow.usecases.unit_of_work import Change
from tests.asked import erase
from tests.builders import PEOPLE, a_folder

pytestmark = pytest.mark.slow

ADDRESS = b"head-of-finance@"
NOW = datetime(2027, 1, 5, 9, tzinfo=UTC)
TICK = datetime(2027, 1, 6, 8, tzinfo=UTC)


@pytest.fixture
def db(sqlite: str, tmp_path: Path) -> str:
    """Many people, so that pages were split, and copies of rows were left behind."""
    head, *rows = PEOPLE.splitlines()
    columns = head.split(",")
    for n in range(300):
        given = {"id": f"s{n}", "name": f"Clerk {n}", "role": "Clerk", "email": f"clerk-{n}@trust.example"}
        rows.append(",".join(given.get(c, "") for c in columns))
    given = {"id": "hof", "name": "Head of Finance", "role": "Head", "email": f"{ADDRESS.decode()}trust.example"}
    rows.insert(7, ",".join(given.get(c, "") for c in columns))
    people = "\n".join([head, *rows]) + "\n"
    definitions.apply(a_folder(tmp_path / "trust", people=people), db=sqlite, actor="chief", now=NOW)
    return sqlite


def files_with(db: str, words: bytes = ADDRESS) -> list[str]:
    """Return which files of the database, and beside it, hold the address, or other words."""
    path = Path(sqlite_path(db) or "")
    found = [f for start in path.parent.glob(f"{path.name}*") for f in (start, *start.rglob("*")) if f.is_file()]
    return sorted(f.name for f in found if words in f.read_bytes())


def test_an_erased_address_is_in_no_file(db: str):
    assert files_with(db) != []
    erase("hof", db=db, programme=None, actor="chief", now=NOW)
    assert files_with(db) == []
    assert not MachineState(db).rewrite.exists()


@pytest.mark.thorough
def test_while_another_process_reads_it_is_owed_and_the_next_tick_does_it(db: str):
    with closing(sqlite3.connect(sqlite_path(db) or "", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM programme").fetchone() == (1,)
        erase("hof", db=db, programme=None, actor="chief", now=NOW)
        assert MachineState(db).rewrite.exists()
        assert files_with(db) != []
        reader.execute("COMMIT")
    ticks.tick(db=db, now=TICK)
    assert files_with(db) == []
    assert not MachineState(db).rewrite.exists()


def test_the_words_of_a_withdrawn_comment_are_in_no_file(db: str):
    """Those of another comment on the task stay."""
    wrong, right = Comment(task="payroll/requirements", text="HR is slow", by="chief", on=NOW.date()), "HR has answered"
    with session_scope(db) as session:
        [name] = versions.programme_ids(session)
        for comment in (wrong, replace(wrong, text=right)):
            facts.add_comment(session, name, comment, at=NOW)
    assert files_with(db, b"HR is slow") != []
    recorded.withdraw_fact("comment-1", "unkind", Change(db=db, programme=None, actor="chief", now=NOW, on=NOW.date()))
    assert files_with(db, b"HR is slow") == []
    assert files_with(db, right.encode()) != []
    assert not MachineState(db).rewrite.exists()


def test_where_nothing_was_removed_the_file_is_not_written_again(db: str):
    erase("hof", db=db, programme=None, actor="chief", now=NOW)
    with closing(engine_for(db).raw_connection()) as connection:
        [before] = connection.cursor().execute("PRAGMA schema_version").fetchone()
    ticks.tick(db=db, now=TICK)
    with closing(engine_for(db).raw_connection()) as connection:
        assert connection.cursor().execute("PRAGMA schema_version").fetchone() == (before,)
