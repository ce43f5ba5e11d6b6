"""Record what happened: progress, assessments, decisions, measures, waivers, baselines."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sqlmodel import Session

from changeflow.agenda.gates import closed_gates
from changeflow.errors import ChangeflowError, CheckFailedError, InputError, ProblemsError, UnknownThingError
from changeflow.intake.attendance import read_attendance
from changeflow.intake.progress import ReportedProgress, parse_remaining, read_progress
from changeflow.pilots.criteria import PRESETS, ParallelRunPolicy, Tolerance
from changeflow.programme.dates import dates_of
from changeflow.programme.facts import Facts
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.rules.waivers import waiver_error
from changeflow.storage import facts, pilots, plans, versions
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases.permitting import permit
from changeflow.usecases.stored import SeenProgramme, Stored, after_change, check_actor, judged, load
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit
from changeflow.values.finding import Waiver
from changeflow.values.moments import day_of, format_day, last_day_of, minute_of
from changeflow.values.problem import Problem
from changeflow.values.roles import Action
from changeflow.values.words import Kind

STOPPING = ("baseline", "gate")
"""Findings that stop one of these stop the task that they are about as well; those that stop a closure do not."""


NOTHING = "Nothing was recorded."
SHOWN_AHEAD = 5
"""A list of checkpoints is read in a terminal: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes which programme where and when. `on` is the data date of the forecast that follows."""

    db: str = field(repr=False)
    programme: str | None
    actor: str | None
    now: datetime
    on: date


def report_progress(reported: Iterable[ReportedProgress], change: Change) -> int:
    """Record progress of tasks; return how many entries were new. What a rule or a gate blocks cannot begin."""
    reported = tuple(reported)
    with read_scope(change.db) as session:
        before = load(session, change.programme, on=change.on)
    rehearse(before, reported, change.on)
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        reported = list(reported)
        by = permit_progress(stored, reported, change)
        said = checked_progress(stored, reported, change.on)
        check_begun(stored, said, stored.programme.facts, change.on)
        return record_progress(session, stored, said, by, change)


def rehearse(seen: SeenProgramme, reported: Iterable[ReportedProgress], on: date) -> None:
    """Work out what a programme will be with some progress, before the database is locked for it.

    The change finds it ready then, and others wait for it a fraction as long. What is wrong with the progress is told
    by the change itself.
    """
    with suppress(ChangeflowError):
        said, known = checked_progress(seen, reported, on), seen.programme.facts
        judged(seen.version.definition, facts=replace(known, progress={**known.progress, **said}), on=on)


def permit_progress(stored: Stored, reported: Iterable[ReportedProgress], change: Change) -> str:
    """Return the actor, who may report progress of all of these tasks; an unknown one is an error."""
    definition, tasks = stored.version.definition, stored.programme.roadmap.tasks
    by = check_actor(definition, change.actor)
    asked = set[Subject]()
    for task in (one.task for one in reported):
        if task not in tasks:
            raise UnknownThingError("task", task, tasks)
        about = subject_of(tasks[task])
        if (alike := replace(about, thing="")) not in asked:
            permit(definition, by, Action.REPORT_PROGRESS, about, on=change.on)
            asked.add(alike)
    return by


def subject_of(task: Task) -> Subject:
    """Return a task as the thing that an action is about."""
    owners = frozenset({task.owner} if task.owner else ())
    return Subject(thing=f"“{task.name}”", service=task.service, schools=task.schools, owners=owners)


def checked_progress(
    stored: SeenProgramme, reported: Iterable[ReportedProgress], on: date
) -> dict[TaskId, TaskProgress]:
    """Turn reports into positions; a day in the future, an unknown task and a gate's finish are errors."""
    said: dict[TaskId, TaskProgress] = {}
    for one in reported:
        last = max(one.started, one.finished or one.started)
        if last > on:
            raise InputError(f"{one.task}: {format_day(last)} lies in the future. Nothing was recorded.")
        said[one.task] = progress_of(stored.programme, one)
        gate = stored.programme.roadmap.tasks[one.task]
        if gate.gate is not None and one.finished is not None and not stored.programme.is_done(one.task):
            raise InputError(
                f"{one.task} is a gate: a decision finishes it. Record it with changeflow gate decide {one.task}, "
                "or many with changeflow gate import. Nothing was recorded."
            )
    _check_closing(stored.programme, said)
    return said


