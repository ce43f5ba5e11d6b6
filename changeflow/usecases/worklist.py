"""The work list of a stored programme."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.agenda.worklist import WorkFilter, WorkItem, work_list
from changeflow.programme.programme import Programme
from changeflow.storage import answers
from changeflow.storage.database import read_scope
from changeflow.usecases.stored import known_until, load
from changeflow.values.problem import check_known


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksInHand:
    """The tasks found, with their programme."""

    programme: Programme
    items: Sequence[WorkItem]


def tasks_in_hand(
    programme: str | None, wanted: WorkFilter, *, db: str, today: date, ahead: date | None = None
) -> TasksInHand:
    """Return the tasks that match a filter; an unknown person, wave or service is an error."""
    with read_scope(db) as session:
        stored = load(session, programme, on=today)
        given = answers.answers(session, stored.programme.id, until=known_until(session, stored.programme.id))
    definition = stored.programme.definition
    check_known("person", wanted.person, [p.id for p in definition.people])
    check_known("wave", wanted.wave, [w.id for w in definition.programme.waves])
    check_known("service", wanted.service, [s.service for s in definition.services])
    items = work_list(stored.programme, wanted, today=today, ahead=ahead, answers=given)
    return TasksInHand(programme=stored.programme, items=items)
