"""Whose terms a school has: its own, or else its authority's, or else the trust's."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from changeflow.calendar.extent import GivenDates
from changeflow.calendar.terms import TermDates, Terms
from changeflow.programme.definition import CalendarFile, Definition, School, Term

_Level = tuple[str | None, str | None]
"""Whose a calendar file is: an authority's, a school's, or, with neither, the trust's."""
TRUST: _Level = (None, None)


@dataclass(frozen=True, slots=True)
class KnownTerms:
    """Terms, and where they come from."""

    terms: Terms
    given: GivenDates


@dataclass(frozen=True)
class SchoolTerms:
    """The terms of a programme's schools. The nearest files that have any replace the wider ones altogether."""

    definition: Definition

    def of(self, school: School | None) -> KnownTerms | None:
        """Return the terms of a school; of what is at no school, the trust's."""
        levels = (TRUST,) if school is None else ((None, school.id), (school.authority, None), TRUST)
        return next((self._known[level] for level in levels if level in self._known), None)

    def has_own(self, school: School) -> bool:
        return (None, school.id) in self._known

    @cached_property
    def _known(self) -> Mapping[_Level, KnownTerms]:
        found: dict[_Level, list[tuple[CalendarFile, Term]]] = {}
        for file in self.definition.calendars:
            level = (None, file.school) if file.school else (file.authority, None)
            found.setdefault(level, []).extend((file, term) for term in file.terms)
        return {level: self._known_terms(level, terms) for level, terms in found.items() if terms}

    def _known_terms(self, level: _Level, found: list[tuple[CalendarFile, Term]]) -> KnownTerms:
        authority, school = level
        whose = authority or next((s.name for s in self.definition.schools if s.id == school), school)
        known = sorted(found, key=lambda each: each[1].first_day)
        terms = tuple(TermDates(t.name, t.first_day, t.last_day, t.half_term) for _, t in known)
        what = f"term dates of {whose}" if whose else "term dates"
        given = GivenDates(what, known[-1][0].calendar, "terms", terms[0].first, terms[-1].last)
        return KnownTerms(Terms(terms, self.definition.programme.nation), given)
