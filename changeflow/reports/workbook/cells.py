"""Cells shared by several sheets: floats with their units, names of people, services, waves and schools."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from changeflow.agenda.due import GivenAnswers
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.roadmap.analysis.lengths import float_in_words
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId
from changeflow.values.duration import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookSource:
    """A programme to show in a workbook."""

    programme: Programme
    today: date
    at: datetime | None = None
    """When it was exported."""
    version: int | None = None
    """The version, for a stored programme."""
    baseline: Mapping[TaskId, Dates] | None = None
    answers: GivenAnswers | None = None
    """Answers to messages: a task may have been passed on."""


def float_cells(programme: Programme, task: TaskId, minutes: int) -> tuple[float, str]:
    """Return a float as a number and a unit: `-1.5` and `working days`."""
    number, _, unit = float_in_words(programme.roadmap, task, minutes).partition(" ")
    return float(number), unit if unit.endswith("s") else f"{unit}s"


def owner_of(programme: Programme, person: str | None) -> str:
    return programme.person(person) if person is not None else ""


def place_of(programme: Programme, task: Task) -> tuple[str, str, str]:
    """Return the names of a task's service, wave and school, or the number of schools."""
    services = {s.service: s.name for s in programme.services}
    waves = {w.id: w.name for w in programme.definition.programme.waves}
    schools = sorted(task.schools)
    where = programme.school_name(schools[0]) if len(schools) == 1 else counted(len(schools), "school")
    return (
        services.get(task.service or "", task.service or ""),
        waves.get(task.wave or "", task.wave or ""),
        where if schools else "",
    )
