"""Records about people: who came to which training, what checkpoints found, and who looked at where groups stand."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.errors import ProblemsError
from changeflow.intake.attendance import read_attendance
from changeflow.programme.assembly.corrective_actions import Found
from changeflow.programme.checkpoint_results import check_known, check_result
from changeflow.programme.progress import checked_progress, finish_of, task_subject
from changeflow.reports.people import PeopleLines, people_lines
from changeflow.storage import facts
from changeflow.usecases.progress import record_progress
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.problem import Problem
from changeflow.values.roles import Action
from changeflow.values.words import Kind


def import_attendance(path: Path, change: Change) -> int:
    """Record who came to which training; who is known to have come is left as they are."""
    problems: list[Problem] = []
    with unit_of_work(change) as work:
        by = work.permit(Action.RECORD_TRAINING)
        wanted = [t.id for t in work.programme.tasks(kind=Kind.TRAINING)]
        people = {p.id for p in work.definition.people}
        found = list(read_attendance(path, path.name, problems, sessions=wanted, people=people, until=change.on))
        if problems:
            raise ProblemsError(problems)
        new = facts.add_attendance(work.session, work.name, found, at=change.now, by=by)
        if new:
            work.record("attendance", f"attendance:{new}", by=by)
    return new


def report_checkpoint(result: CheckpointResult, change: Change) -> Found:
    """Record a checkpoint's result, in one transaction with its finish; return it judged.

    A second report of the same checkpoint stands beside the first, and counts.
    """
    with unit_of_work(change) as work:
        programme = work.programme
        work.actor()
        check_known(programme, result)
        by = work.permit(Action.REPORT_CHECKPOINT, task_subject(programme.roadmap.tasks[result.task]))
        check_result(programme, result, today=change.on)
        facts.add_checkpoint(work.session, work.name, result, at=change.now, by=by)
        if not programme.is_done(result.task):
            reported = finish_of(programme, result.task, result.on)
            record_progress(work, checked_progress(programme, [reported], change.on), by)
        work.record("checkpoint", f"checkpoint:{result.task}", by=by)
    return next(f for f in work.after.programme.checkpoints() if f.task.id == result.task)


def checkpoints(programme: str | None, *, db: str, today: date) -> Sequence[Found]:
    """Return every checkpoint that was reported, judged, the earliest first."""
    return loaded(programme, db=db, on=today).checkpoints()


def look_at_people(change: Change) -> PeopleLines:
    """Return what was published of groups, and note who has looked at it."""
    with unit_of_work(change) as work:
        by = work.permit(Action.READ_STANDINGS)
        people = people_lines(work.programme, today=change.on)
        latest = work.programme.facts.snapshot
        work.note("look", f"round:{latest.round}" if latest else "round:none", by=by)
    return people
