"""Checks of what people record: known names, acts, checkpoints and progress."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.programme.dates import Dates
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.facts import ACTS, Facts, SponsorAct
from changeflow.programme.mandates import SYSTEM, Subject
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.pace import PAY_PERIODS
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit, parse_duration
from changeflow.values.moments import DAY, day_of, format_day, minute_of
from changeflow.values.problem import check_known, pick
from changeflow.values.words import Kind


def service_named(programme: Programme, name: str) -> ServiceFile:
    return pick("service", name, {s.service: s for s in programme.services})


def service_subject(programme: Programme, name: str) -> Subject:
    """Return a service as the subject of an action."""
    return Subject(thing=service_named(programme, name).name, service=name)


def check_person(definition: Definition, person: str) -> str:
    """Return the id of one of the programme's people or of the system; any id if the programme has no people."""
    if person != SYSTEM and definition.people:
        check_known("person", person, [p.id for p in definition.people], remedy="Use an id from people.csv.")
    return person


def check_act(act: SponsorAct, today: date) -> None:
    """Refuse an act without a description, on a future day, or of an unknown kind."""
    if not act.what:
        raise InputError("Describe what people saw, such as “Opened the training at Ashdown”.")
    if act.on > today:
        raise InputError(f"{format_day(act.on)} is in the future. No changes saved.")
    check_known("kind of act", act.kind, ACTS)


def check_names(act: SponsorAct, definition: Definition) -> None:
    """Refuse an unknown change lead or group."""
    people = definition.people
    check_known("change lead", act.who, {p.id for p in people if p.audience == "lead"})
    check_known("group", act.group, {g for p in people for g in p.groups})


def check_checkpoint(programme: Programme, result: CheckpointResult) -> None:
    """Refuse a result for a task that is not a checkpoint."""
    check_known("checkpoint", result.task, [t.id for t in programme.tasks(kind=Kind.CHECKPOINT)])


def check_result(programme: Programme, result: CheckpointResult, *, today: date) -> None:
    """Refuse a result before its go-live, without evidence, without findings, or on a future day."""
    task = programme.roadmap.tasks[result.task]
    lives = programme.tasks(kind=Kind.GO_LIVE, service=task.service, schools=task.schools)
    if not any(programme.is_done(t.id) and t.wave == task.wave for t in lives):
        raise InputError(f"“{task.name}” comes after a go-live that has not happened. No changes saved.")
    shares = {"use": result.use, "proficiency": result.proficiency, "experience": result.experience}
    for label, value in shares.items():
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{label} must be a share from 0 to 1, such as 0.85, not {value:g}. No changes saved.")
    if any(v is not None for v in shares.values()) and not result.evidence.strip():
        raise InputError("Give the source of the numbers with --evidence. No changes saved.")
    values = (*shares.values(), result.sponsor_seen, result.old_way_gone)
    if all(v is None for v in values) and not result.said.strip():
        raise InputError("Give at least one finding of the checkpoint. No changes saved.")
    if result.on > today:
        raise InputError(f"{format_day(result.on)} is in the future. No changes saved.")


SHOWN_AHEAD = 5
"""The largest number of checkpoints that a message lists: our own choice."""


@dataclass(frozen=True, slots=True)
class ReportedProgress:
    """A person's report about a task: inclusive days, `remaining` as the text of a duration, whole percent complete."""

    task: str
    started: date
    finished: date | None = None
    remaining: str | None = None
    percent: int | None = None
    """Used to compute the remaining duration if that is not reported."""


def finish_of(programme: Programme, task: TaskId, finished: date, started: date | None = None) -> ReportedProgress:
    """Return the report of a finish; its start is the given one, or else the recorded one, or else the forecast."""
    if task not in programme.roadmap.tasks:
        raise UnknownThingError("task", task, programme.roadmap.tasks)
    if started is None:
        known = programme.facts.progress.get(task)
        forecast = min(day_of(programme.timed(task).early_start), finished)
        started = day_of(known.actual_start) if known else forecast
    return ReportedProgress(task, started, finished)


