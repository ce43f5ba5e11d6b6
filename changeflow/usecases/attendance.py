"""Record who attended which training."""

from collections.abc import Sequence
from pathlib import Path

from changeflow.errors import NOT_SAVED, InputError, ProblemsError, UnknownThingError
from changeflow.intake.facts import read_attendance
from changeflow.programme.facts import Attendance
from changeflow.programme.people import needs
from changeflow.storage import facts
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.moments import format_day
from changeflow.values.problem import Problem, by_place
from changeflow.values.words import Action, Kind


def import_attendance(path: Path, change: Change) -> int:
    """Record attendance from a CSV; people already recorded are unchanged."""
    problems: list[Problem] = []
    with unit_of_work(change) as work:
        by = work.permit(Action.RECORD_TRAINING)
        wanted = {t.id: t for t in work.programme.tasks(kind=Kind.TRAINING)}
        people = {p.id for p in work.definition.people}
        found = list(read_attendance(path, path.name, problems, sessions=wanted, people=people, until=change.on))
        if problems:
            raise ProblemsError(by_place(problems), NOT_SAVED)
        return _add(work, found, by)


def record_attendance(came: Sequence[Attendance], change: Change) -> int:
    """Record who came to training; people already recorded are unchanged. Return how many are new."""
    with unit_of_work(change) as work:
        by = work.permit(Action.RECORD_TRAINING)
        wanted = {t.id: t for t in work.programme.tasks(kind=Kind.TRAINING)}
        for one in came:
            if one.task not in wanted:
                raise UnknownThingError("training session", one.task)
            if one.person not in needs(work.programme, wanted[one.task]):
                raise UnknownThingError("person", one.person)
            if one.on > change.on:
                raise InputError(f"{format_day(one.on)} is in the future. {NOT_SAVED}")
        return _add(work, came, by)


def _add(work: UnitOfWork, came: Sequence[Attendance], by: str) -> int:
    new = facts.add_attendance(work.session, work.name, came, at=work.change.now, by=by)
    if new:
        work.record("attendance", f"attendance:{new}", by=by)
    return new
