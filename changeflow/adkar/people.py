"""Stakeholders as a version stores them: roles and groups, never names or addresses.

Also change.yaml: what the change means for each group, the sponsor's coalition, and what assessments ask.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from typing import Annotated, Literal

from dateutil.relativedelta import relativedelta
from pydantic import Field, field_validator, model_validator

from changeflow.adkar.elements import Element
from changeflow.values.base import Frozen, Id
from changeflow.values.sentences import sentence

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Away(Frozen):
    """A span of days, inclusive, on which a person is away."""

    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _forwards(self) -> "Away":
        if self.last_day < self.first_day:
            raise ValueError("the last day is before the first day")
        return self


class Move(Frozen):
    """A move to another school, from a given day."""

    on: date
    school: Id


class Person(Frozen):
    """A stakeholder. Name and address are contact details, which are stored separately."""

    id: Id
    role: str = Field(min_length=1)
    """The role's title, as the organisation writes it: `Headteacher`."""
    audience: str = "team"
    """The audience of messages: `sponsor`, `manager`, `lead`, `champion`, `trainer`, `team`."""
    school: Id | None = None
    hub: Id | None = None
    groups: tuple[Id, ...] = ()
    """Groups may overlap: a person can be in several."""
    manager: Id | None = None
    services: tuple[Id, ...] = ()
    """The services whose change reaches this person; empty means all."""
    works_on: tuple[Weekday, ...] = ()
    """The weekdays on which a part-time person works; empty means every working day of their calendar."""

    joins: date | None = None
    """Their first day; None for a person who has already joined."""
    leaves: date | None = None
    """Their last day."""
    successor: Id | None = None
    """The person who takes over their open tasks after that."""
    moves: tuple[Move, ...] = ()

    def is_reached_by(self, service: str) -> bool:
        """Return whether a service's change reaches them; a person without services is reached by all."""
        return not self.services or service in self.services

    def is_here(self, day: date) -> bool:
        """Return whether they have joined by a day and have not left."""
        return (self.joins is None or self.joins <= day) and (self.leaves is None or day <= self.leaves)

    def school_on(self, day: date) -> str | None:
        """Return their school on a day, by the latest move."""
        return next(
            (m.school for m in sorted(self.moves, key=lambda m: m.on, reverse=True) if m.on <= day), self.school
        )

    def is_in(self, day: date) -> bool:
        """Return whether a person works on this day of the week; their calendar has the holidays."""
        return not self.works_on or WEEKDAYS[day.weekday()] in self.works_on


class Contact(Frozen):
    """A person's contact details. Personal data: never part of a version."""

    person: Id
    name: str = Field(min_length=1)
    email: str | None = None
    language: str = ""
    """The language of messages and their pages; empty means the programme's."""
    away: tuple[Away, ...] = ()
    is_active: bool = True
    """False for a person who has left, who gets no reminders."""

    @field_validator("name", "email")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is not None and _CONTROL.search(value):
            raise ValueError("it has a line break or another control character. Write it on one line")
        return value

    def completed_from(self, known: "Contact", given: Collection[str]) -> "Contact":
        """Return these details, with missing ones taken from the known details.

        `given` names columns of people.csv: `name`, `email`, `language`, `away`, `active`.
        """
        kept = [f for f in type(self).model_fields if f != "person" and f.removeprefix("is_") not in given]
        return self.model_copy(update={field: getattr(known, field) for field in kept})

    def is_away(self, day: date) -> bool:
        return any(a.first_day <= day <= a.last_day for a in self.away)


def answer_by(received: date, *, months: int, works_on: Callable[[date], bool]) -> date:
    """Return the last day on which a request may be answered.

    That is the same day of the month, `months` later, or the last day of a month that has no such day. If that is not a
    working day, it is the next one. Source: ICO, "What should we consider when responding to a request?"; UK GDPR Art.
    12(3).

    >>> answer_by(date(2027, 1, 31), months=1, works_on=lambda day: day.weekday() < 5)
    datetime.date(2027, 3, 1)
    """
    day = received + relativedelta(months=months)
    while not works_on(day):
        day += timedelta(days=1)
    return day


