"""Levelled dates as a signed-in person sees them, and as a draft of changes to the plan."""

from datetime import datetime, time

from pydantic import TypeAdapter

from changeflow.errors import CheckFailedError
from changeflow.intake.editing.kinds import Edit
from changeflow.intake.editing.levelling import AcceptMove
from changeflow.programme.programme import Programme
from changeflow.reports.levelling import LevelledMoveLine, LevelReport
from changeflow.storage import jobs
from changeflow.storage.database import read_scope
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases.editing import PlanDraft, loaded_for_editing
from changeflow.usecases.jobs import LEVELLING
from changeflow.usecases.result_drafts import finished, saved_once
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
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
    edits = tuple(_edit(stored.programme, move) for move in report.moves)
    if not edits:
        raise CheckFailedError("No task has to move.")
    draft = PlanDraft(programme=stored.programme.id, base=job.version, edits=edits, name="Levelled dates")
    return saved_once(draft, by, change)


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
