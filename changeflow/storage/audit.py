"""The audit: a chain of entries that say who did what. Each entry seals the rows written with it."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import func, select
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError
from sqlmodel import Session, col

from changeflow.storage import sealing
from changeflow.storage.anchor import Head
from changeflow.storage.chain import SEALING, ChainVerdict, Entry, Fact, SealedRow, Witness, check
from changeflow.storage.covered import Covered, covered_table, covered_tables
from changeflow.storage.tables.audit import AuditFactRow, AuditRow
from changeflow.storage.tables.programme import ProgrammeRow, ReportRow
from changeflow.storage.witnesses import HeadWitness

TOGETHER = 10_000
"""The number of rows to read at once."""
UNREADABLE = (ValueError, TypeError, OverflowError, DataError, OperationalError)
"""Errors from reading a value that is invalid for its column."""


def append(
    session: Session, programme: str, *, at: datetime, actor: str, action: str, subject: str, fallback: bool = False
) -> None:
    """Add one entry when the session commits; it seals everything the session wrote. `subject` contains only ids.

    A `fallback` is added only if the session changed sealed rows and has no other entry for them.
    """
    sealing.pend(session, programme, [(action, subject)], at=at, actor=actor, fallback=fallback)


def append_all(
    session: Session, programme: str, entries: Sequence[tuple[str, str]], *, at: datetime, actor: str
) -> None:
    """Add an entry for each (action, subject), in order; the last one seals everything the session wrote."""
    sealing.pend(session, programme, entries, at=at, actor=actor, fallback=False)


def entries_in_full(session: Session, programme: str) -> Iterator[Entry]:
    """Yield a programme's entries, in order."""
    for row in _stream(session, select(*_ENTRY).where(_ENTRY[0] == programme).order_by(_ENTRY[1])):
        yield Entry._make(row)


def page(
    session: Session,
    programme: str,
    *,
    actor: str | None,
    actions: Collection[str] | None,
    without: Collection[str],
    since: datetime | None,
    until: datetime | None,
    before: int | None,
    most: int,
) -> list[Entry]:
    """Return a programme's latest entries, latest first.

    `actions` are those to include, or None for all; `since` is inclusive, `until` and `before` (a number) are not.
    """
    query = select(*_ENTRY).where(_ENTRY[0] == programme, col(AuditRow.action).not_in(without))
    if actor is not None:
        query = query.where(col(AuditRow.actor) == actor)
    if actions is not None:
        query = query.where(col(AuditRow.action).in_(actions))
    if since is not None:
        query = query.where(col(AuditRow.at) >= since)
    if until is not None:
        query = query.where(col(AuditRow.at) < until)
    if before is not None:
        query = query.where(_ENTRY[1] < before)
    return [Entry._make(row) for row in session.connection().execute(query.order_by(_ENTRY[1].desc()).limit(most))]


def heads(session: Session) -> dict[str, Head]:
    """Return the last entry of each chain."""
    found = {}
    for programme in _programmes(session):
        query = select(_ENTRY[7], _ENTRY[1], _ENTRY[9], _ENTRY[2]).where(_ENTRY[0] == programme)
        last = session.connection().execute(query.order_by(_ENTRY[1].desc()).limit(1)).first()
        if last is not None:
            found[programme] = Head(programme, last.number, last.number, last.hash, last.real_at or last.at)
    return found


def heads_in(file: Path) -> dict[str, Head]:
    """Return the last entry of each chain in a copy of an SQLite database, which is not changed."""
    query = "SELECT programme_id, number, hash, at FROM audit a WHERE number = (SELECT max(number) FROM audit b \
WHERE b.programme_id = a.programme_id) ORDER BY programme_id"
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)) as connection:
        return {
            name: Head(name, number, number, known, datetime.fromisoformat(at).replace(tzinfo=UTC))
            for name, number, known, at in connection.execute(query)
        }


def head(session: Session, programme: str) -> Head | None:
    """Return the last entry of a chain; None if there is none yet."""
    return heads(session).get(programme)


def has_after(session: Session, programme: str, moment: datetime) -> bool:
    """Return whether a programme has entries after a moment."""
    own = (col(AuditRow.programme_id) == programme, col(AuditRow.at) > moment)
    query = select(col(AuditRow.number)).where(*own).limit(1)
    return session.connection().execute(query).first() is not None


def subjects_of(session: Session, programme: str, *, actor: str, action: str, since: datetime) -> list[str]:
    """Return the subjects of a person's entries for one action since a moment, in order."""
    own = (_ENTRY[0] == programme, col(AuditRow.actor) == actor, col(AuditRow.action) == action)
    query = select(col(AuditRow.subject)).where(*own, col(AuditRow.at) >= since).order_by(_ENTRY[1])
    return list(session.connection().execute(query).scalars())


def unsealed(session: Session) -> list[str]:
    """Return the programmes without any sealed rows, because an earlier release wrote them."""
    sealed = select(_ENTRY[0]).where(_ENTRY[8] >= SEALING)
    query = select(col(ProgrammeRow.id)).where(col(ProgrammeRow.id).not_in(sealed)).order_by(col(ProgrammeRow.id))
    return list(session.connection().execute(query).scalars())


