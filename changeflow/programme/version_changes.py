"""Checks of a new version: changed permissions, dropped tasks with facts, and criteria that are already fixed.

Changing powers or protections needs the SRO or the board. Otherwise anyone who may store a version could make
themselves the SRO or the data protection contact.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TypeVar

from changeflow.adkar.people import Person
from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.errors import CheckFailedError, FormerIdError, InputError
from changeflow.pilots.criteria import ExitCriterion, GoNoGo, ParallelRunPolicy, ToConfirm
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.facts import Attendance, Decision, Facts
from changeflow.programme.mandates import NAMED, Subject, in_role
from changeflow.programme.permissions import is_allowed
from changeflow.programme.programme import Programme, join
from changeflow.programme.references import HEADS
from changeflow.programme.renames import Renames
from changeflow.values.base import Same, TaskId
from changeflow.values.problem import check_known
from changeflow.values.rulepack import Rulepacks
from changeflow.values.words import Action, Gate, Kind, Role

POWERFUL = tuple(r for r in NAMED if any(is_allowed(a, r) and not is_allowed(a, Role.VIEWER) for a in Action))
"""Roles with more permissions than everyone in people.csv has."""
OF_A_SERVICE = (Role.LEAD_PROVIDER, Role.SERVICE_MANAGER)
OF_A_THING = (Role.OWNER, Role.SIGNATORY, Role.RECORDER, Role.RECIPIENT)
"""Roles that are not compared here: gate owners and signatories are compared singly; the others follow from facts."""
GUARDED = tuple(r for r in POWERFUL if r not in (*OF_A_SERVICE, *OF_A_THING, Role.HEAD))
"""Roles of the whole programme, including the project team, which the members of a new service's team join."""
OF_MANY = (Role.PROJECT_TEAM, Role.CHANGE_LEAD, Role.SPONSOR)
"""Roles that end when a person leaves the organisation, without a decision about powers."""
MANDATED = tuple(r for r in GUARDED if r not in OF_MANY)
_WORDS = {
    Role.ADMIN: "the admins",
    Role.FINANCE: "the finance mandate",
    Role.PROJECT_TEAM: "who is in the project team",
    Role.CHANGE_LEAD: "who the change leads are",
    Role.SPONSOR: "who the sponsors are",
}


@dataclass(frozen=True, slots=True)
class PowerChange:
    """One change of a permission, or one weaker protection, in a version."""

    code: str
    """In ids only, for the audit: `SRO`, `lead provider:payroll`, `gate:payroll/plan-agreed`."""
    words: str


def changed_powers(before: Programme, after: Programme) -> tuple[PowerChange, ...]:
    """Return the permissions that a version changes, each once.

    New services or schools, and people without a role who leave or join, are not changes.
    """
    return tuple(dict.fromkeys(_changes(before, after)))


def _changes(before: Programme, after: Programme) -> Iterator[PowerChange]:
    old, new = before.definition, after.definition
    for role in GUARDED:
        left = _gone(old, new) if role in OF_MANY else frozenset[str]()
        if in_role(old, role) - left != in_role(new, role):
            yield PowerChange(role.value, _WORDS.get(role, f"the {role.value}"))
    yield from _heads(old, new)
    allowed = new.programme.policy.decisions_on_command_line
    if old.programme.policy.decisions_on_command_line != allowed:
        message = "whether decisions may be made on the command line"
        yield PowerChange(f"policy:decisions_on_command_line={str(allowed).lower()}", message)
    yield from _services(old, new)
    yield from _gates(before, after)
    yield from _stays(before, after)
    for code, words in weakened(before, after):
        yield PowerChange(f"privacy:{code}", words)


def _gone(old: Definition, new: Definition) -> frozenset[str]:
    """Return the people who are no longer listed."""
    return frozenset(p.id for p in old.people) - frozenset(p.id for p in new.people)


def _heads(old: Definition, new: Definition) -> Iterator[PowerChange]:
    """Yield the schools with a new head, or one from another day; added and removed schools do not count."""
    left, kept = _gone(old, new), {s.id for s in old.schools} & {s.id for s in new.schools}
    before, after = _heads_by_school(old, kept), _heads_by_school(new, kept)
    for school in old.schools:
        stayed = {(person, since) for person, since in before[school.id] if person not in left}
        if school.id in kept and stayed != after[school.id]:
            yield PowerChange(f"{Role.HEAD.value}:{school.id}", f"the head of {school.name}")


