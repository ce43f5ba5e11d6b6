"""Calendars in layers: nation, local authority, trust, school, task. The nearest layer that speaks of a day decides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

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


NATIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}


@lru_cache(maxsize=8)
def public_holidays(nation: str, first_year: int, last_year: int) -> tuple[tuple[date, str], ...]:
    """Return (day, name) of the nation's public holidays, in order. Years are inclusive.

    >>> [str(day) for day, _ in public_holidays("england", 2027, 2027)][:3]
    ['2027-01-01', '2027-03-26', '2027-03-29']
    """
    table = _united_kingdom()(subdiv=NATIONS[nation], years=range(first_year, last_year + 1))
    return tuple(sorted((day, str(name)) for day, name in table.items()))


@lru_cache(maxsize=1)
def _united_kingdom() -> Any:  # noqa: ANN401
    """Load the country's class from its file: its package would load 250 other countries with it, for 0.2 s."""
    import holidays  # loaded here: a plan of another program needs none

    places = [f"{folder}/countries" for folder in holidays.__path__]
    spec = PathFinder.find_spec("united_kingdom", places)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("The library 'holidays' has no file of the United Kingdom.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.UnitedKingdom


def nation_layer(nation: str, week: dict[int, Hours], first: date, last: date) -> Layer:
    """The nation's working week, closed on its public holidays."""
    days = public_holidays(nation, first.year, last.year)
    return Layer(nation, week, tuple(DaySpan(day, day, (), name) for day, name in days))