def examine(session: Session, programme: str | None = None, *, witnesses: Iterable[Witness] = ()) -> ChainVerdict:
    """Check chains, their sealed rows and outside witnesses; with a name, report only that chain."""
    # Imported here and below because only a check of the whole database needs every table.
    from changeflow.storage import structure

    connection = session.connection()
    changed = structure.differences(connection)
    try:
        verdict = _examined(session, witnesses)
        verdict.faults += [*changed, *structure.disguised(connection), *structure.custody(connection)]
    except (*UNREADABLE, ProgrammingError):
        # A value that changeflow cannot have written, or a missing column: the rest can be checked once it is
        # corrected.
        odd = changed or list(structure.unreadable(connection))
        if not odd:
            raise
        return ChainVerdict(faults=odd)
    if programme is not None:
        verdict.entries = sum(1 for _ in entries_in_full(session, programme))
        verdict.faults = [f for f in verdict.faults if f.programme in ("", programme)]
        verdict.warnings = [w for w in verdict.warnings if w.programme == programme]
        verdict.heads = {name: head for name, head in verdict.heads.items() if name == programme}
    return verdict


def has_unreadable(session: Session) -> bool:
    """Return whether some value is invalid for its column."""
    from changeflow.storage import structure

    return any(structure.unreadable(session.connection()))


def _examined(session: Session, witnesses: Iterable[Witness]) -> ChainVerdict:
    names = _programmes(session)
    return check(
        (entry for name in names for entry in entries_in_full(session, name)),
        (fact for name in names for fact in _facts(session, name)),
        session.connection().execute(select(_FACT[5]).where(_FACT[3].in_(("-", "!")))).scalars(),
        _sealed_rows(session),
        witnesses=(_reports(session), *witnesses),
    )


def _reports(session: Session) -> HeadWitness:
    """Return the issued reports as witnesses: each contains the last entry at its time."""
    query = select(
        col(ReportRow.programme_id), col(ReportRow.number), col(ReportRow.head_number), col(ReportRow.head_hash)
    ).where(col(ReportRow.head_number).is_not(None))
    noted: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for name, report, number, known in session.connection().execute(query):
        noted.setdefault((name, number or 0), []).append((f"report {report}", known or ""))
    return HeadWitness(noted)


def _sealed_rows(session: Session) -> Iterator[SealedRow]:
    for covered in covered_tables().values():
        yield from _rows_of(session, covered)


def _rows_of(session: Session, covered: Covered) -> Iterator[SealedRow]:
    """Yield a table's rows with the facts that seal them, then the facts whose rows are missing."""
    width, queries, found = len(covered.columns), _queries_of(covered.name), 0
    for row in _stream(session, queries.rows):
        digest, salt, programme, number = list(row)[width:]
        found += digest is not None
        key, content = covered.key_of(row), covered.content_of(row)
        yield SealedRow(covered.name, key, content, digest, salt, programme or covered.programme_of(row), number)
    connection = session.connection()
    if connection.execute(queries.count_of_facts).scalar_one() == found:
        return
    keys = set(connection.execute(queries.keys).scalars())
    for key, digest, salt, programme, number in _stream(session, queries.facts):
        if key not in keys:
            yield SealedRow(covered.name, str(key), None, str(digest), salt, programme, number)


class _Queries(NamedTuple):
    """The queries for a table and for the facts that seal its rows."""

    rows: Any
    count_of_facts: Any
    keys: Any
    facts: Any


@cache
def _queries_of(table: str) -> _Queries:
    """Build the queries of a table once, because building them takes longer than running them."""
    covered = covered_table(table)
    sealing = _FACT[5], _FACT[7], _FACT[0], _FACT[1]
    is_of_row = (_FACT[4] == table) & (_FACT[6] == covered.key_sql())
    facts = AuditFactRow.__table__  # type: ignore[attr-defined]
    rows = select(*covered.columns, *sealing).outerjoin(facts, is_of_row)
    is_live = (_FACT[4] == table) & _FACT[6].is_not(None)
    return _Queries(
        rows=rows.select_from(covered.table),
        count_of_facts=select(func.count()).select_from(AuditFactRow).where(is_live),
        keys=select(covered.key_sql()),
        facts=select(_FACT[6], *sealing).where(is_live).order_by(_FACT[0], _FACT[1], _FACT[2]),
    )


def _facts(session: Session, programme: str) -> Iterator[Fact]:
    for row in _stream(session, select(*_FACT).where(_FACT[0] == programme).order_by(_FACT[1], _FACT[2])):
        yield Fact._make(row)


def _programmes(session: Session) -> list[str]:
    """Return every programme in the chain, in byte order on every database."""
    connection = session.connection()
    names = set(connection.execute(select(_ENTRY[0]).distinct()).scalars())
    return sorted(names | set(connection.execute(select(_FACT[0]).distinct()).scalars()))


def _stream(session: Session, query: Any) -> Iterator[Any]:  # noqa: ANN401  (a select of any columns)
    options = {"yield_per": TOGETHER}
    with session.connection().execute(query, execution_options=options) as result:
        yield from result


_COLUMNS = {"programme": "programme_id", "table": "of_table", "key": "row_key"}
"""The columns whose names differ from the fields of `Entry` and `Fact`."""
_ENTRY: tuple[Any, ...] = tuple(getattr(AuditRow, _COLUMNS.get(name, name)) for name in Entry._fields)
_FACT: tuple[Any, ...] = tuple(getattr(AuditFactRow, _COLUMNS.get(name, name)) for name in Fact._fields)
