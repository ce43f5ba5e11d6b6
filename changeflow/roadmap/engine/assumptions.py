"""Assumed dates of a schedule: those that depend on terms and pay periods beyond the files."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from changeflow.calendar.extent import GivenDates
from changeflow.roadmap.engine.arrays import DONE, FLAGS, LINK, STATE, SUMMARY, TASK, Arrays
from changeflow.roadmap.engine.backward import end_holds_late, holds_late
from changeflow.roadmap.engine.jit import viewed
from changeflow.roadmap.engine.net import Result, net_of
from changeflow.roadmap.engine.pace import PAY_PERIODS, Span, lagged
from changeflow.roadmap.model.tasks import Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import day_of, last_day_of

Beyond = Mapping[TaskId, tuple[GivenDates, ...]]
"""The given dates that tasks' dates go beyond."""


@dataclass(frozen=True)
class Assumptions:
    """The assumptions behind dates."""

    early: Beyond
    """For each task with assumed early dates, through its own days or its drivers': the given dates exceeded."""
    own: Beyond
    """The same, only through its own days."""
    own_late: Beyond
    """For each task with assumed late dates, only through its own days: the given dates exceeded."""
    carried: Callable[[], Beyond] | None = field(default=None, compare=False, repr=False)
    """Computes `late` on demand, because not every schedule needs it."""

    @cached_property
    def late(self) -> Beyond:
        """For each task with assumed late dates, through its own days or its successors': the given dates exceeded."""
        return self.carried() if self.carried is not None else self.own_late


NOTHING_ASSUMED = Assumptions({}, {}, {})


def assumptions_of(roadmap: Roadmap, arrays: Arrays, result: Result) -> Assumptions:
    """Find a schedule's assumptions. Complexity: O(tasks + links), and almost none if all days are given."""
    given = {g for c in roadmap.calendars.values() for g in c.given}
    given |= {g for p in roadmap.periods.values() for g in p.given}
    if not given or not len(arrays.hot):
        return NOTHING_ASSUMED
    first = min(int(result.early[:, 0].min()), int(result.late[:, 0].min()))
    last = max(int(result.early[:, 1].max()), int(result.late[:, 1].max()))
    if all(_covers(g, first, last) for g in given):
        return NOTHING_ASSUMED
    early: dict[TaskId, tuple[GivenDates, ...]] = {}
    own: dict[TaskId, tuple[GivenDates, ...]] = {}
    late: dict[TaskId, tuple[GivenDates, ...]] = {}
    # As lists, because taking numbers individually out of arrays is several times as slow.
    dates, states, first_into = result.early.tolist(), arrays.cold[:, STATE].tolist(), arrays.first_into.tolist()
    befores, numbers, drives = arrays.into[TASK].tolist(), arrays.into[LINK].tolist(), result.drives.tolist()
    for row, (name, late_dates) in enumerate(zip(arrays.ids, result.late.tolist(), strict=True)):
        if states[row] == DONE:
            continue
        task = roadmap.tasks[name]
        drivers = [j for j in range(first_into[row], first_into[row + 1]) if drives[j]]
        beyond = list(goes_beyond(roadmap, task, *dates[row]))
        for j in drivers:
            start, finish = dates[befores[j]]
            beyond += lag_goes_beyond(roadmap, task, arrays.links[numbers[j]], (start, finish))
        if beyond:
            own[name] = tuple(dict.fromkeys(beyond))
        behind = (g for j in drivers for g in early.get(arrays.ids[befores[j]], ()))
        if found := tuple(dict.fromkeys((*beyond, *behind))):
            early[name] = found
        if behind_late := tuple(goes_beyond(roadmap, task, *late_dates)):
            late[name] = behind_late
    return Assumptions(early, own, late, partial(_carried_back, roadmap, arrays, result, early, late))


def _carried_back(roadmap: Roadmap, arrays: Arrays, result: Result, early: Beyond, own: Beyond) -> Beyond:
    """Carry assumptions of late dates back to the tasks whose late dates depend on them.

    The end, if it is the finish of the last task, depends on the assumptions of that finish.
    """
    n, r, end = viewed(net_of(arrays, result.trouble.copy())), viewed(result), int(result.end[0])
    last = (t for t in early if roadmap.finish is None and result.early[arrays.row_of[t], 1] == end)
    of_end = tuple(dict.fromkeys(g for t in last for g in early[t]))
    late: dict[TaskId, tuple[GivenDates, ...]] = {}
    for i in n.backwards:
        if arrays.cold[i, STATE] == DONE or arrays.hot[i, FLAGS] & SUMMARY:
            continue
        name = arrays.ids[i]
        found = [*own.get(name, ())]
        for m in range(int(arrays.first_out[i]), int(arrays.first_out[i + 1])):
            after, link = arrays.ids[int(arrays.out[TASK, m])], arrays.links[int(arrays.out[LINK, m])]
            beyond = [*late.get(after, ())]
            if not link.lag.is_zero:
                span = result.late[i].tolist()
                beyond += lag_goes_beyond(roadmap, roadmap.tasks[after], link, (span[0], span[1]))
            if beyond and holds_late(n, i, m, r):
                found += beyond
        if of_end and end_holds_late(n, i, r):
            found += of_end
        if found:
            late[name] = tuple(dict.fromkeys(found))
    return late


def _end_of(link: Link) -> int:
    return 1 if link.type.from_finish else 0


def _covers(given: GivenDates, start: int, finish: int) -> bool:
    return given.covers(day_of(start), max(day_of(start), last_day_of(finish)))


def goes_beyond(roadmap: Roadmap, task: Task, start: int, finish: int) -> Iterator[GivenDates]:
    """Yield the given dates that a task's own days exceed, whether by its start window or its duration."""
    if task.starts_on is not None:
        yield from (g for g in roadmap.periods[task.starts_on].given if not _covers(g, start, start + 1))
    if not task.duration.is_zero:
        yield from (g for g in _given(roadmap, task, task.duration) if not _covers(g, start, finish))


def lag_goes_beyond(roadmap: Roadmap, task: Task, link: Link, before: Span) -> Iterable[GivenDates]:
    """Return the given dates that a driving link's lag exceeds; `before` is its predecessor's span."""
    if link.lag.is_zero:
        return ()
    at = before[_end_of(link)]
    ends = lagged(roadmap, at, link, before)
    return [g for g in _given(roadmap, task, link.lag) if not _covers(g, min(at, ends), max(at, ends))]


def _given(roadmap: Roadmap, task: Task, amount: Duration) -> Sequence[GivenDates]:
    """Return the source of the dates in which an amount passes for a task."""
    if amount.unit is Unit.ELAPSED:
        return ()
    if amount.unit is Unit.PAY_PERIODS:
        return roadmap.periods[PAY_PERIODS].given
    if amount.unit is Unit.TERMS:
        return roadmap.periods[task.terms].given
    if amount.unit is Unit.SCHOOL_WEEKS:
        return roadmap.calendars[task.term_calendar or task.calendar].given
    return roadmap.calendars[task.placed_on or task.calendar].given
