"""Choose a pilot cohort: a few schools that represent the whole trust, including a reluctant one.

A pilot of volunteers proves nothing about the other schools, so every cohort has at least one reluctant school where
there is one (our own choice). Pure functions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

MOST = 300_000
"""The most cohorts to compare; in larger trusts, only cohorts of the most typical schools are compared."""
SHOWN = 3
"""The number of cohorts to propose: the best and two alternatives."""
BANDS = ((0, "small"), (200, "medium"), (600, "large"))
"""The least number of pupils for each size: our own choice."""


@dataclass(frozen=True, slots=True)
class PilotCandidate:
    """A school that could go first."""

    id: str
    traits: Mapping[str, str]
    """Its values of the traits to balance: phase, size, hub, authority, system."""
    is_reluctant: bool = False
    must: bool = False
    """Whether the trust requires this school to be in the pilot."""
    why_not: str = ""
    """Why it cannot go first; it still counts in the trust's mix."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Schools that could go first together; `distance` from the trust's mix is 0 if identical and 1 if disjoint."""

    schools: tuple[str, ...]
    distance: float
    has_reluctant: bool


def band_of_size(pupils: int | None) -> str:
    """Return a school's size in words.

    >>> [band_of_size(n) for n in (96, 415, 1180, None)]
    ['small', 'medium', 'large', 'unknown']
    """
    if pupils is None:
        return "unknown"
    return [name for least, name in BANDS if pupils >= least][-1]


def choose(candidates: Sequence[PilotCandidate], *, size: int) -> tuple[Cohort, ...]:
    """Return the three cohorts of a size that are most like the trust, the best first; ties are ordered by name.

    Every cohort has the schools that must be in it, none that cannot, and a reluctant school where there is one. The
    result is empty where too few schools are left. The distance of a trait is half the sum of the differences between
    its shares (total variation); a cohort's is the mean over its traits.
    """
    mix = shares(candidates)
    able = sorted((c for c in candidates if not c.why_not), key=lambda c: c.id)
    fixed, free = tuple(c for c in able if c.must), [c for c in able if not c.must]
    if len(fixed) > size or len(able) < size:
        return ()
    wants_reluctant = any(c.is_reluctant for c in able) and (len(fixed) < size or any(c.is_reluctant for c in fixed))
    found = [
        c
        for c in (_cohort((*fixed, *group), mix) for group in _groups(free, size - len(fixed), mix))
        if c.has_reluctant or not wants_reluctant
    ]
    return tuple(sorted(found, key=lambda c: (round(c.distance, 9), c.schools))[:SHOWN])


def shares(candidates: Sequence[PilotCandidate]) -> dict[str, dict[str, float]]:
    """Return, for each trait, the share of schools with each value."""
    traits = sorted({t for c in candidates for t in c.traits})
    found = {}
    for trait in traits:
        counts = Counter(c.traits.get(trait, "unknown") for c in candidates)
        found[trait] = {value: count / len(candidates) for value, count in sorted(counts.items())}
    return found


def _groups(
    ordered: Sequence[PilotCandidate], size: int, mix: Mapping[str, Mapping[str, float]]
) -> Iterator[tuple[PilotCandidate, ...]]:
    """Yield the cohorts to compare: all of them, or those of the most typical schools."""
    tried = list(ordered)
    while comb(len(tried), size) > MOST:
        usual = sorted(tried, key=lambda c: (c.is_reluctant, sum(mix[t][v] for t, v in c.traits.items()), c.id))
        # Drop the least typical willing school; drop reluctant schools only when no willing ones are left.
        tried.remove(usual[0])
    yield from combinations(tried, size)


def _cohort(group: Sequence[PilotCandidate], mix: Mapping[str, Mapping[str, float]]) -> Cohort:
    distance = distance_of(group, mix)
    return Cohort(tuple(sorted(c.id for c in group)), distance, any(c.is_reluctant for c in group))


def distance_of(group: Sequence[PilotCandidate], mix: Mapping[str, Mapping[str, float]]) -> float:
    """Return how far a group's mix is from another: 0 if identical and 1 if disjoint."""
    own = shares(group)
    off = [
        sum(abs(share - own[trait].get(value, 0.0)) for value, share in values.items()) / 2
        for trait, values in mix.items()
    ]
    return sum(off) / len(off) if off else 0.0
