"""Stakeholders, as a version of the programme keeps them: roles and groups, never names or addresses."""

from pydantic import Field

from changeflow.values.base import Frozen, Id


class Person(Frozen):
    """A stakeholder. A name and an address are contact details, kept apart."""

    id: Id
    role: str = Field(min_length=1)
    """The role's title, as the organisation writes it: `Headteacher`."""
    audience: str = "team"
    """What messages are written for: `sponsor`, `manager`, `lead`, `champion`, `trainer`, `team`."""
    school: Id | None = None
    hub: Id | None = None
    groups: tuple[Id, ...] = ()
    """Overlapping: a person may be in several."""
    manager: Id | None = None
    services: tuple[Id, ...] = ()
    """The services whose change reaches this person; none means all."""


class Contact(Frozen):
    """How a person is reached. Personal data: never part of a version."""

    person: Id
    name: str = Field(min_length=1)
    email: str | None = None
