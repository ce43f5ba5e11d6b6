"""This week for the project team: what is blocked, late, due and starting, and one form to record the progress.

A form records everything or nothing. Each of its rows carries the mark of what was recorded when the page was opened.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Session

from changeflow.agenda.due import FARTHEST_DAYS, Answer, AnswerKind, GivenAnswers, is_work
from changeflow.agenda.worklist import WeekItem, week_of, work_item
from changeflow.errors import CheckFailedError, InputError
from changeflow.programme.mandates import WORKING, Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress, checked_progress, finish_of, start_of, task_subject
from changeflow.reports.week_page import WeekPart, week_parts
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.storage import answers, versions
from changeflow.usecases.acts import NO_MARK, StaleError, marks_of
from changeflow.usecases.own_school import own_school, own_tasks
from changeflow.usecases.progress import permit_progress, record_progress, record_reason, rehearse, wrong_day
from changeflow.usecases.stored import Stored, stored_on
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.words import Action, Role


class WeekStatus(StrEnum):
    """What someone says about a task on the page of this week."""

    STARTED = "started"
    FINISHED = "finished"
    NOT_YET = "not-yet"
    """It will be done by a later day, when reminders to its owner start again; the plan does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekEntry:
    """One row of the form that someone has filled in."""

    task: TaskId
    status: WeekStatus
    day: date
    seen: str = ""
    """The row's mark when the page was opened."""


class WeekProblemsError(InputError):
    """Rows of the form cannot be recorded: what is wrong, by task. Nothing was saved."""

    def __init__(self, problems: Mapping[TaskId, str]) -> None:
        self.problems = dict(problems)
        rows = "1 row needs" if len(problems) == 1 else f"{len(problems)} rows need"
        super().__init__(f"{rows} a correction.")


class StaleRowsError(StaleError):
    """Someone else has recorded something about tasks of the form; nothing was saved."""

    def __init__(self, tasks: Iterable[TaskId]) -> None:
        self.tasks = frozenset(tasks)
        super().__init__("Someone else has recorded something about these tasks since you opened the page.")


@dataclass(frozen=True, slots=True)
class Week:
    """What the page shows to one person: the tasks whose progress they may record."""

    parts: tuple[WeekPart, ...]
    whose: str
    """Whose list it is: empty if it has every task of the week."""


def may_record(visit: Visit) -> bool:
    """Return whether the person may record the progress of any open task."""
    if not visit.visitor.roles & {*WORKING, Role.HEAD} and visit.visitor.person not in _owners(visit):
        return False
    return any(visit.may(Action.REPORT_PROGRESS, subject) for subject in _subjects(visit))


def permit_week(visit: Visit) -> None:
    """Raise unless the person may record the progress of any task."""
    if not may_record(visit):
        visit.permit(Action.REPORT_PROGRESS, Subject(thing="tasks"))


def week(visit: Visit, *, also: Collection[TaskId] = ()) -> Week:
    """Return this week's tasks; `also` are tasks of a form that is shown again, which may have left the list."""
    permit_week(visit)
    given = answers.answers(visit.session, visit.name)
    found = visit.view("week", lambda: week_of(visit.programme, today=visit.today, answers=given))
    if more := {t for t in also if t in visit.programme.roadmap.tasks} - {one.item.task.id for one in found}:
        found = week_of(visit.programme, today=visit.today, answers=given, also=more)
    own = [one for one in found if _is_own(visit, one)]
    whose = "" if len(own) == len(found) else visit.visitor.person

    def make() -> tuple[WeekPart, ...]:
        marks = marks_of(visit.programme, given)
        blocks = _blocks(visit.session, visit.name, own, given)
        tasks = {one.item.task.id: marks.get(one.item.task.id, NO_MARK) for one in own}
        return week_parts(visit.programme, own, tasks, blocks)

    parts = make() if more else visit.view("week-parts", make, whose)
    if any(row.problem for part in parts for row in part.rows):
        visit.note_look("answers")
    return Week(parts, whose)


def record_week(entries: Sequence[WeekEntry], wrong: Mapping[TaskId, str], change: Change, reason: str = "") -> int:
    """Record the rows of the form in one unit of work; return the number of rows.

    `wrong` are the rows that cannot be read, and why. Raise `WeekProblemsError` with every row that needs a correction,
    and `StaleRowsError` with those that someone else has changed. `reason` says why dates move.
    """
    with unit_of_work(change, ahead=_ahead(entries, change)) as work:
        by = permit_progress(work, [*(e.task for e in entries), *wrong])
        given = answers.answers(work.session, work.name)
        marks = marks_of(work.programme, given)
        if stale := [e.task for e in entries if e.seen and e.seen != marks.get(e.task, NO_MARK)]:
            raise StaleRowsError(stale)
        problems = {**wrong, **_problems(work.programme, entries, given, work.change.on)}
        if problems:
            raise WeekProblemsError(problems)
        if not entries:
            raise InputError("Say what has happened for at least one task.")
        record_reason(work, [e.task for e in entries if e.status is not WeekStatus.NOT_YET], reason, by)
        record_progress(work, _checked(work.programme, entries, change.on), by)
        for entry in entries:
            if entry.status is WeekStatus.NOT_YET:
                _postpone(work, entry, given, by)
    return len(entries)


