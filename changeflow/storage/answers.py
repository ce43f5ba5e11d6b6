"""Links, people's answers through them, and contact preferences."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from changeflow.agenda.due import Answer, AnswerKind, GivenAnswers, standing
from changeflow.storage import versions
from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.tables.answers import AnswerRow, LinkRow, ReachRow
from changeflow.values.moments import local_day

CHOICE = "unsubscribe"
"""The action of a link for choosing one's messages. It works until it expires, whatever the person answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLink:
    """The right that a link gives its holder, and whether it still works."""

    programme: str
    person: str
    action: str
    subject: str
    due_on: date
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    optional_off: bool
    is_deliverable: bool


def add_links(session: Session, links: Mapping[str, AnswerLink], *, at: datetime) -> None:
    """Store links by the digests of their tokens; the tokens themselves are only in the messages."""
    rows = [
        values_of(link, AnswerLink, "programme", "used_at", "revoked_at")
        | {"token": digest, "programme_id": link.programme, "created_at": at}
        for digest, link in links.items()
    ]
    if rows:
        session.connection().execute(insert(LinkRow), rows)


def reopen_link(session: Session, digest: str) -> None:
    """Make a used link work again, as its answer was undone."""
    count_touched(session, update(LinkRow).where(col(LinkRow.token) == digest).values(used_at=None))


def find_link(session: Session, digest: str) -> AnswerLink | None:
    row = session.get(LinkRow, digest)
    if row is None:
        return None
    # A link's subject may have been renamed since it was sent.
    subject = versions.renames(session, row.programme_id).subject(row.subject)
    return AnswerLink(programme=row.programme_id, **values_of(row, AnswerLink, "programme") | {"subject": subject})


def use_link(session: Session, digest: str, *, now: datetime) -> bool:
    """Mark a link as used; of several simultaneous attempts, only one returns True."""
    query = update(LinkRow).where(col(LinkRow.token) == digest, *_still_works(now))
    return count_touched(session, query.values(used_at=now)) == 1


