"""Record progress of tasks: one, some, or a table of them; list recorded facts, and withdraw one that is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from changeflow.agenda.gates import check_may_begin
from changeflow.errors import NOT_SAVED, ChangeflowError, InputError, ProblemsError
from changeflow.intake.facts import read_progress
from changeflow.programme.facts import Facts
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recorded import OF_SAME, RecordedFact, action_of, begun_behind, check_whole, parts_of
from changeflow.programme.recording import ReportedProgress, checked_progress, finish_of, task_subject, with_progress
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage import facts
from changeflow.storage.database import read_scope
from changeflow.usecases.authority import note_look
from changeflow.usecases.stored import Stored, judged_as, load, stored_on
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.base import TaskId
from changeflow.values.problem import Problem, check_known, pick
from changeflow.values.words import Action


def report_progress(reported: Iterable[ReportedProgress], change: Change) -> int:
    """Record progress of tasks; return how many entries were new. What a rule or a gate blocks cannot begin."""
    return _report(tuple(reported), _before(change), change)


def finish_task(task: str, finished: date, started: date | None, change: Change) -> int:
    """Record that a task is done; its start is the one known, the one given, or its forecast's."""
    before = _before(change)
    return _report((finish_of(before.programme, task, finished, started),), before, change)


def import_progress(path: Path, change: Change) -> int:
    """Record progress from a CSV; all its problems at once, and then nothing is taken."""
    before = _before(change)
    return _report(progress_in(path, before.programme), before, change)


def _before(change: Change) -> Stored:
    return stored_on(change.programme, db=change.db, on=change.on)


def _report(reported: Sequence[ReportedProgress], before: Stored, change: Change) -> int:
    with unit_of_work(change, ahead=rehearse(before, reported)) as work:
        by = permit_progress(work, reported)
        checked = checked_progress(work.programme, reported, change.on)
        check_begun(work, checked, work.programme.facts)
        return record_progress(work, checked, by)


def rehearse(before: Stored, reported: Iterable[ReportedProgress]) -> Stored | None:
    """Work out what a programme will be with some progress, before the database is locked for it.

    The change finds it ready then, and others wait for it a fraction as long. Mistakes in the progress are reported
    by the change itself.
    """
    with suppress(ChangeflowError):
        programme = before.programme
        known = with_progress(programme.facts, checked_progress(programme, reported, programme.on))
        return replace(before, judged=judged_as(before.version, known, on=programme.on, known=(before,)))
    return None


def permit_progress(work: UnitOfWork, reported: Iterable[ReportedProgress]) -> str:
    """Return the actor, who may report progress of all of these tasks; an unknown one is an error."""
    tasks = work.programme.roadmap.tasks
    by = work.actor()
    asked = set[Subject]()
    for task in (one.task for one in reported):
        about = task_subject(pick("task", task, tasks))
        if (alike := replace(about, thing="")) not in asked:
            work.permit(Action.REPORT_PROGRESS, about)
            asked.add(alike)
    return by


def check_begun(work: UnitOfWork, checked: Mapping[TaskId, TaskProgress], known: Facts) -> None:
    """Refuse what begins although a rule or a gate stops it.

    What is reported as finished has happened: it is recorded, and the finding says what it broke.
    """
    begun = {t for t, p in checked.items() if not p.is_done} - work.programme.facts.progress.keys()
    if begun:
        check_may_begin(work.judge(with_progress(known, checked)), begun)


def record_progress(work: UnitOfWork, checked: Mapping[TaskId, TaskProgress], by: str) -> int:
    """Write what is new; return how many entries that were."""
    subjects = [
        task
        for task, progress in checked.items()
        if facts.add_progress(work.session, work.name, task, progress, at=work.change.now, by=by)
    ]
    if subjects:
        work.record("progress", subjects[0] if len(subjects) == 1 else f"{len(subjects)} tasks", by=by)
    return len(subjects)


def progress_in(path: Path, programme: Programme) -> list[ReportedProgress]:
    """Read a CSV of progress; its problems, all at once, as `ProblemsError`."""
    problems: list[Problem] = []
    reported = list(read_progress(path, path.name, problems, tasks=set(programme.roadmap.tasks)))
    if problems:
        raise ProblemsError(problems)
    return reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a withdrawal did."""

    facts: tuple[RecordedFact, ...]
    """The fact that was meant, then what was recorded as a part of it; none where it was withdrawn before."""
    begun: tuple[str, ...] = ()
    """Names of tasks behind a gate that is open no more, and that have begun."""


def recorded_facts(
    programme: str | None,
    *,
    db: str,
    on: date,
    kind: str | None = None,
    actor: str | None = None,
    now: datetime | None = None,
) -> list[RecordedFact]:
    """Return recorded facts, of one kind or of all, the latest last. The audit notes the look (`now` is when)."""
    check_known("kind of fact", kind, OF_SAME)
    with read_scope(db) as session:
        stored = load(session, programme, on=on)
        found = facts.recorded(session, stored.programme.id, kind)
    if found and now is not None:
        note_look(stored.version.definition, actor, Action.READ_FACTS, f"facts:{kind or 'all'}", db=db, now=now)
    return found


def withdraw_fact(fact: str, reason: str, change: Change) -> Withdrawal:
    """Withdraw a wrong fact, with the reason; both stay on record. Recording the same again is possible afterwards.

    With a decision go its conditions and the gate's finish; with a checkpoint's result its task's finish.
    """
    if not reason.strip():
        raise InputError(f"Give the reason why this fact is wrong. {NOT_SAVED}")
    with unit_of_work(change) as work:
        work.actor()
        programme, known = work.programme, facts.recorded(work.session, work.name)
        remedy = "List them with changeflow fact list."
        meant = pick("recorded fact", fact, {f.id: f for f in known}, remedy=remedy)
        if meant.withdrawn is not None:
            return Withdrawal(facts=())
        by = work.permit(*action_of(programme, meant))
        check_whole(meant, known)
        wrong = (meant, *parts_of(meant, known))
        facts.withdraw(work.session, work.name, wrong, reason=reason.strip(), at=change.now, by=by)
        for withdrawn in (*wrong[1:], meant):
            work.record("withdraw", withdrawn.id, by=by)
    return Withdrawal(facts=wrong, begun=begun_behind(programme, meant))
