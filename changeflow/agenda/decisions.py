"""The decision log: what was decided, what waits, since when, and what waiting costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.agenda.due import due_days
from changeflow.programme.facts import Decision
from changeflow.programme.programme import Programme
from changeflow.roadmap.analysis.slippage import Slips
from changeflow.roadmap.model.tasks import Milestone, Task
from changeflow.values.moments import day_of, last_day_of
from changeflow.values.words import Kind

WEEK = 5
"""Working days of a week's delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedMilestone:
    """How far something moves a milestone: its finish in civil minutes."""

    milestone: Milestone
    before: int
    after: int

    @property
    def days(self) -> int:
        return (day_of(self.after) - day_of(self.before)).days


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDecision:
    """One decision as the log has it."""

    task: Task
    needed_by: date
    """The last day on which it moves neither the end nor a deadline."""
    asked_on: date | None
    """The day on which everything before it was done; None as long as something is not."""
    answers: tuple[Decision, ...]
    """The rounds, the first one first."""
    is_open: bool
    waited: int
    """Calendar days from being asked to the decision, or to today."""
    late: int
    """Calendar days that an open decision is past its due day."""

    @property
    def is_waiting(self) -> bool:
        """Everything before it is done: it waits for this decision alone."""
        return self.is_open and self.asked_on is not None


def decision_log(programme: Programme, *, today: date) -> tuple[LoggedDecision, ...]:
    """Return every decision: those that wait by the day they are needed, then those ahead, then those made, the latest
    first."""
    due = due_days(programme)
    logged = [_log(programme, task, due.get(task.id), today) for task in programme.tasks(kind=Kind.DECISION)]
    still, made = [d for d in logged if d.is_open], [d for d in logged if not d.is_open]
    still.sort(key=lambda d: (not d.is_waiting, d.needed_by, d.task.id))
    made.sort(key=lambda d: (d.answers[-1].on if d.answers else date.min, d.task.id), reverse=True)
    return (*still, *made)


def _log(programme: Programme, task: Task, due_on: date | None, today: date) -> LoggedDecision:
    answers = tuple(d for d in programme.facts.decisions if d.task == task.id)
    is_open = not programme.is_done(task.id)
    asked = _asked_on(programme, task)
    done = programme.roadmap.progress.get(task.id)
    finish = done.actual_finish if done else None
    end = answers[-1].on if answers and not is_open else last_day_of(finish) if finish else today
    return LoggedDecision(
        task=task,
        needed_by=last_day_of(programme.timed(task.id).late_finish),
        asked_on=asked,
        answers=answers,
        is_open=is_open,
        waited=max(0, (end - asked).days) if asked else 0,
        late=max(0, (today - due_on).days) if is_open and due_on and asked else 0,
    )


def _asked_on(programme: Programme, task: Task) -> date | None:
    """Return the day on which the last of what it waits for was done; with nothing before it, the start."""
    before = [programme.roadmap.progress.get(p) for p in programme.graph.predecessors(task.id)]
    finishes = [p.actual_finish for p in before if p is not None and p.actual_finish is not None]
    if len(finishes) < len(before):
        return None
    return last_day_of(max(finishes)) if finishes else programme.definition.programme.start


def week_costs(programme: Programme, slips: Slips, decision: LoggedDecision) -> Iterator[MovedMilestone]:
    """Yield the milestones that a further week's delay of an open decision would move, the furthest first."""
    task = decision.task.id
    calendar = programme.roadmap.calendar_of(task)
    later = calendar.add(slips.schedule[task].early_finish, WEEK * programme.minutes_per_day)
    return _moves(programme, slips, task, later)


def delay_so_far(programme: Programme, decision: LoggedDecision) -> Iterator[MovedMilestone]:
    """Yield the milestones that have moved because an open decision was not made on its due day, the furthest first.

    Looked at is its own delay alone: what follows is taken to begin as soon as it may, not to wait for today as well.
    """
    slips = programme.unslipped
    finish = programme.timed(decision.task.id).early_finish
    if finish > slips.schedule[decision.task.id].early_finish:
        yield from _moves(programme, slips, decision.task.id, finish)


def _moves(programme: Programme, slips: Slips, task: str, finish: int) -> Iterator[MovedMilestone]:
    found = [
        MovedMilestone(
            milestone=m, before=slips.schedule[m.task].early_finish, after=slips.finish_if(task, finish, m.task)
        )
        for m in programme.open_milestones
    ]
    yield from sorted((m for m in found if m.days), key=lambda m: (-m.days, m.before, m.milestone.id))
