"""A visit: one request of a signed-in person for one programme, and the views that pages show.

Views are kept until the programme, the day or the rulepacks change. Who may see one is checked at every visit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from sqlmodel import Session

from changeflow.adkar.people import Contact
from changeflow.errors import UnknownThingError
from changeflow.logs import log
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import PROGRAMME, Subject
from changeflow.programme.permissions import roles_of
from changeflow.programme.programme import Programme
from changeflow.programme.staffing import as_of
from changeflow.storage import audit, invitations, message_switch, sandbox, versions
from changeflow.storage.accounts import SignedIn, SignIn
from changeflow.storage.database import read_scope, session_scope, url_of
from changeflow.storage.keys import key_of, recipient_at
from changeflow.usecases.accounts import SignInNeededError, is_here, people_at, person_at, session_of
from changeflow.usecases.authority import is_permitted, permit
from changeflow.usecases.stored import MOST_KEPT, Cache, NotKeptError, Stored, content_state, load, may_work
from changeflow.values.moments import local_day
from changeflow.values.words import Action, Role

T = TypeVar("T")
MOST_VIEWS, MOST_STATES = 512, 2
"""The most views of one state of a programme, which take about as much memory as its pages, and the most states of one
programme."""
Views = Cache[tuple[object, ...], object]
_VIEWS: Cache[tuple[object, ...], Views] = Cache(MOST_KEPT, alike=lambda key: key[:2], most_alike=MOST_STATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A signed-in person in one programme."""

    session: SignedIn
    person: str
    title: str
    """Their role in words, such as `Chief Executive`."""
    roles: frozenset[Role]
    """Every role they have: in the whole programme, or for a service or school of theirs."""
    school: str | None
    """Their own school today, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A programme that a signed-in person belongs to."""

    programme: str
    name: str
    title: str
    first_page: str
    """The page to open first: their own school for people of one school, and the Brief for everyone else."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """An open visit: the database as it is, the loaded programme, and the person."""

    db: str = field(repr=False)
    session: Session
    stored: Stored
    visitor: Visitor
    now: datetime
    is_sandbox: bool
    looks: list[str] = field(default_factory=list)
    """Subjects of readings, for the audit."""

    @property
    def programme(self) -> Programme:
        return self.stored.programme

    @property
    def definition(self) -> Definition:
        return self.stored.version.definition

    @property
    def name(self) -> str:
        return self.programme.id

    @property
    def language(self) -> str:
        """The language of the person's pages, the same as of their messages: their own, or else the programme's."""
        contact = self.stored.contacts.get(self.visitor.person)
        return (contact.language if contact else "") or self.definition.programme.language

    @property
    def today(self) -> date:
        return local_day(self.now)

    @property
    def reaches_people(self) -> bool:
        """Whether the programme's messages leave the organisation."""
        return message_switch.reach_people(self.session, self.definition)

    def permit(self, action: Action, subject: Subject = PROGRAMME) -> None:
        """Raise a `NotAllowedError`, which says who may, unless the person may do this. Refusals are logged."""
        names = self.programme.names
        permit(self.definition, self.visitor.person, action, subject, on=self.today, names=names)

    def may(self, action: Action, subject: Subject = PROGRAMME) -> bool:
        """Return whether the person may do this, for links and buttons."""
        return is_permitted(self.definition, self.visitor.person, action, subject, on=self.today)

    def view(self, name: str, make: Callable[[], T], *given: object) -> T:
        """Return a kept view, or make it. `given` is everything that decides it, besides the programme and the day.

        Permissions must not decide it: check them first.
        """
        state = (url_of(self.session), self.name, content_state(self.session, self.name), self.today)
        views = _VIEWS.get(state, lambda: Cache(MOST_VIEWS))
        key = (name, *given)
        if key not in views and not may_work():
            raise NotKeptError
        found: T = views.get(key, make)  # type: ignore[assignment]  # the name and `given` decide the type
        return found

    def note_look(self, subject: str) -> None:
        """Have the audit record that the person read data about people, at most once per session and half-day."""
        self.looks.append(subject)


@contextmanager
def visit(token: str, programme: str, *, db: str, now: datetime) -> Iterator[Visit]:
    """Open a visit, in one transaction that reads.

    Raise `SignInNeededError` without a session in force, and `UnknownThingError` for a programme that the person does
    not belong to; the error does not reveal whether it exists.
    """
    with read_scope(db) as session:
        yield visit_as(session, session_of(session, token, now), programme, db=db, now=now)


