"""List recorded facts, and withdraw one that is wrong: what follows is forecast as if it had never been recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import networkx as nx

from changeflow.agenda.gates import deciders
from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.programme.mandates import holders
from changeflow.programme.programme import Programme
from changeflow.programme.recorded import OF_SAME, RecordedFact, parts_of, whole_of
from changeflow.storage import audit, withdrawals
from changeflow.storage.database import session_scope
from changeflow.usecases.facts import Change
from changeflow.usecases.stored import after_change, check_actor, load
from changeflow.values.words import Mandate

NOTHING = "No changes saved."


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a withdrawal did."""

    facts: tuple[RecordedFact, ...]
    """The fact that was meant, then what was recorded as a part of it; none where it was withdrawn before."""
    begun: tuple[str, ...] = ()
    """Names of tasks behind a gate that is open no more, and that have begun."""


def recorded_facts(programme: str | None, *, db: str, on: date, kind: str | None = None) -> list[RecordedFact]:
    """Return recorded facts, of one kind or of all, the latest last."""
    if kind is not None and kind not in OF_SAME:
        raise UnknownThingError("kind of fact", kind, OF_SAME)
    with session_scope(db) as session:
        stored = load(session, programme, on=on)
        return withdrawals.recorded(session, stored.programme.id, kind)


def withdraw_fact(fact: str, reason: str, change: Change) -> Withdrawal:
    """Withdraw a wrong fact, with the reason; both stay on record. Recording the same again is possible afterwards.

    With a decision go its conditions and the gate's finish; with a checkpoint's result its task's finish.
    """
    if not reason.strip():
        raise InputError(f"Give the reason why this fact is wrong. {NOTHING}")
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        programme, name = stored.programme, stored.programme.id
        by = check_actor(stored.version.definition, change.actor)
        known = withdrawals.recorded(session, name)
        meant = next((f for f in known if f.id == fact), None)
        if meant is None:
            raise UnknownThingError(
                "recorded fact", fact, [f.id for f in known], remedy="List them with changeflow fact list."
            )
        if meant.withdrawn is not None:
            return Withdrawal(facts=())
        _check_mandate(programme, meant, by)
        _check_whole(meant, known)
        wrong = (meant, *parts_of(meant, known))
        withdrawals.withdraw(session, name, wrong, reason=reason.strip(), at=change.now, by=by)
        for part in wrong[1:]:
            audit.append(session, name, at=change.now, actor=by, action="withdraw", subject=part.id)
        after_change(session, name, on=change.on, now=change.now, actor=by, action="withdraw", subject=meant.id)
    return Withdrawal(facts=wrong, begun=_begun_behind(programme, meant))


def _check_mandate(programme: Programme, fact: RecordedFact, by: str) -> None:
    """A decision is withdrawn by who may decide, a signature by who signed, anything else by who recorded it or the
    SRO."""
    sro = holders(programme.definition, Mandate.SRO)
    gate = programme.roadmap.tasks.get(str(fact.values.get("task")))
    allowed = sro | {fact.by}
    if fact.kind in ("decision", "condition"):
        allowed = deciders(programme, gate) if gate is not None else sro
    elif fact.kind == "confidence":
        allowed = sro
    elif fact.kind == "pilot-entry" and fact.values["kind"] == "signature":
        allowed = frozenset({fact.by})
    if by not in allowed:
        role_of = programme.definition.role_of
        may = " or ".join(f"the {role_of(p) or p} ({p})" for p in sorted(allowed)) or "the SRO, once named,"
        raise InputError(f"The {role_of(by) or by} may not withdraw {fact.id}: {may} may. {NOTHING}")


def _check_whole(fact: RecordedFact, known: Sequence[RecordedFact]) -> None:
    """Refuse to take a part out of something that only makes sense whole."""
    whole = whole_of(fact, known)
    if whole is not None and fact.kind == "progress":
        what = "A decision" if whole.kind == "decision" else "A checkpoint's result"
        raise CheckFailedError(f"{what} recorded this: withdraw {whole.id} instead. {NOTHING}")
    if whole is not None and [p.id for p in parts_of(whole, known) if p.kind == "condition"] == [fact.id]:
        raise CheckFailedError(
            f"This is the approval's only condition. Withdraw {whole.id}, and record the decision again. {NOTHING}"
        )
    if fact.kind == "pilot-entry" and fact.values["kind"] == "lesson_answer":
        raise CheckFailedError(
            f"An accepted lesson is part of the plan by now. Change the step in the folder, and apply it. {NOTHING}"
        )


def _begun_behind(programme: Programme, fact: RecordedFact) -> tuple[str, ...]:
    task = str(fact.values.get("task"))
    if fact.kind != "decision" or task not in programme.roadmap.tasks or not programme.is_done(task):
        return ()
    begun = nx.descendants(programme.graph, task) & programme.facts.progress.keys()
    return tuple(programme.roadmap.tasks[t].name for t in sorted(begun))
