"""One message, and how it becomes an e-mail."""

from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes to one person. The Message-ID is the nudge's own, so that a repeat can be recognised."""

    to_name: str
    to_address: str
    from_name: str
    from_address: str
    subject: str
    text: str
    html: str
    message_id: str
    at: datetime
    headers: dict[str, str] = field(default_factory=dict)


def as_email(message: Message) -> EmailMessage:
    """Build the e-mail: text first, HTML beside it, marked as sent by a machine."""
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = _address(message.from_name, message.from_address)
    mail["To"] = _address(message.to_name, message.to_address)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = message.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["Reply-To"] = _address(message.from_name, message.from_address)
    for name, value in message.headers.items():
        mail[name] = value
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail


def _address(name: str, address: str) -> Address:
    return Address(display_name=name, addr_spec=address)
