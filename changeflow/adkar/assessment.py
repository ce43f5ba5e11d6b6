"""Assessments and barriers of single people: personal data.

Nothing that is shown is made from this: `publishing` is the one door, and a tool checks who comes through it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.adkar.elements import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One person's scores in one round, 1 to 5 an element. An element left out was not assessed."""

    person: str
    round: str
    on: date
    scores: Mapping[Element, int]
    evidence: str = "self"
    """`self`, `manager` or `observed`."""


def barrier_point(scores: Mapping[Element, int], *, threshold: int = 3, live: bool) -> Element | None:
    """Return the first element, in their order, scored at or below `threshold`; None when there is no barrier.

    Reinforcement does not apply before go-live (`live=False`). An element that was not assessed ends the search:
    nothing is known beyond it. Source of the method: Prosci, "Individual barriers to change", read as a public page;
    the same page also says "less than 3", so the threshold is a setting.

    >>> a, d, k, ab = list(Element)[:4]
    >>> str(barrier_point({a: 4, d: 3, k: 1, ab: 2}, live=False))
    'desire'
    """
    for element in Element:
        if element is Element.REINFORCEMENT and not live:
            return None
        score = scores.get(element)
        if score is None:
            return None
        if score <= threshold:
            return element
    return None
