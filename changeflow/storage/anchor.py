"""The audit's anchor: a file outside the database that each entry is written to, so that no rewriting goes unseen.

A line is `TIME KIND PROGRAMME FIRST LAST HASH LINK`. Each transaction writes a `begun` line before it commits and a
`stored` line after it, so an entry without a line was not written by changeflow, and a line without an entry is either
a transaction that did not commit (`begun` alone) or an entry that is gone. `accepted` is a person's statement that a
head is right, after a restore. LINK is a hash over the line and the link before it.

An anchor begins with the first entry of a database, or with an accepted head. One that is lost or emptied does not
begin again without a person: changes are refused until then.
"""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from changeflow.errors import AnchorError, AnchorLostError, AnchorPlaceError
from changeflow.files import FULL, check_ordinary, open_ordinary
from changeflow.logs import log
from changeflow.storage.chain import CLOCK_TOLERANCE, GENESIS, SEALING, Entry, Fault, moment_text

BEGUN, STORED, ACCEPTED = "begun", "stored", "accepted"
_FIELDS = 7
_EMPTY = (
    "the anchor has no line: the file was lost or emptied, or no one has begun it. Put it back from a copy, or accept "
    "the database as it is with 'changeflow audit anchor'"
)
_BEGUN_LATE = (
    "the anchor has nothing of it or of what came before, and no one has accepted that: lines were lost, or the anchor "
    "was set later. Put the file back from a copy, or accept the database as it is with 'changeflow audit anchor'"
)
_NEVER = "it was never anchored: a process without CHANGEFLOW_ANCHOR wrote it, or someone outside changeflow"
_PASSING = (
    *FULL,
    errno.ENOENT,
    errno.EIO,
    errno.EINTR,
    errno.EAGAIN,
    errno.ENOMEM,
    errno.EMFILE,
    errno.ENFILE,
    errno.ESTALE,
)
"""What may be wrong for a while with a place that is right: a folder that is not mounted, a file that was removed."""
_BLOCK = 8192
_MOST_AT_THE_END = 16 * _BLOCK
"""Bytes in which there must be a whole line of ours."""


class Head(NamedTuple):
    """Entries that one transaction adds to a chain; `hash` is the last one's."""

    programme: str
    first: int
    last: int
    hash: str
    at: datetime
    """The real time."""


class Line(NamedTuple):
    """One line of an anchor."""

    at: datetime
    kind: str
    programme: str
    first: int
    last: int
    hash: str
    link: str

    @property
    def body(self) -> str:
        return f"{moment_text(self.at)} {self.kind} {self.programme} {self.first} {self.last} {self.hash}"


@dataclass(frozen=True, slots=True)
class Anchored:
    """What was announced, to be confirmed once it is committed."""

    path: str
    heads: tuple[Head, ...]


def announce(path: str, heads: Sequence[Head], *, may_begin: bool) -> Anchored | None:
    """Write what is about to be committed; an `AnchorError` stops the commit. Without a path nothing is written.

    `may_begin`: no entry is sealed yet, so an anchor without a line is a new one. Otherwise it is lost.
    """
    if not path:
        return None
    _append(path, BEGUN, heads, may_begin=may_begin)
    return Anchored(path, tuple(heads))


def confirm(anchored: Anchored | None) -> None:
    """Write that it was committed. A failure is logged alone: what was announced already vouches for the entries."""
    if anchored is None:
        return
    try:
        _append(anchored.path, STORED, anchored.heads)
    except AnchorError as error:
        log("anchor", error=str(error))


def accept(path: str, heads: Sequence[Head]) -> None:
    """Write that a person holds these heads to be right: the lines beyond them no longer count."""
    _append(path, ACCEPTED, heads, may_begin=True)


def read(path: Path) -> Iterator[Line | Fault]:
    """Yield the lines of an anchor, and what is wrong with them. A line that a crash cut short is passed over.

    A file that is missing has no line.
    """
    try:
        with TextIOWrapper(open_ordinary(path), encoding="utf-8", errors="replace") as text:
            # No line of ours is that long: of another file none fills the memory.
            yield from checked(iter(lambda: text.readline(_BLOCK), ""))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _meaning(error, path, saved="Nothing was checked.") from None


