"""Seal a transaction's rows with its audit entries, in the same transaction, just before it commits."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update
from sqlmodel import Session, col

from changeflow.logs import log
from changeflow.storage import anchor
from changeflow.storage.anchor import Anchored
from changeflow.storage.chain import ENDED, GENESIS, SEALING, SPOILT, WRITTEN, Entry, Root, entry_hash, row_digest
from changeflow.storage.covered import Covered, Touched, covered_table, covered_tables, follow, in_chunks, live_facts
from changeflow.storage.tables.audit import AuditFactRow, AuditRow
from changeflow.storage.tables.programme import ProgrammeRow, VersionRow
from changeflow.values.acting import Acting, Via, current

_WORK = "changeflow_audit"
SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An entry that is written when the transaction commits."""

    at: datetime
    actor: str
    action: str
    subject: str
    act: Acting
    fallback: bool
    """Added only if the transaction changed sealed rows without another entry."""


@dataclass(slots=True)
class SealingWork:
    """One session's changes, and the entries for them."""

    touched: Touched
    pending: dict[str, list[Pending]] = field(default_factory=dict)
    """By programme, in order."""


class Ended(NamedTuple):
    """A fact that has ended."""

    id: int
    op: str
    digest: str


class RowChange(NamedTuple):
    """A change of one row: the fact that it ends, the content to seal, or both."""

    table: str
    key: str
    programme: str | None
    """None for a shared row."""
    ended: Ended | None
    content: str | None


def begin(session: Session) -> None:
    """Follow a session, so that its audit entries seal what it writes."""
    session.info[_WORK] = SealingWork(follow(session))


def is_reader(session: Session) -> bool:
    """Return whether a session is read-only, so that its writes would not be sealed."""
    return _WORK not in session.info


def has_written_nothing(session: Session) -> bool:
    """Return whether a writer has not written yet, so that it sees the committed state."""
    session.flush()
    work: SealingWork = session.info[_WORK]
    return not work.touched.tables and not any(work.pending.values())


def pend(
    session: Session, programme: str, entries: Iterable[tuple[str, str]], *, at: datetime, actor: str, fallback: bool
) -> None:
    """Write an entry for each (action, subject) when the session commits."""
    work: SealingWork | None = session.info.get(_WORK)
    if work is None:
        raise TypeError("Open the session with session_scope: this one's writes are not sealed.")
    act = current()
    own = work.pending.setdefault(programme, [])
    own += (
        Pending(at=at, actor=actor, action=action, subject=subject, act=act, fallback=fallback)
        for action, subject in entries
    )


def finish(session: Session) -> Anchored | None:
    """Write the entries of a session about to commit, and announce them to the anchor; return the announcement."""
    transaction = session.get_transaction()
    if transaction is None or not transaction.is_active:
        return None  # a caught error rolled it back, so there is nothing to commit
    session.flush()
    work: SealingWork = session.info[_WORK]
    if not work.touched.tables and not any(work.pending.values()):
        return None
    connection = session.connection()
    sealer = _Sealer(connection, work)
    heads = sealer.seal()
    if not heads:
        return None
    return anchor.announce(sealer.anchor, heads, may_begin=sealer.is_first, new=sealer.new)


# Queries of each table, built once because building them takes longer than running them.


@cache
def _with_keys(table: str) -> Select[Any]:
    covered = covered_table(table)
    return select(*covered.columns).where(covered.key_sql().in_(bindparam("some", expanding=True)))


@cache
def _above(table: str) -> Select[Any]:
    covered = covered_table(table)
    return select(*covered.columns).where(covered.keys[0] > bindparam("above"))


@cache
def _of_programme(table: str) -> Select[Any]:
    """Select every row of the programme `programme`; for a shared table, every row."""
    covered = covered_table(table)
    query = select(*covered.columns).order_by(*covered.keys)
    if covered.programme_place is not None:
        query = query.where(covered.columns[covered.programme_place] == bindparam("programme"))
    return query


