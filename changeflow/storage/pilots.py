"""Store and load pilots and parallel runs: comparisons, measures, filings and entries."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal

from pydantic import TypeAdapter
from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from changeflow.pilots.entries import Entry, Explanation, PilotStatement
from changeflow.pilots.runs import Coverage, KeptVariance, MatchOutcome, Reconciliation, RunSummary
from changeflow.programme.facts import Submission
from changeflow.storage.database import count_touched
from changeflow.storage.rows import attempts, facts_until, is_in_force, latest_of, rows_until, values_of
from changeflow.storage.tables.facts import MeasureRow, PilotEntryRow, RunRow, SubmissionRow, VarianceRow

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
_COVERAGE = TypeAdapter(Coverage)
_BESIDE = {"contract", "service", "number", "on", "by"}
"""Fields of an entry that have columns of their own."""


def runs(session: Session, programme: str, *, until: datetime | None = None) -> tuple[RunSummary, ...]:
    """Return every stored run, in order."""
    return tuple(_run(r) for r in rows_until(session, RunRow, programme, until))


def submissions(session: Session, programme: str, *, until: datetime | None = None) -> tuple[Submission, ...]:
    return facts_until(session, SubmissionRow, Submission, programme, until)


def measures(session: Session, programme: str, *, until: datetime | None = None) -> dict[str, dict[str, str]]:
    """Return the latest value of each measured exit criterion, by service and criterion."""
    found: dict[str, dict[str, str]] = {}
    for r in rows_until(session, MeasureRow, programme, until):
        found.setdefault(r.service, {})[r.criterion] = r.value
    return found


def entries(session: Session, programme: str, *, until: datetime | None = None) -> tuple[Entry, ...]:
    """Return all entries about pilots, in order."""
    return tuple(_entry(r) for r in rows_until(session, PilotEntryRow, programme, until))


def add_entry(session: Session, programme: str, entry: Entry, *, at: datetime) -> int | None:
    """Add an entry and its number; None if the same person made the same entry on that day."""
    content = _content(entry)
    own = (
        PilotEntryRow.programme_id == programme,
        PilotEntryRow.service == entry.service,
        PilotEntryRow.kind == entry.kind,
    )
    contract = entry.contract if isinstance(entry, Explanation) else None
    same = select(PilotEntryRow.id).where(
        *own,
        PilotEntryRow.content == content,
        PilotEntryRow.on == entry.on,
        PilotEntryRow.by == entry.by,
        is_in_force(PilotEntryRow),
        col(PilotEntryRow.contract).is_(None) if contract is None else PilotEntryRow.contract == contract,
    )
    if session.exec(same).first() is not None:
        return None
    last = session.exec(select(func.max(PilotEntryRow.number)).where(*own)).one()
    number = (last or 0) + 1
    beside = entry.model_dump(include={"service", "kind", "contract", "owner", "on", "by"})
    session.add(PilotEntryRow(programme_id=programme, number=number, content=content, at=at, **beside))
    session.flush()
    return number


def _content(entry: PilotStatement) -> str:
    return json.dumps(entry.model_dump(mode="json", exclude=_BESIDE, exclude_none=True), sort_keys=True)


def add_submission(session: Session, programme: str, submission: Submission, *, at: datetime, by: str) -> None:
    same = (
        SubmissionRow.programme_id == programme,
        SubmissionRow.service == submission.service,
        SubmissionRow.scheme == submission.scheme,
        SubmissionRow.period == submission.period,
    )
    attempt = attempts(session, SubmissionRow, *same)
    session.add(SubmissionRow(programme_id=programme, at=at, by=by, attempt=attempt, **asdict(submission)))


def add_measure(
    session: Session, programme: str, service: str, criterion: str, value: str, *, on: date, at: datetime, by: str
) -> None:
    row = MeasureRow(programme_id=programme, service=service, criterion=criterion, value=value, on=on, at=at, by=by)
    session.add(row)


def add_run(
    session: Session,
    programme: str,
    run: RunSummary,
    found: Reconciliation | None = None,
    *,
    digest: str,
    at: datetime,
    by: str,
) -> bool:
    """Add a run with the differences to look into; False if the same inputs had the same result before."""
    if has_run(session, programme, digest):
        return False
    same = (RunRow.programme_id == programme, col(RunRow.digest).startswith(digest))
    withdrawn = attempts(session, RunRow, *same)
    own = values_of(run, RunSummary) | {
        "largest_unexplained": str(run.largest_unexplained),
        "cells": json.dumps(run.cells, sort_keys=True),
        "coverage": json.dumps(asdict(run.coverage)) if run.coverage else None,
        "digest": f"{digest}:{withdrawn}" if withdrawn else digest,
    }
    row = RunRow(programme_id=programme, at=at, by=by, **own)
    session.add(row)
    session.flush()
    if found is not None and row.id is not None:
        session.add_all(_variances(found, programme, row.id))
    return True


def has_run(session: Session, programme: str, digest: str) -> bool:
    """Return whether a run with these inputs is stored and not withdrawn."""
    same = (RunRow.programme_id == programme, col(RunRow.digest).startswith(digest))
    return session.exec(select(RunRow.id).where(*same, is_in_force(RunRow))).first() is not None


def _variances(found: Reconciliation, programme: str, run: int) -> Iterable[VarianceRow]:
    for v in found.as_kept():
        old, new = (str(amount) if amount is not None else None for amount in (v.old, v.new))
        values = values_of(v, KeptVariance, "old", "new", "outcome")
        yield VarianceRow(programme_id=programme, run=run, old=old, new=new, outcome=v.outcome.value, **values)


def latest_variances(
    session: Session, programme: str, service: str, period: str, *, until: datetime | None = None
) -> list[KeptVariance]:
    """Return the differences of a period's latest run, most severe first; none after the retention time."""
    own = (RunRow.service == service, RunRow.period == period, is_in_force(RunRow, until=until))
    by_then = (col(RunRow.at) <= until,) if until is not None else ()
    latest = latest_of(session, RunRow, programme, *own, *by_then, by="id")
    if latest is None:
        return []
    rows = session.exec(select(VarianceRow).where(VarianceRow.run == latest.id).order_by(col(VarianceRow.id)))
    return [_variance(r) for r in rows]


