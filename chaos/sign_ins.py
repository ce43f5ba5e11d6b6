"""Many requests that use one sign-in link at once: exactly one of them begins a session, round after round.

They go to two servers of one database, so that the database decides which of them is first. Requests are bytes on plain
sockets: a client library opened its connections long before it sent anything, and on a busy machine the server closed
them, as it closes all that stay silent for ten seconds.
"""

import re
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

import httpx
from sqlmodel import col, func, select

from changeflow.storage import accounts, invitations, sign_in_links
from changeflow.storage.accounts import SignIn
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.sign_in_links import SignInLink
from changeflow.storage.tables.accounts import SessionRow
from changeflow.usecases.accounts import LINK_LIFE, new_token
from changeflow.web.security import BROWSER
from chaos import world
from chaos.databases import Databases
from chaos.edits import NOW, PROGRAMME, serve
from chaos.workers import ask, kill, start
from tests.waiting import PATIENCE

PERSON, EMAIL = "p0", "p0@example.org"
ENTERED, REFUSED = 303, 403
SERVERS = 2
BATCH = 50
"""Rounds that one process of clients runs, which must end in time."""


@dataclass(slots=True)
class SignInVerdict:
    """The result of a run; every number from `twice` on should be 0."""

    COLUMNS: ClassVar[Sequence[str]] = ("rounds", "tries", "twice", "locked_out", "refused", "sessions_too_many")
    rounds: int = 0
    tries: int = 0
    twice: int = 0
    """Rounds in which more than one request began a session."""
    locked_out: int = 0
    """Rounds in which no request began a session."""
    refused: int = 0
    """Requests with another answer than a session or a refusal, or with none."""
    sessions_too_many: int = 0
    """Sessions in the database beyond one for each round, or missing."""
    notes: list[str] = field(default_factory=list)

    def add(self, other: "SignInVerdict") -> None:
        for name in self.COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.notes += other.notes

    @property
    def is_well(self) -> bool:
        return self.rounds > 0 and not any(getattr(self, name) for name in self.COLUMNS[2:])


def sign_ins(
    databases: Databases, folder: Path, *, rounds: int, at_once: int, say: Callable[[str], None] = lambda _: None
) -> SignInVerdict:
    """Make a link, let many requests use it at once, and count who came in; again for each round."""
    db = databases.new("signins")
    ask(partial(world.store, db, folder / f"{databases.name}-sign-ins", people=2, tasks=1))
    with ExitStack() as running:
        listening = [running.enter_context(_listening()) for _ in range(SERVERS)]
        for each in listening:
            running.callback(kill, start(serve, db, each))
        ask(_invite, db)
        ports, total = [each.getsockname()[1] for each in listening], SignInVerdict()
        for begun in range(0, rounds, BATCH):
            total.add(ask(_race, db, ports, range(begun, min(begun + BATCH, rounds)), at_once))
            say(f"{databases.name}: {total.rounds:,} of {rounds:,} links, {total.tries:,} tries ...")
        total.sessions_too_many = abs(ask(_sessions, db) - rounds)
        return total


def _listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=512)


def _invite(db: str) -> None:
    with session_scope(db) as session:
        invitations.invite(session, PROGRAMME, PERSON, EMAIL, at=NOW, by=PERSON)


def _sessions(db: str) -> int:
    """Return how many sessions links have begun."""
    with read_scope(db) as session:
        return session.exec(select(func.count()).where(col(SessionRow.how) == SignIn.LINK.value)).one()


def _race(db: str, ports: Sequence[int], numbers: Sequence[int], at_once: int) -> SignInVerdict:
    verdict = SignInVerdict(rounds=len(numbers), tries=len(numbers) * at_once)
    page = httpx.get(f"http://127.0.0.1:{ports[0]}/sign-in", timeout=PATIENCE)
    browser, form = page.cookies[BROWSER], re.findall(r'name="form" value="([0-9a-f]{64})"', page.text)[0]
    for number in numbers:
        answers = _send(ports, _request(_new_link(db, browser), browser, form), at_once)
        others = at_once - answers[ENTERED] - answers[REFUSED]
        verdict.twice += answers[ENTERED] > 1
        verdict.locked_out += answers[ENTERED] == 0
        verdict.refused += others
        if answers[ENTERED] != 1 or others:
            verdict.notes.append(f"round {number}: {dict(answers)}")
    return verdict


def _request(link: str, browser: str, form: str) -> bytes:
    """Return the request of a browser whose person presses the button of a sign-in link."""
    body = f"form={form}"
    lines = (
        f"POST /sign-in/link/{link} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "Sec-Fetch-Site: same-origin",
        f"Cookie: {BROWSER}={browser}",
    )
    return "\r\n".join((*lines, "", body)).encode()


def _send(ports: Sequence[int], request: bytes, at_once: int) -> Counter[int]:
    """Send a request many times at once, to the servers in turn; count the answers by status, 0 for none."""
    with ExitStack() as lines:
        opened = [
            lines.enter_context(closing(socket.create_connection(("127.0.0.1", ports[n % len(ports)]), PATIENCE)))
            for n in range(at_once)
        ]
        for line in opened:
            line.sendall(request)
        return Counter(_status(line) for line in opened)


def _status(line: socket.socket) -> int:
    try:
        with line.makefile("rb") as answer:
            first = answer.readline()
            answer.read()
    except ConnectionError:
        return 0
    return int(first.split()[1]) if first else 0


def _new_link(db: str, browser: str) -> str:
    token = new_token()
    with session_scope(db) as session:
        link = SignInLink(address=accounts.address_of(session, EMAIL), browser=browser, next="/")
        sign_in_links.add_link(session, token, link, at=NOW, until=NOW + LINK_LIFE)
    return token