class _Sealer:
    """The entries of one transaction."""

    def __init__(self, connection: Connection, work: SealingWork) -> None:
        self.connection, self.work = connection, work
        self.anchor = ""
        self.is_first = False
        """Whether no earlier entry of the database has sealed a row."""
        self.new: set[str] = set()
        """Programmes that have no sealed rows yet."""

    def seal(self) -> list[anchor.Head]:
        own, shared = self._changes()
        is_first = self.is_first = not self._is_sealing(None)
        heads = []
        names = sorted(name for name, pending in self.work.pending.items() if pending)
        self._lock(names)
        for name in names:
            written = [*own.pop(name, ()), *shared]
            everything: Iterable[RowChange] = written
            begins = not self._is_sealing(name)
            pending = [p for p in self.work.pending[name] if not p.fallback]
            pending = pending or (self.work.pending[name][:1] if written else [])
            if not pending:
                continue
            if begins:
                self.new.add(name)
                everything = chain(self._all_of(name, with_shared=is_first), () if is_first else shared)
            shared, is_first = [], False
            heads.append(self._write(name, pending, everything))
        left = sorted({c.table for changes in (*own.values(), shared) for c in changes})
        if left:
            log("written without an audit entry", tables=", ".join(left))
        return heads

    def _changes(self) -> tuple[dict[str, list[RowChange]], list[RowChange]]:
        """Return the changes of the touched rows, by programme, and those of shared rows."""
        own: dict[str, list[RowChange]] = {}
        shared: list[RowChange] = []
        touched = self.work.touched
        for name in touched.tables:
            covered = covered_table(name)
            rows = dict(self._rows_of(covered, touched))
            keys = sorted(touched.keys.get(name, set()) | rows.keys())
            facts = live_facts(self.connection, name, keys)
            for key in keys:
                row, fact = rows.get(key), facts.get(key)
                content = row[0] if row is not None else None
                if fact is None:
                    if content is None or (name, key) in touched.unsealed:
                        continue
                    ended = None
                elif content is not None and row_digest(fact.salt or "", content) == fact.digest:
                    continue
                else:
                    op = SPOILT if (name, key) in touched.spoilt else ENDED
                    ended = Ended(fact.id, op, fact.digest)
                if covered.programme_place is None:
                    shared.append(RowChange(name, key, None, ended, content))
                    continue
                programme = row[1] if row is not None else fact.programme_id if fact is not None else None
                own.setdefault(programme or "", []).append(RowChange(name, key, programme, ended, content))
        return own, shared

    def _rows_of(self, covered: Covered, touched: Touched) -> Iterator[tuple[str, tuple[str, str | None]]]:
        """Yield the touched rows that exist: key, then content and programme."""
        keys = sorted(touched.keys.get(covered.name, ()))
        queries: list[tuple[Select[Any], dict[str, Any]]] = [
            (_with_keys(covered.name), {"some": some}) for some in in_chunks(keys)
        ]
        if (above := touched.above.get(covered.name)) is not None:
            queries.append((_above(covered.name), {"above": above}))
        for query, values in queries:
            for row in self.connection.execute(query, values):
                yield covered.key_of(row), (covered.content_of(row), covered.programme_of(row))

    def _all_of(self, programme: str, *, with_shared: bool) -> Iterator[RowChange]:
        """Yield every unsealed row of a programme, which its first sealing entry seals."""
        for covered in covered_tables().values():
            if covered.programme_place is None and not with_shared:
                continue
            for row in self.connection.execute(_of_programme(covered.name), {"programme": programme}):
                yield RowChange(covered.name, covered.key_of(row), programme, None, covered.content_of(row))

    def _is_sealing(self, programme: str | None) -> bool:
        """Return whether a chain, or any chain, has entries that seal rows."""
        query = select(col(AuditRow.id)).where(col(AuditRow.form) >= SEALING)
        if programme is not None:
            query = query.where(col(AuditRow.programme_id) == programme)
        return self.connection.execute(query.limit(1)).first() is not None

    def _lock(self, names: Sequence[str]) -> None:
        """Let one writer at a time number a programme's entries, without blocking rows that refer to the programme."""
        query = select(col(ProgrammeRow.id)).where(col(ProgrammeRow.id).in_(names)).order_by(col(ProgrammeRow.id))
        self.connection.execute(query.with_for_update(key_share=True)).all()

    def _write(self, programme: str, pending: Sequence[Pending], changes: Iterable[RowChange]) -> anchor.Head:
        """Write entries; the last one seals all rows of the transaction."""
        last = self.connection.execute(
            select(col(AuditRow.number), col(AuditRow.hash))
            .where(col(AuditRow.programme_id) == programme)
            .order_by(col(AuditRow.number).desc())
            .limit(1)
        ).first()
        number, previous = (last.number, last.hash) if last else (0, GENESIS)
        final = number + len(pending)
        version = self.connection.execute(
            select(func.max(VersionRow.number)).where(col(VersionRow.programme_id) == programme)
        ).scalar()
        real_at = pending[-1].act.clock()
        self.anchor = pending[-1].act.anchor
        root = self._write_facts(programme, final, changes)
        rows, nothing = [], Root()
        for p in pending:
            number += 1
            own = root if number == final else nothing
            entry = Entry(
                programme, number, p.at, p.actor, p.action, p.subject, previous, "", SEALING, real_at,
                p.act.via.value, _account(p), version, own.count, own.text,
            )  # fmt: skip
            entry = entry._replace(hash=entry_hash(entry))
            rows.append({("programme_id" if k == "programme" else k): v for k, v in entry._asdict().items()})
            previous = entry.hash
        self.connection.execute(insert(AuditRow), rows)
        return anchor.Head(programme, rows[0]["number"], number, previous, real_at)

    def _write_facts(self, programme: str, number: int, changes: Iterable[RowChange]) -> Root:
        root = Root()
        forget = (
            update(AuditFactRow).where(col(AuditFactRow.id) == bindparam("fact_id")).values(row_key=None, salt=None)
        )
        for some in in_chunks(changes):
            ended = [{"fact_id": c.ended.id} for c in some if c.ended is not None]
            if ended:
                self.connection.execute(forget, ended)
            rows = []
            for change in some:
                if change.ended is not None:
                    root.add(change.ended.op, change.table, change.ended.digest)
                    rows.append(_fact(programme, number, root.count, change, change.ended.op, change.ended.digest))
                if change.content is not None:
                    salt = secrets.token_hex(SALT_BYTES)
                    digest = row_digest(salt, change.content)
                    root.add(WRITTEN, change.table, digest)
                    fact = _fact(programme, number, root.count, change, WRITTEN, digest)
                    rows.append(fact | {"row_key": change.key, "salt": salt})
            self.connection.execute(insert(AuditFactRow), rows)
        return root


def _fact(programme: str, number: int, position: int, change: RowChange, op: str, digest: str) -> dict[str, object]:
    return {
        "programme_id": programme, "number": number, "position": position, "op": op, "of_table": change.table,
        "digest": digest, "row_key": None, "salt": None,
    }  # fmt: skip


def _account(pending: Pending) -> str:
    """Return how the actor was identified; for the system's acts under a link, without its holder."""
    is_hidden = pending.act.via is Via.LINK and pending.actor == "system"
    return "" if is_hidden else pending.act.account
