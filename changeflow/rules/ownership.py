"""Rules about reasons and owners: the students' benefit, the lead provider's time, the sponsor, reinforcement."""

from collections.abc import Iterator

from changeflow.programme.programme import Programme
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import format_day, last_day_of
from changeflow.values.words import Kind


def students_benefit_approved(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """What is in it for the students is written and approved before anything starts."""
    wiifts = programme.definition.programme.wiifts
    if wiifts is None:
        yield Breach("R13", "programme", "Nobody has written what is in it for the students.")
    elif wiifts.approved_by is None or wiifts.approved_on is None:
        yield Breach("R13", "programme", "What is in it for the students is written, but not approved.")
    elif wiifts.approved_on > programme.definition.programme.start:
        day = format_day(wiifts.approved_on)
        yield Breach("R13", "programme", f"What is in it for the students is approved on {day}, after the start.")


def lead_provider_has_time(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Every service has a lead provider with a name and enough time."""
    for service in programme.services:
        lead = service.lead_provider
        if lead is None:
            yield Breach("R05", service.service, f"{service.name} has no lead provider.", service.service)
        elif lead.days_per_week < service.required_days_per_week:
            message = (
                f"{service.name}'s lead provider gives {lead.days_per_week:g} days a week; "
                f"{service.required_days_per_week:g} are needed."
            )
            yield Breach("R05", service.service, message, service.service)


def team_has_time_and_skills(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """A project team with a manager, enough time and the skills that the change needs."""
    for service in programme.services:
        team = service.team
        if team is None:
            yield Breach("R06", service.service, f"{service.name} has no project team.", service.service)
            continue
        days = sum(m.days_per_week for m in team.members)
        if days < team.needed_days_per_week:
            held_days = f"{days:g} day{'' if days == 1 else 's'}"
            message = f"The team of {service.name} has {held_days} a week; {team.needed_days_per_week:g} are needed."
            yield Breach("R06", service.service, message, service.service)
        held = {skill for m in team.members for skill in m.skills}
        if missing := [s for s in team.needed_skills if s not in held]:
            message = f"Nobody in the team of {service.name} brings {', '.join(missing)}."
            yield Breach("R06", service.service, message, service.service)


def reinforced_until_the_end(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Go-live is just the start: checkpoints follow it, a sponsor owns them, and nothing closes before the last."""
    checkpoints = list(programme.tasks(kind=Kind.CHECKPOINT))
    for live in programme.tasks(kind=Kind.GO_LIVE):
        own = [c for c in checkpoints if c.service == live.service and c.schools & live.schools]
        covered = frozenset(s for c in own for s in c.schools)
        if uncovered := live.schools - covered:
            names = programme.school_names(uncovered)
            yield Breach("R16", live.id, f"{live.name} has no checkpoint after it at {names}.", live.service, uncovered)
        for checkpoint in own:
            yield ImpliedLink(live.id, checkpoint.id, "R16")
    closures = list(programme.tasks(kind=Kind.CLOSURE))
    if not closures:
        yield Breach("R16", "programme", "No task closes the programme after its last checkpoint.")
    for closure in closures:
        for checkpoint in checkpoints:
            yield ImpliedLink(checkpoint.id, closure.id, "R16")


def sponsor_until_the_end(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """A sponsor is named through the last checkpoint: looked at when dates are known."""
    sponsor = programme.definition.programme.sponsor
    if sponsor is None:
        yield Breach("R16", "programme", "Nobody is named as sponsor.")
        return
    finishes = [programme.timed(t.id).early_finish for t in programme.tasks(kind=Kind.CHECKPOINT)]
    if sponsor.until is None or not finishes:
        return
    last = last_day_of(max(finishes))
    if sponsor.until < last:
        message = (
            f"The sponsor's tenure ends on {format_day(sponsor.until)}, "
            f"before the last checkpoint on {format_day(last)}."
        )
        yield Breach("R16", "programme", message)
