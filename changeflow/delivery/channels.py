"""Channels for messages: a file, the screen, a mail server, GOV.UK Notify or Microsoft Teams."""

import smtplib
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TextIO
from urllib.parse import unquote, urlsplit

from changeflow.delivery.message import Message, as_email
from changeflow.errors import ChangeflowError, InputError
from changeflow.files import write_whole

TIMEOUT_SECONDS = 20
DAILY_LIMIT = "TooManyRequestsError"
"""Notify's error for a service's daily limit; RateLimitError is for the limit per minute."""


class Sent(StrEnum):
    """What is known about a message after an attempt to send it."""

    YES = "sent"
    LATER = "later"
    """It was not sent, and may be tried again: the server is down or busy, or asks for a retry."""
    NEVER = "never"
    """The server refused the address or the message for good: there is no retry."""
    MAYBE = "maybe"
    """The connection broke after the message was handed over, before the server confirmed it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A channel's result for one message. The detail contains no address: it goes into logs and the database."""

    sent: Sent
    detail: str = ""
    stop_today: bool = False
    """The daily limit is reached: the channel will send nothing more today."""


DELIVERED = Receipt(Sent.YES)


class Channel(Protocol):
    name: str
    may_repeat: bool
    """Whether a repeat is recognised or does no harm. Otherwise a message that may have been sent is parked."""
    overwrites: bool
    """Whether a repeat leaves no second copy: several messages may then be marked as sent at once, which is faster."""
    reaches_people: bool
    """Whether the channel sends messages to people: only live programmes use such a channel."""

    def send(self, message: Message) -> Receipt:
        """Send a message. A failed delivery is a receipt; a faulty message is an `InputError`."""


class FileChannel:
    """Writes each message as an .eml file, named by its Message-ID: a repeat overwrites the earlier file."""

    name, may_repeat, overwrites, reaches_people = "file", True, True, False

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
    """Prints each message's text, to show what would be sent."""

    name, may_repeat, overwrites, reaches_people = "console", True, False, False

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def send(self, message: Message) -> Receipt:
        self.out.write(f"To: {message.to_name}\nSubject: {message.subject}\n\n{message.text}\n")
        return DELIVERED


class SmtpChannel:
    """Sends through a mail server: `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://`.

    A server may recognise a repeat by its Message-ID. If not, a second copy of a reminder does no harm, and is marked.
    """

    name, may_repeat, overwrites, reaches_people = "smtp", True, False, True

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self.url, self.timeout = urlsplit(url), timeout
        if self.url.scheme not in ("smtp", "smtps") or not self.url.hostname:
            raise InputError(f"'{self.url.scheme}://…' is not the address of a mail server. Write smtp://host:port.")
        try:
            self.port = self.url.port or (465 if self.url.scheme == "smtps" else 25)
        except ValueError:
            raise InputError("The mail server's port is not a number. Write smtp://host:587.") from None

    def send(self, message: Message) -> Receipt:
        mail = as_email(message)
        try:
            server = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            return Receipt(Sent.LATER, f"the mail server refused the user name or password ({error.smtp_code})")
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
            # The server may have accepted the message before the connection broke.
            return Receipt(Sent.MAYBE, f"connection lost: {type(error).__name__}")
        finally:
            _leave(server)
        return DELIVERED

    def try_connection(self) -> None:
        """Sign in and leave again, without a message; raise what the connection raises."""
        _leave(self._connect())

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
                    raise InputError(
                        "The mail server offers no encryption, so the password would be sent unencrypted. "
                        "Use smtps:// or a server with STARTTLS."
                    )
                server.login(unquote(self.url.username), unquote(self.url.password or ""))
        except BaseException:
            _leave(server)
            raise
        return server


def _refused(code: int, what: str) -> Receipt:
    """Sort a server's reply: 4xx is temporary, 5xx permanent (RFC 5321, 4.2.1)."""
    if 400 <= code < 500:
        return Receipt(Sent.LATER, f"{what} is refused for now ({code})")
    return Receipt(Sent.NEVER, f"{what} is refused ({code})")


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


