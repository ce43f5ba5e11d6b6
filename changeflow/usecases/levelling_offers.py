"""Levelled dates as a signed-in person sees them, and as a draft of changes to the plan."""

from datetime import datetime, time

from pydantic import TypeAdapter

from changeflow.errors import CheckFailedError
from changeflow.intake.editing.kinds import Edit
from changeflow.intake.editing.levelling import AcceptMove
from changeflow.programme.programme import Programme
from changeflow.programme.task_moves import is_in_no_file
from changeflow.reports.levelling import LevelledMoveLine, LevelReport
from changeflow.storage import jobs
from changeflow.storage.database import read_scope
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases.editing import PlanDraft, loaded_for_editing
from changeflow.usecases.jobs import LEVELLING
from changeflow.usecases.result_drafts import finished, saved_once
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.base import TaskId
from changeflow.values.moments import minute_of


def levelled_dates(visit: Visit, job: Job) -> LevelReport | None:
    """Return the result of a calculation of levelled dates; None for another kind, or while there is none."""
    if job.kind != LEVELLING or job.state is not JobState.DONE:
        return None
    result = jobs.result_of(visit.session, visit.name, job.id)
    return TypeAdapter(LevelReport).validate_json(result[1]) if result is not None else None


def use_levelled_dates(number: int, change: Change) -> PlanDraft:
    """Store the proposed starts as a draft, or return the draft that the person has already made from them."""
    with read_scope(change.db) as session:
        stored, by = loaded_for_editing(session, change)
        job, data = finished(session, stored, number, LEVELLING)
    report = TypeAdapter(LevelReport).validate_json(data)
    if not report.moves:
        raise CheckFailedError("No task has to move.")
    left_out = moves_left_out(stored.programme, report)
    edits = tuple(_edit(stored.programme, move) for move in report.moves if move.task not in left_out)
    if not edits:
        raise CheckFailedError("None of these tasks is in the plan’s files, so a draft cannot move them.")
    draft = PlanDraft(programme=stored.programme.id, base=job.version, edits=edits, name="Levelled dates")
    return saved_once(draft, by, change)


def moves_left_out(programme: Programme, report: LevelReport) -> frozenset[TaskId]:
    """Return the tasks that a draft cannot move, because they were added for what was recorded or decided."""
    tasks = (programme.roadmap.tasks.get(move.task) for move in report.moves)
    return frozenset(task.id for task in tasks if task is not None and is_in_no_file(task))


def _edit(programme: Programme, move: LevelledMoveLine) -> Edit:
    """Return the edit that accepts a start, as a day if the task starts with that day's work."""
    start = datetime.fromisoformat(move.iso)
    midnight = datetime.combine(start.date(), time.min)
    task = programme.roadmap.tasks.get(move.task)
    if task is not None:
        calendar = programme.roadmap.calendars[task.calendar]
        if calendar.between(minute_of(midnight), minute_of(start)) == 0:
            start = midnight
    return AcceptMove(task=move.task, start=start)
