"""Stakeholders, as a version of the programme keeps them: roles and groups, never names or addresses.

And change.yaml: what the change means for each group, who stands behind it, and what people are asked.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from typing import Annotated, Literal

from dateutil.relativedelta import relativedelta
from pydantic import Field, field_validator, model_validator

from changeflow.adkar.elements import Element
from changeflow.values.base import Frozen, Id

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Away(Frozen):
    """Days on which a person is away, both inclusive."""

    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _forwards(self) -> "Away":
        if self.last_day < self.first_day:
            raise ValueError("the last day is before the first")
        return self


class Move(Frozen):
    """A change of school, from a day on."""

    on: date
    school: Id


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
    works_on: tuple[Weekday, ...] = ()
    """For those who work part of the week; none means every working day of their calendar."""

    joins: date | None = None
    """Their first day; None for somebody who is there already."""
    leaves: date | None = None
    """Their last day."""
    successor: Id | None = None
    """Who takes over what is theirs when they have left."""
    moves: tuple[Move, ...] = ()

    def is_reached_by(self, service: str) -> bool:
        """Tell whether a service's change reaches them: whoever names no service is reached by all."""
        return not self.services or service in self.services

    def is_here(self, day: date) -> bool:
        """Tell whether they have come by a day, and have not left."""
        return (self.joins is None or self.joins <= day) and (self.leaves is None or day <= self.leaves)

    def school_on(self, day: date) -> str | None:
        """Return their school on a day, by the latest move."""
        return next(
            (m.school for m in sorted(self.moves, key=lambda m: m.on, reverse=True) if m.on <= day), self.school
        )

    def is_in(self, day: date) -> bool:
        """Tell whether a person works on a weekday such as this one; holidays are their calendar's matter."""
        return not self.works_on or WEEKDAYS[day.weekday()] in self.works_on


class Contact(Frozen):
    """How a person is reached. Personal data: never part of a version."""

    person: Id
    name: str = Field(min_length=1)
    email: str | None = None
    language: str = "en"
    """In which messages are written, where there are templates for it."""
    away: tuple[Away, ...] = ()
    is_active: bool = True
    """False for somebody who has left: nobody is reminded who is not there."""

    @field_validator("name", "email")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is not None and _CONTROL.search(value):
            raise ValueError("it has a line break or another control character. Write it on one line")
        return value

    def completed_from(self, known: "Contact", given: Collection[str]) -> "Contact":
        """Return these details, with those that were not given as they are known.

        `given` names columns of people.csv: `name`, `email`, `language`, `away`, `active`.
        """
        kept = [f for f in type(self).model_fields if f != "person" and f.removeprefix("is_") not in given]
        return self.model_copy(update={field: getattr(known, field) for field in kept})

    def is_away(self, day: date) -> bool:
        return any(a.first_day <= day <= a.last_day for a in self.away)


def answer_by(received: date, *, months: int, works_on: Callable[[date], bool]) -> date:
    """Return the last day on which a request may be answered.

    It is the corresponding day, that many months later, or that month's last day where there is none; where it is not a
    working day, the next one. Source: ICO, "What should we consider when responding to a request?"; UK GDPR Art. 12(3).

    >>> answer_by(date(2027, 1, 31), months=1, works_on=lambda day: day.weekday() < 5)
    datetime.date(2027, 3, 1)
    """
    day = received + relativedelta(months=months)
    while not works_on(day):
        day += timedelta(days=1)
    return day


Evidence = Literal["self", "manager", "observed"]
"""Who says it: the person, their manager, or somebody who saw it done."""

SELF: Mapping[Element, str] = {
    Element.AWARENESS: "I know why this change is needed.",
    Element.DESIRE: "I want to take part in it.",
    Element.KNOWLEDGE: "I know what I will do differently.",
    Element.ABILITY: "I can do it in my everyday work.",
    Element.REINFORCEMENT: "The new way is supported, and it stays.",
}
MANAGER: Mapping[Element, str] = {
    Element.AWARENESS: "They can say in their own words why this change is needed.",
    Element.DESIRE: "They have said, or shown, that they want to take part.",
    Element.KNOWLEDGE: "They can explain what they will do differently.",
    Element.ABILITY: "They do it in their everyday work, without help.",
    Element.REINFORCEMENT: "They keep to the new way when it is busy.",
}
OBSERVED: Mapping[Element, str] = {
    Element.AWARENESS: "Asked why the change comes, they gave a reason that is right.",
    Element.DESIRE: "They came forward: asked, offered help, or tried it.",
    Element.KNOWLEDGE: "Shown a case, they named the right steps.",
    Element.ABILITY: "Seen at work, they did it right.",
    Element.REINFORCEMENT: "Seen weeks later, they did it the new way.",
}
OWN: Mapping[str, Mapping[Element, str]] = {"self": SELF, "manager": MANAGER, "observed": OBSERVED}


class Instrument(Frozen):
    """Statements that are scored 1 to 5. What it leaves out is asked in our own words."""

    name: str = Field(min_length=1)
    licensed_from: str | None = Field(
        None, description="Whose it is, where it is not the organisation's own: who loads it holds the licence"
    )
    statements: dict[Evidence, dict[Element, str]] = Field(min_length=1)

    @model_validator(mode="after")
    def _says_something(self) -> "Instrument":
        for by_element in self.statements.values():
            if any(not text.strip() for text in by_element.values()):
                raise ValueError("a statement is empty. Write it, or leave it out")
        return self


def statements(instrument: Instrument | None, evidence: str = "self", *, live: bool) -> tuple[tuple[Element, str], ...]:
    """Return what is asked, in the order of the elements; reinforcement only of those for whom a service is live."""
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
"""What a change may touch, in our own words."""
Degree = Annotated[int, Field(ge=0, le=5)]


class Impact(Frozen):
    """What a service's change means for a group."""

    group: Id
    service: Id | None = Field(None, description="Left out: all services")
    aspects: dict[Aspect, Degree] = Field(
        default_factory=dict, description="0 untouched to 5 wholly new; an aspect left out has not been looked at"
    )
    gains: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[tuple[str, int], ...]:
        """The aspects that change, each with its degree, the most changed first."""
        return tuple((a, n) for a, n in sorted(self.aspects.items(), key=lambda item: -item[1]) if n)

    @property
    def heaviest(self) -> int:
        return max(self.aspects.values(), default=0)


class Ally(Frozen):
    """Somebody whom the sponsor's coalition needs, and what they have agreed to do: nothing about what they think."""

    person: Id
    needed_for: str = Field(min_length=1)
    agreed: bool = Field(default=False, description="Whether they have said yes")
    commitment: str = Field("", description="What they will be seen to do")


class ChangeImpact(Frozen):
    """All of it; a programme may do without."""

    impacts: tuple[Impact, ...] = ()
    coalition: tuple[Ally, ...] = ()
    instrument: Instrument | None = Field(None, description="What people are asked; left out, in our own words")
