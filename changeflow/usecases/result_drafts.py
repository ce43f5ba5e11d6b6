"""A draft made from the result of a calculation; each person makes it only once."""

from sqlmodel import Session

from changeflow.errors import UnknownThingError
from changeflow.storage import jobs
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases.drafts import drafts_of, save_draft
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.stored import Stored
from changeflow.usecases.unit_of_work import Change


def finished(session: Session, stored: Stored, number: int, kind: str) -> tuple[Job, str]:
    """Return a finished calculation of a kind, with its numbers as JSON; raise an `UnknownThingError` without one."""
    job = jobs.job_of(session, stored.programme.id, number)
    if job is None or job.kind != kind or job.state is not JobState.DONE:
        raise UnknownThingError("calculation", str(number))
    result = jobs.result_of(session, stored.programme.id, number)
    if result is None:
        raise UnknownThingError("result", str(number))
    return job, result[1]


def saved_once(draft: PlanDraft, by: str, change: Change) -> PlanDraft:
    """Store a draft, or return the same draft that the person has stored before."""
    own = (d for d in drafts_of(change) if (d.base, d.edits, d.author) == (draft.base, draft.edits, by))
    # A number may have been added to its name.
    return next((d for d in own if d.name.startswith(draft.name)), None) or save_draft(draft, change)
