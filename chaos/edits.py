"""People who edit at once through HTTP, while the server is killed: no acknowledged edit is lost, none counts twice.

Each person opens a task's page, checks a report of progress and saves it, or writes a comment. Every report of a task
differs from the one before, so each that is acknowledged is exactly one row.
"""

import json
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from html import unescape
from pathlib import Path
from typing import ClassVar

import httpx
from sqlmodel import col, select

from changeflow.programme.dates import dates_of
from changeflow.storage import audit, versions
from changeflow.storage.database import read_scope
from changeflow.storage.tables.facts import CommentRow, ProgressRow
from changeflow.usecases.accounts import sign_in_by_provider
from changeflow.usecases.stored import load
from changeflow.web.app import make_app
from changeflow.web.clients import Limits, Rate
from changeflow.web.security import SESSION
from changeflow.web.server import server_for
from chaos import world
from chaos.databases import Databases
from chaos.workers import ask, start
from tests.waiting import PATIENCE, PAUSE

PROGRAMME, PEOPLE, DAY = "chaos", 12, date(2027, 1, 18)
NOW = world.morning(DAY)
STARTED = "11/1/2027"
MOST_CLIENTS = 50
PLENTY = Limits(per_address=Rate(burst=10**6, per_second=10**6), at_once=400)
TRIES = 200
"""How often a client repeats a request that no one answered."""


@dataclass(slots=True)
class EditVerdict:
    """The result of a run; every number from `lost` on should be 0."""

    COLUMNS: ClassVar[Sequence[str]] = ("edits", "kills", "stale", "unknown", "lost", "invented", "one_sided",
                                        "refused", "different", "audit_faults")  # fmt: skip
    edits: int = 0
    """Edits that the server acknowledged."""
    kills: int = 0
    stale: int = 0
    """Saves that came too late, and were answered with both versions."""
    unknown: int = 0
    """Saves without an answer, because the server was killed: they may have been made or not."""
    lost: int = 0
    invented: int = 0
    """Rows that no one sent, or more of them than were sent: an edit that counts twice."""
    one_sided: int = 0
    """Stale saves whose answer lacked the person's own entry or the other's."""
    refused: int = 0
    """Requests with another answer than expected."""
    different: int = 0
    """Tasks whose replayed history gives another state or date than the server's."""
    audit_faults: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        return self.edits > 0 and not any(getattr(self, name) for name in self.COLUMNS[4:])


@dataclass(slots=True)
class Seen:
    """What one client did and was noted."""

    acknowledged: list[str] = field(default_factory=list)
    """`task|days left`, or a comment's text."""
    tried: int = 0
    unknown: list[str] = field(default_factory=list)
    stale: int = 0
    one_sided: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def edits(
    databases: Databases,
    folder: Path,
    *,
    clients: int,
    each: int,
    kill_every: float | None,
    seed: int,
    say: Callable[[str], None],
) -> EditVerdict:
    """Let clients edit, kill the server now and then, and compare the database with what the clients were told."""
    db = databases.new("edits")
    ask(partial(world.store, db, folder / f"{databases.name}-edited", people=PEOPLE, tasks=1))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        port = listening.getsockname()[1]
        noted = folder / f"{databases.name}-noted.json"
        server = start(serve, db, listening)
        crowd = start(_crowd, db, port, clients, each, seed, noted, say)
        kills, chance = 0, random.Random(seed)
        pause = kill_every or PATIENCE
        while crowd.is_alive():
            crowd.join(chance.uniform(pause / 2, pause))
            if crowd.is_alive() and kill_every is not None:
                server.kill()
                server.join()
                kills += 1
                server = start(serve, db, listening)
        server.kill()
        server.join()
    if crowd.exitcode != 0:
        raise AssertionError(f"the clients ended with {crowd.exitcode}")
    verdict = ask(_judge, db, [Seen(**one) for one in json.loads(noted.read_text())])
    verdict.kills = kills
    return verdict


def serve(db: str, listening: socket.socket) -> None:
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server_for(make_app(db, clock=lambda: NOW, limits=PLENTY, base_url=base), base_url=base).run(sockets=[listening])


def _crowd(db: str, port: int, clients: int, each: int, seed: int, noted: Path, say: Callable[[str], None]) -> None:
    people = [f"p{n % PEOPLE}" for n in range(clients)]
    tokens = [_signed_in(db, person) for person in people]
    seen = [Seen() for _ in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        left = {
            pool.submit(_edit, port, tokens[n], n, each, random.Random(seed * 1000 + n), seen[n])
            for n in range(clients)
        }
        while left:
            ended, left = wait(left, timeout=PATIENCE, return_when=FIRST_EXCEPTION)
            for one in ended:
                one.result()
            say(f"  {sum(one.tried for one in seen):,} of {clients * each:,} edits")
    noted.write_text(json.dumps([{name: getattr(one, name) for name in Seen.__slots__} for one in seen]))


def _signed_in(db: str, person: str) -> str:
    email = f"{person}@example.org"
    return sign_in_by_provider("https://provider", person, email, kind="", next_page="/", db=db, now=NOW).token


def _edit(port: int, token: str, number: int, each: int, chance: random.Random, seen: Seen) -> None:
    """Make edits until there are enough, acknowledged, stale or unknown, and note them in `seen`."""
    reports = Counter[str]()
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=base, cookies={SESSION: token}, timeout=PATIENCE) as client:
        for edit in range(each):
            seen.tried = edit
            task = f"programme/t{chance.randrange(PEOPLE)}-0"
            if chance.random() < 0.5:
                _comment(client, task, f"Client {number}, edit {edit}", seen)
            else:
                # Never as before, because the same report again is no new row.
                reports[task] += 1
                _report(client, task, 1 + number + MOST_CLIENTS * (reports[task] % 4), seen, chance)
    seen.tried = each


