"""Events of a sequence: imports of answers, and the lines that a reader sees, however they are published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

ELEMENTS = 5
REINFORCEMENT = 4
NO_BARRIER = 5
"""The place of a person without a barrier; the places before it are the elements, from 0."""

Scores = tuple[int | None, ...]
"""One person's five scores, 1 to 5; None if an element was not answered."""
GroupKey = tuple[str, str]
"""A view and a group in it, such as `("wave", "pilot")`."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a programme on the day of an import."""

    id: str
    email: str | None = None
    wave: str | None = None
    roles: tuple[str, ...] = ()
    hub: str | None = None
    services: tuple[str, ...] = ()
    """The services that reach this person; empty means all."""
    live: bool = False
    """Whether a service that reaches them is live: only then does reinforcement count."""
    who: str | None = None
    """The person's first id, if neither id nor address shows who it is; the attacker knows it."""


@dataclass(frozen=True, slots=True)
class Import:
    """An imported file of answers: all members of the programme on that day, and their answers."""

    programme: str
    file: str
    day: date
    members: tuple[Member, ...]
    scores: Mapping[str, Scores]
    threshold: int = 3
    forgets: tuple[str, ...] = ()
    """Programmes whose earlier answers are no longer stored at this import. The attacker forgets nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that a reader sees: a group's barriers."""

    programme: str
    view: str
    group: str
    day: date
    """The day of the import whose answers are counted."""
    people: frozenset[str]
    """Exactly the people counted."""
    held: tuple[tuple[int, int], ...]
    """For each element, the least and most people with a barrier there or earlier."""

    @property
    def statements(self) -> int:
        """The number of bands that say anything: those narrower than from no one to everyone."""
        return sum(high - low < len(self.people) for low, high in self.held)


class Door(Protocol):
    """The only way in which answers are published. A door remembers all earlier imports."""

    def play(self, event: Import) -> tuple[Line, ...]:
        """Import the answers; return every line that a reader can see afterwards, including those of earlier rounds."""
        ...

    def named_groups(self, event: Import) -> Mapping[GroupKey, frozenset[str]]:
        """Return the members of every group that the product would name, shown or hidden."""
        ...


def place_of(scores: Sequence[int | None], *, threshold: int, live: bool) -> int | None:
    """Return the first element scored at or below the threshold; None if the person stopped answering before it.

    >>> place_of((4, 3, 1, 2, 5), threshold=3, live=True)
    1
    >>> place_of((4, 4, 4, 4, None), threshold=3, live=False), place_of((4, 4, 4, 4, None), threshold=3, live=True)
    (5, None)
    """
    for element, score in enumerate(scores):
        if element == REINFORCEMENT and not live:
            return NO_BARRIER
        if score is None:
            return None
        if score <= threshold:
            return element
    return NO_BARRIER
