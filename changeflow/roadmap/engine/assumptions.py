"""Which dates of a schedule rest on days that nobody has given: terms and pay periods beyond those of the files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from changeflow.calendar.extent import GivenDates
from changeflow.roadmap.engine.arrays import DONE, LINK, STATE, TASK, Arrays, Result
from changeflow.roadmap.engine.pace import PAY_PERIODS, Span, lagged
from changeflow.roadmap.model.tasks import Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import day_of, last_day_of


class Assumptions(NamedTuple):
    """What dates rest on that nobody has given."""

    early: Mapping[TaskId, tuple[GivenDates, ...]]
    """For each task whose early dates do, by its own days or by those of what drives it: what they go beyond."""
    own: Mapping[TaskId, tuple[GivenDates, ...]]
    """The same, by its own days alone."""
    late: Mapping[TaskId, tuple[GivenDates, ...]]
    """For each task whose late dates do, by its own days: what they go beyond."""


NOTHING_ASSUMED = Assumptions({}, {}, {})


def assumptions_of(roadmap: Roadmap, arrays: Arrays, result: Result) -> Assumptions:
    """Find what a schedule assumes. Complexity: O(tasks + links), and next to nothing where all days are given."""
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
    for row, name in enumerate(arrays.ids):
        if arrays.cold[row, STATE] == DONE:
            continue
        task, (start, finish) = roadmap.tasks[name], result.early[row].tolist()
        into = range(int(arrays.first_into[row]), int(arrays.first_into[row + 1]))
        drivers = [j for j in into if result.drives[j]]
        links = [arrays.links[int(arrays.into[LINK, j])] for j in drivers]
        beyond = list(goes_beyond(roadmap, task, start, finish))
        for j, link in zip(drivers, links, strict=True):
            dates = result.early[arrays.into[TASK, j]].tolist()
            beyond += lag_goes_beyond(roadmap, task, link, (dates[0], dates[1]))
        if beyond:
            own[name] = tuple(dict.fromkeys(beyond))
        behind = (g for j in drivers for g in early.get(arrays.ids[int(arrays.into[TASK, j])], ()))
        if found := tuple(dict.fromkeys((*beyond, *behind))):
            early[name] = found
        if behind_late := tuple(goes_beyond(roadmap, task, *result.late[row].tolist())):
            late[name] = behind_late
    return Assumptions(early, own, late)


def _end_of(link: Link) -> int:
    return 1 if link.type.from_finish else 0


def _covers(given: GivenDates, start: int, finish: int) -> bool:
    return given.covers(day_of(start), max(day_of(start), last_day_of(finish)))


def goes_beyond(roadmap: Roadmap, task: Task, start: int, finish: int) -> Iterator[GivenDates]:
    """Yield what a task's own days go beyond: its start window's, and its duration's."""
    if task.starts_on is not None:
        yield from (g for g in roadmap.periods[task.starts_on].given if not _covers(g, start, start + 1))
    if not task.duration.is_zero:
        yield from (g for g in _given(roadmap, task, task.duration) if not _covers(g, start, finish))


def lag_goes_beyond(roadmap: Roadmap, task: Task, link: Link, before: Span) -> Iterable[GivenDates]:
    """Return what the days of a driving link's lag go beyond; `before` is its predecessor's span."""
    if link.lag.is_zero:
        return ()
    at = before[_end_of(link)]
    ends = lagged(roadmap, at, link, before)
    return [g for g in _given(roadmap, task, link.lag) if not _covers(g, min(at, ends), max(at, ends))]


def _given(roadmap: Roadmap, task: Task, amount: Duration) -> Sequence[GivenDates]:
    """Return what the dates in which an amount passes for a task are given by."""
    if amount.unit is Unit.ELAPSED:
        return ()
    if amount.unit is Unit.PAY_PERIODS:
        return roadmap.periods[PAY_PERIODS].given
    if amount.unit is Unit.TERMS:
        return roadmap.periods[task.terms].given
    if amount.unit is Unit.SCHOOL_WEEKS:
        return roadmap.calendars[task.term_calendar or task.calendar].given
    return roadmap.calendars[task.placed_on or task.calendar].given
