"""change.yaml: what the change means for each group, who stands behind it, and what people are asked."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from changeflow.adkar.elements import Element
from changeflow.values.base import Frozen, Id

Evidence = Literal["self", "manager", "observed"]
"""Who says it: the person, their manager, or somebody who saw it done."""

SELF: Mapping[Element, str] = {
    Element.AWARENESS: "I know why this change is needed.",
    Element.DESIRE: "I want to take part in it.",
    Element.KNOWLEDGE: "I know what I will do differently.",
    Element.ABILITY: "I can do it in my everyday work.",
    Element.REINFORCEMENT: "The new way is supported, and it stays.",
}
MANAGER: Mapping[Element, str] = {
    Element.AWARENESS: "They can say in their own words why this change is needed.",
    Element.DESIRE: "They have said, or shown, that they want to take part.",
    Element.KNOWLEDGE: "They can explain what they will do differently.",
    Element.ABILITY: "They do it in their everyday work, without help.",
    Element.REINFORCEMENT: "They keep to the new way when it is busy.",
}
OBSERVED: Mapping[Element, str] = {
    Element.AWARENESS: "Asked why the change comes, they gave a reason that is right.",
    Element.DESIRE: "They came forward: asked, offered help, or tried it.",
    Element.KNOWLEDGE: "Shown a case, they named the right steps.",
    Element.ABILITY: "Seen at work, they did it right.",
    Element.REINFORCEMENT: "Seen weeks later, they did it the new way.",
}
OWN: Mapping[str, Mapping[Element, str]] = {"self": SELF, "manager": MANAGER, "observed": OBSERVED}


class Instrument(Frozen):
    """Statements that are scored 1 to 5. What it leaves out is asked in our own words."""

    name: str = Field(min_length=1)
    licensed_from: str | None = Field(
        None, description="Whose it is, where it is not the organisation's own: who loads it holds the licence"
    )
    statements: dict[Evidence, dict[Element, str]] = Field(min_length=1)

    @model_validator(mode="after")
    def _says_something(self) -> "Instrument":
        for by_element in self.statements.values():
            if any(not text.strip() for text in by_element.values()):
                raise ValueError("a statement is empty. Write it, or leave it out")
        return self


def statements(instrument: Instrument | None, evidence: str = "self", *, live: bool) -> tuple[tuple[Element, str], ...]:
    """Return what is asked, in the order of the elements; reinforcement only of those for whom a service is live."""
    loaded = {k: v for k, v in instrument.statements.items() if k == evidence} if instrument else {}
    theirs = next(iter(loaded.values()), {})
    return tuple((e, theirs.get(e, OWN[evidence][e])) for e in Element if live or e is not Element.REINFORCEMENT)


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
