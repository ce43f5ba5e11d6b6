"""The state is right after a real Prefect server, runner or worker is killed, loses its database or runs late.

The small programme's requirements are due on Friday 8 January 2027. Each run gets the time as a parameter.
"""

import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
import pytest
from aiosmtpd.controller import Controller
from sqlmodel import select

from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.tables.agenda import DueRow
from changeflow.storage.tables.messages import MessageRow
from changeflow.usecases import definitions
from changeflow.usecases.scheduled import FLOWS
from chaos import world
from tests.builders import SERVICE, a_folder
from tests.flows.patient import GLANCE, Api, ended, environment, servers_on
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
TOP = Path(__file__).resolve().parents[2]
DUE = "2027-01-08T09:00:00Z"
QUICK = "import flows.serving as s; s.LOOK_EVERY = 1; from changeflow.__main__ import main; main()"
"""`changeflow`, with more frequent checks that its server and runner are alive."""


class Runs(Api):
    """A Prefect server, with functions to request runs and wait for them."""

    def begin(self, name: str, now: str, *, scheduled: datetime | None = None) -> str:
        """Request a run of a flow, with `now` as its time; return its id."""
        deployment = wait_until(lambda: self.deployment(name), what=f"the deployment {name}", pause=GLANCE)
        at = (scheduled or datetime.now(UTC)).isoformat()  # noqa: TID251  (Prefect's own clock)
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": at}}
        # With a key, a request that is repeated after a broken connection does not create a second run.
        wanted = {"parameters": {"now": now}, "state": state, "idempotency_key": uuid4().hex}
        return str(self.ask(f"/deployments/{deployment}/create_flow_run", wanted)["id"])

    def ends(self, *runs: str) -> list[str]:
        """Wait until runs have ended; return their states."""
        ended = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
        for run in runs:
            wait_until(
                lambda run=run: self.state(run) in ended,
                what=lambda run=run: f"{run} ({self.state(run)})",
                pause=GLANCE,
            )
        return [self.state(run) for run in runs]


