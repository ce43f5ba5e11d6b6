"""People of a programme: who the change reaches, who was trained, what is known about groups, and when it closes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from changeflow.adkar.people import Person, answer_by
from changeflow.adkar.published import Standing
from changeflow.calendar.nations import public_holidays
from changeflow.errors import InputError
from changeflow.programme.assembly.readiness import phase_of_tasks
from changeflow.programme.audiences import AUDIENCE, PROGRAMME, SERVICE, WAVE
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.values.moments import DAY, format_day, last_day_of, minute_of
from changeflow.values.words import Kind, Phase


def schools_of(programme: Programme, person: Person) -> frozenset[str]:
    """Return a person's school; for people of the trust, all schools."""
    return frozenset({person.school}) if person.school else frozenset(s.id for s in programme.definition.schools)


def live_people(programme: Programme, *, on: date) -> frozenset[str]:
    """Return the people to reinforce by a day: those reached by a live service at their school."""
    end = minute_of(on) + DAY
    finishes = ((t, programme.facts.finish_of(t.id)) for t in programme.tasks(kind=Kind.GO_LIVE))
    live = [t for t, finish in finishes if finish is not None and finish <= end]
    return frozenset(
        person.id
        for person in programme.definition.people
        if any(person.is_reached_by(t.service or "") and t.schools & schools_of(programme, person) for t in live)
    )


@dataclass(frozen=True, slots=True)
class Session:
    """One training session, with the people who need it and those who came."""

    task: Task
    needed_by: frozenset[str]
    came: frozenset[str]
    with_evidence: frozenset[str]
    """The people with evidence of what they can now do: a test, a completed case, an observation."""
    is_counted: bool
    """Whether any attendance was reported; otherwise attendance is unknown."""

    @property
    def share(self) -> float:
        return len(self.came) / len(self.needed_by) if self.needed_by else 1.0


def needs(programme: Programme, task: Task) -> frozenset[str]:
    """Return the people a session is for: those at its schools that its service reaches, while they are there."""
    here = (p for p in programme.definition.people if p.school in task.schools and p.is_here(programme.on))
    return frozenset(p.id for p in here if p.is_reached_by(task.service or ""))


def sessions(
    programme: Programme, *, service: str | None = None, schools: frozenset[str] | None = None
) -> Iterator[Session]:
    """Yield the training sessions that match, by id."""
    for task in programme.tasks(kind=Kind.TRAINING, service=service, schools=schools):
        reported = [a for a in programme.facts.attendance if a.task == task.id]
        needed = needs(programme, task)
        yield Session(
            task=task,
            needed_by=needed,
            came=frozenset(a.person for a in reported) & needed,
            with_evidence=frozenset(a.person for a in reported if a.evidence) & needed,
            is_counted=bool(reported),
        )


def is_stale(programme: Programme, standing: Standing, today: date) -> bool:
    """Return whether a group was last asked too long ago, or before a new decision that concerns it."""
    if today > standing.confirmed + timedelta(weeks=programme.policy.scores_stale_after_weeks):
        return True
    changes = ((service, change) for service in programme.services for change in service.design_changes)
    return any(standing.on < c.on <= today and _concerns(s, c.groups, standing) for s, c in changes)


def _concerns(service: ServiceFile, groups: tuple[str, ...], standing: Standing) -> bool:
    parts = standing.group.split("/")
    if standing.view in (AUDIENCE, SERVICE):
        return parts[0] == service.service
    return not groups or standing.view in (PROGRAMME, WAVE) or bool(set(parts) & set(groups))


def phase_of(programme: Programme, standing: Standing) -> Phase:
    """Return a group's stage: before training, before go-live, or after it."""
    service, wave = standing.group.split("/")[0], standing.group.split("/")[-1]
    of_service, of_wave = standing.view in (AUDIENCE, SERVICE), standing.view in (AUDIENCE, WAVE)
    tasks = (t for t in programme.roadmap.tasks.values() if not of_service or t.service == service)
    return phase_of_tasks([t for t in tasks if not of_wave or t.wave == wave], programme.facts)


def closed_on(programme: Programme) -> date | None:
    """Return the day on which the last closing task finished; None if one is unfinished or there is none."""
    progress = programme.roadmap.progress
    done = [progress.get(task.id) for task in programme.tasks(kind=Kind.CLOSURE)]
    finishes = [p.actual_finish for p in done if p is not None and p.actual_finish is not None]
    return last_day_of(max(finishes)) if finishes and len(finishes) == len(done) else None


def answer_due(programme: Programme, received: date, today: date, *, is_complex: bool = False) -> date:
    """Return the last day to answer a request, by the months in the rulepack `privacy`. Refuse a future day."""
    if received > today:
        raise InputError(f"{format_day(received)} is in the future. Give the day on which the request was received.")
    key = "access_months_complex" if is_complex else "access_months"
    months = programme.rulepacks.number("privacy", key, on=received)
    nation = programme.definition.programme.nation
    free = {day for day, _ in public_holidays(nation, received.year, received.year + 2)}
    return answer_by(received, months=months, works_on=lambda d: d.weekday() < 5 and d not in free)
