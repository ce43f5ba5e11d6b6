"""Lines that say the same of several tasks become one: those of a step at its schools, or those of a wave."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.values.duration import counted

NAMED = 3
"""Members of a group that are named: our own choice."""
Said = TypeVar("Said", bound=Hashable)


def grouped(roadmap: Roadmap, said: Iterable[tuple[str, Said]]) -> list[tuple[str, Said, int]]:
    """Join tasks of which the same is said, in the order of the first of each group; return (name, said, how many).

    Tasks are joined where they are of one wave and kind; others stay alone.
    """
    groups: dict[tuple[object, ...], list[Task]] = {}
    for task, words in said:
        found = roadmap.tasks[task]
        alike = (words, found.wave, found.kind) if found.wave else (words, found.id)
        groups.setdefault(alike, []).append(found)
    return [(group_name(members), key[0], len(members)) for key, members in groups.items()]  # type: ignore[misc]


def joined_sentences(roadmap: Roadmap, said: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
    """Join sentences that begin with their task's name and go on alike: “7 tasks in wave 2 (…): each is on 1 Aug.”

    `said` has a task id, or the id of something else, and a sentence. Return each sentence with how many it stands for.
    """
    alone: dict[str, int] = {}
    by_rest: list[tuple[str, str]] = []
    for about, sentence in said:
        task = roadmap.tasks.get(about)
        rest = sentence.removeprefix(task.name) if task is not None else sentence
        if rest != sentence and rest.startswith((" ", ":")):
            by_rest.append((about, rest))
        else:
            alone[sentence] = alone.get(sentence, 0) + 1
    joined = [
        (f"{name}{rest}" if count == 1 else f"{name}: {f'each{rest}' if rest[0] == ' ' else rest[1:].strip()}", count)
        for name, rest, count in grouped(roadmap, by_rest)
    ]
    return [*joined, *alone.items()]


def group_name(members: Sequence[Task]) -> str:
    """Name one task, or several: “Payroll: train staff at 2 schools (Ash School, Beech School)”."""
    if len(members) == 1:
        return members[0].name
    parts = [task.name.rpartition(", ") for task in members]
    if len({(task.service, task.step) for task in members}) == 1 and all(len(task.schools) == 1 for task in members):
        return f"{parts[0][0]} at {counted(len(members), 'school')} ({_listed([last for _, _, last in parts])})"
    waves = {last for first, _, last in parts if first}
    wave = next(iter(waves)) if len(waves) == 1 else ""
    where = f" in the {wave}" if wave.endswith(" wave") else f" in {wave}" if wave else ""
    names = [first if where else task.name for (first, _, _), task in zip(parts, members, strict=True)]
    return f"{len(members)} tasks{where} ({_listed(names, between='; ')})"


def _listed(names: Sequence[str], *, between: str = ", ") -> str:
    more = f"{between}and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return between.join(names[:NAMED]) + more
