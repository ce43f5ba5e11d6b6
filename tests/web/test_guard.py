"""What every request passes: limits, checks, headers on every answer, and a page for every failure."""

import asyncio
import io
import json
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import html
from sqlalchemy import update
from sqlmodel import select

from changeflow import logs
from changeflow.errors import DatabaseBusyError, NewerDatabaseError
from changeflow.storage import answers
from changeflow.storage.answers import Link
from changeflow.storage.database import engine_for, read_scope, session_scope
from changeflow.storage.tables.agenda import AnswerRow, LinkRow, ReachRow
from changeflow.storage.tables.programme import ProgrammeRow
from changeflow.usecases import answering, calendars
from changeflow.usecases import apply as storing
from changeflow.usecases.letters import digest_of
from changeflow.web.app import make_app
from changeflow.web.clients import Clients, networks
from changeflow.web.guard import HEADERS
from changeflow.web.limits import Buckets, Limits, Rate, address_key
from tests.builders import SERVICE, a_folder
from tests.waiting import PATIENCE

NOW = datetime(2027, 1, 8, 10, tzinfo=UTC)
OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
ANSWER, CHOOSE = "a" * 43, "u" * 43
PLENTY = Limits(per_address=Rate(burst=10_000, per_second=1), per_link=Rate(burst=10_000, per_second=1))


@pytest.fixture
def linked(db: str, tmp_path: Path) -> str:
    """The small programme, with a link of the lead's to answer by and one to choose messages by."""
    storing.apply(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=NOW - timedelta(days=4))
    common = {"programme": "small", "person": "lead", "due_on": date(2027, 1, 8), "expires_at": NOW + timedelta(days=9),
              "used_at": None, "revoked_at": None}  # fmt: skip
    with session_scope(db) as session:
        links = {
            digest_of(ANSWER): Link(action="answer", subject="payroll/requirements", **common),
            digest_of(CHOOSE): Link(action="unsubscribe", subject="unsubscribe", **common),
        }
        answers.add_links(session, links, at=NOW)
    return db


Ask = Callable[..., httpx.Response]


def asking(db: str, **options: Any) -> Ask:
    """Return what asks the application, many at once where a list of paths is given."""
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
    """What the server's side has logged: these tests' own browser logs what it asks for."""
    return "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore")))


def assert_is_guarded(response: httpx.Response) -> None:
    for name, value in HEADERS.items():
        assert response.headers.get(name) == value, (response.status_code, name)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Iterator[None]:
    """Every use case that a page calls fails."""

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        for where, names in {
            "answering": ("question_of", "answer", "reach_of", "switch_optional"),
            "calendars": ("new_feed", "feed_of"),
            "watching": ("troubles", "metrics"),
        }.items():
            for name in names:
                patched.setattr(f"changeflow.usecases.{where}.{name}", fail)
        yield


ROUTES = [
    ("GET", f"/a/{ANSWER}"),
    ("POST", f"/a/{ANSWER}"),
    ("GET", f"/u/{CHOOSE}"),
    ("POST", f"/u/{CHOOSE}"),
    ("POST", f"/u/{CHOOSE}/calendar"),
    ("GET", f"/c/{CHOOSE}.ics"),
    ("GET", "/health"),
    ("GET", "/metrics"),
]


def test_the_routes_of_these_tests_are_all_there_are(sqlite: str):
    app = make_app(sqlite)
    known = {(m, r.path) for r in app.routes for m in r.methods - {"HEAD"}}  # type: ignore[attr-defined]
    named = {(m, re.sub(r"/[au]{43}", "/{token}", path)) for m, path in ROUTES}
    assert known == named


