"""Rows of one programme, in the order added; a withdrawn row counts until its withdrawal."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, bindparam
from sqlmodel import Session, SQLModel, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from changeflow.storage.tables.facts import WithdrawalRow

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound=SQLModel)
Fact = TypeVar("Fact", bound="DataclassInstance")


def rows_until(session: Session, table: type[Row], programme: str, until: datetime | None) -> Sequence[Row]:
    """Return a programme's rows of a table with `programme_id`, `at` and `id`, in order; `until` is inclusive."""
    query = _rows_until(table, is_bounded=until is not None)
    return session.exec(query, params={"programme": programme, "until": until}).all()


@cache
def _rows_until(table: type[Row], *, is_bounded: bool) -> SelectOfScalar[Row]:
    """Build the query once, because building takes longer than running it."""
    own: Any = table
    until = bindparam("until", type_=own.at.type) if is_bounded else None
    query = select(table).where(own.programme_id == bindparam("programme"), is_in_force(table, until=until))
    if until is not None:
        query = query.where(col(own.at) <= until)
    return query.order_by(col(own.id))


def latest_of(session: Session, table: type[Row], programme: str, *more: Any, by: str = "number") -> Row | None:  # noqa: ANN401
    """Return a programme's row with the highest number or other column; None if there is none."""
    query = _latest_of(table, by)
    return session.exec(query.where(*more) if more else query, params={"programme": programme}).first()


@cache
def _latest_of(table: type[Row], by: str) -> SelectOfScalar[Row]:
    """Build the query once, like `_rows_until`."""
    own: Any = table
    query = select(table).where(own.programme_id == bindparam("programme"))
    return query.order_by(col(getattr(own, by)).desc()).limit(1)


def facts_until(
    session: Session, table: type[Row], kind: type[Fact], programme: str, until: datetime | None
) -> tuple[Fact, ...]:
    """Return the rows of `rows_until` as facts whose fields are named like the columns."""
    return tuple(kind(**values_of(row, kind)) for row in rows_until(session, table, programme, until))


def values_of(found: object, kind: "type[DataclassInstance]", *but: str) -> dict[str, Any]:
    """Return a row's or object's values for a dataclass's fields, except `but`."""
    return {field.name: getattr(found, field.name) for field in fields(kind) if field.name not in but}


def is_in_force(
    table: type[SQLModel], *, until: datetime | BindParameter[datetime] | None = None
) -> ColumnElement[bool]:
    """Return the condition that a row was not withdrawn by a moment or, with None, at any time."""
    own: Any = table
    gone = select(WithdrawalRow.row).where(WithdrawalRow.kind == str(table.__tablename__))
    if until is not None:
        gone = gone.where(col(WithdrawalRow.at) <= until)
    return col(own.id).not_in(gone)


def attempts(session: Session, table: type[SQLModel], *same: Any) -> int:  # noqa: ANN401
    """Count the withdrawn rows of the same subject; the count is the next record's `attempt`."""
    return session.exec(select(func.count()).select_from(table).where(*same, ~is_in_force(table))).one()
