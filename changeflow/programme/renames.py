"""Tasks that have another id than before: what was recorded of them goes on under the new one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from changeflow.programme.assembly.instances import former, instances_of
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme
from changeflow.programme.references import PROGRAMME, References
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.graph import build_graph
from changeflow.values.base import Same, TaskId

_MADE_OF = re.compile(r"(.+?)((?:-again-\d+|/condition-\d+).*)")
"""Ids of tasks that changeflow makes of others: of repetitions, and of conditions of a gate."""


class Renames:
    """The ids that tasks have now, by those that they had."""

    def __init__(self, known: Mapping[TaskId, TaskId] | None = None) -> None:
        self.known = {old: new for old, new in (known or {}).items() if old != new}

    def __bool__(self) -> bool:
        return bool(self.known)

    def then(self, later: "Renames") -> "Renames":
        """Return these renames with those of a later version after them."""
        return Renames({**later.known, **{old: later.task(new) for old, new in self.known.items()}})

    def task(self, task: TaskId) -> TaskId:
        """Return the id that a task has now, also of one that was made of a renamed one."""
        if task in self.known or (made := _MADE_OF.fullmatch(task)) is None:
            return self.known.get(task, task)
        return f"{self.known.get(made[1], made[1])}{made[2]}"

    def subject(self, subject: str) -> str:
        """Return what a reminder is about: a task, perhaps with what of it behind `#`."""
        task, mark, rest = subject.partition("#")
        return f"{self.task(task)}{mark}{rest}"

    def milestone(self, milestone: str) -> str:
        return self.task(f"{PROGRAMME}/{milestone}").removeprefix(f"{PROGRAMME}/")

    def facts(self, facts: Facts) -> Facts:
        """Return facts as if they had been recorded under the ids of now."""
        if not self:
            return facts
        return replace(
            facts,
            progress={self.task(task): done for task, done in facts.progress.items()},
            decisions=tuple(
                replace(self._of(d), conditions=tuple(self._of(c, "before") for c in d.conditions))
                for d in facts.decisions
            ),
            attendance=tuple(map(self._of, facts.attendance)),
            checkpoints=tuple(map(self._of, facts.checkpoints)),
            pilot=tuple(map(self._of, facts.pilot)),
            odds=tuple(replace(o, milestone=self.milestone(o.milestone)) for o in facts.odds),
        )

    def programme(self, programme: Programme) -> Programme:
        """Return a scheduled programme of before with the ids of now, so that both can be compared."""
        if not self:
            return programme
        old, task = programme.roadmap, self.task
        roadmap = replace(
            old,
            tasks={task(i): replace(t, id=task(i)) for i, t in sorted(old.tasks.items(), key=lambda at: task(at[0]))},
            links=tuple(replace(k, predecessor=task(k.predecessor), successor=task(k.successor)) for k in old.links),
            progress={task(i): done for i, done in old.progress.items()},
        )
        milestones = tuple(replace(m, id=self.milestone(m.id), task=task(m.task)) for m in programme.milestones)
        return replace(
            programme,
            roadmap=roadmap,
            milestones=milestones,
            facts=self.facts(programme.facts),
            graph=build_graph(roadmap.tasks, roadmap.links),
            schedule=time_roadmap(roadmap),
            _precedence=[],
            _by_kind={},
        )

    def _of(self, fact: Any, name: str = "task") -> Any:  # noqa: ANN401  (facts of several kinds)
        if not is_dataclass(fact) or name not in {f.name for f in fields(fact)}:
            return fact
        value = getattr(fact, name)
        return fact if value is None else replace(fact, **{name: self.task(value)})  # type: ignore[type-var]


def composed(steps: Iterable[Renames]) -> Renames:
    """Return the renames of all versions together, the first version's first."""
    found = Renames()
    for step in steps:
        found = found.then(step)
    return found


def renames_of(definition: Definition) -> Renames:
    """Return the renames that a definition's `was` say."""
    return _renames_of(Same(definition))


@lru_cache(maxsize=8)
def _renames_of(same: Same[Definition]) -> Renames:
    definition = same.value
    found = {old: i.id for i in instances_of(definition, References(definition)).by_id.values() for old in former(i)}
    milestones = definition.programme.milestones.items()
    found |= {f"{PROGRAMME}/{old}": f"{PROGRAMME}/{name}" for name, shape in milestones for old in shape.was}
    return Renames(found)
