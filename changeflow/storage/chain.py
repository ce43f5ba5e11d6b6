"""The audit chain on plain values, without a database: hashes of entries and rows, and checks of a chain.

docs/decisions/0012-the-audit-seals-rows-and-is-anchored.md describes the format.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii as json_text
from typing import NamedTuple, Protocol

GENESIS = "0" * 64
PLAIN, SEALING = 1, 2
"""The forms of an entry: that of 0.1.0, and the one that seals rows."""
WRITTEN, ENDED, SPOILT = "+", "-", "!"
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a machine's clock may go back between two entries without a note: our own choice."""
DATED_APART = timedelta(days=1)
"""Entries whose claimed moment is at least this far from the real one are listed: our own choice."""


class Entry(NamedTuple):
    """One entry of a programme's chain. The fields after `hash` exist only in form 2."""

    programme: str
    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    previous: str
    hash: str
    form: int = PLAIN
    real_at: datetime | None = None
    via: str | None = None
    account: str | None = None
    version: int | None = None
    facts: int | None = None
    root: str | None = None

    @property
    def days_apart(self) -> int:
        """Whole days from the claimed moment to the real one; positive if the entry is back-dated."""
        if self.real_at is None:
            return 0
        apart = self.real_at - self.at
        return apart.days if apart >= timedelta() else -(-apart).days


class Fact(NamedTuple):
    """One row that an entry wrote (`+`) or ended (`-`, `!`)."""

    programme: str
    number: int
    position: int
    op: str
    table: str
    digest: str
    key: str | None
    salt: str | None


class SealedRow(NamedTuple):
    """One row as it is in the database now, with the fact that seals it, or None."""

    table: str
    key: str
    content: str | None
    """None if the fact exists but the row does not."""
    digest: str | None
    salt: str | None
    programme: str | None
    """The programme of the chain that sealed it, or else the row's own."""
    number: int | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in the chain, or a difference from it."""

    programme: str
    number: int | None
    """The number of the entry; None if no entry is at fault."""
    what: str


class Witness(Protocol):
    """A record of entries that is kept outside the database."""

    def see(self, entry: Entry) -> Iterator[Fault]: ...

    def finish(self, heads: Mapping[str, tuple[int, str]]) -> Iterator[Fault]: ...


@dataclass(slots=True)
class ChainVerdict:
    """The result of a check."""

    entries: int = 0
    sealed: dict[str, int] = field(default_factory=dict)
    """Rows that match their seal, by table."""
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    """Entries at which the clock went back, which alone proves nothing."""
    dated_apart: int = 0
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Each chain's last entry: its number and hash."""
    unsealed: dict[str, int] = field(default_factory=dict)
    """Entries in the form of 0.1.0, by programme."""

    @property
    def facts(self) -> int:
        return sum(self.sealed.values())


def moment_text(at: datetime) -> str:
    """Write a moment in UTC, to the microsecond."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")


def entry_hash(e: Entry) -> str:
    """Return the hash of an entry, over all its fields and the hash before it."""
    plain: tuple[object, ...] = (e.programme, e.number, moment_text(e.at), e.actor, e.action, e.subject, e.previous)
    if e.form != PLAIN:
        real = moment_text(e.real_at) if e.real_at is not None else None
        plain = (e.form, *plain, real, e.via, e.account, e.version, e.facts, e.root)
    return hashlib.sha256(f"[{', '.join(map(_json, plain))}]".encode()).hexdigest()


def _json(value: object) -> str:
    """Write a string, an integer or None as `json.dumps` does, without making an encoder for each entry."""
    if isinstance(value, str):
        return json_text(value)
    return "null" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)


def row_digest(salt: str, content: str) -> str:
    """Return the digest of a row's canonical content, which reveals nothing without the salt."""
    return hashlib.sha256(f"{salt}\n{content}".encode()).hexdigest()


class Root:
    """The digest over an entry's facts, built up one by one."""

    def __init__(self) -> None:
        self._hash, self.count = hashlib.sha256(), 0

    def add(self, op: str, table: str, digest: str) -> None:
        self._hash.update(f"{op} {table} {digest}\n".encode())
        self.count += 1

    @property
    def text(self) -> str:
        return self._hash.hexdigest()


def check(
    entries: Iterable[Entry],
    facts: Iterable[Fact],
    ended: Iterable[str],
    rows: Iterable[SealedRow],
    *,
    witnesses: Iterable[Witness] = (),
) -> ChainVerdict:
    """Check chains, facts and rows against each other.

    `entries` are sorted by programme and number, `facts` by programme, number and position; `ended` are the digests of
    all facts that end others. Complexity: O(entries + facts + rows); only the ended digests are in memory.
    """
    verdict = ChainVerdict()
    chains = _Chains(verdict, facts, ended, tuple(witnesses))
    for entry in entries:
        chains.take(entry)
    chains.close()
    _check_rows(rows, chains.live, verdict)
    return verdict


