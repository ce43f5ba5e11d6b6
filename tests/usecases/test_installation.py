"""Each check of an installation finds what it is for, says how to fix it, and is content where all is well."""

import json
import os
import sqlite3
import tempfile
from collections import namedtuple
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from changeflow.delivery.channels import ChannelSettings
from changeflow.storage import keys, sandbox
from changeflow.storage.custody import MachineState, StateSeen
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import installation_machine
from changeflow.usecases.installation import CheckState, Installation
from changeflow.usecases.installation_checks import CHECKS, NOT_READ, check_installation
from changeflow.values.acting import current
from tests.usecases.installed import NOW, an_installation, database_file, is_fine, outcomes, the_attention


@pytest.fixture
def stored(db: str, tmp_path: Path) -> Installation:
    return an_installation(db, tmp_path)


@pytest.mark.slow
def test_where_all_is_well_nothing_needs_attention_until_ticks_stop(stored: Installation):
    found = check_installation(stored)
    assert [r.key for r in found] == list(CHECKS)
    assert [r for r in found if r.outcome.state is not CheckState.FINE] == []
    later = replace(stored, clock=lambda: current().clock() + timedelta(hours=4))
    assert [r.key for r in check_installation(later) if r.outcome.state is CheckState.ATTENTION] == ["programmes"]


@pytest.mark.slow
def test_no_check_prints_a_password_or_changes_the_database(stored: Installation):
    address = replace(stored, db="postgresql://anna:hunter2@127.0.0.1:1/x")
    before = database_file(stored).read_bytes()
    for installation in (stored, address):
        shown = json.dumps([result.row() for result in check_installation(installation)])
        assert "hunter2" not in shown + repr(installation)
    assert database_file(stored).read_bytes() == before


@pytest.mark.slow
def test_without_a_database_the_checks_of_its_content_are_skipped(stored: Installation, tmp_path: Path):
    missing = replace(stored, db=f"sqlite:///{tmp_path / 'other.db'}")
    found = {result.key: result.outcome for result in check_installation(missing)}
    assert found["database"].text == f"There is no database at '{tmp_path / 'other.db'}' yet."
    assert {key for key, outcome in found.items() if outcome.text == NOT_READ} == {
        key for key, check in CHECKS.items() if check.reads_database
    }
    assert not (tmp_path / "other.db").exists()


@pytest.mark.slow
def test_packages_of_the_wrong_version_are_named(stored: Installation, monkeypatch: pytest.MonkeyPatch):
    needed = ["typer>=99", "no-such-package>=1", "mpxj>=99; extra == 'mpp'", "rich>=1"]
    monkeypatch.setattr(installation_machine, "requires", lambda _: needed)
    found = the_attention(stored, "python")
    assert found.startswith("2 packages that changeflow needs: typer is ")
    assert "not >=99 and no-such-package is missing." in found


@pytest.mark.slow
def test_settings_that_cannot_be_used_and_unknown_ones_are_named(stored: Installation):
    assert the_attention(replace(stored, faults=("CHANGEFLOW_WORKERS is 'x'.",)), "settings").startswith(
        "CHANGEFLOW_WORKERS is 'x'."
    )
    assert the_attention(replace(stored, unknown=("CHANGEFLOW_BASEURL",)), "settings").startswith(
        "changeflow does not know the setting CHANGEFLOW_BASEURL."
    )


@pytest.mark.slow
@pytest.mark.parametrize(("zone", "found"), [(None, "There is no time zone data"), (UTC, "is wrong: it has no summer")])
def test_missing_or_wrong_time_zone_data_is_found(
    stored: Installation, monkeypatch: pytest.MonkeyPatch, zone: Any, found: str
):
    def look_up(name: str) -> Any:
        if zone is None:
            raise installation_machine.ZoneInfoNotFoundError(name)
        return zone

    monkeypatch.setattr(installation_machine, "ZoneInfo", look_up)
    assert found in the_attention(stored, "time-zones")


@pytest.mark.slow
def test_a_clock_that_is_behind_is_found(stored: Installation):
    early = replace(stored, clock=lambda: datetime(2020, 1, 1, tzinfo=UTC))
    assert "which is before this version was made" in the_attention(early, "clock")
    behind = replace(stored, clock=lambda: current().clock() - timedelta(minutes=5))
    assert "but the last change was recorded" in the_attention(behind, "clock")


