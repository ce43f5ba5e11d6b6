"""Forecasts and baselines in and out of the database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from changeflow.programme.plan import Dates
from changeflow.storage.tables.plan import BaselineRow, ForecastRow


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
    session: Session,
    programme: str,
    dates: Mapping[str, Dates],
    *,
    version: int,
    on: date,
    at: datetime,
    cause: str,
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
    row = session.exec(
        select(ForecastRow)
        .where(ForecastRow.programme_id == programme)
        .order_by(col(ForecastRow.number).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return StoredPlan(
        number=row.number, version=row.version, at=row.at, dates=_read(row.schedule), note=row.cause, on=row.on
    )


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
    row = session.exec(
        select(BaselineRow)
        .where(BaselineRow.programme_id == programme)
        .order_by(col(BaselineRow.number).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return StoredPlan(
        number=row.number,
        version=row.version,
        at=row.at,
        dates=_read(row.schedule),
        note=row.reason,
        approver=row.approver,
    )


def _write(dates: Mapping[str, Dates]) -> str:
    return json.dumps({t: [d.start, d.finish] for t, d in sorted(dates.items())})


def _read(text: str) -> dict[str, Dates]:
    return {t: Dates(start, finish) for t, (start, finish) in json.loads(text).items()}
