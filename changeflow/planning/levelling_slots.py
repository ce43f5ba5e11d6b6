"""From a programme to a levelling problem: civil time cut into slots, calendars and lags as tables over them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from changeflow.calendar.periods import Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.errors import CalendarExhaustedError
from changeflow.roadmap.engine.pace import OpeningPace, Pace, PeriodPace, pace_of, shift, working_part
from changeflow.roadmap.levelling.axis import Axis
from changeflow.roadmap.levelling.problem import Bind, Keep, LevelProblem, Piece
from changeflow.roadmap.levelling.slots import ALWAYS, FREE, Ints
from changeflow.roadmap.levelling.teams import Capacity
from changeflow.roadmap.model.tasks import Bound, Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY

LONGEST, SHORTEST = 30, 15
"""Minutes of a slot, by which people are booked: half an hour where all work keeps to it, else a quarter."""
LATE = 10
"""A slot of lateness weighs as much as so many of the last finish: our own choice."""


def slot_minutes(roadmap: Roadmap) -> int:
    """Return how long a slot is: what divides the hours of work and the durations, within our limits."""
    found = LONGEST
    for calendar in roadmap.calendars.values():
        for opens, closes in calendar.intervals[:20]:
            found = math.gcd(found, opens, closes)
    for task in roadmap.tasks.values():
        if task.duration.unit is Unit.WORKING:
            found = math.gcd(found, task.duration.amount)
    return max(found, SHORTEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRequest:
    """What levelling starts from."""

    roadmap: Roadmap
    order: Sequence[TaskId]
    """Predecessors first."""
    dates: Mapping[TaskId, tuple[int, int]]
    """Start and finish of every task as links alone place it."""
    fixed: frozenset[TaskId]
    """What stays where it is."""
    capacity: Capacity
    keeps: tuple[tuple[TaskId, TaskId, Duration], ...] = ()
    """(first, second, at most so long after it): maximal lags."""


@dataclass(frozen=True)
class SlotPlan:
    """A problem in slots, and what turns slots into civil time."""

    axis: Axis
    problem: LevelProblem
    order: Sequence[TaskId]


def slot_plan(request: LevelRequest, start: int, end: int) -> SlotPlan:
    """Cut the time between two instants into slots, and the work into pieces."""
    return _Builder(request, start, end).build()


@dataclass
class _Tables:
    """Tables, each kept once."""

    rows: list[tuple[Ints, ...]] = field(default_factory=list)
    number: dict[object, int] = field(default_factory=dict)


class _Builder:
    def __init__(self, request: LevelRequest, start: int, end: int) -> None:
        self.request = request
        self.roadmap = request.roadmap
        used = {t.placed_on or t.calendar for t in self.roadmap.tasks.values()}
        used |= {t.term_calendar for t in self.roadmap.tasks.values() if t.term_calendar}
        calendars = [self.roadmap.calendars[key] for key in sorted(used)]
        self.axis = Axis(calendars, start, end, slot_minutes(self.roadmap))
        self.count = len(self.axis)
        self.works: list[NDArray[np.bool_]] = []
        self.number: dict[int, int] = {}
        self.tables, self.lags = _Tables(), _Tables()
        self.place_of = {task: n for n, task in enumerate(request.order)}

    def build(self) -> SlotPlan:
        capacity, teams = self.request.capacity, self.request.capacity.teams
        pieces = tuple(self._piece(self.roadmap.tasks[t], teams) for t in self.request.order)
        binds = tuple(self._bind(link, pieces) for link in self.roadmap.links)
        days = (self.axis.opens // DAY).tolist()
        amounts = np.array([[capacity.on(team, day) for day in days] for team in teams], np.int64)
        open_count = sum(p.fixed is None for p in pieces)
        problem = LevelProblem(
            pieces=pieces,
            binds=binds,
            resources=teams,
            amounts=amounts.reshape(len(teams), self.count),
            keeps=tuple(self._keep(*keep) for keep in self.request.keeps),
            works=tuple(self.works),
            lands=tuple(row[0] for row in self.tables.rows),
            ends=tuple(row[1] for row in self.tables.rows),
            lags=tuple(row[0] for row in self.lags.rows),
            weight=(LATE * max(1, open_count), max(1, open_count), 1),
        )
        return SlotPlan(self.axis, problem, self.request.order)

    def _piece(self, task: Task, teams: Sequence[str]) -> Piece:
        axis, pace = self.axis, pace_of(task, self.roadmap)
        counted, fixed = working_part(pace), None
        if task.id in self.request.fixed:
            low, high = axis.span(*self.request.dates[task.id])
            fixed = (low, max(low, high))
        is_tabled = counted is None or isinstance(pace, OpeningPace)
        return Piece(
            id=task.id,
            work=0 if counted is None else -(-counted.minutes // axis.minutes),
            needs=tuple((n, task.needs[team]) for n, team in enumerate(teams) if team in task.needs),
            calendar=ALWAYS if counted is None else self._calendar(counted.calendar),
            table=self._table(task, pace) if is_tabled else FREE,
            holds=task.holds_people or counted is None,
            release=min(self._release(task, pace), self.count - 1),
            fixed=fixed,
            due=self._due(task),
        )

    def _release(self, task: Task, pace: Pace) -> int:
        at = max(self.roadmap.start, self.roadmap.data_date or self.roadmap.start)
        for constraint in task.constraints:
            if constraint.bound is Bound.START_NO_EARLIER:
                at = max(at, constraint.at)
            elif constraint.bound is Bound.FINISH_NO_EARLIER:
                at = max(at, pace.earliest_start(constraint.at))
        return self.axis.slot(at)

    def _due(self, task: Task) -> int | None:
        """Return the boundary by which it should have finished: its own deadline, or a fixed task that waits for it."""
        known = [c.at for c in task.constraints if c.bound is Bound.FINISH_NO_LATER]
        known += [task.deadline] if task.deadline is not None else []
        known += self._waited_for.get(task.id, [])
        return self.axis.slot(min(known)) if known else None

    @cached_property
    def _waited_for(self) -> dict[TaskId, list[int]]:
        found: dict[TaskId, list[int]] = {}
        for link in self.roadmap.links:
            if link.successor in self.request.fixed and link.type.from_finish and not link.type.to_finish:
                found.setdefault(link.predecessor, []).append(self.request.dates[link.successor][0])
        return found

    def _calendar(self, calendar: WorkingCalendar) -> int:
        if id(calendar) not in self.number:
            works = self.axis.works(calendar)
            if works.all():
                self.number[id(calendar)] = ALWAYS
            else:
                self.works.append(works)
                self.number[id(calendar)] = len(self.works)
        return self.number[id(calendar)]

    def _table(self, task: Task, pace: Pace) -> int:
        """Return the number of the table of a task whose length, or whose start, follows from periods or the clock."""
        key = (task.placed_on or task.calendar, task.duration, task.starts_on, task.term_calendar, task.terms)
        if key not in self.tables.number:
            self.tables.number[key] = len(self.tables.rows)
            starts = np.unique(np.array(list(self._landings(pace)), np.int64))
            starts = starts[starts < self.count]
            place = np.searchsorted(starts, np.arange(self.count))
            land = np.append(starts, self.count)[place].astype(np.int32)
            end = np.full(self.count, self.count + 1, np.int32)
            for slot in starts.tolist():
                end[slot] = self._end(pace, int(self.axis.opens[slot]))
            self.tables.rows.append((land, end))
        return self.tables.number[key]

    def _landings(self, pace: Pace) -> Iterator[int]:
        periods: Periods | None = None
        if isinstance(pace, OpeningPace):
            periods = pace.openings
        elif isinstance(pace, PeriodPace):
            periods = pace.periods
        if periods is None:
            yield from range(self.count)
            return
        for opening in periods.openings:
            if self.axis.opens[0] <= opening <= self.axis.opens[-1]:
                yield self.axis.slot(pace.land(opening))

    def _end(self, pace: Pace, start: int) -> int:
        try:
            return min(self.axis.slot(pace.finish(start)), self.count + 1)
        except CalendarExhaustedError:
            return self.count + 1

    def _bind(self, link: Link, pieces: Sequence[Piece]) -> Bind:
        before, after = self.place_of[link.predecessor], self.place_of[link.successor]
        row = self._lag_row(link.lag, self.roadmap.tasks[link.successor], link.predecessor)
        piece, key = pieces[after], (link.lag, self.roadmap.tasks[link.successor].calendar, link.type.to_finish)
        if link.type.to_finish and piece.calendar != ALWAYS and piece.table == FREE:
            # A finish in a break is the same point of work as the break's beginning.
            works = self.works[piece.calendar - 1]
            last = np.concatenate([[0], np.maximum.accumulate(np.where(works, np.arange(self.count) + 1, 0))])
            row = last[row if row is not None else np.arange(self.count + 1)].astype(np.int32)
        table = FREE if row is None else self._keep_lag((*key, link.predecessor if self._is_share(link) else ""), row)
        return Bind(
            before=before,
            after=after,
            from_start=not link.type.from_finish,
            to_finish=link.type.to_finish,
            table=table,
        )

    @staticmethod
    def _is_share(link: Link) -> bool:
        return link.lag.unit is Unit.PERCENT

    def _keep_lag(self, key: object, row: Ints) -> int:
        key = (key, row.tobytes())
        if key not in self.lags.number:
            self.lags.number[key] = len(self.lags.rows)
            self.lags.rows.append((row,))
        return self.lags.number[key]

    def _lag_row(self, lag: Duration, successor: Task, predecessor: TaskId) -> Ints | None:
        """Return where each boundary lands after a lag; None where there is none."""
        if lag.is_zero:
            return None
        ends = self.axis.ends
        if lag.unit is Unit.ELAPSED:
            found: Ints = np.searchsorted(self.axis.opens, ends + lag.amount).astype(np.int32)
            return found
        base = self.roadmap.tasks[predecessor].duration.amount
        amount = round(base * lag.amount / 100) if lag.unit is Unit.PERCENT else lag.amount
        if lag.unit in (Unit.WORKING, Unit.PERCENT):
            works = self.axis.works(self.roadmap.calendars[successor.calendar])
            rank = np.concatenate([[0], np.cumsum(works)])
            place = np.append(np.flatnonzero(works), self.count)
            moved = np.clip(rank + math.ceil(amount / self.axis.minutes), 0, len(place) - 1)
            later: Ints = place[moved].astype(np.int32)
            return later
        return np.array([self._shifted(int(at), lag, successor) for at in ends], np.int32)

    def _shifted(self, at: int, lag: Duration, successor: Task) -> int:
        try:
            return self.axis.slot(shift(at, lag, task=successor, roadmap=self.roadmap, base=0))
        except CalendarExhaustedError:
            return self.count

    def _keep(self, first: TaskId, second: TaskId, within: Duration) -> Keep:
        row = self._lag_row(within, self.roadmap.tasks[second], first)
        table = FREE if row is None else self._keep_lag(("keep", within, second), row)
        return Keep(before=self.place_of[first], after=self.place_of[second], table=table)
