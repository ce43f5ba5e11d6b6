"""Send requests to the pages of the small programme, one or many at once, and check what every response must have."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import html

from changeflow.storage import answers
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import session_scope
from changeflow.usecases.messages import digest_of
from changeflow.web.app import make_app
from changeflow.web.clients import Limits, Rate
from changeflow.web.guard import HEADERS
from tests.builders import SERVICE, a_folder
from tests.stored import store_once
from tests.waiting import PATIENCE

NOW = datetime(2027, 1, 8, 10, tzinfo=UTC)
OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
ANSWER, CHOOSE = "a" * 43, "u" * 43
PLENTY = Limits(per_address=Rate(burst=10_000, per_second=1), per_link=Rate(burst=10_000, per_second=1))


def store_links(db: str, trust: Path) -> str:
    """Store the small programme, with two links for the lead: one to answer, one to choose messages."""
    store_once(a_folder(trust, service=OWNED), db=db, actor="chief", now=NOW - timedelta(days=4))
    common = {"programme": "small", "person": "lead", "due_on": date(2027, 1, 8), "expires_at": NOW + timedelta(days=9),
              "used_at": None, "revoked_at": None}  # fmt: skip
    with session_scope(db) as session:
        links = {
            digest_of(ANSWER): AnswerLink(action="answer", subject="payroll/requirements", **common),
            digest_of(CHOOSE): AnswerLink(action="unsubscribe", subject="unsubscribe", **common),
        }
        answers.add_links(session, links, at=NOW)
    return db


Ask = Callable[..., httpx.Response]


def asking(db: str, **options: Any) -> Ask:
    """Return a function that sends one request to the application."""
    app = make_app(db, clock=lambda: NOW, **{"limits": PLENTY, **options})

    def ask(method: str, path: str, *, client: str = "127.0.0.1", **more: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app, client=(client, 4711))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as browser:
                return await browser.request(method, path, **more)

        return asyncio.run(go())

    return ask


def at_once(db: str, count: int, method: str, path: str, **more: Any) -> list[httpx.Response]:
    app = make_app(db, clock=lambda: NOW, **{"limits": PLENTY, **more.pop("options", {})})

    async def go() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", timeout=PATIENCE
        ) as browser:
            return await asyncio.gather(*(browser.request(method, path, **more) for _ in range(count)))

    return asyncio.run(go())


def title(response: httpx.Response) -> str:
    return str(html.fromstring(response.text).xpath("string(//h1)"))


def ours(caplog: pytest.LogCaptureFixture) -> str:
    """Return what the server has logged, without the log of these tests' own browser."""
    return "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore")))


def assert_is_guarded(response: httpx.Response) -> None:
    for name, value in HEADERS.items():
        assert response.headers.get(name) == value, (response.status_code, name)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Iterator[None]:
    """Make every use case that a page calls fail."""

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        for where, names in {
            "link_answers": ("question_of", "answer", "undo", "correct_day", "choice_of", "switch_optional"),
            "calendar_feeds": ("new_feed", "feed_of"),
            "monitoring": ("troubles", "metrics"),
        }.items():
            for name in names:
                patched.setattr(f"changeflow.usecases.{where}.{name}", fail)
        yield


ROUTES = [
    ("GET", f"/a/{ANSWER}"),
    ("POST", f"/a/{ANSWER}"),
    ("POST", f"/a/{ANSWER}/undo"),
    ("GET", f"/u/{CHOOSE}"),
    ("POST", f"/u/{CHOOSE}"),
    ("POST", f"/u/{CHOOSE}/calendar"),
    ("GET", f"/c/{CHOOSE}.ics"),
    ("GET", "/health"),
    ("GET", "/metrics"),
]


def raw(app: Any, method: str, target: str) -> tuple[int, dict[str, str], bytes]:
    """Send a request with its address exactly as written, because a client library would correct it."""
    sent = sent_to(app, method, target, [{"type": "http.request", "body": b"", "more_body": False}])
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])


def sent_to(app: Any, method: str, target: str, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send a request as these ASGI messages; return the messages of the response."""
    from urllib.parse import unquote

    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent
