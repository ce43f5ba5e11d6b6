"""Calendars in layers: nation, local authority, trust, school, task. The nearest layer that speaks of a day decides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from changeflow.calendar.working import WorkingCalendar
from changeflow.values.moments import DAY, minute_of

Hours = tuple[tuple[int, int], ...]
"""Working intervals of one day, in minutes from its midnight; empty for a closed day."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Dated statement: from `first` to `last`, both inclusive, these hours; None means the ordinary ones."""

    first: date
    last: date
    hours: Hours | None
    reason: str


@dataclass(frozen=True, slots=True)
class Layer:
    """What one level says: perhaps a week, and dated spans, of which a later one wins over an earlier one."""

    name: str
    week: Mapping[int, Hours] | None = None
    """Hours by weekday, Monday 0; a weekday left out is closed."""
    spans: Sequence[DaySpan] = field(default_factory=tuple)


def compile_calendar(name: str, layers: Sequence[Layer], *, first: date, last: date) -> WorkingCalendar:
    """Compile layers, the most general one first, for the days `first` to `last`, both inclusive.

    The same layers give the same calendar: a programme is joined again at every change, and these seldom change.
    """
    week = next((layer.week for layer in reversed(layers) if layer.week is not None), {})
    return _compiled(name, tuple(sorted(week.items())), tuple(tuple(layer.spans) for layer in layers), first, last)


@lru_cache(maxsize=128)
def _compiled(
    name: str, hours_of: tuple[tuple[int, Hours], ...], layers: tuple[tuple[DaySpan, ...], ...], first: date, last: date
) -> WorkingCalendar:
    week, stated = dict(hours_of), _statements(layers, first, last)
    intervals: list[tuple[int, int]] = []
    closures: dict[date, str] = {}
    day, one = first, timedelta(days=1)
    start = minute_of(first)
    while day <= last:
        usual = week.get(day.weekday(), ())
        span = stated.get(day)
        hours = usual if span is None or span.hours is None else span.hours
        if span is not None and not hours and usual:
            closures[day] = span.reason
        intervals += [(start + a, start + b) for a, b in hours]
        day += one
        start += DAY
    return WorkingCalendar(name, intervals, closures)


def _statements(layers: Iterable[Sequence[DaySpan]], first: date, last: date) -> dict[date, DaySpan]:
    stated: dict[date, DaySpan] = {}
    for spans in layers:
        for span in spans:
            day = max(span.first, first)
            while day <= min(span.last, last):
                stated[day] = span
                day += timedelta(days=1)
    return stated
