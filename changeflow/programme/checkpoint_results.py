"""Whether what a checkpoint found can be recorded."""

from datetime import date

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.programme import Programme
from changeflow.values.moments import format_day
from changeflow.values.words import Kind


def check_known(programme: Programme, result: CheckpointResult) -> None:
    """Refuse a result of what is no checkpoint."""
    known = [t.id for t in programme.tasks(kind=Kind.CHECKPOINT)]
    if result.task not in known:
        raise UnknownThingError("checkpoint", result.task, known)


def check_result(programme: Programme, result: CheckpointResult, *, today: date) -> None:
    """Refuse a result before its go-live, without evidence, that says nothing, or of a day to come."""
    task = programme.roadmap.tasks[result.task]
    lives = programme.tasks(kind=Kind.GO_LIVE, service=task.service, schools=task.schools)
    if not any(programme.is_done(t.id) and t.wave == task.wave for t in lives):
        raise InputError(f"{task.name} comes after a go-live that has not happened. No changes saved.")
    shares = {"use": result.use, "proficiency": result.proficiency, "experience": result.experience}
    for label, value in shares.items():
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{label} is a share from 0 to 1, such as 0.85; {value:g} is none. No changes saved.")
    if any(v is not None for v in shares.values()) and not result.evidence.strip():
        raise InputError("Say with --evidence where the numbers come from. No changes saved.")
    values = (*shares.values(), result.sponsor_seen, result.old_way_gone)
    if all(v is None for v in values) and not result.said.strip():
        raise InputError("Say at least one thing that the checkpoint found. No changes saved.")
    if result.on > today:
        raise InputError(f"{format_day(result.on)} is in the future. No changes saved.")
