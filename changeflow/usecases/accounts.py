"""Signing in and out: by an identity provider, by a link in an email, and on the machine itself.

An account belongs to the person of a programme who has its verified address, or whom an admin invited at that address.
Display names play no part. A person's roles are read from the programme at every request.
"""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from changeflow.adkar.people import Contact
from changeflow.errors import ChangeflowError, ConflictError, InputError, UnknownThingError
from changeflow.logs import log
from changeflow.programme.definition import Definition
from changeflow.programme.names import begin, names_in, person_in_words
from changeflow.programme.permissions import admins_of
from changeflow.storage import accounts, audit, invitations, sandbox, sign_in_links, versions
from changeflow.storage.accounts import MAIL, SignedIn, SignIn
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.sign_in_links import SignInLink
from changeflow.usecases.stored import name_of
from changeflow.values.moments import local_day
from changeflow.values.sentences import sentence

LINK_LIFE = timedelta(minutes=10)
"""OWASP ASVS 5.0, 6.5.5: at most ten minutes."""
SESSION_LIFE = timedelta(hours=12)
"""A working day: our own choice."""
MOST_LINKS, LINKS_WITHIN = 10, timedelta(hours=1)
"""The most links for one address, and in what time: our own choice."""
LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3, without its angle brackets."""
_ADDRESS = re.compile(r"[^\s@<>,;\x00-\x1f\x7f]+@[^\s@<>,;\x00-\x1f\x7f]+")


class SignInNeededError(ChangeflowError):
    """The request needs a session, and has none that works."""

    def __init__(self, message: str = "Sign in to see this page.") -> None:
        super().__init__(message)


class SignInRefusedError(InputError):
    """Someone may not sign in. `people` are the people that they are known to be, by programme, for the audit."""

    def __init__(self, message: str, people: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.people = people or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A sign-in link to send."""

    token: str = field(repr=False)
    to_name: str
    is_named: bool
    """Whether the name is a person's; otherwise it is a role."""
    to_address: str
    language: str
    programme: str
    office: str
    office_email: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that has begun: the token for the browser, and the page to open."""

    token: str
    next: str = "/"


def new_token() -> str:
    """Return a random token of 256 bits for a cookie or link."""
    return secrets.token_urlsafe(32)


def ask_link(email: str, *, browser: str, next_page: str, db: str, now: datetime) -> NewLink | None:
    """Make a sign-in link for an invited address; None if none may be sent. The page says the same in both cases.

    Admins get none, because a mailbox does not protect their access well enough.
    """
    address_text = check_address(email)
    token = new_token()
    with session_scope(db) as session:
        address = accounts.address_of(session, address_text)
        found = _invited(session, address, now)
        send_to = _where(session, found, address, address_text)
        if found:
            # Requests of the same address take turns, so that they are counted one after the other.
            versions.lock_programme(session, min(definition.programme.programme for definition, _, _ in found))
        if not found or not send_to or sign_in_links.links_since(session, address, now - LINKS_WITHIN) >= MOST_LINKS:
            log("sign-in link", sent=False)
            return None
        link = SignInLink(address=address, browser=browser, next=next_page)
        sign_in_links.add_link(session, token, link, at=now, until=now + LINK_LIFE)
    log("sign-in link", sent=True)
    (definition, person, contact), *_ = found
    programme = definition.programme
    names = names_in(definition, [contact] if contact else [])
    return NewLink(
        token=token,
        to_name=names.get(person) or definition.role_of(person) or person,
        is_named=person in names,
        to_address=send_to,
        language=contact.language if contact and contact.language else programme.language,
        programme=programme.name,
        office=programme.office.name,
        office_email=programme.office.email,
    )


def _where(session: Session, found: Sequence[tuple[Definition, str, Contact | None]], address: str, asked: str) -> str:
    """Return the address to send to: the one in the list of people, or else the one that was entered.

    Two different addresses may have the same hash, because it ignores case: `ſ` counts as `s`. So an address with
    letters beyond ASCII is never taken from the form, where a stranger may have entered it.
    """
    own = (c.email for _, _, c in found if c is not None and c.email)
    return next((e for e in own if accounts.address_of(session, e) == address), asked if asked.isascii() else "")


def check_address(email: str) -> str:
    """Return an email address without spaces around it; raise `InputError` for a string that cannot be one."""
    text = email.strip()
    if not 3 <= len(text) <= LONGEST_ADDRESS or not _ADDRESS.fullmatch(text):
        raise InputError(sentence("Enter an email address, such as name@example.org."))
    return text


def _invited(session: Session, address: str, now: datetime) -> list[tuple[Definition, str, Contact | None]]:
    """Return the people with an invitation at an address; empty if one of them is an admin."""
    found = []
    for name, people in invitations.invited_to(session, address).items():
        definition = versions.required(session, name).definition
        here = [p for p in people if is_here(definition, p, now)]
        found += [(definition, p, versions.contact(session, name, p)) for p in here]
    return [] if any(p in admins_of(d) for d, p, _ in found) else found


def is_here(definition: Definition, person: str, now: datetime) -> bool:
    known = next((p for p in definition.people if p.id == person), None)
    return known is not None and known.is_here(local_day(now))


def check_link(token: str, *, browser: str, db: str, now: datetime) -> None:
    """Raise a `SignInRefusedError` if a link does not work in this browser. Opening it does not use it up."""
    with _noting_refusals(db, now), read_scope(db) as session:
        _link(session, token, browser, now)


def use_link(token: str, *, browser: str, kind: str, db: str, now: datetime) -> NewSession:
    """Use up a link and begin a session."""
    with _noting_refusals(db, now), session_scope(db) as session:
        link = _link(session, token, browser, now)
        if not sign_in_links.use_link(session, token, now=now):
            raise SignInRefusedError(_LINK_OVER)
        if not _invited(session, link.address, now):
            raise SignInRefusedError(_NOT_INVITED, people_at(session, link.address, SignIn.PROVIDER, now))
        account = accounts.account_at(session, MAIL, link.address, link.address, at=now)
        fresh = _begin(session, SignIn.LINK, now=now, browser=kind, account=account.id)
        _note_sign_in(session, people_at(session, link.address, SignIn.LINK, now), SignIn.LINK, now)
    return NewSession(fresh, link.next or "/")


_LINK_OVER = sentence(
    "This sign-in link no longer works. Links work once, for ten minutes, and only in the browser that asked for them. "
    "Ask for a new one."
)
_NO_PROGRAMME = sentence(
    "No programme here has your email address. Ask the programme office to add it to the list of people."
)
_TAKEN = sentence(
    "Another account has signed in with your email address before. If the address was someone else’s, ask an admin of "
    "the programme to release it."
)
_NOT_INVITED = sentence("You have not been invited to a programme here. Ask the programme office to invite you.")


def _link(session: Session, token: str, browser: str, now: datetime) -> SignInLink:
    link = sign_in_links.link_of(session, token, browser, now=now) if browser else None
    if link is None:
        raise SignInRefusedError(_LINK_OVER)
    return link


def sign_in_by_provider(
    issuer: str, subject: str, email: str, *, kind: str, next_page: str, db: str, now: datetime
) -> NewSession:
    """Begin a session for someone with an identity and an address that a provider has verified."""
    with _noting_refusals(db, now), session_scope(db) as session:
        address = accounts.address_of(session, email)
        # Letters beyond ASCII may be taken for others: see `_where`.
        people = people_at(session, address, SignIn.PROVIDER, now) if email.isascii() else {}
        if not people:
            raise SignInRefusedError(_NO_PROGRAMME)
        try:
            account = accounts.account_at(session, issuer, subject, address, at=now)
        except ConflictError:
            raise SignInRefusedError(_TAKEN, people) from None
        fresh = _begin(session, SignIn.PROVIDER, now=now, browser=kind, account=account.id)
        _note_sign_in(session, people, SignIn.PROVIDER, now)
    return NewSession(fresh, next_page)


def sign_in_here(programme: str, person: str, how: SignIn, *, kind: str, db: str, now: datetime) -> NewSession:
    """Begin a session for a person on this machine: anyone in a sandbox, otherwise an admin of the programme."""
    with _noting_refusals(db, now), session_scope(db) as session:
        definition = versions.required(session, programme).definition
        if how is SignIn.SANDBOX and not sandbox.is_sandbox(session):
            raise SignInRefusedError("This database is not a sandbox, so no one can sign in here without an account.")
        if how is SignIn.MACHINE and person not in admins_of(definition):
            raise SignInRefusedError("Only an admin of the programme can sign in on the machine itself.")
        if not is_here(definition, person, now):
            raise UnknownThingError("person", person)
        fresh = _begin(session, how, now=now, browser=kind, person=(programme, person))
        _note_sign_in(session, {programme: person}, how, now)
    return NewSession(fresh)


def _begin(
    session: Session,
    how: SignIn,
    *,
    now: datetime,
    browser: str,
    account: int | None = None,
    person: tuple[str, str] | None = None,
) -> str:
    token = new_token()
    until = now + SESSION_LIFE
    accounts.open_session(session, token, how, at=now, until=until, browser=browser, account=account, person=person)
    return token


@contextmanager
def _noting_refusals(db: str, now: datetime) -> Iterator[None]:
    """Log a refused sign-in, and record it in the audit of each programme that the person is known to be in."""
    try:
        yield
    except SignInRefusedError as error:
        log("refused", action="sign-in", programmes=len(error.people))
        if error.people:
            with session_scope(db) as session:
                for programme, person in error.people.items():
                    versions.lock_programme(session, programme)
                    audit.append(session, programme, at=now, actor=person, action="refused", subject="sign-in")
        raise


def _note_sign_in(session: Session, people: Mapping[str, str], how: SignIn, now: datetime) -> None:
    for programme, person in people.items():
        versions.lock_programme(session, programme)
        audit.append(session, programme, at=now, actor=person, action="sign-in", subject=how.value)


def people_at(session: Session, address: str, how: SignIn, now: datetime) -> dict[str, str]:
    """Return the person that an address belongs to in each programme."""
    invited = invitations.invited_to(session, address)
    found = {}
    for name in versions.programme_ids(session):
        definition = versions.required(session, name).definition
        contacts = versions.contacts(session, name)
        listed = [p for p, c in contacts.items() if c.email and accounts.address_of(session, c.email) == address]
        person = person_at(definition, how, invited.get(name, ()), listed, now)
        if person is not None:
            found[name] = person
    return found


def person_at(
    definition: Definition, how: SignIn, invited: Sequence[str], listed: Sequence[str], now: datetime
) -> str | None:
    """Return the person of a programme with an invitation at an address, or else the only person who has it.

    Links are for invited people only, so that withdrawing an invitation ends the access that it gave.
    """
    people = [p for p in invited if is_here(definition, p, now)]
    if not people and how is not SignIn.LINK:
        people = [p for p in listed if is_here(definition, p, now)] if len(listed) == 1 else []
    return people[0] if len(people) == 1 else None


def session_of(session: Session, token: str, now: datetime) -> SignedIn:
    """Return the session of a browser's token; raise `SignInNeededError` if it has ended."""
    found = accounts.session_of(session, token, now=now) if token else None
    if found is None or (found.how is SignIn.SANDBOX and not sandbox.is_sandbox(session)):
        raise SignInNeededError
    return found


