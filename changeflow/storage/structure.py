"""Find structures and values that changeflow never creates: foreign table structures, and values of the wrong type.

A view, trigger or different default can change what people read or write, and without a unique index a round could be
decided twice. The expected structure comes from running the migrations on an empty database in memory. SQLite accepts
values of any type and form.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    and_,
    cast,
    create_engine,
    func,
    inspect,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from changeflow.phrases import printable
from changeflow.storage import migrations
from changeflow.storage.chain import Fault
from changeflow.storage.covered import kind_of
from changeflow.storage.tables.every_table import metadata

TABLE = ""
_OWN_OF_SQLITE = re.compile(r"sqlite_(autoindex_|sequence$|stat\d$)")
_KINDS = {"BLOB": "BYTEA", "DATETIME": "TIMESTAMP WITH TIME ZONE", "FLOAT": "DOUBLE PRECISION"}
"""Column types of SQLite, as PostgreSQL has them."""
_SPACED = {"(": " (", ",": ", ", ")": ") "}
_COUNTED = re.compile(r"nextval\('(?:\w+\.)?(\w+)_id_seq'::regclass\)")
_ODD_ON_POSTGRESQL = """
WITH own AS (
  SELECT c.* FROM pg_class c
  WHERE relnamespace = current_schema()::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
SELECT CASE relkind WHEN 'v' THEN '' WHEN 'm' THEN '' ELSE relname END,
       CASE relkind WHEN 'v' THEN 'view ' || relname WHEN 'm' THEN 'materialized view ' || relname
       WHEN 'f' THEN 'foreign table' ELSE 'partitions' END FROM own WHERE relkind IN ('v', 'm', 'f', 'p')
UNION ALL SELECT relname, 'trigger ' || tgname FROM pg_trigger t JOIN own ON own.oid = tgrelid WHERE NOT tgisinternal
UNION ALL SELECT DISTINCT relname, 'checks that are switched off' FROM pg_trigger JOIN own ON own.oid = tgrelid
          WHERE tgisinternal AND tgenabled <> 'O'
UNION ALL SELECT relname, 'rule ' || rulename FROM pg_rewrite JOIN own ON own.oid = ev_class
          WHERE rulename <> '_RETURN'
UNION ALL SELECT relname, 'policy ' || polname FROM pg_policy JOIN own ON own.oid = polrelid
UNION ALL SELECT relname, 'row-level security' FROM own WHERE relrowsecurity OR relforcerowsecurity
UNION ALL SELECT relname, 'a parent or child table' FROM own
          WHERE oid IN (SELECT inhrelid FROM pg_inherits UNION SELECT inhparent FROM pg_inherits) AND relkind <> 'i'
UNION ALL SELECT relname, 'rows that a crash removes' FROM own WHERE relkind = 'r' AND relpersistence <> 'p'
UNION ALL SELECT relname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN own ON own.oid = conrelid
          WHERE contype IN ('c', 'x') OR (contype IN ('p', 'u', 'f') AND (condeferrable OR NOT convalidated))
UNION ALL SELECT relname, 'index that is not valid ' || indexrelid::regclass FROM pg_index
          JOIN own ON own.oid = indrelid WHERE NOT (indisvalid AND indisready AND indislive)
"""
"""Finds objects that changeflow never uses. Objects of extensions are ignored."""
_OF_EXTENSIONS = """
SELECT relname FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
WHERE d.deptype = 'e' AND relnamespace = current_schema()::regnamespace
"""


class StructurePart(NamedTuple):
    """One part of a table, as a string to compare; `TABLE` is the table itself. A view belongs to no table."""

    table: str
    what: str


def differences(connection: Connection) -> list[Fault]:
    """Return additions, removals and changes in the structure."""
    is_sqlite = connection.dialect.name == "sqlite"
    found = frozenset(_of_sqlite(connection) if is_sqlite else _of_postgresql(connection))
    made = _made()[0 if is_sqlite else 1]
    return [Fault("", None, what) for what in _differences(made, found)]


def _differences(made: frozenset[StructurePart], found: frozenset[StructurePart]) -> Iterator[str]:
    for table, what in _only_in(made, found):
        lacks = f"lacks “{what}”, which changeflow makes" if what != TABLE else "is missing"
        yield f"the table '{table}' {lacks}"
    for table, what in _only_in(found, made):
        where = f"the table '{printable(table)}' has" if table else "there is"
        more = f"{where} “{printable(what)}”" if what != TABLE else f"there is a table '{printable(table)}'"
        yield f"{more}, which changeflow did not make"


def _only_in(one: frozenset[StructurePart], other: frozenset[StructurePart]) -> list[StructurePart]:
    """Return the parts of one structure that another lacks; for a missing table, only the table."""
    whole = {p.table for p in one - other if p.what == TABLE}
    return [p for p in sorted(one - other) if p.what == TABLE or p.table not in whole]


@lru_cache(maxsize=1)
def _made() -> tuple[frozenset[StructurePart], frozenset[StructurePart]]:
    """Return the structure from the migrations: as in SQLite, and in terms of both databases."""
    from alembic import command

    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            config = migrations.config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return frozenset(_of_sqlite(connection)), frozenset(_reflected(connection))
    finally:
        engine.dispose()


def _of_sqlite(connection: Connection) -> Iterator[StructurePart]:
    """Yield each clause of each creating statement: a column, constraint, index, view or trigger."""
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    for kind, name, table, sql in rows.all():
        if _OWN_OF_SQLITE.match(str(name)):
            continue
        if kind == "table":
            yield StructurePart(table, TABLE)
            yield from (StructurePart(table, clause) for clause in _clauses(str(sql)))
        elif kind == "index":
            yield StructurePart(table, _plain(str(sql)).removeprefix("create "))
        else:
            yield StructurePart(table if kind == "trigger" else "", f"{kind} {name}")


@lru_cache(maxsize=256)
def _clauses(sql: str) -> list[str]:
    """Return the columns and constraints of a table's statement, in any order, and the rest."""
    body, _, tail = sql.partition("(")[2].rpartition(")")
    clauses, depth, quote, start = [], 0, "", 0
    for place, character in enumerate(body):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "," and depth == 0:
            clauses.append(body[start:place])
            start = place + 1
    clauses.append(body[start:])
    return [clause for clause in map(_plain, [*clauses, tail]) if clause]


@lru_cache(maxsize=1_024)
def _plain(sql: str) -> str:
    """Normalise a clause: no quotes around names, single spaces, lower case; string literals are unchanged."""
    parts = re.split(r"('(?:[^']|'')*')", sql)
    parts[::2] = [re.sub(r"\s+", " ", part.replace('"', "")).lower() for part in parts[::2]]
    parts[::2] = [re.sub(r" ?([(,)]) ?", lambda m: _SPACED[m[1]], part) for part in parts[::2]]
    return "".join(parts).strip()


def _of_postgresql(connection: Connection) -> Iterator[StructurePart]:
    foreign = set(connection.exec_driver_sql(_OF_EXTENSIONS).scalars())
    yield from (part for part in _reflected(connection) if part.table not in foreign)
    for table, what in connection.exec_driver_sql(_ODD_ON_POSTGRESQL).all():
        yield StructurePart(table, what)


def _reflected(connection: Connection) -> Iterator[StructurePart]:
    """Yield tables with their columns, keys, constraints and indexes, in terms of both databases."""
    inspector = inspect(connection)
    columns, primary = inspector.get_multi_columns(), inspector.get_multi_pk_constraint()
    unique, foreign = inspector.get_multi_unique_constraints(), inspector.get_multi_foreign_keys()
    indexes = inspector.get_multi_indexes()
    for place, own in columns.items():
        table, key = place[1], primary[place]["constrained_columns"]
        yield StructurePart(table, TABLE)
        yield StructurePart(table, f"primary key ({', '.join(key)})")
        yield from (StructurePart(table, _column(table, c, key)) for c in own)
        yield from (StructurePart(table, f"unique ({', '.join(u['column_names'])}){_more(u)}") for u in unique[place])
        for f in foreign[place]:
            other = f"{f['referred_table']}({', '.join(f['referred_columns'])})"
            schema = f"{f['referred_schema']}." if f["referred_schema"] else ""
            yield StructurePart(
                table, f"foreign key ({', '.join(f['constrained_columns'])}) to {schema}{other}{_more(f)}"
            )
        for i in indexes[place]:
            if i.get("duplicates_constraint") or (i["name"] or "").startswith("sqlite_autoindex"):
                continue
            names = ", ".join(i.get("expressions") or [str(name) for name in i["column_names"]])
            yield StructurePart(table, f"{'unique ' if i['unique'] else ''}index {i['name']} ({names}){_more(i)}")


def _column(table: str, column: Any, key: list[str]) -> str:  # noqa: ANN401  (what SQLAlchemy reflects)
    kind = str(column["type"])
    if getattr(column["type"], "timezone", False):
        kind = "TIMESTAMP WITH TIME ZONE"
    default = column["default"]
    if default is None and key == [column["name"]] and kind == "INTEGER":
        default = "counted"  # SQLite does this for each key of this kind
    elif default is not None:
        counted = _COUNTED.fullmatch(default)
        default = "counted" if counted and counted[1] == table else _value(default, kind)
    null = "" if column["nullable"] else " not null"
    more = "".join(f" {name} {column[name]}" for name in ("computed", "identity") if column.get(name))
    of_kind = _KINDS.get(kind, kind).lower()
    return f"{column['name']} {of_kind}{null}{f' default {default}' if default else ''}{more}"


def _value(default: str, kind: str) -> str:
    """Normalise a default for both databases: without its type, and booleans as numbers."""
    plain = re.sub(r"::[\w ]+$", "", default)
    if re.fullmatch(r"'[^']*'", plain):
        plain = plain[1:-1]
    return {"false": "0", "true": "1"}.get(plain, plain) if kind == "BOOLEAN" else plain


def _more(reflected: Any) -> str:  # noqa: ANN401
    """Write a constraint's or index's properties besides its columns."""
    options = {**(reflected.get("dialect_options") or {}), **(reflected.get("options") or {})}
    if order := reflected.get("column_sorting"):
        options["sorting"] = order
    return "".join(f" {name}={value}" for name, value in sorted(options.items()) if value)


TOGETHER = 1_000
_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_FORMS = {date: _DAY, datetime: f"{_DAY} [0-9][0-9]:[0-9][0-9]:[0-9][0-9].{'[0-9]' * 6}"}
"""The form in which changeflow writes days and moments to SQLite, which also accepts other forms."""


def disguised(connection: Connection) -> Iterator[Fault]:
    """Yield each SQLite value that is read as another one, such as 2 as true; its seal would not show it.

    PostgreSQL enforces its column types itself. Complexity: O(all values), in the database.
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
    """Yield a fault if the database has lost its identity."""
    count = connection.execute(select(func.count()).select_from(metadata.tables["custody"])).scalar_one()
    if count != 1:
        what = f"the table 'custody' has {count} rows but needs exactly one, which identifies this database"
        yield Fault("", None, what)


def unreadable(connection: Connection) -> Iterator[Fault]:
    """Yield each value that is invalid for its column; none if the connection to the server is lost.

    Complexity: O(all values).
    """
    if connection.invalidated:
        return
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
    """Return the condition that an SQLite value is not in the form that changeflow writes."""
    raw = type_coerce(column, NullType())
    kind, of_kind = kind_of(column), func.typeof(raw)
    if issubclass(kind, bool):
        is_right = and_(of_kind == "integer", raw.in_([literal_column("0"), literal_column("1")]))
    elif kind in _FORMS:
        is_right = and_(of_kind == "text", raw.op("GLOB")(_FORMS[kind]))
    else:
        is_right = of_kind.in_({int: ["integer"], float: ["real", "integer"], str: ["text"], bytes: ["blob"]}[kind])
    return and_(of_kind != "null", not_(is_right)) if column.nullable else not_(is_right)


@contextmanager
def _broken_text(connection: Connection) -> Iterator[None]:
    """Let SQLite return invalid UTF-8 text as bytes instead of failing."""
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
    """Select a raw value; PostgreSQL days as text, because the driver cannot read all of them."""
    if dialect == "postgresql" and issubclass(kind_of(column), date):
        return cast(column, String)
    return type_coerce(column, NullType())


def _is_odd(column: Column[Any], value: object, *, is_exact: bool = False) -> bool:
    """Return whether a value is invalid for its column or, with `is_exact`, not in the form that changeflow writes."""
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
