"""The audit's anchor: a file outside the database that records each entry, so that a rewritten chain is noticed.

A line is `TIME KIND PROGRAMME FIRST LAST HASH LINK`. Each transaction writes a `begun` line before it commits and a
`stored` line after it, so an entry without a line was not written by changeflow, and a line without an entry is either
a transaction that did not commit (`begun` alone) or a removed entry. `accepted` is a person's statement that a head is
right, after a restore. LINK is a hash over the line and the previous link.

An anchor begins with the first entry of a database, or with an accepted head. A lost or emptied anchor does not begin
again automatically: changes are refused until a person accepts it. The same applies to each programme: once it has a
sealed entry it has a line, and if there is none, its changes are refused until a person accepts it.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from errno import EAGAIN, EINTR, EIO, EMFILE, ENFILE, ENOENT, ENOMEM, ESTALE
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from changeflow.errors import AnchorError, AnchorLostError, AnchorPlaceError, NotAcceptedError
from changeflow.files import FULL, check_ordinary, open_ordinary, sync, write_all
from changeflow.logs import log
from changeflow.storage.chain import GENESIS, Fault, moment_text

BEGUN, STORED, ACCEPTED = "begun", "stored", "accepted"
_FIELDS = 7
_PASSING = (*FULL, ENOENT, EIO, EINTR, EAGAIN, ENOMEM, EMFILE, ENFILE, ESTALE)
"""Errors that can be temporary although the path is correct, such as a folder that is not mounted."""
_BLOCK = 8192
_MOST_AT_THE_END = 16 * _BLOCK
"""How many bytes to read from the end at most: they always include a whole line that changeflow wrote."""
_AT_ONCE = 8 * _BLOCK
"""The size in bytes of the blocks to read if a line may be far from the end."""


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
    """An announcement, to be confirmed after the commit."""

    path: str
    heads: tuple[Head, ...]


def announce(path: str, heads: Sequence[Head], *, may_begin: bool, new: Collection[str] = ()) -> Anchored | None:
    """Announce entries before they are committed; an `AnchorError` stops the commit. Does nothing without a path.

    With `may_begin` no entry is sealed yet, so an anchor without a line is new; otherwise it is lost. `new` are the
    programmes without a sealed entry; all others need a line.
    """
    if not path:
        return None
    _append(path, BEGUN, heads, may_begin=may_begin, new=new)
    return Anchored(path, tuple(heads))


def confirm(anchored: Anchored | None) -> None:
    """Confirm the commit. A failure is only logged, because the announcement already accounts for the entries."""
    if anchored is None:
        return
    try:
        _append(anchored.path, STORED, anchored.heads)
    except AnchorError as error:
        log("anchor", error=str(error))


def accept(path: str, heads: Sequence[Head]) -> None:
    """Record that a person accepts these heads; lines about later entries no longer count."""
    _append(path, ACCEPTED, heads, may_begin=True)


def read(path: Path) -> Iterator[Line | Fault]:
    """Yield the lines of an anchor and their faults. A line that a crash cut short is skipped.

    A missing file has no lines.
    """
    try:
        with TextIOWrapper(open_ordinary(path), encoding="utf-8", errors="replace") as text:
            # Our lines are shorter than a block; this limit prevents another file from filling the memory.
            yield from checked(iter(lambda: text.readline(_BLOCK), ""))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _meaning(error, path, saved="Nothing was checked.") from None


def checked(lines: Iterable[str]) -> Iterator[Line | Fault]:
    """Check that each line follows the previous one; after a fault, continue from the lines present."""
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
    """Parse one line of an anchor; return None for any other text."""
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


def _append(path: str, kind: str, heads: Sequence[Head], *, may_begin: bool = False, new: Collection[str] = ()) -> None:
    try:
        with _locked(path, create=may_begin) as file:
            link, is_whole = _last_link(file, path)
            if link == GENESIS and not may_begin:
                raise AnchorLostError(path)
            known = {head.programme for head in heads if head.programme not in new}
            if kind != ACCEPTED and link != GENESIS and (missing := _without_a_line(file, known)):
                raise NotAcceptedError(path, min(missing))
            text = "" if is_whole else "\n"
            for head in heads:
                line = Line(head.at, kind, head.programme, head.first, head.last, head.hash, "")
                link = _link(link, line.body)
                text += f"{line.body} {link}\n"
            write_all(file, text.encode())
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
    """Open the file for one writer at a time; a new file is readable and writable only by its owner."""
    import fcntl

    is_there = Path(path).exists()
    if is_there:
        # Checked before opening, which could affect a device.
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
        sync(Path(path).parent)


def _last_link(file: int, path: str) -> tuple[str, bool]:
    """Return the link of the last whole line, and whether the file ends with one; foreign files have none."""
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


def _without_a_line(file: int, programmes: set[str]) -> set[str]:
    """Return the programmes without a line.

    Reads from the end, because programmes that are in use have their lines there. Complexity: O(bytes after the
    programme's last line).
    """
    missing, end, cut = set(programmes), os.fstat(file).st_size, b""
    while missing and end > 0:
        start = max(0, end - _AT_ONCE)
        block = os.pread(file, end - start, start) + cut
        # The first line of a block may begin in the previous block.
        at = block.find(b"\n") + 1 if start > 0 else 0
        cut, end = block[:at], start
        # Few blocks contain the name, so few lines are parsed.
        if any(f" {name} ".encode() in block for name in missing):
            lines = map(parse, block[at:].decode("utf-8", "replace").splitlines(keepends=True))
            missing -= {line.programme for line in lines if line is not None}
    return missing
