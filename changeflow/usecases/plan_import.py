"""Import a plan from another program as a programme: what was read, where its tasks belong, and both sets of dates.

Nothing is stored until someone has seen the dates. The result is an ordinary folder, for a database or for the disk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from changeflow.errors import ConflictError, InputError
from changeflow.files import whole_folder, write_whole
from changeflow.intake.first_admin import FirstAdmin
from changeflow.intake.folder import read_sources
from changeflow.intake.mspdi.reader import ProjectFile
from changeflow.intake.plan_folder import PROGRESS_FILE, PlanTexts, write_plan
from changeflow.intake.plan_places import PlanAbout, PlanTask, TaskPlace, plan_tasks
from changeflow.intake.tables import PastedText
from changeflow.phrases import printable
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme
from changeflow.programme.recording import checked_progress
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.rules.engine import Judged
from changeflow.usecases.first_run import FirstProgramme, store_first, write_texts
from changeflow.usecases.plan_dates import DateDifference, compare_plan
from changeflow.usecases.progress import progress_in
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.project_files import schedule_project
from changeflow.usecases.stored import judged
from changeflow.usecases.unit_of_work import Change
from changeflow.values.base import TaskId
from changeflow.values.moments import local_day

MOST_TASKS = 5_000
"""The most tasks of an imported plan: about twice the largest programme that we have measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """A plan as it was read."""

    project: ProjectFile
    schedule: Schedule
    tasks: Sequence[PlanTask]
    notes: tuple[str, ...]
    """What was read but is not used, and what was assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPlan:
    """A plan as a programme that is not stored yet."""

    texts: PlanTexts
    judged: Judged
    compared: int
    """The number of tasks whose dates were compared."""
    differences: tuple[DateDifference, ...]
    """The tasks whose dates differ from the plan, in its order."""

    @property
    def headline(self) -> str:
        """How many tasks have different dates here."""
        if not self.differences:
            return f"All {self.compared} tasks have the same dates as in the plan."
        return f"{len(self.differences)} of {self.compared} tasks have dates that differ from the plan."


def read_plan(path: Path, *, columns: Mapping[str, str] | None = None) -> ReadPlan:
    """Read a plan from Microsoft Project, Planner or another program; raise `ProblemsError` with every mistake.

    `columns` gives the heading of each of our columns in a list of tasks; by default they are found by their names.
    """
    notes: list[str] = []
    project, schedule = schedule_project(path, say=notes.append, columns=columns)
    tasks = plan_tasks(project)
    if not tasks:
        raise InputError("The plan has no tasks. Choose another file.")
    if len(tasks) > MOST_TASKS:
        raise InputError(f"The plan has {len(tasks):,} tasks. Import at most {MOST_TASKS:,}: split it into parts.")
    return ReadPlan(project=project, schedule=schedule, tasks=tasks, notes=tuple(notes))


def build_plan(plan: ReadPlan, about: PlanAbout, places: Mapping[TaskId, TaskPlace], *, on: date) -> BuiltPlan:
    """Return a plan as a programme, judged on a day with the progress that the plan records."""
    _check_about(about)
    texts = write_plan(plan.project, plan.tasks, about, places, today=on)
    definition = read_sources(texts.texts).definition
    found = judged(definition, on=on)
    if texts.has_progress:
        known = _progress(texts, found.programme, on)
        found = judged(definition, facts=Facts(progress=known), on=on)
    compared, differences = compare_plan(plan.project, plan.schedule, found.programme, texts)
    return BuiltPlan(texts=texts, judged=found, compared=compared, differences=differences)


def _progress(texts: PlanTexts, programme: Programme, on: date) -> Mapping[TaskId, TaskProgress]:
    """Read the progress of a plan as an import of its sheet does."""
    return checked_progress(programme, progress_in(PastedText(texts.progress), programme).typed.reported, on)


def _check_about(about: PlanAbout) -> None:
    if not about.schools:
        raise InputError("List at least one school.")
    if not about.services:
        raise InputError("Name at least one service.")


def store_plan(built: BuiltPlan, admin: FirstAdmin, *, db: str, now: datetime) -> FirstProgramme:
    """Store a plan as the first programme of a database, with its progress."""
    first = store_first(built.texts.texts, admin, db=db, now=now)
    if built.texts.has_progress:
        change = Change(db=db, programme=first.programme, actor=first.person, now=now, on=local_day(now))
        store_import(PastedText(built.texts.progress), change)
    return first


def write_folder(built: BuiltPlan, folder: Path) -> None:
    """Write a plan as a programme folder that is new or empty, with a sheet of its progress."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"'{printable(folder)}' exists and is not empty. Name a new folder; nothing was written.")
    with whole_folder(folder) as new:
        write_texts(new, built.texts.texts)
        if built.texts.has_progress:
            write_whole(new / PROGRESS_FILE, built.texts.progress)
