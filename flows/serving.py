"""Run all flows on their schedules, or a single flow once, on this machine; start a local server if none is given."""

import asyncio
import importlib
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from changeflow.errors import InputError
from changeflow.usecases.scheduled import FLOWS
from changeflow.values.duration import counted
from changeflow.values.problem import check_known

STARTUP_SECONDS = 600
"""The longest wait for a server to start. A long limit costs nothing, because the wait ends as soon as the server
responds or exits."""
ANSWER_SECONDS = 30
"""The longest wait for one response while a server starts on a busy machine."""
STOP_SECONDS = 60
OURS: Mapping[str, str] = {
    # Prefect's own timeouts of a few seconds make runs fail on a busy disk.
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60",
    # No flow uses Prefect's blocks, and starting without them saves half a second.
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
}
"""Settings of our own server, unless the environment overrides them."""
Say = Callable[[str], None]

RUNNER_SECONDS = 30
"""How long a current run may take to finish when everything stops; the next run completes interrupted work."""
MOST_AT_ONCE = 200
"""The number of runs that a server lists in one response (its own default)."""
LOOK_EVERY = 10
"""Seconds between checks that the runner and the server are alive and know the flows."""


def serve_all(*, say: Say) -> None:
    """Serve every flow on its schedule until the process is stopped.

    The flows run in a separate process, the runner. It is restarted when it dies, and when Prefect has lost its
    deployments, because its database may be deleted at any time. Our own server is restarted when it dies.
    """
    # A supervisor such as systemd sends SIGTERM, and gets the same orderly stop as Ctrl+C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server_for(say=say) as (url, server):
        runner = _Runner()
        say(f"Serving {', '.join(FLOWS)}. Stop with Ctrl+C.")
        try:
            while True:
                time.sleep(LOOK_EVERY)
                if server is not None and server.revive(say=say):
                    continue  # give it time to respond before checking what it knows
                if not runner.is_alive():
                    say("The runner stopped unexpectedly. Restarting it.")
                elif runner.is_starting() or _knows_all(url):
                    continue
                else:
                    say("Prefect no longer knows the flows. Registering them again.")
                runner.end()
                runner = _Runner()
        except KeyboardInterrupt:
            say("Stopping.")
        finally:
            runner.end()


class _Runner:
    """The process that runs the flows. It reports once Prefect knows them all."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._reports, reports = context.Pipe(duplex=False)
        self._process = context.Process(target=serve_here, args=(reports,), name="runner")
        self._process.start()
        reports.close()
        self._began, self._is_ready = time.monotonic(), False

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def is_starting(self) -> bool:
        """Return whether it is still creating its deployments, which takes minutes on a busy machine."""
        self._is_ready = self._is_ready or self._reports.poll()
        return not self._is_ready and time.monotonic() - self._began < STARTUP_SECONDS

    def end(self) -> None:
        self._process.terminate()
        self._process.join(RUNNER_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._reports.close()


def serve_here(reports: Connection) -> None:
    """Catch up on missed runs once, create the deployments, and run flows in this process until it is stopped."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops this process
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    from prefect.exceptions import TerminationSignal
    from prefect.runner import Runner
    from prefect.schedules import Cron

    deployments = [
        _load(name).to_deployment(
            name=name, schedules=[Cron(cron, timezone="Europe/London", slug=name)], tags=["changeflow"]
        )
        for name, (_, _, cron) in FLOWS.items()
    ]
    asyncio.run(catch_up_once(datetime.now(UTC)))
    runner = Runner(pause_on_shutdown=False)
    for deployment in deployments:
        runner.add_deployment(deployment)
    reports.send("every deployment is created")
    # Prefect's own `serve` does the same, but cannot report when the deployments are created.
    with suppress(KeyboardInterrupt, TerminationSignal):
        asyncio.run(runner.start())


def _end_with(parent: int) -> None:
    """End this process when its parent has been killed, so that two runners do not duplicate work."""
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY / 2)
    os.kill(os.getpid(), signal.SIGTERM)