def _check_closing(programme: Programme, said: Mapping[TaskId, TaskProgress]) -> None:
    """Refuse to close a programme whose checkpoints are not all done: whether it has stuck is not known before."""
    closing = [t for t, p in said.items() if p.is_done and programme.roadmap.tasks[t].kind is Kind.CLOSURE]
    ahead = [
        task
        for task in programme.tasks(kind=Kind.CHECKPOINT)
        if not programme.is_done(task.id) and not ((own := said.get(task.id)) and own.is_done)
    ]
    if not closing or not ahead:
        return
    ahead.sort(key=lambda t: (programme.timed(t.id).early_finish, t.id))
    lines = [f"  {t.name}, {format_day(last_day_of(programme.timed(t.id).early_finish))}" for t in ahead[:SHOWN_AHEAD]]
    if len(ahead) > SHOWN_AHEAD:
        lines.append(f"  and {len(ahead) - SHOWN_AHEAD} more")
    last = format_day(last_day_of(programme.timed(ahead[-1].id).early_finish))
    raise CheckFailedError(
        f"The programme cannot be closed before its last checkpoint, planned for {last} (R16): whether the change has "
        "stuck is not known yet. Nothing was recorded. Still ahead:\n" + "\n".join(lines)
    )


def record_progress(
    session: Session, stored: Stored, said: Mapping[TaskId, TaskProgress], by: str, change: Change
) -> int:
    """Write what is new, and the forecast and the audit entry that follow; return how many entries were new."""
    name = stored.programme.id
    subjects = [
        task
        for task, progress in said.items()
        if facts.add_progress(session, name, task, progress, at=change.now, by=by)
    ]
    if subjects:
        subject = subjects[0] if len(subjects) == 1 else f"{len(subjects)} tasks"
        after_change(session, name, on=change.on, now=change.now, actor=by, action="progress", subject=subject)
    return len(subjects)


def import_progress(path: Path, change: Change) -> int:
    """Record progress from a CSV; all its problems at once, and then nothing is taken."""
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
    return report_progress(progress_in(path, stored), change)


def progress_in(path: Path, stored: Stored) -> list[ReportedProgress]:
    """Read a CSV of progress; its problems, all at once, as `ProblemsError`."""
    problems: list[Problem] = []
    reported = list(read_progress(path, path.name, problems, tasks=set(stored.programme.roadmap.tasks)))
    if problems:
        raise ProblemsError(problems)
    return reported


def import_attendance(path: Path, change: Change) -> int:
    """Record who came to which training; who is known to have come is left as they are."""
    problems: list[Problem] = []
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        definition = stored.version.definition
        by, name = permit(definition, change.actor, Action.RECORD_TRAINING, on=change.on), stored.programme.id
        wanted = [t.id for t in stored.programme.tasks(kind=Kind.TRAINING)]
        people = {p.id for p in definition.people}
        found = list(read_attendance(path, path.name, problems, sessions=wanted, people=people, until=change.on))
        if problems:
            raise ProblemsError(problems)
        new = facts.add_attendance(session, name, found, at=change.now, by=by)
        if new:
            subject = f"attendance:{new}"
            after_change(session, name, on=change.on, now=change.now, actor=by, action="attendance", subject=subject)
    return new


