"""Close open requests about tasks that are done and gates that are decided, in the same transaction."""

from collections.abc import Iterable

from changeflow.agenda.asks import EVIDENCE, FEEDBACK
from changeflow.storage import agenda, answers
from changeflow.usecases.unit_of_work import UnitOfWork
from changeflow.values.base import TaskId


def close_requests(work: UnitOfWork, gates: Iterable[TaskId]) -> None:
    """End the links about decided gates and their evidence, and withdraw unsent messages."""
    agenda.close(work.session, work.name, close_links(work, gates), at=work.change.now)


def close_links(work: UnitOfWork, tasks: Iterable[TaskId]) -> list[str]:
    """End the links about tasks; return their subjects. Waiting messages are checked before they go."""
    subjects = [subject for t in tasks for subject in (t, f"{t}#{EVIDENCE}", f"{t}#{FEEDBACK}")]
    answers.end_links(work.session, work.name, subjects, now=work.change.now)
    return subjects
