"""The decision log: what was decided, what is waiting, since when, and what the delay costs.

Also the checks on a decision at a gate: one for each round, in a valid form, and supported by the evidence.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date

import networkx as nx

from changeflow.agenda.criteria import State
from changeflow.agenda.due import due_days
from changeflow.agenda.gates import GateCase
from changeflow.errors import NOT_SAVED, CheckFailedError, ConflictError, InputError
from changeflow.programme.asked import asked_at
from changeflow.programme.facts import Condition, Decision, Facts
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress, progress_of
from changeflow.roadmap.engine.cpm import TimedTask
from changeflow.roadmap.model.tasks import Milestone, Task, TaskProgress
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.words import Kind, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedMilestone:
    """How far a milestone moves: its finish before and after, in civil minutes."""

    milestone: Milestone
    before: int
    after: int
    timed: TimedTask
    """Its dates in the plan."""

    @property
    def first_day(self) -> date:
        return self.timed.day_at(self.before)

    @property
    def last_day(self) -> date:
        return self.timed.day_at(self.after)

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDecision:
    """One decision in the log."""

    task: Task
    asked_on: date | None
    """The first day on which it could be made: everything before it was finished and its planned day had come."""
    answers: tuple[Decision, ...]
    """The rounds, oldest first."""
    is_open: bool
    waited: int
    """Calendar days from `asked_on` to the decision, or to today."""
    late: int
    """Calendar days since an open decision was due."""

    @property
    def is_waiting(self) -> bool:
        """Whether it is open and everything before it is finished."""
        return self.is_open and self.asked_on is not None


def decision_log(programme: Programme, *, today: date) -> tuple[LoggedDecision, ...]:
    """Return every decision: waiting ones, then those ahead, in planned order; then those made, latest first."""
    due = due_days(programme)
    logged = [_log(programme, task, due.get(task.id), today) for task in programme.tasks(kind=Kind.DECISION)]
    still, made = [d for d in logged if d.is_open], [d for d in logged if not d.is_open]
    still.sort(key=lambda d: (not d.is_waiting, programme.timed(d.task.id).early_finish, d.task.id))
    made.sort(key=lambda d: (d.answers[-1].on if d.answers else date.min, d.task.id), reverse=True)
    return (*still, *made)


def _log(programme: Programme, task: Task, due_on: date | None, today: date) -> LoggedDecision:
    answers = tuple(d for d in programme.facts.decisions if d.task == task.id)
    is_open = not programme.is_done(task.id)
    asked = _asked_on(programme, task, today)
    done = programme.roadmap.progress.get(task.id)
    finish = done.actual_finish if done else None
    end = answers[-1].on if answers and not is_open else last_day_of(finish) if finish else today
    return LoggedDecision(
        task=task,
        asked_on=asked,
        answers=answers,
        is_open=is_open,
        waited=max(0, (end - asked).days) if asked else 0,
        late=max(0, (today - due_on).days) if is_open and due_on and asked else 0,
    )


def _asked_on(programme: Programme, task: Task, today: date) -> date | None:
    into = (data["link"] for _, _, data in programme.graph.in_edges(task.id, data=True))
    at = asked_at(programme.roadmap, task, into)
    return day_of(at) if at is not None and day_of(at) <= today else None


def delay_so_far(programme: Programme, decision: LoggedDecision) -> Iterator[MovedMilestone]:
    """Yield the milestones that have moved because an open decision was not made on its due date, furthest first.

    Only its own delay counts: later work is assumed to begin as soon as it can, even if that is before today.
    """
    slips, task = programme.unslipped, decision.task.id
    finish = programme.timed(task).early_finish
    if finish <= slips.schedule[task].early_finish:
        return
    found = [
        MovedMilestone(
            milestone=m,
            before=slips.schedule[m.task].early_finish,
            after=slips.finish_if(task, finish, m.task),
            timed=slips.schedule[m.task],
        )
        for m in programme.open_milestones
    ]
    yield from sorted((m for m in found if m.days), key=lambda m: (-m.days, m.before, m.milestone.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """A person's decision at a gate, as it is entered."""

    task: str
    outcome: Outcome
    reason: str
    on: date
    by: str | None = None
    """The person who decided; by default, the person who records it."""
    dissent: str = ""
    conditions: tuple[Condition, ...] = ()
    again: bool = False
    """Whether a rejected gate starts another round."""

    def is_known(self, known: Facts) -> bool:
        """Return whether the same answer is already recorded."""
        stated = (self.task, self.outcome, self.reason, self.by, self.on)
        return any(stated == (d.task, d.outcome, d.reason, d.by, d.on) for d in known.decisions)

    def decision(self, by: str, last: Decision | None) -> Decision:
        """Return this answer as the decision that follows the last one at its gate."""
        stated = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("by", "again")}
        return Decision(**stated, by=by, round=last.round + 1 if last else 1)


