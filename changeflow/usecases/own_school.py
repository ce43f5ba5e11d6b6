"""Who sees every school, and what everyone else at a school sees: their own school and the programme's milestones.

People who have a school in people.csv, such as heads and business managers, are limited to it, unless they also have a
role in the whole programme.
"""

from typing import NoReturn

from changeflow.errors import HiddenThingError, NotAllowedError, UnknownThingError
from changeflow.logs import log
from changeflow.programme.mandates import Subject
from changeflow.reports.own_school import OwnSchool, own_school_of
from changeflow.roadmap.model.tasks import Task
from changeflow.usecases.visits import Visit
from changeflow.values.acting import current
from changeflow.values.base import TaskId
from changeflow.values.words import Action


def sees_all(visit: Visit) -> bool:
    """Return whether the person may see every school of the programme."""
    return visit.may(Action.READ_SCHOOL, _every(visit))


def own_school(visit: Visit) -> OwnSchool | None:
    """Return the school to which the person's view is limited; None if it is not limited to one."""
    school = visit.visitor.school
    if school is None or sees_all(visit):
        return None
    return visit.view("own-school", lambda: own_school_of(visit.definition, school), school)


def permit_whole(visit: Visit) -> None:
    """Refuse what is about every school to a person who sees only one; the message says who may see it."""
    if own_school(visit) is not None:
        visit.permit(Action.READ_SCHOOL, _every(visit))


def permit_known(visit: Visit, what: str, name: str) -> None:
    """Refuse like `permit_whole`, but as if the thing did not exist: the person may not know that it does."""
    try:
        permit_whole(visit)
    except NotAllowedError:
        raise HiddenThingError(what, name) from None


def hide(visit: Visit, action: Action, what: str, name: str) -> NoReturn:
    """Say that a thing does not exist to a person who may not know of it, and log the refusal."""
    log("refused", programme=visit.name, actor=visit.visitor.person, action=action.value, via=current().via.value)
    raise HiddenThingError(what, name)


def own_tasks(visit: Visit, own: OwnSchool) -> frozenset[TaskId]:
    """Return the tasks that a person of one school may see.

    They are those of the school, the programme's milestones, and their own that name no other school.
    """

    def find() -> frozenset[TaskId]:
        tasks = visit.programme.roadmap.tasks
        theirs = {t for t, task in tasks.items() if own.is_about(task) and not own.is_named(task.name)}
        return frozenset(theirs | {m.task for m in visit.programme.milestones if not own.is_named(m.name)})

    return visit.view("own-tasks", find, own.school) | frozenset(owned_elsewhere(visit, own))


def known_task(visit: Visit, task: TaskId) -> Task:
    """Return a task by its id; one that the person may not see is as unknown as one that does not exist."""
    found, own = visit.programme.roadmap.tasks.get(task), own_school(visit)
    if found is None:
        raise UnknownThingError("task", task)
    if own is not None and task not in own_tasks(visit, own):
        hide(visit, Action.READ_PROGRAMME, "task", task)
    return found


def owned_elsewhere(visit: Visit, own: OwnSchool) -> tuple[TaskId, ...]:
    """Return the person's own tasks that are not about their school, such as one for the whole programme."""

    def find() -> tuple[TaskId, ...]:
        tasks = visit.programme.roadmap.tasks
        mine = (t for t, task in tasks.items() if task.owner == person and not own.is_about(task))
        return tuple(sorted(t for t in mine if not own.is_named(tasks[t].name)))

    person = visit.visitor.person
    return visit.view("owned-elsewhere", find, person)


def _every(visit: Visit) -> Subject:
    return Subject(thing="all schools", schools=frozenset(s.id for s in visit.definition.schools))
