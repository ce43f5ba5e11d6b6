"""The days on which people can be asked: their calendar's, less those on which they do not work or are away."""

from collections.abc import Mapping
from datetime import date

from changeflow.adkar.people import Contact, Person
from changeflow.calendar.working import WorkingCalendar
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.definition import Definition
from changeflow.values.words import Kind

MOST_DAYS = 400
"""Whoever is away for more than a year is asked nevertheless: it is for their manager by then."""


class PersonalDays:
    """One person's working days: school days for those in a school, the office's for others."""

    def __init__(self, calendar: WorkingCalendar, person: Person, contact: Contact | None) -> None:
        self._calendar, self._person, self._contact = calendar, person, contact

    def works_on(self, day: date) -> bool:
        away = self._contact is not None and self._contact.is_away(day)
        return self._calendar.works_on(day) and self._person.is_in(day) and not away

    def after(self, day: date, days: int) -> date:
        """Return the day so many of their working days after another; before it, where they are negative."""
        step = 1 if days >= 0 else -1
        left = abs(days)
        for _ in range(MOST_DAYS):
            if left == 0:
                break
            day = date.fromordinal(day.toordinal() + step)
            left -= self.works_on(day)
        return day


class PeoplesDays:
    """Everybody's days, each worked out when somebody asks."""

    def __init__(self, definition: Definition, contacts: Mapping[str, Contact]) -> None:
        self._calendars = Calendars(definition)
        self._people = {p.id: p for p in definition.people}
        self._contacts = contacts
        self._known: dict[str, PersonalDays] = {}

    def of(self, person: str) -> PersonalDays:
        if person not in self._known:
            who = self._people[person]
            schools = frozenset({who.school} if who.school else ())
            key = self._calendars.key("term" if schools else "office", schools, Kind.WORK)
            self._known[person] = PersonalDays(self._calendars.get(key), who, self._contacts.get(person))
        return self._known[person]
