"""The rows that the audit seals: every row of every table, except the tables and columns listed here with a reason.

A new table is covered by default, so code that writes to it must add an audit entry in the same transaction. Every
statement is watched for the rows that it changes, whether one row or many.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import islice
from json.encoder import encode_basestring as json_text
from typing import Any, TypeVar

from pydantic_core import PydanticUndefined
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Insert,
    Row,
    String,
    Table,
    Update,
    bindparam,
    cast,
    event,
    func,
    literal,
    select,
)
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel, col

from changeflow.storage.chain import moment_text, row_digest
from changeflow.storage.tables.audit import AuditFactRow
from changeflow.storage.types import UtcDateTime

EXEMPT: Mapping[str, str] = {
    "audit": "It is the chain itself.",
    "audit_fact": "The chain's entries seal it by their roots.",
    "key_check": "It identifies the database's key file; with another value the database could not be used.",
    "custody": "It counts ticks and messages, to recognise a restored copy. Each release has its own entry.",
    "draft": "No one has published it. What is published of it is a version, which is sealed.",
    "evidence_file": "A row of evidence, which is sealed, has its digest.",
    "ledger_pair": "It names uploaded files that are soon deleted; what is saved of them is a run.",
    "job": "It is a calculation's progress and result, which the same calculation finds again.",
    "session": "It ends within a day, and only the key file's holder can make a row that works. Sign-ins have entries.",
    "sign_in_link": "It lasts ten minutes, and only the key file's holder can make a row that works.",
    "tick": "It records the last tick's state. The next tick computes it again, and no report uses it.",
}
"""Tables that no entry seals, and why."""

MECHANICS: Mapping[str, Mapping[str, str]] = {
    "programme": {"revision": "It counts changes, so that pages know when to update."},
    "nudge": {
        "priority": "It is computed again at each tick.",
        "not_before": "It is the hour from which messages may be sent.",
        "why": "It is the current reason for holding a message.",
    },
    "message": {
        "may_have_gone": "It changes when a sender takes over a claim.",
        "next_try": "It is the next attempt's time.",
        "claimed_by": "It is a claim of some seconds.",
        "claimed_until": "It is a claim of some seconds.",
        "attempts": "It counts claims.",
        "error": "It is the last answer of the mail server.",
    },
    "reach": {"error": "It is the answer of the mail server."},
    "frozen_report": {"seal": "It follows from sealed columns and the key, and is made again for a new key."},
}
"""Columns that change without a person's act, and why no entry seals them."""

SEALED_ONCE: Mapping[str, tuple[str, str]] = {"nudge": ("content", "message")}
"""Columns that are sealed once another column has a value: a nudge's text changes until a message contains it."""

PROGRAMME = "programme_id"


@dataclass(frozen=True, slots=True)
class Covered:
    """One table that the audit seals."""

    table: Table
    columns: tuple[Column[Any], ...]
    """Sealed columns, by name. A missing column, null and the default are equal, so a new column changes no seal."""
    forms: tuple[tuple[str, Any, Callable[[Any], str]], ...]
    """For each column: its name in JSON, the value that is left out, and the function that writes a value as JSON."""
    keys: tuple[Column[Any], ...]
    key_places: tuple[int, ...]
    programme_place: int | None
    """The position of the programme in a row; None for a shared table."""
    sealed_once: tuple[int, int] | None = None
    """The positions of a conditionally sealed column and of the column it depends on."""

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def counts_keys(self) -> bool:
        """Whether the database numbers its rows."""
        return len(self.keys) == 1 and kind_of(self.keys[0]) is int

    def key_sql(self) -> ColumnElement[str]:
        """Return a row's key as the database computes it, equal to `key_of`."""
        first, *rest = (cast(column, String) for column in self.keys)
        whole: ColumnElement[str] = first
        for part in rest:
            whole = whole + literal("/") + part
        return whole

    def key_of(self, row: Sequence[Any]) -> str:
        return "/".join(str(row[place]) for place in self.key_places)

    def programme_of(self, row: Sequence[Any]) -> str | None:
        return None if self.programme_place is None else str(row[self.programme_place])

    def content_of(self, row: Sequence[Any]) -> str:
        """Return a row as canonical JSON: names sorted, moments in UTC, defaults and nulls left out."""
        if self.sealed_once is not None and row[self.sealed_once[1]] is None:
            row = [None if place == self.sealed_once[0] else value for place, value in enumerate(row)]
        content = ",".join([
            f"{name}{to_json(value)}"
            for (name, left_out, to_json), value in zip(self.forms, row, strict=False)
            if value is not None and value != left_out
        ])  # fmt: skip
        return f'["{self.name}",{{{content}}}]'


