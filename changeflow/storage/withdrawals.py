"""Recorded facts one by one, and their withdrawal. Nothing is deleted: a withdrawal is a row of its own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from changeflow.programme.recorded import OF_SAME, RecordedFact, Withdrawn
from changeflow.storage.tables.facts import (
    AttendanceRow,
    CheckpointRow,
    ConditionRow,
    ConfidenceRow,
    DecisionRow,
    ProgressRow,
    SponsorActRow,
    WithdrawalRow,
)
from changeflow.storage.tables.pilots import MeasureRow, PilotEntryRow, RunRow, SubmissionRow

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
}
"""The tables of the kinds of fact."""
_APART = {"id", "programme_id", "at", "contract", "digest"}
"""Columns that are no part of what was said, or name a contract."""
_OF_ONE_CONTRACT = {"reason", "evidence", "between"}
"""What is said of one contract's pay: it is for the service's manager and lead provider, and no part of a list."""


def recorded(session: Session, programme: str, kind: str | None = None) -> list[RecordedFact]:
    """Return every recorded fact of a programme, or of one kind, in the order in which they were recorded."""
    order = list(OF_SAME)
    found = [f for name in order if kind in (None, name) for f in _of_kind(session, programme, name)]
    return sorted(found, key=lambda f: (f.at, order.index(f.kind), f.number))


def withdraw(
    session: Session, programme: str, facts: Sequence[RecordedFact], *, reason: str, at: datetime, by: str
) -> None:
    """Note that facts were wrong: from `at` on nothing counts them."""
    for fact in facts:
        table = str(TABLES[fact.kind].__tablename__)
        session.add(WithdrawalRow(programme_id=programme, kind=table, row=fact.number, reason=reason, at=at, by=by))
    session.flush()


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
