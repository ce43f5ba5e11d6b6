"""What a signed-in person does on a page: each change is rehearsed, its effect shown, and then made, by one use case.

The session is checked again in the transaction that writes, so that a role or session taken away counts at once. The
thing to change, and the effect, must still be as the page showed them.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from sqlmodel import Session

from changeflow.agenda.due import GivenAnswers
from changeflow.errors import ConflictError, InputError
from changeflow.pilots.marks import measure_thing, thing_of
from changeflow.programme.dates import dates_of
from changeflow.programme.programme import Programme
from changeflow.reports.effects import Effect, effect_of
from changeflow.storage.database import read_scope
from changeflow.usecases.accounts import SignInNeededError, session_of
from changeflow.usecases.unit_of_work import Change, ChangeChecks, UnitOfWork
from changeflow.usecases.visits import visitor_of
from changeflow.values.base import TaskId
from changeflow.values.moments import local_day

T = TypeVar("T")
DIGITS = 16
Seen = tuple[Callable[[Programme], str], str]
"""The state that a page showed of the thing to change: how to compute its mark, and the mark at that time."""


class StaleError(ConflictError):
    """What a page showed has been changed by someone else since; nothing was saved."""


class OtherEffectError(ConflictError):
    """The change would now have a different effect from the one that was shown; nothing was saved."""

    def __init__(self, effect: Effect) -> None:
        super().__init__("The effect is no longer the one you checked.")
        self.effect = effect


def change_by(token: str, programme: str, *, db: str, now: datetime) -> Change:
    """Return a change by the person of a session in a programme; every use case that changes facts takes one.

    Raise `SignInNeededError` without a session in force, and `UnknownThingError` for a programme that the person does
    not belong to.
    """

    def person(session: Session) -> str:
        return visitor_of(session, session_of(session, token, now), programme, now).person

    with read_scope(db) as session:
        actor = person(session)
    change = Change(db=db, programme=programme, actor=actor, now=now, on=local_day(now))
    return replace(change, guard=_PageGuard(lambda session: person(session) == actor))


class ReasonNeededError(InputError):
    """The change moves an announced date or a decision, and no one has said why; nothing was saved."""

    def __init__(self, message: str = "An announced date or a decision moves. Say why.") -> None:
        super().__init__(message)


@dataclass(slots=True)
class _PageGuard(ChangeChecks):
    is_still: Callable[[Session], bool]
    """Whether the session in force is still the actor's."""
    seen: Seen | None = None
    expected: str | None = None
    """The mark of the effect that was shown."""
    reason: str | None = None
    """Why dates move, as someone has said; None if the form does not ask."""
    is_trial: bool = False
    effect: Effect | None = None
    """The effect of the change, once it has been made or rehearsed."""

    def admit(self, session: Session) -> None:
        if not self.is_still(session):
            raise SignInNeededError

    def begin(self, work: UnitOfWork) -> None:
        if self.seen is not None and self.seen[0](work.programme) != self.seen[1]:
            raise StaleError("Someone else has recorded something here since you opened the page.")

    def end(self, work: UnitOfWork) -> None:
        self.effect = effect_of(work.stored.judged, work.after.judged)
        if self.expected is not None and self.effect.mark != self.expected:
            raise OtherEffectError(self.effect)
        if not self.is_trial and self.reason == "" and self.effect.needs_reason:
            raise ReasonNeededError


@dataclass(frozen=True, slots=True)
class Rehearsed(Generic[T]):
    """What a change would return, and what it would move."""

    result: T
    effect: Effect


def rehearse(change: Change, do: Callable[[Change], T], *, seen: Seen | None = None) -> Rehearsed[T]:
    """Make a change by its use case, which must be one unit of work, and undo it.

    Raise the errors that the change itself would raise, and `StaleError` if what was seen has changed since.
    """
    guard = replace(_guard_of(change), seen=seen, is_trial=True)
    result = do(replace(change, guard=guard))
    if guard.effect is None:
        raise LookupError("the use case is not a unit of work")
    return Rehearsed(result, guard.effect)


