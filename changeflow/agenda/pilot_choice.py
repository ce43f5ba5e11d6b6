"""Which schools go first: a number of them that can, and the cohorts that are most like the trust."""

from changeflow.errors import InputError
from changeflow.pilots.choosing import Cohort, choose
from changeflow.planning.pilot_cohort import candidates, most_at_once
from changeflow.programme.programme import Programme


def proposed_cohorts(programme: Programme, *, size: int) -> tuple[Cohort, ...]:
    """Return cohorts of a size, the best first; a size of which there is none is an `InputError` that says why."""
    schools = programme.definition.schools
    if not 1 <= size < len(schools):
        raise InputError(f"A pilot of {size} of {len(schools)} schools is none. Say with --size how many, such as 3.")
    most, why = most_at_once(programme)
    if size > most:
        raise InputError(f"{size} schools are too many to go first: {why}, which is enough for {most}.")
    everybody = candidates(programme)
    found = choose(everybody, size=size)
    if not found:
        able = sum(not c.why_not for c in everybody)
        raise InputError(f"No {size} schools can go first: {able} are able to, and rollout.yaml says who must.")
    return found
