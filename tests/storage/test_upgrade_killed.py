"""An upgrade of 0.1.0 that is killed at any step leaves the old or the new database, and the next one completes it."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, MetaData, event, insert, select
from sqlalchemy import text as sql

from changeflow.storage import erasure, keys
from changeflow.storage.custody import MachineState
from changeflow.storage.database import current_version, engine_for, head_version, session_scope
from changeflow.storage.migrations import config as alembic_config
from changeflow.usecases.stored import load
from changeflow.usecases.upkeep import upgrade_database
from tests import audited
from tests.conftest import new_database
from tests.killing import in_child
from tests.storage.test_upgrade import RELEASES, released
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.forks]

ON = date(2027, 5, 21)
BEGUN = 143
"""Tasks with progress: SELECT count(DISTINCT task) FROM progress."""
WITHIN = 5
"""Kills within the transaction that changes the tables, spread over its statements."""


@dataclass(frozen=True)
class Old:
    """Databases of 0.1.0, and how to make another."""

    make: Callable[[], str]
    rows: dict[str, list[str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Old:
    made: list[str] = []
    if request.param == "sqlite":
        released("0.1.0", tmp_path)

        def make() -> str:
            home = tmp_path / f"copy-{len(made)}"
            home.mkdir()
            shutil.copyfile(tmp_path / "released.db", home / "old.db")
            made.append(f"sqlite:///{home / 'old.db'}")
            return made[-1]
    else:
        uri = request.getfixturevalue("postgres")
        template = new_database(uri)
        fill_as_released(template, tmp_path)
        engine_for(template).dispose()

        def make() -> str:
            name = template.partition("?")[0].rpartition("/")[2]
            made.append(new_database(uri, copy_of=name))
            # The test's databases share one key file, and each database needs a key of its own.
            keys.key_file(made[-1]).unlink(missing_ok=True)
            return made[-1]

    first = make()
    rows = rows_of(first)
    # Each engine is closed as soon as its database is done: the cache of engines closes none that it drops.
    engine_for(first).dispose()
    return Old(make, rows)


def fill_as_released(db: str, folder: Path) -> None:
    """Give a PostgreSQL database the tables and rows of 0.1.0, whose own copy is SQLite's."""
    engine = engine_for(db)
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
    found = MetaData()
    found.reflect(engine)
    with closing(sqlite3.connect(folder / "source.db")) as source, engine.begin() as connection:
        source.executescript((RELEASES / "changeflow-0.1.0.sql").read_text(encoding="utf-8"))
        source.row_factory = sqlite3.Row
        for table in found.sorted_tables:
            kinds = {column.name: column.type.python_type for column in table.columns}
            rows = [
                {name: as_kind(row[name], kinds[name]) for name in row.keys()}  # noqa: SIM118  (not a mapping)
                for row in source.execute(f'SELECT * FROM "{table.name}"')
            ]
            if rows and table.name != "alembic_version":
                connection.execute(insert(table), rows)
            if "id" in kinds and kinds["id"] is int:
                last = connection.execute(select(table.c.id).order_by(table.c.id.desc()).limit(1)).scalar()
                connection.execute(
                    sql("SELECT setval(:name, :last)"), {"name": f"{table.name}_id_seq", "last": last or 1}
                )


def as_kind(value: object, kind: type) -> object:
    """Return a value of SQLite's as a column of PostgreSQL takes it."""
    if value is None:
        return None
    if kind in (date, datetime):
        found = kind.fromisoformat(str(value))
        return found.astimezone() if isinstance(found, datetime) and found.tzinfo else found
    if kind is dict:
        return json.loads(str(value))
    return kind(value)


def rows_of(db: str) -> dict[str, list[str]]:
    """Return every row of every table as text, and so the whole content of a database."""
    engine = engine_for(db)
    with engine.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for table in tables.sorted_tables
        }


def steps_of(db: str, *, kill_at: int = 0) -> list[str]:
    """Upgrade in another process, which is killed before its step `kill_at`; return its steps as far as it went.

    A step is a statement, a commit, or the rewriting of the file.
    """
    report, reports = os.pipe()

    def upgrade() -> None:
        os.close(report)
        engine_for.cache_clear()
        count = 0

        def step(name: str) -> None:
            nonlocal count
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(reports, f"{name}\n".encode())

        event.listen(Engine, "before_cursor_execute", lambda *_: step("statement"))
        event.listen(Engine, "commit", lambda _: step("commit"))
        rewrite = erasure._rewrite

        def rewritten(*args: Any, **more: Any) -> bool:
            step("rewrite")
            return rewrite(*args, **more)

        erasure._rewrite = rewritten
        upgrade_database(db)

    engine_for(db).dispose()
    was_killed = in_child(upgrade, closing=reports) == -signal.SIGKILL
    with os.fdopen(report) as lines:
        found = lines.read().split()
    assert was_killed == bool(kill_at)
    return found


def is_complete(db: str) -> None:
    """Fail unless a database is upgraded in every respect."""
    assert current_version(engine_for(db)) == head_version()
    with session_scope(db) as session:
        stored = load(session, None, on=ON)
        assert (stored.version.number, len(stored.contacts)) == (1, 116)
        assert len(stored.programme.facts.progress) == BEGUN
        assert audited.verify(session)[1] == []
        assert not keys.has_plain_hashes(session)
    assert not MachineState(db).rewrite.exists(), "no old hash is left in the file"


@pytest.mark.thorough
def test_a_killed_upgrade_leaves_the_old_or_the_new_database_and_the_next_completes_it(old: Old):
    whole = old.make()
    steps = steps_of(whole)
    is_complete(whole)
    engine_for(whole).dispose()
    commits = [n for n, name in enumerate(steps, 1) if name == "commit"]
    writes = [n for n in commits if n > 100]
    assert len(writes) >= 3, "the tables, the seal, the key"
    first = writes[0]
    for n in [*range(1, first, first // WITHIN), first]:
        db = old.make()
        steps_of(db, kill_at=n)
        wait_until(lambda db=db: rows_of(db) == old.rows, what="the old database")  # a server first ends the session
        engine_for(db).dispose()
    for n in [*(n + 1 for n in writes if n < len(steps)), *(n for n in writes[1:]), len(steps)]:
        db = old.make()
        steps_of(db, kill_at=n)
        assert current_version(engine_for(db)) == head_version()
        with session_scope(db) as session:
            assert len(load(session, None, on=ON).programme.facts.progress) == BEGUN, "it can be used meanwhile"
        if steps[n - 1] == "rewrite":
            assert MachineState(db).rewrite.exists(), "the next upgrade, tick or dispatch completes it"
        upgrade_database(db)
        is_complete(db)
        engine_for(db).dispose()
