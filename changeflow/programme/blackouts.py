"""Blackouts: one rule says where, and of which services, activities keep out of which days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.calendar.working import DaySpan
from changeflow.programme.definition import Blackout, Definition
from changeflow.values.duration import Duration, Unit


@dataclass(frozen=True, slots=True)
class ScopedBlackout:
    """A blackout and its scope.

    Everything that narrows it narrows it further: its file's authority or school, `phases`, `schools` and `services`.
    """

    blackout: Blackout
    schools: frozenset[str] | None
    """The schools that it concerns; None for all, and for work that is at no school."""

    @property
    def name(self) -> str:
        return self.blackout.name

    @property
    def span(self) -> DaySpan:
        return DaySpan(self.blackout.first_day, self.blackout.last_day, (), self.blackout.name)

    @property
    def label(self) -> str:
        """Its name with its days: several may have the same name."""
        return f"{self.name} {self.blackout.first_day} to {self.blackout.last_day}"

    def is_about(self, kind: str, service: str | None) -> bool:
        """Tell whether it is about a kind of activity in a service; None for the programme's own."""
        own = self.blackout.services
        return kind in self.blackout.activities and (not own or service in own)

    def among(self, schools: frozenset[str]) -> frozenset[str]:
        """Return those of some schools that it concerns."""
        return schools if self.schools is None else schools & self.schools

    def concerns(self, schools: frozenset[str], kind: str, service: str | None) -> bool:
        """Tell whether work at some schools keeps out of its days: where it concerns one of them."""
        return self.is_about(kind, service) and (self.schools is None or bool(schools & self.schools))

    def touches(self, first: date, last: date) -> bool:
        """Tell whether it shares a day with those from `first` to `last`, both inclusive."""
        return first <= self.blackout.last_day and self.blackout.first_day <= last


def works_around(duration: Duration) -> bool:
    """Tell whether blackouts are no part of a task's own time: of work, which goes around them."""
    return not duration.is_zero and duration.unit.counts_working_time


def begins_outside(duration: Duration) -> bool:
    """Tell whether a task cannot begin in a blackout: work cannot, nor a wait on the clock.

    A moment and whole pay periods or terms go on through blackouts, so these days count in their float.
    """
    return works_around(duration) or (not duration.is_zero and duration.unit is Unit.ELAPSED)


def blackouts_of(definition: Definition) -> tuple[ScopedBlackout, ...]:
    """Return every blackout of the calendar files, in their order."""
    return tuple(_scoped(definition))


def _scoped(definition: Definition) -> Iterator[ScopedBlackout]:
    for file in definition.calendars:
        for blackout in file.blackouts:
            if not (file.authority or file.school or blackout.phases or blackout.schools):
                yield ScopedBlackout(blackout, None)
                continue
            concerned = (
                s.id
                for s in definition.schools
                if file.authority in (None, s.authority)
                and file.school in (None, s.id)
                and (not blackout.phases or s.phase in blackout.phases)
                and (not blackout.schools or s.id in blackout.schools)
            )
            yield ScopedBlackout(blackout, frozenset(concerned))
