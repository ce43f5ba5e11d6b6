"""change.yaml: what the change means for each group, and who stands behind it."""

from typing import Annotated, Literal

from pydantic import Field

from changeflow.adkar.instruments import Instrument
from changeflow.values.base import Frozen, Id

Aspect = Literal[
    "ways of working",
    "systems",
    "equipment",
    "role",
    "daily habits",
    "outlook",
    "who they answer to",
    "how work is judged",
    "pay and terms",
    "place of work",
]
"""What a change may touch, in our own words."""
Degree = Annotated[int, Field(ge=0, le=5)]


class Impact(Frozen):
    """What a service's change means for a group."""

    group: Id
    service: Id | None = Field(None, description="Left out: all services")
    aspects: dict[Aspect, Degree] = Field(
        default_factory=dict, description="0 untouched to 5 wholly new; an aspect left out has not been looked at"
    )
    gains: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[tuple[str, int], ...]:
        """The aspects that change, each with its degree, the most changed first."""
        return tuple((a, n) for a, n in sorted(self.aspects.items(), key=lambda item: -item[1]) if n)

    @property
    def heaviest(self) -> int:
        return max(self.aspects.values(), default=0)


class Ally(Frozen):
    """Somebody whom the sponsor's coalition needs, and what they have agreed to do: nothing about what they think."""

    person: Id
    needed_for: str = Field(min_length=1)
    agreed: bool = Field(default=False, description="Whether they have said yes")
    commitment: str = Field("", description="What they will be seen to do")


class ChangeImpact(Frozen):
    """All of it; a programme may do without."""

    impacts: tuple[Impact, ...] = ()
    coalition: tuple[Ally, ...] = ()
    instrument: Instrument | None = Field(None, description="What people are asked; left out, in our own words")
