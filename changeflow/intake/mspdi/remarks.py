"""Collect remarks while reading a Project file: what is wrong in it, and what is not applied."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from changeflow.intake.mspdi.records import Record
from changeflow.values.duration import counted
from changeflow.values.problem import Problem

UNREADABLE = (ValueError, ArithmeticError, LookupError, TypeError)
"""What reading a field raises if it is not a number, date or length."""
MOST_OF_A_KIND = 10
"""How many problems or notes of one kind to list; the others are counted."""
SAVE_AGAIN = "Correct it in Project, or save the file from Microsoft Project again."


@dataclass(slots=True)
class Remarks:
    """Collects problems and notes. Both name the task, calendar or resource and its line."""

    shown: str
    problems: list[Problem] = field(default_factory=list)
    _noted: dict[str, list[str]] = field(default_factory=dict)
    _refused: dict[str, int] = field(default_factory=dict)

    def note(self, kind: str, text: str) -> None:
        """Note what is read but not applied, or what is used instead; `kind` names one such thing."""
        self._noted.setdefault(kind, []).append(text)

    def refuse(self, record: Record, what: str, *, kind: str, remedy: str = SAVE_AGAIN) -> None:
        """Report what cannot be read."""
        count = self._refused[kind] = self._refused.get(kind, 0) + 1
        if count <= MOST_OF_A_KIND:
            self.problems.append(Problem(file=self.shown, line=record.line, what=what, remedy=remedy))

    @contextmanager
    def refusing(self, record: Record, whose: Callable[[Record], str]) -> Iterator[None]:
        """Turn an unreadable part of a record into a problem that names it."""
        try:
            yield
        except UNREADABLE as error:
            self.refuse(record, f"{whose(record)}: {error}.", kind="value")

    @property
    def all_problems(self) -> list[Problem]:
        """Everything that is wrong; after ten places with the same mistake, the rest are counted."""
        left = sum(max(0, count - MOST_OF_A_KIND) for count in self._refused.values())
        if not left:
            return self.problems
        return [*self.problems, Problem(file=self.shown, what=f"{counted(left, 'more problem')} of the same kinds.")]

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(line for kind, texts in self._noted.items() for line in _listed(kind, texts))


def _listed(kind: str, texts: list[str]) -> Iterator[str]:
    yield from texts[:MOST_OF_A_KIND]
    if (left := len(texts) - MOST_OF_A_KIND) > 0:
        yield f"… and {left:,} more of this kind: {kind}."


def named(task: Record) -> str:
    """Return a task's name for a message that has a line number."""
    return f"Task '{task.get('Name') or task.get('UID') or 'without a name'}'"


def task_named(task: Record) -> str:
    """Return a task's name for a note: its name and line."""
    return f"{named(task)} (line {task.line})"
