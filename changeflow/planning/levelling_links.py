"""Links in slots: the boundary after each link, for each boundary at which its predecessor starts or finishes."""

import math
from collections.abc import Callable, Iterator, Sequence, Set
from functools import partial

import numpy as np
from numpy.typing import NDArray

from changeflow.calendar.working import WorkingCalendar
from changeflow.errors import CalendarExhaustedError
from changeflow.roadmap.engine.pace import Span, periods_of, shared_lag, shift
from changeflow.roadmap.engine.replan import Placer
from changeflow.roadmap.engine.spans import finish_of, land_at
from changeflow.roadmap.levelling.exact import Axis
from changeflow.roadmap.levelling.problem import Ints
from changeflow.roadmap.model.tasks import Link, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import day_of

Instants = NDArray[np.int64]


class LinkRows:
    """Compute the rows of links, with shared parts only once. The tasks `at_night` can end when people leave."""

    def __init__(self, axis: Axis, placer: Placer, at_night: Set[TaskId]) -> None:
        self.axis = axis
        self.at_night = at_night
        self.placer = placer
        self.roadmap = placer.roadmap
        self.opens: Instants = np.append(axis.opens, axis.ends[-1:])
        self.of_periods: dict[tuple[object, ...], list[Span]] = {}
        self.instants: dict[tuple[object, ...], Instants] = {}
        self.moves: dict[tuple[object, ...], Ints] = {}
        self.last_work: dict[WorkingCalendar, Ints] = {}

    def of_link(self, number: int, planned: Span, works: NDArray[np.bool_] | None) -> Ints | None:
        """Return the boundary after a link for each boundary; None if each is always followed by itself.

        `planned` are the predecessor's dates. `works` are the slots of a successor that has breaks.
        """
        link = self.roadmap.links[number]
        row, after = self._row(number, link, planned), self.roadmap.tasks[link.successor]
        if after.begins_in_windows:
            # A window is not missed while no one could have worked since it opened.
            last = self._last_work(self.roadmap.calendar_of(after.id))
        elif works is not None and link.type.to_finish:
            # In working time, a finish in a break equals the beginning of the break.
            last = _last(works)
        else:
            return row
        moved: Ints = last if row is None else last[row]
        return moved

    def of_keep(self, after: Task, lag: Duration) -> Ints | None:
        """Return the last boundary at which `after` may start, for each boundary at which another task finishes."""
        if lag.is_zero:
            return None
        if lag.unit not in (Unit.ELAPSED, Unit.WORKING):
            move = partial(shift, lag=lag, task=after, roadmap=self.roadmap)
            return moved(self.axis, move, self.axis.ends.tolist(), beyond=len(self.axis))
        return self._passed(self.axis.ends, lag, after)

    def _row(self, number: int, link: Link, planned: Span) -> Ints | None:
        before, after, lag = self.roadmap.tasks[link.predecessor], self.roadmap.tasks[link.successor], link.lag
        at = self._instants(before, from_finish=link.type.from_finish)
        if lag.is_zero:
            return None
        if lag.unit is Unit.PERCENT:
            if before.duration.unit.is_whole_period:
                return self._shared_by_periods(number, link, before)
            part, calendar = shared_lag(self.roadmap, link, planned)
            is_elapsed = part.unit is Unit.ELAPSED
            return after_elapsed(self.axis, at, part) if is_elapsed else after_work(self.axis, calendar, part)
        if lag.unit not in (Unit.ELAPSED, Unit.WORKING):
            key = (lag, *_calendars(after), id(at))
            if key not in self.moves:
                move = partial(self._after_lag, number, planned)
                self.moves[key] = moved(self.axis, move, at.tolist(), beyond=len(self.axis))
            return self.moves[key]
        return self._passed(at, lag, after)

    def _passed(self, at: Instants, lag: Duration, after: Task) -> Ints:
        if lag.unit is Unit.ELAPSED:
            return after_elapsed(self.axis, at, lag)
        return after_work(self.axis, self.roadmap.calendars[after.calendar], lag)

    def _after_lag(self, number: int, span: Span, at: int) -> int:
        return self.placer.after_lag(number, at, *span)

    def _shared_by_periods(self, number: int, link: Link, before: Task) -> Ints:
        """Return the row of a lag that is a share of whole periods, whose lengths differ."""
        count = len(self.axis)
        found = np.full(count + 1, count, np.int32)
        for start, finish in self._spans(before):
            at = finish if link.type.from_finish else start
            boundary = self.axis.slot(at)
            lands = slot_of(self.axis, partial(self._after_lag, number, (start, finish)), at, beyond=count)
            found[boundary] = min(lands, int(found[boundary]))
        least: Ints = np.minimum.accumulate(found[::-1])[::-1]
        return least

    def _instants(self, task: Task, *, from_finish: bool) -> Instants:
        """Return when a task starts or finishes at each boundary; at night that can be at any time.

        Work ends when people leave, whole periods begin and end at midnight, and everything else begins when people
        arrive. A wait can end at any hour of a night; the earliest is used.
        """
        if not task.duration.unit.is_whole_period:
            return self.axis.ends if from_finish and task.id in self.at_night else self.opens
        key = (from_finish, task.duration, *_calendars(task))
        if key not in self.instants:
            found = self.opens.copy()
            for span in self._spans(task):
                boundary = self.axis.slot(span[from_finish])
                found[boundary] = min(span[from_finish], int(found[boundary]))
            self.instants[key] = found
        return self.instants[key]

    def _spans(self, task: Task) -> list[Span]:
        """Return the dates that a task of whole periods can have."""
        key = (task.duration, task.starts_on, *_calendars(task))
        if key not in self.of_periods:
            self.of_periods[key] = list(self._each_span(task))
        return self.of_periods[key]

    def _each_span(self, task: Task) -> Iterator[Span]:
        periods = periods_of(task, task.duration.unit, self.roadmap)
        for opens in periods.starts_within(day_of(int(self.axis.opens[0])), day_of(int(self.axis.opens[-1]))):
            try:
                start = self.placer.ask(land_at, task.id, opens)
                yield start, self.placer.ask(finish_of, task.id, start)
            except CalendarExhaustedError:
                return

    def _last_work(self, calendar: WorkingCalendar) -> Ints:
        if calendar not in self.last_work:
            self.last_work[calendar] = _last(self.axis.works(calendar))
        return self.last_work[calendar]


