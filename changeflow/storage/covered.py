"""What the audit seals: every row of every table, unless a table or column is named here with the reason.

A new table is covered by default. Whoever writes to it appends an audit entry in the same transaction.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from json.encoder import encode_basestring as json_text
from typing import Any

from pydantic_core import PydanticUndefined
from sqlalchemy import Column, ColumnElement, String, Table, cast, literal
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

from changeflow.storage.chain import moment_text
from changeflow.storage.tables import metadata
from changeflow.storage.types import UtcDateTime

EXEMPT: Mapping[str, str] = {
    "audit": "It is the chain itself.",
    "audit_fact": "The chain's entries seal it by their roots.",
    "key_check": "It tells the database's key file from others; with another value nothing could use the database.",
    "custody": "It counts each tick and message, to tell a restored copy. Who released one is an entry of its own.",
    "tick": "It notes what the last tick looked at. The next tick computes it again, and nothing is reported from it.",
}
"""Tables that no entry seals, and why."""

MECHANICS: Mapping[str, Mapping[str, str]] = {
    "programme": {"revision": "It counts changes, so that pages know when to compute again."},
    "nudge": {
        "priority": "It is computed again at each tick.",
        "not_before": "It is the hour at which messages may go out.",
        "why": "It is the reason for holding a message back at the moment.",
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
}
"""Columns that change without an act of anyone's, and why no entry seals them."""

SEALED_ONCE: Mapping[str, tuple[str, str]] = {"nudge": ("content", "message")}
"""A column that is sealed once another has a value: a nudge's wording, computed at each tick until a message has it."""

PROGRAMME = "programme_id"


@dataclass(frozen=True, slots=True)
class Covered:
    """One table that the audit seals."""

    table: Table
    columns: tuple[Column[Any], ...]
    """What is sealed, by name: a column's absence, null and default are the same, so that a later one changes none."""
    forms: tuple[tuple[str, Any, Callable[[Any], str]], ...]
    """For each column its name as JSON has it, the value that is left out, and what writes a value as JSON."""
    keys: tuple[Column[Any], ...]
    key_places: tuple[int, ...]
    programme_place: int | None
    """Where in a row its programme is; None for a table that all programmes share."""
    sealed_once: tuple[int, int] | None = None
    """Where in a row a column is that is sealed once another has a value, and where that one is."""

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def counts_keys(self) -> bool:
        """The database numbers its rows."""
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
    """Return every table that is sealed, by name."""
    models = {mapper.local_table: mapper for mapper in SQLModel._sa_registry.mappers}
    return {
        table.name: _covered(table, models.get(table)) for table in metadata.sorted_tables if table.name not in EXEMPT
    }


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
    """Return a column's default; None where null is another value than it."""
    if column.nullable or column.primary_key or model is None:
        return None
    field = model.class_.model_fields.get(column.name)
    return None if field is None or field.default is PydanticUndefined else field.default


def kind_of(column: Column[Any]) -> type:
    """Return the Python type of a column's values."""
    kind = column.type
    return kind.impl_instance.python_type if isinstance(kind, TypeDecorator) else kind.python_type


def _to_json_of(column: Column[Any]) -> Callable[[Any], str]:
    """Return what writes a column's values as JSON; a million rows have no time for an encoder that asks each one."""
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
