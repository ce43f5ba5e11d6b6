"""Send sign-in links and invitations through the channel that is set; in a sandbox they are only written as files."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from changeflow.delivery.channel_names import REACHING_PEOPLE
from changeflow.delivery.channels import (
    Channel,
    ChannelSettings,
    FileChannel,
    Receipt,
    Sent,
    channel_for,
    channel_name,
)
from changeflow.delivery.message import Message
from changeflow.delivery.sign_in import InvitationLetter, SignInLetter, write_invitation, write_sign_in
from changeflow.errors import ChangeflowError, InputError
from changeflow.logs import log
from changeflow.usecases.account_settings import NewInvitation
from changeflow.usecases.accounts import LINK_LIFE, NewLink, is_sandbox
from changeflow.usecases.custody import take_stock
from changeflow.usecases.messages import Desk

WAITS = (0.0, 5.0, 20.0)
"""Seconds before each attempt: a link that arrives later than a minute is of little use. Our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPost:
    """Sends sign-in links and invitations.

    A link does not depend on whether the programme is live, because the reader has asked for it.
    """

    channels: ChannelSettings = field(default_factory=ChannelSettings)
    desk: Desk = field(default_factory=Desk)
    pause: Callable[[float], None] = time.sleep

    @property
    def reaches_people(self) -> bool:
        """Whether the channel that is set sends to people, and does not only write files."""
        return channel_name(self.channels) in REACHING_PEOPLE

    def send(self, link: NewLink, *, db: str, now: datetime) -> Sent:
        """Send one link, and try again if the mail server is busy. A failure is logged, never shown to the reader."""
        letter = SignInLetter(
            name=link.to_name,
            is_named=link.is_named,
            address=link.to_address,
            language=link.language,
            link=f"{self.desk.base_url}/sign-in/link/{link.token}?lang={link.language}",
            minutes=int(LINK_LIFE.total_seconds() // 60),
            programme=link.programme,
            office=link.office,
            office_email=link.office_email,
            message_id=self._message_id(),
            at=now,
        )
        return self._sent("sign-in mail", lambda: write_sign_in(letter, self.desk.templates), db)

    def invite(self, found: NewInvitation, *, db: str, now: datetime) -> Sent:
        """Tell someone that they are invited. A restored database, which may have sent it already, sends nothing."""
        if not take_stock(db=db, now=now).may_send:
            log("invitation mail", sent=Sent.LATER.value, error="the database was restored")
            return Sent.LATER
        letter = InvitationLetter(
            name=found.to_name,
            is_named=found.is_named,
            address=found.to_address,
            language=found.language,
            link=f"{self.desk.base_url}/sign-in?lang={found.language}",
            by=found.by,
            by_link=found.by_link,
            programme=found.programme,
            office=found.office,
            office_email=found.office_email,
            message_id=self._message_id(),
            at=now,
        )
        return self._sent("invitation mail", lambda: write_invitation(letter, self.desk.templates), db)

    def send_test(self, message: Message, *, db: str) -> Sent:
        """Send someone a message that they asked for as a test. A restored database may send it, like a link."""
        return self._sent("test message", lambda: message, db)

    def try_out(self, message: Message, *, db: str) -> Receipt:
        """Send a test message once, and return what the channel said."""
        try:
            receipt = self._channel(db).send(message)
        except InputError as error:
            return Receipt(Sent.NEVER, str(error).partition(". ")[0].rstrip("."))
        log("test message", sent=receipt.sent.value, detail=receipt.detail)
        return receipt

    def _channel(self, db: str) -> Channel:
        return FileChannel(self.channels.outbox) if is_sandbox(db=db) else channel_for(self.channels)

    def _message_id(self) -> str:
        return f"<{secrets.token_hex(16)}@{urlsplit(self.desk.base_url).hostname or 'localhost'}>"

    def _sent(self, event: str, write: Callable[[], Message], db: str) -> Sent:
        try:
            channel = self._channel(db)
            receipt = self._send(channel, write())
        except ChangeflowError as error:
            log(event, sent=Sent.LATER.value, error=type(error).__name__)
            return Sent.LATER
        log(event, sent=receipt.sent.value, channel=channel.name, detail=receipt.detail)
        return receipt.sent

    def _send(self, channel: Channel, message: Message) -> Receipt:
        receipt = Receipt(Sent.LATER)
        for wait in WAITS:
            self.pause(wait)
            receipt = channel.send(message)
            if receipt.sent is not Sent.LATER or receipt.stop_today:
                break
        return receipt
