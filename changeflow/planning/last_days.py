"""The last responsible day of a decision, found by re-planning: what each day of deciding does to the dates that count.

Harm is done where a go-live or milestone comes on a later day, or a missed deadline is missed by more, than if the
decision were made on its planned day (today, where that has passed). Dates announced to schools are their go-lives.
Where none of these waits for a decision, what ends last of the work behind it is looked at. Every report, message, page
and calendar asks `last_day`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

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
"""Days of deciding that are looked at: four years."""
LATER_DAYS = 10
"""Of the days after the last responsible one, those whose cost is shown: our own choice."""
FARTHEST, MOST_RUNS = timedelta(days=365), 60
"""How far the table of every day goes beyond that day, and in how many runs: our own choice."""
LATEST = (Bound.FINISH_NO_LATER, Bound.MUST_FINISH)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedDate:
    """A date that a later decision moves: the days as people read them."""

    task: TaskId
    name: str
    before: date
    after: date

    @property
    def days(self) -> int:
        return (self.after - self.before).days


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedOn:
    """What follows from deciding on any of some days, both inclusive: the same dates."""

    first: date
    last: date
    moved: tuple[MovedDate, ...]
    """What is later than if it were decided in time: the go-live that the gate opens first, then the furthest."""

    @property
    def most(self) -> int:
        """Calendar days of the date that moves furthest."""
        return max((m.days for m in self.moved), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """How long a decision can wait."""

    task: TaskId
    planned: date
    """Its planned day; today, where that has passed. All other days are compared with it."""
    day: date
    """The last responsible day: on the next one something is harmed."""
    dates: Mapping[TaskId, date]
    """What is looked at, and when it happens if it is decided in time."""
    names: Mapping[TaskId, str]
    """What people call these."""
    later: tuple[DecidedOn, ...]
    """What the next days after it cost, in runs of the same dates."""


def last_day(programme: Programme, gate: TaskId) -> LastDay:
    """Return the last responsible day of an open decision, and what each later day costs."""
    return programme.once(f"last day of {gate}", lambda: _Search(programme, programme.roadmap.tasks[gate]).found())


def responsible_day(programme: Programme, gate: TaskId) -> date:
    """Return the day of `last_day` alone, in half the time."""

    def found() -> date:
        search = _Search(programme, programme.roadmap.tasks[gate])
        return search.coming.day(search.good)

    return programme.once(f"responsible day of {gate}", found)


def last_days(programme: Programme) -> dict[TaskId, date]:
    """Return the last responsible day of every open decision."""
    asked = (t.id for t in programme.tasks(kind=Kind.DECISION) if not programme.is_done(t.id))
    return {task: responsible_day(programme, task) for task in asked}


def every_day(programme: Programme, gate: TaskId) -> tuple[DecidedOn, ...]:
    """Return what deciding on any coming day moves, in runs of the same dates.

    Nothing from today to the last responsible day; then what moves, for a year, as far as its calendars go.
    """
    task = programme.roadmap.tasks[gate]
    return programme.once(f"days of {gate}", lambda: tuple(_EveryDay(_Search(programme, task)).runs()))


class _ComingDays:
    """The days on which a decision can be made, from its planned one on: each with its finish, in civil minutes."""

    def __init__(self, programme: Programme, gate: Task) -> None:
        self.programme, self.roadmap, self.gate = programme, programme.roadmap, gate
        is_in_windows = gate.starts_on is not None and gate.id not in self.roadmap.progress
        self._coming = self._in_windows() if is_in_windows else self._in_order()
        self._known: list[tuple[date, int]] = []
        self._ended: CalendarExhaustedError | None = None

    def finish(self, number: int) -> int:
        """Return the finish on a day; on one beyond the calendars a `CalendarExhaustedError`."""
        return self._reached(number)[1]

    def day(self, number: int) -> date:
        return self._reached(number)[0]

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
        """As planned on the planned day, and from the evening of each later one."""
        forecast = self.programme.timed(self.gate.id).early_finish
        # Midnight, or the morning after, is the evening before: unless it cannot be made on that day.
        before = self.roadmap.calendar_of(self.gate.id).previous_working(forecast)
        day = last_day_of(before if before >= floor_of(self.roadmap, self.gate) else forecast + 1)
        yield day, forecast
        while True:
            at = evening_of(self.roadmap, self.gate.id, minute_of(day) + DAY)
            day = last_day_of(at)
            if at > forecast:
                yield day, at

    def _in_windows(self) -> Iterator[tuple[date, int]]:
        """It is made where its start window opens, and nowhere between: a board's meetings."""
        timed, placer = self.programme.timed(self.gate.id), Placer(self.roadmap)
        start, finish = timed.early_start, timed.early_finish
        while True:
            yield timed.day_at(finish), finish
            # The window stays open until work has begun after its opening.
            missed = self.roadmap.calendar_of(self.gate.id).next_working(start) + 1
            start, finish = placer.place(self.gate.id, floor=missed)


