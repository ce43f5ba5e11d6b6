"""Record progress of one task, several, or a table."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from changeflow.errors import NOT_SAVED, ChangeflowError, InputError, ProblemsError
from changeflow.intake.progress_sheets import read_progress_sheet
from changeflow.intake.tables import PastedText
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
from changeflow.reports.progress_preview import early_starts
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.rules.order import undecided_gates
from changeflow.storage import facts, versions
from changeflow.usecases.requests import close_links
from changeflow.usecases.stored import Stored, judged_as, stored_on
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.base import TaskId
from changeflow.values.finding import Finding
from changeflow.values.moments import day_of, format_day
from changeflow.values.problem import Problem, pick
from changeflow.values.words import Action


def report_progress(reported: Iterable[ReportedProgress], change: Change) -> int:
    """Record progress and return the number of new entries. A task that a rule or gate blocks cannot start."""
    return _report(tuple(reported), _before(change), change)


def start_task(task: str, started: date, change: Change) -> tuple[int, bool]:
    """Record that a task has started; return the number of new entries, and whether it stays finished."""
    before = _before(change)
    report = start_of(before.programme, task, started)
    return _report((report,), before, change), report.finished is not None


def progress_task(
    task: str, change: Change, *, started: date | None, remaining: str | None, percent: int | None
) -> int:
    """Record a task's remaining work; its start is the one given, or else the recorded one."""
    before = _before(change)
    return _report((rest_of(before.programme, task, started, remaining, percent),), before, change)


def finish_task(task: str, finished: date, started: date | None, change: Change) -> int:
    """Record that a task is done; its start is the recorded one, the one given, or the forecast one."""
    before = _before(change)
    return _report((finish_of(before.programme, task, finished, started),), before, change)


class TaskStatus(StrEnum):
    """What someone says about a task on its page."""

    STARTED = "started"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class TaskReport:
    """What someone says about a task: when it started or finished, and perhaps the working days still needed."""

    status: TaskStatus
    day: date
    left: int | None = None
    reason: str = ""
    """Why announced dates or decisions move, if they do: recorded as a comment."""


def report_task(task: str, said: TaskReport, change: Change) -> None:
    """Record what someone says about one task; errors are in the words of its page."""
    before = _before(change)
    programme = before.programme
    found = programme.roadmap.tasks.get(task)
    if found is not None and found.gate is not None:
        raise InputError("Only a decision finishes this. Decide it on the page of the decision.")
    is_finish = said.status is TaskStatus.FINISHED
    if wrong := wrong_day(programme, task, said.day, change.on, is_finish=is_finish):
        raise InputError(wrong)
    if is_finish:
        report = finish_of(programme, task, said.day, None)
    elif said.left is not None:
        report = rest_of(programme, task, said.day, f"{said.left}d", None)
    else:
        report = start_of(programme, task, said.day)
    _report((report,), before, change, reason=said.reason)


def wrong_day(programme: Programme, task: TaskId, day: date, on: date, *, is_finish: bool) -> str:
    """Return why a start or finish cannot be recorded on a day, in the words of pages; empty if it can."""
    known, said = programme.facts.progress.get(task), format_day(day)
    if day > on:
        return f"{said} is in the future. Enter today or an earlier day."
    if known is None:
        return ""
    if is_finish and day < (begun := day_of(known.actual_start)):
        return f"{said} is before its recorded start, {format_day(begun)}."
    if not is_finish and known.actual_finish is not None and day > (last := programme.days_of(task)[1]):
        return f"{said} is after its recorded finish, {format_day(last)}."
    return ""


def _before(change: Change) -> Stored:
    return stored_on(change.programme, db=change.db, on=change.on)


def _report(reported: Sequence[ReportedProgress], before: Stored, change: Change, *, reason: str = "") -> int:
    with unit_of_work(change, ahead=rehearse(before, reported)) as work:
        by = permit_progress(work, [one.task for one in reported])
        checked = checked_progress(work.programme, reported, change.on)
        record_reason(work, [one.task for one in reported], reason, by)
        return record_progress(work, checked, by)


def rehearse(before: Stored, reported: Iterable[ReportedProgress]) -> Stored | None:
    """Compute the programme with new progress before the change locks the database, so that others wait less.

    The change itself reports mistakes in the progress.
    """
    with suppress(ChangeflowError):
        programme = before.programme
        known = with_progress(programme.facts, checked_progress(programme, reported, programme.on))
        return replace(before, judged=judged_as(before.version, known, on=programme.on, known=(before,)))
    return None


