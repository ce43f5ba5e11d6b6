"""What a person hands over when they leave (tasks, roles and people they manage), and what they do not."""

from collections.abc import Iterator

from changeflow.pilots.issues import improvements, issues
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.programme import Programme
from changeflow.programme.task_moves import is_in_no_file
from changeflow.reports.effects import EffectPart
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.titles import titled
from changeflow.values.words import PEOPLE_KINDS, Kind

TASKS = ("Decisions", "Checkpoints", "Actions for groups of people", "Conditions of decisions", "Tasks")
"""Titles of the parts with tasks."""


def open_tasks(programme: Programme, person: str) -> tuple[Task, ...]:
    """Return a person's unfinished tasks by date."""
    own = (t for t in programme.roadmap.tasks.values() if t.owner == person and not programme.is_done(t.id))
    return tuple(sorted(own, key=lambda t: (*programme.days_of(t.id), t.id)))


def finished_tasks(programme: Programme, person: str) -> tuple[str, ...]:
    """Return the ids of the finished tasks in the files that a person owns."""
    own = (t for t in programme.roadmap.tasks.values() if t.owner == person and programme.is_done(t.id))
    return tuple(sorted(t.id for t in own if not is_in_no_file(t)))


def tasks_passing_on(programme: Programme, person: str) -> tuple[EffectPart, ...]:
    """Return the names of a person's unfinished tasks, by kind."""
    found: dict[str, list[str]] = {title: [] for title in TASKS}
    for task in open_tasks(programme, person):
        found[_title(task)].append(task.name)
    return tuple(EffectPart(title, tuple(names)) for title, names in found.items() if names)


def _title(task: Task) -> str:
    if task.kind is Kind.DECISION:
        return TASKS[0]
    if task.kind is Kind.CHECKPOINT:
        return TASKS[1]
    if task.kind in PEOPLE_KINDS:
        return TASKS[2]
    return TASKS[3] if task.is_added else TASKS[4]


def roles_passing_on(definition: Definition, person: str) -> tuple[str, ...]:
    """Return the roles that the files give to a person, in words."""
    return tuple(_roles(definition, person))


def _roles(definition: Definition, person: str) -> Iterator[str]:
    programme = definition.programme
    if programme.sponsor is not None and programme.sponsor.person == person:
        yield "Sponsor and senior responsible owner"
    if person in programme.mandates.board:
        yield "Member of the board, who may decide for it"
    if person in programme.mandates.finance:
        yield "Finance mandate"
    if programme.data_protection_contact == person:
        yield "Data protection contact"
    if person in programme.admins:
        yield "Admin"
    yield from (f"Owner of the waiver of {titled(w.rule)}" for w in programme.waivers if w.owner == person)
    for service in definition.services:
        yield from (f"{service.name}: {role}" for role in _roles_in(service, person))


def _roles_in(service: ServiceFile, person: str) -> Iterator[str]:
    if service.lead_provider is not None and service.lead_provider.person == person:
        yield "lead provider"
    if service.service_manager == person:
        yield "service manager"
    if service.team is not None and service.team.manager == person:
        yield "manager of the project team"
    if service.team is not None and any(m.person == person for m in service.team.members):
        yield "member of the project team"
    if person in service.go_no_go.sign:
        yield "signs the go-live"
    yield from (f"confirms “{i.what}” before the go-live" for i in service.go_no_go.confirm if i.owner == person)
    criteria = service.pilot.exit_criteria if service.pilot is not None else ()
    yield from (f"measures “{c.measure}” in the pilot" for c in criteria if c.owner == person)
    yield from (f"owner of the waiver of {titled(w.rule)}" for w in service.waivers if w.owner == person)


def managed(definition: Definition, person: str) -> tuple[str, ...]:
    """Return the people who report to a person, by id."""
    return tuple(p.id for p in definition.people if p.manager == person)


def staying(programme: Programme, person: str) -> tuple[str, ...]:
    """Return what stays with a person until someone changes it on its own page."""
    facts = programme.facts.pilot
    found = [f"Issue with {programme.service_name(i.service)}: {i.text}" for i in issues(facts)
             if i.is_open and i.owner == person]  # fmt: skip
    found += [f"Improvement to {programme.service_name(i.service)}: {i.text}" for i in improvements(facts)
              if i.done is None and i.owner == person]  # fmt: skip
    return tuple(found)
