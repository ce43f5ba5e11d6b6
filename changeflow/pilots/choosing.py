"""Which schools should go first: a few that are together as the whole trust is, with one that would rather wait.

Pilots choose the willing by themselves, and then prove nothing about the others; so at least one reluctant school is
asked for where there is one (our own choice, see the notes on survivor bias). Pure.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

MOST = 300_000
"""At most this many cohorts are compared; in larger trusts, those of the schools nearest to the mix."""
SHOWN = 3
"""Cohorts that are proposed: the best and two alternatives."""
BANDS = ((0, "small"), (200, "medium"), (600, "large"))
"""Pupils from which on a school counts as such: our own choice."""


@dataclass(frozen=True, slots=True)
class PilotCandidate:
    """A school that could go first."""

    id: str
    traits: Mapping[str, str]
    """Phase, size, hub, authority, system: what the mix is made of."""
    is_reluctant: bool = False
    must: bool = False
    """It was said that this school is in the pilot."""
    why_not: str = ""
    """What keeps it from going first; it counts for the trust's mix all the same."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Schools that would go first together; `distance` is 0 for the trust's own mix and 1 for nothing of it."""

    schools: tuple[str, ...]
    distance: float
    has_reluctant: bool


def band_of_size(pupils: int | None) -> str:
    """Return a school's size in words; one whose pupils are not known is of unknown size.

    >>> [band_of_size(n) for n in (96, 415, 1180, None)]
    ['small', 'medium', 'large', 'unknown']
    """
    if pupils is None:
        return "unknown"
    return [name for least, name in BANDS if pupils >= least][-1]


def choose(candidates: Sequence[PilotCandidate], *, size: int) -> tuple[Cohort, ...]:
    """Return the three cohorts of a size that are most like the trust, the best first; of equals the first by name.

    Where some school is reluctant, every cohort has one; schools that must be in it are, those that cannot are not, and
    none at all is the answer where so few are left. The distance of a trait is half the sum of the differences of
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
    """Return for each trait the share of schools that has each value."""
    traits = sorted({t for c in candidates for t in c.traits})
    found = {}
    for trait in traits:
        counts = Counter(c.traits.get(trait, "unknown") for c in candidates)
        found[trait] = {value: count / len(candidates) for value, count in sorted(counts.items())}
    return found


def _groups(
    ordered: Sequence[PilotCandidate], size: int, mix: Mapping[str, Mapping[str, float]]
) -> Iterator[tuple[PilotCandidate, ...]]:
    """Yield the cohorts to compare: all of them, or those of the schools that are most like the rest."""
    tried = list(ordered)
    while comb(len(tried), size) > MOST:
        usual = sorted(tried, key=lambda c: (c.is_reluctant, sum(mix[t][v] for t, v in c.traits.items()), c.id))
        # The least usual of the willing goes first; whoever is reluctant stays as long as anybody else is there.
        tried.remove(usual[0])
    yield from combinations(tried, size)


def _cohort(group: Sequence[PilotCandidate], mix: Mapping[str, Mapping[str, float]]) -> Cohort:
    own = shares(group)
    off = [
        sum(abs(share - own[trait].get(value, 0.0)) for value, share in values.items()) / 2
        for trait, values in mix.items()
    ]
    distance = sum(off) / len(off) if off else 0.0
    return Cohort(tuple(sorted(c.id for c in group)), distance, any(c.is_reluctant for c in group))