def permit_progress(work: UnitOfWork, about: Iterable[TaskId]) -> str:
    """Return the actor if they may report progress of all these tasks; an unknown task is an error."""
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
    """Return findings about started tasks: predecessors that they overtook, and rules that block them."""
    found = stored_on(change.programme, db=change.db, on=change.on).judged.findings
    about = (f for f in found if f.subject in tasks and (f.rule == IN_ORDER or f.is_block))
    return tuple(sorted(about, key=lambda f: f.rule != IN_ORDER))


def early_start(task: TaskId, change: Change) -> str:
    """Say that a task is recorded as started before the programme; return "" if it is not."""
    programme = stored_on(change.programme, db=change.db, on=change.on).programme
    progress = programme.facts.progress.get(task)
    starts = [] if progress is None else [(task, day_of(progress.actual_start))]
    return next(early_starts(programme, starts), "")


IN_ORDER = "R31"


def open_gates(task: TaskId, change: Change) -> tuple[Task, ...]:
    """Return the undecided gates that a reported task should have waited for."""
    programme = stored_on(change.programme, db=change.db, on=change.on).programme
    return undecided_gates(programme, task) if task in programme.facts.progress else ()


def record_progress(work: UnitOfWork, checked: Mapping[TaskId, TaskProgress], by: str) -> int:
    """Write new entries; return their number."""
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
    """Write new comments on tasks; return their number."""
    new = [c for c in comments if facts.add_comment(work.session, work.name, c, at=work.change.now)]
    if new:
        work.record("comment", new[0].task if len(new) == 1 else f"{len(new)} tasks", by=new[0].by)
    return len(new)


def record_reason(work: UnitOfWork, tasks: Iterable[TaskId], reason: str, by: str) -> None:
    """Record why dates move as a comment on each task. Call it before the progress is recorded, which is the cause."""
    if reason:
        record_comments(work, [Comment(task=task, text=reason, by=by, on=work.change.on) for task in tasks])


PASTED = "pasted text"
"""How problems name pasted text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTaken:
    """A progress sheet compared with the records."""

    typed: TypedProgress
    unused: tuple[Problem, ...]
    """Content that was read but not used; not mistakes."""
    skipped: tuple[Problem, ...] = ()
    """Those of them that are whole lines, not about a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRecorded:
    """Numbers of new entries."""

    progress: int
    comments: int


def sheet_in(source: Path | PastedText, work: UnitOfWork) -> SheetTaken:
    """Read a progress sheet for the actor, as `progress_in` does; it may be older than the plan."""
    ids, person = versions.renames(work.session, work.name), work.change.actor
    known = facts.progress_by(work.session, work.name, person) if person else ()
    return progress_in(source, work.programme, ids=ids, mine={ids.task(task) for task in known})


def progress_in(
    source: Path | PastedText, programme: Programme, *, ids: Renames | None = None, mine: Collection[TaskId] = ()
) -> SheetTaken:
    """Read a progress sheet and compare it with the records; raise `ProblemsError` with all its problems."""
    problems: list[Problem] = []
    shown = source.name if isinstance(source, Path) else PASTED
    sheet = read_progress_sheet(source, shown, problems, programme=programme, ids=ids)
    typed = compare_typed(programme, sheet.rows, mine=mine)
    problems += [sheet.problem(w.line, w.column, f"{LABELS[w.column]}: {w.text}", w.remedy) for w in typed.wrong]
    if problems:
        raise ProblemsError(sorted(problems, key=lambda p: (p.line, p.column)), NOT_SAVED)
    return SheetTaken(typed=typed, unused=sheet.unused, skipped=sheet.skipped)


def record_sheet(work: UnitOfWork, sheet: SheetTaken, checked: Mapping[TaskId, TaskProgress]) -> SheetRecorded:
    """Write the new entries of a sheet, if the actor may report progress of all its tasks."""
    by = permit_progress(work, [*(r.task for r in sheet.typed.reported), *(task for task, _ in sheet.typed.comments)])
    said = [Comment(task=task, text=text, by=by, on=work.change.on) for task, text in sheet.typed.comments]
    return SheetRecorded(progress=record_progress(work, checked, by), comments=record_comments(work, said))
