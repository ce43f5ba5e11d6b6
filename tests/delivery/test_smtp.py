"""Sending through a real SMTP server."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler

from changeflow.delivery.channels import (
    CHANNELS,
    DELIVERED,
    ChannelSettings,
    FileChannel,
    Sent,
    SmtpChannel,
    channel_for,
)
from changeflow.delivery.message import Message
from changeflow.errors import InputError
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


class Received(Handler):
    """Keeps what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []

    def handle_message(self, message: EmailMessage) -> None:
        self.mails.append(message)


@pytest.fixture
def server() -> Iterator[tuple[str, Received]]:
    handler = Received()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE)
    controller.start()
    yield f"smtp://127.0.0.1:{port}", handler
    controller.stop()


def a_message() -> Message:
    return Message(
        to_name="Headteacher, St Mary’s",
        to_address="head@example.org",
        from_name="Programme office",
        from_address="office@example.org",
        subject="Für wen? – a test",
        text="Text – with a dash\n",
        html="<p>HTML</p>\n",
        message_id="<abc@example.org>",
        unsubscribe="https://example.org/u/t",
        at=datetime(2027, 1, 8, 9, tzinfo=UTC),
    )


def test_a_mail_arrives_as_it_was_written(server: tuple[str, Received]):
    url, received = server
    assert SmtpChannel(url, timeout=PATIENCE).send(a_message()) == DELIVERED
    [mail] = received.mails
    assert mail["Message-ID"] == "<abc@example.org>"
    assert mail["X-MailFrom"] == "office@example.org"
    assert mail["X-RcptTo"] == "head@example.org"
    assert mail["List-Unsubscribe"] == "<https://example.org/u/t>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["X-Changeflow-Repeat"] is None
    text, html = mail.get_payload()
    assert text.get_payload(decode=True).decode().splitlines() == ["Text – with a dash"]
    assert html.get_content_type() == "text/html"


def test_a_possible_repeat_is_marked(server: tuple[str, Received]):
    url, received = server
    SmtpChannel(url, timeout=PATIENCE).send(replace(a_message(), may_have_gone=True))
    assert received.mails[0]["X-Changeflow-Repeat"] == "possible"


def test_a_message_is_retried_later_when_the_mail_server_cannot_be_reached():
    receipt = SmtpChannel("smtp://127.0.0.1:1").send(a_message())
    assert (receipt.sent, receipt.detail) == (Sent.LATER, "no connection: ConnectionRefusedError")


class Scripted(StreamRequestHandler):
    """A mail server that gives a set answer to one command, and a normal one to all others."""

    verb, answer = b"", b""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            verb = line.split()[0].upper().split(b":")[0]
            if verb == self.verb and self.answer:
                self.wfile.write(self.answer)
                continue
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() != b".\r\n":
                    pass
                if self.verb == b"LOST":
                    return
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")


@pytest.mark.usual(1)
@pytest.mark.parametrize(
    ("verb", "answer", "sent", "detail"),
    [
        (b"RCPT", b"550 no such user\r\n", Sent.NEVER, "the address is refused (550)"),
        (b"RCPT", b"451 try later\r\n", Sent.LATER, "the address is refused for now (451)"),
        (b"MAIL", b"452 too much\r\n", Sent.LATER, "the message is refused for now (452)"),
        (b"DATA", b"554 refused\r\n", Sent.NEVER, "the message is refused (554)"),
        (b"LOST", b"", Sent.MAYBE, "connection lost: SMTPServerDisconnected"),
    ],
)
def test_each_answer_of_a_mail_server_has_its_own_receipt(verb: bytes, answer: bytes, sent: Sent, detail: str):
    handler = type("Handler", (Scripted,), {"verb": verb, "answer": answer})
    with ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"smtp://127.0.0.1:{server.server_address[1]}"
        receipt = SmtpChannel(url, timeout=PATIENCE).send(a_message())
        server.shutdown()
    assert (receipt.sent, receipt.detail) == (sent, detail)
    assert "example.org" not in receipt.detail


@pytest.mark.parametrize("part", ["subject", "to_name", "to_address"])
def test_a_line_break_cannot_add_a_header(tmp_path: Path, part: str):
    with pytest.raises(InputError, match="line break"):
        FileChannel(tmp_path).send(replace(a_message(), **{part: "x\r\nBcc: all@example.org"}))


class TestChoosing:
    def test_smtp_is_the_channel_where_a_mail_server_is_set(self):
        assert channel_for(ChannelSettings()).name == "file"
        assert channel_for(ChannelSettings(smtp_url="smtp://localhost")).name == "smtp"

    @pytest.mark.parametrize("name", CHANNELS)
    def test_every_registered_channel_can_be_built_and_has_its_own_name(self, name: str, tmp_path: Path):
        key = f"key-{'0' * 8}-0000-0000-0000-{'0' * 12}-{'0' * 8}-0000-0000-0000-{'0' * 12}"
        settings = ChannelSettings(
            channel=name, outbox=tmp_path, smtp_url="smtp://localhost", notify_key=key, notify_template="t",
            teams_url="https://example.org/flow",
        )  # fmt: skip
        channel = channel_for(settings)
        assert channel.name == name
        declared = (channel.may_repeat, channel.overwrites, channel.reaches_people)
        assert all(isinstance(answer, bool) for answer in declared)

    @pytest.mark.parametrize(
        ("settings", "what"),
        [
            (ChannelSettings(smtp_url="http://example.org"), "smtp://host:port"),
            (ChannelSettings(smtp_url="smtp://host:port"), "port is not a number"),
            (ChannelSettings(channel="pigeon"), "one of file, console, smtp, notify, teams"),
            (ChannelSettings(channel="smtp"), "needs CHANGEFLOW_SMTP_URL"),
            (ChannelSettings(channel="notify", notify_key="x"), "needs CHANGEFLOW_NOTIFY_TEMPLATE"),
            (ChannelSettings(channel="teams", teams_url="example"), "not a web address"),
        ],
    )
    def test_a_wrong_setting_is_an_error_that_names_it(self, settings: ChannelSettings, what: str):
        with pytest.raises(InputError, match=what):
            channel_for(settings)

    def test_secrets_are_never_shown(self):
        shown = repr(ChannelSettings(smtp_url="smtp://u:secret@h", notify_key="secret", teams_url="https://x/secret"))
        assert "secret" not in shown
