"""A person's dates as a calendar to subscribe to, at their own address, without others' names or scores."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from changeflow.delivery.invitations import CalendarEntry, feed
from changeflow.reports.exports import calendar_days
from changeflow.storage import answers, audit, versions
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases.authority import note_look
from changeflow.usecases.link_answers import usable
from changeflow.usecases.messages import digest_of
from changeflow.usecases.stored import known_until, load
from changeflow.values.base import calendar_uid
from changeflow.values.moments import local_day
from changeflow.values.problem import check_known
from changeflow.values.words import Action, Kind

FEED, FEED_DAYS = "calendar", timedelta(days=400)
"""An address works for 400 days: our own choice."""
ENDED_KEPT = 5
"""The most ended addresses that are kept for a person, so that the page can say that they have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAddress:
    """A person's calendar address. It has its token only when it is new, because we keep only a digest."""

    token: str | None
    since: date
    mark: str
    """Identifies this address in the form that replaces it."""
    language: str
    """The person's language, for the page."""


def new_feed(token: str, *, db: str, now: datetime, replace: str = "") -> FeedAddress:
    """Make the calendar address of the person who has this link of "choose what you get".

    A person has one address. An existing one stays unless `replace` is its mark; then a new one replaces it. So a mail
    scanner that sends the form repeatedly changes nothing.
    """
    with session_scope(db) as session:
        link = usable(session, token, answers.CHOICE, now)
        language = versions.language_of_messages(session, link.programme, link.person)
        # Lock, or two simultaneous requests would both find no address.
        versions.lock_programme(session, link.programme)
        known = answers.current_link(session, link.programme, person=link.person, action=FEED, now=now)
        if known is not None and _mark(known.digest) != replace:
            since, mark = local_day(known.created_at), _mark(known.digest)
            return FeedAddress(token=None, since=since, mark=mark, language=language)
        made = _address(session, link.programme, link.person, now)
        return FeedAddress(token=made, since=local_day(now), mark=_mark(digest_of(made)), language=language)


def _mark(digest: str) -> str:
    return digest[:16]


def _address(session: Session, programme: str, person: str, now: datetime) -> str:
    versions.lock_programme(session, programme)
    answers.revoke_links(session, programme, person=person, now=now, subject=FEED)
    answers.forget_links(session, programme, person=person, action=FEED, but=ENDED_KEPT)
    token = secrets.token_urlsafe(32)
    link = AnswerLink(
        programme=programme, person=person, action=FEED, subject=FEED, due_on=local_day(now), expires_at=now + FEED_DAYS
    )
    answers.add_links(session, {digest_of(token): link}, at=now)
    audit.append(session, programme, at=now, actor=person, action="calendar", subject=f"person:{person}")
    return token


def feed_of(token: str, *, db: str, now: datetime) -> bytes:
    """Return the calendar at an address."""
    with read_scope(db) as session:
        link = usable(session, token, FEED, now)
        return _feed(session, link.programme, link.person, now)


def feed_for(person: str, *, db: str, programme: str | None, now: datetime, actor: str | None = None) -> bytes:
    """Return a person's calendar for the programme office to pass on; the audit records that it was read."""
    with read_scope(db) as session:
        stored = load(session, programme, on=local_day(now))
        check_known("person", person, [p.id for p in stored.version.definition.people])
        content = _feed(session, stored.programme.id, person, now)
    definition, names = stored.version.definition, stored.programme.names
    note_look(definition, actor, Action.READ_CALENDAR, f"calendar:{person}", db=db, now=now, names=names)
    return content


def _feed(session: Session, name: str, person: str, now: datetime) -> bytes:
    stored = load(session, name, on=local_day(now))
    known = answers.answers(session, name, until=known_until(session, name))
    revision = versions.revision(session, name)
    entries = []
    for task in stored.programme.tasks():
        if task.owner is None or stored.programme.is_done(task.id) or known.asked_now(task.id, task.owner) != person:
            continue
        event = calendar_days(stored.programme, task)
        entries.append(
            CalendarEntry(
                uid=calendar_uid(task.id, name),
                title=event.title,
                day=event.last,
                says=event.says,
                sequence=revision,
                stamp=now,
                is_meeting=task.kind is Kind.CHECKPOINT,
            )
        )
    return feed(stored.version.definition.programme.name, sorted(entries, key=lambda e: (e.day, e.uid)))
