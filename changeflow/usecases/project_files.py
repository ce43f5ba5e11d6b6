"""Schedule a Microsoft Project file, without loading what only programme folders need."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from changeflow.errors import AmbiguousNameError, UnknownThingError
from changeflow.intake.mpp import is_foreign, read_through_mpxj
from changeflow.intake.mspdi.reader import ProjectFile, naming_loops, read_mspdi
from changeflow.programme.dates import Dates
from changeflow.programme.task_names import called
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.profile import PROFILES
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import days_of_span, format_days, iso

SHOWN = 3
"""The most tasks with different dates that are named."""
TABLES = (".xlsx", ".xlsm", ".csv", ".txt", ".tsv")
"""Extensions of plans exported by Microsoft Planner, and of task lists from Microsoft Project."""


def schedule_project(
    path: Path,
    *,
    say: Callable[[str], None] | None = None,
    profile: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> tuple[ProjectFile, Schedule]:
    """Compute the critical path of a file from Microsoft Project, Planner or another program.

    `say` gets a line about slow steps, and one for each thing that is read but not applied. `columns` gives the heading
    of each of our columns in a list of tasks; by default they are found by their names.
    """
    project = _read(path, say, columns)
    if profile is not None:
        project = replace(project, roadmap=replace(project.roadmap, profile=PROFILES[profile]))
    with naming_loops(project.names):
        schedule = time_roadmap(project.roadmap)
    if say is not None:
        for remark in (*project.notes, *_other_dates(project, schedule)):
            say(remark)
    return project, schedule


def task_in_file(project: ProjectFile, name: str) -> TaskId:
    """Return a task's UID from its UID or its name in the file."""
    tasks = project.roadmap.tasks
    if name in tasks:
        return name
    found = called(name, tasks)
    if not found:
        raise UnknownThingError("task", name, dict.fromkeys(project.names.values()))
    if len(found) > 1:
        raise AmbiguousNameError("task", name, [_with_place(project, task) for task in found], remedy="Write its UID.")
    return found[0]


def _with_place(project: ProjectFile, task: TaskId) -> str:
    """Name a task with its UID and the summary above it."""
    above = project.roadmap.parents.get(task)
    below = f", below '{project.names[above]}'" if above is not None else ""
    return f"'{project.names[task]}' (UID {task}{below})"


def _read(path: Path, say: Callable[[str], None] | None, columns: Mapping[str, str] | None) -> ProjectFile:
    if path.suffix.lower() in TABLES:
        # Imported here because most files are Project's own.
        from changeflow.intake.planner import read_planner

        return read_planner(path, columns=columns)
    return read_through_mpxj(path, say=say) if is_foreign(path) else read_mspdi(path)


def _other_dates(project: ProjectFile, schedule: Schedule) -> Iterator[str]:
    """Say for how many tasks the file has different dates: something in it may not be supported."""
    others = [task for task, dates in project.stored.items() if _differs(project.roadmap, schedule, task, dates)]
    if not others:
        return
    of_all = f"{len(others)} of {counted(len(project.stored), 'task')}"
    shown = "; ".join(_two_dates(project, schedule, task) for task in others[:SHOWN])
    yield f"The file has different dates for {of_all}: it is out of date, or part of it is not supported. {shown}."


def _two_dates(project: ProjectFile, schedule: Schedule, task: TaskId) -> str:
    timed, dates = schedule[task], project.stored[task]
    there, here = _in_words(dates.start, dates.finish), _in_words(timed.early_start, timed.early_finish)
    if there == here:
        there, here = (f"until {iso(at)[11:16]}" for at in (dates.finish, timed.early_finish))
    return f"'{project.names[task]}': {there} there, {here} here"


def _differs(roadmap: Roadmap, schedule: Schedule, task: TaskId, dates: Dates) -> bool:
    timed, found = schedule[task], roadmap.tasks[task]
    if found.as_late_as_possible or found.assignments:
        return False
    calendar = roadmap.calendars[found.placed_on or found.calendar]
    ends = ((dates.start, timed.early_start), (dates.finish, timed.early_finish))
    # The end of Friday and the start of Monday are the same point in working time.
    return any(a != b and calendar.between(min(a, b), max(a, b)) > 1 for a, b in ends)


def _in_words(start: int, finish: int) -> str:
    return format_days(*days_of_span(start, finish))