@lru_cache(maxsize=1)
def covered_tables() -> Mapping[str, Covered]:
    """Return every sealed table, by name."""
    # Imported here because most commands need fewer tables.
    from changeflow.storage.tables.every_table import metadata

    return {table.name: covered_table(table.name) for table in metadata.sorted_tables if table.name not in EXEMPT}


def is_covered(name: str) -> bool:
    """Return whether the audit seals the table of this name."""
    return name not in EXEMPT and (name in SQLModel.metadata.tables or name in covered_tables())


@cache
def covered_table(name: str) -> Covered:
    """Return one sealed table; raise `KeyError` if it is not sealed."""
    table = SQLModel.metadata.tables.get(name)
    if table is None or name in EXEMPT:
        return covered_tables()[name]
    return _covered(table, next((m for m in SQLModel._sa_registry.mappers if m.local_table is table), None))


def _covered(table: Table, model: Mapper[Any] | None) -> Covered:
    mechanics = MECHANICS.get(table.name, {})
    keys = tuple(table.primary_key.columns)
    if not keys or not all(kind_of(k) in (int, str) for k in keys):
        raise TypeError(f"The audit needs a primary key of whole numbers or text for '{table.name}'.")
    columns = tuple(sorted((c for c in table.columns if c.name not in mechanics), key=lambda c: c.name))
    names = [c.name for c in columns]
    return Covered(
        table=table,
        columns=columns,
        forms=tuple((f"{json_text(c.name)}:", _default_of(c, model), _to_json_of(c)) for c in columns),
        keys=keys,
        key_places=tuple(names.index(k.name) for k in keys),
        programme_place=next((names.index(n) for n in _programme_columns(table) if n in names), None),
        sealed_once=(names.index(once[0]), names.index(once[1])) if (once := SEALED_ONCE.get(table.name)) else None,
    )


def _programme_columns(table: Table) -> tuple[str, ...]:
    return ("id",) if table.name == "programme" else (PROGRAMME,)


def _default_of(column: Column[Any], model: Mapper[Any] | None) -> object:
    """Return a column's default; None if null means something else."""
    if column.nullable or column.primary_key or model is None:
        return None
    field = model.class_.model_fields.get(column.name)
    return None if field is None or field.default is PydanticUndefined else field.default


def kind_of(column: Column[Any]) -> type:
    """Return the Python type of a column's values."""
    kind = column.type
    return kind.impl_instance.python_type if isinstance(kind, TypeDecorator) else kind.python_type


def _to_json_of(column: Column[Any]) -> Callable[[Any], str]:
    """Return the function that writes a column's values as JSON, faster than a general encoder for a million rows."""
    if isinstance(column.type, UtcDateTime):
        return lambda at: f'"{moment_text(at)}"'
    kind = kind_of(column)
    if issubclass(kind, datetime):
        raise TypeError(f"Use UtcDateTime for '{column.table.name}.{column.name}'.")
    if issubclass(kind, date):
        return lambda day: f'"{day.isoformat()}"'
    if kind is int:
        return str
    return json_text if issubclass(kind, str) else _other_json


def _other_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


TOGETHER = 500
"""The largest number of keys in one query."""
_OPTION = "changeflow_touched"
T = TypeVar("T")


@dataclass(slots=True)
class Touched:
    """The rows that one transaction has touched so far."""

    keys: dict[str, set[str]] = field(default_factory=dict)
    """By table."""
    above: dict[str, int] = field(default_factory=dict)
    """By table: the highest number before this transaction, which added all rows with higher numbers."""
    spoilt: set[tuple[str, str]] = field(default_factory=set)
    """By table and key: the rows that differed from their seal when first touched."""
    unsealed: set[tuple[str, str]] = field(default_factory=set)
    """The rows that no entry had sealed when first touched."""

    @property
    def tables(self) -> list[str]:
        return sorted(self.keys.keys() | self.above.keys())


def listen(engine: Engine) -> None:
    """Watch an engine's statements, for the sessions that are followed."""
    event.listen(engine, "before_execute", _before_execute)


def follow(session: Session) -> Touched:
    """Watch what a session writes, starting with its next transaction."""
    touched = Touched()

    def on_begin(_session: Session, _transaction: object, connection: Connection) -> None:
        connection.execution_options(**{_OPTION: touched})

    event.listen(session, "after_begin", on_begin)
    return touched


