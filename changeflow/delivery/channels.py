"""Ways in which a message leaves: as a file, to the screen, by a mail server, GOV.UK Notify or Microsoft Teams."""

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
"""Notify's word for a service's daily limit; RateLimitError is the one for a minute."""


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


class NotifyChannel:
    """Sends by GOV.UK Notify: a key, and the id of a template that has ((subject)) and ((body)).

    One template with a subject and a body of headings and bullets, for its templates know no tables. Its client is not
    thread-safe (its own docstring): each channel has one, and a flow run has one channel. Notify does not drop a repeat
    by its reference, but can be asked by it: that settles what may have gone.
    """

    name, may_repeat, overwrites, leaves_the_house = "notify", False, False, True

    def __init__(
        self, key: str, template: str, *, base_url: str | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        # Loaded here: it brings an HTTP library that nobody else needs.
        from notifications_python_client.notifications import NotificationsAPIClient

        self.template = template
        where: dict[str, Any] = {"base_url": base_url} if base_url else {}
        try:
            self._client: Any = NotificationsAPIClient(key, timeout=timeout, **where)  # type: ignore[no-untyped-call]
        except (AssertionError, ValueError):
            raise InputError(
                "CHANGEFLOW_NOTIFY_KEY is no key of GOV.UK Notify. Make one under API integration."
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
            return Receipt(Sent.LATER, "GOV.UK Notify refused the key: is this machine's clock right?")
        except requests.ConnectTimeout:
            return Receipt(Sent.LATER, "no connection to GOV.UK Notify")
        except requests.ConnectionError as error:
            refused = "refused" in str(error).lower() or "resolve" in str(error).lower()
            return Receipt(Sent.LATER if refused else Sent.MAYBE, "no answer from GOV.UK Notify")
        except requests.RequestException as error:
            return Receipt(Sent.MAYBE, f"no answer from GOV.UK Notify: {type(error).__name__}")
        return DELIVERED


def _refused_by_notify(code: int, message: str) -> Receipt:
    """Sort Notify's documented errors: limits and its own failures pass, what is wrong with the message does not."""
    if code == 429:
        if DAILY_LIMIT in message:
            return Receipt(Sent.LATER, "GOV.UK Notify: the daily limit is reached", stop_today=True)
        return Receipt(Sent.LATER, "GOV.UK Notify: too many in a minute")
    if code >= 500 or code == 403:
        return Receipt(Sent.LATER, f"GOV.UK Notify answered {code}")
    if "team" in message and code == 400:
        return Receipt(Sent.LATER, "GOV.UK Notify: a trial service sends to its team and guest list alone")
    return Receipt(Sent.NEVER, f"GOV.UK Notify refused the message ({code})")


class TeamsChannel:
    """Posts an adaptive card to a workflow "When a Teams webhook request is received", which decides where it goes.

    The recipient is named in the card. Connectors are gone; a workflow belongs to a person and stops when they leave,
    so give it a second owner. A card cannot be recognised as a repeat: what may have gone is parked.
    """

    name, may_repeat, overwrites, leaves_the_house = "teams", False, False, True

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError("CHANGEFLOW_TEAMS_URL is no web address. Copy the address that the workflow shows.")
        self._url, self._timeout = url, timeout

    def send(self, message: Message) -> Receipt:
        # Loaded here: most runs send no card.
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
        return Receipt(
            Sent.LATER, f"the workflow refuses: Teams answered {answer.status_code}. Is its owner still there?"
        )


def card(message: Message) -> dict[str, object]:
    """Return the adaptive card of a message: its words, and its links as they stand in the text."""
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
class Ways:
    """What is set for the channels. Secrets are never shown."""

    channel: str | None = None
    """Left out: `smtp` where a mail server is set, else `file`."""
    outbox: Path = Path("outbox")
    smtp_url: str | None = field(default=None, repr=False)
    notify_key: str | None = field(default=None, repr=False)
    notify_template: str | None = None
    notify_url: str | None = None
    teams_url: str | None = field(default=None, repr=False)

    def needed(self, name: str) -> str:
        """Return a setting that a channel cannot do without; `InputError` where it is not set."""
        value: str | None = getattr(self, name)
        if not value:
            variable = f"CHANGEFLOW_{name.upper()}"
            what = f"The channel '{channel_name(self)}' needs {variable}"
            raise InputError(f"{what}, or {variable}_FILE with the path of a file with it.")
        return value


def _file(ways: Ways) -> Channel:
    if ways.outbox.exists() and not ways.outbox.is_dir():
        raise InputError(f"CHANGEFLOW_OUTBOX: {ways.outbox} is no folder.")
    return FileChannel(ways.outbox)


CHANNELS: Mapping[str, Callable[[Ways], Channel]] = {
    "file": _file,
    "console": lambda _: ConsoleChannel(sys.stdout),
    "smtp": lambda ways: SmtpChannel(ways.needed("smtp_url")),
    "notify": lambda ways: NotifyChannel(
        ways.needed("notify_key"), ways.needed("notify_template"), base_url=ways.notify_url
    ),
    "teams": lambda ways: TeamsChannel(ways.needed("teams_url")),
}
"""What makes each channel, by the name that CHANGEFLOW_CHANNEL gives; its settings are fields of `Ways`."""
LEAVING = frozenset(c.name for c in (SmtpChannel, NotifyChannel, TeamsChannel) if c.leaves_the_house)
"""Channels by which a message reaches somebody: the others write it down."""


def channel_name(ways: Ways) -> str:
    """Return the name of the channel by which messages leave."""
    return ways.channel or ("smtp" if ways.smtp_url else "file")


def channel_for(ways: Ways) -> Channel:
    """Return the channel that is set; what it needs and does not have is an `InputError`."""
    name = channel_name(ways)
    if name not in CHANNELS:
        raise InputError(f"CHANGEFLOW_CHANNEL is '{name}'. Write one of {', '.join(CHANNELS)}.")
    return CHANNELS[name](ways)