def _heads_by_school(definition: Definition, kept: Set[str]) -> Mapping[str, set[tuple[str, date | None]]]:
    """Return the heads of each school with their first day there, including those who move there later.

    The day is None for the first of their schools that are `kept`.
    """
    found: dict[str, set[tuple[str, date | None]]] = defaultdict(set)
    for person in definition.people:
        if HEADS in person.groups:
            moves = [(move.school, move.on) for move in sorted(person.moves, key=lambda m: m.on)]
            stays = [(school, day) for school, day in [(person.school, None), *moves] if school in {None, *kept}]
            for n, (school, day) in enumerate(stays):
                if n == 0 or school != stays[n - 1][0]:
                    found[school or ""].add((person.id, day if n else None))
    return found


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
    """Yield the removed gates, and those that another person decides.

    People who decide a gate for other waves may also decide it for a new wave.
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
    """Yield the mandate holders with a new leaving day or successor.

    A successor takes over decisions at gates, so the whole chain of successors is compared.
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
    named = {p for role in (*MANDATED, *OF_A_SERVICE) for p in in_role(definition, role)}
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


def check_retired(
    before: Definition, after: Programme, known: Facts, retire: Sequence[str], *, rulepacks: Rulepacks
) -> None:
    """Refuse to drop tasks with facts by mistake; `retire` lists those that may go.

    Only tasks defined by the latest version count; tasks derived from facts come and go with them.
    """
    with_facts, left = _with_facts(known), set(after.roadmap.tasks)
    had = _defined_tasks(Same(before), Same(rulepacks))
    for task in retire:
        if task in left:
            raise InputError(f"'{task}' is still in the folder. Remove it there to retire it. No changes saved.")
        check_known("task to retire", task, (had | with_facts) - left)
    if gone := sorted((with_facts & had) - left - set(retire)):
        options = " ".join(f"--retire {task}" for task in gone)
        raise CheckFailedError(
            f"The folder no longer has {', '.join(gone)}, which {'has' if len(gone) == 1 else 'have'} stored facts. "
            f"If that is intended, add {options}. No changes saved."
        )


def lost_tasks(before: Definition, after: Programme, known: Facts, *, rulepacks: Rulepacks) -> list[TaskId]:
    """Return the tasks with stored facts that a version would drop."""
    had = _defined_tasks(Same(before), Same(rulepacks))
    return sorted((_with_facts(known) & had) - set(after.roadmap.tasks))


@lru_cache(maxsize=8)
def _defined_tasks(before: Same[Definition], rulepacks: Same[Rulepacks]) -> frozenset[TaskId]:
    """Return the tasks of a version without those derived from facts."""
    return frozenset(join(before.value, rulepacks=rulepacks.value)[0].roadmap.tasks)


def _with_facts(known: Facts) -> set[TaskId]:
    facts: list[Decision | Attendance | CheckpointResult]
    facts = [*known.decisions, *known.attendance, *known.checkpoints]
    return {*known.progress, *(fact.task for fact in facts)}


def check_reused(ids: Renames, after: Programme) -> None:
    """Refuse to reuse a task's former id, because its records belong to that task."""
    for old in sorted(ids.known.keys() & after.roadmap.tasks.keys()):
        raise FormerIdError(old, ids.known[old])


OF_A_RUN = {"key", "flipped", "tolerances", "clean_runs", "pay", "within_share"}
"""The fields that decide whether a run is clean; explanations and costs may still change."""


def check_fixed(before: Definition, after: Programme, known: Facts) -> None:
    """Refuse a version that changes the criteria of a released pilot or a reconciled run."""
    wrong = [line for service in before.services for line in _moved(service, after, known)]
    if wrong:
        lines = "\n".join(f"  {line}" for line in wrong)
        raise CheckFailedError(
            "The criteria of a pilot are fixed before it starts, so that its result cannot be adjusted. Restore:\n"
            f"{lines}\nNo changes saved. If a criterion cannot be met, say so in the decision or in a waiver."
        )


