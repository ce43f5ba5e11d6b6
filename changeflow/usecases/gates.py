"""Decisions at gates: checked against the evidence of their day and recorded once; conditions become tasks."""

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
from changeflow.usecases.authority import RECORDED_WITH_BY, check_actor, permit
from changeflow.usecases.progress import SheetRecorded, SheetTaken, record_sheet
from changeflow.usecases.requests import close_requests
from changeflow.usecases.stored import stored_on
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.moments import format_day
from changeflow.values.problem import Problem
from changeflow.values.words import Action, Kind


@dataclass(slots=True)
class _Minutes:
    """The state while answers are recorded, each on top of the previous ones."""

    work: UnitOfWork
    recorder: str
    known: Facts
    new: list[Decision] = field(default_factory=list)
    progress: dict[str, TaskProgress] = field(default_factory=dict)


def decide(answer: GateAnswer, change: Change) -> GateCase:
    """Record one decision; refuse an approval that the evidence of its day does not support."""
    with unit_of_work(change) as work:
        minutes = _Minutes(work, work.actor(), work.programme.facts)
        case = _take(_named(answer, work.programme), minutes)
        _write(minutes)
    return case


def import_decisions(path: Path, change: Change) -> int:
    """Record decisions from a CSV by date; return the number of new ones, skipping those already recorded.

    If there are problems, report all of them and record nothing.
    """
    with unit_of_work(change) as work:
        minutes = _Minutes(work, work.actor(), work.programme.facts)
        _take_all(path, minutes)
        _write(minutes)
    return len(minutes.new)


def record_history(work: UnitOfWork, sheet: SheetTaken, decisions: Path) -> tuple[SheetRecorded, int]:
    """Record a sheet and the decisions between its progress; return what was new, and the number of new decisions."""
    checked = checked_progress(work.programme, sheet.typed.reported, work.change.on)
    minutes = _Minutes(work, work.actor(), with_progress(work.programme.facts, checked))
    _take_all(decisions, minutes)
    # A decision finishes its gate's task, whatever start the sheet gives.
    checked |= minutes.progress
    minutes.progress.clear()
    _write(minutes)
    return record_sheet(work, sheet, checked), len(minutes.new)


def _take_all(path: Path, minutes: _Minutes) -> None:
    problems: list[Problem] = []
    reported = list(read_decisions(path, path.name, problems, until=minutes.work.change.on))
    for one in sorted(reported, key=lambda r: (r.answer.on, r.line)):
        try:
            answer = _named(one.answer, minutes.work.programme)
            if not answer.is_known(minutes.known):
                _take(answer, minutes)
        except ChangeflowError as error:
            what = str(error).replace("\n", " ").replace(NOT_SAVED, "").replace("  ", " ").strip()
            problems.append(Problem(file=path.name, line=one.line, what=what))
    if problems:
        raise ProblemsError(sorted(problems, key=lambda p: p.line), NOT_SAVED)


def _named(answer: GateAnswer, programme: Programme) -> GateAnswer:
    """Replace names in an answer by ids: its gate, and the tasks that its conditions precede.

    An ambiguous name is an error; an unknown one is left for the later check.
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


def _take(answer: GateAnswer, minutes: _Minutes) -> GateCase:
    """Check one answer against everything known on its day, and add it."""
    work, definition = minutes.work, minutes.work.definition
    if answer.on > work.change.on:
        raise InputError(f"{answer.task}: {format_day(answer.on)} is in the future. {NOT_SAVED}")
    then = work.judge(minutes.known.until(answer.on), on=answer.on)
    gate = gate_of(then.programme, answer.task)
    by = check_actor(definition, answer.by or minutes.recorder)
    names = work.programme.names
    permit(definition, by, Action.DECIDE_GATE, gate_subject(gate), on=answer.on, hint=RECORDED_WITH_BY, names=names)
    if by != minutes.recorder:
        permit(definition, minutes.recorder, Action.RECORD_DECISION, on=work.change.on, names=names)
    last = minutes.known.decision(gate.id)
    check_first(work.programme, gate, last, again=answer.again)
    owners = then.programme.definition
    check_conditions(then.programme, gate, answer, check_owner=lambda owner: check_actor(owners, owner))
    case = weigh(then, gate.id)
    check_evidence(gate, case, answer.outcome)
    decision = answer.decision(by, last)
    minutes.new.append(decision)
    minutes.known = replace(minutes.known, decisions=(*minutes.known.decisions, decision))
    if answer.outcome.is_approval:
        done = passed(then.programme, gate, minutes.known, on=answer.on)
        minutes.progress[gate.id] = done
        minutes.known = with_progress(minutes.known, {gate.id: done})
    return case


def _write(minutes: _Minutes) -> None:
    work, now = minutes.work, minutes.work.change.now
    for decision in minutes.new:
        facts.add_decision(work.session, work.name, decision, at=now, recorded_by=minutes.recorder)
        if decision.outcome.is_approval and (done := minutes.progress.get(decision.task)):
            facts.add_progress(work.session, work.name, decision.task, done, at=now, by=minutes.recorder)
        work.record(f"gate:{decision.outcome.value}", decision.task, by=minutes.recorder)
        work.session.flush()
    close_requests(work, [decision.task for decision in minutes.new])
