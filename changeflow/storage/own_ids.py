"""Under which ids one person is known: what an address suggests, and a person who exports or erases confirms.

The mailbox of a post is handed on, and an office shares one. So an address alone joins no one here: ids that have or
had the same address are listed, and reached only when they are named.
"""

from collections.abc import Collection
from dataclasses import dataclass

from networkx.utils import UnionFind
from sqlmodel import Session

from changeflow.adkar.identities import LIKELY
from changeflow.storage import known_people, persons, remains, versions
from changeflow.storage.pseudonyms import adopt_key, recipient_of


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
        known = versions.contacts(session, name).keys() | remains.people_named(session, name)
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