def _still_works(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(LinkRow.used_at).is_(None), col(LinkRow.revoked_at).is_(None), col(LinkRow.expires_at) > now


def revoke_links(session: Session, programme: str, *, person: str, now: datetime, subject: str | None = None) -> None:
    """End the links of a person, or those about one subject, except the link for choosing their messages."""
    query = update(LinkRow).where(
        col(LinkRow.programme_id) == programme,
        col(LinkRow.person) == person,
        col(LinkRow.action) != CHOICE,
        col(LinkRow.used_at).is_(None),
    )
    if subject is not None:
        query = query.where(col(LinkRow.subject) == subject)
    count_touched(session, query.values(revoked_at=now))


def revoke_every_link(session: Session, programme: str, *, person: str, now: datetime) -> None:
    """End every link of a person, those for choosing their messages too, and used ones that could be reopened."""
    query = update(LinkRow).where(
        col(LinkRow.programme_id) == programme, col(LinkRow.person) == person, col(LinkRow.revoked_at).is_(None)
    )
    count_touched(session, query.values(revoked_at=now))


def end_links(session: Session, programme: str, subjects: Collection[str], *, now: datetime) -> None:
    """End all links about the given subjects, except those for choosing messages."""
    query = update(LinkRow).where(
        col(LinkRow.programme_id) == programme,
        col(LinkRow.subject).in_(subjects),
        col(LinkRow.action) != CHOICE,
        col(LinkRow.used_at).is_(None),
        col(LinkRow.revoked_at).is_(None),
    )
    count_touched(session, query.values(revoked_at=now))


@dataclass(frozen=True, slots=True)
class KnownLink:
    digest: str
    created_at: datetime


def current_link(session: Session, programme: str, *, person: str, action: str, now: datetime) -> KnownLink | None:
    """Return a person's latest working link of a kind."""
    row = session.exec(
        select(LinkRow)
        .where(LinkRow.programme_id == programme, LinkRow.person == person, LinkRow.action == action)
        .where(*_still_works(now))
        .order_by(col(LinkRow.created_at).desc(), col(LinkRow.token))
        .limit(1)
    ).first()
    return KnownLink(row.token, row.created_at) if row is not None else None


def forget_links(session: Session, programme: str, *, person: str, action: str, but: int) -> None:
    """Remove a person's withdrawn links of a kind, except the latest ones."""
    ended = (
        select(LinkRow.token)
        .where(LinkRow.programme_id == programme, LinkRow.person == person, LinkRow.action == action)
        .where(col(LinkRow.revoked_at).is_not(None))
        .order_by(col(LinkRow.created_at).desc(), col(LinkRow.token))
        .offset(but)
    )
    count_touched(session, delete(LinkRow).where(col(LinkRow.token).in_(list(session.exec(ended)))))


def add_answer(session: Session, programme: str, answer: Answer, *, text: str | None, at: datetime) -> None:
    session.add(AnswerRow(programme_id=programme, text=text, at=at, **values_of(answer, Answer, "on")))


def answers(session: Session, programme: str, *, until: datetime | None = None) -> GivenAnswers:
    """Return people's answers in order; with `until`, those given by then."""
    rows = session.exec(_given(programme, until).order_by(col(AnswerRow.id)))
    ids = versions.renames(session, programme, until=until)
    given = (replace(one, subject=ids.subject(one.subject)) for one in map(_answer, rows))
    return GivenAnswers(standing(given))


def listed(
    session: Session, programme: str, *, until: datetime | None = None
) -> list[tuple[Answer, str | None, datetime]]:
    """Return every answer with its text, latest first; with `until`, those given by then."""
    query = _given(programme, until).order_by(col(AnswerRow.id).desc())
    return [(_answer(row), row.text, row.at) for row in session.exec(query)]


def _given(programme: str, until: datetime | None) -> SelectOfScalar[AnswerRow]:
    query = select(AnswerRow).where(AnswerRow.programme_id == programme)
    return query if until is None else query.where(col(AnswerRow.at) <= until)


def reach(session: Session, recipients: Iterable[str]) -> dict[str, Reach]:
    """Return people's contact preferences. A person without an entry has stated none, and their address works."""
    rows = session.exec(select(ReachRow).where(col(ReachRow.recipient).in_(list(recipients))))
    return {r.recipient: Reach(r.optional_off, r.undeliverable_since is None) for r in rows}


def switch_optional(session: Session, recipient: str, *, off: bool) -> None:
    _reach_row(session, recipient).optional_off = off


def forget_reach(session: Session) -> bool:
    """Remove people's contact preferences; return whether anyone had switched off optional messages."""
    some_off = session.exec(select(ReachRow.recipient).where(col(ReachRow.optional_off)).limit(1)).first() is not None
    session.exec(delete(ReachRow))
    return some_off


def mark_undeliverable(session: Session, recipient: str, *, at: datetime, error: str) -> None:
    """Record that an address is refused; no more messages go there until someone corrects it."""
    row = _reach_row(session, recipient)
    row.undeliverable_since, row.error = row.undeliverable_since or at, error


def _reach_row(session: Session, recipient: str) -> ReachRow:
    row = session.get(ReachRow, recipient)
    if row is None:
        row = ReachRow(recipient=recipient)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            # If two clicks arrive at the same time, the other one may have created the row.
            row = session.get_one(ReachRow, recipient, populate_existing=True)
    return row


def _answer(row: AnswerRow) -> Answer:
    return Answer(on=local_day(row.at), **values_of(row, Answer, "on") | {"kind": AnswerKind(row.kind)})


def moments(session: Session, programme: str) -> dict[str, list[datetime]]:
    """Return when answers were given, by subject."""
    found: dict[str, list[datetime]] = {}
    query = select(AnswerRow.subject, col(AnswerRow.at)).where(AnswerRow.programme_id == programme)
    ids = versions.renames(session, programme)
    for subject, at in session.exec(query):
        found.setdefault(ids.subject(subject), []).append(at)
    return found
