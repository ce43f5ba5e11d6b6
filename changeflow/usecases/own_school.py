"""Who sees every school, and what a head sees: their own school and the programme's milestones.

Heads who also have a role in the whole programme see everything.
"""

from changeflow.programme.mandates import Subject
from changeflow.reports.own_school import OwnSchool, own_school_of
from changeflow.usecases.visits import Visit
from changeflow.values.base import TaskId
from changeflow.values.words import Action, Role


def sees_all(visit: Visit) -> bool:
    """Return whether the person may see every school of the programme."""
    return visit.may(Action.READ_SCHOOL, _every(visit))


def own_school(visit: Visit) -> OwnSchool | None:
    """Return the school to which a head's view is limited; None for everyone else."""
    school = visit.visitor.school
    if school is None or Role.HEAD not in visit.visitor.roles or sees_all(visit):
        return None
    return visit.view("own-school", lambda: own_school_of(visit.definition, school), school)


def permit_whole(visit: Visit) -> None:
    """Refuse a head what is about every school; the message says who may see it."""
    if own_school(visit) is not None:
        visit.permit(Action.READ_SCHOOL, _every(visit))


def own_tasks(visit: Visit, own: OwnSchool) -> frozenset[TaskId]:
    """Return the tasks that a head may see: those of their school, and the programme's milestones."""

    def find() -> frozenset[TaskId]:
        tasks = visit.programme.roadmap.tasks
        theirs = {t for t, task in tasks.items() if own.is_about(task) and not own.is_named(task.name)}
        return frozenset(theirs | {m.task for m in visit.programme.milestones if not own.is_named(m.name)})

    return visit.view("own-tasks", find, own.school)


def _every(visit: Visit) -> Subject:
    return Subject(thing="every school", schools=frozenset(s.id for s in visit.definition.schools))