async def catch_up_once(now: datetime) -> int:
    """Keep the last missed run of each flow and cancel the others; return how many were cancelled.

    One run does everything that is due, so two days of missed runs need only one.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterName,
        FlowRunFilter,
        FlowRunFilterExpectedStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import State, StateType
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.states import Cancelled

    waiting = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=now),
    )
    cancelled = 0
    async with get_client() as client:
        for name in FLOWS:
            own = DeploymentFilter(name=DeploymentFilterName(any_=[name]))
            while True:
                missed = await client.read_flow_runs(
                    flow_run_filter=waiting, deployment_filter=own, sort=FlowRunSort.EXPECTED_START_TIME_DESC
                )
                for run in missed[1:]:
                    state: State[Any] = Cancelled(message="missed; the last missed run does all the work")
                    await client.set_flow_run_state(run.id, state, force=True)
                    cancelled += 1
                if len(missed) < MOST_AT_ONCE:
                    break
    return cancelled


def run_once(name: str, *, now: datetime, say: Say) -> Any:  # noqa: ANN401
    """Run one flow now and return its result; stop a server that was started for it."""
    check_known("flow", name, FLOWS)
    with local_server(say=say):
        return _load(name)(now=now)


def _knows_all(url: str) -> bool:
    """Return whether Prefect has all our deployments; assume that it has them if it does not respond."""
    request = Request(f"{url}/deployments/filter", data=b"{}", headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310  (the server's address)
            names = {deployment["name"] for deployment in json.load(answer)}
    except (OSError, ValueError):
        return True
    return names.issuperset(FLOWS)


def _load(name: str) -> Any:  # noqa: ANN401
    module, function, _ = FLOWS[name]
    return getattr(importlib.import_module(f"{__package__}.{module}"), function)


@contextmanager
def local_server(*, say: Say) -> Iterator[str]:
    """Use the server at PREFECT_API_URL, or run one on this machine for the duration of the block."""
    with server_for(say=say) as (url, _):
        yield url


@contextmanager
def server_for(*, say: Say) -> Iterator[tuple[str, "Server | None"]]:
    """Yield a server's address, and the server itself if it is our own."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    given = os.environ.get("PREFECT_API_URL")
    if given:
        yield given, None
        return
    server = Server(_free_port(), say=say)
    try:
        os.environ["PREFECT_API_URL"] = server.url
        yield server.url, server
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.stop()
        say("Stopped the Prefect server.")


class Server:
    """Our own Prefect server, on this machine."""

    def __init__(self, port: int, *, say: Say) -> None:
        # Prefect's database is separate from ours, and may be deleted at any time.
        os.environ.setdefault("PREFECT_HOME", str(Path(".prefect").resolve()))
        self.log = Path(os.environ["PREFECT_HOME"]) / "server.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.port, self.url = port, f"http://127.0.0.1:{port}/api"
        say(f"Starting a Prefect server at http://127.0.0.1:{port} (log: {self.log}) ...")
        self._process = self._start()

    def revive(self, *, say: Say) -> bool:
        """Restart it if it has died; return whether it had."""
        if self._process.poll() is None:
            return False
        say("The Prefect server stopped unexpectedly. Restarting it.")
        self._process = self._start()
        return True

    def stop(self) -> None:
        _stop(self._process)

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                [*command, "--no-ui"], env=OURS | os.environ, stdout=log, stderr=log, start_new_session=True
            )
        try:
            _wait_for(self.url, process, self.log)
        except BaseException:
            _stop(process)
            raise
        return process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise InputError(f"The Prefect server stopped while starting. See {log}.")
        try:
            with urlopen(f"{url}/health", timeout=ANSWER_SECONDS) as answer:  # noqa: S310  (an address that we made)
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.3)
    raise InputError(f"The Prefect server did not respond within {counted(STARTUP_SECONDS, 'second')}. See {log}.")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
