"""Settings about signing in: who is invited and has signed in, and sessions."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from changeflow.adkar.people import Contact
from changeflow.errors import ConflictError, InputError, UnknownThingError
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import NAMED, SYSTEM
from changeflow.programme.names import begin, person_in_words
from changeflow.programme.permissions import roles_of
from changeflow.reports.record import moment_in_words
from changeflow.storage import accounts, audit, invitations, versions
from changeflow.storage.accounts import SignedIn, SignIn
from changeflow.storage.database import session_scope
from changeflow.usecases.accounts import check_address, is_here, session_of
from changeflow.usecases.visits import Visit, visit, visitor_of
from changeflow.values.moments import format_day, local_day
from changeflow.values.words import Action, Role

HOW_IN_WORDS: Mapping[SignIn, str] = {
    SignIn.PROVIDER: "organisation’s account",
    SignIn.LINK: "link by email",
    SignIn.SANDBOX: "sandbox",
    SignIn.MACHINE: "on the machine itself",
}
ONE_DAY = timedelta(days=1)
MOST_TO_ONE, MOST_A_DAY = 2, 200
"""The most invitations within a day that send a message: to one address, and in one programme. Our own choice."""
SHORT_ID = 16
"""Digits of a session's id that a form carries: enough to tell a person's own sessions apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """A person of the programme, and whether they can sign in."""

    person: str
    title: str
    roles: str
    """Their roles in words, besides viewer."""
    email: str
    is_here: bool
    is_admin: bool
    invited: str
    """The day of the invitation in words; empty without one."""
    last_sign_in: str
    """The day in words; empty if they have not signed in within the time that sessions are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """A message about an invitation, ready to send."""

    to_name: str
    is_named: bool
    """Whether the name is a person's; otherwise it is a role."""
    to_address: str
    language: str
    by: str
    """The role of the admin who invited them."""
    by_link: bool
    programme: str
    office: str
    office_email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A browser that is signed in."""

    id: str
    browser: str
    how: str
    since: str
    until: str
    is_this: bool


def account_lines(found: Visit) -> list[AccountLine]:
    """Return the programme's people by title; those who are in the programme today come first."""
    found.permit(Action.INVITE)
    known = _Known(found.session, found.name)
    lines = [_line(found, known, person.id) for person in found.definition.people]
    return sorted(lines, key=lambda line: (not line.is_here, line.title.casefold(), line.person))


def account_line(found: Visit, person: str) -> AccountLine:
    """Return one person of the programme."""
    found.permit(Action.INVITE)
    return _line(found, _Known(found.session, found.name), _known_person(found.definition, person))


class _Known:
    """What the database contains about a programme's accounts."""

    def __init__(self, session: Session, programme: str) -> None:
        self.session = session
        self.contacts: Mapping[str, Contact] = versions.contacts(session, programme)
        self.invitations = {i.person: i for i in invitations.invitations(session, programme)}
        self.by_address, self.by_person = accounts.last_sign_ins(session, programme)

    def addresses(self, person: str) -> list[str]:
        """Return the addresses at which a person may sign in, as keyed hashes."""
        invitation, contact = self.invitations.get(person), self.contacts.get(person)
        found = [invitation.address] if invitation else []
        return [*found, accounts.address_of(self.session, contact.email)] if contact and contact.email else found

    def last_sign_in(self, person: str) -> datetime | None:
        found = [self.by_address.get(address) for address in self.addresses(person)]
        return max((at for at in (*found, self.by_person.get(person)) if at is not None), default=None)


def _line(found: Visit, known: _Known, person: str) -> AccountLine:
    definition = found.definition
    own = roles_of(definition, person)
    roles = [role for role in NAMED if role in own]
    invitation, contact, last = known.invitations.get(person), known.contacts.get(person), known.last_sign_in(person)
    return AccountLine(
        person=person,
        title=begin(person_in_words(definition, found.programme.names, person)),
        roles=", ".join(role.value for role in roles) or Role.VIEWER.value,
        email=contact.email if contact and contact.email else "",
        is_here=is_here(definition, person, found.now),
        is_admin=Role.ADMIN in roles,
        invited=format_day(local_day(invitation.at)) if invitation else "",
        last_sign_in=format_day(local_day(last)) if last else "",
    )