def _comment(client: httpx.Client, task: str, text: str, seen: Seen) -> None:
    page = _get(client, f"/p/{PROGRAMME}/plan/{task}")
    answer = _post(client, f"/p/{PROGRAMME}/comments/{task}", page, {"text": text})
    if answer is None:
        seen.unknown.append(text)
    elif answer.status_code == 303:
        seen.acknowledged.append(text)
    else:
        seen.refused.append(f"{answer.status_code} to a comment: {_words(answer)}")


def _report(client: httpx.Client, task: str, left: int, seen: Seen, chance: random.Random) -> None:
    path, edit = f"/p/{PROGRAMME}/plan/{task}", f"{task}|{left}"
    typed = {"status": "started", "day": STARTED, "left": str(left)}
    page = _get(client, path)
    checked = _post(client, path, page, {**typed, "seen": _hidden(page, "seen")})
    if checked is None or checked.status_code == 409:
        if checked is not None:
            _note_stale(checked, left, edit, seen)
        return
    if checked.status_code != 200:
        seen.refused.append(f"{checked.status_code} to a check: {_words(checked)}")
        return
    known = {name: _hidden(checked, name) for name in ("seen", "effect", "checked")}
    form = {**typed, **known, "step": "save"}
    saved = _post(client, path, checked, form)
    if saved is None:
        seen.unknown.append(edit)
    elif saved.status_code == 303:
        seen.acknowledged.append(edit)
        if chance.random() < 0.2:
            _post(client, path, checked, form)  # a double click
    elif saved.status_code == 409:
        _note_stale(saved, left, edit, seen)
    else:
        seen.refused.append(f"{saved.status_code} to a save: {_words(saved)}")


def _note_stale(answer: httpx.Response, left: int, edit: str, seen: Seen) -> None:
    """Look for both versions in the answer: the own entry in the form, the other's among what was recorded."""
    seen.stale += 1
    others = {int(n) for n in re.findall(r"(\d+) (?:working )?days? left", unescape(answer.text))}
    if f'value="{left}"' not in answer.text or not others:
        seen.one_sided.append(f"{edit}: {_words(answer)}")


def _get(client: httpx.Client, path: str) -> httpx.Response:
    for _ in range(TRIES):
        try:
            answer = client.get(path)
        except httpx.TransportError:
            time.sleep(PAUSE * 10)
            continue
        if answer.status_code == 200:
            return answer
        time.sleep(PAUSE * 10)
    raise AssertionError(f"{path} did not open: {answer.status_code}")


def _post(client: httpx.Client, path: str, page: httpx.Response, form: Mapping[str, str]) -> httpx.Response | None:
    """Send a form; None if the server died before it answered. A server that says it is busy is asked again."""
    fields = {"form": _hidden(page, "form"), **form}
    for _ in range(TRIES):
        try:
            answer = client.post(path, data=fields, headers={"Sec-Fetch-Site": "same-origin"})
        except httpx.ConnectError:
            time.sleep(PAUSE * 10)
            continue
        except httpx.TransportError:
            return None
        if answer.status_code not in (429, 503):
            return answer
        time.sleep(PAUSE * 10)
    raise AssertionError(f"{path} was never accepted")


def _hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    return found[1] if found else ""


def _words(answer: httpx.Response) -> str:
    """Return what an answer says is wrong, or how it begins."""
    banner = answer.text.partition('role="alert">')[2] or answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", banner).split())[:200]


def _judge(db: str, noted: Sequence[Seen]) -> EditVerdict:
    """Compare the database with what the clients were told, and replay its history."""
    acknowledged = Counter(edit for one in noted for edit in one.acknowledged)
    unknown = Counter(edit for one in noted for edit in one.unknown)
    with read_scope(db) as session:
        programme = load(session, PROGRAMME, on=DAY).programme
        reports = [(r.task, r.remaining) for r in session.exec(select(ProgressRow).order_by(col(ProgressRow.id)))]
        rows = Counter(f"{task}|{(left or 0) // programme.minutes_per_day}" for task, left in reports)
        rows += Counter(session.exec(select(CommentRow.text)).all())
        faults = audit.examine(session).faults
        forecast = versions.forecasts(session, PROGRAMME, last=1)[-1].dates
    replayed = dict(reports)
    stored = {task: p.remaining.amount if p.remaining else None for task, p in programme.facts.progress.items()}
    dates = dates_of(programme)
    lost, invented = acknowledged - rows, rows - acknowledged - unknown
    verdict = EditVerdict(
        edits=acknowledged.total(),
        stale=sum(one.stale for one in noted),
        unknown=unknown.total(),
        lost=lost.total(),
        invented=invented.total(),
        one_sided=sum(len(one.one_sided) for one in noted),
        refused=sum(len(one.refused) for one in noted),
        different=sum(replayed.get(t) != stored.get(t) for t in replayed.keys() | stored.keys())
        + sum(dates[t] != forecast.get(t) for t in dates),
        audit_faults=len(faults),
    )
    verdict.notes += [f"lost: {edit}" for edit in lost] + [f"too often: {edit}" for edit in invented]
    verdict.notes += [f"audit: {fault.number}: {fault.what}" for fault in faults]
    verdict.notes += [note for one in noted for note in (*one.one_sided, *one.refused)]
    return verdict
