"""Rows of one programme, as they were added; what was withdrawn counts until the moment of its withdrawal."""

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
    """Return a programme's rows of a table with `programme_id`, `at` and `id`, in their order; `until` is inclusive."""
    query = _rows_until(table, is_bounded=until is not None)
    return session.exec(query, params={"programme": programme, "until": until}).all()


@cache
def _rows_until(table: type[Row], *, is_bounded: bool) -> SelectOfScalar[Row]:
    """Compose the query once: composing it takes longer than asking."""
    own: Any = table
    until = bindparam("until", type_=own.at.type) if is_bounded else None
    query = select(table).where(own.programme_id == bindparam("programme"), is_in_force(table, until=until))
    if until is not None:
        query = query.where(col(own.at) <= until)
    return query.order_by(col(own.id))


def latest_of(session: Session, table: type[Row], programme: str, *more: Any, by: str = "number") -> Row | None:  # noqa: ANN401
    """Return a programme's row with the highest number, or the highest value of another column; None without any."""
    own: Any = table
    query = select(table).where(own.programme_id == programme, *more)
    return session.exec(query.order_by(col(getattr(own, by)).desc()).limit(1)).first()


def facts_until(
    session: Session, table: type[Row], kind: type[Fact], programme: str, until: datetime | None
) -> tuple[Fact, ...]:
    """Return the rows of `rows_until`, each as a fact whose fields have the names of the columns."""
    return tuple(kind(**values_of(row, kind)) for row in rows_until(session, table, programme, until))


def values_of(found: object, kind: "type[DataclassInstance]", *but: str) -> dict[str, Any]:
    """Return what a row, or an object, has under the names of a dataclass's fields, `but` some."""
    return {field.name: getattr(found, field.name) for field in fields(kind) if field.name not in but}


def is_in_force(
    table: type[SQLModel], *, until: datetime | BindParameter[datetime] | None = None
) -> ColumnElement[bool]:
    """Return the condition that a row has not been withdrawn by a moment; None: at all."""
    own: Any = table
    gone = select(WithdrawalRow.row).where(WithdrawalRow.kind == str(table.__tablename__))
    if until is not None:
        gone = gone.where(col(WithdrawalRow.at) <= until)
    return col(own.id).not_in(gone)


def attempts(session: Session, table: type[SQLModel], *same: Any) -> int:  # noqa: ANN401
    """Count the withdrawn rows that recorded the same: the next recording has this number."""
    return session.exec(select(func.count()).select_from(table).where(*same, ~is_in_force(table))).one()
