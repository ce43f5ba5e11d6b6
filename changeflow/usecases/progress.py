"""Record progress of tasks: one, some, or a table of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from changeflow.errors import NOT_SAVED, ChangeflowError, ProblemsError
from changeflow.intake.progress_sheets import read_progress_sheet
from changeflow.programme.facts import Comment
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recording import (
    ReportedProgress,
    checked_progress,
    finish_of,
    rest_of,
    start_of,
    task_subject,
    with_progress,
)
from changeflow.programme.renames import Renames
from changeflow.programme.typed_progress import LABELS, TypedProgress, compare_typed
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.rules.order import undecided_gates
from changeflow.storage import facts, versions
from changeflow.usecases.requests import close_links
from changeflow.usecases.stored import Stored, judged_as, stored_on
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.base import TaskId
from changeflow.values.finding import Finding
from changeflow.values.problem import Problem, pick
from changeflow.values.words import Action


def report_progress(reported: Iterable[ReportedProgress], change: Change) -> int:
    """Record progress of tasks; return how many entries were new. What a rule or a gate blocks cannot begin."""
    return _report(tuple(reported), _before(change), change)


def start_task(task: str, started: date, change: Change) -> tuple[int, bool]:
    """Record that a task has begun; return how many entries were new, and whether it stays finished."""
    before = _before(change)
    report = start_of(before.programme, task, started)
    return _report((report,), before, change), report.finished is not None


def progress_task(
    task: str, change: Change, *, started: date | None, remaining: str | None, percent: int | None
) -> int:
    """Record what is left of a task; its start is the one given, else the one known."""
    before = _before(change)
    return _report((rest_of(before.programme, task, started, remaining, percent),), before, change)


def finish_task(task: str, finished: date, started: date | None, change: Change) -> int:
    """Record that a task is done; its start is the one known, the one given, or its forecast's."""
    before = _before(change)
    return _report((finish_of(before.programme, task, finished, started),), before, change)


def _before(change: Change) -> Stored:
    return stored_on(change.programme, db=change.db, on=change.on)


def _report(reported: Sequence[ReportedProgress], before: Stored, change: Change) -> int:
    with unit_of_work(change, ahead=rehearse(before, reported)) as work:
        by = permit_progress(work, [one.task for one in reported])
        checked = checked_progress(work.programme, reported, change.on)
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


def permit_progress(work: UnitOfWork, about: Iterable[TaskId]) -> str:
    """Return the actor, who may report progress of all of these tasks; an unknown one is an error."""
    tasks = work.programme.roadmap.tasks
    by = work.actor()
    asked = set[Subject]()
    for task in about:
        subject = task_subject(pick("task", task, tasks))
        if (alike := replace(subject, thing="")) not in asked:
            work.permit(Action.REPORT_PROGRESS, subject)
            asked.add(alike)
    return by


def out_of_order(tasks: Collection[TaskId], change: Change) -> tuple[Finding, ...]:
    """Return what stored rules find wrong with tasks that have begun: what they overtook, and what stops them."""
    found = stored_on(change.programme, db=change.db, on=change.on).judged.findings
    about = (f for f in found if f.subject in tasks and (f.rule == IN_ORDER or f.is_block))
    return tuple(sorted(about, key=lambda f: f.rule != IN_ORDER))


IN_ORDER = "R31"


def open_gates(task: TaskId, change: Change) -> tuple[Task, ...]:
    """Return the gates that a task was reported to have passed although no one has decided them."""
    programme = stored_on(change.programme, db=change.db, on=change.on).programme
    return undecided_gates(programme, task) if task in programme.facts.progress else ()


def record_progress(work: UnitOfWork, checked: Mapping[TaskId, TaskProgress], by: str) -> int:
    """Write what is new; return how many entries that were."""
    subjects = [
        task
        for task, progress in checked.items()
        if facts.add_progress(work.session, work.name, task, progress, at=work.change.now, by=by)
    ]
    if subjects:
        close_links(work, [task for task in subjects if checked[task].is_done])
        work.record("progress", subjects[0] if len(subjects) == 1 else f"{len(subjects)} tasks", by=by)
    return len(subjects)


def record_comments(work: UnitOfWork, comments: Iterable[Comment]) -> int:
    """Write comments on tasks that are new; return how many those were."""
    new = [c for c in comments if facts.add_comment(work.session, work.name, c, at=work.change.now)]
    if new:
        work.record("comment", new[0].task if len(new) == 1 else f"{len(new)} tasks", by=new[0].by)
    return len(new)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTaken:
    """A progress sheet, compared with what is recorded."""

    typed: TypedProgress
    unused: tuple[Problem, ...]
    """What was read and not used; no mistakes."""
    skipped: tuple[Problem, ...] = ()
    """Of these, whole lines that are about no task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRecorded:
    """How many entries were new."""

    progress: int
    comments: int


def sheet_in(path: Path, work: UnitOfWork) -> SheetTaken:
    """Read a progress sheet for the person who acts, as `progress_in` does; it may be older than the plan."""
    ids, person = versions.renames(work.session, work.name), work.change.actor
    known = facts.progress_by(work.session, work.name, person) if person else ()
    return progress_in(path, work.programme, ids=ids, mine={ids.task(task) for task in known})


def progress_in(
    path: Path, programme: Programme, *, ids: Renames | None = None, mine: Collection[TaskId] = ()
) -> SheetTaken:
    """Read a progress sheet, and compare it with what is recorded; its problems, all at once, as `ProblemsError`."""
    problems: list[Problem] = []
    sheet = read_progress_sheet(path, path.name, problems, programme=programme, ids=ids)
    typed = compare_typed(programme, sheet.rows, mine=mine)
    problems += [sheet.problem(w.line, w.column, f"{LABELS[w.column]}: {w.text}", w.remedy) for w in typed.wrong]
    if problems:
        raise ProblemsError(sorted(problems, key=lambda p: (p.line, p.column)), NOT_SAVED)
    return SheetTaken(typed=typed, unused=sheet.unused, skipped=sheet.skipped)


def record_sheet(work: UnitOfWork, sheet: SheetTaken, checked: Mapping[TaskId, TaskProgress]) -> SheetRecorded:
    """Write what is new in a sheet, for a person who may report progress of all its tasks."""
    by = permit_progress(work, [*(r.task for r in sheet.typed.reported), *(task for task, _ in sheet.typed.comments)])
    said = [Comment(task=task, text=text, by=by, on=work.change.on) for task, text in sheet.typed.comments]
    return SheetRecorded(progress=record_progress(work, checked, by), comments=record_comments(work, said))