def remove_contracts(session: Session, programme: str, *, kept_before: datetime) -> int:
    """Remove data about individual contracts from runs and explanations before a moment; totals stay."""
    old = select(RunRow.id).where(RunRow.programme_id == programme, col(RunRow.at) < kept_before)
    removed = count_touched(session, delete(VarianceRow).where(col(VarianceRow.run).in_(old)))
    named = (
        col(PilotEntryRow.programme_id) == programme,
        col(PilotEntryRow.at) < kept_before,
        col(PilotEntryRow.contract).is_not(None),
        col(PilotEntryRow.contract) != "",
    )
    return removed + count_touched(session, update(PilotEntryRow).where(*named).values(contract=""))


def _entry(r: PilotEntryRow) -> Entry:
    values = json.loads(r.content) | {"service": r.service, "number": r.number, "on": r.on, "by": r.by}
    if r.kind == "explanation":
        values["contract"] = r.contract
    return _ENTRY.validate_python(values)


def _variance(r: VarianceRow) -> KeptVariance:
    old, new = (Decimal(amount) if amount is not None else None for amount in (r.old, r.new))
    return KeptVariance(**values_of(r, KeptVariance) | {"old": old, "new": new, "outcome": MatchOutcome(r.outcome)})


def _run(r: RunRow) -> RunSummary:
    parsed = {
        "largest_unexplained": Decimal(r.largest_unexplained),
        "cells": json.loads(r.cells or "{}"),
        "coverage": _COVERAGE.validate_json(r.coverage) if r.coverage else None,
    }
    return RunSummary(**values_of(r, RunSummary) | parsed)
