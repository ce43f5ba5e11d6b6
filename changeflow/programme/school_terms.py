"""Whose terms a school has: its own, or else its authority's, or else the trust's."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from changeflow.calendar.extent import ONE_DAY, DayRange, GivenDates
from changeflow.calendar.terms import TermDates, Terms, is_filled
from changeflow.programme.definition import CalendarFile, Definition, School, Term

_Level = tuple[str | None, str | None]
"""Whose a calendar file is: an authority's, a school's, or, with neither, the trust's."""
TRUST: _Level = (None, None)


@dataclass(frozen=True, slots=True)
class KnownTerms:
    """Terms, and where they come from."""

    terms: Terms
    given: GivenDates
    gaps: tuple["TermGap", ...] = ()


@dataclass(frozen=True, slots=True)
class TermGap:
    """A time between two given terms that is too long for a holiday."""

    source: str
    """The id of the calendar file that has the term before it."""
    before: TermDates
    after: TermDates

    @property
    def days(self) -> DayRange:
        return DayRange(self.before.last + ONE_DAY, self.after.first - ONE_DAY)

    @property
    def is_filled(self) -> bool:
        return is_filled(self.before, self.after)


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

    @property
    def gaps(self) -> tuple[TermGap, ...]:
        """Times between given terms that are too long for a holiday, of all files."""
        return tuple(gap for known in self._known.values() for gap in known.gaps)

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
        all_terms = Terms(terms, self.definition.programme.nation)
        files = {(t.name, t.first_day): file.calendar for file, t in known}
        gaps = tuple(TermGap(files[a.name, a.first], a, b) for a, b in all_terms.gaps)
        filled = tuple(gap.days for gap in gaps if gap.is_filled)
        given = GivenDates(what, known[-1][0].calendar, "terms", terms[0].first, terms[-1].last, filled)
        return KnownTerms(all_terms, given, gaps)