def _owners(visit: Visit) -> frozenset[str | None]:
    return visit.view("owners-of-tasks", lambda: frozenset(t.owner for t in _open(visit.programme)))


def _subjects(visit: Visit) -> tuple[Subject, ...]:
    """Return the subjects of the open tasks, each once."""

    def find() -> tuple[Subject, ...]:
        return tuple(dict.fromkeys(Subject(service=t.service, schools=t.schools, owners=_owner(t)) for t in tasks))

    tasks = _open(visit.programme)
    return visit.view("subjects-of-tasks", find)


def _owner(task: Task) -> frozenset[str]:
    return frozenset({task.owner} if task.owner else ())


def _open(programme: Programme) -> list[Task]:
    return [t for t in programme.roadmap.tasks.values() if is_work(t) and not programme.is_done(t.id)]


def _is_own(visit: Visit, found: WeekItem) -> bool:
    task, own = found.item.task, own_school(visit)
    return visit.may(Action.REPORT_PROGRESS, task_subject(task)) and (own is None or task.id in own_tasks(visit, own))


def _blocks(session: Session, name: str, found: Iterable[WeekItem], given: GivenAnswers) -> Mapping[TaskId, str]:
    """Return the last obstacle that the person asked has reported, by task."""
    last = {(a.subject, a.person): a for a in given.all if a.kind is AnswerKind.BLOCKED}
    wanted = {
        (one.item.task.id, one.item.asked): answer.on
        for one in found
        if (answer := last.get((one.item.task.id, one.item.asked or ""))) is not None
    }
    ids, texts = versions.renames(session, name), dict[TaskId, str]()
    if not wanted:
        return texts
    for answer, text, _ in answers.listed(session, name):
        key = (ids.subject(answer.subject), answer.person)
        if answer.kind is AnswerKind.BLOCKED and wanted.get(key) == answer.on and text:
            texts.setdefault(key[0], text)
    return texts


def _ahead(entries: Sequence[WeekEntry], change: Change) -> Stored | None:
    """Compute the programme with the new progress before the change locks the database, so that others wait less."""
    before = stored_on(change.programme, db=change.db, on=change.on)
    try:
        reported = [r for e in entries if (r := _report(before.programme, e)) is not None]
    except (InputError, KeyError):
        return None  # the change itself reports mistakes
    return rehearse(before, reported)


def _report(programme: Programme, entry: WeekEntry) -> ReportedProgress | None:
    if entry.status is WeekStatus.NOT_YET:
        return None
    if entry.status is WeekStatus.STARTED:
        return start_of(programme, entry.task, entry.day)
    return finish_of(programme, entry.task, entry.day)


def _checked(programme: Programme, entries: Iterable[WeekEntry], on: date) -> dict[TaskId, TaskProgress]:
    reported = [r for e in entries if (r := _report(programme, e)) is not None]
    return checked_progress(programme, reported, on)


def _problems(
    programme: Programme, entries: Sequence[WeekEntry], given: GivenAnswers, on: date
) -> Mapping[TaskId, str]:
    """Return what is wrong with rows, in the words of the page."""
    found = {e.task: text for e in entries if (text := _problem(programme, e, given, on))}
    if found:
        return found
    try:
        _checked(programme, entries, on)
    except CheckFailedError:
        last = "The programme cannot close before its last checkpoint is finished."
        closing = [e.task for e in entries if programme.roadmap.tasks[e.task].is_milestone]
        return dict.fromkeys(closing or [e.task for e in entries], last)
    return {}


def _problem(programme: Programme, entry: WeekEntry, given: GivenAnswers, on: date) -> str:
    task = programme.roadmap.tasks[entry.task]
    if task.gate is not None:
        return "This is a decision. Record it on its own page."
    if programme.is_done(entry.task):
        return "This task is finished. Its page shows who recorded that."
    if entry.status is WeekStatus.NOT_YET:
        return _not_postponed(programme, task, entry.day, given, on)
    return wrong_day(programme, entry.task, entry.day, on, is_finish=entry.status is WeekStatus.FINISHED)


def _not_postponed(programme: Programme, task: Task, day: date, given: GivenAnswers, on: date) -> str:
    item = work_item(programme, task.id, today=on, answers=given)
    if item.asked is None:
        return "This task has no owner, so no one gets reminders about it."
    if not on < day:
        return f"{format_day(day)} is not in the future. Enter the day by which it will be done."
    if (day - on).days > FARTHEST_DAYS:
        return f"{format_day(day)} is over a year away. Enter an earlier day."
    at_most = programme.rulepacks.number("nudges", "postponed_at_most", on=on)
    before = sum(a.kind is AnswerKind.NOT_YET for a in given.about(task.id, item.asked))
    if before >= at_most:
        return f"This has already been postponed {counted(before, 'time')}, which is the most allowed."
    return ""


def _postpone(work: UnitOfWork, entry: WeekEntry, given: GivenAnswers, by: str) -> None:
    """Record that the person asked will do it by a later day."""
    item = work_item(work.programme, entry.task, today=work.change.on, answers=given)
    answer = Answer(
        person=item.asked or by,
        subject=entry.task,
        due_on=item.due,
        kind=AnswerKind.NOT_YET,
        on=work.change.on,
        until=entry.day,
    )
    answers.add_answer(work.session, work.name, answer, text=None, at=work.change.now)
    work.record("not-yet", entry.task, by=by)
