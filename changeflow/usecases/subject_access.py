"""Subject access: export or erase the data about one person, and the deadline for a reply."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.people import answer_due
from changeflow.storage import accounts, audit, custody, erasure, jobs, ledger, ledger_pairs, persons, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import rolled_back, url_of
from changeflow.storage.kept_forms import KeptForms
from changeflow.storage.ledger import Erasure
from changeflow.usecases.authority import noting_refusals, permit
from changeflow.usecases.data_requests import copy_due
from changeflow.usecases.ledger_comparison import tidy
from changeflow.usecases.stored import load, loaded
from changeflow.usecases.unit_of_work import Change, ChangeChecks, unit_of_work
from changeflow.values.words import Action, ErasureGround

PURPOSE = (
    "To plan and lead the change programme: who does what by when, who is informed, and where groups have "
    "barriers. Scores are shown for groups only, and never used to choose who keeps a post."
)

SCORES = "assessments"
"""The key of a person's scores in `rows_about`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """One person's ids, and where else there is data about them."""

    ids: tuple[str, ...]
    """All their ids in the programme."""
    unsure: tuple[str, ...]
    """Ids that share an address with them and may be other people: not included."""
    elsewhere: tuple[str, ...]
    """Other programmes with data about them: not included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The content of an export."""

    theirs: Theirs
    about: dict[str, Any]
    """All data about the person, without ids that may be another person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """The result of an erasure."""

    theirs: Theirs
    removed: dict[str, int]
    """The number of items erased, by kind."""
    stays: dict[str, int]
    """The number of records that still have one of their ids, by kind."""


class ScoresReasonError(InputError):
    """An export has a person's scores, and no one has said why they are needed; nothing was exported."""

    def __init__(self, person: str) -> None:
        super().__init__(
            f"The export has {person}'s scores. Give the reason why they are needed, such as their own request: "
            "--reason “…”. Nothing was exported."
        )


def deadline(received: date, *, db: str, programme: str | None, today: date, is_complex: bool = False) -> date:
    """Return the last day to answer a request received on a day. For planning only; not legal advice."""
    return answer_due(loaded(programme, db=db, on=today), received, today, is_complex=is_complex)


def look_up(person: str, change: Change, *, also: Collection[str] = ()) -> Theirs:
    """Return what an erasure of a person would include, changing nothing."""
    with noting_refusals(change.db, change.now), rolled_back(change.db) as session:
        stored = load(session, change.programme, on=change.on)
        permit(stored.version.definition, change.actor, Action.ERASE_PERSON, on=change.on, names=stored.programme.names)
        return _theirs(session, stored.programme.id, person, also=also)


def everything_about(
    person: str, received: date, change: Change, *, reason: str = "", also: Collection[str] = ()
) -> Exported:
    """Return all data about a person, for them alone, and record in the audit who read it.

    They may no longer be in people.csv. `also` are further ids of theirs, which share an address with them. Only this
    export shows one person's scores, so it then needs a reason. The audit records that it was given, not its text.
    """
    with unit_of_work(change) as work:
        by = work.permit(Action.EXPORT_PERSON)
        session, name, definition = work.session, work.name, work.definition
        theirs = _theirs(session, name, person, also=also)
        part = next((p for p in definition.people if p.id in theirs.ids), None)
        found: dict[str, Any] = {
            "about": person,
            "ids of theirs": list(theirs.ids),
            "programme": definition.programme.name,
            "organisation": definition.programme.organisation,
            "asked for on": received.isoformat(),
            "to be answered by": copy_due(work, theirs.ids, received).isoformat(),
            "read on": change.now.isoformat(timespec="seconds"),
            "purpose": PURPOSE,
            "their part in the programme": part.model_dump(mode="json", exclude_defaults=True) if part else {},
        }
        if theirs.elsewhere:
            found["other programmes that have data about them"] = list(theirs.elsewhere)
        recipients = persons.own_recipients(session, name, theirs.ids)
        for one in theirs.ids:
            for what, rows in persons.rows_about(session, name, one, recipients[one]).items():
                known = found.setdefault(what, [])
                known += [row for row in rows if row not in known]
        if found.get(SCORES) and not reason.strip():
            raise ScoresReasonError(person)
        given = "reason given" if reason.strip() else "no reason"
        for one in theirs.ids:
            work.note("person:export", f"person:{one}:{given}", by=by)
    return Exported(theirs=theirs, about=found)