def confirm(
    change: Change,
    do: Callable[[Change], T],
    *,
    expected: str,
    seen: Seen | None = None,
    reason: str | None = None,
) -> T:
    """Make a change whose effect was shown; `expected` is the effect's mark.

    `reason` says why dates move; it is None if the form does not ask.

    Raise `OtherEffectError`, with the new effect, if the effect would now be different, and `ReasonNeededError` if a
    reason is needed and is empty.
    """
    return do(replace(change, guard=replace(_guard_of(change), seen=seen, expected=expected, reason=reason)))


def _guard_of(change: Change) -> _PageGuard:
    if not isinstance(change.guard, _PageGuard):
        raise TypeError("the change is not one of a page")
    return change.guard


NO_MARK = "0" * DIGITS
"""The mark of a task about which nothing is recorded."""


def mark_of(programme: Programme, tasks: Iterable[TaskId]) -> str:
    """Return a short string that changes with the progress, decisions and answers about some tasks.

    Comments and evidence are left out, because they conflict with nothing. Runs, issues, improvements, lessons and
    sign-offs are marked under names of their own: see `pilots.marks`.
    """
    marks = marks_of(programme)
    return _short_hash([marks.get(task, NO_MARK) for task in tasks])


def marks_of(programme: Programme, given: GivenAnswers | None = None) -> Mapping[TaskId, str]:
    """Return the mark of each task about which something is recorded; with `given`, answers count as well."""
    if given is None:
        return programme.once("marks", lambda: _marks(programme, GivenAnswers()))
    return _marks(programme, given)


def _marks(programme: Programme, given: GivenAnswers) -> Mapping[TaskId, str]:
    facts = programme.facts
    known: dict[str, list[str]] = {task: [repr(progress)] for task, progress in facts.progress.items()}
    for decision in facts.decisions:
        known.setdefault(decision.task, []).append(repr(decision))
    for answer in given.all:
        known.setdefault(answer.subject, []).append(repr(answer))
    for service, measured in facts.criteria.items():
        known |= {measure_thing(service, criterion): [value] for criterion, value in measured.items()}
    for about in (*facts.runs, *facts.pilot):
        known.setdefault(thing_of(about), []).append(repr(about))
    return {task: _short_hash(said) for task, said in known.items()}


def mark_of_dates(programme: Programme) -> str:
    """Return a short string that changes with the plan's dates and with what was announced."""

    def make() -> str:
        dates = sorted((task, d.start, d.finish) for task, d in dates_of(programme).items())
        return _short_hash((dates, programme.facts.announcements))

    return programme.once("mark-of-dates", make)


def mark_of_plan(programme: Programme) -> str:
    """Return a short string that changes with the programme's files, the plan's dates and with what was announced."""
    return _short_hash((programme.definition.content_hash(), mark_of_dates(programme)))


def mark_of_people(programme: Programme) -> str:
    """Return a short string that changes with the programme's people, roles and owners of tasks."""

    def make() -> str:
        owners = sorted((t.id, t.owner or "") for t in programme.roadmap.tasks.values())
        return _short_hash((programme.definition.content_hash(), owners))

    return programme.once("mark-of-people", make)


def mark_of_waivers(programme: Programme) -> str:
    """Return a short string that changes with the waivers."""
    return _short_hash(programme.definition.waivers)


def mark_of_confidence(programme: Programme) -> str:
    """Return a short string that changes with the delivery confidence that was set."""
    return _short_hash(programme.facts.confidence)


def mark_of_acts(programme: Programme) -> str:
    """Return a short string that changes with the recorded acts of support."""
    return _short_hash(programme.facts.acts)


def mark_of_attendance(programme: Programme, session: TaskId) -> str:
    """Return a short string that changes with who is recorded at a training session."""
    return _short_hash([a for a in programme.facts.attendance if a.task == session])


def mark_of_checkpoint(programme: Programme, task: TaskId) -> str:
    """Return a short string that changes with a checkpoint's results and progress."""
    facts = programme.facts
    return _short_hash(([c for c in facts.checkpoints if c.task == task], facts.progress.get(task)))


def _short_hash(said: object) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()[:DIGITS]
