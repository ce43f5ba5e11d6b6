"""Propose which schools should be the pilot, against the trust's own mix."""

from collections.abc import Iterator
from pathlib import Path

from changeflow.errors import InputError
from changeflow.intake.folder import read_folder
from changeflow.pilots.choosing import Candidate, Cohort, band_of_size, choose, shares
from changeflow.programme.programme import Programme


def proposed_pilot(folder: Path, *, size: int) -> tuple[Programme, tuple[Cohort, ...]]:
    """Return a folder's programme, and the cohorts that are most like the trust, the best first."""
    programme = read_folder(folder).programme
    schools = programme.definition.schools
    if not 1 <= size < len(schools):
        raise InputError(f"A pilot of {size} of {len(schools)} schools is none. Say with --size how many, such as 3.")
    return programme, choose(candidates(programme), size=size)


def candidates(programme: Programme) -> list[Candidate]:
    found = []
    for school in programme.definition.schools:
        traits = {"phase": school.phase, "size": band_of_size(school.pupils), "authority": school.authority}
        if school.hub:
            traits["hub"] = school.hub
        if school.system:
            traits["system"] = school.system
        found.append(Candidate(school.id, traits, school.reluctant))
    return found


def pilot_text(programme: Programme, cohorts: tuple[Cohort, ...]) -> Iterator[str]:
    """Yield the proposal in words: the cohort against the trust, trait by trait, and the alternatives."""
    everybody = candidates(programme)
    best, *others = cohorts
    yield f"Proposed pilot: {programme.school_names(best.schools)}"
    limit = programme.policy.larger_trust_from
    if len(everybody) < limit:
        few = len(everybody)
        yield f"A pilot is asked for from {limit} schools on; a trust of {few} may skip it, with a waiver of R11."
    reluctant = [c.id for c in everybody if c.id in best.schools and c.is_reluctant]
    if reluctant:
        yield f"It would rather wait, and is in it for that: {programme.school_names(reluctant)}."
    else:
        yield "No school is marked as reluctant in schools.csv: a pilot of the willing alone proves little."
    mine, all_of_them = shares([c for c in everybody if c.id in best.schools]), shares(everybody)
    for trait, values in all_of_them.items():
        said = ", ".join(f"{value} {mine[trait].get(value, 0):.0%} ({share:.0%})" for value, share in values.items())
        yield f"  {trait}, pilot (trust): {said}"
    yield f"  off the trust's mix: {best.distance:.0%}"
    current = next((w for w in programme.definition.programme.waves if w.pilot), None)
    if current is not None and frozenset(current.schools) != frozenset(best.schools):
        yield f"The folder's pilot is: {programme.school_names(current.schools)}."
    for other in others:
        yield f"Or: {programme.school_names(other.schools)}, {other.distance:.0%} off."
