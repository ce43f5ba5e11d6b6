"""Checks of what people and messages reach find what they are for, and connect only where that is allowed."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text

from changeflow.delivery.channels import ChannelSettings
from changeflow.errors import CheckFailedError
from changeflow.storage.database import engine_for
from changeflow.usecases.installation import CheckState, Installation
from changeflow.usecases.scheduled import FLOWS
from changeflow.values.acting import current
from tests.usecases.installed import an_installation, is_fine, outcomes, the_attention
from tests.waiting import PATIENCE


@pytest.fixture
def stored(db: str, tmp_path: Path) -> Installation:
    return an_installation(db, tmp_path)


def test_an_address_that_only_this_machine_knows_needs_attention_once_people_use_it(stored: Installation):
    own = replace(stored, base_url="http://127.0.0.1:8000")
    assert "which works only on this machine" in the_attention(own, "address")
    alone = replace(own, issuer="", channels=ChannelSettings())
    assert [state for state, _, _ in outcomes(alone, "address")] == [CheckState.NOTE]


@pytest.mark.slow
def test_an_address_without_encryption_or_a_proxy_without_a_name_is_found(stored: Installation):
    assert "is not encrypted" in the_attention(replace(stored, base_url="http://change.example.org"), "address")
    assert "all readers count as one" in the_attention(replace(stored, proxies=" "), "address")


@pytest.mark.slow
def test_a_channel_that_lacks_a_setting_is_found(stored: Installation):
    notify = replace(stored, channels=ChannelSettings(channel="notify"))
    assert "needs CHANGEFLOW_NOTIFY_KEY" in the_attention(notify, "messages")
    wrong = replace(stored, channels=ChannelSettings(smtp_url="mail.example.org"))
    assert "is not the address of a mail server" in the_attention(wrong, "messages")


@pytest.mark.slow
def test_a_channel_that_reaches_no_one_needs_attention_once_messages_are_on(stored: Installation):
    files = replace(stored, channels=ChannelSettings())
    assert [state for state, _, _ in outcomes(files, "messages")] == [CheckState.NOTE]
    with engine_for(stored.db).begin() as connection:
        connection.execute(
            text("INSERT INTO message_switch (programme_id, is_on, at, by) VALUES ('small', 1, :at, 'chief')"),
            {"at": "2027-01-04 09:00:00.000000"},
        )
    assert "Messages go to no one" in the_attention(files, "messages")


@pytest.mark.slow
def test_signing_in_needs_a_secret(stored: Installation):
    assert "has no client secret" in the_attention(replace(stored, has_client_secret=False), "sign-in")
    [(state, _, _)] = outcomes(replace(stored, issuer=""), "sign-in")
    assert state is CheckState.NOTE


@pytest.mark.slow
def test_a_provider_is_asked_only_where_connecting_is_allowed(stored: Installation):
    asked = []

    def refuse() -> None:
        asked.append("provider")
        raise CheckFailedError("The provider's own address differs from CHANGEFLOW_OIDC_ISSUER.")

    assert is_fine(replace(stored, discover=refuse), "sign-in")
    assert asked == []
    assert "address differs" in the_attention(replace(stored, discover=refuse, may_connect=True), "sign-in")
    assert is_fine(replace(stored, discover=lambda: None, may_connect=True), "sign-in")


@contextmanager
def answering(status: int, body: object) -> Iterator[tuple[str, list[str]]]:
    """Serve one answer to every request on this machine; yield the address and what was asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


@pytest.mark.thorough
@pytest.mark.slow
def test_the_prefect_server_is_asked_for_every_flow(stored: Installation):
    all_flows = [{"name": name} for name in FLOWS]
    with answering(200, all_flows) as (url, asked):
        assert is_fine(replace(stored, prefect_url=f"{url}/api"), "schedule")
        assert asked == [], "nothing is asked without leave"
        assert is_fine(replace(stored, prefect_url=f"{url}/api", may_connect=True), "schedule")
        assert asked == ["/api/deployments/filter"]
    with answering(200, all_flows[1:]) as (url, _):
        found = the_attention(replace(stored, prefect_url=f"{url}/api", may_connect=True), "schedule")
        assert found.startswith("The Prefect server does not know tick. In the folder with prefect.yaml")
    gone = the_attention(replace(stored, prefect_url=f"{url}/api", may_connect=True), "schedule")
    assert gone.startswith("The Prefect server does not answer as it should")


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "found"),
    [(200, "ok\n", "answers “ok”"), (503, "not ok\n", "answers 503"), (200, "<html>", "answers 200")],
)
def test_the_public_address_is_asked_for_its_health(
    stored: Installation, monkeypatch: pytest.MonkeyPatch, status: int, body: str, found: str
):
    import httpx

    with answering(status, body) as (url, asked):
        get = httpx.get
        monkeypatch.setattr(httpx, "get", lambda where, **more: get(f"{url}/{where.rpartition('/')[2]}", **more))
        [(state, text_, _)] = outcomes(replace(stored, may_connect=True), "address")
    assert (asked, found in text_) == (["/health"], True)
    assert state is (CheckState.FINE if "ok”" in found else CheckState.ATTENTION)


@pytest.mark.slow
def test_the_mail_server_is_greeted_and_sent_nothing(stored: Installation):
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message

    letters = []

    class Kept(Message):
        def handle_message(self, message: Any) -> None:
            letters.append(message)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Kept(), hostname="127.0.0.1", port=port, ready_timeout=PATIENCE)
    server.start()
    try:
        where = f"smtp://127.0.0.1:{port}"
        there = replace(stored, channels=ChannelSettings(smtp_url=where), may_connect=True)
        [(state, text_, _)] = outcomes(there, "messages")
        assert (state, text_) == (CheckState.FINE, "The mail server accepts changeflow. No message was sent.")
        assert letters == []
    finally:
        server.stop()
    assert the_attention(there, "messages").startswith("No connection to the mail server (ConnectionRefusedError).")


@pytest.mark.slow
def test_each_programme_says_whether_its_messages_are_on(stored: Installation):
    [(state, text_, _)] = outcomes(stored, "programmes")
    assert state is CheckState.FINE
    assert re.fullmatch(r"small: messages are off\. The last tick ran on \d+ \w+ \d{4} at \d\d:\d\d\.", text_)
    late = replace(stored, clock=lambda: current().clock() + timedelta(hours=4))
    assert "small: the last tick ran on" in the_attention(late, "programmes")
