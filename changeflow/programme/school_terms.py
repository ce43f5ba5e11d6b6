"""The terms of a school: its own, or else its authority's, or else the trust's."""

from dataclasses import dataclass
from functools import cached_property

from changeflow.calendar.extent import ONE_DAY, DayRange, GivenDates
from changeflow.calendar.terms import TermDates, Terms, is_filled
from changeflow.programme.calendar_files import CalendarFile, Term
from changeflow.programme.definition import Definition, School
from changeflow.programme.levels import Level, level_of, of_nearest_level

_Found = tuple[tuple[CalendarFile, Term], ...]
"""The terms that apply to a school, with their files."""


@dataclass(frozen=True, slots=True)
class KnownTerms:
    """Terms and their sources."""

    terms: Terms
    given: GivenDates
    gaps: tuple["TermGap", ...] = ()


@dataclass(frozen=True, slots=True)
class TermGap:
    """A gap between two given terms that is too long for a holiday."""

    source: str
    """The id of the calendar file with the term before it."""
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
    """The terms of a programme's schools. The most specific files with terms replace the others entirely."""

    definition: Definition

    def of(self, school: School | None) -> KnownTerms | None:
        """Return the terms of a school, or the trust's for work at no school."""
        if not (found := self._found(school)):
            return None
        level = level_of(found[0][0], school)
        whose = None
        if school is not None and level is not Level.TRUST:
            whose = school.name if level is Level.SCHOOL else school.authority
        if (level, whose) not in self._known:
            self._known[level, whose] = _terms_of(self.definition, found, whose)
        return self._known[level, whose]

    def has_own(self, school: School) -> bool:
        return any(level_of(file, school) is Level.SCHOOL for file, _ in self._found(school))

    @cached_property
    def gaps(self) -> tuple[TermGap, ...]:
        """The gaps between given terms that are too long for a holiday, in all files that apply to a school."""
        known = [terms for s in (None, *self.definition.schools) if (terms := self.of(s)) is not None]
        return tuple(dict.fromkeys(gap for terms in known for gap in terms.gaps))

    @cached_property
    def _known(self) -> dict[tuple[Level | None, str | None], KnownTerms]:
        return {}

    @cached_property
    def _by_school(self) -> dict[str | None, _Found]:
        return {}

    def _found(self, school: School | None) -> _Found:
        name = school.id if school is not None else None
        if name not in self._by_school:
            self._by_school[name] = of_nearest_level(self.definition, school, lambda file: file.terms)
        return self._by_school[name]


def _terms_of(definition: Definition, found: _Found, whose: str | None) -> KnownTerms:
    """Return the combined terms of some files; `whose` names their owner."""
    known = sorted(found, key=lambda each: each[1].first_day)
    terms = tuple(TermDates(t.name, t.first_day, t.last_day, t.half_term) for _, t in known)
    what = f"term dates of {whose}" if whose else "term dates"
    all_terms = Terms(terms, definition.programme.nation)
    files = {(t.name, t.first_day): file.calendar for file, t in known}
    gaps = tuple(TermGap(files[a.name, a.first], a, b) for a, b in all_terms.gaps)
    filled = tuple(gap.days for gap in gaps if gap.is_filled)
    given = GivenDates(what, known[-1][0].calendar, "terms", terms[0].first, terms[-1].last, filled)
    return KnownTerms(all_terms, given, gaps)
