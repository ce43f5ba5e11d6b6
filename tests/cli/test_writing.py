"""Every command that writes a file writes it whole or not at all, says so, and keeps people's data to its owner."""

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow import files
from changeflow.cli import app
from changeflow.delivery import channels
from changeflow.delivery.channels import FileChannel, Sent
from changeflow.delivery.message import Message
from changeflow.errors import CannotWriteError
from changeflow.usecases import definitions, dispatch, ticks
from tests.builders import SERVICE, a_folder
from tests.usecases.gated import GATED, TEAM

pytestmark = pytest.mark.slow

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
AT = ["--at", "2027-01-04T10:00"]


@pytest.fixture
def trust(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHANGEFLOW_DB", sqlite)
    monkeypatch.setenv("CHANGEFLOW_AS", "chief")
    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    folder = a_folder(tmp_path / "trust", pathway=GATED, people=TEAM, service=service)
    definitions.apply(folder, db=sqlite, actor="chief", now=NOW)
    ticks.tick(db=sqlite, now=NOW)
    return folder


PRIVATE = {
    "person": ["person", "export", "lead", *AT, "--out"],
    "calendar": ["nudge", "calendar", "lead", *AT, "--out"],
    "xlsx": ["export", "xlsx", *AT],
    "mspdi": ["export", "mspdi", *AT],
    "sro.html": ["report", "sro", *AT, "--out"],
    "sro.json": ["report", "sro", *AT, "--out"],
    "sro.pdf": ["report", "sro", *AT, "--out"],
    "go.html": ["report", "go-no-go", "payroll/w1/go-no-go", *AT, "--out"],
    "go.json": ["report", "go-no-go", "payroll/w1/go-no-go", *AT, "--out"],
    "go.pdf": ["report", "go-no-go", "payroll/w1/go-no-go", *AT, "--out"],
}
OPEN = {
    "ics": ["export", "ics", *AT],
    "waves.html": ["waves", "TRUST", "--seconds", "1", "--out"],
    "risk.json": ["simulate", "TRUST", "--assume", "80,150", "--iterations", "200", "--out"],
}
WRITERS = PRIVATE | OPEN


def run(trust: Path, command: list[str], out: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(trust) if part == "TRUST" else part for part in command] + [str(out)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.mark.usual(2)
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_what_was_there(trust: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / name
    out.write_text("before")

    def full(handle: int, data: bytes) -> None:
        os.write(handle, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_all", full)
        code, said = run(trust, WRITERS[name], out)
    assert (code, "No space left on device" in said) == (1, True), said
    assert out.read_text() == "before"
    assert [p.name for p in folder.iterdir()] == [name]
    code, said = run(trust, WRITERS[name], out)
    assert code == 0, said
    assert out.read_bytes() != b"before"


@pytest.mark.usual(4)
@pytest.mark.parametrize("name", WRITERS)
def test_people_are_named_in_files_of_their_owner_alone(trust: Path, tmp_path: Path, name: str):
    out = tmp_path / name
    code, said = run(trust, WRITERS[name], out)
    assert code == 0, said
    assert stat.S_IMODE(out.stat().st_mode) == (0o600 if name in PRIVATE else 0o666 & ~umask())
    if name.endswith((".html", ".json", "ics")):
        text = out.read_text()
        assert not [who for who in ("lead@example.org", "chief@example.org", "(lead)", '"lead"') if who in text]


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("command", [PRIVATE["person"], PRIVATE["sro.html"], OPEN["ics"]])
def test_a_folder_in_place_of_a_file_is_an_error_in_words(trust: Path, tmp_path: Path, command: list[str]):
    place = tmp_path / "place.html"
    place.mkdir()
    code, said = run(trust, command, place)
    assert (code, "is a folder" in said) == (4, True)


@pytest.mark.thorough
def test_an_export_of_the_folder_is_whole_or_not_there(trust: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out, real, count = tmp_path / "new", files.write_all, 0
    total = 0
    for at in range(1, 40):
        count = 0

        def sometimes(handle: int, data: bytes, at: int = at) -> None:
            nonlocal count
            count += 1
            if count == at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(handle, data)

        with monkeypatch.context() as patched:
            patched.setattr(files, "write_all", sometimes)
            code, said = run(trust, ["export", "folder"], out)
        if code == 0:
            total = at
            break
        assert (code, out.exists(), list(tmp_path.glob(".*"))) == (1, False, []), said
    assert total > 10
    assert stat.S_IMODE((out / "people.csv").stat().st_mode) == 0o600
    assert {p.name for p in out.iterdir()} >= {"programme.yaml", "people.csv", "schema", ".changeflow"}


def test_a_folder_that_cannot_be_marked_is_stored_and_says_so(
    trust: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (trust / "schools.csv").write_text((trust / "schools.csv").read_text().replace("Ash School", "Ash Academy"))
    with monkeypatch.context() as patched:
        full_disk = CannotWriteError("a note", "No space left")
        patched.setattr(definitions, "write_whole", lambda *_, **__: (_ for _ in ()).throw(full_disk))
        done = CliRunner().invoke(app, ["apply", str(trust), "--yes", *AT])
    assert (done.exit_code, "Version 2 is stored, but the folder could not record that" in done.output) == (1, True)
    again = CliRunner().invoke(app, ["apply", str(trust), "--yes", *AT])
    assert again.exit_code == 0, again.output
    assert '"number": 2' in (trust / ".changeflow" / "version.json").read_text()


def test_messages_as_files_are_for_their_owner_and_wait_for_room(
    trust: Path, sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    outbox = tmp_path / "outbox"
    with monkeypatch.context() as patched:
        full_disk = CannotWriteError("a message", "No space left")
        patched.setattr(channels, "write_whole", lambda *_, **__: (_ for _ in ()).throw(full_disk))
        full = dispatch.dispatch(db=sqlite, now=NOW, channel=FileChannel(outbox))
    assert (full.sent, full.failed > 0, outbox.exists()) == (0, True, False)
    later = datetime(2027, 1, 4, 12, tzinfo=UTC)
    done = dispatch.dispatch(db=sqlite, now=later, channel=FileChannel(outbox))
    assert done.sent == full.failed
    assert {stat.S_IMODE(p.stat().st_mode) for p in outbox.glob("*.eml")} == {0o600}
    assert len(list(outbox.iterdir())) == done.sent


def test_a_message_that_cannot_be_written_names_no_one(tmp_path: Path):
    (tmp_path / "outbox").write_text("a file")
    message = Message(
        to_name="A", to_address="a@example.org", from_name="B", from_address="b@example.org", subject="S", text="T",
        html="", message_id="<1@example.org>", at=NOW,
    )  # fmt: skip
    receipt = FileChannel(tmp_path / "outbox").send(message)
    assert receipt.sent is Sent.LATER
    assert "a@example.org" not in receipt.detail
