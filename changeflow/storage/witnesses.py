"""Witnesses of the audit: an anchor's lines, or heads noted elsewhere, compared with a database's entries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from changeflow.storage.anchor import ACCEPTED, BEGUN, STORED, Line
from changeflow.storage.chain import CLOCK_TOLERANCE, SEALING, Entry, Fault

_EMPTY = (
    "the anchor file is empty: it was lost or emptied, or was never started. Put it back from a copy, or accept the "
    "database as it is with `changeflow audit anchor`"
)
_BEGUN_LATE = (
    "the anchor has neither this entry nor earlier ones, and no one has accepted that: lines were lost, or the anchor "
    "was set later. Put the file back from a copy, or accept the programme as it is with `changeflow audit anchor "
    "--programme {}`"
)
_NEVER = "it was never anchored: a process without CHANGEFLOW_ANCHOR wrote it, or someone outside changeflow"


class AnchorWitness:
    """An anchor as a witness of a chain."""

    def __init__(self, lines: Iterable[Line | Fault]) -> None:
        self._faults: list[Fault] = []
        self._timelines: dict[str, _Timeline] = {}
        self.first: Line | None = None
        self.last: Line | None = None
        self._late: set[str] = set()
        self.lines = self.accepted = 0
        """The number of all lines, and of those with which a person accepted a head."""
        for line in lines:
            if isinstance(line, Fault):
                self._faults.append(line)
                continue
            self.first = self.first or line
            self.last, self.lines = line, self.lines + 1
            self.accepted += line.kind == ACCEPTED
            self._timelines.setdefault(line.programme, _Timeline(line.first)).take(line)

    def see(self, entry: Entry) -> Iterator[Fault]:
        own = self._timelines.get(entry.programme)
        if own is None:
            yield from self._see_stranger(entry)
            return
        if own.is_bad or (what := _seen_otherwise(own, entry)) is None:
            return
        own.is_bad = True
        yield Fault(entry.programme, entry.number, what)

    def _see_stranger(self, entry: Entry) -> Iterator[Fault]:
        """Report each programme without a line, even if others were accepted: its remaining entries prove nothing.

        Entries of 0.1.0, which seal nothing, were never anchored.
        """
        if self.first is None or entry.real_at is None or entry.programme in self._late:
            return
        if entry.real_at > self.first.at + CLOCK_TOLERANCE:
            what = _NEVER
        elif entry.form >= SEALING:
            what = _BEGUN_LATE.format(entry.programme)
        else:
            return
        self._late.add(entry.programme)
        yield Fault(entry.programme, entry.number, what)

    def finish(self, heads: Mapping[str, tuple[int, str]]) -> Iterator[Fault]:
        yield from self._faults
        if self.first is None and heads:
            yield Fault("", None, _EMPTY)
        for programme, own in sorted(self._timelines.items()):
            head, top = heads.get(programme, (0, ""))[0], max(own.stored, default=0)
            if head == 0 and top:
                yield Fault(programme, None, f"the whole chain is gone; the anchor has {top} entries")
            elif head < top:
                what = (
                    f"the database is older than the anchor (entry {head}, anchor {top}): an older copy was restored, "
                    "or the last entries were removed with everything they wrote"
                )
                yield Fault(programme, None, what)
            if own.fork is not None and not own.is_bad:
                what = (
                    "it was written twice: an older copy was restored, and no one has accepted it with "
                    "'changeflow audit anchor'"
                )
                yield Fault(programme, own.fork, what)

    def late(self, programmes: Iterable[str]) -> list[tuple[str, int]]:
        """Return the chains whose earliest entries the anchor does not cover, with the first entry that it does."""
        known = {name: self._timelines[name].since for name in sorted(set(programmes) & self._timelines.keys())}
        return [(name, since) for name, since in known.items() if since > 1]

    def strangers(self, programmes: Iterable[str]) -> list[str]:
        """Return the programmes without a line in the anchor."""
        return sorted(set(programmes) - self._timelines.keys())


@dataclass(slots=True)
class HeadWitness:
    """Heads noted elsewhere, such as on a printed report: the beginning of each hash, by programme and number."""

    heads: Mapping[tuple[str, int], Sequence[tuple[str, str]]]
    """Each with its source."""

    def see(self, entry: Entry) -> Iterator[Fault]:
        for where, known in self.heads.get((entry.programme, entry.number), ()):
            if not entry.hash.startswith(known):
                what = f"{where} has another entry {entry.number}: it was rewritten, or one before it was"
                yield Fault(entry.programme, entry.number, what)

    def finish(self, heads: Mapping[str, tuple[int, str]]) -> Iterator[Fault]:
        for (programme, number), noted in sorted(self.heads.items()):
            head = heads.get(programme, (0, ""))[0]
            if number > head:
                what = f"the database is older than {noted[0][0]} (entry {head} here, entry {number} there)"
                yield Fault(programme, None, what)


class _Ranges:
    """Numbers stored as ranges; entries have no gaps, so there are few ranges."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def add(self, first: int, last: int) -> None:
        if self._ranges and self._ranges[-1][0] <= first <= self._ranges[-1][1] + 1:
            self._ranges[-1] = (self._ranges[-1][0], max(last, self._ranges[-1][1]))
        else:
            self._ranges.append((first, last))

    def meets(self, first: int, last: int) -> bool:
        return any(a <= last and first <= b for a, b in reversed(self._ranges))

    def cut(self, number: int) -> None:
        """Forget a number and all later ones."""
        self._ranges = [(a, min(b, number - 1)) for a, b in self._ranges if a < number]


