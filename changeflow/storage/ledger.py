"""Erasures, kept outside the database, so that a restored copy does not bring anyone back.

One line an erasure: when, in which database, and a hash of the person and of their address, made with the database's
key (`keys`), whose check value says which key it was. Nothing in it names anyone. Lines are only ever added.
"""

import errno
import json
import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from changeflow.errors import InputError, KeyFileError
from changeflow.files import NOT_ORDINARY, open_ordinary
from changeflow.storage import keys
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
    key = keys.key_for(state.url)
    line: dict[str, object] = {
        "at": erasure.at.isoformat(),
        "database": erasure.identity,
        "key": keys.check_of(key),
        "hashes": _hashes(key, erasure.programme, erasure.person, erasure.email),
    }
    _append(state, line | {"undone": True} if undone else line)


def note_new_key(state: State, identity: str, *, at: datetime) -> None:
    """Note that a person has given up the lost key of a database: what was hashed with it is no longer asked for."""
    if state.ledger.exists():
        check = keys.check_of(keys.key_for(state.url))
        _append(state, {"at": at.isoformat(), "database": identity, "key": check, "hashes": [], "renewed": True})


def read(state: State, session: Session, *, identities: Collection[str], everywhere: bool = False) -> Erasures | None:
    """Return the erasures in some databases; None where there are none.

    `everywhere`: also those of databases with other identities, for a copy that does not know its own. A ledger that
    cannot be understood, or whose key is missing or another one, is an `InputError`: people would come back.
    """
    lines = [line for line in _lines(state) if everywhere or line["database"] in identities]
    if not any(line["hashes"] for line in lines):
        return None
    key = _key(state, session)
    mine, counts, lost = keys.check_of(key), dict[str, int](), 0
    # A copy that has no key yet may be from before the lost one was given up.
    is_bound = keys.is_bound(session) and not everywhere
    for line in lines:
        if line.get("renewed") and line["key"] == mine and is_bound:
            lost = 0
        elif line["key"] != mine:
            lost += bool(line["hashes"]) and line["database"] in identities
        else:
            for found in line["hashes"]:
                counts[found] = max(0, counts.get(found, 0) + (-1 if line.get("undone") else 1))
    if lost:
        raise _cannot_be_read(state, "has lines that were made with another key")
    return Erasures(key, frozenset(found for found, count in counts.items() if count))


def _key(state: State, session: Session) -> bytes:
    try:
        key = keys.held_for(session)
    except KeyFileError as error:
        raise _cannot_be_read(state, f"needs the database's key file, which {error.what}") from None
    if key is None:
        raise _cannot_be_read(state, "needs the database's key file, which is missing")
    return key


def _cannot_be_read(state: State, why: str) -> InputError:
    return InputError(
        f"The ledger of erasures '{state.ledger}' {why} (now in use: '{keys.key_file(state.url)}'). Put the right key "
        "file back from a copy; without it people who were erased would come back. If that key is lost for good, move "
        "the ledger away, and erase them again by hand once the database is restored."
    )


def _lines(state: State) -> Iterator[dict[str, Any]]:
    try:
        with open_ordinary(state.ledger) as file:
            text = file.read().decode("utf-8", "replace")
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
            if not (isinstance(line["hashes"], list) and isinstance(line["key"], str) and line["database"]):
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
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(state.ledger, flags, 0o600)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, NOT_ORDINARY, str(state.ledger))
            size = found.st_size
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
    names = [("erased person", person), *([("erased address", email.casefold())] if email else [])]
    return [keys.keyed(key, what, programme, name) for what, name in names]
