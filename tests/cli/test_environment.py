"""A pipe, a device or a folder in the place of a file that the environment names is a clear error, never waited for."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import AnchorError, AnchorPlaceError
from changeflow.storage import anchor
from changeflow.usecases import definitions, ticks
from tests.apart import command, run_apart
from tests.builders import SERVICE, a_folder

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
AT = "--at 2027-01-04T10:00"
NAMED = {
    "CHANGEFLOW_ANCHOR": ("sponsor act Visited --as chief", "audit verify", "audit anchor --as chief"),
    "CHANGEFLOW_KEY_FILE": ("nudge dispatch",),
    "CHANGEFLOW_ERASURES": ("person erase lead --yes --as chief",),
    "CHANGEFLOW_STATE": ("status",),
    "CHANGEFLOW_TEMPLATES": ("nudge preview",),
    "CHANGEFLOW_OUTBOX": ("nudge dispatch",),
    "CHANGEFLOW_SMTP_URL_FILE": ("nudge dispatch",),
    "CHANGEFLOW_METRICS_TOKEN_FILE": ("serve --port 1",),
}
"""Variables that name a file or a folder, with commands that open it."""
FOLDERS = ("CHANGEFLOW_STATE", "CHANGEFLOW_TEMPLATES", "CHANGEFLOW_OUTBOX")
UNDATED = ("audit", "status", "serve")


@pytest.fixture
def stored(sqlite: str, tmp_path: Path) -> str:
    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    definitions.apply(a_folder(tmp_path / "trust", service=service), db=sqlite, actor="chief", now=NOW)
    ticks.tick(db=sqlite, now=NOW)
    return sqlite


def said(db: str, home: Path, variable: str, place: Path, line: str) -> tuple[int, str]:
    """Run a command in a separate process: one that waits for a pipe can be ended."""
    dated = "" if line.startswith(UNDATED) else AT
    named = {"CHANGEFLOW_DB": db, variable: str(place)}
    code, _, errors = run_apart(command, *line.split(), *dated.split(), folder=home, environment=named)
    return code, errors


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "line", "what"),
    [
        (variable, line, what)
        for variable, lines in NAMED.items()
        for line in lines
        for what in ("a pipe", "a device", *(() if variable in FOLDERS else ("a folder",)))
    ],
)
def test_what_the_environment_names_is_no_file(stored: str, tmp_path: Path, variable: str, line: str, what: str):
    place = {"a pipe": tmp_path / "pipe", "a device": Path("/dev/zero"), "a folder": tmp_path}[what]
    os.mkfifo(tmp_path / "pipe")
    code, text = said(stored, tmp_path, variable, place, line)
    assert code == 4, text
    assert str(place) in text
    assert "Traceback" not in text


@pytest.mark.slow
def test_the_address_of_the_database_may_stand_in_a_file(stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHANGEFLOW_DB", raising=False)
    (tmp_path / "address").write_text(f"{stored}\n")
    monkeypatch.setenv("CHANGEFLOW_DB_FILE", str(tmp_path / "address"))
    assert "small" in CliRunner().invoke(app, ["audit", "show"]).stdout
    nowhere = ["audit", "show", "--db", f"sqlite:///{tmp_path / 'nowhere.db'}"]
    assert "there is no such file yet" in CliRunner().invoke(app, nowhere).stderr, "the option wins"
    monkeypatch.setenv("CHANGEFLOW_DB", nowhere[-1])
    assert "there is no such file yet" in CliRunner().invoke(app, ["audit", "show"]).stderr, "and so does the variable"
    monkeypatch.delenv("CHANGEFLOW_DB")
    monkeypatch.setenv("CHANGEFLOW_DB_FILE", str(tmp_path / "missing"))
    refused = CliRunner().invoke(app, ["audit", "show"])
    assert (refused.exit_code, "CHANGEFLOW_DB_FILE names a file that cannot be read" in refused.stderr) == (4, True)


@pytest.mark.slow
@pytest.mark.parametrize("command", NAMED["CHANGEFLOW_ANCHOR"])
def test_an_anchor_that_can_be_none_is_wrong_input(
    stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
):
    (tmp_path / "letter.txt").write_bytes(b"A letter. " * 100_000)
    for place, why in (
        ("", "not an ordinary file"),
        ("letter.txt/anchor.txt", "Not a directory"),
        ("letter.txt", "another"),
    ):
        if place == "letter.txt" and command == "audit verify":
            continue  # a file without a line of ours is an anchor that has begun with nothing
        monkeypatch.setenv("CHANGEFLOW_ANCHOR", str(tmp_path / place))
        dated = [] if command.startswith(UNDATED) else ["--at", "2027-01-05T10:00"]
        result = CliRunner().invoke(app, [*command.split(), "--db", stored, *dated])
        assert result.exit_code == 4, result.output
        assert why in result.stderr


def test_an_anchor_on_a_full_disk_is_no_wrong_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(anchor.os, "write", full)
    with pytest.raises(AnchorError, match="No space left") as caught:
        anchor.accept(str(tmp_path / "anchor.txt"), [anchor.Head("small", 1, 1, "0" * 64, NOW)])
    assert not isinstance(caught.value, AnchorPlaceError)
    assert caught.value.exit_code == 1
