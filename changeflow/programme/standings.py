"""How old what is known of a group is, and where the group is on its way."""

from datetime import date, timedelta

from changeflow.adkar.published import Standing
from changeflow.programme.assembly.readiness import phase_of_tasks
from changeflow.programme.audiences import AUDIENCE, PROGRAMME, SERVICE, WAVE
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.values.words import Phase


def is_stale(programme: Programme, standing: Standing, today: date) -> bool:
    """Tell whether it is too long ago that a group was asked, or before something that concerns it was decided anew."""
    if today > standing.confirmed + timedelta(weeks=programme.policy.scores_stale_after_weeks):
        return True
    return any(
        standing.on < change.on <= today and _concerns(service, change.groups, standing)
        for service in programme.services
        for change in service.design_changes
    )


def _concerns(service: ServiceFile, groups: tuple[str, ...], standing: Standing) -> bool:
    parts = standing.group.split("/")
    if standing.view in (AUDIENCE, SERVICE):
        return parts[0] == service.service
    return not groups or standing.view in (PROGRAMME, WAVE) or bool(set(parts) & set(groups))


def phase_of(programme: Programme, standing: Standing) -> Phase:
    """Return where a group is on the way: before training, before go-live, or after it."""
    service, wave = standing.group.split("/")[0], standing.group.split("/")[-1]
    of_service, of_wave = standing.view in (AUDIENCE, SERVICE), standing.view in (AUDIENCE, WAVE)
    mine = [
        t
        for t in programme.roadmap.tasks.values()
        if (not of_service or t.service == service) and (not of_wave or t.wave == wave)
    ]
    return phase_of_tasks(mine, programme.facts)
