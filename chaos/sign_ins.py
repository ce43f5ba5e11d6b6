"""Many requests that use one sign-in link at once: exactly one of them begins a session, round after round."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Sequence
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
from chaos.workers import ask, start
from tests.waiting import PATIENCE

PERSON, EMAIL = "p0", "p0@example.org"
ENTERED, REFUSED = 303, 403
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
    """Requests with another answer than a session or a refusal."""
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


def sign_ins(databases: Databases, folder: Path, *, rounds: int, at_once: int) -> SignInVerdict:
    """Make a link, let many requests use it at once, and count who came in; again for each round."""
    db = databases.new("signins")
    ask(partial(world.store, db, folder / f"{databases.name}-sign-ins", people=2, tasks=1))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        server = start(serve, db, listening)
        try:
            ask(_invite, db)
            port, total = listening.getsockname()[1], SignInVerdict()
            for begun in range(0, rounds, BATCH):
                total.add(ask(_race, db, port, min(BATCH, rounds - begun), at_once))
            total.sessions_too_many = abs(ask(_sessions, db) - rounds)
            return total
        finally:
            server.kill()
            server.join()


def _invite(db: str) -> None:
    with session_scope(db) as session:
        invitations.invite(session, PROGRAMME, PERSON, EMAIL, at=NOW, by=PERSON)


def _sessions(db: str) -> int:
    """Return how many sessions links have begun."""
    with read_scope(db) as session:
        return session.exec(select(func.count()).where(col(SessionRow.how) == SignIn.LINK.value)).one()


def _race(db: str, port: int, rounds: int, at_once: int) -> SignInVerdict:
    return asyncio.run(_rounds(db, f"http://127.0.0.1:{port}", rounds, at_once))


async def _rounds(db: str, base: str, rounds: int, at_once: int) -> SignInVerdict:
    verdict, most = SignInVerdict(rounds=rounds), httpx.Limits(max_connections=at_once)
    async with httpx.AsyncClient(base_url=base, timeout=PATIENCE, limits=most) as client:
        page = await client.get("/sign-in")
        browser, form = client.cookies[BROWSER], re.findall(r'name="form" value="([0-9a-f]{64})"', page.text)[0]
    fields, headers = {"form": form}, {"Sec-Fetch-Site": "same-origin", "Cookie": f"{BROWSER}={browser}"}
    for number in range(rounds):
        # New each time: an idle connection may be closed, and no request may send the session of another.
        async with httpx.AsyncClient(base_url=base, timeout=PATIENCE, limits=most) as client:
            path = f"/sign-in/link/{_new_link(db, browser)}"
            sent = (client.post(path, data=fields, headers=headers) for _ in range(at_once))
            answers = Counter(answer.status_code for answer in await asyncio.gather(*sent))
        verdict.tries += at_once
        verdict.twice += answers[ENTERED] > 1
        verdict.locked_out += answers[ENTERED] == 0
        others = at_once - answers[ENTERED] - answers[REFUSED]
        verdict.refused += others
        if answers[ENTERED] != 1 or others:
            verdict.notes.append(f"round {number}: {dict(answers)}")
    return verdict


def _new_link(db: str, browser: str) -> str:
    token = new_token()
    with session_scope(db) as session:
        link = SignInLink(address=accounts.address_of(session, EMAIL), browser=browser, next="/")
        sign_in_links.add_link(session, token, link, at=NOW, until=NOW + LINK_LIFE)
    return token
