"""One message, and how it becomes an email."""

import base64
import quopri
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime, formataddr
from functools import lru_cache

from changeflow.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one person. A repeat has the same Message-ID, so that it is recognised."""

    to_name: str
    to_address: str
    from_name: str
    from_address: str
    subject: str
    text: str
    html: str
    message_id: str
    at: datetime
    language: str = "en"
    unsubscribe: str | None = None
    """An address that unsubscribes on a single POST (RFC 8058)."""
    may_have_gone: bool = False
    """An earlier attempt was cut off, so this may be a repeat."""
    headers: dict[str, str] = field(default_factory=dict)
    invitations: tuple[bytes, ...] = ()
    """iCalendar files, each with one event."""


def as_email(message: Message) -> MIMEMultipart:
    """Build the email as text and HTML, marked as sent automatically (RFC 3834)."""
    body = MIMEMultipart("alternative")
    body.attach(_part("plain", message.text))
    body.attach(_part("html", message.html))
    mail = body
    if message.invitations:
        mail = MIMEMultipart("mixed")
        mail.attach(body)
        for content in message.invitations:
            mail.attach(_invitation(content))
    mail["Subject"] = Header(one_line(message.subject, "subject"), header_name="Subject").encode()
    mail["From"] = _address(message.from_name, message.from_address)
    # A mail server may send from an address of its own; replies go to the programme office in any case.
    mail["Reply-To"] = _address(message.from_name, message.from_address)
    mail["To"] = _address(message.to_name, message.to_address)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = message.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = message.language
    if message.unsubscribe is not None:
        mail["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if message.may_have_gone:
        mail["X-Changeflow-Repeat"] = "possible"
    for name, value in message.headers.items():
        mail[name] = one_line(value, name)
    return mail


def _invitation(content: bytes) -> MIMENonMultipart:
    """Attach an invitation, with its method in the content type as well (RFC 6047, 2.4)."""
    method = "CANCEL" if b"METHOD:CANCEL" in content else "REQUEST"
    part = MIMENonMultipart("text", "calendar", charset="utf-8", method=method)
    part["Content-Disposition"] = 'attachment; filename="checkpoint.ics"'
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(content).decode("ascii"))
    return part


def _part(subtype: str, text: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(quopri.encodestring(text.encode()).decode("ascii"))
    return part


def one_line(value: str, what: str) -> str:
    """Return a header's value; refuse one with a line break, which could add further headers."""
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise InputError(f"The {what} has a line break or another control character: {value!r}. Write it on one line.")
    return value


@lru_cache(maxsize=1024)
def _address(name: str, address: str) -> str:
    """Write a name and an address as a header's value; refuse one that is not valid by RFC 5322."""
    try:
        parsed = Address(display_name=one_line(name, "name"), addr_spec=one_line(address, "address"))
        return formataddr((parsed.display_name, parsed.addr_spec))
    except (ValueError, HeaderParseError, IndexError):
        raise InputError(f"{address!r} is not an email address. Write name@example.org.") from None
