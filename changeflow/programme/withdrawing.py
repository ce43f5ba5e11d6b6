"""What a withdrawal is to the table of actions, and what it leaves behind a gate that is open no more."""

from dataclasses import replace

import networkx as nx

from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recorded import RecordedFact
from changeflow.values.words import Action


def action_of(programme: Programme, fact: RecordedFact) -> tuple[Action, Subject]:
    """Return what is asked of the table: who may decide withdraws a decision, who signed a signature."""
    about = Subject(thing=fact.id, recorder=fact.by)
    if fact.kind in ("decision", "condition", "confidence"):
        gate = programme.roadmap.tasks.get(str(fact.values.get("task")))
        owners = frozenset({gate.owner} if gate is not None and gate.owner else ())
        return Action.WITHDRAW_DECISION, replace(about, owners=owners)
    kind = fact.values["kind"] if fact.kind == "pilot-entry" else ""
    if kind == "signature":
        return Action.WITHDRAW_SIGNATURE, about
    return Action.WITHDRAW_CONFIRMATION if kind == "confirmation" else Action.WITHDRAW_FACT, about


def begun_behind(programme: Programme, fact: RecordedFact) -> tuple[str, ...]:
    """Return the names of the tasks behind a decision's gate that have begun; none where it had not opened the gate."""
    task = str(fact.values.get("task"))
    if fact.kind != "decision" or task not in programme.roadmap.tasks or not programme.is_done(task):
        return ()
    begun = nx.descendants(programme.graph, task) & programme.facts.progress.keys()
    return tuple(programme.roadmap.tasks[t].name for t in sorted(begun))
