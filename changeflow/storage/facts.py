"""Store and load facts. They are append-only, and the latest counts. A withdrawal is a separate row."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, SQLModel, col, select

from changeflow.adkar.published import Snapshot
from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.programme.facts import Attendance, Comment, Condition, Confidence, Decision, Facts, Odds, SponsorAct
from changeflow.programme.former_waves import Published, with_waves_of_now
from changeflow.programme.recorded import OF_SAME, RecordedFact, Withdrawn
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage import announcements, evidence, pilots, publications, versions
from changeflow.storage.rows import attempts, facts_until, is_in_force, latest_of, rows_until, values_of
from changeflow.storage.tables.facts import (
    AnnouncementRow,
    AttendanceRow,
    CheckpointRow,
    CommentRow,
    ConditionRow,
    ConfidenceRow,
    DecisionRow,
    EvidenceRow,
    MeasureRow,
    OddsRow,
    PilotEntryRow,
    ProgressRow,
    RunRow,
    SponsorActRow,
    SubmissionRow,
    WithdrawalRow,
)
from changeflow.values.duration import Duration, Unit
from changeflow.values.words import Outcome


def load_facts(session: Session, programme: str, *, until: datetime | None = None) -> Facts:
    """Return all facts; with `until`, only those known by then."""
    progress: dict[str, TaskProgress] = {}
    for r in rows_until(session, ProgressRow, programme, until):
        progress.pop(r.task, None)  # Keep the order of the latest records: for joined tasks the last one counts.
        progress[r.task] = _progress(r)
    asked: dict[tuple[str, int, int], list[Condition]] = {}
    for c in rows_until(session, ConditionRow, programme, until):
        asked.setdefault((c.task, c.round, c.attempt), []).append(Condition(**values_of(c, Condition)))
    decisions = tuple(
        _decision(r, asked.get((r.task, r.round, r.attempt), []))
        for r in rows_until(session, DecisionRow, programme, until)
    )
    acts = facts_until(session, SponsorActRow, SponsorAct, programme, until)
    confidences = facts_until(session, ConfidenceRow, Confidence, programme, until)
    found = Facts(
        progress=progress,
        decisions=decisions,
        runs=pilots.runs(session, programme, until=until),
        snapshots=_snapshots(session, programme, until=until),
        answered=publications.answered(session, programme, until=until),
        criteria=pilots.measures(session, programme, until=until),
        pilot=pilots.entries(session, programme, until=until),
        acts=tuple(sorted(acts, key=lambda act: act.on)),
        submissions=pilots.submissions(session, programme, until=until),
        attendance=facts_until(session, AttendanceRow, Attendance, programme, until),
        checkpoints=facts_until(session, CheckpointRow, CheckpointResult, programme, until),
        comments=tuple(c for c in facts_until(session, CommentRow, Comment, programme, until) if c.text),
        joined=versions.joined_schools(session, programme, until=until),
        announcements=announcements.announced(session, programme, until=until),
        confidence=confidences[-1] if confidences else None,
        odds=facts_until(session, OddsRow, Odds, programme, until),
    )
    return versions.renames(session, programme, until=until).facts(found)


def _snapshots(session: Session, programme: str, *, until: datetime | None) -> tuple[Snapshot, ...]:
    """Return the publications, with the names that the waves of the same schools have now, or had at `until`."""
    found = publications.dated_snapshots(session, programme, until=until)
    now = versions.latest(session, programme) if until is None else versions.at_moment(session, programme, until)
    if not found or now is None:
        return tuple(snapshot for _, snapshot in found)
    published = (Published(snapshot, versions.waves_at(session, programme, at)) for at, snapshot in found)
    return with_waves_of_now(published, now.definition)


def add_odds(session: Session, programme: str, found: Sequence[Odds], *, at: datetime) -> bool:
    """Add a simulation's result; False if the last one of the same version and day is equal."""
    known = {(o.milestone, o.version, o.on): o for o in facts_until(session, OddsRow, Odds, programme, None)}
    new = [o for o in found if known.get((o.milestone, o.version, o.on)) != o]
    session.add_all(OddsRow(programme_id=programme, at=at, **asdict(o)) for o in new)
    return bool(new)


