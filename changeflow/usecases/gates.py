"""Decisions at gates: checked against the evidence of their day, recorded once, their conditions made tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import networkx as nx
from sqlmodel import Session

from changeflow.agenda.criteria import State
from changeflow.agenda.gates import GateCase, gate_of, gate_subject, weigh
from changeflow.errors import ChangeflowError, CheckFailedError, ConflictError, InputError, ProblemsError
from changeflow.intake.decisions import ReportedDecision, read_decisions
from changeflow.intake.progress import ReportedProgress
from changeflow.programme.facts import Condition, Decision, Facts
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.storage import audit, facts
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases.facts import (
    Change,
    check_begun,
    checked_progress,
    permit_progress,
    progress_in,
    progress_of,
    record_progress,
)
from changeflow.usecases.permitting import RECORDED_WITH_BY, permit
from changeflow.usecases.stored import Stored, after_change, check_actor, judged, load
from changeflow.values.moments import format_day
from changeflow.values.problem import Problem
from changeflow.values.roles import Action
from changeflow.values.words import Outcome

NOTHING = "Nothing was recorded."


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """What somebody decides at a gate."""

    task: str
    outcome: Outcome
    reason: str
    on: date
    by: str | None = None
    """Who has decided; left out, whoever records it."""
    dissent: str = ""
    conditions: tuple[Condition, ...] = ()
    again: bool = False
    """A rejected gate is asked anew."""


@dataclass(slots=True)
class _Minutes:
    """What is known while answers are taken in, each on top of those before it."""

    stored: Stored
    known: Facts
    new: list[Decision] = field(default_factory=list)
    progress: dict[str, TaskProgress] = field(default_factory=dict)


def decide(answer: GateAnswer, change: Change) -> GateCase:
    """Record one decision; an approval that the evidence of its day does not carry is refused."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        recorder = check_actor(stored.version.definition, change.actor)
        minutes = _Minutes(stored, stored.programme.facts)
        case = _take(answer, minutes, recorder, today=change.on)
        _write(session, minutes, recorder, change)
    return case


def import_decisions(path: Path, change: Change) -> int:
    """Record decisions from a CSV, in the order of their days; all its problems at once, and then nothing is taken.

    Those that are known already are passed over; the number of new ones is returned.
    """
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        recorder = check_actor(stored.version.definition, change.actor)
        minutes = _Minutes(stored, stored.programme.facts)
        _take_all(path, minutes, recorder, today=change.on)
        _write(session, minutes, recorder, change)
    return len(minutes.new)


def import_history(progress: Path, decisions: Path, change: Change) -> tuple[int, int]:
    """Record progress and the decisions between it, together: each decision rests on what was done by its day.

    Returns how many entries of progress and how many decisions were new.
    """
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        reported = progress_in(progress, stored)
        recorder = permit_progress(stored, reported, change)
        said = checked_progress(stored, reported, change.on)
        known = stored.programme.facts
        minutes = _Minutes(stored, replace(known, progress={**known.progress, **said}))
        _take_all(decisions, minutes, recorder, today=change.on)
        # A decision ends its gate's task, whatever the table of progress says of its beginning.
        said |= minutes.progress
        minutes.progress.clear()
        check_begun(stored, said, minutes.known, change.on)
        _write(session, minutes, recorder, change, is_last=False)
        new = record_progress(session, stored, said, recorder, change)
    return new, len(minutes.new)


def _take_all(path: Path, minutes: _Minutes, recorder: str, *, today: date) -> None:
    problems: list[Problem] = []
    reported = list(read_decisions(path, path.name, problems))
    for one in sorted(reported, key=lambda r: (r.on, r.line)):
        answer = _answer(one)
        if _is_known(answer, minutes.known):
            continue
        try:
            _take(answer, minutes, recorder, today=today)
        except ChangeflowError as error:
            what = str(error).replace("\n", " ").replace(NOTHING, "").replace("  ", " ").strip()
            problems.append(Problem(file=path.name, line=one.line, what=what))
    if problems:
        raise ProblemsError(sorted(problems, key=lambda p: p.line))


def case_of(task: str, *, db: str, programme: str | None, on: date) -> tuple[Programme, GateCase]:
    """Weigh a stored programme's gate as things stand."""
    with read_scope(db) as session:
        stored = load(session, programme, on=on)
    return stored.programme, weigh(stored.judged, task)


