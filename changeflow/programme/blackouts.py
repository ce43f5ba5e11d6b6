"""Blackouts: the one rule for which activities must avoid which days, where, and in which services."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.calendar.layers import DaySpan
from changeflow.programme.calendar_files import Blackout
from changeflow.programme.definition import Definition
from changeflow.programme.levels import level_of
from changeflow.values.duration import Duration, Unit


@dataclass(frozen=True, slots=True)
class ScopedBlackout:
    """A blackout and its scope.

    All its limits apply together: its file's authority or school, `phases`, `schools` and `services`.
    """

    blackout: Blackout
    schools: frozenset[str] | None
    """The schools it applies to; None for all, and for work that is not at a school."""

    @property
    def name(self) -> str:
        return self.blackout.name

    @property
    def span(self) -> DaySpan:
        return DaySpan(self.blackout.first_day, self.blackout.last_day, (), self.blackout.name)

    @property
    def label(self) -> str:
        """Its name with its days, because several may have the same name."""
        return f"{self.name} {self.blackout.first_day} to {self.blackout.last_day}"

    def is_about(self, kind: str, service: str | None) -> bool:
        """Return whether it applies to a kind of activity in a service; None for the programme's own tasks."""
        own = self.blackout.services
        return kind in self.blackout.activities and (not own or service in own)

    def among(self, schools: frozenset[str]) -> frozenset[str]:
        """Return the schools, of those given, that it applies to."""
        return schools if self.schools is None else schools & self.schools

    def names(self, service: str | None) -> bool:
        """Return whether it names the service; if so, it also stops the service's work for all schools."""
        return service is not None and service in self.blackout.services

    def touches(self, first: date, last: date) -> bool:
        """Return whether it includes a day from `first` to `last`, both inclusive."""
        return first <= self.blackout.last_day and self.blackout.first_day <= last


def kept_out_of(
    blackouts: Sequence[ScopedBlackout],
    schools: frozenset[str],
    kind: str,
    service: str | None,
    *,
    is_whole: bool = False,
) -> list[ScopedBlackout]:
    """Return the blackouts that apply to work at some schools: the one rule for plan, rules, waves and pilots.

    Work for a wave or at a school avoids the blackouts of each of its schools. Work for a whole service or
    programme (`is_whole`) continues while any school is free: it avoids only days on which all schools are in a
    blackout, and blackouts that name its service.
    """
    about = [b for b in blackouts if b.is_about(kind, service) and (b.schools is None or schools & b.schools)]
    if not is_whole or len(schools) < 2:
        return about
    stops = [b for b in about if b.schools is None or b.names(service)]
    return [*stops, *_in_common([b for b in about if b not in stops], schools)]


def _in_common(blackouts: Sequence[ScopedBlackout], schools: frozenset[str]) -> Iterator[ScopedBlackout]:
    """Yield the spans in which every given school is in a blackout, each with the first school's blackout."""
    common: list[tuple[date, date, Blackout]] | None = None
    for school in sorted(schools):
        own = [b.blackout for b in blackouts if school in b.among(schools)]
        if common is None:
            common = [(b.first_day, b.last_day, b) for b in own]
            continue
        both = ((max(a, b.first_day), min(z, b.last_day), first) for a, z, first in common for b in own)
        common = list(dict.fromkeys((a, z, first) for a, z, first in both if a <= z))
    for first_day, last_day, first in common or ():
        days = {"first_day": first_day, "last_day": last_day}
        yield ScopedBlackout(first.model_copy(update=days), None)


def works_around(duration: Duration) -> bool:
    """Return whether a task is not worked on in blackouts: true of working time."""
    return not duration.is_zero and duration.unit.counts_working_time


def begins_outside(duration: Duration) -> bool:
    """Return whether a task cannot begin in a blackout: true of working and elapsed time.

    Milestones and whole pay periods or terms continue through blackouts, so those days count in their float.
    """
    return works_around(duration) or (not duration.is_zero and duration.unit is Unit.ELAPSED)


def blackouts_of(definition: Definition) -> tuple[ScopedBlackout, ...]:
    """Return every blackout in the calendar files, in order."""
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
                if level_of(file, s) is not None
                and (not blackout.phases or s.phase in blackout.phases)
                and (not blackout.schools or s.id in blackout.schools)
            )
            yield ScopedBlackout(blackout, frozenset(concerned))
