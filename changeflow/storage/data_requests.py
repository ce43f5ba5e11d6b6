"""Requests about personal data in and out of the database."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.tables.data_requests import DataRequestRow
from changeflow.values.words import DataRequestKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """One request; see `DataRequestRow`."""

    id: int
    person: str
    kind: DataRequestKind
    received: date
    extended_on: date | None
    answered_on: date | None
    by: str
    at: datetime

    @property
    def is_open(self) -> bool:
        return self.answered_on is None


def data_requests(session: Session, programme: str) -> list[DataRequest]:
    """Return a programme's requests, in the order in which they were received."""
    own = select(DataRequestRow).where(DataRequestRow.programme_id == programme)
    rows = session.exec(own.order_by(col(DataRequestRow.received), col(DataRequestRow.id)))
    return [_request(row) for row in rows]


def data_request(session: Session, programme: str, number: int) -> DataRequest | None:
    row = session.get(DataRequestRow, number)
    return _request(row) if row is not None and row.programme_id == programme else None


def add_data_request(
    session: Session, programme: str, person: str, kind: DataRequestKind, received: date, *, by: str, at: datetime
) -> int:
    row = DataRequestRow(programme_id=programme, person=person, kind=kind.value, received=received, by=by, at=at)
    session.add(row)
    session.flush()
    if row.id is None:
        raise LookupError("a new row has no number")
    return row.id


def note_extension(session: Session, number: int, on: date) -> None:
    """Record the day on which the person was told that their request takes longer."""
    row = _row(session, number)
    row.extended_on = on
    session.add(row)
    session.flush()


def note_answer(session: Session, number: int, on: date) -> None:
    """Record the day on which a request was answered."""
    row = _row(session, number)
    row.answered_on = on
    session.add(row)
    session.flush()


def remove_answered(session: Session, programme: str, *, answered_before: date) -> int:
    """Remove requests that were answered before a day. One without an answer stays."""
    old = (col(DataRequestRow.programme_id) == programme, col(DataRequestRow.answered_on) < answered_before)
    return count_touched(session, delete(DataRequestRow).where(*old))


def _row(session: Session, number: int) -> DataRequestRow:
    return session.exec(select(DataRequestRow).where(DataRequestRow.id == number)).one()


def _request(row: DataRequestRow) -> DataRequest:
    return DataRequest(kind=DataRequestKind(row.kind), **values_of(row, DataRequest, "kind"))