def take_baseline(reason: str, change: Change) -> int:
    """Approve the forecast as a baseline; findings that block stop it."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        definition, name = stored.version.definition, stored.programme.id
        by = permit(definition, change.actor, Action.TAKE_BASELINE, on=change.on)
        blocks = [f for f in stored.judged.blocks if f.blocks == "baseline"]
        if blocks:
            found = "\n".join(f"  {f.rule} {f.message} {f.remedy}" for f in blocks)
            raise CheckFailedError(f"No baseline: {len(blocks)} findings block it.\n{found}")
        number = plans.add_baseline(
            session,
            name,
            dates_of(stored.programme),
            version=stored.version.number,
            at=change.now,
            approver=by,
            reason=reason,
        )
        subject = f"baseline:{number}"
        after_change(session, name, on=change.on, now=change.now, actor=by, action="baseline", subject=subject)
    return number


def measure_criterion(service: str, criterion: str, value: str, change: Change) -> None:
    """Record what a pilot's exit criterion came to: a number, as its threshold is one."""
    if not _is_number(value):
        raise InputError(f"'{value}' is not a number. Write it as its threshold is written, such as 2.5. {NOTHING}")
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        definition, name = stored.version.definition, stored.programme.id
        check_actor(definition, change.actor)
        found = next((s for s in stored.programme.services if s.service == service), None)
        if found is None:
            raise UnknownThingError("service", service, [s.service for s in stored.programme.services])
        known = {c.id: c for c in found.pilot.exit_criteria} if found.pilot else {}
        if criterion not in known:
            raise UnknownThingError("exit criterion", criterion, known)
        owner = known[criterion].owner
        about = Subject(service=service, owners=frozenset({owner} if owner else ()))
        by = permit(definition, change.actor, Action.MEASURE_PILOT, about, on=change.on)
        pilots.add_measure(session, name, service, criterion, value, on=change.on, at=change.now, by=by)
        subject = f"{service}:{criterion}"
        after_change(session, name, on=change.on, now=change.now, actor=by, action="measure", subject=subject)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def add_waiver(waiver: Waiver, change: Change) -> int:
    """Add a waiver as the next version of the definition; return its number."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        definition = stored.version.definition
        by = permit(definition, change.actor, Action.ADD_WAIVER, Subject(service=waiver.service), on=change.on)
        name = stored.programme.id
        for person in (waiver.owner, *waiver.approved_by):
            check_actor(definition, person)
        if (error := waiver_error(definition, waiver)) is not None:
            raise InputError(f"{error[0]} {error[1]} Nothing was recorded.")
        file = definition.programme
        changed = definition.model_copy(
            update={"programme": file.model_copy(update={"waivers": (*file.waivers, waiver)})}
        )
        number = versions.append(
            session, changed, sources=stored.version.sources, parent=stored.version, at=change.now, by=by
        )
        subject = f"waiver:{waiver.rule}:version:{number}"
        after_change(session, name, on=change.on, now=change.now, actor=by, action="waiver", subject=subject)
    return number


def check_begun(stored: Stored, said: Mapping[TaskId, TaskProgress], known: Facts, on: date) -> None:
    """Refuse what begins although a rule that nobody has lifted blocks it, or behind a gate that nobody has opened.

    What is reported as finished has happened: it is recorded, and the finding says what it broke.
    """
    begun = {t for t, p in said.items() if not p.is_done} - stored.programme.facts.progress.keys()
    if not begun:
        return
    after = judged(stored.version.definition, facts=replace(known, progress={**known.progress, **said}), on=on)
    blocks = [f"{f.rule} {f.message} {f.remedy}" for f in after.blocks if f.subject in begun and f.blocks in STOPPING]
    blocks += [
        f"{after.programme.roadmap.tasks[task].name} lies behind the gate “{gate.name}”, which nobody has approved."
        for task in sorted(begun)
        for gate in closed_gates(after.programme, task)
    ]
    if blocks:
        reasons = "\n".join(f"  {reason}" for reason in blocks)
        raise CheckFailedError(f"This cannot begin; nothing was recorded.\n{reasons}")


def progress_of(programme: Programme, reported: ReportedProgress) -> TaskProgress:
    """Turn reported days into positions: a start is the day's first working minute, a finish its last."""
    task = programme.roadmap.tasks.get(reported.task)
    if task is None:
        raise UnknownThingError("task", reported.task, programme.roadmap.tasks)
    is_working = task.duration.unit is Unit.WORKING and not task.is_milestone
    calendar = programme.roadmap.calendar_of(task.id)
    start = minute_of(reported.started)
    finish = minute_of(reported.finished + timedelta(days=1)) if reported.finished else None
    if task.kind is Kind.DECISION and task.is_milestone:
        # A decision of the day counts from its evening: what led to it happened before.
        start = max(start, calendar.previous_working(minute_of(reported.started + timedelta(days=1))))
        finish = start if reported.finished else None
    elif task.is_milestone:
        finish = start if reported.finished else None
    elif is_working:
        start = calendar.next_working(start)
        # Work on a day off is work all the same: then the days stand as they were reported.
        finish = max(start, calendar.previous_working(finish)) if finish is not None else None
    if not reported.remaining:
        return TaskProgress(start, finish, None)
    try:
        return TaskProgress(
            start, finish, parse_remaining(reported.remaining, minutes_per_day=programme.minutes_per_day)
        )
    except ValueError as error:
        raise InputError(str(error)) from None


def finish_task(task: str, finished: date, started: date | None, change: Change) -> int:
    """Record that a task is done; its start is the one known, the one given, or its forecast's."""
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
    programme = stored.programme
    if task not in programme.roadmap.tasks:
        raise UnknownThingError("task", task, programme.roadmap.tasks)
    return report_progress([finish_of(programme, task, finished, started)], change)


def finish_of(programme: Programme, task: TaskId, finished: date, started: date | None = None) -> ReportedProgress:
    """Return the report of a finish: its start is the one given, the one known, or its forecast's."""
    if started is None:
        known = programme.facts.progress.get(task)
        begun = day_of(known.actual_start if known else programme.timed(task).early_start)
        started = min(begun, finished)
    return ReportedProgress(task, started, finished)


def preset_of(name: str) -> ParallelRunPolicy:
    """Return a ready policy by its name."""
    if name not in PRESETS:
        raise UnknownThingError("preset", name, PRESETS)
    return PRESETS[name]


def policy_of(key: str | Sequence[str], tolerances: Iterable[str]) -> ParallelRunPolicy:
    """Read `element=amount` texts into a policy."""
    read = []
    for text in tolerances:
        element, _, amount = text.partition("=")
        try:
            read.append(Tolerance(element=element.strip(), absolute=Decimal(amount)))
        except (InvalidOperation, ValueError):
            raise InputError(f"'{text}' is not a tolerance. Write element=amount, such as net=0.01.") from None
    return ParallelRunPolicy(key=tuple(key.split(",")) if isinstance(key, str) else tuple(key), tolerances=tuple(read))
