"""The ledger of erasures, outside the database, so that a restored copy does not bring anyone back.

Each line is one erasure: its time, its database, and keyed hashes of the person and their address, with the check value
of the key (`keys`). It names no one. Lines are only ever added.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from changeflow.errors import InputError, KeyFileError
from changeflow.storage import keys
from changeflow.storage.custody import MachineState, read_lines


@dataclass(frozen=True, slots=True)
class Erasures:
    """The erased people in the ledger."""

    key: bytes
    hashes: frozenset[str]

    def knows(self, programme: str, person: str, email: str | None) -> bool:
        """Return whether a person was erased, under their id or under their address."""
        return any(found in self.hashes for found in _hashes(self.key, programme, person, email))


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure before hashing."""

    identity: str
    """The identity of the database."""
    programme: str
    person: str
    email: str | None
    at: datetime


@contextmanager
def kept(state: MachineState) -> Iterator[Callable[[Erasure], None]]:
    """Record erasures before their transaction commits; if it fails, record that they did not happen."""
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


def add(state: MachineState, erasure: Erasure, *, undone: bool = False) -> None:
    """Add a line, which is on disk when this returns."""
    key = keys.key_for(state.url)
    line: dict[str, object] = {
        "at": erasure.at.isoformat(),
        "database": erasure.identity,
        "key": keys.check_of(key),
        "hashes": _hashes(key, erasure.programme, erasure.person, erasure.email),
    }
    state.append(state.ledger, line | {"undone": True} if undone else line)


def note_new_key(state: MachineState, identity: str, *, at: datetime) -> None:
    """Record that a person has given up a database's lost key; its hashes are no longer required."""
    if state.ledger.exists():
        check = keys.check_of(keys.key_for(state.url))
        line = {"at": at.isoformat(), "database": identity, "key": check, "hashes": [], "renewed": True}
        state.append(state.ledger, line)


def read(
    state: MachineState, session: Session, *, identities: Collection[str], everywhere: bool = False
) -> Erasures | None:
    """Return the erasures in the given databases; None if there are none.

    `everywhere` includes databases with other identities, for a copy without its own. An unreadable ledger, or a
    missing or wrong key, raises `InputError`, because erased people would come back.
    """
    found = [line for line in _lines(state) if everywhere or line["database"] in identities]
    if not any(line["hashes"] for line in found):
        return None
    key = _key(state, session)
    mine, counts, lost = keys.check_of(key), dict[str, int](), 0
    # A copy without a key may be older than the lost key's replacement.
    is_bound = keys.is_bound(session) and not everywhere
    for line in found:
        if line.get("renewed") and line["key"] == mine and is_bound:
            lost = 0
        elif line["key"] != mine:
            lost += bool(line["hashes"]) and line["database"] in identities
        else:
            for digest in line["hashes"]:
                counts[digest] = max(0, counts.get(digest, 0) + (-1 if line.get("undone") else 1))
    if lost:
        raise _cannot_be_read(state, "has lines that were made with another key")
    return Erasures(key, frozenset(digest for digest, count in counts.items() if count))


def _key(state: MachineState, session: Session) -> bytes:
    try:
        key = keys.held_for(session)
    except KeyFileError as error:
        raise _cannot_be_read(state, f"needs the database's key file, which {error.what}") from None
    if key is None:
        raise _cannot_be_read(state, "needs the database's key file, which is missing")
    return key


def _cannot_be_read(state: MachineState, why: str) -> InputError:
    return InputError(
        f"The ledger of erasures '{state.ledger}' {why} (now in use: '{keys.key_file(state.url)}'). Restore the right "
        "key file from a copy; without it, erased people would come back. If that key is lost for good, move the "
        "ledger away and erase these people again after the database is restored."
    )


def _lines(state: MachineState) -> Iterator[dict[str, Any]]:
    def is_one(line: dict[str, Any]) -> bool:
        return isinstance(line["hashes"], list) and isinstance(line["key"], str) and bool(line["database"])

    remedy = "Restore it from a copy; without it, erased people would come back."
    return read_lines(state.ledger, "ledger of erasures", is_one, remedy=remedy)


def _hashes(key: bytes, programme: str, person: str, email: str | None) -> list[str]:
    names = [("erased person", person), *([("erased address", email.casefold())] if email else [])]
    return [keys.keyed(key, what, programme, name) for what, name in names]
