"""Stakeholders, as a version of the programme keeps them: roles and groups, never names or addresses."""

from collections.abc import Callable, Collection
from datetime import date, timedelta
from typing import Literal

from dateutil.relativedelta import relativedelta
from pydantic import Field, field_validator, model_validator

from changeflow.values.base import Frozen, Id

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


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
        if value is not None and any(ord(c) < 32 or ord(c) == 127 for c in value):
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
