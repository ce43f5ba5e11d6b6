"""What a person may call a task: by its id, by the end of it where that is unique, or by its name."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from changeflow.errors import AmbiguousNameError, UnknownThingError
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId

_NUMBER = re.compile(r"^\s*\d+(?:\.\d+)*[.)]?\s+")


def task_named(name: str, tasks: Mapping[TaskId, Task], *, what: str = "task", besides: Iterable[str] = ()) -> TaskId:
    """Return the id that a name means: `payroll/w2/go-live`, `w2/go-live`, `payroll/go-live` or “Payroll: go live”.

    One that several tasks have is an `AmbiguousNameError` with the candidates, one that none has an
    `UnknownThingError`, which may suggest a name from `besides`.
    """
    found = meant(name, tasks)
    if len(found) > 1:
        raise AmbiguousNameError(what, name, found)
    if not found:
        raise UnknownThingError(what, name, [*tasks, *_ends(tasks), *besides])
    return found[0]


def named(name: str, tasks: Mapping[TaskId, Task], *, what: str = "task") -> str:
    """Return what `task_named` does; a name that no task has as it is, for whoever looks for something else."""
    return task_named(name, tasks, what=what) if meant(name, tasks) else name


def meant(name: str, tasks: Mapping[TaskId, Task]) -> list[TaskId]:
    """Return the ids that a name may mean: its own if it is one, else those that end with it, else those that have its
    parts in their order, else those of tasks with that name, with or without the service before it."""
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
    """Return the ids of tasks with a name: all of it, or without their service, or without wave and school as well.

    Only the first of these that some task has counts. Capitals, spaces and punctuation make no difference, and a number
    of an outline before it (`1.2 Form the project team`) is left out.
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
    """Return the name of its step: what people write where a column beside it has the wave or the school."""
    name = _without_service(task)
    return name.rpartition(", ")[0] if task.wave or len(task.schools) == 1 else ""


@lru_cache(maxsize=20_000)
def _fold(text: str) -> str:
    """Return a name's letters and digits: a sheet of a thousand names asks for those of each task a thousand times."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _in_order(parts: Iterable[str], task: TaskId) -> bool:
    left = iter(task.split("/"))
    return all(part in left for part in parts)


def _ends(tasks: Iterable[TaskId]) -> set[str]:
    """Return the shorter names of tasks, so that a slip of the pen in one of them is recognised."""
    return {task.split("/", 1)[1] for task in tasks if "/" in task}