class TestHeaders:
    @pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/"), ("GET", "/nowhere"), ("DELETE", "/health")])
    def test_every_answer_has_them(self, linked: str, method: str, path: str):
        assert_is_guarded(asking(linked)(method, path, data={"answer": "x"} if method == "POST" else None))

    def test_nobody_may_frame_a_page(self, linked: str):
        shown = asking(linked)("GET", f"/a/{ANSWER}")
        assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
        assert shown.headers["x-frame-options"] == "DENY"

    def test_https_alone_brings_strict_transport_security(self, linked: str):
        for base, expected in (("https://change.example.org", "max-age=31536000"), ("http://127.0.0.1:8000", None)):
            for path in (f"/a/{ANSWER}", "/nowhere", "/a/%00"):
                answer = asking(linked, base_url=base)("GET", path)
                assert answer.headers.get("strict-transport-security") == expected

    def test_failures_have_them_too(self, linked: str, monkeypatch: pytest.MonkeyPatch):
        with failing(monkeypatch, RuntimeError("x")):
            assert_is_guarded(asking(linked)("GET", f"/a/{ANSWER}"))
        with failing(monkeypatch, DatabaseBusyError()):
            assert_is_guarded(asking(linked)("GET", f"/a/{ANSWER}"))


UNUSABLE = {
    "unreachable": "postgresql://anna:pl4nted@127.0.0.1:1/change",
    "with an unknown option": "postgresql://anna:pl4nted@127.0.0.1:1/change?bogus=1",
    "with an unusable value": "postgresql://anna:pl4nted@127.0.0.1:1/change?connect_timeout=soon",
    "of another driver": "postgresql+asyncpg://anna:pl4nted@127.0.0.1:1/change",
    "cut short": "postgresql://anna:pl4nted",
}


