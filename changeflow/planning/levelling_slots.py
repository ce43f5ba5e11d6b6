"""Turn a programme into a levelling problem: civil time in slots, with calendars and lags as tables."""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from changeflow.calendar.working import WorkingCalendar
from changeflow.planning.levelling_links import LinkRows, after_elapsed, slot_of
from changeflow.roadmap.engine.pace import periods_of, work_of
from changeflow.roadmap.engine.replan import Placer
from changeflow.roadmap.engine.spans import earliest_start_of, finish_of, land_at
from changeflow.roadmap.levelling.exact import Axis
from changeflow.roadmap.levelling.problem import ALWAYS, FREE, Bind, Ints, Keep, LevelProblem, Piece
from changeflow.roadmap.levelling.teams import Capacity, in_use
from changeflow.roadmap.model.tasks import Bound, Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, day_of

LONGEST, SHORTEST = 30, 15
"""The length of a slot for booking people, in minutes: half an hour if all work fits it, otherwise a quarter."""
LATE = 10
"""The weight of one slot of lateness, relative to one slot of the last finish: our own choice. One slot of the last
finish outweighs all starts together, so starts only decide between plans with the same end."""


def slot_minutes(roadmap: Roadmap) -> int:
    """Return the length of a slot, which divides working hours and durations, within our limits."""
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
    """The input of levelling."""

    roadmap: Roadmap
    order: Sequence[TaskId]
    """Predecessors first."""
    dates: Mapping[TaskId, tuple[int, int]]
    """The start and finish of every task, according to links alone."""
    fixed: frozenset[TaskId]
    """Fixed tasks."""
    capacity: Capacity
    keeps: tuple[tuple[TaskId, TaskId, Duration], ...] = ()
    """Maximum lags: (first, second, longest time between them)."""


@dataclass(frozen=True)
class SlotPlan:
    """A problem in slots, with the conversion to civil time."""

    axis: Axis
    problem: LevelProblem
    order: Sequence[TaskId]


