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