class TestADatabaseThatCannot:
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    @pytest.mark.parametrize("error", [DatabaseBusyError(), NewerDatabaseError("9999")], ids=["busy", "newer"])
    def test_is_a_503_that_says_when_to_try_again(
        self, sqlite: str, method: str, path: str, error: Exception, monkeypatch: pytest.MonkeyPatch
    ):
        with failing(monkeypatch, error):
            answer = asking(sqlite)(method, path, data={"answer": "done"} if method == "POST" else None)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "Traceback" not in answer.text
        if path not in ("/health", "/metrics"):
            assert "no changes were saved" in answer.text

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    @pytest.mark.parametrize("what", ["gone", "foreign", "older", *UNUSABLE])
    def test_is_a_503_whatever_is_wrong_with_it(self, sqlite: str, tmp_path: Path, method: str, path: str, what: str):
        storing.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=NOW)
        engine_for(sqlite).dispose()
        file = tmp_path / "test.db"
        if what == "gone":
            file.rename(tmp_path / "elsewhere.db")
        elif what == "foreign":
            for side in tmp_path.glob("test.db-*"):
                side.unlink()
            file.write_bytes(b"This is a letter. " * 500)
        elif what == "older":
            with sqlite3.connect(file) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '0001'")
            connection.close()
        answer = asking(UNUSABLE.get(what, sqlite))(method, path, data={"answer": "done"} if method == "POST" else None)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "pl4nted" not in answer.text
        assert str(tmp_path) not in answer.text
        assert_is_guarded(answer)

    def test_busy_for_a_writer_leaves_readers_alone(self, linked: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("changeflow.storage.database.BUSY_SECONDS", 0.05)
        engine_for(linked).dispose()
        ask = asking(linked)
        with engine_for(linked).begin() as connection:
            connection.execute(update(ProgrammeRow).values(revision=99))
            busy = ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"})
            assert (busy.status_code, title(busy)) == (503, "The service is busy")
            assert ask("GET", f"/a/{ANSWER}").status_code == 200
            assert ask("GET", f"/u/{CHOOSE}").status_code == 200
            connection.rollback()
        # The link has not been used up.
        assert ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"}).status_code == 200


class TestAFailureOfOurOwn:
    def test_shows_a_reference_that_is_in_the_log_and_nothing_else(
        self, sqlite: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        stream = io.StringIO()
        logs.begin("json", stream=stream)
        try:
            with failing(monkeypatch, ValueError("lead@example.org said pl4nted")), caplog.at_level(logging.DEBUG):
                answer = asking(sqlite)("GET", f"/a/{ANSWER}")
        finally:
            logs.begin("off")
        assert answer.status_code == 500
        reference = re.search(r"this reference: ([0-9A-F]{8})\.", answer.text)
        assert reference is not None
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        [failure] = [line for line in lines if line["event"] == "failure"]
        assert failure["reference"] == reference[1]
        assert failure["error"] == "ValueError"
        assert "app.py" in failure["at"]
        everything = answer.text + stream.getvalue() + ours(caplog)
        for secret in ("pl4nted", "lead@example.org", ANSWER, "Traceback"):
            assert secret not in everything

    def test_is_not_that_somebody_lost_their_connection(self, linked: str):
        stream = io.StringIO()
        logs.begin("json", stream=stream)
        half = {"type": "http.request", "body": b"answer=", "more_body": True}
        app = make_app(linked, clock=lambda: NOW)
        try:
            assert sent_to(app, "POST", f"/a/{ANSWER}", [half, {"type": "http.disconnect"}]) == []
        finally:
            logs.begin("off")
        [line] = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert (line["event"], line["status"]) == ("request", 0)

    def test_is_written_down_also_where_logs_are_off(
        self, sqlite: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        with failing(monkeypatch, KeyError("x")):
            answer = asking(sqlite)("POST", f"/u/{CHOOSE}")
        reference = re.search(r"this reference: ([0-9A-F]{8})\.", answer.text)
        assert reference is not None
        assert reference[1] in capsys.readouterr().err


class TestLimits:
    def test_a_link_has_a_number_of_requests(self, linked: str):
        ask = asking(linked, limits=Limits(per_link=Rate(burst=3, per_second=0.001)))
        assert [ask("GET", f"/a/{ANSWER}").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = ask("GET", f"/a/{ANSWER}")
        assert 1 <= int(refused.headers["retry-after"]) <= 1000
        assert title(refused) == "Too many requests"
        assert ask("GET", f"/u/{CHOOSE}").status_code == 200, "another link is not affected"

    def test_an_address_has_a_number_of_requests_exact_when_many_come_at_once(self, linked: str):
        limits = Limits(per_address=Rate(burst=20, per_second=0.001), per_link=Rate(burst=99, per_second=1))
        statuses = [r.status_code for r in at_once(linked, 50, "GET", f"/u/{CHOOSE}", options={"limits": limits})]
        assert (statuses.count(200), statuses.count(429)) == (20, 30)

    def test_too_many_at_work_are_turned_away(self, linked: str):
        answers_ = at_once(linked, 30, "GET", f"/u/{CHOOSE}", options={"limits": Limits(at_once=5)})
        statuses = [r.status_code for r in answers_]
        assert statuses.count(200) >= 5
        assert statuses.count(503) > 0
        assert set(statuses) == {200, 503}
        assert all("retry-after" in r.headers for r in answers_ if r.status_code == 503)

    def test_a_bucket_refills_with_time(self):
        clock = [0.0]
        buckets = Buckets(Rate(burst=2, per_second=0.5), clock=lambda: clock[0])
        assert [buckets.take("x") for _ in range(3)] == [0, 0, 2]
        clock[0] = 1.9
        assert buckets.take("x") == 1
        clock[0] = 2.0
        assert [buckets.take("x"), buckets.take("x")] == [0, 2]
        clock[0] = 1000
        assert [buckets.take("x") for _ in range(3)] == [0, 0, 2], "never more than the burst"

    def test_a_bucket_is_exact_between_threads(self):
        buckets = Buckets(Rate(burst=500, per_second=1e-9))
        with ThreadPoolExecutor(16) as pool:
            waits = list(pool.map(lambda _: buckets.take("x"), range(2_000)))
        assert waits.count(0) == 500

    def test_the_number_of_buckets_is_bounded(self):
        buckets = Buckets(Rate(burst=1, per_second=1), most=10)
        for n in range(100):
            buckets.take(str(n))
        assert len(buckets) == 10

    def test_of_ipv6_a_network_is_one_client(self):
        assert address_key("2001:db8::1") == address_key("2001:db8::ffff:2")
        assert address_key("2001:db8::1") != address_key("2001:db8:0:1::1")
        assert address_key("::ffff:192.0.2.1") == address_key("192.0.2.1")

    @pytest.mark.parametrize("size", [20_001, 1_000_000])
    def test_a_form_has_a_size(self, linked: str, size: int):
        ask = asking(linked)
        large = ask("POST", f"/a/{ANSWER}", data={"answer": "blocked", "text": "x" * size})
        assert (large.status_code, title(large)) == (413, "That is too much for one form")

        async def pieces() -> Any:
            for _ in range(0, size, 1000):
                yield b"x" * 1000

        form = {"content-type": "application/x-www-form-urlencoded"}
        assert ask("POST", f"/a/{ANSWER}", content=pieces(), headers=form).status_code == 413
        assert ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"}).status_code == 200

    def test_a_form_has_a_number_of_fields(self, linked: str):
        for path in (f"/a/{ANSWER}", f"/u/{CHOOSE}", f"/u/{CHOOSE}/calendar"):
            assert asking(linked)("POST", path, data={f"f{n}": "1" for n in range(60)}).status_code == 413

    def test_an_address_has_a_length(self, linked: str):
        assert asking(linked)("GET", "/a/" + "x" * 3000).status_code == 414
        assert asking(linked)("GET", f"/a/{ANSWER}?" + "x" * 3000).status_code == 414

    def test_headers_have_a_size(self, linked: str):
        answer = asking(linked)("GET", f"/a/{ANSWER}", headers={"cookie": "x" * 20_000})
        assert answer.status_code == 431
        assert_is_guarded(answer)

    def test_a_form_that_never_ends_is_given_up(self, linked: str):
        async def drops() -> Any:
            yield b"answer="
            await asyncio.Event().wait()

        form = {"content-type": "application/x-www-form-urlencoded"}
        ask = asking(linked, limits=Limits(body_seconds=0.05))
        slow = ask("POST", f"/a/{ANSWER}", content=drops(), headers=form)
        assert (slow.status_code, title(slow)) == (408, "The form took too long to arrive")
        assert slow.headers["connection"] == "close"


class TestWhatNobodyTypes:
    @pytest.mark.parametrize(
        "path",
        ["/a/%00", "/a/x%00y", "/u/%1b%5b2J", "/c/%0d%0ax.ics", "/a/%7f", "/a/%c2%85", "/a/%ff", "/a/%zz", "/a/%",
         "/a/x?y=%00", "/a/x?y=%ff", "/a/x?y=%g1", "/health?%00", "/%00", "/a/%ed%a0%80"],
    )  # fmt: skip
    def test_addresses_with_it_are_refused(self, linked: str, path: str):
        app = make_app(linked, clock=lambda: NOW)
        answer = raw(app, "GET", path)
        assert answer[0] == 400

    @pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "\x7f", "a\x85b", "a\x08"])
    def test_answers_with_it_are_shown_again_without_it(self, linked: str, text: str):
        ask = asking(linked)
        shown = ask("POST", f"/a/{ANSWER}", data={"answer": "blocked", "text": text + " The supplier is late"})
        assert shown.status_code == 422
        assert "The supplier is late" in shown.text
        assert text not in shown.text
        with read_scope(linked) as session:
            assert session.exec(select(AnswerRow)).all() == []
        assert ask("POST", f"/a/{ANSWER}", data={"answer": "blocked", "text": "The\r\nsupplier\tis late"}).is_success
        with read_scope(linked) as session:
            assert session.exec(select(AnswerRow)).one().text == "The\r\nsupplier\tis late"

    @pytest.mark.parametrize("field", ["answer", "until", "to", "awareness", "text\0", "other"])
    def test_no_field_may_have_it(self, linked: str, field: str):
        form = {"answer": "acknowledged", field: "a\0b" if "\0" not in field else "x"}
        assert asking(linked)("POST", f"/a/{ANSWER}", data=form).status_code == 422

    @pytest.mark.parametrize("path", [f"/a/{ANSWER}", f"/u/{CHOOSE}", f"/u/{CHOOSE}/calendar"])
    @pytest.mark.parametrize("body", [b"answer=%zz", b"answer=%ff", b"text=%ed%a0%80", b"answer=\xff\xfe", b"x=%"])
    def test_forms_that_are_not_text_are_refused(self, linked: str, path: str, body: bytes):
        form = {"content-type": "application/x-www-form-urlencoded"}
        refused = asking(linked)("POST", path, content=body, headers=form)
        assert (refused.status_code, title(refused)) == (400, "This form cannot be read")
        with read_scope(linked) as session:
            assert session.exec(select(ReachRow)).all() == []

    def test_a_form_of_another_kind_is_refused_but_one_click_may_come_in_parts(self, linked: str):
        ask = asking(linked)
        assert ask("POST", f"/a/{ANSWER}", json={"answer": "done"}).status_code == 415
        assert ask("POST", f"/u/{CHOOSE}", files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200
        with read_scope(linked) as session:
            assert session.exec(select(ReachRow)).one().optional_off


def raw(app: Any, method: str, target: str) -> tuple[int, dict[str, str], bytes]:
    """Ask with an address exactly as it is written: a client library would mend it."""
    sent = sent_to(app, method, target, [{"type": "http.request", "body": b"", "more_body": False}])
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])


def sent_to(app: Any, method: str, target: str, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send a request in these messages; return those of the answer."""
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


class TestMethods:
    @pytest.mark.parametrize("path", [f"/a/{ANSWER}", f"/u/{CHOOSE}", "/health", "/metrics"])
    def test_head_answers_as_get_does(self, linked: str, path: str):
        ask = asking(linked)
        head, get = ask("HEAD", path), ask("GET", path)
        assert head.status_code == get.status_code
        assert head.headers["content-type"] == get.headers["content-type"]

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            (f"/a/{ANSWER}", "GET, HEAD, OPTIONS, POST"),
            (f"/u/{CHOOSE}", "GET, HEAD, OPTIONS, POST"),
            (f"/u/{CHOOSE}/calendar", "OPTIONS, POST"),
            (f"/c/{CHOOSE}.ics", "GET, HEAD, OPTIONS"),
            ("/health", "GET, HEAD, OPTIONS"),
        ],
    )
    def test_what_a_page_takes_is_told(self, linked: str, path: str, allowed: str):
        ask = asking(linked)
        options = ask("OPTIONS", path)
        assert (options.status_code, options.headers["allow"]) == (204, allowed)
        for method in {"PUT", "DELETE", "PATCH", "TRACE", "BREW", "GET", "POST"} - set(allowed.split(", ")):
            refused = ask(method, path)
            assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
            assert "Traceback" not in refused.text

    def test_looking_uses_nothing_up(self, linked: str):
        ask = asking(linked)
        for headers in ({}, {"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}):
            for method in ("GET", "HEAD", "OPTIONS"):
                for path in (f"/a/{ANSWER}", f"/u/{CHOOSE}", f"/c/{CHOOSE}.ics"):
                    ask(method, path, headers=headers)
        with read_scope(linked) as session:
            rows = session.exec(select(LinkRow)).all()
            assert len(rows) == 2
            assert all(row.used_at is None and row.revoked_at is None for row in rows)
            assert session.exec(select(ReachRow)).all() == []
        assert ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"}).status_code == 200


class TestWhoMayWatch:
    @pytest.mark.parametrize(
        ("client", "headers", "may"),
        [
            ("127.0.0.1", {}, True),
            ("::1", {"host": "[::1]:8000"}, True),
            ("::ffff:127.0.0.1", {"host": "localhost"}, True),
            ("192.0.2.7", {}, False),
            ("192.0.2.7", {"authorization": "Bearer s3cret-token"}, True),
            ("192.0.2.7", {"authorization": "bearer s3cret-token"}, True),
            ("192.0.2.7", {"authorization": "Bearer wrong"}, False),
            ("192.0.2.7", {"authorization": "Bearer "}, False),
            ("192.0.2.7", {"authorization": "Basic s3cret-token"}, False),
            ("192.0.2.7", {"authorization": "Bearer \xe9"}, False),
            ("192.0.2.7", {"x-forwarded-for": "127.0.0.1"}, False),
            ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, False),
            ("127.0.0.1", {"x-forwarded-proto": "https"}, False),
            ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, False),
            ("127.0.0.1", {"via": "1.1 proxy"}, False),
            ("127.0.0.1", {"x-real-ip": "127.0.0.1"}, False),
            ("127.0.0.1", {"host": "change.example.org"}, False),
            ("127.0.0.1", {"host": "localhost.evil.example"}, False),
            ("127.0.0.1", {"x-forwarded-for": "192.0.2.7", "authorization": "Bearer s3cret-token"}, True),
            ("not an address", {}, False),
        ],
    )
    @pytest.mark.parametrize("proxies", ["", "127.0.0.0/8, ::1"])
    def test_from_this_machine_or_with_the_token(
        self, sqlite: str, tmp_path: Path, client: str, headers: dict[str, str], may: bool, proxies: str
    ):
        storing.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
        ask = asking(sqlite, clients=Clients(token="s3cret-token", proxies=networks(proxies)))
        sent = {name: value.encode("latin-1") for name, value in headers.items()}
        health, metrics = (ask("GET", path, client=client, headers=sent) for path in ("/health", "/metrics"))
        # No tick has run: something is wrong, and only those who run changeflow read what.
        assert (health.status_code, health.text.splitlines()[0]) == (503, "not ok")
        assert ("no tick has run" in health.text) is may
        assert metrics.status_code == (200 if may else 404)
        assert ("changeflow_messages" in metrics.text) is may

    def test_without_a_token_none_is_right(self, linked: str):
        for given in ("Bearer None", "Bearer ", "Bearer"):
            answer = asking(linked)("GET", "/metrics", client="192.0.2.7", headers={"authorization": given})
            assert answer.status_code == 404

    def test_a_forwarded_address_counts_only_from_a_proxy_that_is_named(self, linked: str):
        one = Limits(per_address=Rate(burst=1, per_second=0.001))

        def statuses(proxies: str, *forwarded: str) -> list[int]:
            ask = asking(linked, limits=one, clients=Clients(proxies=networks(proxies)))
            return [
                ask("GET", f"/u/{CHOOSE}", client="10.0.0.1", headers={"x-forwarded-for": f}).status_code
                for f in forwarded
            ]

        assert statuses("", "192.0.2.1", "192.0.2.2") == [200, 429]
        assert statuses("10.0.0.0/8", "192.0.2.1", "192.0.2.2") == [200, 200]
        # What a client writes itself stands on the left, and does not make it another one.
        assert statuses("10.0.0.0/8", "1.1.1.1, 192.0.2.1", "2.2.2.2, 192.0.2.1") == [200, 429]
        assert statuses("10.0.0.0/8", "192.0.2.1, 10.0.0.2", "192.0.2.1, 10.0.0.3") == [200, 429]
        assert statuses("10.0.0.0/8", "rubbish", "other rubbish") == [200, 429]

    def test_a_proxy_that_is_no_address_is_refused_with_its_name(self):
        from changeflow.errors import InputError

        with pytest.raises(InputError, match=r"CHANGEFLOW_PROXIES has 'proxy\.example'"):
            networks("127.0.0.1, proxy.example")


class TestLinks:
    def test_of_a_hundred_at_once_one_succeeds(self, linked: str):
        found = at_once(linked, 100, "POST", f"/a/{ANSWER}", data={"answer": "acknowledged"})
        statuses = [r.status_code for r in found]
        assert (statuses.count(200), statuses.count(410)) == (1, 99)
        with read_scope(linked) as session:
            assert len(session.exec(select(AnswerRow)).all()) == 1

    def test_known_and_unknown_links_answer_in_the_same_shape(self, linked: str):
        ask = asking(linked)
        ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"})
        known, unknown = ask("GET", f"/a/{ANSWER}"), ask("GET", "/a/" + "z" * 43)
        assert (known.status_code, unknown.status_code) == (410, 404)
        shapes = [re.sub(r"<p>[^<]*</p>", "<p></p>", r.text) for r in (known, unknown)]
        assert shapes[0] == shapes[1]
        assert known.headers.keys() == unknown.headers.keys()

    def test_a_link_is_never_in_the_log(self, linked: str, caplog: pytest.LogCaptureFixture, monkeypatch: Any):
        stream = io.StringIO()
        logs.begin("plain", stream=stream)
        short = "q" * 8
        try:
            with caplog.at_level(logging.DEBUG):
                ask = asking(linked)
                for path in (
                    f"/a/{ANSWER}",
                    f"/u/{CHOOSE}",
                    f"/u/{CHOOSE}/calendar",
                    f"/c/{CHOOSE}.ics",
                    f"/a/{short}",
                ):
                    for method in ("GET", "HEAD", "POST", "PUT", short.upper()):
                        ask(method, path)
                        ask(method, f"{path}?back={short}", headers={"referer": short})
                with failing(monkeypatch, RuntimeError(ANSWER)):
                    ask("GET", f"/a/{ANSWER}")
        finally:
            logs.begin("off")
        written = stream.getvalue() + ours(caplog)
        assert "/a/{token}" in written
        for secret in (ANSWER, CHOOSE, short, short.upper()):
            assert secret not in written

    def test_many_clicks_at_once_switch_messages_off_once(self, linked: str):
        found = at_once(linked, 40, "POST", f"/u/{CHOOSE}", data={"List-Unsubscribe": "One-Click"})
        assert {r.status_code for r in found} == {200}
        with read_scope(linked) as session:
            assert session.exec(select(ReachRow)).one().optional_off


class TestOneCalendarAddress:
    def feeds(self, db: str) -> list[bool]:
        """Of each calendar address that is known, whether it still works."""
        with read_scope(db) as session:
            rows = session.exec(select(LinkRow).where(LinkRow.action == calendars.FEED))
            return [row.revoked_at is None for row in rows]

    def test_a_scanner_that_sends_the_form_again_and_again_makes_one(self, linked: str):
        found = at_once(linked, 60, "POST", f"/u/{CHOOSE}/calendar")
        made = [r for r in found if "/c/" in r.text]
        assert {r.status_code for r in found} == {200}
        assert len(made) == 1
        assert len(self.feeds(linked)) == 1
        [address] = html.fromstring(made[0].text).xpath("//main//a/@href")
        assert asking(linked)("GET", address).status_code == 200

    def test_replacing_is_done_once_however_often_the_form_is_sent(self, linked: str):
        ask = asking(linked)
        ask("POST", f"/u/{CHOOSE}/calendar")
        [mark] = html.fromstring(ask("POST", f"/u/{CHOOSE}/calendar").text).xpath("//input[@name='replace']/@value")
        found = at_once(linked, 20, "POST", f"/u/{CHOOSE}/calendar", data={"replace": mark})
        assert sum("/c/" in r.text for r in found) == 1
        assert sum(self.feeds(linked)) == 1

    def test_the_ones_before_say_that_they_have_ended_and_do_not_pile_up(self, linked: str):
        made, mark = [], ""
        for n in range(12):
            feed = calendars.new_feed(CHOOSE, db=linked, now=NOW - timedelta(hours=12 - n), replace=mark)
            assert feed.token is not None
            made.append(feed.token)
            mark = feed.mark
        statuses = [asking(linked)("GET", f"/c/{token}.ics").status_code for token in made]
        assert statuses[-1] == 200
        assert statuses[-1 - calendars.ENDED_KEPT : -1] == [410] * calendars.ENDED_KEPT
        assert len(self.feeds(linked)) == calendars.ENDED_KEPT + 1

    def test_another_person_has_their_own(self, linked: str):
        with session_scope(linked) as session:
            link = answers.find_link(session, digest_of(CHOOSE))
            assert link is not None
            answers.add_links(session, {digest_of("v" * 43): replace(link, person="chief")}, at=NOW)
        ask = asking(linked)
        assert "/c/" in ask("POST", f"/u/{CHOOSE}/calendar").text
        assert "/c/" in ask("POST", f"/u/{'v' * 43}/calendar").text
        assert sum(self.feeds(linked)) == 2


def test_a_question_is_of_the_state_that_is_stored(linked: str):
    """What is kept in memory is told by its state: no change, day or other file shows what was before."""
    first = answering.question_of(ANSWER, db=linked, now=NOW)
    answering.answer(ANSWER, answering.Given(kind=answering.AnswerKind.DONE), db=linked, now=NOW)
    again = {**vars_of(linked, ANSWER), "used_at": None}
    with session_scope(linked) as session:
        answers.add_links(session, {digest_of("b" * 43): Link(**again)}, at=NOW)
    assert answering.question_of("b" * 43, db=linked, now=NOW).title == first.title
    token = calendars.new_feed(CHOOSE, db=linked, now=NOW).token
    assert token is not None
    assert b"requirements" not in calendars.feed_of(token, db=linked, now=NOW), "done, so it is no date of theirs"


def vars_of(db: str, token: str) -> dict[str, Any]:
    with read_scope(db) as session:
        link = answers.find_link(session, digest_of(token))
        assert link is not None
        return {name: getattr(link, name) for name in link.__slots__}