def _known_person(definition: Definition, person: str) -> str:
    if all(p.id != person for p in definition.people):
        raise UnknownThingError("person", person)
    return person


@contextmanager
def _changing(
    token: str, programme: str, person: str, *, db: str, now: datetime, is_locked: bool = True
) -> Iterator[tuple[Session, Visit]]:
    """Check that the visitor may invite, then open a transaction that locks the programme."""
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.INVITE)
        _known_person(found.definition, person)
    with session_scope(db) as session:
        if is_locked:
            versions.lock_programme(session, programme)
        yield session, found


def invite(
    token: str, programme: str, person: str, email: str, *, db: str, now: datetime, can_mail: bool = False
) -> NewInvitation | None:
    """Invite a person at an address, which ends any earlier invitation of theirs; return the message to send, if any.

    There is a message if `can_mail` is set, the programme's messages are on, and not too many have been sent.
    """
    with _changing(token, programme, person, db=db, now=now) as (session, found):
        address = check_address(email)
        if not address.isascii():
            raise InputError("Enter an address in plain letters. Other characters can look the same.")
        if not is_here(found.definition, person, now):
            raise InputError("This person is not in the programme today, so they cannot sign in.")
        taken = invitations.invited_to(session, accounts.address_of(session, address)).get(programme, ())
        if any(other != person for other in taken):
            raise ConflictError("Someone else in the programme has been invited at this address.")
        by = found.visitor.person
        invitations.invite(session, programme, person, address, at=now, by=by)
        audit.append(session, programme, at=now, actor=by, action="invite", subject=person)
        of_address, of_programme = invitations.invited_since(session, programme, address, now - ONE_DAY)
        is_many = of_address > MOST_TO_ONE or of_programme > MOST_A_DAY
        if not can_mail or is_many or not found.reaches_people:
            return None
        return _message_for(found, person, address, versions.contact(session, programme, person))


def _message_for(found: Visit, person: str, address: str, contact: Contact | None) -> NewInvitation:
    definition, names = found.definition, found.programme.names
    return NewInvitation(
        to_name=names.get(person) or definition.role_of(person) or person,
        is_named=person in names,
        to_address=address,
        language=contact.language if contact and contact.language else definition.programme.language,
        by=found.visitor.title,
        by_link=Role.ADMIN not in roles_of(definition, person),
        programme=definition.programme.name,
        office=definition.programme.office.name,
        office_email=definition.programme.office.email,
    )


def why_no_mail(found: Visit, *, can_mail: bool) -> str:
    """Return why an invitation sends no message; empty if it sends one."""
    if found.is_sandbox:
        return "A sandbox sends no messages."
    if not found.reaches_people:
        return "The programme’s messages are off."
    return "" if can_mail else "No mail server is set."


def withdraw(token: str, programme: str, person: str, *, db: str, now: datetime) -> None:
    """End a person's invitation."""
    with _changing(token, programme, person, db=db, now=now) as (session, found):
        if not invitations.withdraw_invitation(session, programme, person, at=now):
            raise ConflictError("This person has no invitation.")
        by = found.visitor.person
        audit.append(session, programme, at=now, actor=by, action="withdraw-invitation", subject=person)


