"""What several programmes ask of schools' people in each week.

A change is one service of one programme. It counts in a week at a school if any of its open tasks there asks something
of the school's people, and in every week of its rollout there. So a school that is over its limit in the plan of waves
is also over it here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from changeflow.planning.wave_use import rollouts_in_force
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.definition import School
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.values.words import Kind

ASKS: Mapping[Kind, str] = {
    Kind.TRAINING: "training",
    Kind.CONSULTATION: "consultation",
    Kind.ENGAGEMENT: "conversations about the change",
    Kind.SYSTEM_LIVE: "new system",
    Kind.GO_LIVE: "go-live",
    Kind.ORG_CHANGE: "new structure",
    Kind.ROLE_REMOVAL: "roles removed",
    Kind.CHECKPOINT: "checkpoint",
}
"""The kinds of task that ask something of a school's people, in words: our own choice."""
IN_TERM = (Kind.TRAINING, Kind.CONSULTATION, Kind.ENGAGEMENT)
"""Kinds that need people to be in school."""
WEEKS = 26
"""Weeks that a page shows: our own choice."""
AHEAD = 52
"""How many weeks to search for room."""
ENOUGH_DAYS = 3
"""The fewest working days in a week with room."""
WEEK = timedelta(weeks=1)
Change = tuple[str, str]
"""A programme and one of its services; an empty service for the programme's own tasks."""


@dataclass(frozen=True, slots=True, eq=False)
class SchoolAsk:
    """One open task that asks something of schools' people."""

    programme: Programme
    task: Task
    weeks: range
    places: frozenset[str]
    """Keys of its schools."""

    @property
    def change(self) -> Change:
        return self.programme.id, self.task.service or ""


@dataclass(frozen=True, slots=True)
class RolloutWeeks:
    """One service's rollout at one school in the plan of waves: the weeks in which the school is busy with it."""

    school: str
    service: str
    first: date
    """The Monday of the first week."""
    last: date
    """The Monday of the last week."""


def rollouts_of(programme: Programme) -> tuple[RolloutWeeks, ...]:
    """Return the rollouts of a programme's plan of waves in force."""
    found = rollouts_in_force(programme)
    return tuple(RolloutWeeks(school, service, *weeks) for (school, service), weeks in found.items())


@dataclass(frozen=True, eq=False)
class SchoolWeeks:
    """Everything that several programmes ask of schools, by school and week."""

    programmes: Sequence[Programme]
    first: date
    """Monday of week 0."""
    asks: Mapping[str, Mapping[int, list[SchoolAsk]]] = field(default_factory=dict)
    schools: Mapping[str, list[tuple[Programme, School]]] = field(default_factory=dict)
    """Each school in each programme that has it, by key."""
    rollouts: Mapping[str, Mapping[int, set[Change]]] = field(default_factory=dict)

    def asked(self, place: str, week: int) -> Sequence[SchoolAsk]:
        return self.asks.get(place, {}).get(week, ())

    def changes(self, place: str, week: int, *, without: SchoolAsk | None = None) -> set[Change]:
        """Return the changes in a week at a school, leaving out the task `without`."""
        rolled_out = self.rollouts.get(place, {}).get(week, set())
        return {ask.change for ask in self.asked(place, week) if ask is not without} | rolled_out

    @cached_property
    def limits(self) -> Mapping[str, int]:
        """The limit of each school: the lowest number of changes at once that any programme allows it."""
        return {place: min(_limit(p, s) for p, s in known) for place, known in self.schools.items()}

    @cached_property
    def _closed(self) -> dict[tuple[str, int], str]:
        return {}

    def closed(self, place: str, week: int) -> str:
        """Name a week's blackout or holiday at a school; empty if it is a plain week."""
        if (place, week) not in self._closed:
            self._closed[place, week] = next(
                filter(None, (_closed(p, s, self.monday(week)) for p, s in self.schools[place])), ""
            )
        return self._closed[place, week]

    def monday(self, week: int) -> date:
        return self.first + week * WEEK


def school_weeks(
    programmes: Sequence[Programme], first: date, rollouts: Mapping[str, Sequence[RolloutWeeks]]
) -> SchoolWeeks:
    """Return what programmes ask of schools, starting with the Monday `first`; `rollouts` are their plans of waves, by
    programme."""
    asks: dict[str, dict[int, list[SchoolAsk]]] = {}
    schools: dict[str, list[tuple[Programme, School]]] = {}
    for programme in programmes:
        keys = {s.id: school_key(s) for s in programme.definition.schools}
        for school in programme.definition.schools:
            schools.setdefault(keys[school.id], []).append((programme, school))
        for task in programme.roadmap.tasks.values():
            if task.kind not in ASKS or programme.is_done(task.id) or not task.schools:
                continue
            begins, ends = programme.days_of(task.id)
            weeks = range(max(0, (begins - first).days // 7), min(AHEAD + WEEKS, (ends - first).days // 7 + 1))
            ask = SchoolAsk(programme, task, weeks, frozenset(keys[s] for s in task.schools if s in keys))
            for place in ask.places:
                for week in weeks:
                    asks.setdefault(place, {}).setdefault(week, []).append(ask)
    return SchoolWeeks(programmes, first, asks, schools, _rolled_out(programmes, first, rollouts))


def _rolled_out(
    programmes: Sequence[Programme], first: date, rollouts: Mapping[str, Sequence[RolloutWeeks]]
) -> dict[str, dict[int, set[Change]]]:
    found: dict[str, dict[int, set[Change]]] = {}
    for programme in programmes:
        keys = {s.id: school_key(s) for s in programme.definition.schools}
        for rollout in rollouts.get(programme.id, ()):
            begins, ends = (rollout.first - first).days // 7, (rollout.last - first).days // 7
            for week in range(max(0, begins), min(AHEAD + WEEKS, ends + 1)):
                found.setdefault(keys[rollout.school], {}).setdefault(week, set()).add((programme.id, rollout.service))
    return found


def school_key(school: School) -> str:
    return school.urn or school.name.casefold()


def _limit(programme: Programme, school: School) -> int:
    rollout = programme.definition.rollout
    own = rollout.schools.get(school.id)
    return own.at_once if own is not None and own.at_once is not None else rollout.at_once


def _closed(programme: Programme, school: School, monday: date) -> str:
    """Name the blackout of any counted kind in a week at a school, or say that it is a holiday."""
    calendars, sunday = Calendars.of(programme.definition), monday + timedelta(days=6)
    for black in calendars.blackouts:
        is_meant = any(kind in black.blackout.activities for kind in ASKS)
        if is_meant and black.touches(monday, sunday) and black.among(frozenset({school.id})):
            return black.name
    term = calendars.get(calendars.key("term", frozenset({school.id})))
    return "" if any(term.works_on(monday + timedelta(days=n)) for n in range(7)) else "school holiday"


def is_open(books: SchoolWeeks, ask: SchoolAsk, week: int) -> bool:
    """Return whether a week has enough working days for a kind of work at all of its schools."""
    calendars, monday = Calendars.of(ask.programme.definition), books.monday(week)
    base = "term" if ask.task.kind in IN_TERM else "office"
    calendar = calendars.get(calendars.key(base, ask.task.schools, ask.task.kind, ask.task.service))
    return sum(calendar.works_on(monday + timedelta(days=n)) for n in range(7)) >= ENOUGH_DAYS
