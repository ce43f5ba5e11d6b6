"""Run the flows on one machine: on their schedules, or one of them once. Starts a local server where none is given."""

import importlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from changeflow.errors import InputError, UnknownThingError

FLOWS: Mapping[str, tuple[str, str, str]] = {
    "tick": ("agenda_tick", "tick", "5 * * * *"),
    "dispatch-nudges": ("nudge", "dispatch_nudges", "*/10 7-18 * * *"),
    "weekly-sro-report": ("sro", "weekly_sro_report", "0 6 * * 1"),
    "portfolio-risk": ("risk", "portfolio_risk", "30 4 * * *"),
    "portfolio-waves": ("risk", "portfolio_waves", "0 5 * * 6"),
    "reinforcement-checkpoints": ("reinforcement", "reinforcement_checkpoints", "30 6 * * *"),
    "adkar-rounds": ("asks", "adkar_rounds", "35 6 * * *"),
    "pilot-checkpoints": ("asks", "pilot_checkpoints", "40 6 * * *"),
    "gate-requests": ("asks", "gate_requests", "45 6 * * *"),
    "health": ("asks", "health", "20 * * * *"),
}
"""Each flow's module, function and cron line in Europe/London, outside the early hours, when clocks change."""

STARTUP_SECONDS = 120
Say = Callable[[str], None]


def serve_all(*, say: Say) -> None:
    """Serve every flow on its schedule until the process is stopped."""
    with local_server(say=say):
        from prefect import serve
        from prefect.schedules import Cron

        deployments = [
            _load(name).to_deployment(
                name=name, schedules=[Cron(cron, timezone="Europe/London", slug=name)], tags=["changeflow"]
            )
            for name, (_, _, cron) in FLOWS.items()
        ]
        say(f"Serving {', '.join(FLOWS)}. Stop with Ctrl+C.")
        serve(*deployments, pause_on_shutdown=False)


def run_once(name: str, *, now: datetime, say: Say) -> Any:  # noqa: ANN401
    """Run one flow now and return its result; a server that was started for it is stopped."""
    if name not in FLOWS:
        raise UnknownThingError("flow", name, FLOWS)
    with local_server(say=say):
        result = _load(name)(now=now)
    say(f"{name}: {result}")
    return result


@contextmanager
def local_server(*, say: Say) -> Iterator[str]:
    """Use the server of PREFECT_API_URL, or start one on this machine for as long as the block lasts."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    given = os.environ.get("PREFECT_API_URL")
    if given:
        yield given
        return
    # Prefect's own database is another one than ours, and may be deleted at any time.
    os.environ.setdefault("PREFECT_HOME", str(Path(".prefect").resolve()))
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log_path = Path(os.environ["PREFECT_HOME"]) / "server.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    say(f"Starting a Prefect server at http://127.0.0.1:{port} (log: {log_path}) ...")
    with log_path.open("ab") as log:
        server = subprocess.Popen([*command, "--no-ui"], stdout=log, stderr=log, start_new_session=True)  # noqa: S603
    try:
        _wait_for(url, server, log_path)
        os.environ["PREFECT_API_URL"] = url
        yield url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        _stop(server)
        say("Stopped the Prefect server.")


def _load(name: str) -> Any:  # noqa: ANN401
    module, function, _ = FLOWS[name]
    return getattr(importlib.import_module(f"{__package__}.{module}"), function)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise InputError(f"The Prefect server stopped at once; {log} says why.")
        try:
            with urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310  (an address of our own making)
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.3)
    raise InputError(f"The Prefect server did not answer within {STARTUP_SECONDS} s; {log} says why.")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(timeout=15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
