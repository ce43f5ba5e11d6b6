"""The five elements, in their order."""

from enum import StrEnum


class Element(StrEnum):
    """The five elements, in their order. Two begin with A: never key anything by the first letter."""

    AWARENESS = "awareness"
    DESIRE = "desire"
    KNOWLEDGE = "knowledge"
    ABILITY = "ability"
    REINFORCEMENT = "reinforcement"

    # An enum hashes its name in Python code; as a word it is looked up ten times as fast, and equals its text as ever.
    __hash__ = str.__hash__

    @property
    def position(self) -> int:
        return list(Element).index(self)


def at_or_before(element: str) -> str:
    """Format where a barrier is: at an element, or at one before it."""
    return element if element == Element.AWARENESS else f"{element} or before"


NO_BARRIER = "none"
BARRIERS: tuple[str, ...] = (*Element, NO_BARRIER)
