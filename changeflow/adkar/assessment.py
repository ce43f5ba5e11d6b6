"""Assessments of individual people: personal data.

Only `publishing` may read them, so that nothing shows them directly; an import contract checks this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.adkar.elements import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One person's scores in one round, from 1 to 5 for each element. An element left out was not assessed."""

    person: str
    round: str
    on: date
    scores: Mapping[Element, int]
    evidence: str = "self"
    """`self`, `manager` or `observed`."""
