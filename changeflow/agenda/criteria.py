"""One thing that a gate asks for, and how it stands."""

from dataclasses import dataclass
from enum import StrEnum

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.catalogue import Rule
from changeflow.rules.engine import effective


class State(StrEnum):
    """How a criterion stands."""

    BLOCKS = "blocks"
    """It cannot be approved away: only a waiver lifts it, where one can."""
    OPEN = "open"
    """Not there yet: a condition may see to it."""
    NOTED = "noted"
    """To be looked at; it holds nothing up."""
    WAIVED = "waived"
    MET = "met"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a gate asks for."""

    text: str
    state: State
    rule: str = ""
    with_owner: bool = False
    """A task of somebody's stands for it, who is reminded of that task."""
    remedy: str = ""
    """What would make it pass, where that does not go without saying."""


def unless_waived(programme: Programme, rule: Rule, gate: Task) -> State:
    """A waiver of the gate's own task, or of what it opens, lifts the criterion as well as the rule."""
    subjects = (gate.id, *programme.graph.successors(gate.id))
    waived = any(
        w.is_in_force(programme.on) and w.covers(service=gate.service, subject=subject, schools=gate.schools)
        for w in effective(programme.definition, rule.code)
        for subject in subjects
    )
    return State.WAIVED if waived else State.BLOCKS
