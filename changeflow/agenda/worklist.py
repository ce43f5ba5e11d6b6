"""The task list: which tasks are late, due, begun, ready or waiting on a day, and who owns them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from changeflow.agenda.due import Answer, AnswerKind, GivenAnswers, due_day, in_hand, is_work
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId
from changeflow.values.moments import day_of, minute_of

AHEAD = timedelta(days=7)
"""How far ahead a task counts as due: our own choice."""


class WorkState(StrEnum):
    """The state of a task. Late and due tasks have begun, or everything before them is finished."""

    LATE = "late"
    DUE = "due"
    BEGUN = "begun"
    READY = "ready"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One task on the list."""

    task: Task
    state: WorkState
    first: date
    """Its first day: the actual one, or the forecast's."""
    due: date
    """Its due date, computed from what has happened before it, so that it does not slip unnoticed; for a waiting task,
    the last day of its forecast."""
    days_late: int
    """Working days of its calendar since its due date."""
    not_before: date | None
    """The earliest day on which it can begin, if it waits for a meeting, a month or the end of a lag."""
    asked: str | None
    """The person asked: the owner, or the person it was passed on to."""


class WeekGroup(StrEnum):
    """Why a task is on the list of this week, in the order of the list."""

    BLOCKED = "blocked"
    """The person asked has answered that something is in the way."""
    LATE = "late"
    DUE = "due"
    STARTS = "starts"
    """It can start, or is planned to, within the week."""
    OTHER = "other"
    """None of these: it was asked for."""


@dataclass(frozen=True, slots=True)
class WeekItem:
    """One task of this week."""

    group: WeekGroup
    item: WorkItem


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFilter:
    """Which tasks to list; a task must match every part that is given."""

    states: frozenset[WorkState] = frozenset()
    """Empty means all except done."""
    person: str | None = None
    words: tuple[str, ...] = ()
    """Each must be part of the task's id, its wave's id, its name, or its owner's name and role, in any case."""
    wave: str | None = None
    service: str | None = None

    def takes(self, programme: Programme, item: WorkItem) -> bool:
        task = item.task
        owner = programme.person(item.asked) if item.asked else ""
        text = f"{task.id} {task.wave or ''} {task.name} {owner}".casefold()
        return (
            (item.state in self.states if self.states else item.state is not WorkState.DONE)
            and (self.person is None or item.asked == self.person)
            and (self.wave is None or task.wave == self.wave)
            and (self.service is None or task.service == self.service)
            and all(word.casefold() in text for word in self.words)
        )


def work_list(
    programme: Programme,
    wanted: WorkFilter,
    *,
    today: date,
    ahead: date | None = None,
    answers: GivenAnswers | None = None,
) -> tuple[WorkItem, ...]:
    """Return the tasks that match: late ones first, from the earliest due date, then the others by day and id.

    `ahead` is the last day on which a task counts as due; by default, a week ahead.
    """
    until, given = ahead or today + AHEAD, answers or GivenAnswers()
    steered = {m.task for m in programme.milestones}
    tasks = (t for t in programme.tasks() if t.id not in steered and is_work(t))
    items = (_item(programme, t, today, until, given) for t in tasks)
    found = [item for item in items if wanted.takes(programme, item)]
    order = list(WorkState)
    return tuple(sorted(found, key=lambda i: (order.index(i.state) > 0, i.due, i.first, i.task.id)))


def week_of(
    programme: Programme, *, today: date, answers: GivenAnswers | None = None, also: Collection[TaskId] = ()
) -> tuple[WeekItem, ...]:
    """Return the tasks of this week, by group; `also` are tasks to list in any case."""
    given = answers or GivenAnswers()
    last = {(a.subject, a.person): a for a in given.all}
    everything = WorkFilter(states=frozenset(WorkState))
    found = [
        WeekItem(group, item)
        for item in work_list(programme, everything, today=today, answers=given)
        if (group := _group(item, today, last, also)) is not None
    ]
    order = list(WeekGroup)
    return tuple(sorted(found, key=lambda f: order.index(f.group)))


def _group(
    item: WorkItem, today: date, last: Mapping[tuple[str, str], Answer], also: Collection[TaskId]
) -> WeekGroup | None:
    if item.state is not WorkState.DONE:
        answer = last.get((item.task.id, item.asked or ""))
        if answer is not None and answer.kind is AnswerKind.BLOCKED:
            return WeekGroup.BLOCKED
        if item.state in (WorkState.LATE, WorkState.DUE):
            return WeekGroup(item.state.value)
        is_ahead = item.state in (WorkState.READY, WorkState.WAITING)
        if is_ahead and today <= item.first <= today + AHEAD:
            return WeekGroup.STARTS
    return WeekGroup.OTHER if item.task.id in also else None


def work_item(programme: Programme, task: TaskId, *, today: date, answers: GivenAnswers) -> WorkItem:
    """Return one task as the list would show it, whatever its state."""
    return _item(programme, programme.roadmap.tasks[task], today, today + AHEAD, answers)


def _item(programme: Programme, task: Task, today: date, until: date, answers: GivenAnswers) -> WorkItem:
    progress = programme.roadmap.progress.get(task.id)
    first, due = programme.days_of(task.id)
    state, late, not_before = WorkState.WAITING, 0, None
    if progress is not None and progress.is_done:
        state = WorkState.DONE
    elif progress is not None or in_hand(programme, task):
        not_before = first if progress is None and not _can_begin(programme, task, today) else None
        # The due date depends only on what has happened: a task that no one starts is late, even if its forecast moves.
        if (since := due_day(programme.unslipped.schedule, task)) < today:
            due, state, late = since, WorkState.LATE, _days_late(programme, task, since, today)
        elif since <= until:
            due, state = since, WorkState.DUE
        elif not_before is None:
            due, state = since, WorkState.BEGUN if progress is not None else WorkState.READY
    if progress is not None:
        first = day_of(progress.actual_start)
    asked = answers.asked_now(task.id, task.owner) if task.owner else None
    return WorkItem(task=task, state=state, first=first, due=due, days_late=late, not_before=not_before, asked=asked)


def _can_begin(programme: Programme, task: Task, today: date) -> bool:
    """Return whether a task whose predecessors are done can begin today: it is not waiting for a meeting, month or
    lag."""
    now = minute_of(today)
    if task.id in (d.condition_task(n) for d in programme.facts.decisions for n, _ in d.numbered):
        # A condition is planned for its due date, and can be met on any earlier day.
        return True
    return programme.timed(task.id).early_start <= (
        now if task.is_milestone else programme.roadmap.calendar_of(task.id).next_working(now)
    )


def _days_late(programme: Programme, task: Task, due: date, today: date) -> int:
    """Count a task's working days after its due date, including today: at least one."""
    calendar, day = programme.roadmap.calendar_of(task.id), timedelta(days=1)
    minutes = calendar.between(minute_of(due + day), minute_of(today + day))
    return max(1, minutes // programme.minutes_per_day)
