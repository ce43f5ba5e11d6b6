"""The restore drill of docs/deploying.md, command by command: a lost database returns with all that its backup had.

A folder is used as the machine. Paths, settings and units are those of the page and of `deploy/`, below that folder.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest

from changeflow.storage import facts
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases.governance import note_act
from changeflow.usecases.unit_of_work import Change
from tests import audited
from tests.browser.sample import free_port
from tests.builders import a_folder
from tests.deployed import DEPLOY, UNITS, lines_of, shell_lines
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow

OWN = Path(sys.prefix) / "bin"
STAND_INS = {"sudo": 'exec "$@"', "runuser": 'shift 3; exec "$@"'}
"""What needs root on a real machine. Here there is one account, which owns everything."""
PLACES = ("/var/lib/changeflow", "/var/backups/changeflow", "/etc/changeflow")


@dataclass
class Host:
    """A machine with the page's paths below `top`. Its systemd runs the pages; the schedule's unit is not started."""

    top: Path
    port: int = field(default_factory=free_port)
    served: "subprocess.Popen[bytes] | None" = None

    def here(self, text: str) -> str:
        """Return a text with the paths and the port of this machine."""
        for place in PLACES:
            text = text.replace(place, f"{self.top}{place}")
        return text.replace("/opt/changeflow/.venv/bin/", f"{OWN}/").replace("--port 8000", f"--port {self.port}")

    def set_up(self) -> None:
        for place in PLACES:
            Path(f"{self.top}{place}").mkdir(parents=True, mode=0o700)
        settings = self.here((DEPLOY / "settings.example").read_text(encoding="utf-8"))
        Path(f"{self.top}/etc/changeflow/settings").write_text(settings)
        tools = self.top / "bin"
        tools.mkdir()
        programs = {name: f"#!/bin/sh\n{body}\n" for name, body in STAND_INS.items()}
        programs["changeflow"] = self.here((DEPLOY / "changeflow").read_text(encoding="utf-8"))
        for name, text in programs.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)

    def shell(self, line: str) -> str:
        """Run a line of the page; return what it prints."""
        words = shlex.split(line)
        if words[:2] == ["sudo", "systemctl"]:
            return self._systemctl(words[2], words[3:])
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CHANGEFLOW_")}
        environment["PATH"] = f"{self.top / 'bin'}:{environment['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-c", self.here(line)],
            env=environment,
            cwd=self.top,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _systemctl(self, action: str, units: list[str]) -> str:
        assert units == ["changeflow", "changeflow-flows", "changeflow-backup.timer"]
        {"stop": self.stop, "start": self.serve}[action]()
        return ""

    def run_unit(self, name: str) -> None:
        """Run what a unit of systemd runs once."""
        [unit] = [unit for unit in UNITS if unit.name == name]
        for command in lines_of(unit, "Service", "ExecStart"):
            self._wait_for(self._start(command.replace("%%", "%")))

    def serve(self) -> None:
        [unit] = [unit for unit in UNITS if unit.name == "changeflow.service"]
        [command] = lines_of(unit, "Service", "ExecStart")
        self.served = self._start(command)
        wait_until(
            lambda: self.health() is not None,
            what="the pages",
            failed=lambda: self.served is None or self.served.poll() is not None,
        )

    def health(self) -> str | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=PATIENCE).text
        except httpx.TransportError:
            return None

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.served is not None:
            self.served.send_signal(how)
            self.served.wait(PATIENCE)
            self.served = None

    def _start(self, command: str) -> "subprocess.Popen[bytes]":
        settings = Path(f"{self.top}/etc/changeflow/settings").read_text()
        given = dict(re.findall(r"^([A-Z_]+)=(.*)$", settings, re.M))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CHANGEFLOW_")} | given
        words = shlex.split(self.here(command))
        folder = f"{self.top}/var/lib/changeflow"
        return subprocess.Popen(
            words, env=environment, cwd=folder, umask=0o077, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    @staticmethod
    def _wait_for(process: "subprocess.Popen[bytes]") -> None:
        assert process.wait(PATIENCE) == 0, process.args


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    for name in [name for name in os.environ if name.startswith("CHANGEFLOW_")]:
        monkeypatch.delenv(name)
    made = Host(tmp_path / "machine")
    made.set_up()
    yield made
    made.stop(signal.SIGKILL)


class Writer(threading.Thread):
    """Records visits of the sponsor, one after another, and remembers those that were acknowledged."""

    def __init__(self, db: str) -> None:
        super().__init__(daemon=True)
        self.db, self.saved, self.must_end, self.error = db, list[str](), False, ""

    def wait_for(self, count: int) -> None:
        """Wait until that many visits have been acknowledged."""
        wait_until(lambda: len(self.saved) >= count, what="visits", failed=lambda: self.error)

    def run(self) -> None:
        try:
            while not self.must_end:
                self.save(f"Visit {len(self.saved) + 1}")
        except BaseException as error:
            self.error = repr(error)
            raise

    def save(self, what: str) -> None:
        on = date(2027, 1, 20)
        change = Change(db=self.db, programme=None, actor="chief", now=datetime(2027, 1, 20, 9, tzinfo=UTC), on=on)
        note_act(what, on, change)
        self.saved.append(what)

    def end(self) -> list[str]:
        self.must_end = True
        self.join(PATIENCE)
        engine_for(self.db).dispose()
        return self.saved


@pytest.mark.thorough
def test_the_drill_brings_back_everything_that_was_acknowledged_before_the_backup(host: Host, tmp_path: Path):
    trust = a_folder(tmp_path / "trust")
    for line in shell_lines("One machine"):
        if line.startswith(("sudo changeflow apply", "sudo changeflow tick")):
            host.shell(line.replace("/srv/my-trust", str(trust)).replace("PERSON", "chief"))
    host.serve()
    file = Path(f"{host.top}/var/lib/changeflow/changeflow.db")
    assert file.stat().st_mode & 0o077 == 0
    writer = Writer(f"sqlite:///{file}")
    writer.start()
    writer.wait_for(3)
    before = list(writer.saved)
    host.run_unit("changeflow-backup.service")
    writer.wait_for(len(writer.saved) + 2)  # these are not in the backup
    all_saved = writer.end()

    host.stop(signal.SIGKILL)
    for lost in (file, *file.parent.glob("changeflow.db-*")):
        lost.unlink()
    follow_the_drill(host)

    with session_scope(f"sqlite:///{file}") as session:
        there = {act.what for act in facts.load_facts(session, "small").acts}
        assert audited.verify(session)[1] == []
    assert set(before) <= there < set(all_saved)
    assert (host.health() or "").startswith("ok"), "the pages run again, and nothing waits for a release"


def follow_the_drill(host: Host) -> None:
    """Run the commands of the page in their order, with the newest copy and a person's id in their places."""
    newest, ran = "", []
    for line in shell_lines("Restore drill"):
        printed = host.shell(line.replace("COPY", newest).replace("PERSON", "chief"))
        if line.startswith("sudo ls -t"):
            newest = printed.split()[0]
        ran.append(line.removeprefix("sudo ").removeprefix("changeflow ").split()[0:2])
    assert newest.startswith(("hour-", "day-"))
    assert ran[0][0] == "systemctl"
    assert [words for words in ran if words[0] in ("db", "audit")] == [
        ["db", "restore"], ["audit", "verify"], ["db", "review"], ["db", "release"],
    ]  # fmt: skip
    assert ran[-1][:2] == ["systemctl", "start"]
