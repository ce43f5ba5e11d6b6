"""Under which ids and addresses people are, and were, known: whoever gets another id is still the same person.

An address suggests that two ids are one person, and whoever exports or erases confirms it: the mailbox of a post is
handed on, and an office shares one. So an address alone joins no one here: ids that have or had the same address are
listed, and reached only when they are named.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from networkx.utils import UnionFind
from sqlmodel import Session, col, select

from changeflow.adkar.identities import LIKELY
from changeflow.storage import erasure, keys, known_people, persons, versions
from changeflow.storage.keys import adopt_key, recipient_of
from changeflow.storage.tables.agenda import AnswerRow, LinkRow, NudgeRow
from changeflow.storage.tables.facts import AssessmentRow, AttendanceRow
from changeflow.storage.tables.programme import AddressSeenRow

_ABOUT_PEOPLE = (AssessmentRow, AttendanceRow, AnswerRow, NudgeRow, LinkRow)


def remember(session: Session, programme: str) -> None:
    """Keep a keyed hash of every address that a programme has now, once it has rows about people. None is removed.

    Publications know by them who has another id; so do exports and erasures.
    """
    if not any(_has_rows(session, table, programme) for table in _ABOUT_PEOPLE):
        return
    add(session, programme, _addresses_now(session, programme))


def seen(session: Session, programme: str) -> list[tuple[str, str]]:
    """Return (person, keyed hash of an address) of all whom a programme remembers."""
    query = select(AddressSeenRow.person, AddressSeenRow.address).where(AddressSeenRow.programme_id == programme)
    return sorted(session.exec(query))


def add(session: Session, programme: str, known: Iterable[tuple[str, str]]) -> None:
    """Remember people under addresses (keyed hashes), those that are not known yet."""
    before = set(seen(session, programme))
    for person, address in dict.fromkeys(known):
        if (person, address) not in before:
            session.add(AddressSeenRow(programme_id=programme, person=person, address=address))
    session.flush()


def remember_same(session: Session, programme: str, same: Mapping[str, str]) -> None:
    """Keep that ids of a programme are new ids of other people's, as if both were known under one address."""
    key = adopt_key(session)
    known = [(one, LIKELY + keys.keyed(key, "same person", *pair)) for pair in same.items() for one in pair]
    add(session, programme, known)


def everybody(session: Session) -> list[tuple[str, str, str]]:
    """Return (programme, person, keyed hash of an address, or nothing) of all who are, and were, in any programme."""
    rows = session.exec(select(AddressSeenRow).order_by(col(AddressSeenRow.programme_id), col(AddressSeenRow.person)))
    found = dict.fromkeys((r.programme_id, r.person, r.address) for r in rows)
    for programme in versions.programme_ids(session):
        found |= dict.fromkeys((programme, person, "") for person in versions.contacts(session, programme))
        found |= dict.fromkeys((programme, *one) for one in _addresses_now(session, programme))
    return list(found)


def _has_rows(session: Session, table: Any, programme: str) -> bool:  # noqa: ANN401  (one of the rows below)
    return session.exec(select(table.programme_id).where(table.programme_id == programme).limit(1)).first() is not None


def _addresses_now(session: Session, programme: str) -> list[tuple[str, str]]:
    contacts = {p: c for p, c in versions.contacts(session, programme).items() if c.email}
    key = adopt_key(session) if contacts else b""
    return [(person, recipient_of(key, programme, person, contact)) for person, contact in contacts.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One person, by the ids that they have and had."""

    ids: tuple[str, ...]
    """The id that was asked for comes first."""
    unsure: tuple[str, ...] = ()
    """Ids that have or had an address of theirs, directly or by way of another id: the same person, or others."""


def identity_of(session: Session, person: str, *, also: Collection[str] = ()) -> Identity:
    """Find what ids may be a person's; `also` are those that the caller knows to be theirs."""
    by_address = _ids_by_address(session)
    same = UnionFind({person, *(one for ids in by_address.values() for one in ids)})
    for ids in by_address.values():
        same.union(*sorted(ids))
    near = {one for one in same if same[one] == same[person]} - {person}
    mine = (person, *sorted(set(also) & near))
    return Identity(ids=mine, unsure=tuple(sorted(near.difference(mine))))


def programmes_that_name(session: Session, people: Collection[str]) -> dict[str, list[str]]:
    """Return which of some ids each programme knows, in their order; programmes that know none are left out."""
    found = {}
    for name in versions.programme_ids(session):
        known = versions.contacts(session, name).keys() | erasure.people_named(session, name)
        own = [p for p in people if p in known or persons.is_named(session, name, p)]
        if own:
            found[name] = own
    return found


def own_recipients(session: Session, programme: str, people: Collection[str]) -> dict[str, set[str]]:
    """Return for each of some ids the hashes under which messages went to them, and to no one else.

    An address that another id has or had, or that another programme writes to, is left out.
    """
    key, seen = adopt_key(session), known_people.everybody(session)
    now = {
        recipient_of(key, name, person, contact)
        for name in versions.programme_ids(session)
        if name != programme
        for person, contact in versions.contacts(session, name).items()
    }
    others = now | {address for _, person, address in seen if person not in people}
    return {
        person: {
            recipient_of(key, programme, person, None),
            *(address for _, one, address in seen if one == person and address),
        }
        - others
        for person in people
    }


def is_address_shared(session: Session, programme: str, person: str, people: Collection[str]) -> bool:
    """Tell whether an id that is none of `people` has or had the address that a person has now."""
    contact = versions.contact(session, programme, person)
    if contact is None or not contact.email:
        return False
    ids = _ids_by_address(session).get(recipient_of(adopt_key(session), programme, person, contact), set())
    return not ids <= {person, *people}


def _ids_by_address(session: Session) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for _, person, address in known_people.everybody(session):
        # What is only likely is enough to hide something, and not to erase anyone.
        if address and not address.startswith(LIKELY):
            found.setdefault(address, set()).add(person)
    return found
