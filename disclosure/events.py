"""What happens in a sequence: answers are imported, and a reader sees lines. Nothing here knows how they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

ELEMENTS = 5
REINFORCEMENT = 4
NO_BARRIER = 5
"""The place of a person without a barrier; the places before it are the elements, from 0."""

Scores = tuple[int | None, ...]
"""One person's five scores, 1 to 5; None where an element was not answered."""
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
    """The services that reach this person; none means all."""
    live: bool = False
    """Whether a service that reaches them is live: only then does reinforcement count."""
    who: str | None = None
    """The first id of who this really is, where neither id nor address tells: the attacker has been told."""


@dataclass(frozen=True, slots=True)
class Import:
    """A file of answers that is imported: all members of the programme on that day, and who answered what."""

    programme: str
    file: str
    day: date
    members: tuple[Member, ...]
    scores: Mapping[str, Scores]
    threshold: int = 3
    forgets: tuple[str, ...] = ()
    """Programmes whose earlier answers are no longer kept when these are imported. The attacker forgets nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that a reader sees: the barriers of a group."""

    programme: str
    view: str
    group: str
    day: date
    """The day of the import whose answers are counted."""
    people: frozenset[str]
    """Exactly those who are counted."""
    held: tuple[tuple[int, int], ...]
    """Element by element, at least and at most how many have their barrier there or earlier."""

    @property
    def statements(self) -> int:
        """How many bands say anything, being narrower than from nobody to everybody."""
        return sum(high - low < len(self.people) for low, high in self.held)


class Door(Protocol):
    """The one way by which answers are published. A door remembers what it was given before."""

    def play(self, event: Import) -> tuple[Line, ...]:
        """Import the answers; return every line that a reader can see afterwards, those of earlier rounds included."""
        ...

    def named_groups(self, event: Import) -> Mapping[GroupKey, frozenset[str]]:
        """Return the members of every group that the product would name, shown or hidden."""
        ...


def place_of(scores: Sequence[int | None], *, threshold: int, live: bool) -> int | None:
    """Return the first element scored at or below the threshold; None for a person who stopped answering before it.

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
