"""If the disk fills or fails at any page, the database is as before or after, and the message is plain."""

import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import ChangeflowError
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.usecases import definitions, dispatch, ticks
from changeflow.usecases.baselines import take_baseline
from changeflow.usecases.progress import finish_task
from changeflow.usecases.recorded import withdraw_fact
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.upkeep import upgrade_database
from tests import asked, audited
from tests.builders import SERVICE, Postbox, a_folder
from tests.storage.test_upgrade import released
from tests.stored import store_once

# Python 3.12 warns of forks; these children run only their own task.
pytestmark = [pytest.mark.slow, pytest.mark.forks, pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")]
NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
ON = date(2027, 1, 4)
LONG = "A long reason. " * 2000


@pytest.fixture
def file(sqlite: str, tmp_path: Path) -> Path:
    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    store_once(a_folder(tmp_path / "trust", service=service), db=sqlite, actor="chief", now=NOW)
    finish_task("payroll/requirements", ON, ON, change(sqlite))
    ticks.tick(db=sqlite, now=NOW)
    more = "".join(f"s{n},School {n},primary,north\n" for n in range(80))
    with (tmp_path / "trust" / "schools.csv").open("a") as schools:
        schools.write(more)
    programme = tmp_path / "trust" / "programme.yaml"
    joined = ", ".join(f"s{n}" for n in range(80))
    programme.write_text(programme.read_text().replace("schools: [cedar]", f"schools: [cedar, {joined}]"))
    return tmp_path / "test.db"


def change(db: str) -> Change:
    return Change(db=db, programme=None, actor="chief", now=NOW, on=ON)


ACTS: dict[str, Callable[[str, Path], object]] = {
    "apply": lambda db, folder: definitions.apply(folder / "trust", db=db, actor="chief", now=NOW),
    "progress": lambda db, _: finish_task("payroll/delegation", ON, ON, change(db)),
    "baseline": lambda db, _: take_baseline(LONG, change(db)),
    "withdraw": lambda db, _: withdraw_fact("progress-1", LONG, change(db)),
    "tick": lambda db, _: ticks.tick(db=db, now=datetime(2027, 1, 25, 9, tzinfo=UTC)),
    "dispatch": lambda db, _: dispatch.dispatch(db=db, now=NOW, channel=Postbox()),
    "erase": lambda db, _: asked.erase("lead", db=db, programme=None, actor="chief", now=NOW),
}


GROWING = ("apply", "baseline", "withdraw")
"""Changes that need more pages than the tables have free."""


def content(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return list(connection.iterdump())


@contextmanager
def pages_left(db: str, file: Path, pages: int) -> Iterator[None]:
    """Let the database grow by this many pages and no more, as on a disk that is then full."""
    engine = engine_for(db)
    engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        [used] = connection.execute("PRAGMA page_count").fetchone()

    def limit(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={used + pages}")

    event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        engine.dispose()


def tried(act: Callable[[], object], db: str, file: Path, pages: int) -> str | None:
    """Try a change with this many pages left; return why it failed, or None."""
    try:
        with pages_left(db, file, pages):
            act()
    except ChangeflowError as error:
        return str(error)
    return None


@pytest.mark.usual(1)
@pytest.mark.parametrize("act", ACTS)
def test_a_disk_full_at_any_page_leaves_the_state_before_or_after(sqlite: str, file: Path, tmp_path: Path, act: str):
    before, refused = content(file), 0
    for pages in range(400):
        if (said := tried(lambda: ACTS[act](sqlite, tmp_path), sqlite, file, pages)) is not None:
            refused += 1
            assert "the disk is full" in said
            # A dispatch is many transactions: each of them is before or after.
            if content(file) != before:
                assert act == "dispatch"
                with session_scope(sqlite) as session:
                    assert not audited.verify(session)[1]
            continue
        break
    else:
        pytest.fail("it never had enough")
    assert content(file) != before
    assert refused or act not in GROWING


def limited(most: int, work: Callable[[], int | str]) -> tuple[int, str]:
    """Run a change in a process with a limit on file sizes; return its exit code and output."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            said = work()
            code = 4 if isinstance(said, str) and said else 0
            os.write(writer, str(said).encode()[:4000])
        finally:
            os._exit(code)
    os.close(writer)
    said = os.read(reader, 4000).decode()
    os.close(reader)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


@pytest.mark.thorough
@pytest.mark.parametrize("act", ACTS)
def test_a_disk_that_fails_at_any_write_leaves_the_state_before_or_after(
    sqlite: str, file: Path, tmp_path: Path, act: str
):
    engine_for(sqlite).dispose()
    before, failed, kept = content(file), 0, file.read_bytes()

    def work() -> str:
        try:
            ACTS[act](sqlite, tmp_path)
        except ChangeflowError as error:
            return str(error)
        return ""

    # The write-ahead log is written a page at a time, so each step lets one more write succeed.
    for most in range(4096, 2_000_000, 4096):
        code, said = limited(most, work)
        assert code in (0, 4), said
        if code == 0:
            break
        failed += 1
        assert any(word in said for word in ("the disk failed, or is full", "is read-only", "File too large")), said
        if content(file) != before:
            assert "is stored" in said or act == "dispatch"
            with session_scope(sqlite) as session:
                assert not audited.verify(session)[1]
            engine_for(sqlite).dispose()
            file.write_bytes(kept)
    assert code == 0
    assert failed
    assert content(file) != before


def test_a_command_on_a_failing_disk_reports_it_without_a_traceback(sqlite: str, file: Path):
    engine_for(sqlite).dispose()
    call = ["task", "finish", "payroll/delegation", "--on", "2027-01-04", "--db", sqlite, "--at", "2027-01-04T12:00"]

    def work() -> str:
        done = CliRunner().invoke(app, [*call, "--as", "chief"])
        return "" if done.exit_code == 0 else f"{done.exit_code} {type(done.exception).__name__}: {done.output}"

    code, said = limited(8192, work)
    assert code == 4
    assert said.startswith("4 SystemExit: The database"), said
    assert "the disk failed, or is full (I/O error). No changes saved" in said


@pytest.mark.thorough
def test_an_upgrade_that_failed_on_a_full_disk_can_be_repeated(tmp_path: Path):
    db = released("0.1.0", tmp_path)
    file = tmp_path / "released.db"
    before, refused = content(file), 0
    for pages in range(0, 4000, 7):
        said = tried(lambda: upgrade(db), db, file, pages)
        if said is None:
            break
        refused += 1
        assert "the disk is full" in said
        if (now := content(file)) != before:
            # The tables are fully upgraded; the next try only has to seal the rows of 0.1.0.
            rows = [sum(line.startswith('INSERT INTO "progress"') for line in lines) for lines in (before, now)]
            assert rows[0] == rows[1] > 100
    assert refused
    upgrade_database(db)
    with session_scope(db) as session:
        assert not audited.verify(session)[1]