def erase(person: str, change: Change, *, also: Collection[str] = (), ground: ErasureGround | None = None) -> Erased:
    """Erase the data about a person in one transaction; return the result.

    Published totals stay unchanged. The ids stay in versions and the audit, as pseudonyms. `also` are further ids of
    theirs, which share an address with them; only the person who erases can know that. A rehearsal leaves the state
    folder alone.
    """
    state, is_trial = MachineState(change.db), (change.guard or ChangeChecks()).is_trial
    with ledger.kept(state) as keep, unit_of_work(change) as work:
        by, session, name = work.permit(Action.ERASE_PERSON), work.session, work.name
        theirs = _theirs(session, name, person, also=also)
        emails = {one: _own_email(session, name, one, theirs.ids) for one in theirs.ids}
        removed = erase_in(session, name, theirs.ids, actor=by, at=change.now, ground=ground, is_trial=is_trial)
        stays = Counter[str]()
        for one in theirs.ids:
            stays.update({what: len(rows) for what, rows in persons.rows_about(session, name, one, ()).items()})
        if not is_trial:
            # Written outside the database before the commit, so that no restored copy brings them back.
            identity = custody.read(session).identity
            for one in theirs.ids:
                keep(Erasure(identity=identity, programme=name, person=one, email=emails[one], at=change.now))
            erasure.owe(state)
    if not is_trial:
        erasure.settle(state)
        tidy(change.db)
    return Erased(theirs=theirs, removed=removed, stays=dict(stays))


def erase_in(
    session: Session,
    name: str,
    people: Sequence[str],
    *,
    actor: str,
    at: datetime,
    ground: ErasureGround | None = None,
    is_trial: bool = False,
) -> dict[str, int]:
    """Erase the data about the given ids in the caller's transaction, with the programme locked.

    Return the number of items by kind. No other ids are looked for. A rehearsal only counts files, because a
    transaction that is undone does not bring them back.
    """
    persons.remember(session, name)
    recipients = persons.own_recipients(session, name, people)
    emails = {one: _own_email(session, name, one, people) for one in people}
    removed: Counter[str] = Counter()
    forms = KeptForms(url_of(session))
    others = {address for where, who, address in persons.everybody(session) if where != name or who not in people}
    for one in people:
        addresses = accounts.own_addresses(session, name, one, recipients[one], others)
        removed["accounts"] += accounts.erase_accounts(session, addresses)
        owners = [accounts.name_of_person(name, one), *map(accounts.name_of_address, addresses)]
        removed["forms that were not saved"] += forms.count(owners) if is_trial else forms.forget(owners)
        done = erasure.erase(session, name, one, email=emails[one], recipients=recipients[one], at=at)
        for what, count in done.items():
            removed[what] += count
        subject = f"person:{one}:{ground.value}" if ground is not None else f"person:{one}"
        audit.append(session, name, at=at, actor=actor, action="person:erase", subject=subject)
    # A result may name them anywhere, and it can be calculated again.
    removed["calculations"] = jobs.remove_jobs(session, name)
    removed["uploaded ledgers"] = ledger_pairs.remove_pairs(session, name)
    versions.touch(session, name)
    return dict(removed)


def _theirs(session: Session, name: str, person: str, *, also: Collection[str]) -> Theirs:
    """Return a person's ids in a programme; raise `UnknownThingError` if there is no data about them."""
    identity = persons.identity_of(session, person, also=also)
    if strange := sorted(set(also) - set(identity.ids)):
        raise InputError(
            f"{', '.join(strange)}: no address that {person} has or had. "
            "Request each person separately. No changes saved."
        )
    named = persons.programmes_that_name(session, identity.ids)
    own = named.pop(name, [])
    if not own or person == SYSTEM:
        raise UnknownThingError("person", person, versions.contacts(session, name))
    return Theirs(ids=tuple(own), unsure=identity.unsure, elsewhere=tuple(named))


def _own_email(session: Session, name: str, person: str, people: Sequence[str]) -> str | None:
    """Return a person's address, unless another person has or had it: that person would also count as erased."""
    contact = versions.contact(session, name, person)
    if contact is None or persons.is_address_shared(session, name, person, people):
        return None
    return contact.email