Evidence = Literal["self", "manager", "observed"]
"""The source of an assessment: the person, their manager, or a person who observed them."""

SELF: Mapping[Element, str] = {
    Element.AWARENESS: sentence("I know why this change is needed."),
    Element.DESIRE: sentence("I want to take part in this change."),
    Element.KNOWLEDGE: sentence("I know what I will do differently."),
    Element.ABILITY: sentence("I can work in the new way every day."),
    Element.REINFORCEMENT: sentence("The new way is supported and will last."),
}
MANAGER: Mapping[Element, str] = {
    Element.AWARENESS: sentence("They can say in their own words why this change is needed."),
    Element.DESIRE: sentence("They have said, or shown, that they want to take part."),
    Element.KNOWLEDGE: sentence("They can explain what they will do differently."),
    Element.ABILITY: sentence("They work in the new way every day, without help."),
    Element.REINFORCEMENT: sentence("They keep to the new way when they are busy."),
}
OBSERVED: Mapping[Element, str] = {
    Element.AWARENESS: sentence("When asked why the change is needed, they gave a correct reason."),
    Element.DESIRE: sentence("They came forward: they asked about it, offered help, or tried it."),
    Element.KNOWLEDGE: sentence("When shown a case, they named the right steps."),
    Element.ABILITY: sentence("When observed at work, they did it correctly."),
    Element.REINFORCEMENT: sentence("When observed weeks later, they worked in the new way."),
}
OWN: Mapping[str, Mapping[Element, str]] = {"self": SELF, "manager": MANAGER, "observed": OBSERVED}


class Instrument(Frozen):
    """Statements to score from 1 to 5. Our own statements replace any that it leaves out."""

    name: str = Field(min_length=1)
    licensed_from: str | None = Field(
        None, description="The owner, if it is not the organisation's own; the organisation must have a licence"
    )
    statements: dict[Evidence, dict[Element, str]] = Field(min_length=1)

    @model_validator(mode="after")
    def _says_something(self) -> "Instrument":
        for by_element in self.statements.values():
            if any(not text.strip() for text in by_element.values()):
                raise ValueError("a statement is empty. Write one, or leave the element out")
        return self


def statements(instrument: Instrument | None, evidence: str = "self", *, live: bool) -> tuple[tuple[Element, str], ...]:
    """Return the statements in the order of the elements; reinforcement only for people whose service is live."""
    loaded = {k: v for k, v in instrument.statements.items() if k == evidence} if instrument else {}
    theirs = next(iter(loaded.values()), {})
    return tuple((e, theirs.get(e, OWN[evidence][e])) for e in Element if live or e is not Element.REINFORCEMENT)


Aspect = Literal[
    "ways of working",
    "systems",
    "equipment",
    "role",
    "daily habits",
    "outlook",
    "who they answer to",
    "how work is judged",
    "pay and terms",
    "place of work",
]
"""What a change may affect, in our own words."""
Degree = Annotated[int, Field(ge=0, le=5)]


class Impact(Frozen):
    """What a service's change means for a group."""

    group: Id
    service: Id | None = Field(None, description="By default, all services")
    aspects: dict[Aspect, Degree] = Field(
        default_factory=dict,
        description="From 0 (no change) to 5 (complete change); leave out what you have not assessed",
    )
    gains: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[tuple[str, int], ...]:
        """The aspects that change, each with its degree, the greatest first."""
        return tuple((a, n) for a, n in sorted(self.aspects.items(), key=lambda item: -item[1]) if n)

    @property
    def heaviest(self) -> int:
        return max(self.aspects.values(), default=0)


class Ally(Frozen):
    """A person whose support the sponsor needs, and what they have agreed to do; never what they think."""

    person: Id
    needed_for: str = Field(min_length=1)
    agreed: bool = Field(default=False, description="Whether they have said yes")
    commitment: str = Field("", description="What they will visibly do")


class ChangeImpact(Frozen):
    """The contents of change.yaml, which is optional."""

    impacts: tuple[Impact, ...] = ()
    coalition: tuple[Ally, ...] = ()
    instrument: Instrument | None = Field(None, description="The statements that people score; by default, our own")
