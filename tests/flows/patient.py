"""Prefect settings and helpers for tests: long timeouts for a slow machine, and frequent checks."""

import http.client
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.waiting import PATIENCE, wait_until

GLANCE = 0.3
"""Seconds between two requests to a server, which needs about a twentieth of that for an answer."""
PREFECT: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_DATABASE_TIMEOUT": f"{PATIENCE:g}",
    "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": f"{PATIENCE:g}",
    "PREFECT_API_REQUEST_TIMEOUT": f"{PATIENCE:g}",
    # Runs begin only when a test requests one. Scheduled runs would use the real date.
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    # No test looks at late runs, events, triggers or the state of work pools, which the server keeps track of.
    **{
        f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false"
        for service in ("LATE_RUNS", "EVENT_PERSISTER", "TRIGGERS", "FOREMAN", "PAUSE_EXPIRATIONS", "REPOSSESSOR")
    },
    # Nor at what runs log, which they send to the server.
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    # Seconds between two checks for runs, instead of ten.
    "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
}
DASK: Mapping[str, str] = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": f"{PATIENCE:g}s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": f"{PATIENCE:g}s",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": f"{PATIENCE:g}s",
}


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process that starts or uses its own server."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    return env | PREFECT | {"PREFECT_HOME": str(home)} | more


class Api:
    """A Prefect server's API. A request waits while the server is down or busy."""

    def __init__(self, url: str) -> None:
        self.url, self.port = url, int(url.split(":")[2].split("/")[0])

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        data = json.dumps(body).encode()
        return self._answer(
            urllib.request.Request(self.url + path, data=data, headers={"Content-Type": "application/json"})
        )

    def state(self, run: str) -> str:
        return str(self._answer(urllib.request.Request(f"{self.url}/flow_runs/{run}"))["state_type"])

    def is_up(self) -> bool:
        return self._try(urllib.request.Request(f"{self.url}/health")) is not None

    def _answer(self, request: urllib.request.Request) -> Any:
        return wait_until(lambda: self._try(request), what=f"an answer from {request.full_url}", pause=GLANCE)[0]

    def _try(self, request: urllib.request.Request) -> tuple[Any] | None:
        """Return the answer, or None if nothing listens, the connection breaks or the server's database is busy."""
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return (json.load(answer),)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
            return None
        except (OSError, http.client.HTTPException):
            return None

    def deployments(self) -> set[str]:
        """Return the deployments' names. This takes the server long, so wait for their count first."""
        return {d["name"] for d in self.ask("/deployments/filter", {})}

    def deployment(self, name: str) -> str | None:
        """Return the id of a deployment."""
        wanted = {"deployments": {"name": {"any_": [name]}}}
        return next((str(d["id"]) for d in self.ask("/deployments/filter", wanted)), None)


def servers_on(port: int) -> list[psutil.Process]:
    """Return the Prefect servers that were started for a port, which another program may use by now."""
    words = ("prefect", "server", "start", "--port", str(port))

    def is_one(process: psutil.Process) -> bool:
        try:
            return set(words) <= set(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    return [p for p in psutil.process_iter() if is_one(p)]


def ended(process: "subprocess.Popen[Any]") -> str:
    """Return why a process has ended, or an empty text while it runs."""
    code = process.poll()
    return "" if code is None else f"the process ended with {code}"