def release(token: str, programme: str, person: str, *, db: str, now: datetime) -> None:
    """Close the accounts at a person's addresses and end their sessions, so that a new owner can sign in.

    Accounts are the same in all programmes, so the audit of each says that someone there is signed out.
    """
    with _changing(token, programme, person, db=db, now=now, is_locked=False) as (session, found):
        known = _Known(session, programme)
        addresses = set(known.addresses(person))
        others = {name: _people_at(session, name, addresses) for name in versions.programme_ids(session)}
        others = {name: people for name, people in others.items() if people and name != programme}
        # In the same order everywhere, so that two releases never wait for each other.
        for name in sorted({programme, *others}):
            versions.lock_programme(session, name)
        closed = sum(accounts.close_accounts(session, address, at=now) for address in sorted(addresses))
        by = found.visitor.person
        audit.append(session, programme, at=now, actor=by, action="release-address", subject=person)
        for name, people in others.items() if closed else ():
            for one in sorted(people):
                # An id of one programme may be someone else's in another, so it is not named there.
                audit.append(session, name, at=now, actor=SYSTEM, action="release-address", subject=one)


def _people_at(session: Session, programme: str, addresses: Collection[str]) -> set[str]:
    """Return the people of a programme who have one of the given addresses, or were invited at one."""
    listed = versions.contacts(session, programme).items()
    found = {p for p, c in listed if c.email and accounts.address_of(session, c.email) in addresses}
    return found | {i.person for i in invitations.invitations(session, programme) if i.address in addresses}


def session_lines(found: Visit) -> list[SessionLine]:
    """Return the browsers that are signed in as the visitor, newest first."""
    found.permit(Action.SIGN_IN)
    own = found.visitor.session
    return [_session_line(s, own) for s in accounts.sessions_like(found.session, own, now=found.now)]


def person_sessions(found: Visit, person: str) -> list[SessionLine]:
    """Return the browsers that are signed in as a person of the programme, newest first."""
    found.permit(Action.INVITE)
    own = found.visitor.session
    return [_session_line(s, own) for s in _sessions_of(found.session, found.name, person, found.now)]


def _sessions_of(session: Session, programme: str, person: str, now: datetime) -> list[SignedIn]:
    addresses = _Known(session, programme).addresses(person)
    return accounts.sessions_of(session, programme, person, addresses, now=now)


def end_persons_session(token: str, programme: str, person: str, which: str, *, db: str, now: datetime) -> None:
    """End a session of a person by the id in their list, or all of them if it is empty; the audit records it."""
    with _changing(token, programme, person, db=db, now=now) as (session, found):
        theirs = _sessions_of(session, programme, person, now)
        ended = [s for s in theirs if not which or (len(which) == SHORT_ID and s.id.startswith(which))]
        if not ended:
            raise ConflictError("This session has already ended.")
        for one in ended:
            accounts.end_session(session, one.id, at=now)
        audit.append(session, programme, at=now, actor=found.visitor.person, action="end-session", subject=person)


def _session_line(one: SignedIn, own: SignedIn) -> SessionLine:
    return SessionLine(
        id=one.id[:SHORT_ID],
        browser=one.browser or "Browser of unknown type",
        how=HOW_IN_WORDS.get(one.how, ""),
        since=moment_in_words(one.created_at),
        until=moment_in_words(one.expires_at),
        is_this=one.id == own.id,
    )


def end_session(token: str, programme: str, which: str, *, db: str, now: datetime) -> bool:
    """End one of a person's own sessions by the id in their list; return whether it was this browser's."""
    with session_scope(db) as session:
        own = _visitor_session(session, token, programme, now)
        mine = accounts.sessions_like(session, own, now=now)
        found = next((s for s in mine if len(which) == SHORT_ID and s.id.startswith(which)), None)
        if found is None:
            raise UnknownThingError("session", which)
        accounts.end_session(session, found.id, at=now)
        return found.id == own.id


def end_all_sessions(token: str, programme: str, *, db: str, now: datetime) -> None:
    """Sign a person out everywhere, in this browser too."""
    with session_scope(db) as session:
        for one in accounts.sessions_like(session, _visitor_session(session, token, programme, now), now=now):
            accounts.end_session(session, one.id, at=now)


def _visitor_session(session: Session, token: str, programme: str, now: datetime) -> SignedIn:
    """Return the session of someone who belongs to the programme on whose page they end sessions."""
    return visitor_of(session, session_of(session, token, now), programme, now).session