class _Search:
    """One decision, made on one day after another; the dates that follow are early ones, so they only grow."""

    def __init__(self, programme: Programme, gate: Task) -> None:
        self.programme, self.roadmap, self.gate = programme, programme.roadmap, gate
        self.consequences = programme.slips.consequences
        self.coming = _ComingDays(programme, gate)

    @cached_property
    def good(self) -> int:
        """The last responsible day, counted."""
        good, bad = 0, 1
        while bad < MOST_DAYS and not self._harms(bad):
            good, bad = bad, bad * 2
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (good, middle) if self._harms(middle) else (middle, bad)
        return good

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
        """The deadlines of what is neither a milestone nor a go-live: only missing them does harm."""
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
        runs: list[DecidedOn] = []
        for number in range(good + 1, good + 1 + LATER_DAYS):
            if not (moved := self.moved(number)):
                break
            day = self.coming.day(number)
            first = runs.pop().first if runs and runs[-1].moved == moved else day
            runs.append(DecidedOn(first=first, last=day, moved=moved))
        yield from runs

    def moved(self, number: int) -> tuple[MovedDate, ...] | None:
        """Return what deciding on a day moves; None beyond the calendars."""
        try:
            return tuple(sorted(self._harmed(self._dates(number)), key=self._place))
        except CalendarExhaustedError:
            return None

    def _place(self, moved: MovedDate) -> tuple[bool, int, bool, date, TaskId]:
        """The go-live of the gate's own wave first, then the furthest; of those as far, what people steer by."""
        task, gate = self.roadmap.tasks[moved.task], self.gate
        is_own = task.kind is Kind.GO_LIVE and gate.wave is not None
        is_own = is_own and (task.service, task.wave) == (gate.service, gate.wave)
        is_steered_by = any(m.task == moved.task for m in self.programme.milestones)
        return not is_own, -moved.days, not is_steered_by, moved.before, moved.task


class _EveryDay:
    """One decision on every coming day, in runs of days with the same dates."""

    def __init__(self, search: _Search) -> None:
        self.search, self.coming = search, search.coming
        self.until = self.coming.day(search.good) + FARTHEST

    def runs(self) -> Iterator[DecidedOn]:
        search, coming = self.search, self.coming
        today = search.programme.on if search.roadmap.data_date is not None else coming.day(0)
        yield DecidedOn(first=min(today, coming.day(0)), last=coming.day(search.good), moved=())
        number, length = search.good + 1, 1
        for _ in range(MOST_RUNS):
            if (moved := search.moved(number)) is None or coming.day(number) > self.until:
                return
            end = self._last_alike(number, moved, length)
            yield DecidedOn(first=coming.day(number), last=coming.day(end), moved=moved)
            number, length = end + 1, end + 1 - number

    def _last_alike(self, number: int, moved: tuple[MovedDate, ...], length: int) -> int:
        """Return the last day, counted, with the dates of a day: they only grow, so it is found by bisection.

        It begins where the run would end if it were as long as the one before: most are a month.
        """
        known, beyond, step = number, number + length, 1
        if self._is_alike(beyond, moved):
            known, beyond = beyond, beyond + step
            while self._is_alike(beyond, moved):
                step *= 2
                known, beyond = beyond, beyond + step
        else:
            while (middle := beyond - step) > known and not self._is_alike(middle, moved):
                beyond, step = middle, step * 2
            known = max(known, middle)
        while beyond - known > 1:
            middle = (known + beyond) // 2
            known, beyond = (middle, beyond) if self._is_alike(middle, moved) else (known, middle)
        return known

    def _is_alike(self, number: int, moved: tuple[MovedDate, ...]) -> bool:
        return self.search.moved(number) == moved and self.coming.day(number) <= self.until
