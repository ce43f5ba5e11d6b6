"""Rounds of assessments. A round is identified by the days on which people answered, not by the file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.adkar.assessment import Assessment


@dataclass(frozen=True, slots=True)
class Days:
    """The first and last day of a round, inclusive."""

    first: date
    last: date

    def overlaps(self, other: "Days") -> bool:
        return self.first <= other.last and other.first <= self.last

    def and_(self, other: "Days") -> "Days":
        """Return the days from the earlier first day to the later last day."""
        return Days(min(self.first, other.first), max(self.last, other.last))


def days_of(assessments: Iterable[Assessment]) -> Days:
    """Return the days on which people answered; there must be at least one answer."""
    on = [a.on for a in assessments]
    return Days(min(on), max(on))


def rounds_on(days: Days, known: Mapping[str, Days]) -> tuple[str, ...]:
    """Return the known rounds that share a day with these days, earliest first."""
    return tuple(sorted((n for n, d in known.items() if d.overlaps(days)), key=lambda n: (known[n].first, n)))


def name_of(days: Days, known: Iterable[str]) -> str:
    """Return a unique name for a new round, made from its last day.

    >>> name_of(Days(date(2027, 2, 1), date(2027, 2, 8)), ["2026-11-02"])
    '2027-02-08'
    """
    name, taken = days.last.isoformat(), set(known)
    return next(n for n in (name, *(f"{name}-{k}" for k in range(2, len(taken) + 3))) if n not in taken)
