"""Somebody's dates as a calendar to subscribe to, at an address of their own: no names of others, and no scores."""

import secrets
from datetime import datetime, timedelta

from sqlmodel import Session

from changeflow.delivery.invitations import Entry, feed
from changeflow.errors import UnknownThingError
from changeflow.storage import answers, versions
from changeflow.storage.answers import Link
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases.answering import usable
from changeflow.usecases.letters import digest_of
from changeflow.usecases.stored import load
from changeflow.values.base import calendar_uid
from changeflow.values.moments import day_of, last_day_of, local_day
from changeflow.values.words import Kind

FEED, FEED_DAYS = "calendar", timedelta(days=400)
"""A calendar's address works for a year and a month: our own choice."""


def new_feed(token: str, *, db: str, now: datetime) -> str:
    """Make a new address for whoever has this link of "choose what you get"; the one before stops to work."""
    with session_scope(db) as session:
        link = usable(session, token, "unsubscribe", now)
        return _address(session, link.programme, link.person, now)


def _address(session: Session, programme: str, person: str, now: datetime) -> str:
    answers.revoke_links(session, programme, person=person, now=now, subject=FEED)
    token = secrets.token_urlsafe(32)
    link = Link(
        programme=programme,
        person=person,
        action=FEED,
        subject=FEED,
        due_on=local_day(now),
        expires_at=now + FEED_DAYS,
        used_at=None,
        revoked_at=None,
    )
    answers.add_links(session, {digest_of(token): link}, at=now)
    return token


def feed_of(token: str, *, db: str, now: datetime) -> bytes:
    """Return the calendar that an address stands for."""
    with read_scope(db) as session:
        link = usable(session, token, FEED, now)
        return _feed(session, link.programme, link.person, now)


def feed_for(person: str, *, db: str, programme: str | None, now: datetime) -> bytes:
    """Return somebody's calendar, for the programme office to hand on."""
    with read_scope(db) as session:
        stored = load(session, programme, on=local_day(now))
        known = [p.id for p in stored.version.definition.people]
        if person not in known:
            raise UnknownThingError("person", person, known)
        return _feed(session, stored.programme.id, person, now)


def _feed(session: Session, name: str, person: str, now: datetime) -> bytes:
    stored = load(session, name, on=local_day(now))
    known, revision = answers.answers(session, name), versions.revision(session, name)
    entries = []
    for task in stored.programme.tasks():
        if task.owner is None or stored.programme.is_done(task.id) or known.asked_now(task.id, task.owner) != person:
            continue
        finish = stored.programme.timed(task.id).early_finish
        entries.append(
            Entry(
                uid=calendar_uid(task.id, name),
                title=task.name,
                day=day_of(finish) if task.is_milestone else last_day_of(finish),
                sequence=revision,
                stamp=now,
                is_meeting=task.kind is Kind.CHECKPOINT,
            )
        )
    return feed(stored.version.definition.programme.name, sorted(entries, key=lambda e: (e.day, e.uid)))
