"""Tasks that were split or joined between two states of a programme."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from changeflow.programme.programme import Programme
from changeflow.programme.renames import Renames
from changeflow.values.base import TaskId


@dataclass(frozen=True, slots=True)
class Regrouped:
    """One task that was split, or several tasks that were joined."""

    before: tuple[TaskId, ...]
    after: tuple[TaskId, ...]
    """In order; the first part keeps the records."""


def regrouped(ids: Renames, before: Collection[TaskId], after: Collection[TaskId]) -> tuple[Regrouped, ...]:
    """Return the tasks split or joined between two states, by their ids, without mere renames."""
    groups: list[tuple[dict[TaskId, None], dict[TaskId, None]]] = []
    for old, parts in ids.became.items():
        new = [part for part in parts if part in after and (part not in before or part == old or old not in after)]
        if old not in before or not new:
            continue
        # An id that stays is also an old id, because another task was joined into it.
        olds = dict.fromkeys([*(part for part in new if part in before), old])
        touched = [g for g in groups if olds.keys() & g[0].keys() or set(new) & g[1].keys()]
        for group in touched:
            groups.remove(group)
        all_olds = dict.fromkeys([*(o for g in touched for o in g[0]), *olds])
        groups.append((all_olds, dict.fromkeys([*(n for g in touched for n in g[1]), *new])))
    return tuple(Regrouped(tuple(o), tuple(n)) for o, n in groups if len(o) > 1 or len(n) > 1)


def regrouped_in(ids: Renames, before: Programme, after: Programme) -> tuple[Regrouped, ...]:
    """Return the tasks split or joined, with the ids that `Renames.programme` gives to the old tasks."""
    same = ids.one_to_one(before.roadmap.tasks)
    groups = regrouped(ids, before.roadmap.tasks, after.roadmap.tasks)
    return tuple(replace(g, before=tuple(map(same.task, g.before))) for g in groups)
