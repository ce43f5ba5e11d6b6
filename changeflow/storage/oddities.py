"""What changeflow never writes: triggers, and values that are not of their column's type. SQLite takes any of them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, String, Table, cast, select, type_coerce
from sqlalchemy.types import NullType

from changeflow.storage.chain import Fault
from changeflow.storage.covered import kind_of
from changeflow.storage.tables import metadata

TOGETHER = 1_000
_TRIGGERS = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND pg_table_is_visible(tgrelid) ORDER BY tgname",
}


def triggers(connection: Connection) -> Iterator[Fault]:
    """Yield the triggers on changeflow's tables: they change what is written before an entry seals it."""
    for name, table in connection.exec_driver_sql(_TRIGGERS[connection.dialect.name]):
        if table in metadata.tables:
            what = f"the table '{table}' has a trigger '{name}', which changeflow did not make"
            yield Fault("", None, what)


def unreadable(connection: Connection) -> Iterator[Fault]:
    """Yield each value that cannot be read as what its column is for. Complexity: O(all values)."""
    for table in metadata.sorted_tables:
        columns = list(table.columns)
        query = select(*(_raw(column, connection.dialect.name) for column in columns)).select_from(table)
        with _broken_text(connection), connection.execute(query, execution_options={"yield_per": TOGETHER}) as rows:
            for row in rows:
                yield from (_fault(table, row, c) for c, value in zip(columns, row, strict=True) if _is_odd(c, value))


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


def _is_odd(column: Column[Any], value: object) -> bool:
    if value is None:
        return not column.nullable
    kind = kind_of(column)
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
