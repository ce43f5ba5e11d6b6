"""Tasks that were renamed, split or joined: their records continue under the new ids."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from changeflow.programme.assembly.instances import Instance, former, shared_instances
from changeflow.programme.dates import Dates
from changeflow.programme.definition import Definition, MilestoneShape
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme
from changeflow.programme.references import PROGRAMME, References
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.graph import build_graph
from changeflow.values.base import Same, TaskId

_MADE_OF = re.compile(r"(.+?)((?:-again-\d+|/condition-\d+).*)")
"""Ids of tasks derived from others: repetitions, and conditions of a gate."""


class Renames:
    """The new ids of tasks, by former id. A split task has one for each part, in order."""

    def __init__(
        self,
        known: Mapping[TaskId, TaskId | tuple[TaskId, ...]] | None = None,
        people: Mapping[TaskId, Mapping[str, TaskId]] | None = None,
        waves: Mapping[str, str] | None = None,
    ) -> None:
        parts = {old: (new,) if isinstance(new, str) else new for old, new in (known or {}).items()}
        self.became = {old: new for old, new in parts.items() if new != (old,)}
        self._people = people or {}
        """For tasks whose parts are for different schools, each person's part."""
        self._waves = waves or {}
        """For a service's removed waves, such as `payroll/w1`, the wave that has their tasks."""

    def __bool__(self) -> bool:
        return bool(self.became)

    @property
    def known(self) -> dict[TaskId, TaskId]:
        """The task that continues the records of each former id."""
        return {old: new[0] for old, new in self.became.items() if new[0] != old}

    def then(self, later: "Renames") -> "Renames":
        """Return these renames followed by those of a later version."""
        parts = {
            old: tuple(dict.fromkeys(last for part in new for last in later.parts(part)))
            for old, new in self.became.items()
        }
        people = {old: later._people[new[0]] for old, new in self.became.items() if new[0] in later._people}
        for old, of in self._people.items():
            people[old] = {who: later.task(part, who) for who, part in of.items()}
        waves = {old: later._waves.get(new, new) for old, new in self._waves.items()}
        return Renames({**later.became, **parts}, {**later._people, **people}, {**later._waves, **waves})

    def parts(self, task: TaskId) -> tuple[TaskId, ...]:
        """Return the tasks that a task has become; itself if it was not renamed."""
        return self.became.get(task, (task,))

    def task(self, task: TaskId, person: str | None = None) -> TaskId:
        """Return a task's current id, including those of tasks derived from a renamed one, or of people of a wave.

        For a split task it is the first part, or the part for a `person`'s school.
        """
        if person is not None and person in (own := self._people.get(task, {})):
            return own[person]
        if task in self.became:
            return self.became[task][0]
        if (made := _MADE_OF.fullmatch(task)) is not None:
            return f"{self.task(made[1])}{made[2]}"
        wave, _, step = task.rpartition("/")
        return f"{self._waves[wave]}/{step}" if wave in self._waves else task

    def subject(self, subject: str) -> str:
        """Return the current subject of a reminder: a task, perhaps with a detail after `#`."""
        task, mark, rest = subject.partition("#")
        return f"{self.task(task)}{mark}{rest}"

    def milestone(self, milestone: str) -> str:
        return self.task(f"{PROGRAMME}/{milestone}").removeprefix(f"{PROGRAMME}/")

    def milestones(self, points: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """Return each milestone's finish under its current ids, with its other values; the later of two."""
        found: dict[str, tuple[int, int]] = {}
        for name, point in points.items():
            for part in self.parts(f"{PROGRAMME}/{name}"):
                new = part.removeprefix(f"{PROGRAMME}/")
                if new == name or new not in points:
                    found[new] = max(point, found.get(new, point))
        return found

    def dates(self, dates: Mapping[TaskId, Dates]) -> dict[TaskId, Dates]:
        """Return a plan's dates under the current ids.

        Each part of a split task has the dates of the whole. Joined tasks run from the first start to the last finish.
        """
        found: dict[TaskId, Dates] = {}
        for task, own in dates.items():
            parts = self.parts(task) if task in self.became else (self.task(task),)
            for part in parts:
                if part != task and part in dates:
                    continue  # It has its own dates.
                other = found.get(part, own)
                found[part] = Dates(min(own.start, other.start), max(own.finish, other.finish))
        return found

    def facts(self, facts: Facts) -> Facts:
        """Return facts as if they had been recorded under the current ids.

        Records of a split task continue with its first part; what the others inherit is recorded when the version is
        stored (`inherited.py`). If two tasks now share an id, the latest record counts.
        """
        if not self:
            return facts
        return replace(
            facts,
            progress={self.task(task): done for task, done in facts.progress.items()},
            decisions=tuple(
                replace(self._of(d), conditions=tuple(self._of(c, "before") for c in d.conditions))
                for d in facts.decisions
            ),
            attendance=tuple(replace(a, task=self.task(a.task, a.person)) for a in facts.attendance),
            checkpoints=tuple(map(self._of, facts.checkpoints)),
            comments=tuple(map(self._of, facts.comments)),
            pilot=tuple(map(self._of, facts.pilot)),
            odds=tuple(replace(o, milestone=self.milestone(o.milestone)) for o in facts.odds),
        )

    def programme(self, programme: Programme) -> Programme:
        """Return an earlier scheduled programme with the current ids, so that the two can be compared.

        The first of several joined tasks gets the new id; the others keep theirs.
        """
        if not self:
            return programme
        old = programme.roadmap
        same = self.one_to_one(old.tasks)
        task = same.task
        roadmap = replace(
            old,
            tasks={task(i): replace(t, id=task(i)) for i, t in sorted(old.tasks.items(), key=lambda at: task(at[0]))},
            links=tuple(replace(k, predecessor=task(k.predecessor), successor=task(k.successor)) for k in old.links),
            progress={task(i): done for i, done in old.progress.items()},
        )
        milestones = tuple(replace(m, id=same.milestone(m.id), task=task(m.task)) for m in programme.milestones)
        return replace(
            programme,
            roadmap=roadmap,
            milestones=milestones,
            facts=same.facts(programme.facts),
            graph=build_graph(roadmap.tasks, roadmap.links),
            schedule=time_roadmap(roadmap),
            _precedence=[],
            _by_kind={},
        )

    def one_to_one(self, tasks: Collection[TaskId]) -> "Renames":
        """Return the current ids of tasks, without duplicates."""
        found: dict[TaskId, TaskId] = {}
        taken = set(tasks)
        for old, new in self.became.items():
            if old in taken and new[0] not in taken:
                found[old] = new[0]
                taken.add(new[0])
        return Renames(found, self._people, self._waves)

    def _of(self, fact: Any, name: str = "task") -> Any:  # noqa: ANN401  (facts of several kinds)
        if not is_dataclass(fact) or name not in {f.name for f in fields(fact)}:
            return fact
        value = getattr(fact, name)
        return fact if value is None else replace(fact, **{name: self.task(value)})  # type: ignore[type-var]


def composed(steps: Iterable[Renames]) -> Renames:
    """Return the renames of all versions combined, the first version's first."""
    found = Renames()
    for step in steps:
        found = found.then(step)
    return found


def renames_of(definition: Definition) -> Renames:
    """Return the renames from a definition's `was` entries."""
    return _renames_of(Same(definition))


@lru_cache(maxsize=64)
def _renames_of(same: Same[Definition]) -> Renames:
    definition = same.value
    instances = shared_instances(definition).by_id
    shapes = {f"{PROGRAMME}/{name}": shape for name, shape in definition.programme.milestones.items()}
    parts: dict[TaskId, list[TaskId]] = {}
    for task, olds in (
        *((i.id, former(i, every_level=True)) for i in instances.values()),
        *((task, [f"{PROGRAMME}/{old}" for old in shape.was]) for task, shape in shapes.items()),
    ):
        for old in olds:
            parts.setdefault(old, []).append(task)
    split = {old for old, new in parts.items() if len(new) > 1}
    waits = _waits(instances, shapes) if split else {}
    found = {
        # A task that keeps its id is its own first part.
        old: tuple(dict.fromkeys([*([old] if old in instances or old in shapes else ()), *_in_order(new, waits)]))
        for old, new in parts.items()
    }
    people = {old: _parts_of_people(definition, found[old], instances) for old in split}
    return Renames(found, people, _waves_of(definition, found))


def _waves_of(definition: Definition, parts: Mapping[TaskId, Sequence[TaskId]]) -> dict[str, str]:
    """Return the services' removed waves with the waves that have their tasks, because people's tasks have no `was`."""
    references = References(definition)
    there = {f"{s.service}/{w.id}" for s in definition.services for w in references.waves_of(s)}
    found: dict[str, str] = {}
    for old, new in parts.items():
        (before, _, step), (after, _, same) = old.rpartition("/"), new[0].rpartition("/")
        is_wave = before not in there and after in there and before.count("/") == 1
        if step == same and is_wave and before.split("/")[0] == after.split("/")[0]:
            found[before] = after
    return found


def _waits(instances: Mapping[TaskId, Instance], shapes: Mapping[TaskId, MilestoneShape]) -> Mapping[str, set[str]]:
    """Return the steps that each step waits for by its own links, by name."""
    found: dict[str, set[str]] = {}
    linked = [(i.id, i.fields.after or ()) for i in instances.values()]
    for task, after in (*linked, *((task, shape.after) for task, shape in shapes.items())):
        earlier = found.setdefault(_step(task), set())
        earlier.update(_step(link.split()[0]) for link in after if link.strip())
    return found


def _step(task: str) -> str:
    return task.rpartition("/")[2]


def _in_order(parts: Iterable[TaskId], waits: Mapping[str, set[str]]) -> list[TaskId]:
    """Return parts in order of their links, or else by the name of their step.

    Copies of one step are in the order of their waves. The order of keys in a file does not count: it is not stored.
    """
    left, found = sorted(parts, key=_step), list[TaskId]()
    while left:
        steps = {_step(task) for task in left}
        first = next((t for t in left if not _behind(_step(t), waits) & (steps - {_step(t)})), left[0])
        left.remove(first)
        found.append(first)
    return found


def _behind(step: str, waits: Mapping[str, set[str]]) -> set[str]:
    """Return all direct and indirect predecessors of a step."""
    found, open_ = set[str](), [step]
    while open_:
        new = waits.get(open_.pop(), set()) - found
        found |= new
        open_ += new
    return found


def _parts_of_people(
    definition: Definition, parts: Sequence[TaskId], instances: Mapping[TaskId, Instance]
) -> dict[str, TaskId]:
    """Return the part for each person's school."""
    schools = {task: instances[task].schools for task in parts if task in instances}
    return {
        person.id: next((task for task, own in schools.items() if person.school in own), parts[0])
        for person in definition.people
        if person.school
    }