def checked(lines: Iterable[str]) -> Iterator[Line | Fault]:
    """Check that each line follows the one before it; after a fault, the lines that are there are taken as they are."""
    link, has_fault = GENESIS, False
    for number, text in enumerate(lines, start=1):
        line = parse(text)
        if line is None:
            continue
        if line.link != _link(link, text[: -len(line.link) - 2]) and not has_fault:
            has_fault = True
            yield Fault(
                line.programme, None, f"line {number} of the anchor was changed, or lines before it were removed"
            )
        link = line.link
        yield line


def parse(text: str) -> Line | None:
    """Read one line; None for what is none."""
    at, *parts = text[:-1].split(" ")
    if len(parts) != _FIELDS - 1 or text[-1] != "\n" or not (parts[2].isdecimal() and parts[3].isdecimal()):
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return Line(moment, parts[0], parts[1], int(parts[2]), int(parts[3]), parts[4], parts[5])


def _link(before: str, body: str) -> str:
    return hashlib.sha256(f"{before} {body}".encode()).hexdigest()


def _append(path: str, kind: str, heads: Sequence[Head], *, may_begin: bool = False) -> None:
    try:
        with _locked(path, create=may_begin) as file:
            link, is_whole = _last_link(file, path)
            if link == GENESIS and not may_begin:
                raise AnchorLostError(path)
            text = "" if is_whole else "\n"
            for head in heads:
                line = Line(head.at, kind, head.programme, head.first, head.last, head.hash, "")
                link = _link(link, line.body)
                text += f"{line.body} {link}\n"
            data = text.encode()
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
    except FileNotFoundError as error:
        if Path(path).parent.is_dir():
            raise AnchorLostError(path) from None
        raise AnchorError(path, error.strerror or str(error)) from None
    except OSError as error:
        raise _meaning(error, path) from None


def _meaning(error: OSError, path: str | Path, *, saved: str = "No changes saved.") -> AnchorError:
    kind = AnchorError if error.errno in _PASSING else AnchorPlaceError
    return kind(str(path), error.strerror or str(error), saved=saved)


@contextmanager
def _locked(path: str, *, create: bool) -> Iterator[int]:
    """Open the file for one writer at a time; readable and writable by its owner alone when it is made here."""
    import fcntl

    is_there = Path(path).exists()
    if is_there:
        # Before it is opened, which may do something to a device.
        check_ordinary(Path(path))
    is_new = create and not is_there
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_CREAT if create else 0)
    file = os.open(path, flags, 0o600)
    try:
        check_ordinary(file, named=path)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)
    if is_new:
        _sync_folder(Path(path).parent)


