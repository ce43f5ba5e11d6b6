"""Permissions: checks against the table of actions and roles. Only use cases make them, never pages or commands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.programme.definition import Definition
from changeflow.programme.mandates import HOW_NAMED, NAMED, PROGRAMME, Subject, in_role
from changeflow.programme.names import begin, person_in_a_sentence, person_in_words
from changeflow.programme.permission_table import LOOKS, TABLE
from changeflow.programme.staffing import as_of
from changeflow.values.moments import format_day
from changeflow.values.words import Action, Role


@dataclass(frozen=True, slots=True)
class Allowed:
    """Allowed, in these roles."""

    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused; `message` says who may."""

    message: str


def may(
    definition: Definition,
    person: str,
    action: Action,
    subject: Subject = PROGRAMME,
    *,
    on: date | None = None,
    names: Mapping[str, str] | None = None,
) -> Allowed | Refused:
    """Return the roles that allow a person to do something, or else a refusal that says who may, with their `names`.

    A person who has left by `on`, or has not joined yet, has no role, and a head is the head of their school on that
    day. Without a list of people, anyone who works on the programme is a viewer and in its project team.
    """
    definition = definition if on is None else as_of(definition, on)
    entry, away = TABLE[action], _why_away(definition, person, on)
    held = frozenset(role for role in entry.roles if not away and _is(definition, person, role, subject))
    if held:
        return Allowed(held)
    who = " ".join(filter(None, (_title(definition, person, names or {}), away)))
    return Refused(f"{who} cannot {entry.what(subject)}. {_who_may(definition, action, subject, names or {})}")


def _why_away(definition: Definition, person: str, on: date | None) -> str:
    found = next((p for p in definition.people if p.id == person), None)
    if on is None or found is None or found.is_here(on):
        return ""
    if found.leaves is not None and found.leaves < on:
        return f"left on {format_day(found.leaves)} and"
    return f"joins on {format_day(found.joins)} and" if found.joins is not None else ""


def _is(definition: Definition, person: str, role: Role, subject: Subject) -> bool:
    if not definition.people and role in (Role.VIEWER, Role.PROJECT_TEAM):
        return True
    return person in in_role(definition, role, subject)


def roles_of(definition: Definition, person: str) -> frozenset[Role]:
    """Return every role that a person has, in the whole programme or for a service or school of theirs."""
    return frozenset(r for r in (Role.VIEWER, *NAMED) if person in in_role(definition, r))


def admins_of(definition: Definition) -> frozenset[str]:
    """Return the admins, by id. How they sign in is restricted."""
    return in_role(definition, Role.ADMIN)


def allowed_people(definition: Definition, action: Action) -> frozenset[str]:
    """Return everyone who may do something in the whole programme, by id."""
    return frozenset(p for role in TABLE[action].roles for p in in_role(definition, role, PROGRAMME))


def looks_back(command: str) -> bool:
    """Return whether a command only reads a stored programme; its --at then shows what was known on that day."""
    return any(command in TABLE[action].commands for action in LOOKS)


def is_allowed(action: Action, role: Role) -> bool:
    """Return whether a role may do something; people in people.csv may do whatever viewers may."""
    roles = TABLE[action].roles
    return role in roles or (role in NAMED and Role.VIEWER in roles)


_WITHOUT_NAMES = (Role.VIEWER, Role.HEAD, Role.CHANGE_LEAD, Role.PROJECT_TEAM, Role.SPONSOR)
"""Roles with many holders; a refusal names only the role."""
_ARTICLES = {
    Role.HEAD: "the head of the school",
    Role.CHANGE_LEAD: "a change lead",
    Role.FINANCE: "finance",
    Role.ADMIN: "an admin",
    Role.RECORDER: "the person who recorded it",
}


def _who_may(definition: Definition, action: Action, subject: Subject, names: Mapping[str, str]) -> str:
    parts = list(_parts(definition, action, subject, names))
    if parts:
        listed = " or ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
        return f"Only {listed} can do this."
    named = TABLE[action].roles
    if Role.MACHINE in named:
        return "Do it on the machine itself, without a name."
    return f"No one can do this yet: name {' or '.join(f'{_called(r)} ({HOW_NAMED[r]})' for r in named)}."


def _parts(definition: Definition, action: Action, subject: Subject, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the people who may, role by role, without empty roles."""
    for role in TABLE[action].roles:
        people = sorted(in_role(definition, role, subject))
        if role in (Role.SYSTEM, Role.MACHINE) or not people:
            continue
        titles = list(dict.fromkeys(person_in_words(definition, names, p) for p in people))
        between = "; " if any(p in names for p in people) else ", "
        yield _called(role) if role in _WITHOUT_NAMES else f"{_called(role)} ({between.join(titles)})"


def _called(role: Role) -> str:
    return _ARTICLES.get(role, f"the {role.value}")


def _title(definition: Definition, person: str, names: Mapping[str, str]) -> str:
    known = definition.role_of(person)
    return begin(person_in_a_sentence(definition, names, person)) if known else f"'{person}'"
