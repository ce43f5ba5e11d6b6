"""How messages are sent, without secrets, and a test message to oneself."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from changeflow.delivery.channel_facts import ChannelFacts, channel_facts, missing_settings
from changeflow.delivery.channels import Receipt, Sent
from changeflow.delivery.message import Message
from changeflow.delivery.sign_in import TrialLetter, write_trial
from changeflow.errors import InputError
from changeflow.storage import audit, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import session_scope
from changeflow.usecases.custody import standing_of
from changeflow.usecases.message_switch import midnight_of
from changeflow.usecases.messages import Desk
from changeflow.usecases.sign_in_mail import LinkPost
from changeflow.usecases.visits import Visit, visit
from changeflow.values.moments import local_day
from changeflow.values.words import Action

MOST_TESTS = 20
"""The most test messages that a person can send in a day, of either kind."""
LOCAL = ("http://127.0.0.1", "http://localhost", "http://[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """How messages are sent."""

    channel: ChannelFacts
    sender: str
    """The name and address that messages come from."""
    own_address: str
    """The visitor's address, for the test; empty if they have none."""
    missing: tuple[str, ...]
    """What keeps messages from reaching people, in sentences."""
    settings: tuple[tuple[str, bool], ...]
    """What the channel needs, for the person who runs the server, and which of it is set."""


def mail_view(found: Visit, post: LinkPost) -> MailView:
    """Return how messages are sent, without secrets, and what is missing."""
    found.permit(Action.TEST_MESSAGES)
    office, channel = found.definition.programme.office, channel_facts(post.channels)
    contact = versions.contact(found.session, found.name, found.visitor.person)
    return MailView(
        channel=channel,
        sender=f"{office.name}, {office.email}",
        own_address=(contact.email or "") if contact else "",
        missing=tuple(_missing(found, channel, post)),
        settings=missing_settings(post.channels),
    )


def _missing(found: Visit, channel: ChannelFacts, post: LinkPost) -> list[str]:
    lines = []
    if found.is_sandbox:
        return ["This is a sandbox: it never sends messages, and writes them as files on the server."]
    if channel.problem:
        lines.append(f"{channel.problem} Nothing can be sent.")
    elif not channel.reaches_people:
        lines.append("No mail server is set.")
    if post.desk.base_url.startswith(LOCAL):
        lines.append("The address of these pages is local to the server, so links in messages work only on the server.")
    if not found.reaches_people:
        lines.append("Messages are off. Switch them on once you have read next week’s messages.")
    state = MachineState(found.db)
    if standing_of(found.session, state, state.seen()):
        lines.append("The database was restored or moved. Nothing is sent until someone releases it.")
    return lines


def trial_letter(token: str, programme: str, desk: Desk, *, db: str, now: datetime) -> Message:
    """Return a test message to the person of a session; the audit records it."""
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.TEST_MESSAGES)
        person, office = found.visitor.person, found.definition.programme.office
        contact = versions.contact(found.session, programme, person)
        language, name = found.language, found.definition.programme.name
    if contact is None or not contact.email:
        raise InputError("You have no email address in this programme, so there is nowhere to send a test.")
    with session_scope(db) as session:
        note_test(session, programme, person, "settings", now=now)
    letter = TrialLetter(
        name=contact.name or person,
        address=contact.email,
        language=language,
        link=f"{desk.base_url}/p/{programme}/settings/mail",
        programme=name,
        office=office.name,
        office_email=office.email,
        message_id=f"<{secrets.token_hex(16)}@{office.email.rpartition('@')[2]}>",
        at=now,
    )
    return write_trial(letter, desk.templates)


def note_test(session: Session, programme: str, person: str, subject: str, *, now: datetime) -> None:
    """Have the audit record a test message; raise an `InputError` if the person has sent too many today."""
    versions.lock_programme(session, programme)
    today = midnight_of(local_day(now))
    sent = audit.subjects_of(session, programme, actor=person, action="message:test", since=today)
    if len(sent) >= MOST_TESTS:
        raise InputError(f"You have sent yourself {MOST_TESTS} tests today. Try again tomorrow.")
    audit.append(session, programme, at=now, actor=person, action="message:test", subject=subject)


def trial_result(receipt: Receipt, *, reaches_people: bool) -> str:
    """Return the result of a test message, in words."""
    if not reaches_people and receipt.sent is Sent.YES:
        return "Written as a file on the server. It reached no one."
    detail = f": {receipt.detail}" if receipt.detail else ""
    return {
        Sent.YES: "Sent. Check that it arrives. Look in your junk folder too.",
        Sent.LATER: f"Not sent{detail}. We would try to send a reminder again later.",
        Sent.NEVER: f"Refused{detail}. We would not send a reminder again until the address is corrected.",
        Sent.MAYBE: f"It may have been sent{detail}. Check whether it arrives.",
    }[receipt.sent]
