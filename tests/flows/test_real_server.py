"""A real Prefect server, runner and workers that are killed, forgotten and late: the state is right afterwards.

The small programme's requirements are due on Friday 8 January 2027; the clock of each run is a parameter of it.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import psutil
import pytest
from aiosmtpd.controller import Controller
from sqlmodel import select

from changeflow.cli.flows import NAMES
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.tables.agenda import DueRow, MessageRow
from changeflow.usecases import apply as storing
from chaos import world
from tests.builders import SERVICE, a_folder

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("prefect")]
TOP = Path(__file__).resolve().parents[2]
DUE = "2027-01-08T09:00:00Z"


class Api:
    """What a test asks of a Prefect server."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api"

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = json.dumps(body or {}).encode()
        request = urllib.request.Request(self.url + path, data=data, headers={"Content-Type": "application/json"})
        for _ in range(40):
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return json.load(answer)
            except HTTPError as error:
                if error.code != 503:  # its database is busy
                    raise
                time.sleep(0.25)
        raise AssertionError(f"{path} is busy all the time")

    def deployments(self) -> dict[str, str]:
        """Return each deployment's id by its name; nothing while the server does not answer."""
        try:
            return {d["name"]: d["id"] for d in self.ask("/deployments/filter")}
        except OSError:
            return {}

    def begin(self, name: str, now: str, *, scheduled: datetime | None = None) -> str:
        """Ask for a run of a flow; its clock stands at `now`."""
        assert wait_for(lambda: name in self.deployments(), 120), "the server is not back"
        deployment = self.deployments()[name]
        at = (scheduled or datetime.now(UTC)).isoformat()  # noqa: TID251  (Prefect's own clock)
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": at}}
        return self.ask(f"/deployments/{deployment}/create_flow_run", {"parameters": {"now": now}, "state": state})[
            "id"
        ]

    def state(self, run: str) -> str:
        with urllib.request.urlopen(f"{self.url}/flow_runs/{run}", timeout=20) as answer:
            return str(json.load(answer)["state_type"])

    def ends(self, *runs: str) -> list[str]:
        """Wait until runs have ended; return how."""
        ended = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
        wait_for(lambda: all(self.state(run) in ended for run in runs), 120)
        return [self.state(run) for run in runs]


