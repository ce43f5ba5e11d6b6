"""Rows of one programme, as they were added; what was withdrawn counts until the moment of its withdrawal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement
from sqlmodel import Session, SQLModel, col, func, select

from changeflow.storage.tables.facts import WithdrawalRow

Row = TypeVar("Row", bound=SQLModel)


def rows_until(session: Session, table: type[Row], programme: str, until: datetime | None) -> Sequence[Row]:
    """Return a programme's rows of a table with `programme_id`, `at` and `id`, in their order; `until` is inclusive."""
    own: Any = table
    query = select(table).where(own.programme_id == programme, is_in_force(table, until=until))
    if until is not None:
        query = query.where(col(own.at) <= until)
    return session.exec(query.order_by(col(own.id))).all()


def is_in_force(table: type[SQLModel], *, until: datetime | None = None) -> ColumnElement[bool]:
    """Return the condition that a row has not been withdrawn by a moment; None: at all."""
    own: Any = table
    gone = select(WithdrawalRow.row).where(WithdrawalRow.kind == str(table.__tablename__))
    if until is not None:
        gone = gone.where(col(WithdrawalRow.at) <= until)
    return col(own.id).not_in(gone)


def attempts(session: Session, table: type[SQLModel], *same: Any) -> int:  # noqa: ANN401
    """Count the withdrawn rows that recorded the same: the next recording has this number."""
    return session.exec(select(func.count()).select_from(table).where(*same, ~is_in_force(table))).one()
