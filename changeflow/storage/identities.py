"""All ids of one person: the same id in any programme, and ids that had the same address one after the other.

An address that several people had at one time joins no one: it is a shared mailbox. The person who exports or erases
has to decide who those people are.
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
    """Ids that share an address with them, and may be other people."""


def identity_of(session: Session, person: str, *, alone: bool = False) -> Identity:
    """Find all ids of a person. `alone`: the caller knows that no other id is theirs."""
    by_address = _ids_by_address(session)
    near = {other for ids in by_address.values() if person in ids for other in ids} - {person}
    if alone:
        return Identity(ids=(person,), unsure=tuple(sorted(near)))
    # People of one version are as many as their ids.
    together = versions.people_ever(session)
    same = UnionFind({person, *(one for ids in by_address.values() for one in ids)})
    for ids in by_address.values():
        if not any(len(ids & group) > 1 for group in together):
            same.union(*sorted(ids))
    mine = {one for one in same if same[one] == same[person]}
    if any(len(mine & group) > 1 for group in together):
        return Identity(ids=(person,), unsure=tuple(sorted((near | mine) - {person})))
    near = {other for ids in by_address.values() if ids & mine for other in ids} - mine
    return Identity(ids=(person, *sorted(mine - {person})), unsure=tuple(sorted(near)))


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
