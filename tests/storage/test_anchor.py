"""Each commit is announced to the anchor and confirmed in it; a check compares the anchor with the chain."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col

from changeflow.errors import AnchorError, CheckFailedError
from changeflow.storage import anchor
from changeflow.storage.backup import backup
from changeflow.storage.chain import Fault
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.tables.answers import ReachRow
from changeflow.storage.tables.audit import AuditRow
from changeflow.storage.witnesses import AnchorWitness
from changeflow.usecases import audit_trail, definitions
from changeflow.values.acting import acting, current
from tests.builders import PROGRAMME, a_folder
from tests.storage.test_audit import NOW, faults, finish, note, outside
from tests.stored import fill_once


@pytest.fixture
def anchored(db: str, tmp_path: Path) -> Path:
    path = tmp_path / "anchor.txt"

    def fill() -> None:
        definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
        for day in range(5, 9):
            finish(db, day)

    with acting(replace(current(), anchor=str(path))):
        fill_once("anchored", db, tmp_path, fill)
    return path


@pytest.mark.slow
@pytest.mark.both_databases(usual=True)
def test_each_commit_is_announced_and_confirmed(db: str, anchored: Path):
    lines = [line for line in anchor.read(anchored) if not isinstance(line, Fault)]
    assert [(line.kind, line.last) for line in lines] == [(k, n) for n in range(1, 6) for k in ("begun", "stored")]
    assert anchored.stat().st_mode & 0o777 == 0o600
    assert faults(db, anchored) == []


@pytest.mark.slow
@pytest.mark.both_databases(usual=True)
def test_a_database_without_its_last_entries_is_older_than_the_anchor(db: str, anchored: Path):
    outside(
        db,
        "delete from audit_fact where number > 3",
        "delete from audit where number > 3",
        "delete from progress where id > 2",
        "delete from forecast where number > 3",
    )
    [fault] = faults(db, anchored)
    assert fault.what.startswith("the database is older than the anchor (entry 3, anchor 5)")


@pytest.mark.slow
def test_a_missing_chain_is_reported(db: str, anchored: Path):
    outside(db, "delete from audit_fact", "delete from audit")
    found = [f.what for f in faults(db, anchored)]
    assert "the whole chain is gone; the anchor has 5 entries" in found
    with pytest.raises(CheckFailedError, match="written outside changeflow"):
        audit_trail.accept(db=db, programme=None, anchor_file=anchored, actor="chief", now=NOW)


@pytest.mark.slow
def test_an_entry_that_was_never_anchored_is_reported(db: str, anchored: Path):
    finish(db, 11)
    [fault] = faults(db, anchored)
    assert (fault.number, fault.what[:24]) == (6, "it was never anchored: a")
    audit_trail.accept(db=db, programme=None, anchor_file=anchored, actor="chief", now=NOW)
    assert faults(db, anchored) == []


@pytest.mark.slow
def test_an_anchor_that_cannot_be_written_stops_the_change(db: str, anchored: Path, tmp_path: Path):
    for path in (tmp_path, tmp_path / "nowhere" / "anchor.txt"):
        with acting(replace(current(), anchor=str(path))), pytest.raises(AnchorError, match="No changes saved"):
            finish(db, 11)
    assert faults(db, anchored) == []


@pytest.mark.thorough
@pytest.mark.slow
def test_a_foreign_file_as_anchor_is_refused_without_reading_all_of_it(db: str, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "video").write_bytes(b"\0" * 100_000_000)
    for path, why in (
        (Path("/dev/zero"), "not an ordinary file"),
        (tmp_path / "pipe", "not an ordinary file"),
        (tmp_path / "video", "another kind of file"),
    ):
        with acting(replace(current(), anchor=str(path))), pytest.raises(AnchorError, match=why):
            definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
        if path.name != "video":
            with pytest.raises(AnchorError, match=why):
                list(anchor.read(path))
    assert list(anchor.read(tmp_path / "video")) == []


@pytest.mark.slow
def test_a_line_cut_short_by_a_crash_is_ignored(db: str, anchored: Path):
    with anchored.open("a") as file:
        file.write("2026-07-30T10:00:00.000000+00:00 begun small 6 ")
    with acting(replace(current(), anchor=str(anchored))):
        finish(db, 11)
    assert faults(db, anchored) == []


@pytest.mark.slow
def test_an_announced_change_that_was_not_committed_is_no_fault(
    db: str, anchored: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch, acting(replace(current(), anchor=str(anchored))):
        patch.setattr("sqlalchemy.engine.base.Connection._commit_impl", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            finish(db, 11)
    assert faults(db, anchored) == []
    with acting(replace(current(), anchor=str(anchored))):
        finish(db, 12)
    assert faults(db, anchored) == []


@pytest.mark.slow
def test_a_committed_change_that_was_not_confirmed_is_no_fault(
    db: str, anchored: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch, acting(replace(current(), anchor=str(anchored))):
        patch.setattr(anchor, "confirm", lambda _: None)
        finish(db, 11)
    assert faults(db, anchored) == []


@pytest.mark.slow
def test_a_changed_line_is_found(db: str, anchored: Path):
    lines = anchored.read_text().splitlines(keepends=True)
    for damaged in (lines[:3] + lines[4:], [*lines[:3], lines[3].replace(" 2 2 ", " 2 9 "), *lines[4:]]):
        anchored.write_text("".join(damaged))
        assert any("of the anchor was changed" in f.what for f in faults(db, anchored))


@pytest.mark.slow
def test_an_anchor_that_begins_late_covers_earlier_entries(db: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    finish(db, 8)
    path = tmp_path / "late.txt"
    audit_trail.accept(db=db, programme=None, anchor_file=path, actor="chief", now=NOW)
    assert faults(db, path) == []
    outside(db, update(AuditRow).where(col(AuditRow.number) == 1).values(hash="0" * 64))
    assert faults(db, path)


@pytest.mark.slow
def test_a_forged_programme_beside_an_anchor_is_found(db: str, anchored: Path, tmp_path: Path):
    text = PROGRAMME.replace("programme: small", "programme: other")
    other = a_folder(tmp_path / "other", programme=text)
    with acting(replace(current(), clock=lambda: datetime(2999, 1, 1, tzinfo=UTC))):
        definitions.apply(other, db=db, actor="chief", now=NOW)
    [fault] = faults(db, anchored)
    assert (fault.programme, fault.number, fault.what[:21]) == ("other", 1, "it was never anchored")


@pytest.mark.slow
@pytest.mark.both_databases(usual=True)
def test_two_simultaneous_writers_keep_the_anchor_complete(db: str, anchored: Path):
    from concurrent.futures import ThreadPoolExecutor

    def write(n: int) -> None:
        with acting(replace(current(), anchor=str(anchored))), session_scope(db) as session:
            session.add(ReachRow(recipient=f"r{n}"))
            note(session)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(20)))
    assert faults(db, anchored) == []
    assert AnchorWitness(anchor.read(anchored)).lines == 50


@pytest.mark.slow
def test_a_restored_copy_is_older_than_the_anchor_until_someone_accepts_it(sqlite: str, tmp_path: Path):
    path = tmp_path / "anchor.txt"
    with acting(replace(current(), anchor=str(path))):
        definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
        finish(sqlite, 5)
        backup(sqlite, tmp_path / "copy.db", at=NOW)
        for day in (6, 7, 8):
            finish(sqlite, day)
        copy = f"sqlite:///{tmp_path / 'copy.db'}"
        [fault] = faults(copy, path)
        assert fault.what.startswith("the database is older than the anchor (entry 2, anchor 5)")
        finish(copy, 11)
        assert any(f.number == 3 and "written twice" in f.what for f in faults(copy, path))
        audit_trail.accept(db=copy, programme=None, anchor_file=path, actor="chief", now=NOW)
        assert faults(copy, path) == []
        finish(copy, 12)
        assert faults(copy, path) == []
        assert "it is not the entry that was anchored" in faults(sqlite, path)[0].what
    engine_for(copy).dispose()