def start_of(programme: Programme, task: TaskId, started: date) -> ReportedProgress:
    """Return the report of a start; it keeps a recorded finish, so that a wrong start can be corrected."""
    known = programme.facts.progress.get(task)
    if known is None or known.actual_finish is None:
        return ReportedProgress(task, started)
    last = Dates(known.actual_start, known.actual_finish).last_day
    if started > last:
        what = f"{task} cannot start on {format_day(started)}, because it finished on {format_day(last)}."
        raise InputError(f"{what} If that is wrong, withdraw the finish first. No changes saved.")
    return ReportedProgress(task, started, last)


def rest_of(
    programme: Programme, task: TaskId, started: date | None, remaining: str | None, percent: int | None
) -> ReportedProgress:
    """Return the report of a remaining duration; its start is the given one, or else the recorded one."""
    known = programme.facts.progress.get(task)
    if started is None:
        if known is None:
            raise InputError(f"{task} has no recorded start. Give it with --started.")
        started = day_of(known.actual_start)
    return ReportedProgress(task, started, None, remaining, percent)


def wrong_order(reported: ReportedProgress) -> str | None:
    """Return an error if reported days are in the wrong order, or else None: the check for all kinds of report."""
    if reported.finished is None or reported.finished >= reported.started:
        return None
    days = f"{format_day(reported.finished)}, before {format_day(reported.started)}"
    return f"'{reported.task}' finishes before it starts: {days}."


def progress_of(programme: Programme, reported: ReportedProgress) -> TaskProgress:
    """Turn reported days into positions: a start is the day's first working minute, a finish its last.

    Work on a day off counts too: then they are the beginning and end of that day.
    """
    task = programme.roadmap.tasks.get(reported.task)
    if task is None:
        raise UnknownThingError("task", reported.task, programme.roadmap.tasks)
    calendar = programme.roadmap.calendar_of(task.id)
    start = minute_of(reported.started)
    finish = minute_of(reported.finished + timedelta(days=1)) if reported.finished else None
    if (planned := _as_planned(programme, task, reported)) is not None:
        return planned
    if task.kind is Kind.DECISION and task.is_milestone:
        # A decision takes effect on the evening of its day, because the work before it ended earlier that day.
        start = max(start, calendar.previous_working(minute_of(reported.started + timedelta(days=1))))
        finish = start if reported.finished else None
    elif task.is_milestone:
        finish = start if reported.finished else None
    elif task.duration.unit in (Unit.WORKING, Unit.SCHOOL_WEEKS):
        if task.duration.unit is Unit.SCHOOL_WEEKS and task.term_calendar is not None:
            calendar = programme.roadmap.calendars[task.term_calendar]
        if calendar.works_on(reported.started):
            start = calendar.next_working(start)
        if finish is not None and reported.finished is not None:
            finish = calendar.previous_working(finish) if calendar.works_on(reported.finished) else finish
            finish = max(start, finish)
    if finish is not None or reported.percent is None or reported.remaining is not None:
        left = _remaining(programme, task, reported.remaining) if reported.remaining else None
    else:
        left = left_after(task, reported.percent)
    return TaskProgress(start, finish, left, percent=reported.percent if finish is None else None)