def owner_of(token: str, *, db: str) -> str | None:
    """Return a name for the owner of a session, even if it has ended; None if there never was one."""
    with read_scope(db) as session:
        return accounts.owner_of(session, token) if token else None


def sign_out(token: str, *, db: str, now: datetime) -> None:
    """End a browser's session; an ended one stays ended."""
    with session_scope(db) as session:
        found = accounts.session_of(session, token, now=now)
        if found is not None:
            accounts.end_session(session, found.id, at=now)


def end_machine_sessions(*, db: str, now: datetime) -> int:
    """End every session that began on the machine itself, once people sign in with a provider."""
    with session_scope(db) as session:
        return accounts.end_sessions(session, SignIn.MACHINE, at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPerson:
    """A person for whom a sign-in link can be printed."""

    programme: str
    person: str
    title: str


def people_for_doors(
    programme: str | None, people: Sequence[str], *, is_setup: bool, db: str, now: datetime
) -> list[DoorPerson]:
    """Return the named people of a programme, and with `is_setup` its admins.

    Without a programme, they are those of the only programme in the database.
    """
    with read_scope(db) as session:
        definition = versions.required(session, name_of(session, programme)).definition
    own = definition.programme.programme
    for person in people:
        if not is_here(definition, person, now):
            raise UnknownThingError("person", person, [p.id for p in definition.people])
    admins = sorted(admins_of(definition)) if is_setup else []
    if is_setup and not admins:
        raise InputError("The programme has no admins. Name them with `admins:` in programme.yaml, and apply it.")
    listed = dict.fromkeys((*people, *admins))
    return [DoorPerson(programme=own, person=p, title=begin(person_in_words(definition, {}, p))) for p in listed]


def make_sandbox(*, db: str, now: datetime) -> None:
    """Create an empty database and mark it as a sandbox."""
    with session_scope(db, create=True) as session:
        sandbox.mark_sandbox(session, at=now)


def is_sandbox(*, db: str) -> bool:
    """Return whether a database is a sandbox."""
    with read_scope(db) as session:
        return sandbox.is_sandbox(session)
