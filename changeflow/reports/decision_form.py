"""What a person needs to decide a gate: the answers that the evidence supports, and what a condition may name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import networkx as nx

from changeflow.agenda.criteria import Criterion, State
from changeflow.agenda.gates import GateCase, gate_of, gate_subject
from changeflow.phrases import capitalised
from changeflow.programme.mandates import NAMED, Subject, holders, in_role
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.catalogue import RULES
from changeflow.values.base import TaskId
from changeflow.values.words import Outcome, Role

LABELS = {
    Outcome.APPROVE: "Approve (go)",
    Outcome.CONDITIONS: "Approve with conditions",
    Outcome.REJECT: "Reject (no-go)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOption:
    """One answer to a decision."""

    outcome: str
    label: str
    refused: str
    """Why the evidence does not support it; empty if it can be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """A criterion that must be met before anyone can approve."""

    text: str
    remedy: str
    lifted: str
    """Who can waive it, as a sentence; empty if it follows from no rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionForm:
    """The choices of a decision's form. People and tasks are pairs of an id and words."""

    options: tuple[AnswerOption, ...]
    obstacles: tuple[Obstacle, ...]
    deciders: tuple[tuple[str, str], ...]
    """The people who may decide."""
    owners: tuple[tuple[str, str], ...]
    """The people who can own a condition: those with a role, those who own tasks, and the heads of its schools."""
    waiting: tuple[tuple[TaskId, str], ...]
    """The tasks that can wait for a condition: those of its service and schools after it that have not begun."""


def build_decision_form(programme: Programme, case: GateCase) -> DecisionForm:
    """Build the choices for a decision that is open."""
    gate = gate_of(programme, case.task)
    return DecisionForm(
        options=tuple(_options(case)),
        obstacles=tuple(_obstacles(programme, gate, case.criteria)),
        deciders=_people(programme, _deciders(programme, gate)),
        owners=_people(programme, _owners(programme, gate)),
        waiting=tuple(_waiting(programme, gate)),
    )


def _options(case: GateCase) -> Iterator[AnswerOption]:
    blocking, still_open = len(case.of(State.BLOCKS)), len(case.of(State.OPEN))
    unmet = "1 criterion is not met" if blocking == 1 else f"{blocking} criteria are not met"
    missing = f"evidence is outstanding for {'1 criterion' if still_open == 1 else f'{still_open} criteria'}"
    against = {
        Outcome.APPROVE: [*([unmet] if blocking else ()), *([missing] if still_open else ())],
        Outcome.CONDITIONS: [unmet] if blocking else [],
    }
    for outcome, label in LABELS.items():
        reasons = against.get(outcome)
        refused = f"You cannot choose this yet: {' and '.join(reasons)}." if reasons else ""
        yield AnswerOption(outcome=outcome.value, label=label, refused=refused)


def _obstacles(programme: Programme, gate: Task, criteria: Iterable[Criterion]) -> Iterator[Obstacle]:
    for criterion in criteria:
        if criterion.state is State.BLOCKS:
            lifted = _lifted(programme, gate, criterion.rule)
            yield Obstacle(text=criterion.text, remedy=criterion.remedy, lifted=lifted)


def _lifted(programme: Programme, gate: Task, rule: str) -> str:
    """Say who can waive a rule for a gate; all of its mandates are needed."""
    if rule not in RULES:
        return ""
    mandates = RULES[rule].lifted_by
    if not mandates:
        return "No one can waive it."
    held = (sorted(holders(programme.definition, mandate, gate.service)) for mandate in mandates)
    named = [" or ".join(programme.the_person(p) for p in people) for people in held]
    if not all(named):
        return f"Only the {' and the '.join(mandates)} can waive it, and no one is named for that."
    who = list(dict.fromkeys(named))
    return f"{capitalised(' and '.join(who))} can waive it{' together' if len(who) > 1 else ''}."


def _deciders(programme: Programme, gate: Task) -> frozenset[str]:
    subject = gate_subject(gate)
    return in_role(programme.definition, Role.OWNER, subject) | in_role(programme.definition, Role.SRO, subject)


def _owners(programme: Programme, gate: Task) -> frozenset[str]:
    definition = programme.definition
    found = {t.owner for t in programme.tasks(service=gate.service) if t.owner}
    for school in gate.schools:
        found |= in_role(definition, Role.HEAD, Subject(schools=frozenset({school})))
    for role in NAMED:
        found |= in_role(definition, role) if role is not Role.HEAD else frozenset()
    known = {p.id for p in definition.people if p.is_here(programme.on)}
    return frozenset(found & known if known else found)


def _people(programme: Programme, people: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(((p, programme.person(p)) for p in people), key=lambda p: (p[1], p[0])))


def _waiting(programme: Programme, gate: Task) -> Iterator[tuple[TaskId, str]]:
    behind, begun = nx.descendants(programme.graph, gate.id), programme.facts.progress
    own = programme.tasks(service=gate.service, schools=gate.schools or None)
    found = [t for t in own if t.id in behind and t.id not in begun]
    found.sort(key=lambda t: (programme.timed(t.id).early_start, t.name))
    yield from ((t.id, t.name) for t in found)