@pytest.mark.slow
def test_too_little_free_space_is_found(stored: Installation, monkeypatch: pytest.MonkeyPatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(installation_machine.shutil, "disk_usage", lambda _: usage(1_000_000))
    found = the_attention(stored, "space")
    assert "has 1 MB free. changeflow may need 2" in found, "200 MB, and the small database twice"


@pytest.mark.slow
def test_a_database_that_must_be_upgraded_is_found(stored: Installation):
    with closing(sqlite3.connect(database_file(stored))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0022'")
        connection.commit()
    found = the_attention(stored, "database")
    assert found.startswith("This database has an older version (0022). Back it up, stop the pages and the flows")


@pytest.mark.slow
def test_a_database_of_a_newer_changeflow_is_found(stored: Installation):
    with closing(sqlite3.connect(database_file(stored))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert "Install the version of changeflow that the database belongs to" in the_attention(stored, "database")


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_found(stored: Installation):
    away = replace(stored, db="postgresql://anna:hunter2@127.0.0.1:1/x")
    assert "The database 'postgresql://anna:***@127.0.0.1:1/x' cannot be used" in the_attention(away, "database")


@pytest.mark.slow
def test_damage_and_changed_tables_are_found(stored: Installation):
    assert is_fine(stored, "integrity")
    with engine_for(stored.db).begin() as connection:
        connection.execute(text("CREATE TRIGGER x AFTER INSERT ON tick BEGIN SELECT 1; END"))
    assert "has “trigger x" in the_attention(stored, "integrity")
    with closing(sqlite3.connect(database_file(stored))) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("DELETE FROM programme")
        raw.commit()
    assert "refers to a missing row. Keep the damaged database" in the_attention(stored, "integrity")


@pytest.mark.slow
def test_a_lock_that_another_process_keeps_is_found(stored: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("changeflow.storage.database.BUSY_SECONDS", 0)
    engine_for(stored.db).dispose()
    with closing(sqlite3.connect(database_file(stored), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert the_attention(stored, "lock").startswith("Another process is writing to this database.")
    assert is_fine(stored, "lock")


def test_files_that_others_can_read_are_found_with_the_command_that_helps(stored: Installation):
    file = database_file(stored)
    file.chmod(0o644)
    file.parent.chmod(0o755)
    assert the_attention(stored, "files").endswith(f"chmod 600 {file}")
    file.parent.chmod(0o700)
    assert is_fine(stored, "files"), "no one else can enter the folder"


@pytest.mark.slow
def test_a_database_of_another_account_is_found(stored: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "getuid", lambda: database_file(stored).stat().st_uid + 1)
    assert "but this command runs as" in the_attention(stored, "files")


@pytest.mark.slow
def test_a_folder_in_which_nothing_can_be_saved_is_found(stored: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "so nothing can be saved" in the_attention(stored, "files")
    assert "Without it, nothing is sent" in the_attention(stored, "state")
    assert "so every change is refused" in the_attention(stored, "anchor")


@pytest.mark.slow
def test_a_key_that_is_open_to_others_or_beside_the_copies_is_found(
    stored: Installation, monkeypatch: pytest.MonkeyPatch
):
    file = keys.key_file(stored.db)
    assert is_fine(stored, "key")
    file.chmod(0o640)
    assert the_attention(stored, "key").endswith(f"chmod 600 {file}")
    file.chmod(0o600)
    assert "a thief would have both" in the_attention(replace(stored, backups=file.parent), "key")


@pytest.mark.slow
def test_a_key_that_is_missing_or_of_another_database_is_found_and_none_is_made(stored: Installation):
    file = keys.key_file(stored.db)
    file.write_text("00" * 32 + "\n")
    assert "belongs to another database. Put back the copy of the key" in the_attention(stored, "key")
    file.unlink()
    assert f"'{file}' is missing. Nothing is sent without it." in the_attention(stored, "key")
    assert not file.exists()


@pytest.mark.both_databases
def test_a_database_without_a_key_needs_none_yet_and_a_server_needs_its_place(db: str, stored_nowhere: Installation):
    [(state, _, _)] = outcomes(stored_nowhere, "key")
    assert state is CheckState.FINE
    if not db.startswith("sqlite"):
        before = keys.keep_in(None)
        try:
            [result] = [r for r in check_installation(stored_nowhere) if r.key == "key"]
        finally:
            keys.keep_in(before)
        assert "Set CHANGEFLOW_KEY_FILE on every machine" in result.outcome.text
        assert is_fine(stored_nowhere, "clock")
        assert is_fine(stored_nowhere, "lock")


@pytest.fixture
def stored_nowhere(db: str) -> Installation:
    """An installation with an empty database, and no settings."""
    return Installation(db=db, clock=current().clock, channels=ChannelSettings(), base_url="http://127.0.0.1:8000")


@pytest.mark.slow
def test_a_missing_or_old_backup_is_found(stored: Installation):
    assert is_fine(stored, "backup")
    assert "No backups are known" in the_attention(replace(stored, backups=None), "backup")
    late = replace(stored, clock=lambda: current().clock() + timedelta(hours=27))
    assert "The newest copy in" in the_attention(late, "backup")
    assert "is 27 hours old" in the_attention(late, "backup")
    [copy] = (stored.backups or Path()).iterdir()
    copy.rename(copy.with_name(".unfinished.part"))
    assert "There is no copy of a database" in the_attention(stored, "backup")


@pytest.mark.slow
def test_a_folder_that_this_account_cannot_read_is_found(stored: Installation, monkeypatch: pytest.MonkeyPatch):
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    [result] = [r for r in check_installation(stored) if r.key == "backup"]
    assert result.outcome.state is CheckState.ATTENTION
    assert result.outcome.text == f"'{stored.backups}' cannot be read: Permission denied."


def test_a_sandbox_needs_no_backup(stored_nowhere: Installation):
    with session_scope(stored_nowhere.db) as session:
        sandbox.mark_sandbox(session, at=NOW)
    assert is_fine(stored_nowhere, "backup")


@pytest.mark.slow
def test_a_state_folder_among_the_copies_and_a_damaged_record_are_found(
    stored: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "copies" / "state"))
    assert "If both are restored, no one notices" in the_attention(stored, "state")
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "damaged"))
    state = MachineState(stored.db)
    state.note(StateSeen("x", 1, "y"))
    state.file.write_text("{")
    [result] = [r for r in check_installation(stored) if r.key == "state"]
    assert "cannot be read" in result.outcome.text


@pytest.mark.slow
def test_a_missing_anchor_is_a_note_and_an_empty_one_needs_attention(stored: Installation):
    [(state, _, _)] = outcomes(replace(stored, anchor=""), "anchor")
    assert state is CheckState.NOTE
    Path(stored.anchor).write_text("")
    assert "is missing or empty, so every change is refused" in the_attention(stored, "anchor")
    assert "cannot be used" in the_attention(replace(stored, anchor=tempfile.gettempdir()), "anchor")
