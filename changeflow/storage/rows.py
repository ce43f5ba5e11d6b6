"""Rows of one programme, as they were added."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, col, select

Row = TypeVar("Row", bound=SQLModel)


def rows_until(session: Session, table: type[Row], programme: str, until: datetime | None) -> Sequence[Row]:
    """Return a programme's rows of a table with `programme_id`, `at` and `id`, in their order; `until` is inclusive."""
    own: Any = table
    query = select(table).where(own.programme_id == programme)
    if until is not None:
        query = query.where(col(own.at) <= until)
    return session.exec(query.order_by(col(own.id))).all()
