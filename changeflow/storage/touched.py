"""Which rows a transaction touches, noticed at each statement: the session's own and those over many rows alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Delete, Engine, Insert, Row, Update, event, func, select
from sqlmodel import Session, col

from changeflow.storage.chain import row_digest
from changeflow.storage.covered import Covered, covered_tables
from changeflow.storage.tables.audit import AuditFactRow

TOGETHER = 500
"""Keys in one query."""
_OPTION = "changeflow_touched"
T = TypeVar("T")


@dataclass(slots=True)
class Touched:
    """The rows that one transaction has touched so far."""

    keys: dict[str, set[str]] = field(default_factory=dict)
    """By table."""
    above: dict[str, int] = field(default_factory=dict)
    """By table: rows with a higher number were added by this transaction."""
    spoilt: set[tuple[str, str]] = field(default_factory=set)
    """By table and key: the row was not as it had been sealed when it was touched first."""
    unsealed: set[tuple[str, str]] = field(default_factory=set)
    """No entry had sealed the row when it was touched first."""

    @property
    def tables(self) -> list[str]:
        return sorted(self.keys.keys() | self.above.keys())


def listen(engine: Engine) -> None:
    """Notice what goes through an engine, for the sessions that are followed."""
    event.listen(engine, "before_execute", _before_execute)


def follow(session: Session) -> Touched:
    """Notice what a session writes from its next transaction on."""
    touched = Touched()

    def on_begin(_session: Session, _transaction: object, connection: Connection) -> None:
        connection.execution_options(**{_OPTION: touched})

    event.listen(session, "after_begin", on_begin)
    return touched


def live_facts(connection: Connection, table: str, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """Return the facts that seal some rows of a table, by key: (id, programme, digest, key, salt)."""
    found: dict[str, Row[Any]] = {}
    for some in in_chunks(keys):
        query = select(
            col(AuditFactRow.id),
            col(AuditFactRow.programme_id),
            col(AuditFactRow.digest),
            col(AuditFactRow.row_key),
            col(AuditFactRow.salt),
        ).where(col(AuditFactRow.of_table) == table, col(AuditFactRow.row_key).in_(some))
        found |= {row.row_key: row for row in connection.execute(query)}
    return found


def in_chunks(things: Iterable[T]) -> Iterator[list[T]]:
    chunk: list[T] = []
    for thing in things:
        chunk.append(thing)
        if len(chunk) == TOGETHER:
            yield chunk
            chunk = []
    if chunk:
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
    covered = covered_tables().get(getattr(clause.table, "name", ""))
    if covered is None:
        return
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
    """Note which rows a statement is about to touch, and whether they are as they were sealed."""
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
    """Return the key of a row once its primary key is changed."""
    if not moved or not all(isinstance(value, (int, str)) for value in moved.values()):
        raise TypeError(f"Change a primary key of '{covered.name}' to values, not to an expression.")
    old = zip(covered.keys, covered.key_places, strict=True)
    return "/".join(str(moved.get(key.name, row[place])) for key, place in old)


def _assigned(clause: Insert | Update) -> dict[str, Any]:
    """Return what a statement itself assigns, by column; the rest comes with its parameters."""
    pairs = [*(clause._values or {}).items(), *(getattr(clause, "_ordered_values", None) or [])]
    return {str(getattr(column, "key", column)): getattr(value, "value", value) for column, value in pairs}
