"""Who may do what: asked by use cases of the table in `actions`; no page and no command decides it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.programme.actions import TABLE
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import HOW_NAMED, NAMED, PROGRAMME, Subject, in_role
from changeflow.values.moments import format_day
from changeflow.values.words import Action, Role


@dataclass(frozen=True, slots=True)
class Allowed:
    """They may, in these roles."""

    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Refused:
    """They may not; `message` says who may."""

    message: str


def may(
    definition: Definition, person: str, action: Action, subject: Subject = PROGRAMME, *, on: date | None = None
) -> Allowed | Refused:
    """Tell whether a person may do something, in which roles; if not, who may.

    A person who has left by `on`, or has not joined yet, holds no role. Without a list of people, anyone who works
    on the programme is a viewer and in its project team.
    """
    entry, away = TABLE[action], _why_away(definition, person, on)
    held = frozenset(role for role in entry.roles if not away and _is(definition, person, role, subject))
    if held:
        return Allowed(held)
    who = " ".join(filter(None, (_title(definition, person), away)))
    return Refused(f"{who} may not {entry.what(subject)}. {_who_may(definition, action, subject)}")


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


def allowed_people(definition: Definition, action: Action) -> frozenset[str]:
    """Return everyone who may do something in the whole programme, by id."""
    return frozenset(p for role in TABLE[action].roles for p in in_role(definition, role, PROGRAMME))


def is_allowed(action: Action, role: Role) -> bool:
    """Tell whether somebody in a role may do something: people in people.csv may do what viewers may."""
    roles = TABLE[action].roles
    return role in roles or (role in NAMED and Role.VIEWER in roles)


_WITHOUT_NAMES = (Role.VIEWER, Role.HEAD, Role.CHANGE_LEAD, Role.PROJECT_TEAM, Role.SPONSOR)
"""Roles of many people: a refusal does not list them."""
_ARTICLES = {
    Role.HEAD: "the head of the school",
    Role.CHANGE_LEAD: "a change lead",
    Role.ADMIN: "an admin",
    Role.RECORDER: "the person who recorded it",
}


def _who_may(definition: Definition, action: Action, subject: Subject) -> str:
    parts = list(_parts(definition, action, subject))
    if parts:
        listed = " or ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
        return f"{listed[0].upper()}{listed[1:]} may."
    named = TABLE[action].roles
    if Role.MACHINE in named:
        return "It is done on the machine itself, without a name."
    return f"No one may yet: name {' or '.join(f'{_called(r)} ({HOW_NAMED[r]})' for r in named)}."


def _parts(definition: Definition, action: Action, subject: Subject) -> Iterator[str]:
    """Yield who may, role by role; roles that no one is in are left out."""
    for role in TABLE[action].roles:
        people = sorted(in_role(definition, role, subject))
        if role in (Role.SYSTEM, Role.MACHINE) or not people:
            continue
        titles = list(dict.fromkeys(definition.role_of(p) or p for p in people))
        yield _called(role) if role in _WITHOUT_NAMES else f"{_called(role)} ({', '.join(titles)})"


def _called(role: Role) -> str:
    return _ARTICLES.get(role, f"the {role.value}")


def _title(definition: Definition, person: str) -> str:
    role = definition.role_of(person)
    return f"The {role}" if role else f"'{person}'"
