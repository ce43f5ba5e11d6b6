"""Terms: those given in files, and those assumed before and after them.

Outside the given terms, the nearest given year repeats, moved by whole weeks to keep weekdays. If less than a year is
given, the nation's usual school year completes it. This is our own assumption, and every output marks it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from changeflow.calendar.extent import ASSUMED, ONE_DAY
from changeflow.calendar.layers import DaySpan
from changeflow.calendar.periods import Period

SAME_YEAR = timedelta(days=320)
"""Terms that begin within this time belong to one year: Easter can put two summer terms only 350 days apart."""
AROUND = timedelta(days=400)
"""Any holiday has a term within this time before it, and one within this time after it."""
LONGEST_HOLIDAY = timedelta(weeks=10)
"""A longer time than this without a school day means that terms are missing from the file: our own choice."""
A_YEAR = timedelta(days=365)
"""A gap of at least this length is filled; a shorter one may be intended, and stays one holiday."""
A_WEEK, DAYS_A_YEAR = 7, 365.2425
_Usual = Sequence[tuple[str, tuple[int, int], tuple[int, int], tuple[tuple[int, int], tuple[int, int]] | None]]
_ENGLAND: _Usual = (
    ("Spring term", (1, 5), (3, 27), ((2, 15), (2, 19))),
    ("Summer term", (4, 13), (7, 21), ((5, 25), (5, 29))),
    ("Autumn term", (9, 2), (12, 18), ((10, 26), (10, 30))),
)
USUAL: Mapping[str, _Usual] = {
    "england": _ENGLAND,
    "wales": _ENGLAND,
    "northern-ireland": (
        ("Spring term", (1, 5), (3, 26), ((2, 15), (2, 19))),
        ("Summer term", (4, 7), (6, 30), None),
        ("Autumn term", (9, 1), (12, 21), ((10, 26), (10, 30))),
    ),
    "scotland": (
        ("Spring term", (1, 6), (3, 27), ((2, 15), (2, 16))),
        ("Summer term", (4, 13), (6, 26), None),
        ("Autumn term", (8, 18), (12, 21), ((10, 12), (10, 16))),
    ),
}
"""A usual school year (names, first and last day, half-term), used where no terms are given.

It is not in a rulepack: no law or authority sets it, it has no date of coming into force, and calendars are made
before a programme knows its rulepacks. A folder replaces it with its own terms.
"""


@dataclass(frozen=True, slots=True)
class TermDates:
    """A term's first and last school day, and its half-term holiday."""

    name: str
    first: date
    last: date
    half_term: tuple[date, date] | None = None
    is_assumed: bool = False

    def moved(self, years: int) -> "TermDates":
        """Return the same term some years later or earlier, moved by whole weeks and marked as assumed."""
        by = timedelta(days=round(years * DAYS_A_YEAR / A_WEEK) * A_WEEK)
        half = (self.half_term[0] + by, self.half_term[1] + by) if self.half_term else None
        name = re.sub(r"\b(?:19|20|21)\d\d\b", lambda year: f"{int(year[0]) + years}", self.name)
        name = name if self.is_assumed else f"{name} ({ASSUMED})"
        return TermDates(name, self.first + by, self.last + by, half, is_assumed=True)

    def touches(self, other: "TermDates") -> bool:
        return self.first <= other.last and other.first <= self.last


HOLIDAYS = {"Autumn": "Christmas", "Spring": "Easter", "Summer": "summer"}
"""What people call the holiday after a term."""


