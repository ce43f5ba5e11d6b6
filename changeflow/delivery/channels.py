"""Ways in which a message leaves: as a file, to the screen, by a mail server."""

import smtplib
import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TextIO
from urllib.parse import unquote, urlsplit

from changeflow.delivery.message import Message, as_email
from changeflow.errors import ChangeflowError, InputError
from changeflow.files import write_whole

TIMEOUT_SECONDS = 20


class Sent(StrEnum):
    """What is known of a message that was handed over."""

    YES = "sent"
    LATER = "later"
    """It did not go, and may another time: the other side is down, busy, or says so."""
    NEVER = "never"
    """The address is refused: trying again would only annoy."""
    MAYBE = "maybe"
    """Cut off after the message was handed over, before the other side said that it has it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a channel says of one message. No address is in the detail: it goes into logs and the database."""

    sent: Sent
    detail: str = ""
    stop_today: bool = False
    """A daily limit: nothing more will go today, whatever it is."""


DELIVERED = Receipt(Sent.YES)


class Channel(Protocol):
    name: str
    may_repeat: bool
    """Whether the other side recognises a repeat, or a repeat does no harm. Else what may have gone is parked."""
    overwrites: bool
    """Whether a repeat leaves no second copy: several may then be marked as sent at once, which is faster."""
    leaves_the_house: bool
    """Whether people get what is sent: only programmes that are live send by such a channel."""

    def send(self, message: Message) -> Receipt:
        """Hand a message over. What goes wrong on the way is a receipt; what is wrong with it an `InputError`."""


class FileChannel:
    """Writes each message as an .eml file, named by its Message-ID: a repeat overwrites itself."""

    name, may_repeat, overwrites, leaves_the_house = "file", True, True, False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: Message) -> Receipt:
        stem = message.message_id.strip("<>").split("@")[0]
        mail = bytes(as_email(message))
        try:
            write_whole(self.folder / f"{message.at:%Y-%m-%d}-{stem[:16]}.eml", mail, private=True)
        except ChangeflowError as error:
            return Receipt(Sent.LATER, str(error))
        return DELIVERED


class ConsoleChannel:
    """Prints each message's text, for a look at what would go out."""

    name, may_repeat, overwrites, leaves_the_house = "console", True, False, False

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def send(self, message: Message) -> Receipt:
        self.out.write(f"To: {message.to_name}\nSubject: {message.subject}\n\n{message.text}\n")
        return DELIVERED


class SmtpChannel:
    """Sends through a mail server: `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://`.

    A server recognises a repeat by its Message-ID, if at all; a second copy of a reminder does no harm, and is marked.
    """

    name, may_repeat, overwrites, leaves_the_house = "smtp", True, False, True

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self.url, self.timeout = urlsplit(url), timeout
        if self.url.scheme not in ("smtp", "smtps") or not self.url.hostname:
            raise InputError(f"'{self.url.scheme}://…' is no address of a mail server. Write smtp://host:port.")
        try:
            self.port = self.url.port or (465 if self.url.scheme == "smtps" else 25)
        except ValueError:
            raise InputError("The mail server's port is no number. Write smtp://host:587.") from None

    def send(self, message: Message) -> Receipt:
        mail = as_email(message)
        try:
            server = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            return Receipt(Sent.LATER, f"the mail server refused the user or the password ({error.smtp_code})")
        except smtplib.SMTPResponseException as error:
            return Receipt(Sent.LATER, f"the mail server answered {error.smtp_code}")
        except (OSError, smtplib.SMTPException) as error:
            return Receipt(Sent.LATER, f"no connection: {type(error).__name__}")
        try:
            server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            [(code, _)] = error.recipients.values()
            return _refused(code, "the address")
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, "the message")
        except (OSError, smtplib.SMTPException) as error:
            # Where in the conversation it broke is not to be known: the message may have been taken.
            return Receipt(Sent.MAYBE, f"cut off: {type(error).__name__}")
        finally:
            _leave(server)
        return DELIVERED

    def _connect(self) -> smtplib.SMTP:
        host, is_secure = self.url.hostname or "", self.url.scheme == "smtps"
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if is_secure:
            server = smtplib.SMTP_SSL(host, self.port, timeout=self.timeout, context=context)
        else:
            server = smtplib.SMTP(host, self.port, timeout=self.timeout)
        try:
            server.ehlo()
            if not is_secure and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if self.url.username:
                if not is_secure and not server.has_extn("starttls") and host not in ("localhost", "127.0.0.1"):
                    raise InputError("The mail server offers no encryption: the password would go in the clear.")
                server.login(unquote(self.url.username), unquote(self.url.password or ""))
        except BaseException:
            _leave(server)
            raise
        return server


def _refused(code: int, what: str) -> Receipt:
    """4xx: another time; 5xx: never (RFC 5321, 4.2.1)."""
    if 400 <= code < 500:
        return Receipt(Sent.LATER, f"{what}: not now ({code})")
    return Receipt(Sent.NEVER, f"{what} is refused ({code})")


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