class _Chains:
    """The walk along the chains, entry by entry."""

    def __init__(
        self, verdict: ChainVerdict, facts: Iterable[Fact], ended: Iterable[str], witnesses: tuple[Witness, ...]
    ) -> None:
        self.verdict, self.witnesses = verdict, witnesses
        self._facts = iter(facts)
        self._next = next(self._facts, None)
        self._ended: set[bytes] = set()
        self._twice = 0
        for digest in ended:
            packed = _packed(digest)
            self._twice += packed in self._ended
            self._ended.add(packed)
        self.live: dict[str, int] = {}
        """Facts not ended by a later one, by table."""
        self._strays: list[Fault] = []
        self._last: Entry | None = None
        self._is_broken = False

    def take(self, entry: Entry) -> None:
        self.verdict.entries += 1
        last = self._last if self._last is not None and self._last.programme == entry.programme else None
        if last is None:
            self._is_broken = False
        facts_fault = self._facts_fault(entry)
        what = _link_fault(entry, last) or facts_fault
        if what is not None and not self._is_broken:
            # After a broken link the stored hash is used, so that one fault is reported once.
            self.verdict.faults.append(Fault(entry.programme, entry.number, what))
            self._is_broken = True
        for witness in self.witnesses:
            self.verdict.faults.extend(witness.see(entry))
        self._note(entry, last)
        self._last = entry

    def _note(self, entry: Entry, last: Entry | None) -> None:
        self.verdict.heads[entry.programme] = (entry.number, entry.hash)
        if entry.form == PLAIN:
            self.verdict.unsealed[entry.programme] = self.verdict.unsealed.get(entry.programme, 0) + 1
        if entry.real_at is None:
            return
        if abs(entry.real_at - entry.at) >= DATED_APART:
            self.verdict.dated_apart += 1
        if last is not None and last.real_at is not None and entry.real_at < last.real_at - CLOCK_TOLERANCE:
            minutes = round((last.real_at - entry.real_at).total_seconds() / 60)
            what = f"the machine's clock went back by {minutes} minutes before it"
            self.verdict.warnings.append(Fault(entry.programme, entry.number, what))

    def _facts_fault(self, entry: Entry) -> str | None:
        """Compare an entry with its facts; facts without an entry are separate faults."""
        self._skip_strays((entry.programme, entry.number))
        root, what = Root(), None
        while self._next is not None and (self._next.programme, self._next.number) == (entry.programme, entry.number):
            fact, self._next = self._next, next(self._facts, None)
            root.add(fact.op, fact.table, fact.digest)
            found = self._fact_fault(fact, root.count)
            what = what or found
        if entry.form == PLAIN:
            return what or ("rows were added to those it sealed" if root.count else None)
        if (root.count, root.text) != (entry.facts, entry.root):
            return what or "the list of rows that it sealed was changed"
        return what

    def _fact_fault(self, fact: Fact, position: int) -> str | None:
        if fact.position != position:
            return "the order of the rows that it sealed was changed"
        if fact.op == SPOILT:
            return f"a row of '{fact.table}' had been changed outside changeflow before this entry ended it"
        if fact.op == ENDED:
            return None
        if fact.op != WRITTEN:
            return "the list of rows that it sealed was changed"
        packed = _packed(fact.digest)
        if packed in self._ended:
            self._ended.discard(packed)
            return None if fact.salt is None else f"a row of '{fact.table}' that was ended is sealed again"
        self.live[fact.table] = self.live.get(fact.table, 0) + 1
        if fact.salt is None or fact.key is None:
            return f"the salt or key of a row of '{fact.table}' was removed, and no entry ended the row"
        return None

    def _skip_strays(self, upto: tuple[str, int] | None) -> None:
        """Report facts that belong to no entry, up to an entry or to the end."""
        while self._next is not None and (upto is None or (self._next.programme, self._next.number) < upto):
            what = "rows are sealed by a missing entry"
            fault = Fault(self._next.programme, self._next.number, what)
            if not self._strays or self._strays[-1] != fault:
                self._strays.append(fault)
            self._next = next(self._facts, None)

    def close(self) -> None:
        self._skip_strays(None)
        self.verdict.faults.extend(self._strays)
        for witness in self.witnesses:
            self.verdict.faults.extend(witness.finish(self.verdict.heads))
        if stray := len(self._ended) + self._twice:
            what = f"entries end {stray} rows that no entry has sealed, or end them twice"
            self.verdict.faults.append(Fault("", None, what))


def _link_fault(entry: Entry, last: Entry | None) -> str | None:
    expected = last.number + 1 if last is not None else 1
    if entry.number != expected:
        return f"entry {expected} is missing" if entry.number > expected else f"entry {entry.number} is duplicated"
    if entry.previous != (last.hash if last is not None else GENESIS):
        return "it does not follow the entry before it"
    if entry.form not in (PLAIN, SEALING):
        return f"its form {entry.form} is unknown"
    if last is not None and entry.form < last.form:
        return "it has an older form than the entry before it"
    return None if entry_hash(entry) == entry.hash else "its content was changed"


def _check_rows(rows: Iterable[SealedRow], live: Mapping[str, int], verdict: ChainVerdict) -> None:
    """Compare rows with the facts that seal them."""
    seen: dict[str, int] = {}
    for row in rows:
        if row.digest is None:
            what = f"row {row.key} of '{row.table}' was written outside changeflow: no entry seals it"
            verdict.faults.append(Fault(row.programme or "", None, what))
            continue
        seen[row.table] = seen.get(row.table, 0) + 1
        if row.content is None:
            what = f"row {row.key} of '{row.table}', which it sealed, was removed without an entry"
        elif row_digest(row.salt or "", row.content) != row.digest:
            what = f"row {row.key} of '{row.table}' differs from the sealed row"
        else:
            verdict.sealed[row.table] = verdict.sealed.get(row.table, 0) + 1
            continue
        verdict.faults.append(Fault(row.programme or "", row.number, what))
    for table in sorted(seen):
        if (apart := live.get(table, 0) - seen[table]) != 0:
            what = f"the entries seal {live.get(table, 0)} rows of '{table}'; {seen[table]} have a salt ({apart:+d})"
            verdict.faults.append(Fault("", None, what))


def _packed(digest: str) -> bytes:
    """Store a digest in half the memory; an invalid one is kept unchanged and matches nothing."""
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return digest.encode()