@dataclass(slots=True)
class _Timeline:
    """An anchor's record of one programme."""

    since: int
    """The first entry with a line; the chain's hashes vouch for earlier ones."""
    accepted: int = 0
    stored: dict[int, str] = field(default_factory=dict)
    """The hash of each transaction's last entry."""
    begun: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    """By the last number: the hash announced last, and when."""
    begun_before: dict[int, dict[str, datetime]] = field(default_factory=dict)
    """The same for earlier announcements of that number, whose transactions did not commit."""
    seen: _Ranges = field(default_factory=_Ranges)
    """Numbers with any line."""
    kept: _Ranges = field(default_factory=_Ranges)
    """Stored numbers."""
    fork: int | None = None
    """A number stored twice with different hashes."""
    is_bad: bool = False

    def misses(self, entry: Entry) -> bool:
        """Return whether the anchor began after a sealed entry without a person's acceptance."""
        return entry.number < self.since and entry.form >= SEALING and not self.accepted

    def take(self, line: Line) -> None:
        if line.kind == ACCEPTED:
            self.accepted, self.fork = line.last, None
            self._forget(line.last)
            self.stored[line.last] = line.hash
            return
        self.seen.add(line.first, line.last)
        if line.kind == BEGUN:
            if (before := self.begun.get(line.last)) is not None:
                self.begun_before.setdefault(line.last, {})[before[0]] = before[1]
            self.begun[line.last] = (line.hash, line.at)
        elif line.kind == STORED and self.stored.get(line.last) != line.hash:
            if self.kept.meets(line.first, line.last):
                self.fork = self.fork or line.first
                begun = self.begun.get(line.last)
                self._forget(line.first)
                self.seen.add(line.first, line.last)
                if begun is not None:
                    self.begun[line.last] = begun
            # The announced text is stored once, because there may be a million.
            announced = self.begun.get(line.last, ("",))[0]
            self.stored[line.last] = announced if announced == line.hash else line.hash
            self.kept.add(line.first, line.last)

    def announced(self, entry: Entry) -> datetime | None:
        """Return when an entry was announced as the last of its transaction; None if it was not."""
        known, at = self.begun[entry.number]
        return at if known == entry.hash else self.begun_before.get(entry.number, {}).get(entry.hash)

    def _forget(self, number: int) -> None:
        """Forget the entry with a number and all later ones, because the database was restored to an earlier state."""
        self.stored = {n: h for n, h in self.stored.items() if n < number}
        self.begun = {n: h for n, h in self.begun.items() if n < number}
        self.begun_before = {n: h for n, h in self.begun_before.items() if n < number}
        self.seen.cut(number)
        self.kept.cut(number)


def _seen_otherwise(own: _Timeline, entry: Entry) -> str | None:
    number = entry.number
    if own.stored.get(number, entry.hash) != entry.hash:
        return "it is not the entry that was anchored: it was rewritten, or one before it was"
    if own.misses(entry):
        return _BEGUN_LATE.format(entry.programme)
    if number < own.since or number <= own.accepted:
        return None
    if not own.seen.meets(number, number):
        return _NEVER
    if number not in own.begun:
        return None  # its transaction has later entries, and the last of them vouches for it
    announced = own.announced(entry)
    if announced is None:
        return "it is not the entry that was anchored: it was rewritten, or one before it was"
    if entry.real_at is not None and abs(announced - entry.real_at) > CLOCK_TOLERANCE:
        return "its real time is not the one that was anchored"
    return None