def add_progress(session: Session, programme: str, task: str, progress: TaskProgress, *, at: datetime, by: str) -> bool:
    """Add a row; False if it equals the last one."""
    last = latest_of(session, ProgressRow, programme, ProgressRow.task == task, is_in_force(ProgressRow), by="id")
    if last and _progress(last) == progress:
        return False
    left = progress.remaining
    session.add(
        ProgressRow(
            programme_id=programme,
            task=task,
            actual_start=progress.actual_start,
            actual_finish=progress.actual_finish,
            remaining=None if left is None else left.amount,
            # Working time is stored without a unit, as it was before units existed.
            unit=None if left is None or left.unit is Unit.WORKING else left.unit.value,
            percent=progress.percent,
            at=at,
            by=by,
        )
    )
    return True


def _progress(row: ProgressRow) -> TaskProgress:
    left = None if row.remaining is None else Duration(row.remaining, Unit(row.unit or Unit.WORKING))
    return TaskProgress(row.actual_start, row.actual_finish, left, percent=row.percent)


def progress_by(session: Session, programme: str, person: str) -> frozenset[str]:
    """Return the tasks whose latest progress a given person recorded."""
    latest = {r.task: r.by for r in rows_until(session, ProgressRow, programme, None)}
    return frozenset(task for task, by in latest.items() if by == person)


def add_comment(session: Session, programme: str, comment: Comment, *, at: datetime) -> bool:
    """Add a comment; False if it equals the task's last one."""
    own = (CommentRow.task == comment.task, is_in_force(CommentRow))
    last = latest_of(session, CommentRow, programme, *own, by="id")
    if last is not None and last.text == comment.text:
        return False
    session.add(CommentRow(programme_id=programme, at=at, **asdict(comment)))
    return True


def add_decision(session: Session, programme: str, decision: Decision, *, at: datetime, recorded_by: str) -> None:
    """Add a gate's decision and its conditions. The database refuses a second decision in a round."""
    attempt = attempts(
        session,
        DecisionRow,
        DecisionRow.programme_id == programme,
        DecisionRow.task == decision.task,
        DecisionRow.round == decision.round,
    )
    values = values_of(decision, Decision, "conditions")
    values |= {"outcome": decision.outcome.value, "dissent": decision.dissent or None}
    session.add(DecisionRow(programme_id=programme, at=at, recorded_by=recorded_by, attempt=attempt, **values))
    for number, condition in enumerate(decision.conditions, start=1):
        own = asdict(replace(condition, number=number))
        own |= {"task": decision.task, "round": decision.round, "attempt": attempt}
        session.add(ConditionRow(programme_id=programme, at=at, **own))


def add_act(session: Session, programme: str, act: SponsorAct, *, at: datetime, by: str) -> bool:
    """Add visible support; False if the same act is already recorded for that day."""
    # An act of the sponsor without a person or group keeps the key that earlier releases gave it.
    beside = f"{act.who or ''}:{act.group or ''}:" if act.who or act.group else ""
    digest = hashlib.sha256(f"{beside}{act.what}".encode()).hexdigest()
    same = (SponsorActRow.programme_id == programme, SponsorActRow.on == act.on, SponsorActRow.digest == digest)
    if session.exec(select(SponsorActRow.id).where(*same, is_in_force(SponsorActRow))).first():
        return False
    attempt = attempts(session, SponsorActRow, *same)
    session.add(SponsorActRow(programme_id=programme, digest=digest, at=at, by=by, attempt=attempt, **asdict(act)))
    return True


def add_attendance(session: Session, programme: str, attendance: Sequence[Attendance], *, at: datetime, by: str) -> int:
    """Add new attendance, by session and person; return the number of new records."""
    own, in_force = AttendanceRow.programme_id == programme, is_in_force(AttendanceRow)
    query = select(AttendanceRow.task, AttendanceRow.person).where(own)
    known = set(session.exec(query.where(in_force)).all())
    withdrawn = Counter(session.exec(query.where(~in_force)).all())
    new = [a for a in attendance if (a.task, a.person) not in known]
    for a in new:
        attempt = withdrawn[a.task, a.person]
        session.add(AttendanceRow(programme_id=programme, at=at, by=by, attempt=attempt, **asdict(a)))
    return len(new)


def add_checkpoint(session: Session, programme: str, result: CheckpointResult, *, at: datetime, by: str) -> None:
    session.add(CheckpointRow(programme_id=programme, at=at, by=by, **asdict(result)))


def add_confidence(session: Session, programme: str, given: Confidence, *, at: datetime) -> None:
    session.add(ConfidenceRow(programme_id=programme, at=at, **asdict(given)))