def slot_plan(request: LevelRequest, start: int, end: int) -> SlotPlan:
    """Cut the time between two instants into slots, and the work into pieces."""
    roadmap, teams = request.roadmap, request.capacity.teams
    axis = Axis(in_use(roadmap), start, end, slot_minutes(roadmap))
    placer = Placer(roadmap)
    at_night, begins_at_night = _at_night(roadmap, request.order)
    works = _works(placer, request.order, begins_at_night)
    partly: dict[WorkingCalendar | None, NDArray[np.bool_]]
    partly = {c: slots for c in dict.fromkeys(w.calendar for w in works) if c and not (slots := axis.works(c)).all()}
    tables = {key: _table(axis, placer, work) for key, work in {w.table: w for w in works if w.table}.items()}
    pieces = _pieces(request, axis, placer, works, list(partly), list(tables))
    place = {task: n for n, task in enumerate(request.order)}
    breaks = {w.task.id: None if w.table else partly.get(w.calendar) for w in works}
    rows = LinkRows(axis, placer, at_night)
    after_links = [
        rows.of_link(n, request.dates[link.predecessor], breaks[link.successor]) for n, link in enumerate(roadmap.links)
    ]
    after_keeps = [rows.of_keep(roadmap.tasks[after], within) for _, after, within in request.keeps]
    lags = {row.tobytes(): row for row in (*after_links, *after_keeps) if row is not None}
    number = {key: n for n, key in enumerate(lags)}
    days = (axis.opens // DAY).tolist()
    amounts = np.array([[request.capacity.on(team, day) for day in days] for team in teams], np.int64)
    open_count = max(1, sum(p.fixed is None for p in pieces))
    problem = LevelProblem(
        pieces=pieces,
        binds=tuple(
            Bind(
                before=place[link.predecessor],
                after=place[link.successor],
                from_start=not link.type.from_finish,
                to_finish=link.type.to_finish,
                table=FREE if row is None else number[row.tobytes()],
            )
            for link, row in zip(roadmap.links, after_links, strict=True)
        ),
        resources=teams,
        amounts=amounts.reshape(len(teams), len(axis)),
        keeps=tuple(
            Keep(before=place[first], after=place[second], table=FREE if row is None else number[row.tobytes()])
            for (first, second, _), row in zip(request.keeps, after_keeps, strict=True)
        ),
        works=tuple(partly.values()),
        lands=tuple(land for land, _ in tables.values()),
        ends=tuple(end for _, end in tables.values()),
        lags=tuple(lags.values()),
        weight=(LATE * open_count * len(axis), open_count * len(axis), 1),
    )
    return SlotPlan(axis, problem, request.order)


@dataclass(frozen=True, slots=True)
class _Work:
    """The kinds of time that one task takes, and its calendar."""

    task: Task
    calendar: WorkingCalendar | None
    """The one calendar of its working time; None for periods, elapsed time, or several people."""
    minutes: int
    table: tuple[object, ...] | None
    """The key of its own table; None if its calendar alone decides how long it takes."""
    begins: int | None = None
    """When it begins in its first slot, if not when the slot opens."""
    follows_work: bool = False
    """Whether it is elapsed time that begins when people leave, not when they return."""


def _at_night(roadmap: Roadmap, order: Iterable[TaskId]) -> tuple[set[TaskId], set[TaskId]]:
    """Return the tasks that can end when people leave, and those that can begin then.

    Work can end then, and so can elapsed time that begins then or has a link to its finish.
    """
    into: dict[TaskId, list[Link]] = {}
    for link in roadmap.links:
        into.setdefault(link.successor, []).append(link)
    ends, begins = set[TaskId](), set[TaskId]()
    for task in order:
        unit, links = roadmap.tasks[task].duration.unit, into.get(task, ())
        finishes = (k for k in links if k.type.from_finish and not k.type.to_finish)
        if any(k.predecessor in ends or (k.lag.unit.counts_working_time and k.lag.amount > 0) for k in finishes):
            begins.add(task)
        is_wait = unit is Unit.ELAPSED and (task in begins or any(k.type.to_finish for k in links))
        if unit.counts_working_time or is_wait:
            ends.add(task)
    return ends, begins


def _works(placer: Placer, order: Iterable[TaskId], begins_at_night: Set[TaskId]) -> list[_Work]:
    """Return the kinds of time that each task takes."""
    followers = {k.successor for k in placer.roadmap.links}
    return [_work(placer, placer.roadmap.tasks[t], t in followers, t in begins_at_night) for t in order]


def _work(placer: Placer, task: Task, has_predecessors: bool, follows_work: bool) -> _Work:
    roadmap = placer.roadmap
    calendar, minutes = work_of(task, roadmap) or (None, 0)
    if calendar is not None and not task.starts_on:
        return _Work(task, calendar, minutes, None)
    # An elapsed wait may begin while no one works, when there is no slot to give its time.
    is_elapsed = task.duration.unit is Unit.ELAPSED
    begins = _release(placer, task) if is_elapsed and not has_predecessors else None
    follows = is_elapsed and follows_work and not task.starts_on
    calendars = (task.placed_on or task.calendar, task.term_calendar, task.terms)
    return _Work(task, calendar, minutes, (*calendars, task.duration, task.starts_on, begins, follows), begins, follows)


def _pieces(
    request: LevelRequest,
    axis: Axis,
    placer: Placer,
    works: Sequence[_Work],
    calendars: Sequence[WorkingCalendar | None],
    tables: Sequence[tuple[object, ...] | None],
) -> tuple[Piece, ...]:
    calendar_of = {calendar: n for n, calendar in enumerate(calendars, ALWAYS + 1)}
    table_of = {key: n for n, key in enumerate(tables)}
    teams, waiting = request.capacity.teams, _starts_waiting(request)
    return tuple(
        Piece(
            id=w.task.id,
            work=-(-w.minutes // axis.minutes),
            needs=tuple((n, w.task.needs[team]) for n, team in enumerate(teams) if team in w.task.needs),
            calendar=calendar_of.get(w.calendar, ALWAYS),
            table=table_of.get(w.table, FREE),
            holds=w.task.holds_people or w.calendar is None,
            release=min(_first_slot(axis, placer, w.task), len(axis) - 1),
            fixed=_fixed(axis, *request.dates[w.task.id]) if w.task.id in request.fixed else None,
            due=_due(axis, w.task, waiting.get(w.task.id, ())),
        )
        for w in works
    )


def _first_slot(axis: Axis, placer: Placer, task: Task) -> int:
    at = _release(placer, task)
    if task.begins_in_windows:
        # A window that opened earlier may not be missed yet.
        at = min(at, placer.ask(land_at, task.id, at))
    return axis.slot(at)


def _release(placer: Placer, task: Task) -> int:
    start = placer.roadmap.start
    if task.duration.unit is Unit.ELAPSED and not task.starts_on:
        # As in the forward pass: a task placed only by the start begins when people arrive, even an elapsed wait.
        start = placer.roadmap.calendars[task.calendar].next_working(start)
    at = max(start, placer.roadmap.data_date or start)
    for constraint in task.constraints:
        if constraint.bound is Bound.START_NO_EARLIER:
            at = max(at, constraint.at)
        elif constraint.bound is Bound.FINISH_NO_EARLIER:
            at = max(at, placer.ask(earliest_start_of, task.id, constraint.at))
    return at


def _fixed(axis: Axis, start: int, finish: int) -> tuple[int, int]:
    low, high = axis.span(start, finish)
    return low, max(low, high)


def _due(axis: Axis, task: Task, waiting: Sequence[int]) -> int | None:
    """Return the boundary by which it should finish: its own deadline, or the start of a fixed successor."""
    known = [*(c.at for c in task.constraints if c.bound is Bound.FINISH_NO_LATER), *waiting]
    known += [task.deadline] if task.deadline is not None else []
    return axis.slot(min(known)) if known else None


def _starts_waiting(request: LevelRequest) -> dict[TaskId, list[int]]:
    """Return the starts of fixed tasks, by predecessor."""
    found: dict[TaskId, list[int]] = {}
    for link in request.roadmap.links:
        if link.successor in request.fixed and link.type.from_finish and not link.type.to_finish:
            found.setdefault(link.predecessor, []).append(request.dates[link.successor][0])
    return found


def _table(axis: Axis, placer: Placer, work: _Work) -> tuple[Ints, Ints]:
    """Return the actual start for each slot, and its finish."""
    count, finish = len(axis), partial(placer.ask, finish_of, work.task.id)
    starts = np.unique(np.array(_landings(axis, placer, work.task), np.int64))
    starts = starts[starts < count]
    land = np.append(starts, count)[np.searchsorted(starts, np.arange(count))].astype(np.int32)
    at = (axis.ends if work.follows_work else axis.opens)[starts]
    if work.begins is not None:
        at[starts == axis.slot(work.begins)] = work.begins
    end = np.full(count, count + 1, np.int32)
    if work.task.duration.unit is Unit.ELAPSED and work.task.manual is None:
        end[starts] = after_elapsed(axis, at, work.task.duration)
    else:
        end[starts] = [slot_of(axis, finish, instant, beyond=count + 1) for instant in at.tolist()]
    return land, end


def _landings(axis: Axis, placer: Placer, task: Task) -> Sequence[int]:
    if task.starts_on:
        periods = placer.roadmap.periods[task.starts_on]
    elif task.duration.unit.is_whole_period:
        periods = periods_of(task, task.duration.unit, placer.roadmap)
    else:
        return range(len(axis))
    first, last = int(axis.opens[0]), int(axis.opens[-1])
    # A window that opened earlier is not missed if no one has worked since.
    inside = (first, *periods.starts_within(day_of(first), day_of(last)))
    return [axis.slot(placer.ask(land_at, task.id, at)) for at in inside]
