"""Sending through a real SMTP server."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler

from changeflow.delivery.channels import FileChannel, SmtpChannel, channel_for
from changeflow.delivery.message import Message
from changeflow.errors import InputError


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
    controller = Controller(handler, hostname="127.0.0.1", port=port)
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
        at=datetime(2027, 1, 8, 9, tzinfo=UTC),
    )


def test_a_mail_arrives_as_it_was_written(server: tuple[str, Received]):
    url, received = server
    SmtpChannel(url).send(a_message())
    [mail] = received.mails
    assert mail["Message-ID"] == "<abc@example.org>"
    assert mail["X-MailFrom"] == "office@example.org"
    assert mail["X-RcptTo"] == "head@example.org"
    text, html = mail.get_payload()
    assert text.get_payload(decode=True).decode().splitlines() == ["Text – with a dash"]
    assert html.get_content_type() == "text/html"


def test_a_server_that_is_not_there_is_an_error_that_the_outbox_knows():
    with pytest.raises(OSError):
        SmtpChannel("smtp://127.0.0.1:1").send(a_message())


def test_a_line_break_in_a_name_makes_no_new_header(tmp_path):
    with pytest.raises(ValueError, match=r"linefeed|CR or LF"):
        FileChannel(tmp_path).send(replace(a_message(), subject="x\r\nBcc: all@example.org"))


def test_a_wrong_address_of_a_server(tmp_path):
    with pytest.raises(InputError, match="smtp://host:port"):
        channel_for("http://example.org", tmp_path)
    assert channel_for(None, tmp_path).name == "file"