def _decision(r: DecisionRow, conditions: Sequence[Condition]) -> Decision:
    values = values_of(r, Decision, "conditions") | {"outcome": Outcome(r.outcome), "dissent": r.dissent or ""}
    return Decision(**values, conditions=tuple(conditions))


def finished_at(session: Session, programme: str) -> list[tuple[str, datetime]]:
    """Return when each task was reported as finished."""
    query = select(ProgressRow.task, col(ProgressRow.at)).where(
        ProgressRow.programme_id == programme, col(ProgressRow.actual_finish).is_not(None), is_in_force(ProgressRow)
    )
    return [(task, at) for task, at in session.exec(query)]


TABLES: Mapping[str, type[SQLModel]] = {
    "progress": ProgressRow,
    "decision": DecisionRow,
    "condition": ConditionRow,
    "attendance": AttendanceRow,
    "sponsor-act": SponsorActRow,
    "checkpoint": CheckpointRow,
    "confidence": ConfidenceRow,
    "run": RunRow,
    "filing": SubmissionRow,
    "measure": MeasureRow,
    "pilot-entry": PilotEntryRow,
    "announcement": AnnouncementRow,
    "comment": CommentRow,
    "evidence": EvidenceRow,
}
"""The table of each kind of fact."""
_APART = {"id", "programme_id", "at", "contract", "digest"}
"""Columns that are not part of the fact itself, or that name a contract."""
_OF_ONE_CONTRACT = {"reason", "evidence", "between"}
"""Entries about one contract's pay, which are only for the service's manager and lead provider, and never listed."""


def recorded(
    session: Session, programme: str, kind: str | None = None, *, until: datetime | None = None
) -> list[RecordedFact]:
    """Return all recorded facts of a programme, or of one kind, in the order recorded.

    With `until`, return the list as it was then.
    """
    order = list(OF_SAME)
    found = [f for name in order if kind in (None, name) for f in _of_kind(session, programme, name)]
    if until is not None:
        found = [_as_of(f, until) for f in found if f.at <= until]
    return sorted(found, key=lambda f: (f.at, order.index(f.kind), f.number))


def _as_of(fact: RecordedFact, moment: datetime) -> RecordedFact:
    is_later = fact.withdrawn is not None and fact.withdrawn.at > moment
    return replace(fact, withdrawn=None) if is_later else fact


def withdraw(
    session: Session, programme: str, facts: Sequence[RecordedFact], *, reason: str, at: datetime, by: str
) -> None:
    """Withdraw facts, which do not count from `at` onwards.

    The text of a comment and the file of evidence are removed.
    """
    for fact in facts:
        table = str(TABLES[fact.kind].__tablename__)
        if fact.kind == "comment":
            session.exec(update(CommentRow).where(col(CommentRow.id) == fact.number).values(text=""))
        session.add(WithdrawalRow(programme_id=programme, kind=table, row=fact.number, reason=reason, at=at, by=by))
    session.flush()
    if any(fact.kind == "evidence" for fact in facts):
        evidence.remove_unused(session, programme)


def _of_kind(session: Session, programme: str, kind: str) -> Iterator[RecordedFact]:
    table: Any = TABLES[kind]
    own = (WithdrawalRow.programme_id == programme, WithdrawalRow.kind == str(table.__tablename__))
    gone = {w.row: Withdrawn(w.reason, w.by, w.at) for w in session.exec(select(WithdrawalRow).where(*own))}
    recorders = _recorders(session, programme) if kind == "condition" else {}
    for row in session.exec(select(table).where(table.programme_id == programme).order_by(col(table.id))):
        values = row.model_dump(exclude=_APART)
        if getattr(row, "contract", None) is not None:
            said = json.loads(row.content)
            values["content"] = json.dumps({n: v for n, v in said.items() if n not in _OF_ONE_CONTRACT})
        by = recorders.get((row.task, row.round, row.attempt), "") if kind == "condition" else row.by
        yield RecordedFact(
            id=f"{kind}-{row.id}",
            kind=kind,
            values=MappingProxyType(values),
            at=row.at,
            by=values.get("recorded_by") or by,
            withdrawn=gone.get(row.id),
        )


def _recorders(session: Session, programme: str) -> dict[tuple[str, int, int], str]:
    rows = session.exec(select(DecisionRow).where(DecisionRow.programme_id == programme))
    return {(r.task, r.round, r.attempt): r.recorded_by or r.by for r in rows}
