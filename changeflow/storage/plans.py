"""Forecasts and baselines in and out of the database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from changeflow.programme.dates import Dates
from changeflow.storage.rows import latest_of, values_of
from changeflow.storage.tables.programme import BaselineRow, ForecastRow, ReportRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A forecast or a baseline: the dates of every task, by id."""

    number: int
    version: int
    at: datetime
    dates: Mapping[str, Dates]
    note: str
    """A forecast's cause, a baseline's reason."""
    approver: str = ""
    on: date | None = None


def add_forecast(
    session: Session, programme: str, dates: Mapping[str, Dates], *, version: int, on: date, at: datetime, cause: str
) -> int | None:
    """Add a forecast; None when nothing moved since the last one."""
    last = latest_forecast(session, programme)
    if last is not None and dict(last.dates) == dict(dates) and last.version == version:
        return None
    number = last.number + 1 if last else 1
    row = ForecastRow(
        programme_id=programme, number=number, version=version, on=on, at=at, cause=cause, schedule=_write(dates)
    )
    session.add(row)
    return number


def latest_forecast(session: Session, programme: str) -> StoredPlan | None:
    row = latest_of(session, ForecastRow, programme)
    return _plan(row, note=row.cause, on=row.on) if row else None


def add_baseline(
    session: Session,
    programme: str,
    dates: Mapping[str, Dates],
    *,
    version: int,
    at: datetime,
    approver: str,
    reason: str,
) -> int:
    last = latest_baseline(session, programme)
    number = last.number + 1 if last else 1
    row = BaselineRow(
        programme_id=programme,
        number=number,
        version=version,
        at=at,
        approver=approver,
        reason=reason,
        schedule=_write(dates),
    )
    session.add(row)
    return number


def latest_baseline(session: Session, programme: str) -> StoredPlan | None:
    row = latest_of(session, BaselineRow, programme)
    return _plan(row, note=row.reason, approver=row.approver) if row else None


def _plan(row: ForecastRow | BaselineRow, **own: Any) -> StoredPlan:  # noqa: ANN401  (what one of the two has alone)
    return StoredPlan(number=row.number, version=row.version, at=row.at, dates=_read(row.schedule), **own)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedReport:
    """A report that the SRO was given: each milestone's finish in civil minutes, and the spare working minutes."""

    number: int
    version: int
    on: date
    at: datetime
    milestones: Mapping[str, tuple[int, int]]


def add_report(
    session: Session,
    programme: str,
    milestones: Mapping[str, tuple[int, int]],
    *,
    version: int,
    on: date,
    at: datetime,
    by: str,
    head: tuple[int, str] | None = None,
) -> int | None:
    """Record that a report was issued; None where one of that day says the same already.

    `head` is the audit's last entry, number and hash, as the report shows it.
    """
    known = reports(session, programme)
    last = known[-1] if known else None
    if last is not None and last.on == on and last.version == version and dict(last.milestones) == dict(milestones):
        return None
    number = last.number + 1 if last else 1
    text = json.dumps({m: list(v) for m, v in sorted(milestones.items())})
    row = ReportRow(programme_id=programme, number=number, version=version, on=on, at=at, by=by, milestones=text)
    row.head_number, row.head_hash = head or (None, None)
    session.add(row)
    return number


def reports(session: Session, programme: str) -> list[IssuedReport]:
    """Return every issued report, the oldest first."""
    rows = session.exec(select(ReportRow).where(ReportRow.programme_id == programme).order_by(col(ReportRow.number)))
    return [IssuedReport(**values_of(r, IssuedReport) | {"milestones": _points(r.milestones)}) for r in rows]


def _points(text: str) -> dict[str, tuple[int, int]]:
    return {milestone: (finish, spare) for milestone, (finish, spare) in json.loads(text).items()}


def _write(dates: Mapping[str, Dates]) -> str:
    return json.dumps({t: [d.start, d.finish] for t, d in sorted(dates.items())})


def _read(text: str) -> dict[str, Dates]:
    return {t: Dates(start, finish) for t, (start, finish) in json.loads(text).items()}