def _take(answer: GateAnswer, minutes: _Minutes, recorder: str, *, today: date) -> GateCase:
    """Check one answer against everything known on its day, and add it to the minutes."""
    definition = minutes.stored.version.definition
    if answer.on > today:
        raise InputError(f"{answer.task}: {format_day(answer.on)} lies in the future. {NOTHING}")
    then = judged(definition, facts=minutes.known.until(answer.on), on=answer.on)
    programme = then.programme
    gate = gate_of(programme, answer.task)
    by = check_actor(definition, answer.by or recorder)
    permit(definition, by, Action.DECIDE_GATE, gate_subject(gate), on=answer.on, hint=RECORDED_WITH_BY)
    if by != recorder:
        permit(definition, recorder, Action.RECORD_DECISION, on=today)
    last = minutes.known.decision(gate.id)
    _check_first(minutes.stored.programme, gate, last, again=answer.again)
    _check_conditions(programme, gate, answer)
    case = weigh(then, gate.id)
    _check_evidence(gate, case, answer.outcome)
    decision = Decision(
        task=gate.id,
        outcome=answer.outcome,
        reason=answer.reason,
        by=by,
        on=answer.on,
        round=last.round + 1 if last else 1,
        dissent=answer.dissent,
        conditions=answer.conditions,
    )
    minutes.new.append(decision)
    minutes.known = replace(minutes.known, decisions=(*minutes.known.decisions, decision))
    if answer.outcome.is_approval:
        done = passed(programme, gate, minutes.known, on=answer.on)
        minutes.progress[gate.id] = done
        minutes.known = replace(minutes.known, progress={**minutes.known.progress, gate.id: done})
    return case


def passed(programme: Programme, gate: Task, known: Facts, *, on: date) -> TaskProgress:
    """Return the progress of a gate that is approved on a day: it began when that was reported, or then."""
    done = progress_of(programme, ReportedProgress(gate.id, on, on))
    begun = known.progress.get(gate.id)
    return done if begun is None else TaskProgress(begun.actual_start, done.actual_finish)


def _write(session: Session, minutes: _Minutes, recorder: str, change: Change, *, is_last: bool = True) -> None:
    """Write the new decisions; `is_last`: nothing else follows in this transaction, so the forecast does."""
    name = minutes.stored.programme.id
    for n, decision in enumerate(minutes.new, start=1):
        facts.add_decision(session, name, decision, at=change.now, recorded_by=recorder)
        if decision.outcome.is_approval and (done := minutes.progress.get(decision.task)):
            facts.add_progress(session, name, decision.task, done, at=change.now, by=recorder)
        action, subject = f"gate:{decision.outcome.value}", decision.task
        if n == len(minutes.new) and is_last:
            after_change(session, name, on=change.on, now=change.now, actor=recorder, action=action, subject=subject)
        else:
            audit.append(session, name, at=change.now, actor=recorder, action=action, subject=subject)
            session.flush()


def _check_first(programme: Programme, gate: Task, last: Decision | None, *, again: bool) -> None:
    """The first decision of a round stands; whoever comes second is told of it."""
    if last is not None and (last.outcome.is_approval or not again):
        role = programme.definition.role_of(last.by) or last.by
        said = f"{last.outcome.label} on {format_day(last.on)} by the {role}: {last.reason.rstrip('.')}"
        hint = "" if last.outcome.is_approval else " When what was missing is there, ask anew with --again."
        raise ConflictError(f"“{gate.name}” was {said}. That decision stands; yours was not recorded.{hint}")
    if last is None and programme.is_done(gate.id):
        raise ConflictError(f"“{gate.name}” was reported as done before. {NOTHING}")


def _check_conditions(programme: Programme, gate: Task, answer: GateAnswer) -> None:
    if answer.outcome is Outcome.CONDITIONS and not answer.conditions:
        raise InputError(f"An approval with conditions needs at least one condition. {NOTHING}")
    if answer.outcome is not Outcome.CONDITIONS and answer.conditions:
        raise InputError(f"Conditions go with {Outcome.CONDITIONS.value} alone. {NOTHING}")
    for condition in answer.conditions:
        check_actor(programme.definition, condition.owner)
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
        raise InputError(f"“{name}” comes before “{gate.name}”: it cannot wait for its condition. {NOTHING}")
    if condition.before in programme.facts.progress:
        name = programme.roadmap.tasks[condition.before].name
        raise InputError(f"“{name}” has begun: it cannot wait for a condition. {NOTHING}")


def _check_evidence(gate: Task, case: GateCase, outcome: Outcome) -> None:
    wrong: Sequence[str] = ()
    if outcome is Outcome.APPROVE:
        wrong = case.of(State.BLOCKS, State.OPEN)
    elif outcome is Outcome.CONDITIONS:
        wrong = case.of(State.BLOCKS)
    if wrong:
        said = "a go" if outcome is Outcome.APPROVE else "a go, not even with conditions,"
        reasons = "\n".join(f"  {text}" for text in wrong)
        hint = ""
        if outcome is Outcome.APPROVE and not case.of(State.BLOCKS):
            hint = " It may be approved with conditions."
        raise CheckFailedError(f"The evidence does not carry {said} for {gate.name}:\n{reasons}\n{NOTHING}{hint}")


def _answer(one: ReportedDecision) -> GateAnswer:
    return GateAnswer(
        task=one.task,
        outcome=one.outcome,
        reason=one.reason,
        on=one.on,
        by=one.by,
        dissent=one.dissent,
        conditions=one.conditions,
        again=True,
    )


def _is_known(answer: GateAnswer, known: Facts) -> bool:
    said = (answer.task, answer.outcome, answer.reason, answer.by, answer.on)
    return any(said == (d.task, d.outcome, d.reason, d.by, d.on) for d in known.decisions)
