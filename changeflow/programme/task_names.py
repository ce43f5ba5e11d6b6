"""The ways to refer to a task: by its id, by a unique end of it, or by its name."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from changeflow.errors import AmbiguousNameError, UnknownThingError
from changeflow.roadmap.model.naming import TaskName
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId

LEVELS = len(TaskName("").forms())
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
    """Return the ids of tasks with a name: in full, or else without the service, without wave and school, or neither.

    The first form that matches any task counts. Wave or school may come before the task or, as in earlier releases,
    after it. Capitals, spaces and punctuation do not matter, and an outline number in front
    (`1.2 Form the project team`) is ignored.
    """
    for words in filter(None, dict.fromkeys((_fold(name), _fold(_NUMBER.sub("", name))))):
        for level in range(LEVELS):
            if found := sorted(t for t, task in tasks.items() if words in forms_of(task)[level]):
                return found
    return []


def forms_of(task: Task) -> tuple[frozenset[str], ...]:
    """Return the folded forms of a task's name, most exact first."""
    return _forms(task.name, task.service_name, task.place)


@lru_cache(maxsize=20_000)
def _forms(name: str, service: str, place: str) -> tuple[frozenset[str], ...]:
    """Cached, because each name of a sheet with a thousand names is compared with every task."""
    title = TaskName.taken_apart(name, service=service, place=place)
    return tuple(frozenset(map(_fold, {name, *forms} if not n else forms)) for n, forms in enumerate(title.forms()))


def _fold(text: str) -> str:
    """Return a name's letters and digits."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _in_order(parts: Iterable[str], task: TaskId) -> bool:
    left = iter(task.split("/"))
    return all(part in left for part in parts)


def _ends(tasks: Iterable[TaskId]) -> set[str]:
    """Return the shorter names of tasks, to recognise typing slips."""
    return {task.split("/", 1)[1] for task in tasks if "/" in task}
