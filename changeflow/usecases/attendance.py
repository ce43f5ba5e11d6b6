"""Record who attended which training."""

from pathlib import Path

from changeflow.errors import NOT_SAVED, ProblemsError
from changeflow.intake.facts import read_attendance
from changeflow.storage import facts
from changeflow.usecases.unit_of_work import Change, unit_of_work
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
        new = facts.add_attendance(work.session, work.name, found, at=change.now, by=by)
        if new:
            work.record("attendance", f"attendance:{new}", by=by)
    return new
