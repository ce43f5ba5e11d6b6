"""The channels that a message can take. To add one, copy the nearest and name it in `channel_for`."""

import os
import smtplib
import ssl
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from changeflow.delivery.message import Message, as_email
from changeflow.errors import InputError

TIMEOUT_SECONDS = 30


class Channel(Protocol):
    name: str

    def send(self, message: Message) -> None:
        """Hand the message over; `OSError` or `smtplib.SMTPException` when that failed."""


class FileChannel:
    """Writes each message as an .eml file, named by its Message-ID: a repeat overwrites itself."""

    name = "file"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: Message) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = message.message_id.strip("<>").split("@")[0]
        path = self.folder / f"{message.at:%Y-%m-%d}-{stem[:16]}.eml"
        part = path.with_suffix(".part")
        part.write_bytes(bytes(as_email(message)))
        os.replace(part, path)  # noqa: PTH105  (one step, so that nobody ever sees half a message)


class SmtpChannel:
    """Sends through a mail server: `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://`."""

    name = "smtp"

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        if self.url.scheme not in ("smtp", "smtps") or not self.url.hostname:
            raise InputError(f"'{self.url.scheme}://…' is no address of a mail server. Write smtp://host:port.")

    def send(self, message: Message) -> None:
        host, secure = self.url.hostname or "", self.url.scheme == "smtps"
        port = self.url.port or (465 if secure else 25)
        context = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
            if secure
            else smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        ) as server:
            server.ehlo()
            if not secure and server.has_extn("starttls"):
                server.starttls(context=context)
            if self.url.username:
                server.login(unquote(self.url.username), unquote(self.url.password or ""))
            server.send_message(as_email(message))


def channel_for(smtp_url: str | None, outbox: Path) -> Channel:
    """Choose SMTP where a server is set, else files in `outbox`."""
    return SmtpChannel(smtp_url) if smtp_url else FileChannel(outbox)
