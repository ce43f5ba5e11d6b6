"""Messages as pages show them: those of the next week, those sent, what people answered, and the switch.

No page says who has not answered.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from html import escape
from itertools import groupby

from changeflow.adkar.people import Contact
from changeflow.agenda.due import AnswerKind
from changeflow.agenda.reasons import Reason
from changeflow.delivery.message import Message
from changeflow.errors import InputError, UnknownThingError
from changeflow.reports.record import actor_in_words, moment_in_words
from changeflow.storage import agenda, answers, audit, message_switch, messages, versions
from changeflow.storage.agenda import Carried
from changeflow.storage.custody import MachineState
from changeflow.storage.database import session_scope, url_of
from changeflow.storage.keys import key_of, recipient_of
from changeflow.usecases.custody import standing_of
from changeflow.usecases.message_switch import LETTER, midnight_of, opened_kinds
from changeflow.usecases.messages import Desk
from changeflow.usecases.nudge_preview import WEEK, PreviewedDay, PreviewedMessage, moments_from, preview_days
from changeflow.usecases.stored import Cache, content_state
from changeflow.usecases.visits import Visit, visit
from changeflow.values.moments import format_day, local_day
from changeflow.values.words import Action

MOST_SENT, MOST_ANSWERS = 60, 60
"""How many messages and answers a page lists, the latest first."""
MOST_TESTS = 20
"""Test messages that one person may send themselves in a day."""
LETTERS = "letters"
"""The audit's subject where someone read the list of a week's messages."""
KINDS: dict[Reason, str] = {
    Reason.TASK: "Reminder of a task",
    Reason.DECISION: "Reminder of a decision",
    Reason.GATE: "Request to decide",
    Reason.EVIDENCE: "Request for evidence",
    Reason.TRAINING: "Reminder of training",
    Reason.CHECKPOINT: "Checkpoint after a go-live",
    Reason.ASSESSMENT: "Questions about the change",
    Reason.FEEDBACK: "Request for feedback on a pilot",
    Reason.SPONSOR: "Reminder to show support",
    Reason.COMMENT: "Notice of a comment",
    Reason.CONVERSATION: "Request to a manager to talk about workload",
}
STATES = {
    messages.OPEN: "Being sent",
    messages.SENT: "Sent",
    messages.PARKED: "May have been sent: someone must check",
    messages.FAILED: "Could not be delivered",
    messages.DROPPED: "Withdrawn before it was sent",
}
ANSWERED = {
    AnswerKind.ACKNOWLEDGED: "In hand",
    AnswerKind.DONE: "Done",
    AnswerKind.NOT_YET: "Not yet",
    AnswerKind.BLOCKED: "Something is holding it up",
    AnswerKind.DELEGATED: "Someone else should do this",
    AnswerKind.UNDONE: "Undid the answer",
}
_WEEKS: Cache[tuple[object, ...], tuple[PreviewedDay, ...]] = Cache(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterKind:
    """Messages of the first week that are alike: of one reason and language, alone or with other things."""

    key: str
    name: str
    count: int
    day: date
    person: str
    """The first message of this kind, as an example."""
    is_opened: bool
    """Whether the person has opened one of them today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWeek:
    """What would be sent in the next seven days if nothing else changes."""

    days: tuple[PreviewedDay, ...]
    kinds: tuple[LetterKind, ...]

    @property
    def going(self) -> int:
        return sum(m.letter is not None for day in self.days for m in day.messages)

    @property
    def unopened(self) -> tuple[LetterKind, ...]:
        return tuple(kind for kind in self.kinds if not kind.is_opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLine:
    """One message, and what became of it."""

    who: str
    what: str
    more: int
    """How many other things are in it."""
    state: str
    is_wrong: bool
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAnswer:
    """One answer to a message."""

    who: str
    what: str
    task: str
    """The task that it is about."""
    answer: str
    text: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesView:
    """The switch, and what was sent and answered."""

    is_on: bool
    switched: str
    """Who used the switch last, and when; empty if no one has."""
    last_switch: int
    """The number of its last use."""
    may_switch: bool
    is_stopped: bool
    """Whether nothing is sent because the database was restored, or moved to another machine."""
    sent: tuple[SentLine, ...]
    wrong_addresses: tuple[str, ...]
    """People whose address refuses messages, or who have none."""
    answers: tuple[MessageAnswer, ...]


def messages_view(visit: Visit) -> MessagesView:
    """Return the switch, the latest messages and the latest answers; the audit records who read answers."""
    visit.permit(Action.READ_MESSAGES)
    session, last = visit.session, message_switch.last_switched(visit.session, visit.name)
    given = tuple(_answers(visit))
    if given:
        visit.note_look("answers")
    return MessagesView(
        is_on=message_switch.are_on(session, visit.definition),
        switched=f"{actor_in_words(visit.programme, last.by)}, {moment_in_words(last.at)}" if last else "",
        last_switch=last.id if last else 0,
        may_switch=visit.may(Action.SWITCH_MESSAGES) and not visit.is_sandbox,
        is_stopped=not visit.is_sandbox and bool(standing_of(session, state := MachineState(visit.db), state.seen())),
        sent=tuple(_sent(visit)),
        wrong_addresses=tuple(_wrong_addresses(visit)),
        answers=given,
    )


def _sent(visit: Visit) -> Iterator[SentLine]:
    found = agenda.carried(visit.session, visit.name, most=MOST_SENT)
    for _, group in groupby(found, key=lambda c: c.message):
        own: Sequence[Carried] = list(group)
        first = own[0]
        yield SentLine(
            who=actor_in_words(visit.programme, first.person),
            what=KINDS[Reason(first.reason)] if Reason(first.reason) in _PRIVATE else first.title,
            more=len(own) - 1,
            state=STATES[first.state],
            is_wrong=first.state in (messages.PARKED, messages.FAILED),
            when=moment_in_words(first.sent_at or first.opened_at),
        )


_PRIVATE = (Reason.ASSESSMENT, Reason.CONVERSATION)
"""Reasons whose title says nothing, or names a person."""


def _wrong_addresses(visit: Visit) -> Iterator[str]:
    contacts, key = versions.contacts(visit.session, visit.name), key_of(visit.session)
    here = [p.id for p in visit.definition.people if p.is_here(visit.today)]
    known = {p: recipient_of(key, visit.name, p, contacts.get(p)) for p in here}
    reach = answers.reach(visit.session, known.values())
    for person, recipient in known.items():
        contact = contacts.get(person)
        if contact is None or not contact.email:
            yield f"{visit.programme.person(person)}: no email address"
        elif recipient in reach and not reach[recipient].is_deliverable:
            yield f"{visit.programme.person(person)}: the address refuses messages"


def _answers(visit: Visit) -> Iterator[MessageAnswer]:
    programme = visit.programme
    for answer, text, at in answers.listed(visit.session, visit.name)[:MOST_ANSWERS]:
        task = programme.roadmap.tasks.get(answer.subject.partition("#")[0])
        if task is None:
            continue  # Whether someone answered about themselves is their own business.
        more = {
            AnswerKind.NOT_YET: f": by {format_day(answer.until)}" if answer.until else "",
            AnswerKind.DELEGATED: f": {actor_in_words(programme, answer.to)}" if answer.to else "",
        }.get(answer.kind, "")
        yield MessageAnswer(
            who=actor_in_words(programme, answer.person),
            what=task.name,
            task=task.id,
            answer=f"{ANSWERED[answer.kind]}{more}",
            text=text or "",
            when=moment_in_words(at),
        )


def message_week(token: str, programme: str, *, db: str, now: datetime, desk: Desk) -> MessageWeek:
    """Return the messages of the next seven days, and which kinds of them the person has opened today.

    The preview is kept until the next hour, or until something changes in any programme.
    """
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.READ_MESSAGES)
        session = found.session
        states = tuple((name, content_state(session, name)) for name in versions.programme_ids(session))
        key = (url_of(session), programme, states, now.replace(minute=0, second=0, microsecond=0), desk.base_url)
        opened = opened_kinds(session, programme, found.visitor.person, found.today)

    def work_out() -> tuple[PreviewedDay, ...]:
        return tuple(preview_days(db=db, moments=moments_from(now, WEEK), desk=desk, programme=programme))

    days = _WEEKS.get(key, work_out)
    return MessageWeek(days=days, kinds=tuple(_kinds(days, opened)))