class Served:
    """`changeflow flows serve`, with its own server and its output."""

    def __init__(self, db: str, home: Path) -> None:
        env = environment(home, CHANGEFLOW_OUTBOX=str(home.parent / "outbox"), PREFECT_LOGGING_LEVEL="WARNING")
        command = [sys.executable, "-c", QUICK, "flows", "serve", "--db", db]
        self.process = subprocess.Popen(
            command, cwd=TOP, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        self.lines: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()
        self.hear("Serving ")
        address = re.search(r"Prefect server at (http://127\.0\.0\.1:\d+)", "\n".join(self.lines))
        assert address is not None
        self.api = Runs(f"{address[1]}/api")
        self.wait_for_deployments()

    def wait_for_deployments(self) -> None:
        wait_until(lambda: self.api.ask("/deployments/count", {}) >= len(FLOWS), what="every deployment", pause=GLANCE)
        assert self.api.deployments() == set(FLOWS)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    def hear(self, text: str) -> None:
        """Wait until its output has this text."""
        wait_until(
            lambda: any(text in line for line in self.lines),
            what=lambda: f"the line “{text}” after {self.lines}",
            failed=lambda: ended(self.process),
        )

    def child(self, of: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(c for c in children if of in " ".join(c.cmdline()))

    def close(self) -> None:
        """Ask it to stop and wait; kill everything that is left."""
        self.process.send_signal(signal.SIGCONT)
        # Not SIGINT: if pytest runs in the background of a script, its children ignore it.
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            for child in (
                psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else ()
            ):
                child.kill()
            self.process.kill()
            self.process.wait()


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[str]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    definitions.apply(
        a_folder(tmp_path / "trust", service=service), db=url, actor="chief", now=datetime(2027, 1, 4, 9, tzinfo=UTC)
    )
    yield url
    engine_for(url).dispose()


def counts(db: str) -> tuple[int, int]:
    """Return the number of due items and of sent messages."""
    with session_scope(db) as session:
        sent = [m for m in session.exec(select(MessageRow)) if m.state == "sent"]
        return len(session.exec(select(DueRow)).all()), len(sent)


@pytest.mark.thorough
def test_work_goes_on_after_kills_missed_runs_and_a_deleted_database(
    prefect_database: Path, stored: str, tmp_path: Path
):
    home = tmp_path / "prefect"
    home.mkdir()
    shutil.copyfile(prefect_database, home / "prefect.db")
    served = Served(stored, home)
    api = served.api
    try:
        assert api.ends(api.begin("tick", DUE)) == ["COMPLETED"]
        assert counts(stored) == (1, 0)

        served.child("server").kill()
        served.hear("The Prefect server stopped unexpectedly")
        assert api.ends(api.begin("dispatch-nudges", DUE)) == ["COMPLETED"]
        assert counts(stored) == (1, 1)

        # The runner dies; half a day of runs is missed before the parent checks.
        served.process.send_signal(signal.SIGSTOP)
        served.child("spawn_main").kill()
        hours = range(1, 13)
        now = datetime.now(UTC)  # noqa: TID251  (Prefect's own clock)
        missed = [api.begin("tick", DUE, scheduled=now - timedelta(hours=h)) for h in hours]
        served.process.send_signal(signal.SIGCONT)
        served.hear("The runner stopped unexpectedly")
        assert sorted(api.ends(*missed)) == ["CANCELLED"] * 11 + ["COMPLETED"]
        assert api.state(missed[0]) == "COMPLETED", "the last missed run"
        assert counts(stored) == (1, 1)

        # Prefect loses its database.
        served.lines.clear()
        server = served.child("server")
        for path in home.glob("prefect.db*"):
            path.unlink()
        server.kill()
        served.hear("Registering them again")
        served.wait_for_deployments()
        assert api.ends(api.begin("dispatch-nudges", DUE)) == ["COMPLETED"]
        assert counts(stored) == (1, 1)
        assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    finally:
        served.close()
    assert served.process.returncode == 0, served.lines
    assert servers_on(api.port) == []


class Handler:
    """Records the Message-ID of each message."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(str(message_from_bytes(envelope.content)["Message-ID"]))
        return "250 OK"


@pytest.mark.whole
def test_two_workers_on_postgresql_share_the_work(prefect_server: Api, postgres: str, tmp_path: Path):
    from tests.conftest import new_database

    db = new_database(postgres)
    world.store(db, tmp_path / "trust", people=60, tasks=1)
    handler, api = Handler(), Runs(prefect_server.url)
    mail = Controller(handler, hostname="127.0.0.1", port=free_port(), ready_timeout=PATIENCE)
    mail.start()
    env = environment(
        tmp_path / "prefect",
        PREFECT_API_URL=api.url,
        CHANGEFLOW_DB=db,
        CHANGEFLOW_SMTP_URL=f"smtp://127.0.0.1:{mail.port}",
    )
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    processes: list[subprocess.Popen[str]] = []

    def start(*command: str, log: str) -> subprocess.Popen[str]:
        with (tmp_path / log).open("w") as out:
            process = subprocess.Popen([*prefect, *command], cwd=TOP, env=env, stdout=out, stderr=out, text=True)
        processes.append(process)
        return process

    def wait_for_worker(n: int, text: str) -> None:
        log = tmp_path / f"w{n}.log"
        wait_until(
            lambda: text in log.read_text(),
            what=lambda: f"“{text}” in {log.read_text()}",
            failed=lambda: ended(processes[n - 1]),
        )

    try:
        # These are the commands in docs/running.md.
        for command in (("work-pool", "create", "changeflow", "--type", "process"), ("deploy", "--all")):
            done = subprocess.run([*prefect, *command], cwd=TOP, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        for n in (1, 2):
            start("worker", "start", "--pool", "changeflow", "--limit", "1", "--name", f"w{n}", log=f"w{n}.log")
        for n in (1, 2):
            wait_for_worker(n, "started!")
        assert api.ends(api.begin("tick", "2027-01-11T08:05:00Z")) == ["COMPLETED"]
        expected = counts(db)[0]
        assert expected > 30
        # Neither run can read the outbox until both have started, so one worker cannot take both.
        with psycopg.connect(db) as connection:
            connection.execute("LOCK TABLE nudge, message IN ACCESS EXCLUSIVE MODE")
            runs = [api.begin("dispatch-nudges", "2027-01-11T09:00:00Z") for _ in range(2)]
            for run in runs:
                wait_until(lambda run=run: api.state(run) == "RUNNING", what="a run on each worker", pause=GLANCE)
        assert api.ends(*runs) == ["COMPLETED"] * 2
    finally:
        # All runs have ended. Kill the workers: one that is asked to stop might wait for a server that has gone.
        for process in processes:
            process.kill()
            process.wait()
        mail.stop()
        engine_for(db).dispose()
    assert len(handler.taken) == len(set(handler.taken)) == expected, "each message went once, by one of the workers"
    for n in (1, 2):
        assert "submitting flow run" in (tmp_path / f"w{n}.log").read_text(), f"worker {n} had nothing to do"
    shutil.rmtree(tmp_path / "prefect", ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
