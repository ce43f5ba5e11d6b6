"""Send sign-in links through the channel that is set; in a sandbox they are only written as files."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from changeflow.delivery.channels import Channel, ChannelSettings, FileChannel, Receipt, Sent, channel_for
from changeflow.delivery.sign_in import SignInLetter, write_sign_in
from changeflow.errors import ChangeflowError
from changeflow.logs import log
from changeflow.usecases.accounts import LINK_LIFE, NewLink, is_sandbox
from changeflow.usecases.messages import Desk

WAITS = (0.0, 5.0, 20.0)
"""Seconds before each attempt: a link that arrives later than a minute is of little use. Our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPost:
    """Sends sign-in links. A link does not depend on whether the programme is live: the reader has asked for it."""

    channels: ChannelSettings = field(default_factory=ChannelSettings)
    desk: Desk = field(default_factory=Desk)
    pause: Callable[[float], None] = time.sleep

    def send(self, link: NewLink, *, db: str, now: datetime) -> Sent:
        """Send one link, and try again if the mail server is busy. A failure is logged, never shown to the reader."""
        try:
            channel: Channel = FileChannel(self.channels.outbox) if is_sandbox(db=db) else channel_for(self.channels)
            receipt = self._send(channel, link, now)
        except ChangeflowError as error:
            log("sign-in mail", sent=Sent.LATER.value, error=type(error).__name__)
            return Sent.LATER
        log("sign-in mail", sent=receipt.sent.value, channel=channel.name, detail=receipt.detail)
        return receipt.sent

    def _send(self, channel: Channel, link: NewLink, now: datetime) -> Receipt:
        domain = urlsplit(self.desk.base_url).hostname or "localhost"
        letter = SignInLetter(
            name=link.to_name,
            is_named=link.is_named,
            address=link.to_address,
            language=link.language,
            link=f"{self.desk.base_url}/sign-in/link/{link.token}",
            minutes=int(LINK_LIFE.total_seconds() // 60),
            programme=link.programme,
            office=link.office,
            office_email=link.office_email,
            message_id=f"<{secrets.token_hex(16)}@{domain}>",
            at=now,
        )
        message = write_sign_in(letter, self.desk.templates)
        receipt = Receipt(Sent.LATER)
        for wait in WAITS:
            self.pause(wait)
            receipt = channel.send(message)
            if receipt.sent is not Sent.LATER or receipt.stop_today:
                break
        return receipt
