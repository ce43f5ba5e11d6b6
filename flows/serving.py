"""Run the flows on one machine: on their schedules, or one of them once. Starts a local server where none is given."""

import asyncio
import importlib
import json
import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any
from urllib.request import Request, urlopen

from changeflow.usecases.scheduled import FLOWS
from changeflow.values.known import check_known

try:
    from flows.server import STARTUP_SECONDS, Say, local_server, server_for
except ModuleNotFoundError:  # in the wheel, flows are a part of changeflow
    from changeflow.flows.server import (  # type: ignore[import-not-found, no-redef]
        STARTUP_SECONDS,
        Say,
        local_server,
        server_for,
    )

RUNNER_SECONDS = 30
"""For a run that is at work to end when all is stopped; what is cut off goes on the next time."""
MOST_AT_ONCE = 200
"""Runs that a server lists in one answer (its own default)."""
TAG = "changeflow"
"""Of the deployments that are ours."""
LOOK_EVERY = 10
"""Seconds between looks at whether runner and server are alive, and know the flows."""


def serve_all(*, say: Say) -> None:
    """Serve every flow on its schedule until the process is stopped.

    The flows run in a process of their own, the runner. It is begun anew when it dies, and when Prefect has lost its
    deployments, for its database may be deleted at any moment; so is a server of our own when it dies.
    """
    # A supervisor such as systemd asks with SIGTERM, and gets the same orderly end as Ctrl+C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server_for(say=say) as (url, server):
        runner = _Runner()
        say(f"Serving {', '.join(FLOWS)}. Stop with Ctrl+C.")
        try:
            while True:
                time.sleep(LOOK_EVERY)
                if server is not None and server.revive(say=say):
                    continue  # what it knows is looked at when it has had time to answer
                if not runner.is_alive():
                    say("The runner had died, and has been started again.")
                elif runner.is_starting() or _knows_all(url):
                    continue
                else:
                    say("Prefect no longer knows the flows: they are registered again.")
                runner.end()
                runner = _Runner()
        except KeyboardInterrupt:
            say("Stopping.")
        finally:
            runner.end()


class _Runner:
    """The process that runs the flows. It reports when Prefect knows them all."""

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
        """Tell whether it is still making its deployments: on a busy machine that takes minutes, not seconds."""
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
    """Catch up what was missed once, make the deployments, and run flows in this process until it is stopped."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when it is over
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    from prefect.exceptions import TerminationSignal
    from prefect.runner import Runner
    from prefect.schedules import Cron

    deployments = [
        _load(name).to_deployment(name=name, schedules=[Cron(cron, timezone="Europe/London", slug=name)], tags=[TAG])
        for name, (_, _, cron) in FLOWS.items()
    ]
    asyncio.run(catch_up_once(datetime.now(UTC)))
    runner = Runner(pause_on_shutdown=False)
    for deployment in deployments:
        runner.add_deployment(deployment)
    reports.send("every deployment is made")
    # As Prefect's own `serve` does, which cannot say when it has made the deployments.
    with suppress(KeyboardInterrupt, TerminationSignal):
        asyncio.run(runner.start())


def _end_with(parent: int) -> None:
    """End this process when its parent has been killed: two runners would do everything twice, for nothing."""
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY / 2)
    os.kill(os.getpid(), signal.SIGTERM)


async def catch_up_once(now: datetime) -> int:
    """Of the runs that nobody began in time, keep each flow's last and cancel the others; return how many those were.

    A run does everything that is due, however long nobody ran: two days of missed runs need one.
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
                    state: State[Any] = Cancelled(message="missed; the last one that was missed does it all")
                    await client.set_flow_run_state(run.id, state, force=True)
                    cancelled += 1
                if len(missed) < MOST_AT_ONCE:
                    break
    return cancelled


def run_once(name: str, *, now: datetime, say: Say) -> Any:  # noqa: ANN401
    """Run one flow now and return its result; a server that was started for it is stopped."""
    check_known("flow", name, FLOWS)
    with local_server(say=say):
        result = _load(name)(now=now)
    say(f"{name}: {result}")
    return result


def _knows_all(url: str) -> bool:
    """Tell whether Prefect has all our deployments; where it does not answer, it is not asked to."""
    # A count takes Prefect a tenth of the time that the deployments themselves do.
    own = {"deployments": {"name": {"any_": list(FLOWS)}, "tags": {"all_": [TAG]}}}
    body, kind = json.dumps(own).encode(), {"Content-Type": "application/json"}
    request = Request(f"{url}/deployments/count", data=body, headers=kind)  # noqa: S310
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310  (the server's address)
            return int(json.load(answer)) >= len(FLOWS)
    except (OSError, ValueError):
        return True


def _load(name: str) -> Any:  # noqa: ANN401
    module, function, _ = FLOWS[name]
    return getattr(importlib.import_module(f"{__package__}.{module}"), function)