def passed(programme: Programme, gate: Task, known: Facts, *, on: date) -> TaskProgress:
    """Return the progress of a gate approved on a day; it began as reported, or else as planned, or else that day."""
    timed = programme.timed(gate.id)
    done = progress_of(programme, ReportedProgress(gate.id, timed.first_day if timed.last_day == on else on, on))
    begun = known.progress.get(gate.id)
    return done if begun is None else TaskProgress(begun.actual_start, done.actual_finish)


def played_through(programme: Programme, gate: Task, outcome: Outcome, *, on: date) -> Facts:
    """Return the facts as if a gate had been decided on a day; record nothing."""
    known = programme.facts
    answer = GateAnswer(task=gate.id, outcome=outcome, reason="played through", on=on)
    decisions = (*known.decisions, answer.decision(SYSTEM, known.decision(gate.id)))
    progress = {gate.id: passed(programme, gate, known, on=on)} if outcome.is_approval else {}
    return replace(known, decisions=decisions, progress={**known.progress, **progress})


def check_first(programme: Programme, gate: Task, last: Decision | None, *, again: bool, hint: str = "") -> None:
    """Refuse a second decision in a round: the first one counts. `hint` says how to reopen a rejected gate."""
    if last is not None and (last.outcome.is_approval or not again):
        by, day = programme.the_person(last.by), format_day(last.on)
        stated = f"{last.outcome.label} on {day} by {by}: {last.reason.rstrip('.')}"
        remedy = "" if last.outcome.is_approval else hint
        raise ConflictError(f"“{gate.name}” was {stated}. That decision stands. {NOT_SAVED}{remedy}")
    if last is None and programme.is_done(gate.id):
        raise ConflictError(f"“{gate.name}” is already recorded as done. {NOT_SAVED}")


def check_conditions(
    programme: Programme, gate: Task, answer: GateAnswer, *, check_owner: Callable[[str], object]
) -> None:
    """Check the conditions of an answer; `check_owner` raises an error for an unknown owner."""
    if answer.outcome is Outcome.CONDITIONS and not answer.conditions:
        raise InputError(f"An approval with conditions needs at least one condition. {NOT_SAVED}")
    if answer.outcome is not Outcome.CONDITIONS and answer.conditions:
        raise InputError(f"Only {Outcome.CONDITIONS.value} can have conditions. {NOT_SAVED}")
    for condition in answer.conditions:
        check_owner(condition.owner)
        if condition.due <= answer.on:
            raise InputError(
                f"The condition “{condition.text}” is due on {format_day(condition.due)}. Give a day after "
                f"{format_day(answer.on)}. {NOT_SAVED}"
            )
        _check_waiting(programme, gate, condition)


def _check_waiting(programme: Programme, gate: Task, condition: Condition) -> None:
    if condition.before is None:
        return
    progress_of(programme, ReportedProgress(condition.before, condition.due))  # an unknown task is an error
    if condition.before == gate.id or condition.before in nx.ancestors(programme.graph, gate.id):
        name = programme.roadmap.tasks[condition.before].name
        raise InputError(f"“{name}” comes before “{gate.name}”, so it cannot wait for its condition. {NOT_SAVED}")
    if condition.before in programme.facts.progress:
        name = programme.roadmap.tasks[condition.before].name
        raise InputError(f"“{name}” has begun, so it cannot wait for a condition. {NOT_SAVED}")


def check_evidence(gate: Task, case: GateCase, outcome: Outcome) -> None:
    """Refuse an approval that the evidence on its day does not support."""
    blocks = case.of(State.BLOCKS)
    wrong = case.of(State.BLOCKS, State.OPEN) if outcome is Outcome.APPROVE else blocks
    if wrong and outcome.is_approval:
        stated = f"approving “{gate.name}”{'' if outcome is Outcome.APPROVE else ', even with conditions'}"
        reasons = "\n".join(f"  {text}" for text in wrong)
        hint = "" if blocks else " You can approve it with conditions."
        raise CheckFailedError(f"The evidence does not support {stated}:\n{reasons}\n{NOT_SAVED}{hint}")