def left_after(task: Task, percent: int) -> Duration:
    """Return the remaining duration of a task at some percent complete; whole units are rounded up.

    >>> left_after(Task(id="t", name="T", calendar="office", duration=Duration(4500)), 30)
    Duration(amount=3150, unit=<Unit.WORKING: 'working'>)
    """
    return Duration(-(-task.duration.amount * (100 - percent) // 100), task.duration.unit)


def _as_planned(programme: Programme, task: Task, reported: ReportedProgress) -> TaskProgress | None:
    """Return the planned moments of a decision made on its planned days, so that no later date moves.

    A decision planned for a meeting takes effect at the start of that day, as its successors do.
    """
    if task.kind is not Kind.DECISION or programme.schedule is None or programme.is_done(task.id):
        return None
    timed = programme.timed(task.id)
    if (reported.started, reported.finished) != (timed.first_day, timed.last_day):
        return None
    start, finish = timed.early_start, timed.early_finish
    if start == finish and finish % DAY == 0 and timed.ends_day:
        # The last minute of that day, because midnight would be read as the next day.
        start = finish = finish - 1
    return TaskProgress(start, finish)


def _remaining(programme: Programme, task: Task, text: str) -> Duration:
    """Read a task's remaining duration, in any unit that its calendars support."""
    try:
        left = parse_duration(text, minutes_per_day=programme.minutes_per_day)
    except ValueError as error:
        raise InputError(f"{task.id}: {error} No changes saved.") from None
    needed = {Unit.PAY_PERIODS: PAY_PERIODS, Unit.TERMS: task.terms}.get(left.unit)
    if needed is not None and needed not in programme.roadmap.periods:
        what = "pay periods" if left.unit is Unit.PAY_PERIODS else "terms"
        raise InputError(f"{task.id}: '{text}' is in {what}, but no calendar has any. No changes saved.")
    return left


def checked_progress(
    programme: Programme, reported: Iterable[ReportedProgress], on: date
) -> dict[TaskId, TaskProgress]:
    """Turn reports into positions. A future day, a finish before the start, an unknown task or a gate's finish is an
    error."""
    checked: dict[TaskId, TaskProgress] = {}
    for one in reported:
        last = max(one.started, one.finished or one.started)
        if last > on:
            raise InputError(f"{one.task}: {format_day(last)} is in the future. No changes saved.")
        if (wrong := wrong_order(one)) is not None:
            raise InputError(f"{wrong} Correct the day, or give the start with --started. No changes saved.")
        checked[one.task] = progress_of(programme, one)
        gate = programme.roadmap.tasks[one.task]
        if gate.gate is not None and one.finished is not None and not programme.is_done(one.task):
            raise InputError(
                f"{one.task} is a gate, which only a decision can finish. Record it with changeflow gate decide "
                f"{one.task}, or several with changeflow gate import. No changes saved."
            )
    _check_closing(programme, checked)
    return checked


def with_progress(facts: Facts, checked: Mapping[TaskId, TaskProgress]) -> Facts:
    """Return the facts with more progress."""
    return replace(facts, progress={**facts.progress, **checked})


def task_subject(task: Task) -> Subject:
    """Return a task as the subject of an action."""
    owners = frozenset({task.owner} if task.owner else ())
    return Subject(thing=f"“{task.name}”", service=task.service, schools=task.schools, owners=owners)


def _check_closing(programme: Programme, checked: Mapping[TaskId, TaskProgress]) -> None:
    """Refuse to close a programme before all checkpoints are done: no one knows yet whether the change is embedded."""
    reported = {t for t, p in checked.items() if p.is_done}
    ahead = [t for t in programme.tasks(kind=Kind.CHECKPOINT) if not (programme.is_done(t.id) or t.id in reported)]
    if not ahead or not any(programme.roadmap.tasks[t].kind is Kind.CLOSURE for t in reported):
        return
    ahead.sort(key=lambda t: (programme.timed(t.id).early_finish, t.id))
    lines = [f"  {t.name}, {format_day(programme.timed(t.id).last_day)}" for t in ahead[:SHOWN_AHEAD]]
    if len(ahead) > SHOWN_AHEAD:
        lines.append(f"  and {len(ahead) - SHOWN_AHEAD} more")
    last = format_day(programme.timed(ahead[-1].id).last_day)
    raise CheckFailedError(
        f"The programme cannot close before its last checkpoint, planned for {last} (R16), because it is not yet known "
        "whether the change is embedded. No changes saved. Still ahead:\n" + "\n".join(lines)
    )