def _kinds(days: Sequence[PreviewedDay], opened: frozenset[str]) -> Iterator[LetterKind]:
    found: dict[str, list[tuple[date, PreviewedMessage]]] = {}
    for day in days:
        for message in day.messages:
            if message.letter is not None:
                found.setdefault(_kind_of(message), []).append((day.day, message))
    for key, alike in found.items():
        first_day, first = alike[0]
        yield LetterKind(
            key=key,
            name=_name_of(first),
            count=len(alike),
            day=first_day,
            person=first.person,
            is_opened=key in opened,
        )


def _kind_of(message: PreviewedMessage) -> str:
    language = message.letter.language if message.letter else ""
    return ".".join([message.items[0].reason.value, language, *(["more"] if len(message.items) > 1 else [])])


def _name_of(message: PreviewedMessage) -> str:
    language = " in Welsh" if message.letter and message.letter.language == "cy" else ""
    more = ", with other things" if len(message.items) > 1 else ""
    return f"{KINDS[message.items[0].reason]}{more}{language}"


def note_week(visit: Visit) -> None:
    """Have the audit record that the list of a week's messages was read."""
    visit.permit(Action.READ_MESSAGES)
    visit.note_look(LETTERS)


def find_letter(week: MessageWeek, day: date | None, person: str) -> PreviewedMessage:
    """Return the message that a person would get on a day; raise `UnknownThingError` if there is none."""
    for one in week.days:
        for message in one.messages:
            if one.day == day and message.person == person and message.letter is not None:
                return message
    raise UnknownThingError("message", person)


