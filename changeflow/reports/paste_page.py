"""The preview of pasted rows on a page: what would be recorded, how unusual cells are read, and what is not used."""

from collections.abc import Iterable
from dataclasses import dataclass
from string import ascii_uppercase

from changeflow.phrases import printable
from changeflow.programme.programme import Programme
from changeflow.programme.typed_progress import LABELS, Remark, TypedProgress
from changeflow.reports.progress_preview import early_starts, entry_words
from changeflow.values.base import TaskId
from changeflow.values.problem import Problem

_LETTERS = len(ascii_uppercase)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastePreview:
    """What pasted rows would record."""

    tasks: tuple[tuple[TaskId, str, str], ...]
    """Each task with something to record: its id, its name, and what is recorded."""
    unchanged: int
    """Rows that are already recorded."""
    taken: tuple[str, ...]
    """How unusual cells are read, with their places."""
    refused: tuple[str, ...]
    """Cells that are not recorded."""
    early: tuple[str, ...]
    """Days to check: starts before the programme's."""
    skipped: tuple[str, ...]
    """Lines about no task."""
    unused: tuple[str, ...]
    """Columns and other content that is not used."""


def paste_preview(
    typed: TypedProgress, before: Programme, after: Programme, *, skipped: Iterable[Problem], unused: Iterable[Problem]
) -> PastePreview:
    """Put the result of reading pasted rows into words."""
    reported, said = {r.task: r for r in typed.reported}, dict(typed.comments)
    tasks = dict.fromkeys([*reported, *said])
    lines = set(skipped)
    return PastePreview(
        tasks=tuple(
            (t, before.roadmap.tasks[t].name, entry_words(after, t, reported.get(t), said.get(t, ""))) for t in tasks
        ),
        unchanged=typed.unchanged,
        taken=tuple(_remarks(typed.notes, is_taken=True)),
        refused=tuple(_remarks(typed.notes, is_taken=False)),
        early=tuple(early_starts(before, [(r.task, r.started) for r in typed.reported])),
        skipped=tuple(f"Line {line.line}: {line.what}" for line in skipped),
        unused=tuple(one.what for one in unused if one not in lines),
    )


def _remarks(notes: Iterable[Remark], *, is_taken: bool) -> list[str]:
    found = sorted((n for n in notes if n.is_taken is is_taken), key=lambda n: n.line)
    return [f"Line {n.line}, {LABELS[n.column]}: {n.text}" for n in found]


def problem_words(problem: Problem) -> str:
    """Say where a mistake is, as a spreadsheet does, what is wrong and what to do: `Line 3, column F: …`."""
    text = str(problem).removeprefix(f"{printable(problem.file)}:{problem.line}:{problem.column}: ")
    return f"Line {problem.line}, column {column_name(problem.column)}: {text}"


def column_name(place: int) -> str:
    """Return the letters of a column, from 1.

    >>> column_name(1), column_name(26), column_name(27)
    ('A', 'Z', 'AA')
    """
    name = ""
    while place:
        place, letter = divmod(place - 1, _LETTERS)
        name = ascii_uppercase[letter] + name
    return name
