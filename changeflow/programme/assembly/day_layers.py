"""The layers of days that a definition gives, most general first: nation, authority, trust and school."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from changeflow.calendar.layers import DaySpan, Hours, Layer
from changeflow.calendar.nations import nation_layer
from changeflow.calendar.terms import Terms
from changeflow.programme.blackouts import ScopedBlackout
from changeflow.programme.calendar_files import Closure
from changeflow.programme.definition import Definition, School

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class DayLayers:
    """The layers of one definition."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    @property
    def office(self) -> list[Layer]:
        """The days on which the office works."""
        return [self._nation, self._trust]

    @property
    def every_day(self) -> list[Layer]:
        return [Layer("every day", dict.fromkeys(range(7), next(iter(self._hours.values()))))]

    def of_school(self, school: School | None, terms: Terms | None) -> list[Layer]:
        """Return the layers of a school's days, or of the trust's terms: the days that each level closes or opens."""
        name = school.authority if school else None
        shared = (
            c for f in self.definition.calendars if name and f.authority == name and not f.school for c in f.closed
        )
        # The terms close every day outside them, and name the holiday.
        authority = Layer(name or "terms", spans=tuple(_spans(shared)), rule=terms)
        return [self._nation, authority, self._trust, Layer("school", spans=tuple(_spans(self.own_days(school))))]

    def own_days(self, school: School | None) -> tuple[Closure, ...]:
        """Return the days that a school's own files close or open."""
        return tuple(c for f in self.definition.calendars if school and f.school == school.id for c in f.closed)

    @cached_property
    def _hours(self) -> dict[int, Hours]:
        week = self.definition.programme.working_week
        hours = tuple((h.start.hour * 60 + h.start.minute, h.end.hour * 60 + h.end.minute) for h in week.hours)
        return {WEEKDAYS.index(day): hours for day in week.days}

    @cached_property
    def _nation(self) -> Layer:
        return nation_layer(self.definition.programme.nation, self._hours)

    @cached_property
    def _trust(self) -> Layer:
        shared = (c for f in self.definition.calendars if not f.authority and not f.school for c in f.closed)
        return Layer("trust", spans=tuple(_spans((*self.definition.programme.closed, *shared))))


def blackout_layer(blackouts: Sequence[ScopedBlackout]) -> Layer:
    """Return the layer that closes the days of some blackouts."""
    return Layer("blackouts", spans=tuple(b.span for b in blackouts))


def _spans(closures: Iterable[Closure]) -> Iterator[DaySpan]:
    for closure in closures:
        yield DaySpan(closure.first_day, closure.last, None if closure.open else (), closure.name)
