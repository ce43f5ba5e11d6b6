"""List recorded facts, and withdraw a wrong one; forecasts then ignore it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from changeflow.errors import NOT_SAVED, InputError
from changeflow.programme.programme import Programme
from changeflow.programme.recorded import OF_SAME, RecordedFact, action_of, begun_behind, check_whole, parts_of
from changeflow.programme.task_names import named
from changeflow.storage import erasure, facts, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import read_scope
from changeflow.usecases.acts import StaleError
from changeflow.usecases.authority import note_look
from changeflow.usecases.stored import known_until, load
from changeflow.usecases.unit_of_work import Change, ChangeChecks, UnitOfWork, unit_of_work
from changeflow.values.base import TaskId
from changeflow.values.problem import check_known, pick
from changeflow.values.words import Action

GONE = "Someone else has withdrawn this since you opened the page."


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The result of a withdrawal."""

    facts: tuple[RecordedFact, ...]
    """The fact, then facts recorded as part of it; empty if already withdrawn."""
    begun: tuple[str, ...] = ()
    """Names of started tasks behind a gate that is no longer approved."""


def recorded_facts(
    programme: str | None,
    *,
    db: str,
    on: date,
    kind: str | None = None,
    actor: str | None = None,
    now: datetime | None = None,
) -> list[RecordedFact]:
    """Return recorded facts, of one kind or all, the latest last. The audit records the reading, at `now`."""
    check_known("kind of fact", kind, OF_SAME)
    with read_scope(db) as session:
        stored = load(session, programme, on=on)
        name = stored.programme.id
        found = facts.recorded(session, name, kind, until=known_until(session, name))
    if found and now is not None:
        definition, names = stored.version.definition, stored.programme.names
        note_look(definition, actor, Action.READ_FACTS, f"facts:{kind or 'all'}", db=db, now=now, names=names)
    return found


def facts_now(session: Session, programme: str, kind: str | None = None) -> list[RecordedFact]:
    """Return recorded facts, of one kind or all, those about tasks with the tasks' current ids."""
    ids, found = versions.renames(session, programme), facts.recorded(session, programme, kind)
    if not ids:
        return found
    return [replace(f, values={**f.values, "task": ids.task(str(f.values["task"]))}) if "task" in f.values else f
            for f in found]  # fmt: skip


def latest_progress(task: TaskId, change: Change) -> str:
    """Return the id of the latest report of a task's progress for `fact withdraw`, or a placeholder if none."""
    found = recorded_facts(change.programme, db=change.db, on=change.on, kind="progress")
    return next((f.id for f in reversed(found) if f.values.get("task") == task and f.withdrawn is None), "FACT")


def meant_by(name: str, programme: Programme, known: Sequence[RecordedFact]) -> str:
    """Resolve a name in a request for facts: the name itself if facts are about it, or a person, school or task.

    A short name that several tasks share is an error.
    """
    if any(f.is_about(name) for f in known):
        return name
    words = " ".join(name.split()).casefold()
    called = {**programme.names, **{s.id: s.name for s in programme.definition.schools}}
    found = [thing for thing, title in called.items() if title.casefold() == words]
    return found[0] if len(found) == 1 else named(name, programme.roadmap.tasks)


def withdraw_fact(fact: str, reason: str, change: Change, *, must_count: bool = False) -> Withdrawal:
    """Withdraw a wrong fact, with the reason; both stay on record. The same fact can be recorded again.

    A decision's conditions and the gate's finish are withdrawn with it, and so is the task's finish with a checkpoint's
    result. The text of a comment and the file of evidence are also removed from the database's files. With
    `must_count`, raise `StaleError` if it is already withdrawn.
    """
    state = MachineState(change.db)
    if not reason.strip():
        raise InputError(f"Give the reason why this fact is wrong. {NOT_SAVED}")
    with unit_of_work(change) as work:
        work.actor()
        programme, known = work.programme, facts_now(work.session, work.name)
        remedy = "List them with changeflow fact list."
        meant = pick("recorded fact", fact, {f.id: f for f in known}, remedy=remedy)
        if meant.withdrawn is not None:
            if must_count:
                raise StaleError(GONE)
            return Withdrawal(facts=())
        by = work.permit(*action_of(programme, meant))
        wrong = withdraw_whole(work, meant, known, reason=reason, by=by)
        is_trial = (change.guard or ChangeChecks()).is_trial
        if not is_trial and any(withdrawn.kind in ("comment", "evidence") for withdrawn in wrong):
            erasure.owe(state)
    erasure.settle(state)
    return Withdrawal(facts=wrong, begun=begun_behind(programme, meant))


def withdraw_whole(
    work: UnitOfWork, meant: RecordedFact, known: Sequence[RecordedFact], *, reason: str, by: str
) -> tuple[RecordedFact, ...]:
    """Withdraw a fact that counts, then its parts; return them. Raise `CheckFailedError` for a part of a whole."""
    check_whole(meant, known)
    wrong = (meant, *parts_of(meant, known))
    facts.withdraw(work.session, work.name, wrong, reason=reason.strip(), at=work.change.now, by=by)
    for withdrawn in (*wrong[1:], meant):
        work.record("withdraw", withdrawn.id, by=by)
    return wrong