def _holiday_after(term: str) -> str:
    """Name the holiday after a term.

    >>> _holiday_after("Autumn term 2026"), _holiday_after("Summer term 2027 (assumed)"), _holiday_after("Term 3")
    ('Christmas holiday 2026', 'summer holiday 2027 (assumed)', 'school holiday after term 3')
    """
    usual = re.fullmatch(rf"(Autumn|Spring|Summer) term((?: \d{{4}})?(?: \({ASSUMED}\))?)", term)
    if usual is not None:
        return f"{HOLIDAYS[usual[1]]} holiday{usual[2]}"
    return f"school holiday after {term[:1].lower()}{term[1:]}"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one authority, or of the whole trust, in any year."""

    given: tuple[TermDates, ...]
    """In order, and at least one."""
    nation: str

    @property
    def gaps(self) -> tuple[tuple[TermDates, TermDates], ...]:
        """The terms before and after each gap that is too long to be a holiday."""
        return tuple((a, b) for a, b in pairwise(self.given) if b.first - a.last > LONGEST_HOLIDAY)

    @property
    def filled(self) -> tuple[TermDates, ...]:
        """The given terms; each gap of a year or more is filled with the year before it."""
        found = list(self.given)
        for before, after in self.gaps:
            if is_filled(before, after):
                found += self._on_from(before, until=after.first - ONE_DAY, before=after.first)
        return tuple(sorted(found, key=lambda t: t.first))

    def within(self, first: date, last: date) -> list[TermDates]:
        """Return the terms that touch any day from `first` to `last`, both inclusive, in order."""
        found = [*self._before(first), *self.filled, *self._after(last)]
        return [t for t in found if t.first <= last and first <= t.last]

    def __call__(self, first: date, last: date) -> Iterator[DaySpan]:
        """Yield as closed the holidays that touch any day from `first` to `last`, both inclusive: a rule for a calendar
        layer."""
        terms = self.within(first - AROUND, last + AROUND)
        for this, following in pairwise(terms):
            if this.last + ONE_DAY < following.first:
                yield DaySpan(
                    this.last + ONE_DAY,
                    following.first - ONE_DAY,
                    (),
                    _holiday_after(this.name),
                )
        for term in terms:
            if term.half_term:
                why = f"half-term ({ASSUMED})" if term.is_assumed else "half-term"
                yield DaySpan(*term.half_term, (), why)

    def _after(self, until: date) -> Iterator[TermDates]:
        """Yield the terms after the given ones, up to a day."""
        return self._on_from(self.given[-1], until=until)

    def _on_from(self, last: TermDates, *, until: date, before: date = date.max) -> Iterator[TermDates]:
        """Yield terms that repeat the year up to `last`, as long as they begin by `until` and end before `before`."""
        years, year = 1, self._year(last.first - SAME_YEAR, last.first)
        while True:
            for term in (t.moved(years) for t in year):
                if term.first > until:
                    return
                if term.first > last.last and term.last < before:
                    yield term
                    last = term
            years += 1

    def _before(self, since: date) -> Iterator[TermDates]:
        """Yield the terms before the given ones, starting from a day, in order."""
        first, years, found = self.given[0], 1, list[TermDates]()
        year = self._year(first.first, first.first + SAME_YEAR)
        while not found or found[-1].last >= since:
            for term in (t.moved(-years) for t in reversed(year)):
                if term.last < first.first:
                    found.append(term)
                    first = term
            years += 1
        yield from reversed(found)

    def _year(self, first: date, last: date) -> list[TermDates]:
        """Return a whole year of terms that begin between two days: the given terms, completed by usual ones."""
        own = [t for t in self.given if first <= t.first <= last]
        usual = (t for year in range(first.year, last.year + 1) for t in _usual(self.nation, year))
        beside = [t for t in usual if first <= t.first <= last and not any(t.touches(o) for o in self.given)]
        return sorted([*own, *beside], key=lambda t: t.first)


def is_filled(before: TermDates, after: TermDates) -> bool:
    """Return whether the gap between two given terms is filled with assumed ones."""
    return after.first - before.last > A_YEAR


def _usual(nation: str, year: int) -> Iterator[TermDates]:
    """Yield the usual terms of a calendar year, adjusted to weekdays."""
    for name, first, last, half in USUAL[nation]:
        begins, ends = date(year, *first), date(year, *last)
        begins += timedelta(days=-begins.weekday() % A_WEEK if begins.weekday() > 4 else 0)
        ends -= timedelta(days=max(0, ends.weekday() - 4))
        off = None
        if half:
            begins_off = date(year, *half[0])
            nearest_monday = begins_off - timedelta(days=(begins_off.weekday() + 3) % A_WEEK - 3)
            off = (nearest_monday, nearest_monday + (date(year, *half[1]) - begins_off))
        yield TermDates(f"{name} {year} ({ASSUMED})", begins, ends, off, is_assumed=True)


@dataclass(frozen=True, slots=True)
class JointTerms:
    """The common terms of schools in several authorities: from when all are in school until the last term ends.

    Each term is matched to the term it overlaps most, in the authority with the fewest terms.
    """

    tables: tuple[Terms, ...]

    def __call__(self, first: date, last: date) -> list[Period]:
        """Return the terms that open from one day to another, both inclusive."""
        wide = [t.within(first - AROUND, last + AROUND) for t in self.tables]
        found = (_joined(*same) for same in _paired(wide))
        return [p for p in found if first <= p.first <= last]


def _paired(tables: Sequence[Sequence[TermDates]]) -> Iterator[tuple[TermDates, list[list[TermDates]]]]:
    """Yield each term of the table with the fewest terms, with the matching terms of each table."""
    coarse = min(tables, key=len)
    mine: dict[int, list[list[TermDates]]] = {n: [[] for _ in tables] for n in range(len(coarse))}
    for k, table in enumerate(tables):
        for term in table:
            shared = [(min(term.last, c.last) - max(term.first, c.first), -n) for n, c in enumerate(coarse)]
            most, n = max(shared)
            if most >= timedelta(0):
                mine[-n][k].append(term)
    for n, term in enumerate(coarse):
        yield term, mine[n]


def _joined(term: TermDates, parts: Sequence[Sequence[TermDates]]) -> Period:
    own = [part for part in parts if part]
    return Period(term.name, max(part[0].first for part in own), max(part[-1].last for part in own))
