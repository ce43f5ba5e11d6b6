"""Undo an answer within a quarter of an hour, or correct its day. Records are never deleted: each is withdrawn.

The answer to an assessment stays, because nothing may show which person gave which scores.
"""

from datetime import date, datetime, timedelta

from changeflow.agenda.asks import ROUND
from changeflow.agenda.due import Answer, AnswerKind
from changeflow.errors import ConflictError, InputError
from changeflow.programme.recorded import RecordedFact
from changeflow.programme.recording import checked_progress, finish_of
from changeflow.storage import answers, facts
from changeflow.usecases.progress import record_progress
from changeflow.usecases.unit_of_work import UnitOfWork
from changeflow.values.sentences import sentence

UNDO_FOR = timedelta(minutes=15)
"""How long an answer can be undone: our own choice."""
TOO_LATE = sentence("It is too late to undo this here. Write to the programme office instead.")
_OF_AN_ANSWER = ("progress", "act")
"""The kinds of fact that an answer records."""


def can_undo(subject: str, answered_at: datetime | None, now: datetime) -> bool:
    """Return whether an answer given at a moment can still be undone."""
    return answered_at is not None and now - answered_at <= UNDO_FOR and not subject.startswith(ROUND)


def take_back(work: UnitOfWork, person: str, subject: str, answered_at: datetime) -> bool:
    """Withdraw what a person's answer recorded; return whether there was anything.

    Raise `InputError` once it is too late, and `ConflictError` if a later record rests on it.
    """
    if not can_undo(subject, answered_at, work.change.now):
        raise InputError(TOO_LATE)
    recorded = _facts(work, person, subject, answered_at)
    given = [a for a, _, at in answers.listed(work.session, work.name) if a.subject == subject and at == answered_at]
    if recorded:
        now = work.change.now
        facts.withdraw(work.session, work.name, recorded, reason="Undone by the person", at=now, by=person)
    for one in given:
        undone = Answer(
            person=one.person, subject=subject, due_on=one.due_on, kind=AnswerKind.UNDONE, on=work.change.on
        )
        answers.add_answer(work.session, work.name, undone, text=None, at=work.change.now)
    if recorded or given:
        work.record("undo", subject, by=person)
    return bool(recorded or given)


def move_day(work: UnitOfWork, person: str, task: str, answered_at: datetime, day: date) -> None:
    """Correct the day on which a task was finished; `day` may be today or earlier."""
    if not can_undo(task, answered_at, work.change.now):
        raise InputError(TOO_LATE)
    if day > work.change.on:
        raise InputError(sentence("%(day)s is in the future. Enter the day on which it was finished.", day=day))
    if not _facts(work, person, task, answered_at):
        raise ConflictError(sentence("Someone has recorded this task again since. Open the page again."))
    started = min(work.programme.timed(task).first_day, day)
    checked = checked_progress(work.programme, [finish_of(work.programme, task, day, started)], work.change.on)
    record_progress(work, checked, person)


def _facts(work: UnitOfWork, person: str, subject: str, answered_at: datetime) -> list[RecordedFact]:
    """Return what the answer recorded, if it still stands: of a task, its latest progress."""
    found = []
    for kind in _OF_AN_ANSWER:
        own = [f for f in facts.recorded(work.session, work.name, kind) if f.withdrawn is None]
        if kind == "progress":
            own = [f for f in own if f.values.get("task") == subject][-1:]
        found += [f for f in own if f.by == person and f.at == answered_at]
    return found
