"""Recorded facts one by one, as people look for one that is wrong: who recorded what, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import networkx as nx

from changeflow.errors import CheckFailedError
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.values.words import Action, Outcome

OF_SAME: Mapping[str, tuple[str, ...]] = {
    "progress": ("task",),
    "decision": ("task",),
    "condition": ("task", "number"),
    "attendance": ("task", "person"),
    "sponsor-act": ("on", "who", "group"),
    "checkpoint": ("task",),
    "confidence": (),
    "run": ("service", "period"),
    "filing": ("service", "scheme", "period"),
    "measure": ("service", "criterion"),
    "pilot-entry": ("service", "kind", "number"),
    "announcement": ("service", "school"),
    "comment": ("task",),
}
"""The kinds of fact, each with the columns that two recordings of the same thing share."""
LATEST_COUNTS = ("progress", "checkpoint", "confidence", "run", "measure", "announcement")
"""Of these the latest recording of the same thing counts."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """That a fact was withdrawn: why, by whom and when."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFact:
    """One fact as it was recorded."""

    id: str
    """Its kind and number: `progress-12`."""
    kind: str
    values: Mapping[str, Any]
    """What was recorded, by column; contracts are left out."""
    at: datetime
    by: str
    """Who recorded it; of a condition, who recorded its decision."""
    withdrawn: Withdrawn | None

    @property
    def number(self) -> int:
        return int(self.id.rpartition("-")[2])

    @property
    def same(self) -> tuple[object, ...]:
        """What two recordings of the same thing share."""
        return (self.kind, *(self.values.get(name) for name in OF_SAME[self.kind]))

    @property
    def content(self) -> Mapping[str, Any]:
        """What an entry about a pilot says."""
        return dict(json.loads(self.values["content"])) if self.kind == "pilot-entry" else {}

    def is_about(self, thing: str) -> bool:
        """Tell whether it is about a task or one below it, a service, a person, a group or a school."""
        names = ("task", "gate", "service", "person", "who", "group", "owner", "school", "criterion", "scheme")
        subjects = [str(part[n]) for part in (self.values, self.content) for n in names if part.get(n)]
        return any(s == thing.rstrip("/") or s.startswith(f"{thing.rstrip('/')}/") for s in subjects)


def parts_of(fact: RecordedFact, among: Sequence[RecordedFact]) -> list[RecordedFact]:
    """Return what was recorded as a part of a fact: a decision's conditions, the finish that it meant."""
    values = fact.values
    found = [f for f in among if f.withdrawn is None and f.id != fact.id and f.values.get("task") == values.get("task")]
    parts = [f for f in found if fact.kind == "decision" and f.kind == "condition" and _is_round(f, fact)]
    if fact.kind == "checkpoint" or (fact.kind == "decision" and Outcome(values["outcome"]).is_approval):
        finishes = (f for f in found if f.kind == "progress" and f.values["actual_finish"] is not None)
        parts += [f for f in finishes if f.at == fact.at]
    return parts


def whole_of(part: RecordedFact, among: Sequence[RecordedFact]) -> RecordedFact | None:
    """Return the fact that another was recorded as a part of."""
    wholes = [f for f in among if f.withdrawn is None and f.kind in ("decision", "checkpoint")]
    return next((w for w in wholes if any(p.id == part.id for p in parts_of(w, among))), None)


def check_whole(fact: RecordedFact, known: Sequence[RecordedFact]) -> None:
    """Refuse to take a part out of something that only makes sense whole."""
    whole = whole_of(fact, known)
    if whole is not None and fact.kind == "progress":
        what = "A decision" if whole.kind == "decision" else "A checkpoint's result"
        raise CheckFailedError(f"{what} recorded this: withdraw {whole.id} instead. No changes saved.")
    if whole is not None and [p.id for p in parts_of(whole, known) if p.kind == "condition"] == [fact.id]:
        raise CheckFailedError(
            f"This is the approval's only condition. Withdraw {whole.id}, and record the decision again. "
            "No changes saved."
        )
    if fact.kind == "pilot-entry" and fact.values["kind"] == "lesson_answer":
        raise CheckFailedError(
            "An accepted lesson is part of the plan by now. Change the step in the folder, and apply it. "
            "No changes saved."
        )


def corrections(facts: Sequence[RecordedFact]) -> dict[str, str]:
    """Return which fact corrects which, by id: the first recording of the same thing after a withdrawal."""
    found: dict[str, str] = {}
    for wrong in (f for f in facts if f.withdrawn is not None):
        moment = wrong.withdrawn.at if wrong.withdrawn else wrong.at
        later = (f for f in facts if f.same == wrong.same and f.at >= moment and f.id != wrong.id and f.id not in found)
        if (right := next((f for f in later if f.number > wrong.number), None)) is not None:
            found[right.id] = wrong.id
    return found


def replacements(facts: Sequence[RecordedFact]) -> dict[str, str]:
    """Return which fact counts instead of which, by id: of some kinds the latest recording of the same thing."""
    latest: dict[tuple[object, ...], RecordedFact] = {}
    found: dict[str, str] = {}
    for fact in reversed([f for f in facts if f.kind in LATEST_COUNTS and f.withdrawn is None]):
        newer = latest.setdefault(fact.same, fact)
        if newer is not fact:
            found[fact.id] = newer.id
    return found


def _is_round(condition: RecordedFact, decision: RecordedFact) -> bool:
    return all(condition.values[name] == decision.values[name] for name in ("round", "attempt"))


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
