"""A folder takes over the edits that were published since it was made, and keeps its own lines."""

from pathlib import Path

import pytest

from changeflow.errors import ConflictError, InputError
from changeflow.usecases import definitions
from changeflow.usecases.editing import publish, undo
from changeflow.usecases.export import export_folder
from changeflow.usecases.pulling import PullConflictsError, pull
from tests.every_role import NOW, TODAY, World, stored_world
from tests.usecases.test_editing import LONGER, MOVE, a_draft


@pytest.fixture
def world(tmp_path: Path) -> World:
    return stored_world(tmp_path / "world")


@pytest.fixture
def folder(world: World) -> Path:
    """The folder that the stored version was made from."""
    return world.home / "trust"


def is_same(world: World, folder: Path) -> bool:
    return definitions.difference(folder, db=world.db, on=TODAY, today=TODAY).is_same


@pytest.mark.slow
def test_the_files_get_the_edits_and_keep_their_own_lines(world: World, folder: Path):
    file = folder / "services" / "payroll.yaml"
    file.write_bytes(b"\xef\xbb\xbf# ours\r\n" + file.read_bytes().replace(b"\n", b"\r\n"))
    before = file.read_bytes()
    publish(a_draft(LONGER), "", world.change("chief"))
    publish(a_draft(MOVE, base=2), "", world.change("chief"))
    found = pull(folder, db=world.db)
    assert found.lines == (
        "Version 2: “Payroll: requirements”: change the duration to 8 working days.",
        "Version 3: Move Beech School to wave 1.",
    )
    assert (found.number, found.files) == (3, ("programme.yaml", "services/payroll.yaml"))
    assert file.read_bytes() == before + b"tasks:\r\n  requirements: {duration: 8d}\r\n"
    assert is_same(world, folder)


@pytest.mark.slow
def test_the_next_pull_changes_nothing(world: World, folder: Path):
    publish(a_draft(LONGER), "", world.change("chief"))
    pull(folder, db=world.db)
    assert pull(folder, db=world.db).lines == ()


@pytest.mark.slow
def test_a_folder_that_has_the_edit_already_is_not_changed(world: World, folder: Path):
    publish(a_draft(LONGER), "", world.change("chief"))
    file = folder / "services" / "payroll.yaml"
    file.write_text(file.read_text() + "tasks: {requirements: {duration: 8d}}\n")
    assert pull(folder, db=world.db).files == ()
    assert is_same(world, folder)


@pytest.mark.slow
def test_a_place_that_the_folder_has_changed_is_a_conflict_and_nothing_is_written(world: World, folder: Path):
    publish(a_draft(LONGER, MOVE), "", world.change("chief"))
    file = folder / "services" / "payroll.yaml"
    file.write_text(file.read_text() + "tasks: {requirements: {duration: 9d}}\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(PullConflictsError) as error:
        pull(folder, db=world.db)
    assert error.value.conflicts == (
        (
            "Version 2: “Payroll: requirements”: change the duration to 8 working days. "
            "Someone else has changed this since."
        ),
        "Version 2:   yours: 9d; theirs: 8d",
    )
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_versions_of_other_folders_and_undone_versions_come_line_by_line(world: World, folder: Path, tmp_path: Path):
    other = tmp_path / "other"
    export_folder(other, db=world.db, programme="small", on=TODAY)
    calendar = other / "calendars" / "trust.yaml"
    calendar.write_text(calendar.read_text() + "closed: [{name: Snow, first_day: 2027-02-01}]\n")
    definitions.apply(other, db=world.db, actor="chief", now=NOW)
    publish(a_draft(LONGER, base=2), "", world.change("chief"))
    undo(3, "", world.change("chief"))
    found = pull(folder, db=world.db)
    assert (found.number, found.files) == (4, ("calendars/trust.yaml",))
    assert is_same(world, folder)


def test_a_folder_that_was_not_stored_cannot_be_pulled_into(world: World, folder: Path):
    (folder / definitions.STATE).unlink()
    with pytest.raises(InputError, match="was not made from a stored version"):
        pull(folder, db=world.db)


@pytest.mark.slow
def test_storing_an_old_folder_lists_the_edits_since_and_names_the_command(world: World, folder: Path):
    publish(a_draft(LONGER), "More to ask.", world.change("chief"))
    file = folder / "services" / "payroll.yaml"
    file.write_text(file.read_text() + "tasks: {go-live: {owner: head}}\n")
    with pytest.raises(ConflictError) as error:
        definitions.apply(folder, db=world.db, actor="chief", now=NOW)
    assert str(error.value) == (
        "The folder was made from version 1, but version 2 is the latest, stored by chief. Nothing was written. "
        "Since then:\n  Version 2, stored by chief: “Payroll: requirements”: change the duration to 8 working days. "
        f"Reason: More to ask.\nBring these changes into your files with: changeflow pull {folder}"
    )
