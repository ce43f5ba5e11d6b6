"""Erasures, kept outside the database, so that a restored copy does not bring anyone back.

One line an erasure: when, in which database, and a hash of the person and of their address, made with a key that lies
in the folder for state. Nothing in it names anyone. Lines are only ever added.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from changeflow.errors import InputError
from changeflow.storage.state import State, sync_folder


@dataclass(frozen=True, slots=True)
class Erasures:
    """Who was erased, as the ledger tells it."""

    key: bytes
    hashes: frozenset[str]

    def knows(self, programme: str, person: str, email: str | None) -> bool:
        """Tell whether a person was erased, under their id or under their address."""
        return any(found in self.hashes for found in _hashes(self.key, programme, person, email))


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure, before it is hashed."""

    identity: str
    """Of the database."""
    programme: str
    person: str
    email: str | None
    at: datetime


@contextmanager
def kept(state: State) -> Iterator[Callable[[Erasure], None]]:
    """Write erasures down within a transaction, before it commits; where it fails, note that they did not happen."""
    written: list[Erasure] = []

    def keep(erasure: Erasure) -> None:
        add(state, erasure)
        written.append(erasure)

    try:
        yield keep
    except BaseException:
        for erasure in written:
            with suppress(InputError):
                add(state, erasure, undone=True)
        raise


def add(state: State, erasure: Erasure, *, undone: bool = False) -> None:
    """Add a line; it is on the disk when this returns."""
    key = state.key(make=True) or b""
    line: dict[str, object] = {
        "at": erasure.at.isoformat(),
        "database": erasure.identity,
        "hashes": _hashes(key, erasure.programme, erasure.person, erasure.email),
    }
    _append(state, line | {"undone": True} if undone else line)


def read(state: State, *, identities: Collection[str] | None) -> Erasures | None:
    """Return the erasures in some databases, or in all; None where there are none.

    A ledger that cannot be understood is an `InputError`: people would come back.
    """
    counts: dict[str, int] = {}
    for line in _lines(state):
        if identities is None or line.get("database") in identities:
            for found in line["hashes"]:
                counts[found] = max(0, counts.get(found, 0) + (-1 if line.get("undone") else 1))
    hashes = frozenset(found for found, count in counts.items() if count)
    if not hashes:
        return None
    key = state.key(make=False)
    if key is None:
        raise InputError(
            f"The ledger of erasures '{state.ledger}' needs its key, '{state.folder / 'erasures.key'}', which is "
            "missing. Put the key back from a copy; without it people who were erased would come back."
        )
    return Erasures(key, hashes)


def _lines(state: State) -> Iterator[dict[str, Any]]:
    try:
        text = state.ledger.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"The ledger of erasures cannot be read: '{state.ledger}' ({error.strerror}).") from None
    *whole, last = text.split("\n")
    for number, row in enumerate([*whole, last], 1):
        if not row.strip():
            continue
        try:
            line = json.loads(row)
            if not isinstance(line["hashes"], list):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            if number == len(whole) + 1:
                return  # cut off while it was written: its erasure was not committed
            raise InputError(
                f"Line {number} of the ledger of erasures '{state.ledger}' is damaged. Put the ledger back from a copy."
            ) from None
        yield line


def _append(state: State, line: dict[str, object]) -> None:
    text = json.dumps(line, sort_keys=True) + "\n"
    with state.writing():
        is_new = not state.ledger.exists()
        if is_new:
            state.ledger.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(state.ledger, flags, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                _cut_torn_line(descriptor, size)
            _write_all(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(state.ledger.parent)


def _cut_torn_line(descriptor: int, size: int) -> None:
    """Drop a line that was cut off: its erasure was never committed."""
    content = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, content.rfind(b"\n") + 1)


def _write_all(descriptor: int, data: bytes) -> None:
    """Write a line, or leave the file as it was."""
    before = os.fstat(descriptor).st_size
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _hashes(key: bytes, programme: str, person: str, email: str | None) -> list[str]:
    names = [f"person\0{programme}\0{person}", *([f"address\0{programme}\0{email.casefold()}"] if email else [])]
    return [hmac.new(key, name.encode(), hashlib.sha256).hexdigest() for name in names]
