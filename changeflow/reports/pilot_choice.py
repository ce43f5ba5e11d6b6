"""Which schools should be the pilot, in words: the cohort against the trust, trait by trait, and alternatives."""

from collections.abc import Iterator, Sequence

from changeflow.pilots.choosing import Cohort, shares
from changeflow.planning.pilot_cohort import candidates, most_at_once
from changeflow.programme.programme import Programme


def pilot_text(programme: Programme, cohorts: Sequence[Cohort]) -> Iterator[str]:
    """Yield the proposal, the best cohort first."""
    everybody = candidates(programme)
    best, *others = cohorts
    yield f"Proposed pilot: {programme.school_names(best.schools)}"
    limit = programme.policy.larger_trust_from
    if len(everybody) < limit:
        yield (
            f"A pilot is asked for from {limit} schools on; a trust of {len(everybody)} may go without, and says why "
            "under pilot: skipped."
        )
    reluctant = [c.id for c in everybody if c.id in best.schools and c.is_reluctant]
    if reluctant:
        yield f"It would rather wait, and is in it for that: {programme.school_names(reluctant)}."
    elif not any(c.is_reluctant for c in everybody):
        yield "No school is marked as reluctant in schools.csv: a pilot of the willing alone proves little."
    mine, all_of_them = shares([c for c in everybody if c.id in best.schools]), shares(everybody)
    for trait, values in all_of_them.items():
        mix = ", ".join(f"{value} {mine[trait].get(value, 0):.0%} ({share:.0%})" for value, share in values.items())
        yield f"  {trait}, pilot (trust): {mix}"
    yield f"  off the trust's mix: {best.distance:.0%}"
    most, why = most_at_once(programme)
    yield f"At most {most} can go first together: {why}."
    for one in (c for c in everybody if c.why_not):
        yield f"Not asked: {programme.school(one.id).name}, as {one.why_not}."
    current = next((w for w in programme.definition.programme.waves if w.pilot), None)
    if current is not None and frozenset(current.schools) != frozenset(best.schools):
        yield f"The folder's pilot is: {programme.school_names(current.schools)}."
    for other in others:
        yield f"Or: {programme.school_names(other.schools)}, {other.distance:.0%} off."
