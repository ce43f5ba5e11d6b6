"""The ways to refer to a task: by its id, by a unique end of it, or by its name."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from changeflow.errors import AmbiguousNameError, UnknownThingError
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId

_NUMBER = re.compile(r"^\s*\d+(?:\.\d+)*[.)]?\s+")


def task_named(name: str, tasks: Mapping[TaskId, Task], *, what: str = "task", besides: Iterable[str] = ()) -> TaskId:
    """Return the id for a name: `payroll/w2/go-live`, `w2/go-live`, `payroll/go-live` or “Payroll: go live”.

    Raises `AmbiguousNameError` with the candidates if several tasks have it, and `UnknownThingError`, which may suggest
    a name from `besides`, if none has.
    """
    found = meant(name, tasks)
    if len(found) > 1:
        raise AmbiguousNameError(what, name, found)
    if not found:
        raise UnknownThingError(what, name, [*tasks, *_ends(tasks), *besides])
    return found[0]


def named(name: str, tasks: Mapping[TaskId, Task], *, what: str = "task") -> str:
    """Return the same as `task_named`, but a name that no task has unchanged, for other kinds of search."""
    return task_named(name, tasks, what=what) if meant(name, tasks) else name


def meant(name: str, tasks: Mapping[TaskId, Task]) -> list[TaskId]:
    """Return the ids that a name may mean: itself if it is an id, or else ids that end with it, or else ids with its
    parts in order, or else the ids of tasks with that name, with or without the service."""
    if name in tasks:
        return [name]
    parts = [part for part in name.strip("/").split("/") if part]
    if not parts:
        return []
    end = "/".join(parts)
    ends = [t for t in tasks if t == end or t.endswith(f"/{end}")]
    within = ends or [t for t in tasks if len(parts) > 1 and t.endswith(f"/{parts[-1]}") and _in_order(parts, t)]
    return sorted(within) or called(name, tasks)


def called(name: str, tasks: Mapping[TaskId, Task]) -> list[TaskId]:
    """Return the ids of tasks with a name: in full, or else without the service, or else without wave and school.

    The first form that matches any task counts. Capitals, spaces and punctuation do not matter, and an outline number
    in front (`1.2 Form the project team`) is ignored.
    """
    for words in dict.fromkeys((_fold(name), _fold(_NUMBER.sub("", name)))):
        for form in (_whole, _without_service, _without_place):
            if words and (found := sorted(t for t, task in tasks.items() if _fold(form(task)) == words)):
                return found
    return []


def _whole(task: Task) -> str:
    return task.name


def _without_service(task: Task) -> str:
    return task.name.partition(": ")[2] if task.service else ""


def _without_place(task: Task) -> str:
    """Return the step's name, which people use when another column has the wave or school."""
    name = _without_service(task)
    return name.rpartition(", ")[0] if task.wave or len(task.schools) == 1 else ""


@lru_cache(maxsize=20_000)
def _fold(text: str) -> str:
    """Return a name's letters and digits; cached, because a sheet of a thousand names compares each task each time."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _in_order(parts: Iterable[str], task: TaskId) -> bool:
    left = iter(task.split("/"))
    return all(part in left for part in parts)


def _ends(tasks: Iterable[TaskId]) -> set[str]:
    """Return the shorter names of tasks, to recognise typing slips."""
    return {task.split("/", 1)[1] for task in tasks if "/" in task}