def visit_as(session: Session, found: SignedIn, programme: str, *, db: str, now: datetime) -> Visit:
    """Return the visit of a session in force."""
    visitor = visitor_of(session, found, programme, now)  # before any work on the programme
    return Visit(
        db=db,
        session=session,
        stored=load(session, programme, on=local_day(now)),
        visitor=visitor,
        now=now,
        is_sandbox=sandbox.is_sandbox(session),
    )


@dataclass(frozen=True, slots=True)
class _Access:
    """What decides who may visit a programme. It is only read; nothing is calculated."""

    definition: Definition
    people_at: Mapping[str, tuple[str, ...]]
    """The people at each address, by its keyed hash."""


_ACCESS: Cache[tuple[object, ...], _Access] = Cache(MOST_KEPT)


def _access(session: Session, name: str) -> _Access:
    key = (url_of(session), name, key_of(session), content_state(session, name))

    def read() -> _Access:
        definition = versions.required(session, name).definition
        return _Access(definition, _by_address(versions.contacts(session, name), key_of(session)))

    return _ACCESS.get(key, read)


def visitor_of(session: Session, found: SignedIn, name: str, now: datetime) -> Visitor:
    """Return the owner of a session in force as a visitor of a programme; raise the same errors as `visit`."""
    is_foreign = found.account is None and found.programme != name
    if is_foreign or name not in versions.programme_ids(session):
        log("refused", action="visit")
        raise UnknownThingError("programme", name)
    access = _access(session, name)
    definition = as_of(access.definition, local_day(now))
    person = _person_in(session, found, access, name, now)
    if person is None:
        log("refused", action="visit", programme=name)
        raise UnknownThingError("programme", name)
    roles = roles_of(definition, person)
    if found.how is SignIn.LINK and Role.ADMIN in roles:
        raise SignInNeededError("Admins sign in with their organisation's account.")
    if found.how in (SignIn.MACHINE, SignIn.TOKEN) and Role.ADMIN not in roles:
        raise SignInNeededError
    return Visitor(
        session=found,
        person=person,
        title=definition.role_of(person) or person,
        roles=roles,
        school=next((p.school for p in definition.people if p.id == person), None),
    )


def sees_every_school(visit: Visit, programme: str) -> bool:
    """Return whether the visitor belongs to another programme of the database, and sees every school there."""
    access = _access(visit.session, programme)
    person = _person_in(visit.session, visit.visitor.session, access, programme, visit.now)
    every = Subject(thing="all schools", schools=frozenset(s.id for s in access.definition.schools))
    return person is not None and is_permitted(access.definition, person, Action.READ_SCHOOL, every, on=visit.today)


def _person_in(session: Session, found: SignedIn, access: _Access, name: str, now: datetime) -> str | None:
    """Return the person that a session belongs to in a programme, if they are in it today."""
    definition = access.definition
    if found.account is None:
        is_own = found.programme == name and found.person is not None
        return found.person if is_own and is_here(definition, found.person or "", now) else None
    invited = invitations.invited_to(session, found.address).get(name, ())
    listed = access.people_at.get(found.address, ())
    return person_at(definition, found.how, invited, listed, now)


def _by_address(contacts: Mapping[str, Contact], key: bytes) -> Mapping[str, tuple[str, ...]]:
    """Return the people at each address, by its keyed hash."""
    found: dict[str, tuple[str, ...]] = {}
    for person, contact in contacts.items():
        if contact.email:
            address = recipient_at(key, contact.email)
            found[address] = (*found.get(address, ()), person)
    return found


def memberships(token: str, *, db: str, now: datetime) -> list[Membership]:
    """Return the programmes that a signed-in person belongs to, by name."""
    with read_scope(db) as session:
        found = session_of(session, token, now)
        if found.account is None:
            people = {found.programme: found.person} if found.programme and found.person else {}
        else:
            people = people_at(session, found.address, found.how, now)
        own = []
        for name, person in people.items():
            definition = as_of(versions.required(session, name).definition, local_day(now))
            title = definition.role_of(person) or person
            first = _first_page(definition, person)
            own.append(Membership(programme=name, name=definition.programme.name, title=title, first_page=first))
    return sorted(own, key=lambda m: (m.name, m.programme))


def _first_page(definition: Definition, person: str) -> str:
    start = f"/p/{definition.programme.programme}"
    school = next((p.school for p in definition.people if p.id == person), None)
    is_limited = roles_of(definition, person) <= {Role.VIEWER, Role.HEAD} and school is not None
    return f"{start}/schools/{school}" if is_limited else start


def note_looks(person: str, programme: str, looks: Sequence[str], *, db: str, now: datetime) -> None:
    """Record in the audit what a person read about people: the subjects of the readings."""
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        for subject in looks:
            audit.append(session, programme, at=now, actor=person, action="look", subject=subject)
