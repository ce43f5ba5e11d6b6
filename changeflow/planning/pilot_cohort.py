"""A programme's schools as candidates for its pilot, and how many the teams can support at once."""

from collections.abc import Iterator, Sequence
from math import floor

from changeflow.pilots.choosing import PilotCandidate, band_of_size
from changeflow.programme.blackouts import ScopedBlackout, blackouts_of, kept_out_of
from changeflow.programme.definition import School
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.requests import SchoolRollout
from changeflow.roadmap.model.tasks import Task
from changeflow.values.moments import format_day
from changeflow.values.words import Kind

READINESS = ((1, "high"), (3, "typical"), (4, "low"))
"""A school with at least this risk in rollout.yaml counts as a risk: our own choice."""


def candidates(programme: Programme) -> list[PilotCandidate]:
    """Return every school with its traits and, once the programme is scheduled, its obstacles to going first."""
    found, rollout, blackouts = [], programme.definition.rollout, blackouts_of(programme.definition)
    tasks = list(_pilot_tasks(programme)) if programme.schedule is not None else []
    for school in programme.definition.schools:
        own = rollout.schools.get(school.id, SchoolRollout())
        traits = {"phase": school.phase, "size": band_of_size(school.pupils), "authority": school.authority}
        if school.hub:
            traits["hub"] = school.hub
        if school.system:
            traits["system"] = school.system
        if rollout.schools:
            traits["readiness"] = [name for least, name in READINESS if own.risk >= least][-1]
        is_reluctant, must = school.reluctant or own.reluctant, own.pilot is True
        why_not = next(_kept_back(programme, school, tasks, blackouts), "")
        found.append(PilotCandidate(school.id, traits, is_reluctant=is_reluctant, must=must, why_not=why_not))
    return found


def most_at_once(programme: Programme) -> tuple[int, str]:
    """Return how many schools can go first together, and what limits them: the size of waves, or a team."""
    limits = [(len(programme.definition.schools), "there are no more schools")]
    teams = programme.definition.rollout.teams
    for name, asked in programme.definition.rollout.services.items():
        limits.append((asked.wave_size, f"rollout.yaml has {name} in waves of {asked.wave_size}"))
        for activity in asked.activities:
            if (team := teams.get(activity.team or "")) is not None and activity.days:
                left = team.days_per_week - team.backfill
                schools = floor(left * activity.weeks / activity.days + 1e-9)
                what = f"{team.name or activity.team} can give {left:g} days a week for {name}"
                limits.append((schools, what))
    return min(limits, key=lambda limit: limit[0])


def _pilot_tasks(programme: Programme) -> Iterator[Task]:
    """Yield the unstarted training and go-live tasks of a pilot's schools."""
    waves = programme.definition.programme.waves
    first = next((w for w in waves if w.pilot), waves[0])
    for kind in (Kind.TRAINING, Kind.GO_LIVE):
        for task in programme.tasks(kind=kind, schools=frozenset(first.schools)):
            if task.wave == first.id and task.id not in programme.facts.progress:
                yield task


def _kept_back(
    programme: Programme, school: School, tasks: list[Task], blackouts: Sequence[ScopedBlackout]
) -> Iterator[str]:
    own = programme.definition.rollout.schools.get(school.id, SchoolRollout())
    if own.pilot is False:
        yield "rollout.yaml keeps it out of the pilot"
    lives = [programme.days_of(t.id)[0] for t in tasks if t.kind is Kind.GO_LIVE]
    if own.earliest and lives and own.earliest > min(lives):
        yield f"rollout.yaml lets it go from {format_day(own.earliest)} at the earliest"
    for task in tasks:
        first, last = programme.days_of(task.id)
        # Only the first day of training is fixed; the rest avoids blackouts.
        until = last if task.kind is Kind.GO_LIVE else first
        for blackout in kept_out_of(blackouts, frozenset({school.id}), task.kind, task.service):
            if blackout.touches(first, until):
                what = "training" if task.kind is Kind.TRAINING else "the go-live"
                yield f"{what} on {format_day(first)} falls in {blackout.name}"
