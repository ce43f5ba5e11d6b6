"""A rule about facts: work that began or ended before its predecessors."""

from collections.abc import Iterator, Mapping

from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.pace import lagged
from changeflow.roadmap.model.tasks import Link, Task
from changeflow.values.base import TaskId
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.words import Kind

REPORTED = (Kind.GO_LIVE, Kind.SYSTEM_LIVE, Kind.DECISION)
"""Kinds of milestone that people report. Any other milestone is reached once its predecessors are finished."""

AS_HAPPENED = "If the report is wrong, withdraw it. If it is right, finish the earlier work or get this rule waived."
"""The remedy for work that began too early: changing the plan would not help."""


def work_in_order(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Tasks must start and finish in the order that their links require. Work reported out of order is recorded as it
    happened, and the plan continues from there. The rule compares dates, not times."""
    into = _links_into(programme)
    for task in sorted(programme.facts.progress.keys() & programme.roadmap.tasks.keys()):
        early = _overtaken(programme, task, into)
        # A rule that added a link reports the breach itself.
        overtaken = dict.fromkeys(w.predecessor for w in early if not w.rule)
        if overtaken:
            yield _breach(programme, task, tuple(overtaken), ends=all(w.type.to_finish for w in early))


def undecided_gates(programme: Programme, task: TaskId) -> tuple[Task, ...]:
    """Return the gates that are still undecided although later work has begun."""
    into = _links_into(programme)
    before = dict.fromkeys(w.predecessor for w in _overtaken(programme, task, into))
    tasks = (programme.roadmap.tasks[t] for t in before)
    return tuple(t for t in tasks if t.gate is not None and not programme.is_done(t.id))


def _links_into(programme: Programme) -> dict[TaskId, list[Link]]:
    into: dict[TaskId, list[Link]] = {}
    for link in programme.roadmap.links:
        into.setdefault(link.successor, []).append(link)
    return into


def _overtaken(programme: Programme, task: TaskId, into: Mapping[TaskId, list[Link]]) -> list[Link]:
    return [w for k in into.get(task, ()) for w in _waits(programme, k, into) if _is_overtaken(programme, w)]


def _breach(programme: Programme, task: TaskId, overtaken: tuple[TaskId, ...], *, ends: bool) -> Breach:
    about, done = programme.roadmap.tasks[task], programme.facts.progress[task]
    day = format_day(last_day_of(done.actual_finish) if ends and done.actual_finish else day_of(done.actual_start))
    others = [programme.roadmap.tasks[t] for t in overtaken]
    names = ", ".join(f"the gate “{t.name}”" if t.gate else f"“{t.name}”" for t in others)
    message = f"“{about.name}” {'finished' if ends else 'started'} on {day}, too early. It depends on {names}."
    return Breach("R31", task, message, about.service, about.schools)


def _waits(programme: Programme, link: Link, into: Mapping[TaskId, list[Link]]) -> Iterator[Link]:
    """Yield a link from a reported task; for an unreported milestone, links from its own predecessors instead."""
    before = programme.roadmap.tasks[link.predecessor]
    if not before.is_milestone or before.kind in REPORTED or before.id in programme.roadmap.progress:
        yield link
        return
    for earlier in into.get(before.id, ()):
        behind = Link(earlier.predecessor, link.successor, link.type, link.lag, link.origin)
        yield from _waits(programme, behind, into)


def _is_overtaken(programme: Programme, link: Link) -> bool:
    """Return whether a task began or ended on an earlier day than a link allowed."""
    after, before = programme.facts.progress[link.successor], programme.roadmap.progress.get(link.predecessor)
    at = after.actual_finish if link.type.to_finish else after.actual_start
    if at is None:
        return False
    has_happened = before is not None and (before.is_done or not link.type.from_finish)
    if not has_happened and link.lag.amount >= 0:
        return True
    timed = programme.timed(link.predecessor)
    span = timed.early_start, timed.early_finish
    bound = lagged(programme.roadmap, span[link.type.from_finish], link, span)
    if link.type.to_finish:
        return last_day_of(bound) > last_day_of(at)
    if link.type.from_finish and link.lag.is_zero:
        return last_day_of(bound) > day_of(at)
    return day_of(programme.roadmap.calendar_of(link.successor).next_working(bound)) > day_of(at)
