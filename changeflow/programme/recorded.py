"""Individual recorded facts, to find a wrong one: who recorded each, and whether it still counts."""

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
    "evidence": ("task", "link", "sha256"),
}
"""The kinds of fact, each with the columns that identify its subject."""
LATEST_COUNTS = ("progress", "checkpoint", "confidence", "run", "measure", "announcement")
"""Kinds of fact for which only the latest record of a subject counts."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The withdrawal of a fact: why, when and by which person."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFact:
    """One recorded fact."""

    id: str
    """Its kind and number: `progress-12`."""
    kind: str
    values: Mapping[str, Any]
    """The record, by column, without contracts."""
    at: datetime
    by: str
    """The person who recorded it; for a condition, the person who recorded the decision."""
    withdrawn: Withdrawn | None

    @property
    def number(self) -> int:
        return int(self.id.rpartition("-")[2])

    @property
    def same(self) -> tuple[object, ...]:
        """The key of the fact's subject."""
        return (self.kind, *(self.values.get(name) for name in OF_SAME[self.kind]))

    @property
    def content(self) -> Mapping[str, Any]:
        """The content of an entry about a pilot."""
        return dict(json.loads(self.values["content"])) if self.kind == "pilot-entry" else {}

    def is_about(self, thing: str) -> bool:
        """Return whether it is about a subject: a task or one below it, a service, a person, a group or a school."""
        names = ("task", "gate", "service", "person", "who", "group", "owner", "school", "criterion", "scheme")
        subjects = [str(part[n]) for part in (self.values, self.content) for n in names if part.get(n)]
        return any(s == thing.rstrip("/") or s.startswith(f"{thing.rstrip('/')}/") for s in subjects)


def parts_of(fact: RecordedFact, among: Sequence[RecordedFact]) -> list[RecordedFact]:
    """Return the parts recorded with a fact: a decision's conditions, and the finish that it implies."""
    values = fact.values
    found = [f for f in among if f.withdrawn is None and f.id != fact.id and f.values.get("task") == values.get("task")]
    parts = [f for f in found if fact.kind == "decision" and f.kind == "condition" and _is_round(f, fact)]
    if fact.kind == "checkpoint" or (fact.kind == "decision" and Outcome(values["outcome"]).is_approval):
        finishes = (f for f in found if f.kind == "progress" and f.values["actual_finish"] is not None)
        parts += [f for f in finishes if f.at == fact.at]
    return parts


def whole_of(part: RecordedFact, among: Sequence[RecordedFact]) -> RecordedFact | None:
    """Return the fact that another is part of."""
    wholes = [f for f in among if f.withdrawn is None and f.kind in ("decision", "checkpoint")]
    return next((w for w in wholes if any(p.id == part.id for p in parts_of(w, among))), None)


def check_whole(fact: RecordedFact, known: Sequence[RecordedFact]) -> None:
    """Refuse to withdraw one part of a fact that only makes sense as a whole."""
    whole = whole_of(fact, known)
    if whole is not None and fact.kind == "progress":
        what = "A decision" if whole.kind == "decision" else "A checkpoint's result"
        raise CheckFailedError(f"{what} recorded this. Withdraw {whole.id} instead. No changes saved.")
    if whole is not None and [p.id for p in parts_of(whole, known) if p.kind == "condition"] == [fact.id]:
        raise CheckFailedError(
            f"This is the approval's only condition. Withdraw {whole.id} and record the decision again. "
            "No changes saved."
        )
    if fact.kind == "pilot-entry" and fact.values["kind"] == "lesson_answer":
        raise CheckFailedError(
            "An accepted lesson is already part of the plan. Change the step in the folder and apply it. "
            "No changes saved."
        )


def corrections(facts: Sequence[RecordedFact]) -> dict[str, str]:
    """Return which fact corrects which, by id: the first record of the same subject after a withdrawal."""
    found: dict[str, str] = {}
    for wrong in (f for f in facts if f.withdrawn is not None):
        moment = wrong.withdrawn.at if wrong.withdrawn else wrong.at
        later = (f for f in facts if f.same == wrong.same and f.at >= moment and f.id != wrong.id and f.id not in found)
        if (right := next((f for f in later if f.number > wrong.number), None)) is not None:
            found[right.id] = wrong.id
    return found


def replacements(facts: Sequence[RecordedFact]) -> dict[str, str]:
    """Return which fact replaces which, by id: for some kinds only the latest record of a subject counts."""
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
    """Return the action needed to withdraw a fact, such as the right to decide for a decision."""
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
    """Return the names of started tasks behind a decision's gate; none if the decision did not open the gate."""
    task = str(fact.values.get("task"))
    if fact.kind != "decision" or task not in programme.roadmap.tasks or not programme.is_done(task):
        return ()
    begun = nx.descendants(programme.graph, task) & programme.facts.progress.keys()
    return tuple(programme.roadmap.tasks[t].name for t in sorted(begun))
