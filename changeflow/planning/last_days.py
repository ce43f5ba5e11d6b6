"""The last responsible day of a decision, found by re-planning for each possible day.

A later decision does harm if a go-live or milestone moves to a later day, or a missed deadline is missed by more, than
with a decision on the planned day (today, if that has passed). Announced dates need no
check of their own, because they are dates of go-lives. If none of these depends on the decision, the end of the last
task that follows it counts. Every report, message, page and calendar uses
`last_day`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial

import networkx as nx

from changeflow.errors import CalendarExhaustedError
from changeflow.programme.asked import evening_of, floor_of
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.replan import Placer
from changeflow.roadmap.model.tasks import Bound, Task
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY, last_day_of, minute_of
from changeflow.values.words import Kind

MOST_DAYS = 1024
"""The most days to try: four years."""
LATER_DAYS = 10
"""Days after the last responsible day whose cost is shown: our own choice."""
FARTHEST, MOST_RUNS = timedelta(days=365), 60
"""How far the table of days continues beyond that day, and in how many runs: our own choice."""
SHORT_RUN = 14
"""The most coming days of a run of equal dates that is too short to be a pay period: our own choice."""
LATEST = (Bound.FINISH_NO_LATER, Bound.MUST_FINISH)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedDate:
    """A date that a later decision moves: the last day of the work before and after."""

    task: TaskId
    name: str
    before: date
    after: date

    @property
    def days(self) -> int:
        return (self.after - self.before).days


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedOn:
    """The dates that follow from deciding on any day of a run, whose first and last days are inclusive."""

    first: date
    last: date
    moved: tuple[MovedDate, ...]
    """The dates that are later than with a decision in time: the gate's own go-live, then the largest move first."""

    @property
    def most(self) -> int:
        """The largest move, in calendar days."""
        return max((m.days for m in self.moved), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """How long a decision can wait."""

    task: TaskId
    planned: date
    """Its planned day, or today if that has passed; all other days are compared with it."""
    day: date
    """The last responsible day: deciding on the next day does harm."""
    dates: Mapping[TaskId, date]
    """The dates that are compared, for a decision made in time."""
    names: Mapping[TaskId, str]
    """The names of these tasks."""
    later: tuple[DecidedOn, ...]
    """The cost of the days after it, in runs of equal dates."""


def last_day(programme: Programme, gate: TaskId) -> LastDay:
    """Return the last responsible day of an open decision, and the cost of each later day."""
    return programme.once(f"last day of {gate}", lambda: _Search(programme, programme.roadmap.tasks[gate]).found())


def responsible_day(programme: Programme, gate: TaskId) -> date:
    """Return only the day of `last_day`, in half the time."""

    def found() -> date:
        search = _Search(programme, programme.roadmap.tasks[gate])
        return search.coming.day(search.good)

    return programme.once(f"responsible day of {gate}", found)


def last_days(programme: Programme) -> dict[TaskId, date]:
    """Return the last responsible day of every open decision."""
    asked = (t.id for t in programme.tasks(kind=Kind.DECISION) if not programme.is_done(t.id))
    return {task: responsible_day(programme, task) for task in asked}


def every_day(programme: Programme, gate: TaskId) -> tuple[DecidedOn, ...]:
    """Return the dates that a decision on each coming day moves, in runs of equal dates.

    Nothing moves up to the last responsible day. After it, the result covers a year, as far as calendars allow.
    """
    task = programme.roadmap.tasks[gate]
    return programme.once(f"days of {gate}", lambda: tuple(_EveryDay(_Search(programme, task)).runs()))


class _ComingDays:
    """The days on which a decision can be made, from its planned day, each with its finish in civil minutes."""

    def __init__(self, programme: Programme, gate: Task) -> None:
        self.programme, self.roadmap, self.gate = programme, programme.roadmap, gate
        is_in_windows = gate.starts_on is not None and gate.id not in self.roadmap.progress
        self._coming = self._in_windows() if is_in_windows else self._in_order()
        self._known: list[tuple[date, int]] = []
        self._ended: CalendarExhaustedError | None = None

    def finish(self, number: int) -> int:
        """Return the finish on a day; raise `CalendarExhaustedError` beyond the calendars."""
        return self._reached(number)[1]

    def day(self, number: int) -> date:
        return self._reached(number)[0]

    def next_month(self, number: int) -> int:
        """Return the number of the first day in a later month, or the first number beyond the calendars."""
        day, later = self.day(number), number + 1
        with suppress(CalendarExhaustedError):
            while (self.day(later).year, self.day(later).month) == (day.year, day.month):
                later += 1
        return later

    def _reached(self, number: int) -> tuple[date, int]:
        while len(self._known) <= number and self._ended is None:
            try:
                self._known.append(next(self._coming))
            except CalendarExhaustedError as error:
                self._ended = error
        if len(self._known) <= number and self._ended is not None:
            raise self._ended
        return self._known[number]

    def _in_order(self) -> Iterator[tuple[date, int]]:
        """Yield each day's finish without start windows: as planned on the planned day, in the evening on later
        days."""
        forecast = self.programme.timed(self.gate.id).early_finish
        # Midnight or the next morning counts as the evening before, unless it cannot be made on that day.
        before = self.roadmap.calendar_of(self.gate.id).previous_working(forecast)
        day = last_day_of(before if before >= floor_of(self.roadmap, self.gate) else forecast + 1)
        yield day, forecast
        while True:
            at = evening_of(self.roadmap, self.gate.id, minute_of(day) + DAY)
            day = last_day_of(at)
            if at > forecast:
                yield day, at

    def _in_windows(self) -> Iterator[tuple[date, int]]:
        """Yield a finish for each day on which a start window opens, such as that of a board's meeting."""
        timed, placer = self.programme.timed(self.gate.id), Placer(self.roadmap)
        start, finish = timed.early_start, timed.early_finish
        while True:
            yield timed.day_at(finish), finish
            # A window stays open until the first working time after it opened has passed.
            missed = self.roadmap.calendar_of(self.gate.id).next_working(start) + 1
            start, finish = placer.place(self.gate.id, floor=missed)


class _Search:
    """One decision, tried on each day in turn. The resulting early dates can only move later."""

    def __init__(self, programme: Programme, gate: Task) -> None:
        self.programme, self.roadmap, self.gate = programme, programme.roadmap, gate
        self.consequences = programme.slips.consequences
        self.coming = _ComingDays(programme, gate)

    @cached_property
    def good(self) -> int:
        """The number of the last responsible day."""
        return _last_with(lambda n: n < MOST_DAYS and not self._harms(n), 0, self.coming.next_month(0))

    def found(self) -> LastDay:
        return LastDay(
            task=self.gate.id,
            planned=self.coming.day(0),
            day=self.coming.day(self.good),
            dates={t: self._read(t, finish) for t, finish in self._in_time.items()},
            names={t: self._name(t) for t in self._in_time},
            later=tuple(self._later(self.good)),
        )

    @cached_property
    def _targets(self) -> Sequence[TaskId]:
        behind = nx.descendants(self.programme.graph, self.gate.id) - self.roadmap.progress.keys()
        milestones = {m.task for m in self.programme.milestones}
        found = [t for t in behind if t in milestones or self.roadmap.tasks[t].kind is Kind.GO_LIVE]
        found += [t for t in behind if t not in found and self._limit(t) is not None]
        if not found:
            found = [max(behind or {self.gate.id}, key=lambda t: (self.programme.timed(t).early_finish, t))]
        return sorted(found)

    @cached_property
    def _limits(self) -> Mapping[TaskId, int]:
        """Deadlines of tasks that are neither milestones nor go-lives: only missing them does harm."""
        milestones = {m.task for m in self.programme.milestones}
        own = [t for t in self._targets if t not in milestones and self.roadmap.tasks[t].kind is not Kind.GO_LIVE]
        return {t: limit for t in own if (limit := self._limit(t)) is not None}

    def _limit(self, task: TaskId) -> int | None:
        own = self.roadmap.tasks[task]
        limits = [c.at for c in own.constraints if c.bound in LATEST]
        return min([*limits, *([own.deadline] if own.deadline is not None else [])], default=None)

    @cached_property
    def _in_time(self) -> Mapping[TaskId, int]:
        return self._dates(0)

    def _dates(self, number: int) -> Mapping[TaskId, int]:
        finish = self.coming.finish(number)
        return {t: self.consequences.finish_if(self.gate.id, finish, t) for t in self._targets}

    def _harms(self, number: int) -> bool:
        try:
            return any(self._harmed(self._dates(number)))
        except CalendarExhaustedError:
            return True

    def _harmed(self, dates: Mapping[TaskId, int]) -> Iterator[MovedDate]:
        for task, finish in dates.items():
            before, after = self._read(task, self._in_time[task]), self._read(task, finish)
            if after > before and finish > self._limits.get(task, 0):
                yield MovedDate(task=task, name=self._name(task), before=before, after=after)

    def _read(self, task: TaskId, finish: int) -> date:
        return self.programme.timed(task).day_at(finish)

    def _name(self, task: TaskId) -> str:
        milestone = next((m for m in self.programme.milestones if m.task == task), None)
        return milestone.name if milestone is not None else self.roadmap.tasks[task].name

    def _later(self, good: int) -> Iterator[DecidedOn]:
        number, most = good + 1, good + LATER_DAYS
        while number <= most and (moved := self.moved(number)):
            last = _last_with(lambda n: n <= most and self.moved(n) == moved, number, most)
            yield DecidedOn(first=self.coming.day(number), last=self.coming.day(last), moved=moved)
            number = last + 1

    def moved(self, number: int) -> tuple[MovedDate, ...] | None:
        """Return the dates that deciding on a day moves; None beyond the calendars."""
        try:
            return tuple(sorted(self._harmed(self._dates(number)), key=self._place))
        except CalendarExhaustedError:
            return None

    def _place(self, moved: MovedDate) -> tuple[bool, int, bool, date, TaskId]:
        """Return the sort key: the go-live of the gate's own wave, then the largest move, then milestones."""
        task, gate = self.roadmap.tasks[moved.task], self.gate
        is_own = task.kind is Kind.GO_LIVE and gate.wave is not None
        is_own = is_own and (task.service, task.wave) == (gate.service, gate.wave)
        is_steered_by = any(m.task == moved.task for m in self.programme.milestones)
        return not is_own, -moved.days, not is_steered_by, moved.before, moved.task


class _EveryDay:
    """One decision on every coming day, in runs of days with equal dates."""

    def __init__(self, search: _Search) -> None:
        self.search, self.coming = search, search.coming
        self.until = self.coming.day(search.good) + FARTHEST

    def runs(self) -> Iterator[DecidedOn]:
        search, coming = self.search, self.coming
        today = search.programme.on if search.roadmap.data_date is not None else coming.day(0)
        yield DecidedOn(first=min(today, coming.day(0)), last=coming.day(search.good), moved=())
        number, length = search.good + 1, SHORT_RUN + 1
        for _ in range(MOST_RUNS):
            if (moved := search.moved(number)) is None or coming.day(number) > self.until:
                return
            # Most runs are pay periods. After a short one, the next is probably short too.
            guess = number + length if length <= SHORT_RUN else coming.next_month(number)
            end = _last_with(partial(self._is_alike, moved=moved), number, guess)
            yield DecidedOn(first=coming.day(number), last=coming.day(end), moved=moved)
            number, length = end + 1, end + 1 - number

    def _is_alike(self, number: int, *, moved: tuple[MovedDate, ...]) -> bool:
        return self.search.moved(number) == moved and self.coming.day(number) <= self.until


def _last_with(holds: Callable[[int], bool], known: int, guess: int) -> int:
    """Return the last number for which `holds` is true. It is true for `known`, and once false it stays false.

    The search starts near `guess`.
    """
    beyond, step = guess, 1
    if holds(beyond):
        known, beyond = beyond, beyond + step
        while holds(beyond):
            step *= 2
            known, beyond = beyond, beyond + step
    else:
        while (middle := beyond - step) > known and not holds(middle):
            beyond, step = middle, step * 2
        known = max(known, middle)
    while beyond - known > 1:
        middle = (known + beyond) // 2
        known, beyond = (middle, beyond) if holds(middle) else (known, middle)
    return known
