"""Decisions at gates: checked against the evidence on the day and recorded once; conditions become tasks."""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from changeflow.agenda.decisions import GateAnswer, check_conditions, check_evidence, check_first, passed
from changeflow.agenda.gates import GateCase, gate_of, gate_subject, weigh
from changeflow.errors import NOT_SAVED, ChangeflowError, InputError, ProblemsError
from changeflow.intake.facts import read_decisions
from changeflow.programme.facts import Decision, Facts
from changeflow.programme.programme import Programme
from changeflow.programme.recording import checked_progress, with_progress
from changeflow.programme.task_names import named
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage import facts
from changeflow.usecases.authority import check_actor, permit, recorded_with_by
from changeflow.usecases.progress import SheetRecorded, SheetTaken, record_sheet
from changeflow.usecases.requests import close_requests
from changeflow.usecases.stored import stored_on
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.acting import Via, current
from changeflow.values.moments import format_day
from changeflow.values.problem import Problem
from changeflow.values.words import Action, Kind

DECIDE_AGAIN = " To decide again once the evidence is complete, add --again."


@dataclass(slots=True)
class _Batch:
    """The state while answers are recorded, one after another."""

    work: UnitOfWork
    recorder: str
    known: Facts
    new: list[Decision] = field(default_factory=list)
    progress: dict[str, TaskProgress] = field(default_factory=dict)


def decide(answer: GateAnswer, change: Change) -> GateCase:
    """Record one decision; refuse an approval that the evidence on the day does not support."""
    with unit_of_work(change) as work:
        batch = _Batch(work, work.actor(), work.programme.facts)
        case = _check_and_add(_named(answer, work.programme), batch)
        _write(batch)
    return case


def import_decisions(path: Path, change: Change) -> int:
    """Record decisions from a CSV, in date order; return how many were new (those already recorded are skipped).

    If there are problems, report all of them and record nothing.
    """
    with unit_of_work(change) as work:
        batch = _Batch(work, work.actor(), work.programme.facts)
        _check_and_add_all(path, batch)
        _write(batch)
    return len(batch.new)


def record_history(work: UnitOfWork, sheet: SheetTaken, decisions: Path) -> tuple[SheetRecorded, int]:
    """Record a progress sheet and the decisions taken between its dates; return what was new, and how many
    decisions."""
    checked = checked_progress(work.programme, sheet.typed.reported, work.change.on)
    batch = _Batch(work, work.actor(), with_progress(work.programme.facts, checked))
    _check_and_add_all(decisions, batch)
    # A decision finishes its gate's task, whatever start the sheet gives.
    checked |= batch.progress
    batch.progress.clear()
    _write(batch)
    return record_sheet(work, sheet, checked), len(batch.new)


def _check_and_add_all(path: Path, batch: _Batch) -> None:
    problems: list[Problem] = []
    reported = list(read_decisions(path, path.name, problems, until=batch.work.change.on))
    for one in sorted(reported, key=lambda r: (r.answer.on, r.line)):
        try:
            answer = _named(one.answer, batch.work.programme)
            if not answer.is_known(batch.known):
                _check_and_add(answer, batch)
        except ChangeflowError as error:
            what = str(error).replace("\n", " ").replace(NOT_SAVED, "").replace("  ", " ").strip()
            problems.append(Problem(file=path.name, line=one.line, what=what))
    if problems:
        raise ProblemsError(sorted(problems, key=lambda p: p.line), NOT_SAVED)


def _named(answer: GateAnswer, programme: Programme) -> GateAnswer:
    """Replace the names of an answer's gate, and of the tasks that must wait for its conditions, with their ids.

    An ambiguous name is an error; an unknown name is left for the later check.
    """
    gates = {t.id: t for t in programme.tasks(kind=Kind.DECISION)}
    conditions = (
        replace(c, before=named(c.before, programme.roadmap.tasks)) if c.before else c for c in answer.conditions
    )
    return replace(answer, task=named(answer.task, gates, what="gate"), conditions=tuple(conditions))


def case_of(task: str, *, db: str, programme: str | None, on: date) -> tuple[Programme, GateCase]:
    """Weigh the current evidence for a stored programme's gate."""
    stored = stored_on(programme, db=db, on=on)
    return stored.programme, weigh(stored.judged, task)


def _check_and_add(answer: GateAnswer, batch: _Batch) -> GateCase:
    """Check one answer against everything known on its day, and add it."""
    work, definition = batch.work, batch.work.definition
    if answer.on > work.change.on:
        raise InputError(f"{answer.task}: {format_day(answer.on)} is in the future. {NOT_SAVED}")
    then = work.judge(batch.known.until(answer.on), on=answer.on)
    gate = gate_of(then.programme, answer.task)
    by = check_actor(definition, answer.by or batch.recorder)
    names = work.programme.names
    permit(definition, by, Action.DECIDE_GATE, gate_subject(gate), on=answer.on, hint=recorded_with_by(), names=names)
    if by != batch.recorder:
        permit(definition, batch.recorder, Action.RECORD_DECISION, on=work.change.on, names=names)
    last = batch.known.decision(gate.id)
    hint = "" if current().via is Via.SESSION else DECIDE_AGAIN
    check_first(work.programme, gate, last, again=answer.again, hint=hint)
    owners = then.programme.definition
    check_conditions(then.programme, gate, answer, check_owner=lambda owner: check_actor(owners, owner))
    case = weigh(then, gate.id)
    check_evidence(gate, case, answer.outcome)
    decision = answer.decision(by, last)
    batch.new.append(decision)
    batch.known = replace(batch.known, decisions=(*batch.known.decisions, decision))
    if answer.outcome.is_approval:
        done = passed(then.programme, gate, batch.known, on=answer.on)
        batch.progress[gate.id] = done
        batch.known = with_progress(batch.known, {gate.id: done})
    return case


def _write(batch: _Batch) -> None:
    work, now = batch.work, batch.work.change.now
    for decision in batch.new:
        facts.add_decision(work.session, work.name, decision, at=now, recorded_by=batch.recorder)
        if decision.outcome.is_approval and (done := batch.progress.get(decision.task)):
            facts.add_progress(work.session, work.name, decision.task, done, at=now, by=batch.recorder)
        work.record(f"gate:{decision.outcome.value}", decision.task, by=batch.recorder)
        work.session.flush()
    close_requests(work, [decision.task for decision in batch.new])