def _moved(service: ServiceFile, after: Programme, known: Facts) -> Iterator[str]:
    now = next((s for s in after.services if s.service == service.service), None)
    if now is None:
        return
    if _is_released(service.service, after, known):
        # Who measures, confirms and signs may pass to a leaver's successor.
        passed = {p.id: p.successor for p in after.definition.people if p.leaves and p.successor}
        criteria = now.pilot.exit_criteria if now.pilot else ()
        if service.pilot and _passed_on(service.pilot.exit_criteria, passed) != _passed_on(criteria, passed):
            yield f"services/{service.service}.yaml, pilot: exit_criteria (the pilot was released)"
        if _signed_by(service.go_no_go, passed) != _signed_by(now.go_no_go, passed):
            yield f"services/{service.service}.yaml, go_no_go (the pilot was released)"
    if known.runs_of(service.service) or _has_begun(service.service, after, known):
        ours, theirs = (s.parallel_run or ParallelRunPolicy() for s in (service, now))
        for field in sorted(OF_A_RUN):
            if getattr(ours, field) != getattr(theirs, field):
                yield f"services/{service.service}.yaml, parallel_run: {field} (runs have begun)"
        if service.assurance != now.assurance:
            yield f"services/{service.service}.yaml, assurance (runs have begun)"


Owned = TypeVar("Owned", ExitCriterion, ToConfirm)


def _passed_on(owned: Sequence[Owned], passed: Mapping[str, str]) -> list[Owned]:
    """Return criteria or items with their owners' successors."""
    return [one.model_copy(update={"owner": _heir(one.owner, passed)}) for one in owned]


def _signed_by(found: GoNoGo, passed: Mapping[str, str]) -> tuple[list[ToConfirm], set[str | None]]:
    """Return the items to confirm with their owners' successors, and the successors of those who sign."""
    return _passed_on(found.confirm, passed), {_heir(person, passed) for person in found.sign}


def _heir(person: str | None, passed: Mapping[str, str]) -> str | None:
    """Return the last of a person's successors."""
    seen = set[str]()
    while person is not None and person in passed and person not in seen:
        seen.add(person)
        person = passed[person]
    return person


def _is_released(service: str, programme: Programme, known: Facts) -> bool:
    gates = (programme.roadmap.tasks.get(d.task) for d in known.decisions if d.outcome.is_approval)
    released = (g for g in gates if g is not None and (g.gate, g.service) == (Gate.WAVE_RELEASE, service))
    return any(programme.is_pilot(gate.wave) for gate in released)


def _has_begun(service: str, programme: Programme, known: Facts) -> bool:
    kinds = (Kind.PARALLEL_RUN, Kind.TEST_PACK)
    return any(t.id in known.progress for t in programme.tasks(service=service) if t.kind in kinds)


PACK = "privacy"
SMALLER: Mapping[str, str] = {
    "minimum_group": "the smallest group that is shown",
    "step": "the narrowest band of a count",
    "floor": "the smallest group that any programme may show",
}
LONGER: Mapping[str, str] = {
    "links_kept_days": "how many days links are kept",
    "answers_kept_months": "how many months the text of answers is kept",
    "scores_kept_months": "how many months scores are kept",
    "contracts_kept_months": "how many months differences of individual contracts are kept",
    "calculations_kept_months": "how many months results of calculations are kept",
    "ledgers_kept_days": "how many days uploaded outputs of parallel runs are kept",
    "requests_kept_months": "how many months answered requests about people's data are kept",
    "access_months": "how many months a subject access request may take",
    "access_months_complex": "how many months a complex subject access request may take",
}
_IN_EFFECT: Mapping[str, Callable[[Programme], int]] = {
    "minimum_group": lambda programme: programme.minimum_group,
    "step": lambda programme: programme.band,
}


def weakened(before: Programme, after: Programme) -> Iterator[tuple[str, str]]:
    """Yield each protection that becomes weaker on some day: `scores_kept_months=24`, and in words."""
    if any(before.tasks(kind=Kind.CLOSURE)) and not any(after.tasks(kind=Kind.CLOSURE)):
        yield "closure", "the programme's closure, after which scores are removed, no longer exists"
    days = sorted(_days(before) | _days(after))
    for key, words in {**SMALLER, **LONGER}.items():
        for day in days:
            was, now = _number(before, key, day), _number(after, key, day)
            if was is not None and now is not None and (now < was if key in SMALLER else now > was):
                yield f"{key}={now}", f"{words}: {now} instead of {was}"
                break


def _days(programme: Programme) -> set[date]:
    """Return the days on which a number may change."""
    return {programme.on, *(p.in_force_from for p in programme.rulepacks.packs if p.rulepack == PACK)}


def _number(programme: Programme, key: str, day: date) -> int | None:
    """Return a number in force on a day; None if there is none."""
    try:
        if key in _IN_EFFECT:
            return _IN_EFFECT[key](replace(programme, on=day))
        return programme.rulepacks.number(PACK, key, on=day)
    except LookupError:
        return None