def open_letter(visit: Visit, message: PreviewedMessage) -> None:
    """Have the audit record that a message of this kind was opened."""
    visit.permit(Action.READ_MESSAGES)
    visit.note_look(f"{LETTER}:{_kind_of(message)}")


def test_letter(token: str, programme: str, message: PreviewedMessage, *, db: str, now: datetime) -> Message:
    """Return a message for sending to the person of a session themselves, as a test; the audit records it."""
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.READ_MESSAGES)
        person = found.visitor.person
        contact = versions.contact(found.session, programme, person)
    if contact is None or not contact.email:
        raise InputError("You have no email address in this programme, so there is nowhere to send a test.")
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        today = midnight_of(local_day(now))
        sent = audit.subjects_of(session, programme, actor=person, action="message:test", since=today)
        if len(sent) >= MOST_TESTS:
            raise InputError(f"You have sent yourself {MOST_TESTS} tests today. Send more tomorrow.")
        audit.append(session, programme, at=now, actor=person, action="message:test", subject=_kind_of(message))
    return as_test(message, contact)


def as_test(message: PreviewedMessage, contact: Contact) -> Message:
    """Return the letter of a message, marked as a test and addressed to someone else."""
    letter = message.letter
    if letter is None or contact.email is None:
        raise UnknownThingError("message", message.person)
    note = f"This is a test, sent only to you. Its links do not work. It is what {message.who} would get."
    return replace(
        letter,
        to_name=contact.name,
        to_address=contact.email,
        subject=f"Test: {letter.subject}",
        text=f"{note}\n\n{letter.text}",
        html=_BODY.sub(lambda found: f"{found[0]}<p>{escape(note)}</p>", letter.html, count=1),
        message_id=f"<{secrets.token_hex(16)}@{letter.from_address.rpartition('@')[2]}>",
        unsubscribe=None,
        invitations=(),
    )


_BODY = re.compile(r"<body[^>]*>")
