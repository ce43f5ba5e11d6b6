"""What changeflow never writes: values that are not of their column's type, or in a form of their own.

SQLite takes any of them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    and_,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from changeflow.storage.chain import Fault
from changeflow.storage.covered import kind_of
from changeflow.storage.tables import metadata

TOGETHER = 1_000
_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_FORMS = {date: _DAY, datetime: f"{_DAY} [0-9][0-9]:[0-9][0-9]:[0-9][0-9].{'[0-9]' * 6}"}
"""How changeflow writes days and moments to SQLite; it would read other forms as the same."""


def disguised(connection: Connection) -> Iterator[Fault]:
    """Yield each value of SQLite that is read as another one: a 2 as true, a week as a day. Its seal does not show it.

    PostgreSQL keeps the types of its columns itself. Complexity: O(all values), in the database.
    """
    if connection.dialect.name != "sqlite":
        return
    for table, query in _disguised_in_each():
        with _broken_text(connection):
            rows = connection.execute(query).all()
        for row in rows:
            columns = [c for c, value in zip(table.columns, row, strict=True) if _is_odd(c, value, is_exact=True)]
            yield from (_fault(table, row, column) for column in columns)


def custody(connection: Connection) -> Iterator[Fault]:
    """Yield a fault where the database no longer says which one it is."""
    count = connection.execute(select(func.count()).select_from(metadata.tables["custody"])).scalar_one()
    if count != 1:
        what = f"the table 'custody' has {count} rows and needs exactly one: it says which database this is"
        yield Fault("", None, what)


def unreadable(connection: Connection) -> Iterator[Fault]:
    """Yield each value that cannot be read as what its column is for. Complexity: O(all values)."""
    for table in metadata.sorted_tables:
        columns = list(table.columns)
        query = _all_of(table, connection.dialect.name)
        with _broken_text(connection), connection.execute(query, execution_options={"yield_per": TOGETHER}) as rows:
            for row in rows:
                yield from (_fault(table, row, c) for c, value in zip(columns, row, strict=True) if _is_odd(c, value))


@lru_cache(maxsize=1)
def _disguised_in_each() -> list[tuple[Table, Select[Any]]]:
    return [
        (table, _all_of(table, "sqlite").where(or_(*(_is_disguised(column) for column in table.columns))))
        for table in metadata.sorted_tables
    ]


def _all_of(table: Table, dialect: str) -> Select[Any]:
    return select(*(_raw(column, dialect) for column in table.columns)).select_from(table)


def _is_disguised(column: Column[Any]) -> ColumnElement[bool]:
    """Return the condition that SQLite has a value in another form than changeflow writes it in."""
    raw = type_coerce(column, NullType())
    kind, of_kind = kind_of(column), func.typeof(raw)
    if issubclass(kind, bool):
        is_right = and_(of_kind == "integer", raw.in_([literal_column("0"), literal_column("1")]))
    elif kind in _FORMS:
        is_right = and_(of_kind == "text", raw.op("GLOB")(_FORMS[kind]))
    else:
        is_right = of_kind.in_({int: ["integer"], float: ["real", "integer"], str: ["text"]}[kind])
    return and_(of_kind != "null", not_(is_right)) if column.nullable else not_(is_right)


@contextmanager
def _broken_text(connection: Connection) -> Iterator[None]:
    """Let SQLite hand over text that is no UTF-8, as bytes, where it would break off."""
    raw: object = connection.connection.dbapi_connection
    if not isinstance(raw, sqlite3.Connection):
        yield
        return
    before, raw.text_factory = raw.text_factory, _text_or_bytes
    try:
        yield
    finally:
        raw.text_factory = before


def _text_or_bytes(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _raw(column: Column[Any], dialect: str) -> Any:  # noqa: ANN401  (an expression of any type)
    """Select a value as the database has it; days on PostgreSQL as text, as the driver cannot read each of them."""
    if dialect == "postgresql" and issubclass(kind_of(column), date):
        return cast(column, String)
    return type_coerce(column, NullType())


def _is_odd(column: Column[Any], value: object, *, is_exact: bool = False) -> bool:
    """Tell whether a value cannot be read as what its column is for; `is_exact`: or is in another form than ours."""
    if value is None:
        return not column.nullable
    kind = kind_of(column)
    if is_exact and kind in _FORMS:
        return not (isinstance(value, str) and fnmatchcase(value, _FORMS[kind]))
    if is_exact and issubclass(kind, bool):
        return not (isinstance(value, int) and value in (0, 1))
    if issubclass(kind, date):
        try:
            datetime.fromisoformat(str(value)) if issubclass(kind, datetime) else date.fromisoformat(str(value))
        except ValueError:
            return True
        return False
    return not isinstance(value, (kind, int) if issubclass(kind, (bool, float)) else kind)


def _fault(table: Table, row: Any, column: Column[Any]) -> Fault:  # noqa: ANN401
    places = {c.name: n for n, c in enumerate(table.columns)}
    key = "/".join(str(row[places[k.name]]) for k in table.primary_key.columns)
    programme = row[places["programme_id"]] if "programme_id" in places else None
    number = row[places["number"]] if table.name == "audit" else None
    what = f"row {key} of '{table.name}' has a value in '{column.name}' that changeflow cannot have written"
    return Fault(str(programme or ""), number if isinstance(number, int) else None, what)
