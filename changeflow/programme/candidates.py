"""The schools of a programme as candidates for its pilot."""

from changeflow.pilots.choosing import Candidate, band_of_size
from changeflow.programme.programme import Programme


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
