"""What a person decides at a gate, and whether they may: once, in a known form, with the evidence for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import networkx as nx

from changeflow.agenda.criteria import State
from changeflow.agenda.gates import GateCase
from changeflow.errors import NOT_SAVED, CheckFailedError, ConflictError, InputError
from changeflow.programme.facts import Condition, Decision, Facts
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress, progress_of
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.values.moments import format_day
from changeflow.values.words import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """What a person decides at a gate."""

    task: str
    outcome: Outcome
    reason: str
    on: date
    by: str | None = None
    """Who has decided. By default, the person who records it."""
    dissent: str = ""
    conditions: tuple[Condition, ...] = ()
    again: bool = False
    """A rejected gate is asked again."""

    def is_known(self, known: Facts) -> bool:
        """Tell whether the same was recorded before."""
        stated = (self.task, self.outcome, self.reason, self.by, self.on)
        return any(stated == (d.task, d.outcome, d.reason, d.by, d.on) for d in known.decisions)

    def decision(self, by: str, last: Decision | None) -> Decision:
        """Return the decision that it is, after the last one at its gate."""
        return Decision(
            task=self.task,
            outcome=self.outcome,
            reason=self.reason,
            by=by,
            on=self.on,
            round=last.round + 1 if last else 1,
            dissent=self.dissent,
            conditions=self.conditions,
        )


def passed(programme: Programme, gate: Task, known: Facts, *, on: date) -> TaskProgress:
    """Return the progress of a gate that is approved on a day: it began when that was reported, or then."""
    done = progress_of(programme, ReportedProgress(gate.id, on, on))
    begun = known.progress.get(gate.id)
    return done if begun is None else TaskProgress(begun.actual_start, done.actual_finish)


def played_through(programme: Programme, gate: Task, outcome: Outcome, *, on: date) -> Facts:
    """Return the facts as they would be with a gate answered on a day; nothing is recorded."""
    known = programme.facts
    answer = GateAnswer(task=gate.id, outcome=outcome, reason="played through", on=on)
    decisions = (*known.decisions, answer.decision(SYSTEM, known.decision(gate.id)))
    progress = {gate.id: passed(programme, gate, known, on=on)} if outcome.is_approval else {}
    return replace(known, decisions=decisions, progress={**known.progress, **progress})


def check_first(programme: Programme, gate: Task, last: Decision | None, *, again: bool) -> None:
    """Refuse a second decision of a round: the first one counts, and the second person is told."""
    if last is not None and (last.outcome.is_approval or not again):
        role = programme.definition.role_of(last.by) or last.by
        stated = f"{last.outcome.label} on {format_day(last.on)} by the {role}: {last.reason.rstrip('.')}"
        hint = "" if last.outcome.is_approval else " Once what was missing is there, ask again with --again."
        raise ConflictError(f"“{gate.name}” was {stated}. That decision counts. {NOT_SAVED}{hint}")
    if last is None and programme.is_done(gate.id):
        raise ConflictError(f"“{gate.name}” is already recorded as done. {NOT_SAVED}")


def check_conditions(
    programme: Programme, gate: Task, answer: GateAnswer, *, check_owner: Callable[[str], object]
) -> None:
    """Check the conditions of an answer; `check_owner` raises where an owner is not known."""
    if answer.outcome is Outcome.CONDITIONS and not answer.conditions:
        raise InputError(f"An approval with conditions needs at least one condition. {NOT_SAVED}")
    if answer.outcome is not Outcome.CONDITIONS and answer.conditions:
        raise InputError(f"Conditions go with {Outcome.CONDITIONS.value} alone. {NOT_SAVED}")
    for condition in answer.conditions:
        check_owner(condition.owner)
        if condition.due <= answer.on:
            raise InputError(
                f"The condition “{condition.text}” is due on {format_day(condition.due)}: give a later day."
            )
        _check_waiting(programme, gate, condition)


def _check_waiting(programme: Programme, gate: Task, condition: Condition) -> None:
    if condition.before is None:
        return
    progress_of(programme, ReportedProgress(condition.before, condition.due))  # an unknown task is an error
    if condition.before == gate.id or condition.before in nx.ancestors(programme.graph, gate.id):
        name = programme.roadmap.tasks[condition.before].name
        raise InputError(f"“{name}” comes before “{gate.name}”: it cannot wait for its condition. {NOT_SAVED}")
    if condition.before in programme.facts.progress:
        name = programme.roadmap.tasks[condition.before].name
        raise InputError(f"“{name}” has begun: it cannot wait for a condition. {NOT_SAVED}")


def check_evidence(gate: Task, case: GateCase, outcome: Outcome) -> None:
    """Refuse an approval that the evidence of its day does not support."""
    wrong: Sequence[str] = ()
    if outcome is Outcome.APPROVE:
        wrong = case.of(State.BLOCKS, State.OPEN)
    elif outcome is Outcome.CONDITIONS:
        wrong = case.of(State.BLOCKS)
    if wrong:
        stated = "a go" if outcome is Outcome.APPROVE else "a go, not even with conditions,"
        reasons = "\n".join(f"  {text}" for text in wrong)
        hint = ""
        if outcome is Outcome.APPROVE and not case.of(State.BLOCKS):
            hint = " It may be approved with conditions."
        raise CheckFailedError(f"The evidence does not support {stated} for {gate.name}:\n{reasons}\n{NOT_SAVED}{hint}")
