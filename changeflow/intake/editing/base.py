"""What every edit has: its fields, what it does to the texts, and its words."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from changeflow.intake.editing.sources import Sources
from changeflow.values.base import Frozen

Namer = Callable[[str, str], str]
"""Returns the name of a thing, given its kind (`school`, `wave`, `task`, `service`, `person`, …) and its id."""


def ids(kind: str, name: str) -> str:
    """Name things by their ids, where no programme is known."""
    return f"'{name}'"


class EditBase(Frozen, ABC):
    """One change to a programme's files."""

    title: ClassVar[str]
    """What it does, as the heading of a form."""
    needs_reason: ClassVar[bool] = False
    """Whether someone must say why even if no announced date moves."""

    @abstractmethod
    def apply(self, sources: Sources) -> Sources:
        """Return the texts with this change; raise `EditRefusedError` if it does not apply to them."""

    @abstractmethod
    def words(self, name: Namer = ids) -> str:
        """Say in one sentence what it does."""

    def retires(self, task: str) -> bool:
        """Return whether it removes a task on purpose, although something may be recorded about the task."""
        return False
