"""Calendars in layers (nation, local authority, trust, school, task), compiled to working intervals.

For each day, the most specific layer that mentions it decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Protocol

from changeflow.calendar.extent import DayRange, GivenDates, Intervals
from changeflow.calendar.working import WorkingCalendar
from changeflow.values.moments import DAY, minute_of

Hours = tuple[tuple[int, int], ...]
"""Working intervals of one day, in minutes from its midnight; empty for a closed day."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Hours from `first` to `last`, both inclusive.

    None means ordinary hours: those of the weekday or, on a day that is never worked, of a usual working day.
    """

    first: date
    last: date
    hours: Hours | None
    reason: str


class DatedRule(Protocol):
    """Gives the spans for any days, by a rule instead of a list. It is a value: equal rules give equal spans."""

    def __call__(self, first: date, last: date) -> Iterable[DaySpan]:
        """Yield the spans that touch any day from `first` to `last`, both inclusive."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One level of a calendar: optionally a week and a rule for all years, and dated spans. A later span wins."""

    name: str
    week: Mapping[int, Hours] | None = None
    """Hours by weekday, Monday is 0; a missing weekday is closed."""
    spans: Sequence[DaySpan] = field(default_factory=tuple)
    rule: DatedRule | None = None
    """Spans for every year; the dated spans take precedence."""


def compile_calendar(
    name: str, layers: Sequence[Layer], *, first: date, last: date, given: tuple[GivenDates, ...] = ()
) -> WorkingCalendar:
    """Compile layers, most general first, for the days `first` to `last`, and for other days on demand.

    Calendars are cached by their layers, which seldom change, whereas a programme is put together again at every
    change.
    """
    week = next((layer.week for layer in reversed(layers) if layer.week is not None), {})
    said = tuple((layer.rule, tuple(layer.spans)) for layer in layers)
    return _compiled(name, _Layers(tuple(sorted(week.items())), said), DayRange(first, last), given)


@lru_cache(maxsize=128)
def _compiled(name: str, layers: "_Layers", days: DayRange, given: tuple[GivenDates, ...]) -> WorkingCalendar:
    return WorkingCalendar(name, *layers(*days), days=days, make=layers, given=given)


@dataclass(frozen=True, slots=True)
class _Layers:
    """Layers, most general first, and their week."""

    hours_of: tuple[tuple[int, Hours], ...]
    said: tuple[tuple[DatedRule | None, tuple[DaySpan, ...]], ...]

    def __call__(self, first: date, last: date) -> tuple[Intervals, Mapping[date, str]]:
        """Lay out the days `first` to `last`, both inclusive."""
        spans = ((*(rule(first, last) if rule else ()), *dated) for rule, dated in self.said)
        week, stated = dict(self.hours_of), _statements(spans, first, last)
        of_any_day: Hours = next((hours for _, hours in self.hours_of if hours), ())
        low, count = minute_of(first), (last - first).days + 1
        hours = [week.get((first.weekday() + n) % 7, ()) for n in range(7)] * (count // 7 + 1)
        closures: dict[date, str] = {}
        for n, span in sorted(stated.items(), key=itemgetter(0)):
            usual = hours[n]
            hours[n] = (usual or of_any_day) if span.hours is None else span.hours
            if usual and not hours[n]:
                closures[first + timedelta(days=n)] = span.reason
        starts = range(low, low + count * DAY, DAY)
        intervals = [(at + a, at + b) for at, worked in zip(starts, hours, strict=False) for a, b in worked]
        return intervals, closures


def _statements(layers: Iterable[Sequence[DaySpan]], first: date, last: date) -> dict[int, DaySpan]:
    """Return the hours and reasons of the days `first` to `last`, by day number from 0."""
    stated: dict[int, DaySpan] = {}
    for spans in layers:
        for span in spans:
            begins, ends = max(span.first, first), min(span.last, last)
            stated.update(dict.fromkeys(range((begins - first).days, (ends - first).days + 1), span))
    return stated