def _calendars(task: Task) -> tuple[object, ...]:
    return task.placed_on, task.calendar, task.term_calendar, task.terms


def _last(works: NDArray[np.bool_]) -> Ints:
    """Return the end of the last work at or before each boundary."""
    found: Ints = np.maximum.accumulate(np.where(np.append(False, works), np.arange(len(works) + 1), 0)).astype(
        np.int32
    )
    return found


def slot_of(axis: Axis, move: Callable[[int], int], at: int, *, beyond: int) -> int:
    """Return the slot of an instant, or the slot after the end if the calendars end sooner."""
    try:
        return axis.slot(move(at))
    except CalendarExhaustedError:
        return beyond


def moved(axis: Axis, move: Callable[[int], int], instants: Sequence[int], *, beyond: int) -> Ints:
    """Return the slots to which ordered instants move. If two of them move to the same slot, so do all those between
    them."""
    found = np.empty(len(instants), np.int32)
    last = len(instants) - 1
    found[0], found[last] = (slot_of(axis, move, instants[n], beyond=beyond) for n in (0, last))
    spans = [(0, last)]
    while spans:
        low, high = spans.pop()
        if found[low] == found[high]:
            found[low:high] = found[low]
        elif high - low > 1:
            middle = (low + high) // 2
            found[middle] = slot_of(axis, move, instants[middle], beyond=beyond)
            spans += (low, middle), (middle, high)
    return found


def after_elapsed(axis: Axis, instants: NDArray[np.int64], lag: Duration) -> Ints:
    found: Ints = np.searchsorted(axis.opens, instants + lag.amount).astype(np.int32)
    return found


def after_work(axis: Axis, calendar: WorkingCalendar, lag: Duration) -> Ints:
    works, count = axis.works(calendar), len(axis)
    rank = np.concatenate([[0], np.cumsum(works)])
    place = np.append(np.flatnonzero(works), count)
    later: Ints = place[np.clip(rank + math.ceil(lag.amount / axis.minutes), 0, len(place) - 1)].astype(np.int32)
    return later
