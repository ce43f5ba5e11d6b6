"""Record what happened: progress, assessments, decisions, measures, waivers, baselines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from changeflow.errors import CheckFailedError, InputError, ProblemsError, UnknownThingError
from changeflow.intake.assessments import read_assessments
from changeflow.intake.progress import ReportedProgress, read_progress
from changeflow.pilots.criteria import ParallelRunPolicy, Tolerance
from changeflow.pilots.go_no_go import Proposal, propose
from changeflow.programme.facts import Decision
from changeflow.programme.plan import dates_of
from changeflow.programme.programme import Programme
from changeflow.roadmap.tasks import Task, TaskProgress
from changeflow.rules.waivers import effective, flaw_of
from changeflow.storage import facts, plans, versions
from changeflow.storage.database import session_scope
from changeflow.usecases.stored import Stored, after_change, check_actor, judged, load
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, parse_duration
from changeflow.values.finding import Waiver
from changeflow.values.moments import day_of, minute_of, spoken_day
from changeflow.values.problem import Problem
from changeflow.values.words import Kind

STOPPING = ("baseline", "gate")
"""Findings that stop one of these stop the task that they are about as well; those that stop a closure do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes which programme where and when. `on` is the data date of the forecast that follows."""

    db: str
    programme: str | None
    actor: str | None
    now: datetime
    on: date


def report_progress(reported: Iterable[ReportedProgress], change: Change) -> int:
    """Record progress of tasks; return how many entries were new. What a rule blocks cannot begin."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        by, name, new = check_actor(stored.version.definition, change.actor), stored.programme.id, 0
        said: dict[TaskId, TaskProgress] = {}
        for one in reported:
            if max(one.started, one.finished or one.started) > change.on:
                day = spoken_day(max(one.started, one.finished or one.started))
                raise InputError(f"{one.task}: {day} lies in the future. Nothing was recorded.")
            said[one.task] = _progress(stored.programme, one)
        _check_begun(stored, said, change.on)
        subjects = []
        for task, progress in said.items():
            if facts.add_progress(session, name, task, progress, at=change.now, by=by):
                new += 1
                subjects.append(task)
        if new:
            subject = subjects[0] if new == 1 else f"{new} tasks"
            after_change(session, name, on=change.on, now=change.now, actor=by, action="progress", subject=subject)
    return new


def import_progress(path: Path, change: Change) -> int:
    """Record progress from a CSV; all its problems at once, and then nothing is taken."""
    problems: list[Problem] = []
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
    reported = list(read_progress(path, path.name, problems, tasks=set(stored.programme.roadmap.tasks)))
    if problems:
        raise ProblemsError(problems)
    return report_progress(reported, change)


def import_assessments(path: Path, change: Change) -> int:
    """Record one round of assessments; people assessed in it before are left as they are."""
    problems: list[Problem] = []
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        definition = stored.version.definition
        by, name = check_actor(definition, change.actor), stored.programme.id
        people, mapping = {p.id for p in definition.people}, definition.programme.columns.get("assessments", {})
        found = list(read_assessments(path, path.name, problems, people=people, mapping=mapping))
        if problems:
            raise ProblemsError(problems)
        new = facts.add_assessments(session, name, found)
        if new:
            after_change(
                session, name, on=change.on, now=change.now, actor=by, action="assess", subject=f"round:{path.stem}"
            )
    return new


def take_baseline(reason: str, change: Change) -> int:
    """Approve the forecast as a baseline; findings that block stop it."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        by, name = check_actor(stored.version.definition, change.actor), stored.programme.id
        if stored.judged.blocks:
            found = "\n".join(f"  {f.rule} {f.message} {f.remedy}" for f in stored.judged.blocks)
            raise CheckFailedError(f"No baseline: {len(stored.judged.blocks)} findings block it.\n{found}")
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


def gate_proposal(programme: Programme, task: str) -> Proposal:
    """Weigh the evidence for a gate's task."""
    gate = programme.roadmap.tasks.get(task)
    if gate is None or gate.kind is not Kind.DECISION:
        gates = [t.id for t in programme.tasks(kind=Kind.DECISION)]
        raise UnknownThingError("gate", task, gates)
    service = programme.service(gate.service) if gate.service else None
    runs_needed = [
        t for t in programme.tasks(kind=Kind.PARALLEL_RUN, service=gate.service) if programme.guarantees(t, before=gate)
    ]
    after_pilot = any(
        programme.guarantees(t, before=gate) for t in programme.tasks(kind=Kind.PILOT, service=gate.service)
    )
    policy = (service.parallel_run or ParallelRunPolicy()) if service and runs_needed else None
    return propose(
        parallel_run=policy,
        runs=programme.facts.runs_of(service.service) if service else (),
        minimum_clean=programme.rulepacks.number("payroll", "consecutive_clean_runs", on=programme.on),
        pilot=service.pilot if service and after_pilot else None,
        measured=programme.facts.criteria.get(gate.service or "", {}),
    )