def _sync_folder(folder: Path) -> None:
    """Make a new file's name last: without this a power cut may take it."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _last_link(file: int, path: str) -> tuple[str, bool]:
    """Return the link of the last whole line, and whether the file ends with one; another file has no such line."""
    end = os.fstat(file).st_size
    tail, start = b"", end
    while start > 0:
        step = min(_BLOCK, start)
        start -= step
        tail = os.pread(file, step, start) + tail
        lines = tail.decode("utf-8", "replace").splitlines(keepends=True)
        for text in reversed(lines[1:] if start > 0 else lines):
            if (line := parse(text)) is not None:
                return line.link, tail.endswith(b"\n")
        if len(tail) > _MOST_AT_THE_END:
            raise AnchorPlaceError(path, "it is another kind of file")
    return GENESIS, end == 0 or tail.endswith(b"\n")


class _Ranges:
    """Numbers, kept as ranges: entries are numbered without a gap, so there are few."""

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
        """Forget a number and all after it."""
        self._ranges = [(a, min(b, number - 1)) for a, b in self._ranges if a < number]


@dataclass(slots=True)
class _Timeline:
    """What an anchor has seen of one programme."""

    since: int
    """The first entry that has a line; the hashes of the chain vouch for those before it."""
    accepted: int = 0
    stored: dict[int, str] = field(default_factory=dict)
    """The hash of each transaction's last entry."""
    begun: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    """By the last number: the hash that was announced last, and when."""
    begun_before: dict[int, dict[str, datetime]] = field(default_factory=dict)
    """The same of announcements that another followed: their transactions did not commit."""
    seen: _Ranges = field(default_factory=_Ranges)
    """Numbers that some line has."""
    kept: _Ranges = field(default_factory=_Ranges)
    """Numbers that were stored."""
    fork: int | None = None
    """A number that was stored twice, with different hashes."""
    is_bad: bool = False

    def misses(self, entry: Entry) -> bool:
        """Tell whether the anchor began after a sealed entry, and no one has accepted that."""
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
            # The text that was announced is kept once, not twice: there may be a million.
            announced = self.begun.get(line.last, ("",))[0]
            self.stored[line.last] = announced if announced == line.hash else line.hash
            self.kept.add(line.first, line.last)

    def announced(self, entry: Entry) -> datetime | None:
        """Return when an entry was announced as the last of its transaction; None where it was not."""
        known, at = self.begun[entry.number]
        return at if known == entry.hash else self.begun_before.get(entry.number, {}).get(entry.hash)

    def _forget(self, number: int) -> None:
        """Forget what was seen from a number on: the database was put back to before it."""
        self.stored = {n: h for n, h in self.stored.items() if n < number}
        self.begun = {n: h for n, h in self.begun.items() if n < number}
        self.begun_before = {n: h for n, h in self.begun_before.items() if n < number}
        self.seen.cut(number)
        self.kept.cut(number)


class AnchorWitness:
    """An anchor as a witness of a chain."""

    def __init__(self, lines: Iterable[Line | Fault]) -> None:
        self._faults: list[Fault] = []
        self._timelines: dict[str, _Timeline] = {}
        self.first: Line | None = None
        self.last: Line | None = None
        self._late: set[str] = set()
        self.lines = self.accepted = 0
        """Lines that are there, and those by which a person accepted a head."""
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
        """A programme of which the anchor has no line may rest since before it; it has not been written to since."""
        if self.first is None or entry.real_at is None or entry.programme in self._late:
            return
        if entry.real_at > self.first.at + CLOCK_TOLERANCE:
            what = _NEVER
        elif self.first.kind != ACCEPTED and entry.form >= SEALING:
            what = _BEGUN_LATE
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
        """Return the chains that the anchor has only from a later entry on, with that entry."""
        known = {name: self._timelines[name].since for name in sorted(set(programmes) & self._timelines.keys())}
        return [(name, since) for name, since in known.items() if since > 1]

    def strangers(self, programmes: Iterable[str]) -> list[str]:
        """Return the programmes of which the anchor has no line."""
        return sorted(set(programmes) - self._timelines.keys())


def _seen_otherwise(own: _Timeline, entry: Entry) -> str | None:
    number = entry.number
    if own.stored.get(number, entry.hash) != entry.hash:
        return "it is not the entry that was anchored: it was rewritten, or one before it was"
    if own.misses(entry):
        return _BEGUN_LATE
    if number < own.since or number <= own.accepted:
        return None
    if not own.seen.meets(number, number):
        return _NEVER
    if number not in own.begun:
        return None  # its transaction went on, and the last entry of that one vouches for it
    announced = own.announced(entry)
    if announced is None:
        return "it is not the entry that was anchored: it was rewritten, or one before it was"
    if entry.real_at is not None and abs(announced - entry.real_at) > CLOCK_TOLERANCE:
        return "its real time is not the one that was anchored"
    return None


@dataclass(slots=True)
class HeadWitness:
    """Heads that were noted elsewhere, such as on a printed report: by programme and number, the hash's beginning."""

    heads: Mapping[tuple[str, int], Sequence[tuple[str, str]]]
    """Each with where it was noted."""

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
