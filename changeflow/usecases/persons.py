"""Subject access: what is kept about one person, and until when they must have it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from changeflow.adkar.access import Pause, answer_by
from changeflow.calendar.uk import public_holidays
from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.definition import Definition
from changeflow.storage import audit, custody, erasure, known_people, ledger, persons, rewriting, versions
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.ledger import Erasure
from changeflow.storage.pseudonyms import adopt_key, recipient_of
from changeflow.storage.state import State
from changeflow.usecases.permitting import noting_refusals, permit
from changeflow.usecases.stored import load
from changeflow.values.moments import local_day
from changeflow.values.roles import Action
from changeflow.values.rulepack import Rulepacks

PURPOSE = (
    "To plan and lead the change programme: who does what by when, who is told of it, and where groups of people "
    "stand. Scores are shown for groups alone, and never used to choose who keeps a post."
)

SCORES = "assessments"
"""What `rows_about` calls a person's scores."""


def deadline(
    received: date,
    *,
    db: str,
    programme: str | None,
    now: datetime,
    is_complex: bool = False,
    pauses: Iterable[Pause] = (),
) -> date:
    """Return the last day on which a request that came on a day may be answered. Planning minimum, not legal advice."""
    with read_scope(db) as session:
        stored = load(session, programme, on=local_day(now))
        return _deadline(
            stored.version.definition, stored.programme.rulepacks, received, now, is_complex=is_complex, pauses=pauses
        )


def everything_about(
    person: str,
    received: date,
    *,
    db: str,
    programme: str | None,
    actor: str | None,
    now: datetime,
    reason: str = "",
) -> dict[str, Any]:
    """Return all that is kept about a person, for them alone, and note in the audit that it was read and by whom.

    Nothing else shows the scores of one person: where there are any, whoever asks gives a reason. That there was one is
    noted; its words are not kept.
    """
    with noting_refusals(db, now), session_scope(db) as session:
        stored = load(session, programme, on=local_day(now), for_change=True)
        by = permit(stored.version.definition, actor, Action.EXPORT_PERSON, on=local_day(now))
        name, definition = stored.programme.id, stored.version.definition
        known = {p.id: p for p in definition.people}
        if person not in known:
            raise UnknownThingError("person", person, known)
        recipient = recipient_of(adopt_key(session), name, person, versions.contacts(session, name).get(person))
        found = {
            "about": person,
            "programme": definition.programme.name,
            "organisation": definition.programme.organisation,
            "asked for on": received.isoformat(),
            "to be answered by": _deadline(definition, stored.programme.rulepacks, received, now).isoformat(),
            "read on": now.isoformat(timespec="seconds"),
            "purpose": PURPOSE,
            "their part in the programme": known[person].model_dump(mode="json", exclude_defaults=True),
            **persons.rows_about(session, name, person, recipient),
        }
        if found.get(SCORES) and not reason.strip():
            raise InputError(
                f"The export has {person}'s scores. Give the reason why they are needed, such as their own request: "
                "--reason “…”. Nothing was exported."
            )
        subject = f"person:{person}:{'reason given' if reason.strip() else 'no reason'}"
        audit.append(session, name, at=now, actor=by, action="person:export", subject=subject)
    return found


def erase(person: str, *, db: str, programme: str | None, actor: str | None, now: datetime) -> dict[str, int]:
    """Erase what is about a person, in one transaction; return how much of what went.

    Totals that were published stay as they are. The person's id stays in versions and in the audit, as a pseudonym.
    """
    state = State(db)
    with noting_refusals(db, now), ledger.kept(state) as keep, session_scope(db) as session:
        stored = load(session, programme, on=local_day(now), for_change=True)
        by = permit(stored.version.definition, actor, Action.ERASE_PERSON, on=local_day(now))
        name = stored.programme.id
        contacts = versions.contacts(session, name)
        known = {p.id for p in stored.version.definition.people} | contacts.keys()
        if person not in known:
            raise UnknownThingError("person", person, known)
        email = contacts[person].email if person in contacts else None
        removed = erase_in(session, name, person, actor=by, at=now)
        # Outside the database, and on the disk before it commits: no copy that is put back brings them back.
        identity = custody.read(session).identity
        keep(Erasure(identity=identity, programme=name, person=person, email=email, at=now))
        rewriting.owe(state)
    rewriting.settle(state)
    return removed


def erase_in(session: Session, name: str, person: str, *, actor: str, at: datetime) -> dict[str, int]:
    """Erase what is about a person within a transaction of the caller's, who has locked the programme."""
    known_people.remember(session, name)
    contact = versions.contacts(session, name).get(person)
    recipient = recipient_of(adopt_key(session), name, person, contact)
    removed = erasure.erase(
        session,
        name,
        person,
        email=contact.email if contact else None,
        recipient=None if _is_written_to_elsewhere(session, name, recipient) else recipient,
        at=at,
    )
    versions.touch(session, name)
    audit.append(session, name, at=at, actor=actor, action="person:erase", subject=f"person:{person}")
    return removed


def _is_written_to_elsewhere(session: Session, here: str, recipient: str) -> bool:
    key = adopt_key(session)
    return any(
        recipient_of(key, name, person, contact) == recipient
        for name in versions.programme_ids(session)
        if name != here
        for person, contact in versions.contacts(session, name).items()
    )


def _deadline(
    definition: Definition,
    packs: Rulepacks,
    received: date,
    now: datetime,
    *,
    is_complex: bool = False,
    pauses: Iterable[Pause] = (),
) -> date:
    if received > local_day(now):
        raise InputError(f"{received:%d %B %Y} lies in the future. Give the day on which the request came.")
    months = packs.number("privacy", "access_months_complex" if is_complex else "access_months", on=received)
    nation = definition.programme.nation
    free = {day for day, _ in public_holidays(nation, received.year, received.year + 2)}
    return answer_by(received, months=months, works_on=lambda d: d.weekday() < 5 and d not in free, pauses=pauses)