class Served:
    """`changeflow flows serve`, with a server of its own, and what it says."""

    def __init__(self, db: str, home: Path) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        env |= {"PREFECT_HOME": str(home), "CHANGEFLOW_OUTBOX": str(home.parent / "outbox")}
        env |= {"PREFECT_LOGGING_LEVEL": "WARNING", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
        command = [sys.executable, "-m", "changeflow", "flows", "serve", "--db", db]
        self.process = subprocess.Popen(
            command, cwd=TOP, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        self.lines: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.hears("Serving "), self.lines
        port = re.search(r"Prefect server at http://127\.0\.0\.1:(\d+)", "\n".join(self.lines))
        assert port is not None
        self.api = Api(int(port[1]))
        assert wait_for(lambda: self.api.deployments().keys() == set(NAMES))

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    def hears(self, text: str, seconds: int = 90) -> bool:
        return wait_for(lambda: any(text in line for line in self.lines), seconds)

    def child(self, of: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(c for c in children if of in " ".join(c.cmdline()))

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        finally:
            for child in (
                psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else ()
            ):
                child.kill()
            self.process.kill()


def wait_for(is_true: Callable[[], bool], seconds: int = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.3)
    return False


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[str]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    storing.apply(
        a_folder(tmp_path / "trust", service=service), db=url, actor="chief", now=datetime(2027, 1, 4, 9, tzinfo=UTC)
    )
    yield url
    engine_for(url).dispose()


def counts(db: str) -> tuple[int, int]:
    """Things due, and messages that went."""
    with session_scope(db) as session:
        sent = [m for m in session.exec(select(MessageRow)) if m.state == "sent"]
        return len(session.exec(select(DueRow)).all()), len(sent)


def test_server_and_runner_are_killed_the_database_is_deleted_and_runs_were_missed(stored: str, tmp_path: Path):
    home = tmp_path / "prefect"
    served = Served(stored, home)
    api = served.api
    try:
        assert api.ends(api.begin("tick", DUE)) == ["COMPLETED"]
        assert counts(stored) == (1, 0)

        served.child("server").kill()
        assert served.hears("The Prefect server had died"), served.lines
        assert api.ends(api.begin("dispatch-nudges", DUE)) == ["COMPLETED"]
        assert counts(stored) == (1, 1)

        # The runner dies; two days of runs are missed until somebody looks.
        served.process.send_signal(signal.SIGSTOP)
        served.child("spawn_main").kill()
        hours = range(1, 49)
        now = datetime.now(UTC)  # noqa: TID251  (Prefect's own clock)
        missed = [api.begin("tick", DUE, scheduled=now - timedelta(hours=h)) for h in hours]
        served.process.send_signal(signal.SIGCONT)
        assert served.hears("The runner had died"), served.lines
        assert sorted(api.ends(*missed)) == ["CANCELLED"] * 47 + ["COMPLETED"]
        assert api.state(missed[0]) == "COMPLETED", "the last one that was missed"
        assert counts(stored) == (1, 1)

        # Prefect forgets everything it knew.
        served.lines.clear()
        server = served.child("server")
        for path in home.glob("prefect.db*"):
            path.unlink()
        server.kill()
        assert served.hears("told to it anew", 120), served.lines
        assert wait_for(lambda: api.deployments().keys() == set(NAMES))
        assert api.ends(api.begin("tick", DUE), api.begin("dispatch-nudges", DUE)) == ["COMPLETED"] * 2
        assert counts(stored) == (1, 1)
        assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    finally:
        served.close()


class Handler:
    """Writes down the Message-ID of everything it takes."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(str(message_from_bytes(envelope.content)["Message-ID"]))
        time.sleep(0.05)
        return "250 OK"


def test_two_workers_on_postgresql_share_the_work(postgres: str, tmp_path: Path):
    from tests.conftest import new_database

    db = new_database(postgres)
    world.store(db, tmp_path / "trust", people=60, tasks=1)
    handler, port = Handler(), free_port()
    mail = Controller(handler, hostname="127.0.0.1", port=free_port(), ready_timeout=30)
    mail.start()
    env = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")} | {
        "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1",
        "CHANGEFLOW_DB": db, "CHANGEFLOW_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
    }  # fmt: skip
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    processes: list[subprocess.Popen[str]] = []

    def start(*command: str, log: str) -> None:
        out = (tmp_path / log).open("w")
        processes.append(subprocess.Popen([*prefect, *command], cwd=TOP, env=env, stdout=out, stderr=out, text=True))

    api = Api(port)
    try:
        start("server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui", log="server.log")
        assert wait_for(lambda: answers(f"{api.url}/health"), 120)
        # The very commands of docs/running.md.
        for command in (("work-pool", "create", "changeflow", "--type", "process"), ("deploy", "--all")):
            done = subprocess.run([*prefect, *command], cwd=TOP, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        for n in (1, 2):
            start("worker", "start", "--pool", "changeflow", "--limit", "1", "--name", f"w{n}", log=f"w{n}.log")
        assert api.ends(api.begin("tick", "2027-01-11T08:05:00Z")) == ["COMPLETED"]
        expected = counts(db)[0]
        assert expected > 30
        runs = [api.begin("dispatch-nudges", "2027-01-11T09:00:00Z") for _ in range(2)]
        assert api.ends(*runs) == ["COMPLETED"] * 2
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(60)
        mail.stop()
        engine_for(db).dispose()
    assert len(handler.taken) == len(set(handler.taken)) == expected, "each message went once, by whichever worker"
    for n in (1, 2):
        assert "submitting flow run" in (tmp_path / f"w{n}.log").read_text(), f"worker {n} had nothing to do"
    shutil.rmtree(tmp_path / "prefect", ignore_errors=True)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
