"""Undo an answer within a quarter of an hour, or correct its day. Records are never deleted: each is withdrawn.

The answer to an assessment stays, because nothing may show which person gave which scores.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from changeflow.agenda.asks import ROUND
from changeflow.agenda.due import Answer, AnswerKind
from changeflow.errors import ConflictError, InputError
from changeflow.programme.recorded import RecordedFact
from changeflow.programme.recording import checked_progress, finish_of, with_progress
from changeflow.storage import answers, erasure, facts
from changeflow.storage.custody import MachineState
from changeflow.usecases.answer_causes import cause_of
from changeflow.usecases.progress import record_progress, record_reason
from changeflow.usecases.unit_of_work import UnitOfWork
from changeflow.values.sentences import sentence

UNDO_FOR = timedelta(minutes=15)
"""How long an answer can be undone: our own choice."""
TOO_LATE = sentence("It is too late to undo this here. Write to the programme office instead.")
CHANGED = sentence("Someone has changed this since, so it cannot be undone here.")
_OF_AN_ANSWER = ("progress", "sponsor-act")
"""The kinds of fact that an answer records, besides the reason why dates move: a comment."""


def can_undo(subject: str, answered_at: datetime | None, now: datetime) -> bool:
    """Return whether an answer given at a moment can still be undone."""
    return answered_at is not None and now - answered_at <= UNDO_FOR and not subject.startswith(ROUND)


def take_back(work: UnitOfWork, person: str, subject: str, answered_at: datetime) -> bool:
    """Withdraw what a person's answer recorded, and the reason that they gave; return whether anything was withdrawn.

    Raise `InputError` once it is too late, and `ConflictError` if someone else has recorded the task since.
    """
    if not can_undo(subject, answered_at, work.change.now):
        raise InputError(TOO_LATE)
    recorded = _facts(work, person, subject, answered_at)
    recorded += _reasons(work, person, subject, recorded)
    given = [a for a, _, at in answers.listed(work.session, work.name) if a.subject == subject and at == answered_at]
    if recorded:
        now = work.change.now
        facts.withdraw(work.session, work.name, recorded, reason="Undone by the person", at=now, by=person)
        if any(fact.kind == "comment" for fact in recorded):
            erasure.owe(MachineState(work.change.db))
    for one in given:
        undone = Answer(
            person=one.person, subject=subject, due_on=one.due_on, kind=AnswerKind.UNDONE, on=work.change.on
        )
        answers.add_answer(work.session, work.name, undone, text=None, at=work.change.now)
    if recorded or given:
        work.record("undo", subject, by=person)
    return bool(recorded or given)


def move_day(work: UnitOfWork, person: str, task: str, answered_at: datetime, day: date, cause: str = "") -> None:
    """Correct the day on which a task was finished; `day` may be today or earlier.

    Raise `CauseNeededError` if that delays an announced date or a decision, and no one says why.
    """
    if not can_undo(task, answered_at, work.change.now):
        raise InputError(TOO_LATE)
    if day > work.change.on:
        raise InputError(sentence("%(day)s is in the future. Enter the day on which it was finished.", day=day))
    if not _facts(work, person, task, answered_at):
        raise ConflictError(CHANGED)
    programme = work.programme
    started = min(programme.timed(task).first_day, day)
    checked = checked_progress(programme, [finish_of(programme, task, day, started)], work.change.on)
    reason = cause_of(work, person, with_progress(programme.facts, checked), cause)
    record_reason(work, [task], reason, person)
    record_progress(work, checked, person)


def _reasons(work: UnitOfWork, person: str, task: str, recorded: Sequence[RecordedFact]) -> list[RecordedFact]:
    """Return the person's comments that were recorded together with these facts: why dates moved."""
    moments = {f.at for f in recorded}
    known = facts.recorded(work.session, work.name, "comment")
    own = (f for f in known if f.withdrawn is None and f.by == person)
    return [f for f in own if f.values.get("task") == task and f.at in moments]


def _facts(work: UnitOfWork, person: str, subject: str, answered_at: datetime) -> list[RecordedFact]:
    """Return what the answer recorded, with corrections of its day, if no one else has recorded the task since."""
    found = []
    for kind in _OF_AN_ANSWER:
        own = [f for f in facts.recorded(work.session, work.name, kind) if f.withdrawn is None and f.at >= answered_at]
        if kind == "progress":
            own = [f for f in own if f.values.get("task") == subject]
            if any(f.by != person for f in own):
                raise ConflictError(CHANGED)
        else:
            own = [f for f in own if f.at == answered_at]
        found += [f for f in own if f.by == person]
    return found
