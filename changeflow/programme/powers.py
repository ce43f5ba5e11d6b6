"""What a new version changes about who may do what. Such a version needs the SRO or the board.

Without this, whoever may store a version could make themselves the SRO, or the data protection contact, first.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from changeflow.adkar.people import Person
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import Subject, in_role
from changeflow.programme.programme import Programme
from changeflow.values.base import TaskId
from changeflow.values.roles import Role
from changeflow.values.words import Kind

GUARDED = (Role.SRO, Role.BOARD, Role.FINANCE, Role.DATA_PROTECTION, Role.ADMIN)
"""Roles of the whole programme that let people do what others may not."""
OF_A_SERVICE = (Role.LEAD_PROVIDER, Role.SERVICE_MANAGER)
_WORDS = {Role.ADMIN: "the admins", Role.FINANCE: "the finance mandate"}


@dataclass(frozen=True, slots=True)
class PowerChange:
    """One thing that a version changes about who may do what."""

    code: str
    """In ids alone, as the audit keeps it: `SRO`, `lead provider:payroll`, `gate:payroll/plan-agreed`."""
    words: str


def changed_powers(before: Programme, after: Programme) -> tuple[PowerChange, ...]:
    """Return what a version changes about who may do what, each once; a service that is new changes nothing."""
    return tuple(dict.fromkeys(_changes(before, after)))


def _changes(before: Programme, after: Programme) -> Iterator[PowerChange]:
    old, new = before.definition, after.definition
    for role in GUARDED:
        if in_role(old, role) != in_role(new, role):
            yield PowerChange(role.value, _WORDS.get(role, f"the {role.value}"))
    allowed = new.programme.policy.decisions_on_command_line
    if old.programme.policy.decisions_on_command_line != allowed:
        said = "whether decisions may be made on the command line"
        yield PowerChange(f"policy:decisions_on_command_line={str(allowed).lower()}", said)
    yield from _services(old, new)
    yield from _gates(before, after)
    yield from _stays(before, after)


def _services(old: Definition, new: Definition) -> Iterator[PowerChange]:
    later = {s.service: s for s in new.services}
    for service in old.services:
        name = service.service
        if name not in later:
            yield PowerChange(f"service:{name}", f"the service {service.name}, which is gone")
            continue
        for role in OF_A_SERVICE:
            if in_role(old, role, Subject(service=name)) != in_role(new, role, Subject(service=name)):
                yield PowerChange(f"{role.value}:{name}", f"the {role.value} of {service.name}")
        if set(service.go_no_go.sign) != set(later[name].go_no_go.sign):
            yield PowerChange(f"signatories:{name}", f"who signs the go-live of {service.name}")


def _gates(before: Programme, after: Programme) -> Iterator[PowerChange]:
    """Yield gates that are gone, and those that another person decides.

    The gate of a new wave may be decided by those who decide the same gate of other waves.
    """
    old, new = _gate_owners(before), _gate_owners(after)
    for step, owners in old.items():
        if step not in new:
            task = min(owners)
            yield PowerChange(f"gate:{task}", f"the gate “{before.roadmap.tasks[task].name}”, which is gone")
            continue
        for task, owner in new[step].items():
            if owner != owners.get(task, owner) or owner not in owners.values():
                yield PowerChange(f"gate:{task}", f"who decides “{after.roadmap.tasks[task].name}”")


def _gate_owners(programme: Programme) -> Mapping[tuple[str, str], Mapping[TaskId, str | None]]:
    found: dict[tuple[str, str], dict[TaskId, str | None]] = defaultdict(dict)
    for task in programme.tasks(kind=Kind.DECISION):
        found[task.service or "", task.step][task.id] = task.owner
    return found


def _stays(before: Programme, after: Programme) -> Iterator[PowerChange]:
    """Yield those with a mandate who leave on another day, or hand over to another person.

    Who takes over a gate takes over its decision, so all who might do so in turn are looked at.
    """
    people = {p.id: p for p in before.definition.people}
    later = {p.id: p for p in after.definition.people}
    for person in sorted(_with_successors(_mandated(before), people) & people.keys() & later.keys()):
        was, now = people[person], later[person]
        if (was.leaves, was.successor) != (now.leaves, now.successor):
            yield PowerChange(f"leaver:{person}", f"when the {was.role} leaves, or who takes over from them")


def _mandated(programme: Programme) -> frozenset[str]:
    """Return everyone who holds a mandate, signs a go-live or decides a gate."""
    definition = programme.definition
    named = {p for role in (*GUARDED, *OF_A_SERVICE) for p in in_role(definition, role)}
    named |= {p for s in definition.services for p in s.go_no_go.sign}
    return frozenset(named | {p for owners in _gate_owners(programme).values() for p in owners.values() if p})


def _with_successors(named: frozenset[str], people: Mapping[str, Person]) -> frozenset[str]:
    found, waiting = set(named), list(named)
    while waiting:
        person = people.get(waiting.pop())
        if person is not None and person.successor is not None and person.successor not in found:
            found.add(person.successor)
            waiting.append(person.successor)
    return frozenset(found)
