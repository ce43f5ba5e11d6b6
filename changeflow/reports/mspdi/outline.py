"""The rows of a Project file: tasks by service, wave and school, with stable numbers."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.values.base import TaskId

NUMBERS = 2_000_000
"""The limit of task numbers: Project reserves larger ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Names of a programme's parts, by id."""

    services: Mapping[str, str]
    waves: Mapping[str, str]
    schools: Mapping[str, str]
    owners: Mapping[str, str] = field(default_factory=dict)
    """People as in other exports: by role, or by name and role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineRow:
    """A row of the file: a task, or a summary without its own task."""

    key: str
    name: str
    level: int
    task: Task | None = None
    below: Sequence[TaskId] = ()
    """The tasks below a summary."""


def rows_of(roadmap: Roadmap, schedule: Schedule, labels: Labels | None) -> list[OutlineRow]:
    """Return the rows in order: by service, wave and school with labels, otherwise as in the roadmap."""
    if labels is None or roadmap.parents:
        return [
            OutlineRow(
                key=t.id, name=t.name, level=1 + _depth(roadmap, t.id), task=t, below=schedule.below.get(t.id, ())
            )
            for t in roadmap.tasks.values()
        ]
    by_time = sorted(
        roadmap.tasks.values(), key=lambda t: (schedule[t.id].early_start, schedule[t.id].early_finish, t.id)
    )
    return list(_grouped([(_place(t, labels), t) for t in by_time], 0, labels))


def _depth(roadmap: Roadmap, task: TaskId) -> int:
    depth = 0
    while (above := roadmap.parents.get(task)) is not None:
        depth, task = depth + 1, above
    return depth


def _place(task: Task, labels: Labels) -> tuple[tuple[str, str], ...]:
    """Return the summaries of a task, the outermost first: (key, name) of its service, wave and school."""
    parts = task.id.split("/")
    if task.service not in labels.services or task.service is None:
        return ()
    place = [(f"service {task.service}", labels.services[task.service])]
    if len(parts) > 2 and task.wave in labels.waves and task.wave is not None:
        place.append((f"{place[-1][0]}, wave {task.wave}", labels.waves[task.wave]))
    if len(parts) > 2 and parts[1] in labels.schools and {parts[1]} == task.schools:
        place.append((f"{place[-1][0]}, school {parts[1]}", labels.schools[parts[1]]))
    return tuple(place)


def _grouped(
    placed: Sequence[tuple[tuple[tuple[str, str], ...], Task]], level: int, labels: Labels
) -> Iterator[OutlineRow]:
    """Yield the tasks of a level, then each group below it, by start."""
    groups: dict[tuple[str, str], list[tuple[tuple[tuple[str, str], ...], Task]]] = {}
    for place, task in placed:
        if len(place) > level:
            groups.setdefault(place[level], []).append((place, task))
        else:
            yield OutlineRow(key=task.id, name=task.name, level=level + 1, task=task)
    order = {f"service {s}": n for n, s in enumerate(labels.services)}
    order |= {f"service {s}, wave {w}": n for s in labels.services for n, w in enumerate(labels.waves)}
    for key, name in sorted(groups, key=lambda group: (order.get(group[0], len(order)), group[0])):
        below = tuple(task.id for _, task in groups[key, name])
        yield OutlineRow(key=f"\0{key}", name=name, level=level + 1, below=below)
        yield from _grouped(groups[key, name], level + 1, labels)


def numbers_of(keys: Iterable[str]) -> dict[str, int]:
    """Return a number for each key, the same in every file; keys of a Project file are already numbers."""
    wanted = sorted(keys)
    if all(key.isdigit() for key in wanted):
        return {key: int(key) for key in wanted}
    found: dict[str, int] = {}
    taken: set[int] = set()
    for key in wanted:
        number, again = _number(key), 0
        while number in taken:
            again += 1
            number = _number(f"{key}#{again}")
        taken.add(number)
        found[key] = number
    return found


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % NUMBERS + 1
