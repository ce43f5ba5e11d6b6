"""Joins lines that say the same about several tasks, such as a step at several schools, or tasks of a wave."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.values.duration import counted

NAMED = 3
"""The most members of a group that are named: our own choice."""
Said = TypeVar("Said", bound=Hashable)


def of_a_wave(task: Task) -> tuple[object, ...]:
    """Return a key shared by tasks of one wave and kind; a task without a wave has its own."""
    return (task.wave, task.kind) if task.wave else (task.id,)


def of_a_step(task: Task) -> tuple[object, ...]:
    """Return a key shared by the copies of one step; a task without a wave has its own."""
    return (task.service, task.step) if task.wave else (task.id,)


def grouped(
    roadmap: Roadmap, said: Iterable[tuple[str, Said]], *, alike: Callable[[Task], tuple[object, ...]] = of_a_wave
) -> list[tuple[str, Said, int]]:
    """Join similar tasks about which the same is said; return (name, said, number of tasks), in order."""
    groups: dict[tuple[object, ...], list[Task]] = {}
    for task, words in said:
        found = roadmap.tasks[task]
        groups.setdefault((words, *alike(found)), []).append(found)
    return [(group_name(members), key[0], len(members)) for key, members in groups.items()]  # type: ignore[misc]


def joined_sentences(roadmap: Roadmap, said: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
    """Join sentences that begin with a task's name in quotes, and then agree: “7 tasks in wave 2 (…): each is late.”

    `said` has pairs of an id, of a task or anything else, and a sentence. Return each sentence with the number joined.
    """
    alone: dict[str, int] = {}
    by_rest: list[tuple[str, str]] = []
    for about, sentence in said:
        task = roadmap.tasks.get(about)
        rest = sentence.removeprefix(f"“{task.name}”") if task is not None else sentence
        if rest != sentence:
            by_rest.append((about, rest))
        else:
            alone[sentence] = alone.get(sentence, 0) + 1
    joined = [
        (f"“{name}”{rest}" if count == 1 else f"{name}: each{rest}", count)
        for name, rest, count in grouped(roadmap, by_rest)
    ]
    return [*joined, *alone.items()]


def group_name(members: Sequence[Task]) -> str:
    """Name one task or a group: “Payroll: train staff at 2 schools (Ash School, Beech School)”."""
    if len(members) == 1:
        return members[0].name
    parts = [task.in_parts for task in members]
    lasts = [part.place for part in parts]
    at_schools = all(_is_at_a_school(task) for task in members)
    if len({(task.service, task.step) for task in members}) == 1 and (at_schools or len({*lasts}) > 1):
        where = f"at {counted(len(members), 'school')}" if at_schools else f"in {counted(len(members), 'wave')}"
        return f"{parts[0].without_place} {where} ({_listed(lasts)})"
    place = lasts[0] if len({*lasts}) == 1 else ""
    is_pilot = place.casefold() == "pilot" or place.endswith(" wave")
    where = f" {'at' if at_schools else 'in'} {'the ' * is_pilot}{place}" if place else ""
    names = [part.without_place if where else str(part) for part in parts]
    return f"{len(members)} tasks{where} ({_listed(names, between='; ')})"


def _is_at_a_school(task: Task) -> bool:
    """Whether a task is a school's own copy of a step, by its id."""
    parts = task.id.split("/")
    return len(parts) > 2 and parts[1] in task.schools


def _listed(names: Sequence[str], *, between: str = ", ") -> str:
    more = f"{between}and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return between.join(names[:NAMED]) + more
