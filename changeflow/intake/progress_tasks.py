"""Find the task of a row in a progress sheet: by its id, or by its name with service, wave and school."""

import re
from collections.abc import Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from changeflow.errors import AmbiguousNameError, UnknownThingError
from changeflow.intake.layout import fold
from changeflow.intake.table_rows import Table, TableRow
from changeflow.programme.programme import Programme
from changeflow.programme.renames import Renames
from changeflow.programme.task_names import called, forms_of, task_named
from changeflow.programme.typed_progress import OF_PROGRESS
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId
from changeflow.values.problem import Problem, what_and_remedy

LIKE = 0.75
"""A name at least this similar to a task's is more likely misspelt than meant."""
_NUMBER = re.compile(r"^[\d.]+[.)]?\s+")
_PART = re.compile(
    r"(?:phase|stage|section|part|workstream|work package|wave|week|milestones?|summary|overall|averages?|mean|total"
    r"|sub-?totals?|grand total)\b|.* (?:sub-?)?total:?$",
    re.IGNORECASE,
)
"""How titles and sums within a list begin."""
PLACE = ("service", "wave", "school")
"""In a team's own sheet, these columns say which task is meant if several share a name."""


class RowTasks:
    """Finds the tasks of a sheet's rows; adds a `Problem` for each mistake."""

    def __init__(self, table: Table, programme: Programme, problems: list[Problem], ids: Renames) -> None:
        self.table, self.programme, self.problems, self.ids = table, programme, problems, ids
        self.headings = {m.field.name for m in table.columns.matches}
        self.service = self._only_service()

    def is_heading(self, row: TableRow, *, is_typed: bool) -> bool:
        """Return whether a row of a team's own list is about no task (a title or a sum), and report it.

        If a row has progress, its name must be that of a part of the programme, or the row must have only a percentage
        and a name that resembles no task's.
        """
        if "task_id" in row.cells or "exported" in self.headings:
            return False
        name, typed = row.cells.get("task"), row.cells.keys() & {*OF_PROGRESS, "comment"}
        is_sum = typed == {"percent"}
        if name is None:
            is_last = row.line == self.table.rows[-1].line
            is_other = is_sum and (is_last or any(self.table.others.get(row.line, {}).values()))
        elif not is_typed:
            is_other = not self._may_be(name)
        else:
            is_other = not self._may_be(name) and (self._is_part(name) or (is_sum and not self._is_like_a_task(name)))
        if is_other:
            beside = f" {row.cells['percent']} beside it was not used." if is_sum else ""
            why = f"“{name[:60]}” is not a task." if name is not None else "it names no task."
            self.table.skip(f"The line was not used: {why}{beside}", row.line)
        return is_other

    def task_of(self, row: TableRow, exported: Mapping[str, Any] | None) -> TaskId | None:
        """Return the task of a row; add a `Problem` if there is none or more than one."""
        tasks, name = self.programme.roadmap.tasks, row.cells.get("task")
        key = self.key(row, exported)
        if key is not None and (key in tasks or name is None or exported is not None):
            found = self._named(row, "task_id", key, tasks)
            if found is not None and not self._is_one(row, found, exported):
                return None
            return found
        if name is None:
            self.problems.append(row.problem("task", "The line has progress and names no task.", "Name it."))
            return None
        return self._named(row, "task", name, self._of_place(row, tasks, name))

    def key(self, row: TableRow, exported: Mapping[str, Any] | None) -> str | None:
        """Return the current id of a row's task; None if no cell has an id."""
        key = row.cells.get("task_id") or (exported["task"] if exported is not None else None)
        return self.ids.task(key) if key is not None else None

    def _named(self, row: TableRow, column: str, name: str, tasks: Mapping[TaskId, Task]) -> TaskId | None:
        try:
            return task_named(name, tasks, besides=[t.name for t in tasks.values()])
        except (UnknownThingError, AmbiguousNameError) as error:
            what, remedy = what_and_remedy(error)
            self.problems.append(row.problem(column, what, remedy or "Correct the name, or remove the line."))
            return None

    @cached_property
    def _parts(self) -> set[str]:
        """Return the (folded) names of parts of the programme."""
        definition, programme = self.programme.definition, self.programme.definition.programme
        pairs = [(s.id, s.name) for s in definition.schools] + [(w.id, w.name) for w in programme.waves]
        pairs += [(s.service, s.name) for s in definition.services] + [(programme.programme, programme.name)]
        return {fold(name) for pair in pairs for name in pair}

    def _is_part(self, name: str) -> bool:
        plain = _NUMBER.sub("", name)
        return fold(plain) in self._parts or _PART.match(plain) is not None

    def _is_like_a_task(self, name: str) -> bool:
        """Return whether a name may be that of a task, misspelt, or its id."""
        if "/" in name and " " not in name:
            return True
        return bool(get_close_matches(fold(name), self._names, n=1, cutoff=LIKE))

    @cached_property
    def _names(self) -> list[str]:
        """Return all (folded) names of tasks: in full, and without their service, wave and school."""
        return list({form for t in self.programme.roadmap.tasks.values() for forms in forms_of(t) for form in forms})

    def _may_be(self, name: str) -> bool:
        with suppress(UnknownThingError, AmbiguousNameError):
            return bool(task_named(name, self.programme.roadmap.tasks))
        return bool(called(name, self.programme.roadmap.tasks))

    def _of_place(self, row: TableRow, tasks: Mapping[TaskId, Task], name: str) -> Mapping[TaskId, Task]:
        """Return the tasks with a name in the row's service, wave and school, as far as the row gives them."""
        found = dict.fromkeys(called(name, tasks))
        if len(found) < 2:
            return tasks
        for key in PLACE:
            said = row.cells.get(key, self.service if key == "service" else None)
            if said is not None:
                mine = [t for t in found if fold(said) in self._names_of(tasks[t], key)]
                found = dict.fromkeys(mine) or found
        return {t: tasks[t] for t in found}

    def _names_of(self, task: Task, key: str) -> set[str]:
        definition = self.programme.definition
        if key == "school":
            own = [(s.id, s.name) for s in definition.schools if s.id in task.schools]
        elif key == "wave":
            own = [(w.id, w.name) for w in definition.programme.waves if w.id == task.wave]
        else:
            own = [(s.service, s.name) for s in definition.services if s.service == task.service]
        return {fold(name) for pair in own for name in pair}

    def _is_one(self, row: TableRow, task: TaskId, exported: Mapping[str, Any] | None) -> bool:
        """Return whether id, name and hidden cell mean the same task: columns may have been sorted separately."""
        tasks, name = self.programme.roadmap.tasks, row.cells.get("task")
        other = self.ids.task(exported["task"]) if exported is not None else task
        meant = called(name, tasks) if name is not None and fold(name) != fold(tasks[task].name) else []
        if other != task and other in tasks:
            what = f"The row has the id '{task}', and was exported as '{other}'."
        elif meant and task not in meant:
            what = f"The row has the id '{task}', and the name of '{meant[0]}'."
        else:
            return True
        self.problems.append(row.problem("task_id", what, "Sort all columns together, or export the sheet again."))
        return False

    def _only_service(self) -> str | None:
        """Return the only service that has a task for every name in the sheet; None if there are several, or the sheet
        gives the service.

        A team's own list is often about one service without saying which, and other services have the same names.
        """
        tasks = self.programme.roadmap.tasks
        names = {row.cells["task"] for row in self.table.rows if "task" in row.cells and "task_id" not in row.cells}
        if {"service", "exported"} & self.headings:
            return None
        # A title within the list is not the name of a task.
        found = [services for name in names if (services := {tasks[t].service for t in called(name, tasks)})]
        common = set[str | None].intersection(*found) if found else set()
        if len(common) != 1 or None in common or all(len(services) == 1 for services in found):
            return None
        [service] = common
        name = next(s.name for s in self.programme.services if s.service == service)
        self.table.say(f"Read as a list of {name}: it is the only service with a task of every name.")
        return name
