"""The messages of the next seven days, before they go: a calculation, whose result people read and test.

It takes a long time for a large programme, so a worker does it in a separate process. Its result is kept until the next
one.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from html import escape

from pydantic import TypeAdapter
from sqlmodel import Session

from changeflow.adkar.people import Contact
from changeflow.delivery.message import Message
from changeflow.errors import InputError, UnknownThingError
from changeflow.reports.record import moment_in_words
from changeflow.storage import audit, jobs, versions
from changeflow.storage.database import read_scope, session_scope, url_of
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases.jobs import MESSAGES
from changeflow.usecases.mail_settings import note_test
from changeflow.usecases.message_pages import KINDS
from changeflow.usecases.message_switch import LETTER, opened_kinds
from changeflow.usecases.messages import Desk
from changeflow.usecases.nudge_preview import WEEK, PreviewedDay, PreviewedMessage, moments_from, preview_days
from changeflow.usecases.stored import Cache, content_state
from changeflow.usecases.visits import Visit, visit
from changeflow.values.moments import local_day
from changeflow.values.words import Action

LETTERS = "letters"
"""The audit's subject where someone read the list of a week's messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOutWeek:
    """The result of the calculation. Personal data."""

    at: datetime
    state: str
    """A hash of the states of all programmes, from which it was worked out."""
    days: tuple[PreviewedDay, ...]


@cache
def _adapter() -> TypeAdapter[WorkedOutWeek]:
    return TypeAdapter(WorkedOutWeek)


_WEEKS: Cache[tuple[str, Job], WorkedOutWeek] = Cache(4)
"""Results read recently, by database and calculation, not by number alone: an erasure frees it for another."""


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
    """What would be sent in seven days if nothing else changes, as it was last worked out."""

    days: tuple[PreviewedDay, ...] = ()
    kinds: tuple[LetterKind, ...] = ()
    worked_out: str = ""
    """When, in words; empty if it never was."""
    is_current: bool = False
    """Whether it was worked out today, and nothing has changed in any programme since."""
    job: Job | None = None
    """The calculation that is not finished, or has failed since."""

    @property
    def going(self) -> int:
        return sum(m.letter is not None for day in self.days for m in day.messages)

    @property
    def unopened(self) -> tuple[LetterKind, ...]:
        return tuple(kind for kind in self.kinds if not kind.is_opened)


def ask_week(token: str, programme: str, *, db: str, now: datetime) -> None:
    """Ask for the messages of the next seven days; a second request for the same changes nothing."""
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.READ_MESSAGES)
        person, version, on = found.visitor.person, found.stored.version.number, found.today
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        if message_week_in(session, programme, person, on).is_current:
            return
        jobs.add_job(session, programme, MESSAGES, version=version, on=on, by=person, at=now)
        jobs.keep_last_done(session, programme, MESSAGES)
        audit.append(session, programme, at=now, actor=person, action="calculate", subject=MESSAGES)


def stop_week(token: str, programme: str, *, db: str, now: datetime) -> None:
    """Stop the calculation of the next messages; the last result stays."""
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.READ_MESSAGES)
        person, job = found.visitor.person, jobs.latest_job(found.session, programme, MESSAGES, "")
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        if job is not None and jobs.end_job(session, job.id, JobState.CANCELLED, now=now):
            audit.append(session, programme, at=now, actor=person, action="stop-calculation", subject=MESSAGES)


def work_out_week(programme: str, *, db: str, now: datetime, desk: Desk, say: Callable[[str], None]) -> str:
    """Work out the messages of the next seven days; return the result as JSON."""
    with read_scope(db) as session:
        state = _state(session)
    days = preview_days(db=db, moments=moments_from(now, WEEK), desk=desk, programme=programme, say=say)
    return _adapter().dump_json(WorkedOutWeek(at=now, state=state, days=tuple(days))).decode()


def _state(session: Session) -> str:
    """Return a hash of what every programme contains."""
    states = [(name, content_state(session, name)) for name in versions.programme_ids(session)]
    return hashlib.sha256(repr(states).encode()).hexdigest()


def message_week(found: Visit) -> MessageWeek:
    """Return the messages as they were last worked out, and which kinds of them the person has opened today."""
    found.permit(Action.READ_MESSAGES)
    return message_week_in(found.session, found.name, found.visitor.person, found.today)


def message_week_in(session: Session, programme: str, person: str, today: date) -> MessageWeek:
    """Return a programme's messages of the next week, as `message_week` does."""
    job = jobs.latest_job(session, programme, MESSAGES, "")
    other = job if job is not None and (job.is_open or job.state is JobState.FAILED) else None
    done = jobs.last_done(session, programme, MESSAGES)
    if done is None:
        return MessageWeek(job=other)

    def read() -> WorkedOutWeek:
        result = jobs.result_of(session, programme, done.id)
        if result is None:
            raise UnknownThingError("result", str(done.id))
        return _adapter().validate_json(result[1])

    week = _WEEKS.get((url_of(session), done), read)
    return MessageWeek(
        days=week.days,
        kinds=tuple(_kinds(week.days, opened_kinds(session, programme, person, today))),
        worked_out=moment_in_words(week.at),
        is_current=local_day(week.at) == today and week.state == _state(session),
        job=other,
    )


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


def test_letter(token: str, programme: str, day: date | None, to: str, *, db: str, now: datetime) -> Message:
    """Return someone's message of a day, for the person of a session to send to themselves; the audit records it."""
    with visit(token, programme, db=db, now=now) as found:
        message = find_letter(message_week(found), day, to)
        person = found.visitor.person
        contact = versions.contact(found.session, programme, person)
    if contact is None or not contact.email:
        raise InputError("You have no email address in this programme, so there is nowhere to send a test.")
    with session_scope(db) as session:
        note_test(session, programme, person, _kind_of(message), now=now)
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
