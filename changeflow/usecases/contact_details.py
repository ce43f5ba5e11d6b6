"""A person's name, email address and language, which no version stores.

People sign in with their address. So few may change one, and a new address ends the access that the old one gave.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from changeflow.adkar.people import Contact, Person
from changeflow.errors import ConflictError, InputError, UnknownThingError
from changeflow.programme.definition import Definition
from changeflow.programme.names import names_in
from changeflow.programme.permissions import allowed_people
from changeflow.storage import accounts, answers, erasure, invitations, versions
from changeflow.usecases.accounts import check_address
from changeflow.usecases.acts import DIGITS, StaleError
from changeflow.usecases.authority import is_permitted
from changeflow.usecases.definitions import save_contacts
from changeflow.usecases.unit_of_work import UnitOfWork
from changeflow.usecases.visits import Visit
from changeflow.values.words import LANGUAGES, Action

ERASED = "This person’s data was erased at their request, so no name, address or language is stored about them."


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenContact:
    """Contact details as someone has filled them in."""

    name: str = ""
    """Empty for a person who is known by their role."""
    email: str | None = None
    """None if the form did not ask. Empty for no address or, from a person who may not see it, for no change."""
    language: str | None = None
    """None if the form did not ask."""
    seen: str | None = None
    """The mark of the details that a page showed."""


def may_change_address(visit: Visit) -> bool:
    return visit.may(Action.CHANGE_ADDRESS) or not allowed_people(visit.definition, Action.CHANGE_ADDRESS)


def is_erased(session: Session, programme: str, person: str) -> bool:
    return bool(erasure.erased(session, programme, [(person, None)]))


def mark_of_contact(session: Session, contact: Contact | None) -> str:
    """Return a short string that changes with a person's details. It does not reveal the address."""
    if contact is None:
        return ""
    address = accounts.address_of(session, contact.email) if contact.email else ""
    said = repr((contact.name, address, contact.language))
    return hashlib.sha256(said.encode()).hexdigest()[:DIGITS]


def add_contact(session: Session, programme: str, person: Person, given: GivenContact) -> None:
    """Store a new person's details."""
    known, email = versions.contacts(session, programme), given.email or ""
    contact = Contact(
        person=person.id,
        name=given.name or person.role,
        email=_free_address(session, programme, person.id, email, known) if email.strip() else None,
        language=_known_language(given.language or ""),
    )
    save_contacts(session, programme, [*known.values(), contact])


def change_contact(work: UnitOfWork, person: Person, given: GivenContact, by: str) -> bool:
    """Change a person's details; return whether they are different now. `person` already has their new role."""
    session, known = work.session, versions.contacts(work.session, work.name)
    old = known.get(person.id)
    if given.seen is not None and given.seen != mark_of_contact(session, old):
        raise StaleError("Someone else has changed this person’s details since you opened the page.")
    if is_erased(session, work.name, person.id):
        if given.name or given.email or given.language:
            raise InputError(ERASED)
        return False
    old = old or Contact(person=person.id, name=work.definition.role_of(person.id) or person.role)
    language = old.language if given.language is None else _known_language(given.language)
    new = old.model_copy(
        update={"name": _name(work.definition, person, old, given.name), "language": language}
    ).model_copy(update={"email": _email(work, person.id, old, given, known, by)})
    if new == old:
        return False
    if new.email != old.email:
        _end_access(work, person.id, old.email, new.email, by)
    save_contacts(session, work.name, [*(c for p, c in known.items() if p != person.id), new])
    return True


def _name(definition: Definition, person: Person, old: Contact, given: str) -> str:
    """Return a person's new name; a name that is only a title stays, or follows the role."""
    is_same_role = definition.role_of(person.id) == person.role
    if given == names_in(definition, [old]).get(person.id, "") and (given or is_same_role):
        return old.name
    return given or person.role


def _known_language(code: str) -> str:
    if code and code not in LANGUAGES:
        raise UnknownThingError("language", code, LANGUAGES)
    return code


def _email(
    work: UnitOfWork, person: str, old: Contact, given: GivenContact, known: Mapping[str, Contact], by: str
) -> str | None:
    """Return a person's new address; raise unless this actor may change it."""
    sees = is_permitted(work.definition, by, Action.EXPORT_ADDRESSES, on=work.change.on)
    if given.email is None or not (given.email.strip() or sees):
        return old.email
    # Before it is compared, so that the answer is the same whether or not it is the stored one.
    if allowed_people(work.definition, Action.CHANGE_ADDRESS):
        work.permit(Action.CHANGE_ADDRESS)
    if given.email.strip() == (old.email or ""):
        return old.email
    if person == by:
        raise InputError("You cannot change your own address, because you would be signed out. Ask someone else.")
    if not given.email.strip():
        return None
    return _free_address(work.session, work.name, person, given.email, known)


def _free_address(session: Session, programme: str, person: str, email: str, known: Mapping[str, Contact]) -> str:
    """Return an address; refuse one that someone else has or is invited at, or of a person who was erased."""
    address = check_address(email)
    own = accounts.address_of(session, address)
    if any(p != person and c.email and accounts.address_of(session, c.email) == own for p, c in known.items()):
        raise ConflictError("Someone else in the programme has this address.")
    if any(p != person for p in invitations.invited_to(session, own).get(programme, ())):
        raise ConflictError("Someone else in the programme has been invited at this address.")
    if erasure.erased(session, programme, [(person, address)]):
        raise InputError("The data of a person with this address was erased at their request. Use another address.")
    return address


def _end_access(work: UnitOfWork, person: str, old: str | None, new: str | None, by: str) -> None:
    """End what the old address gave: the invitation, and links in messages. Its sessions no longer find the person."""
    work.note("change-address", f"person:{person}", by=by)
    if old is None:
        return
    former = accounts.address_of(work.session, old)
    if new is not None and accounts.address_of(work.session, new) == former:
        return
    if any(i.person == person and i.address == former for i in invitations.invitations(work.session, work.name)):
        invitations.withdraw_invitation(work.session, work.name, person, at=work.change.now)
        work.note("withdraw-invitation", person, by=by)
    answers.revoke_every_link(work.session, work.name, person=person, now=work.change.now)


def follow_roles(session: Session, before: Definition, after: Definition) -> None:
    """Give people whose name is only the title of their role the title of their new one."""
    programme, later = after.programme.programme, {p.id: p.role for p in after.people}
    changed = {p.id: (p.role, later[p.id]) for p in before.people if later.get(p.id, p.role) != p.role}
    if changed:
        known = versions.contacts(session, programme).values()
        save_contacts(session, programme, list(_renamed(known, changed)))


def _renamed(contacts: Iterable[Contact], changed: Mapping[str, tuple[str, str]]) -> Iterable[Contact]:
    for contact in contacts:
        was, now = changed.get(contact.person, (None, ""))
        yield contact.model_copy(update={"name": now}) if contact.name == was else contact