class NotifyChannel:
    """Sends through GOV.UK Notify, with a key and the id of a template that has ((subject)) and ((body)).

    One template serves all messages: Notify's templates have headings and bullets but no tables. Its client is not
    thread-safe (as its own docstring says), so each channel has its own, and each flow run has one channel. Notify does
    not drop a repeat by its reference, but can be searched by it, which shows whether an earlier attempt arrived.
    """

    name, may_repeat, overwrites, reaches_people = "notify", False, False, True

    def __init__(
        self, key: str, template: str, *, base_url: str | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        # Imported only when needed, because it loads an HTTP library that nothing else needs.
        from notifications_python_client.notifications import NotificationsAPIClient

        self.template = template
        where: dict[str, Any] = {"base_url": base_url} if base_url else {}
        try:
            self._client: Any = NotificationsAPIClient(key, timeout=timeout, **where)  # type: ignore[no-untyped-call]
        except (AssertionError, ValueError):
            raise InputError(
                "CHANGEFLOW_NOTIFY_KEY is not a GOV.UK Notify key. Create one in Notify, under API integration."
            ) from None

    def send(self, message: Message) -> Receipt:
        reference = message.message_id.strip("<>")
        if message.may_have_gone and self._knows(reference):
            return DELIVERED
        return self._asked(
            lambda: self._client.send_email_notification(
                email_address=message.to_address,
                template_id=self.template,
                personalisation={"subject": message.subject, "body": message.text},
                reference=reference,
                one_click_unsubscribe_url=message.unsubscribe,
            )
        )

    def _knows(self, reference: str) -> bool:
        found = self._client.get_all_notifications(reference=reference)
        return bool(found["notifications"])

    def _asked(self, ask: Any) -> Receipt:  # noqa: ANN401
        import requests
        from notifications_python_client.errors import HTTPError, TokenError

        try:
            ask()
        except HTTPError as error:
            return _refused_by_notify(error.status_code, str(error.message))
        except TokenError:
            return Receipt(Sent.LATER, "GOV.UK Notify refused the key; check this machine's clock")
        except requests.ConnectTimeout:
            return Receipt(Sent.LATER, "no connection to GOV.UK Notify")
        except requests.ConnectionError as error:
            refused = "refused" in str(error).lower() or "resolve" in str(error).lower()
            return Receipt(Sent.LATER if refused else Sent.MAYBE, "no answer from GOV.UK Notify")
        except requests.RequestException as error:
            return Receipt(Sent.MAYBE, f"no answer from GOV.UK Notify: {type(error).__name__}")
        return DELIVERED


def _refused_by_notify(code: int, message: str) -> Receipt:
    """Sort Notify's documented errors: limits and its own failures are temporary, faults of the message are not."""
    if code == 429:
        if DAILY_LIMIT in message:
            return Receipt(Sent.LATER, "GOV.UK Notify: daily limit reached", stop_today=True)
        return Receipt(Sent.LATER, "GOV.UK Notify: limit per minute reached")
    if code >= 500 or code == 403:
        return Receipt(Sent.LATER, f"GOV.UK Notify answered {code}")
    if "team" in message and code == 400:
        return Receipt(Sent.LATER, "GOV.UK Notify: a trial service can send only to its team and guest list")
    return Receipt(Sent.NEVER, f"GOV.UK Notify refused the message ({code})")


class TeamsChannel:
    """Posts an adaptive card to a workflow triggered by "When a Teams webhook request is received", which decides where
    the card goes.

    The card names the recipient. Microsoft has retired connectors; a workflow belongs to a person and stops when they
    leave, so give it a second owner. A repeated card cannot be recognised, so one that may have been sent is parked.
    """

    name, may_repeat, overwrites, reaches_people = "teams", False, False, True

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError("CHANGEFLOW_TEAMS_URL is not a web address. Copy the address that the workflow shows.")
        self._url, self._timeout = url, timeout

    def send(self, message: Message) -> Receipt:
        # Imported only when needed, because few runs send a card.
        import httpx

        try:
            answer = httpx.post(self._url, json=card(message), timeout=self._timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Receipt(Sent.LATER, "no connection to Teams")
        except httpx.HTTPError as error:
            return Receipt(Sent.MAYBE, f"no answer from Teams: {type(error).__name__}")
        if answer.is_success:
            return DELIVERED
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            return Receipt(Sent.LATER, f"Teams answered {answer.status_code}")
        return Receipt(Sent.LATER, f"Teams answered {answer.status_code}; check that the workflow's owner has not left")


def card(message: Message) -> dict[str, object]:
    """Return a message as an adaptive card, with its links as plain text."""
    lines = [line for line in message.text.splitlines() if line.strip() and line.strip() != "--"]
    body = [
        {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": message.subject},
        *({"type": "TextBlock", "wrap": True, "text": line} for line in lines),
    ]
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": message.language,
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {"type": "message", "attachments": [attachment]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """The settings of the channels. Secrets are never shown."""

    channel: str | None = None
    """By default, `smtp` where a mail server is set, else `file`."""
    outbox: Path = Path("outbox")
    smtp_url: str | None = field(default=None, repr=False)
    notify_key: str | None = field(default=None, repr=False)
    notify_template: str | None = None
    notify_url: str | None = None
    teams_url: str | None = field(default=None, repr=False)

    def needed(self, name: str) -> str:
        """Return a setting that a channel needs; raise `InputError` if it is missing."""
        value: str | None = getattr(self, name)
        if not value:
            variable = f"CHANGEFLOW_{name.upper()}"
            what = f"The channel '{channel_name(self)}' needs {variable}"
            raise InputError(f"{what}, or {variable}_FILE with the path of a file that contains it.")
        return value


def _file(settings: ChannelSettings) -> Channel:
    if settings.outbox.exists() and not settings.outbox.is_dir():
        raise InputError(f"CHANGEFLOW_OUTBOX: {settings.outbox} is not a folder.")
    return FileChannel(settings.outbox)


CHANNELS: Mapping[str, Callable[[ChannelSettings], Channel]] = {
    "file": _file,
    "console": lambda _: ConsoleChannel(sys.stdout),
    "smtp": lambda settings: SmtpChannel(settings.needed("smtp_url")),
    "notify": lambda settings: NotifyChannel(
        settings.needed("notify_key"), settings.needed("notify_template"), base_url=settings.notify_url
    ),
    "teams": lambda settings: TeamsChannel(settings.needed("teams_url")),
}
"""Makes each channel, by its name in CHANGEFLOW_CHANNEL. The settings are fields of `ChannelSettings`."""


def channel_name(settings: ChannelSettings) -> str:
    """Return the name of the channel that is used."""
    return settings.channel or ("smtp" if settings.smtp_url else "file")


def channel_for(settings: ChannelSettings) -> Channel:
    """Return the configured channel; raise `InputError` if a setting that it needs is missing."""
    name = channel_name(settings)
    if name not in CHANNELS:
        raise InputError(f"CHANGEFLOW_CHANNEL is '{name}'. Use one of {', '.join(CHANNELS)}.")
    return CHANNELS[name](settings)