_LIVE = select(
    col(AuditFactRow.id),
    col(AuditFactRow.programme_id),
    col(AuditFactRow.digest),
    col(AuditFactRow.row_key),
    col(AuditFactRow.salt),
).where(
    col(AuditFactRow.of_table) == bindparam("of_table"),
    col(AuditFactRow.row_key).in_(bindparam("keys", expanding=True)),
)


def live_facts(connection: Connection, table: str, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """Return the facts that seal the given rows of a table, by key: (id, programme, digest, key, salt)."""
    found: dict[str, Row[Any]] = {}
    for some in in_chunks(keys):
        found |= {row.row_key: row for row in connection.execute(_LIVE, {"of_table": table, "keys": some})}
    return found


def in_chunks(things: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(things)
    while chunk := list(islice(rest, TOGETHER)):
        yield chunk


def _before_execute(
    connection: Connection,
    clause: object,
    many: Sequence[Mapping[str, Any]],
    one: Mapping[str, Any],
    _options: Mapping[str, Any],
) -> None:
    touched: Touched | None = connection.get_execution_options().get(_OPTION)
    if touched is None or not isinstance(clause, (Insert, Update, Delete)):
        return
    name = getattr(clause.table, "name", "")
    if not is_covered(name):
        return
    covered = covered_table(name)
    sets = many or [one]
    if isinstance(clause, Insert):
        _note_insert(connection, covered, clause, sets, touched)
    elif isinstance(clause, Delete) or _changes_content(covered, clause, sets):
        _note_rows(connection, covered, clause, sets, touched)


def _note_insert(
    connection: Connection, covered: Covered, clause: Insert, sets: Sequence[Mapping[str, Any]], touched: Touched
) -> None:
    if covered.counts_keys and covered.name not in touched.above:
        highest = connection.execute(select(func.coalesce(func.max(covered.keys[0]), 0))).scalar_one()
        touched.above[covered.name] = highest
    own = _assigned(clause)
    keys = touched.keys.setdefault(covered.name, set())
    for values in sets:
        given = {**own, **values}
        parts = [given.get(key.name) for key in covered.keys]
        if None not in parts:
            keys.add("/".join(str(part) for part in parts))
        elif not covered.counts_keys:
            raise TypeError(f"Give the whole primary key of each row that is added to '{covered.name}'.")


def _changes_content(covered: Covered, clause: Update, sets: Sequence[Mapping[str, Any]]) -> bool:
    names = set(_assigned(clause)).union(*sets)
    return not names.isdisjoint(column.name for column in covered.columns)


def _note_rows(
    connection: Connection,
    covered: Covered,
    clause: Update | Delete,
    sets: Sequence[Mapping[str, Any]],
    touched: Touched,
) -> None:
    """Record which rows a statement is about to touch, and whether they match their seals."""
    query = select(*covered.columns)
    if clause.whereclause is not None:
        query = query.where(clause.whereclause)
    given = _assigned(clause) if isinstance(clause, Update) else {}
    known, above = touched.keys.setdefault(covered.name, set()), touched.above.get(covered.name)
    for values in sets:
        fresh = {}
        moved = {k.name: value for k in covered.keys if (value := values.get(k.name, given.get(k.name))) is not None}
        for row in connection.execute(query, dict(values)):
            key = covered.key_of(row)
            if isinstance(clause, Update) and (moved or given.keys() & {k.name for k in covered.keys}):
                known.add(_moved_key(covered, row, moved))
            is_own = above is not None and row[covered.key_places[0]] > above
            if key not in known and not is_own:
                fresh[key] = row
        facts = live_facts(connection, covered.name, fresh)
        for key, row in fresh.items():
            if (fact := facts.get(key)) is None:
                touched.unsealed.add((covered.name, key))
            elif row_digest(fact.salt or "", covered.content_of(row)) != fact.digest:
                touched.spoilt.add((covered.name, key))
        known.update(fresh)


def _moved_key(covered: Covered, row: Row[Any], moved: Mapping[str, Any]) -> str:
    """Return the key of a row after its primary key changes."""
    if not moved or not all(isinstance(value, (int, str)) for value in moved.values()):
        raise TypeError(f"Change a primary key of '{covered.name}' to values, not to an expression.")
    old = zip(covered.keys, covered.key_places, strict=True)
    return "/".join(str(moved.get(key.name, row[place])) for key, place in old)


def _assigned(clause: Insert | Update) -> dict[str, Any]:
    """Return the values that a statement itself assigns, by column; others are in its parameters."""
    pairs = [*(clause._values or {}).items(), *(getattr(clause, "_ordered_values", None) or [])]
    return {str(getattr(column, "key", column)): getattr(value, "value", value) for column, value in pairs}
