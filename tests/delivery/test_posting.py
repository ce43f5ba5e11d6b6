"""GOV.UK Notify and Teams, against local servers that answer as the real ones are documented to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from changeflow.delivery.channels import DELIVERED, NotifyChannel, Sent, TeamsChannel
from changeflow.errors import InputError
from tests.delivery.test_smtp import a_message
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

KEY = "test-00000000-0000-0000-0000-000000000001-00000000-0000-0000-0000-000000000002"


class Answering(BaseHTTPRequestHandler):
    """Answers as it is set to, and records the requests."""

    status: int
    answer: dict[str, Any]
    known: list[str]
    asked: list[tuple[str, Any]]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.asked.append((self.path, json.loads(self.rfile.read(length))))
        self._say(self.status, self.answer)

    def do_GET(self) -> None:
        found = [{"id": "1"}] if any(reference in self.path for reference in self.known) else []
        self._say(200, {"notifications": found, "links": {}})

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[tuple[str, type[Answering]]]:
    handler = type("Handler", (Answering,), {"status": 201, "answer": {"id": "1"}, "known": [], "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", handler
        server.shutdown()


def notify(url: str) -> NotifyChannel:
    return NotifyChannel(KEY, "a-template", base_url=url, timeout=PATIENCE)


def test_notify_gets_subject_and_body_and_our_reference(other: tuple[str, type[Answering]]):
    url, handler = other
    assert notify(url).send(a_message()) == DELIVERED
    [(path, sent)] = handler.asked
    assert path == "/v2/notifications/email"
    assert sent["personalisation"] == {"subject": "Für wen? – a test", "body": "Text – with a dash\n"}
    assert sent["reference"] == "abc@example.org"
    assert sent["one_click_unsubscribe_url"] == "https://example.org/u/t"


@pytest.mark.usual(1)
@pytest.mark.parametrize(
    ("status", "error", "message", "sent", "stop"),
    [
        (
            429,
            "RateLimitError",
            "Exceeded rate limit for key type LIVE of 3000 a minute",
            "later",
            False,
        ),
        (429, "TooManyRequestsError", "Exceeded send limits (250000) for today", "later", True),
        (400, "BadRequestError", "Can't send to this recipient using a team-only API key", "later", False),
        (400, "ValidationError", "email_address Not a valid email address", "never", False),
        (403, "AuthError", "Error: Your system clock must be accurate to within 30 seconds", "later", False),
        (500, "Exception", "Internal server error", "later", False),
    ],
)
def test_each_error_of_notify_has_its_own_receipt(
    other: tuple[str, type[Answering]], status: int, error: str, message: str, sent: str, stop: bool
):
    url, handler = other
    handler.status = status
    handler.answer = {"status_code": status, "errors": [{"error": error, "message": message}]}
    receipt = notify(url).send(a_message())
    assert (receipt.sent, receipt.stop_today) == (Sent(sent), stop)
    assert "head@example.org" not in receipt.detail


def test_a_message_that_may_have_been_sent_is_looked_up_in_notify_first(other: tuple[str, type[Answering]]):
    url, handler = other
    unsure = replace(a_message(), may_have_gone=True)
    handler.known = ["abc%40example.org"]
    assert notify(url).send(unsure) == DELIVERED
    assert handler.asked == []
    handler.known = []
    assert notify(url).send(unsure) == DELIVERED
    assert len(handler.asked) == 1


def test_a_message_is_retried_later_when_notify_cannot_be_reached():
    assert notify("http://127.0.0.1:1").send(a_message()).sent is Sent.LATER


def test_an_empty_notify_key_is_refused():
    with pytest.raises(InputError, match=r"not a GOV\.UK Notify key"):
        NotifyChannel("", "a-template")


def test_a_card_has_the_words_of_the_message(other: tuple[str, type[Answering]]):
    url, handler = other
    handler.status = 202
    assert TeamsChannel(url, timeout=PATIENCE).send(a_message()) == DELIVERED
    [(_, posted)] = handler.asked
    content = posted["attachments"][0]["content"]
    assert content["type"] == "AdaptiveCard"
    assert [block["text"] for block in content["body"]] == ["Für wen? – a test", "Text – with a dash"]


@pytest.mark.usual(1)
@pytest.mark.parametrize("status", [400, 404, 429, 503])
def test_a_message_is_retried_later_when_the_workflow_refuses_it(other: tuple[str, type[Answering]], status: int):
    url, handler = other
    handler.status = status
    receipt = TeamsChannel(url, timeout=PATIENCE).send(a_message())
    assert receipt.sent is Sent.LATER
    assert str(status) in receipt.detail