def decide_gate(task: str, outcome: str, reason: str, change: Change) -> Proposal:
    """Record a gate's answer. `go` against the evidence is refused, unless a waiver of R12 is in force."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        by, name = check_actor(stored.version.definition, change.actor), stored.programme.id
        proposal = gate_proposal(stored.programme, task)
        if outcome == "go":
            _check_go(stored, stored.programme.roadmap.tasks[task], proposal, change.on)
        decision = Decision(task=task, outcome=outcome, reason=reason, by=by, on=change.on)
        facts.add_decision(session, name, decision, at=change.now)
        if outcome == "go":
            progress = _progress(stored.programme, ReportedProgress(task, change.on, change.on))
            known = stored.programme.facts.progress.get(task)
            if known is not None:
                progress = TaskProgress(known.actual_start, progress.actual_finish)
            facts.add_progress(session, name, task, progress, at=change.now, by=by)
        after_change(session, name, on=change.on, now=change.now, actor=by, action=f"gate:{outcome}", subject=task)
    return proposal


def measure_criterion(service: str, criterion: str, value: str, change: Change) -> None:
    """Record what a pilot's exit criterion came to."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        by, name = check_actor(stored.version.definition, change.actor), stored.programme.id
        found = next((s for s in stored.programme.services if s.service == service), None)
        if found is None:
            raise UnknownThingError("service", service, [s.service for s in stored.programme.services])
        known = [c.id for c in found.pilot.exit_criteria] if found.pilot else []
        if criterion not in known:
            raise UnknownThingError("exit criterion", criterion, known)
        facts.add_measure(session, name, service, criterion, value, on=change.on, at=change.now, by=by)
        subject = f"{service}:{criterion}"
        after_change(session, name, on=change.on, now=change.now, actor=by, action="measure", subject=subject)


def add_waiver(waiver: Waiver, change: Change) -> int:
    """Add a waiver as the next version of the definition; return its number."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        definition = stored.version.definition
        by, name = check_actor(definition, change.actor), stored.programme.id
        for person in (waiver.owner, *waiver.approved_by):
            check_actor(definition, person)
        if (flaw := flaw_of(definition, waiver)) is not None:
            raise InputError(f"{flaw[0]} {flaw[1]} Nothing was recorded.")
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


def _check_begun(stored: Stored, said: Mapping[TaskId, TaskProgress], on: date) -> None:
    """Refuse what begins although a rule that nobody has lifted blocks it, as things would stand then.

    What is reported as finished has happened: it is recorded, and the finding says what it broke.
    """
    begun = {t for t, p in said.items() if not p.is_done} - stored.programme.facts.progress.keys()
    if not begun:
        return
    known = stored.programme.facts
    after = judged(stored.version.definition, facts=replace(known, progress={**known.progress, **said}), on=on)
    blocks = [f for f in after.blocks if f.subject in begun and f.blocks in STOPPING]
    if blocks:
        reasons = "\n".join(f"  {f.rule} {f.message} {f.remedy}" for f in blocks)
        raise CheckFailedError(f"A rule blocks this; nothing was recorded.\n{reasons}")


def _check_go(stored: Stored, gate: Task, proposal: Proposal, on: date) -> None:
    waived = any(
        w.is_in_force(on) and w.covers(service=gate.service, subject=gate.id, schools=gate.schools)
        for w in effective(stored.version.definition, "R12")
    )
    against = () if waived else proposal.against
    blocks = [f.message for f in stored.judged.blocks if f.blocks == "gate" and f.subject in (gate.service, gate.id)]
    if against or blocks:
        reasons = "\n".join(f"  {reason}" for reason in (*against, *blocks))
        raise CheckFailedError(f"The evidence does not carry a go for {gate.name}:\n{reasons}\nNothing was recorded.")


def _progress(programme: Programme, reported: ReportedProgress) -> TaskProgress:
    """Turn reported days into positions: a start is the day's first working minute, a finish its last."""
    task = programme.roadmap.tasks.get(reported.task)
    if task is None:
        raise UnknownThingError("task", reported.task, programme.roadmap.tasks)
    is_working = task.duration.unit is Unit.WORKING and not task.is_milestone
    calendar = programme.roadmap.calendar_of(task.id)
    start = minute_of(reported.started)
    finish = minute_of(reported.finished + timedelta(days=1)) if reported.finished else None
    if task.is_milestone:
        finish = start if reported.finished else None
    elif is_working:
        start = calendar.next_working(start)
        # Work on a day off is work all the same: then the days stand as they were reported.
        finish = max(start, calendar.previous_working(finish)) if finish is not None else None
    remaining = (
        parse_duration(reported.remaining, minutes_per_day=programme.minutes_per_day).amount
        if reported.remaining
        else None
    )
    return TaskProgress(start, finish, remaining)


def finish_task(task: str, finished: date, started: date | None, change: Change) -> int:
    """Record that a task is done; its start is the one known, the one given, or its forecast's."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
    programme = stored.programme
    if task not in programme.roadmap.tasks:
        raise UnknownThingError("task", task, programme.roadmap.tasks)
    known = programme.facts.progress.get(task)
    if started is None:
        begun = day_of(known.actual_start if known else programme.timed(task).early_start)
        started = min(begun, finished)
    return report_progress([ReportedProgress(task, started, finished)], change)


def policy_of(key: str, tolerances: Iterable[str]) -> ParallelRunPolicy:
    """Read `element=amount` texts into a policy."""
    read = []
    for text in tolerances:
        element, _, amount = text.partition("=")
        try:
            read.append(Tolerance(element=element.strip(), absolute=Decimal(amount)))
        except (InvalidOperation, ValueError):
            raise InputError(f"'{text}' is not a tolerance. Write element=amount, such as net=0.01.") from None
    return ParallelRunPolicy(key=key, tolerances=tuple(read))
