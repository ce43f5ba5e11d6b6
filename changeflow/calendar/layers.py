"""Calendars in layers (nation, local authority, trust, school, task), compiled to working intervals.

The nearest layer that says anything about a day decides.
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
    """Dated statement: from `first` to `last`, both inclusive, these hours.

    None means the ordinary ones: those of the weekday, or on a day that is never worked, those of a usual working day.
    """

    first: date
    last: date
    hours: Hours | None
    reason: str


class DatedRule(Protocol):
    """Says about any days what a list of spans says about some. It is a value: equal ones say the same."""

    def __call__(self, first: date, last: date) -> Iterable[DaySpan]:
        """Yield the spans that touch any of these days, both inclusive."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one level says: perhaps a week, a rule for all years, and dated spans; a later one wins over an earlier."""

    name: str
    week: Mapping[int, Hours] | None = None
    """Hours by weekday, Monday 0; a weekday left out is closed."""
    spans: Sequence[DaySpan] = field(default_factory=tuple)
    rule: DatedRule | None = None
    """What it says in each year; its spans win over it."""


def compile_calendar(
    name: str, layers: Sequence[Layer], *, first: date, last: date, given: tuple[GivenDates, ...] = ()
) -> WorkingCalendar:
    """Compile layers, the most general one first, for the days `first` to `last` and for others once they are needed.

    The same layers give the same calendar: a programme is joined again at every change, and these seldom change.
    """
    week = next((layer.week for layer in reversed(layers) if layer.week is not None), {})
    said = tuple((layer.rule, tuple(layer.spans)) for layer in layers)
    return _compiled(name, _Layers(tuple(sorted(week.items())), said), DayRange(first, last), given)


@lru_cache(maxsize=128)
def _compiled(name: str, layers: "_Layers", days: DayRange, given: tuple[GivenDates, ...]) -> WorkingCalendar:
    return WorkingCalendar(name, *layers(*days), days=days, make=layers, given=given)


@dataclass(frozen=True, slots=True)
class _Layers:
    """Layers, the most general one first, and the week that they follow."""

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
    """Return what is said of the days `first` to `last`, by their numbers from 0."""
    stated: dict[int, DaySpan] = {}
    for spans in layers:
        for span in spans:
            begins, ends = max(span.first, first), min(span.last, last)
            stated.update(dict.fromkeys(range((begins - first).days, (ends - first).days + 1), span))
    return stated
