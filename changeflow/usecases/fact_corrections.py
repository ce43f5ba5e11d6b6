"""Correct the day of a recorded fact: the wrong fact is withdrawn, and the same fact is recorded with another day."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.errors import NOT_SAVED, CheckFailedError, ConflictError, InputError
from changeflow.programme.facts import Attendance, SponsorAct
from changeflow.programme.recorded import RecordedFact, action_of, check_whole, replacements
from changeflow.programme.recording import ReportedProgress, check_act, check_result, finish_of, progress_of
from changeflow.storage import facts
from changeflow.usecases.acts import StaleError
from changeflow.usecases.progress import record_progress
from changeflow.usecases.recorded import GONE, facts_now, withdraw_whole
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import day_of, format_day
from changeflow.values.problem import pick


def correct_day(fact: str, day: date, reason: str, change: Change) -> None:
    """Record that something happened on another day; `day` may be today or earlier.

    The people who may withdraw the fact may do this. Raise `StaleError` if it has been withdrawn, and `ConflictError`
    if it no longer counts for another reason.
    """
    if not reason.strip():
        raise InputError(f"Enter why the day is wrong. {NOT_SAVED}")
    if day > change.on:
        raise InputError(f"{format_day(day)} is in the future. {NOT_SAVED}")
    with unit_of_work(change) as work:
        work.actor()
        known = facts_now(work.session, work.name)
        wrong = pick("recorded fact", fact, {f.id: f for f in known})
        if wrong.withdrawn is not None:
            raise StaleError(GONE)
        by = work.permit(*action_of(work.programme, wrong))
        if (again := _AGAIN.get(wrong.kind)) is None:
            raise CheckFailedError(f"Its day cannot be changed alone. Withdraw it and record it again. {NOT_SAVED}")
        check_whole(wrong, known)
        if wrong.id in replacements(known):
            raise ConflictError("A later entry has replaced this one. Correct the later one.")
        withdraw_whole(work, wrong, known, reason=reason, by=by)
        again(work, wrong, day, by)


def has_day_to_correct(fact: RecordedFact) -> bool:
    """Return whether facts of this kind have a day that can be corrected without recording everything again."""
    return fact.kind in _AGAIN


def _progress(work: UnitOfWork, wrong: RecordedFact, day: date, by: str) -> None:
    """Record a finish on another day, or a start; what was reported of the rest of the work stays."""
    task, values, programme = str(wrong.values["task"]), wrong.values, work.programme
    if task not in programme.roadmap.tasks:
        raise CheckFailedError(f"This task is no longer in the plan. {NOT_SAVED}")
    if values["actual_finish"] is not None:
        started = min(day_of(values["actual_start"]), day)
        record_progress(work, {task: progress_of(programme, finish_of(programme, task, day, started))}, by)
        return
    left = None if values["remaining"] is None else Duration(values["remaining"], Unit(values["unit"] or Unit.WORKING))
    started_again = replace(
        progress_of(programme, ReportedProgress(task, day)), remaining=left, percent=values["percent"]
    )
    record_progress(work, {task: started_again}, by)


def _attendance(work: UnitOfWork, wrong: RecordedFact, day: date, by: str) -> None:
    again = replace(Attendance(**_values(Attendance, wrong)), on=day)
    facts.add_attendance(work.session, work.name, [again], at=work.change.now, by=by)
    work.record("attendance", "attendance:1", by=by)


def _act(work: UnitOfWork, wrong: RecordedFact, day: date, by: str) -> None:
    again = replace(SponsorAct(**_values(SponsorAct, wrong)), on=day)
    check_act(again, work.change.on)
    if not facts.add_act(work.session, work.name, again, at=work.change.now, by=by):
        raise ConflictError(f"The same support is already recorded for {format_day(day)}. Withdraw this one instead.")
    work.record("sponsor", f"{again.who or 'sponsor'}:{day.isoformat()}", by=by)


def _checkpoint(work: UnitOfWork, wrong: RecordedFact, day: date, by: str) -> None:
    again = replace(CheckpointResult(**_values(CheckpointResult, wrong)), on=day)
    programme, task = work.programme, again.task
    check_result(programme, again, today=work.change.on)
    facts.add_checkpoint(work.session, work.name, again, at=work.change.now, by=by)
    known = programme.facts.progress.get(task)
    started = min(day_of(known.actual_start), day) if known is not None else None
    record_progress(work, {task: progress_of(programme, finish_of(programme, task, day, started))}, by)
    work.record("checkpoint", f"checkpoint:{task}", by=by)


_AGAIN: Mapping[str, Callable[[UnitOfWork, RecordedFact, date, str], None]] = {
    "progress": _progress,
    "attendance": _attendance,
    "sponsor-act": _act,
    "checkpoint": _checkpoint,
}
"""How to record each kind of fact again, with another day."""


def _values(kind: type[Attendance | SponsorAct | CheckpointResult], fact: RecordedFact) -> dict[str, Any]:
    return {field.name: fact.values[field.name] for field in fields(kind)}
