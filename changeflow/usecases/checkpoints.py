"""Report what a checkpoint found, and read whether changes have stuck."""

from collections.abc import Sequence
from datetime import date

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.assembly.corrective_actions import Found
from changeflow.programme.programme import Programme
from changeflow.programme.progress import checked_progress, finish_of, task_subject
from changeflow.storage import facts
from changeflow.storage.database import read_scope
from changeflow.usecases.progress import record_progress
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.moments import spoken_day
from changeflow.values.roles import Action
from changeflow.values.words import Kind


def report_checkpoint(result: CheckpointResult, change: Change) -> Found:
    """Record a checkpoint's result, in one transaction with its finish; return it judged.

    A second report of the same checkpoint stands beside the first, and counts.
    """
    with unit_of_work(change) as work:
        programme = work.programme
        work.actor()
        _check_known(programme, result)
        by = work.permit(Action.REPORT_CHECKPOINT, task_subject(programme.roadmap.tasks[result.task]))
        _check(programme, result)
        if result.on > change.on:
            raise InputError(f"{spoken_day(result.on)} lies in the future. Nothing was recorded.")
        facts.add_checkpoint(work.session, work.name, result, at=change.now, by=by)
        if not programme.is_done(result.task):
            reported = finish_of(programme, result.task, result.on)
            record_progress(work, checked_progress(programme, [reported], change.on), by)
        work.record("checkpoint", f"checkpoint:{result.task}", by=by)
    return next(f for f in work.after.programme.checkpoints() if f.task.id == result.task)


def checkpoints(programme: str | None, *, db: str, today: date) -> Sequence[Found]:
    """Return every checkpoint that was reported, judged, the earliest first."""
    with read_scope(db) as session:
        return load(session, programme, on=today).programme.checkpoints()


def _check_known(programme: Programme, result: CheckpointResult) -> None:
    known = [t.id for t in programme.tasks(kind=Kind.CHECKPOINT)]
    if result.task not in known:
        raise UnknownThingError("checkpoint", result.task, known)


def _check(programme: Programme, result: CheckpointResult) -> None:
    task = programme.roadmap.tasks[result.task]
    lives = programme.tasks(kind=Kind.GO_LIVE, service=task.service, schools=task.schools)
    if not any(programme.is_done(t.id) and t.wave == task.wave for t in lives):
        raise InputError(f"{task.name} comes after a go-live that has not happened. Nothing was recorded.")
    shares = {"use": result.use, "proficiency": result.proficiency, "experience": result.experience}
    for label, value in shares.items():
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{label} is a share from 0 to 1, such as 0.85; {value:g} is none. Nothing was recorded.")
    if any(v is not None for v in shares.values()) and not result.evidence.strip():
        raise InputError("Say with --evidence where the numbers come from. Nothing was recorded.")
    values = (*shares.values(), result.sponsor_seen, result.old_way_gone)
    if all(v is None for v in values) and not result.said.strip():
        raise InputError("Say at least one thing that the checkpoint found. Nothing was recorded.")
