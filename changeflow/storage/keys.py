"""The key of a database, kept in a separate file, and the pseudonyms made with it.

Someone who steals a copy of the database could test every address of a school against plain hashes; keyed hashes reveal
nothing without the key file. The database stores a check value, so that a wrong or missing key is an error and is never
silently replaced.

Recipients of messages, Message-IDs and tombstones are kept after a person's other data is gone: they must be
recognisable but not readable. Each is a keyed hash over the plain hash that 0.1.0 stored, so every row of 0.1.0 can be
converted without knowing its person.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from changeflow.adkar.people import Contact
from changeflow.errors import KeyFileError, KeyFileUnsetError
from changeflow.files import read_ordinary, sync
from changeflow.storage import audit, versions
from changeflow.storage.database import engine_for, sqlite_path, url_of
from changeflow.storage.tables.keys import KeyCheckRow
from changeflow.values.acting import current

if TYPE_CHECKING:
    from changeflow.storage.tables.messages import MessageRow

KEY_BYTES = 32
_MOST_BYTES = 1_000
"""The largest size in bytes of a key file, which has 64 digits and a line end."""
_KEY = "key"
"""Where a session stores its checked key."""
_place: Path | None = None


def keep_in(file: Path | None) -> Path | None:
    """Keep keys in `file` (`CHANGEFLOW_KEY_FILE`), or beside each SQLite file if it is None; return the old setting."""
    global _place
    before, _place = _place, file
    return before


def key_file(url: str) -> Path:
    """Return the path of a database's key: the configured file, or `<database file>.key` beside SQLite."""
    if _place is not None:
        return _place
    if engine_for(url).dialect.name != "sqlite":
        raise KeyFileUnsetError
    path = sqlite_path(url)
    return path.with_name(f"{path.name}.key")


def key_for(url: str) -> bytes:
    """Return the key of a database, creating it if there is none. Does not check it against the database."""
    file = key_file(url)
    return _read(file) or _create(file)


def key_of(session: Session) -> bytes:
    """Return the key of an open database; raise `KeyFileError` if it is the wrong key. Writes no row."""
    known: bytes | None = session.info.get(_KEY)
    if known is None:
        file, check = key_file(url_of(session)), _check_in(session)
        known = _read(file)
        if check is not None and known is None:
            raise KeyFileError(file, "is missing")
        if known is None:
            known = _create(file)
        elif check is not None and not hmac.compare_digest(check, check_of(known)):
            raise KeyFileError(file, "belongs to another database")
        session.info[_KEY] = known
    return known


def lend(session: Session, key: bytes) -> None:
    """Let a session on a copy of a database use that database's key."""
    session.info[_KEY] = key


def held_for(session: Session) -> bytes | None:
    """Return the key of an open database as `key_of` does, but do not create one: None if there is no key file."""
    return key_of(session) if _read(key_file(url_of(session))) is not None else None


def is_bound(session: Session) -> bool:
    """Return whether the database holds hashes made with a key."""
    return _check_in(session) is not None


def bind(session: Session) -> None:
    """Store the check value of the key; from now on the database works only with this key."""
    mine = check_of(key_of(session))
    with suppress(IntegrityError), session.begin_nested():
        session.add(KeyCheckRow(check=mine))
    if _check_in(session) != mine:
        raise KeyFileError(key_file(url_of(session)), "was created while another machine created its own")


def renew(session: Session) -> Path | None:
    """Replace a lost key with a new one; return where a wrong key is now kept."""
    file = key_file(url_of(session))
    kept = None
    if file.exists():
        kept = file.with_name(f"{file.name}.{secrets.token_hex(4)}.old")
        file.rename(kept)
    session.exec(delete(KeyCheckRow))
    session.expire_all()
    session.info.pop(_KEY, None)
    bind(session)
    return kept


def keyed(key: bytes, *parts: str) -> str:
    """Hash parts with a key into 64 hexadecimal digits. The first part names the purpose."""
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def check_of(key: bytes) -> str:
    """Return a check value that identifies a key without revealing it."""
    return keyed(key, "check")[:KEY_BYTES]


def _check_in(session: Session) -> str | None:
    row = session.get(KeyCheckRow, 1)
    return row.check if row is not None else None


def _read(file: Path) -> bytes | None:
    """Return the key in a file; None if the file does not exist."""
    try:
        key = bytes.fromhex(read_ordinary(file, most=_MOST_BYTES).decode("ascii").strip())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(file, f"cannot be read ({error.strerror})") from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileError(file, "is not a changeflow key")
    return key


def _create(file: Path) -> bytes:
    """Create a complete key file that only its owner may read; if another process was faster, use its key."""
    part = file.with_name(f".{file.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as out:
                out.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
                out.flush()
                os.fsync(out.fileno())
            # A link, unlike a rename, never replaces an existing key.
            with suppress(FileExistsError):
                file.hardlink_to(part)
        finally:
            part.unlink(missing_ok=True)
        sync(file.parent)
    except OSError as error:
        raise KeyFileError(file, f"cannot be made ({error.strerror})") from None
    found = _read(file)
    if found is None:
        raise KeyFileError(file, "is missing")
    return found


RECIPIENT_DIGITS, MESSAGE_DIGITS = 32, 40
_OLD_RECIPIENT = re.compile(r"[0-9a-f]{32}")
_OLD_MESSAGE = re.compile(r"<([0-9a-f]{32})(@[^>]*>)")
"""Message-IDs of 0.1.0: a plain hash of the recipient, the day and a number."""
IN_USE = ("open", "parked")
"""States of messages that a mail server or person may still know by their Message-ID."""


def recipient_of(key: bytes, programme: str, person: str, contact: Contact | None) -> str:
    """Return a recipient's identity, the same in every programme: from their address, or else from their id."""
    if contact and contact.email:
        return recipient_at(key, contact.email)
    return _recipient(key, hashlib.sha256(f"{programme}/{person}".encode()).hexdigest()[:RECIPIENT_DIGITS])


def recipient_at(key: bytes, email: str) -> str:
    """Return the identity of an address."""
    return _recipient(key, hashlib.sha256(email.casefold().encode()).hexdigest()[:RECIPIENT_DIGITS])


def tombstones_of(
    key: bytes, programme: str, person: str, email: str | None, *, recipients: Iterable[str] = ()
) -> list[str]:
    """Return the contents of a tombstone: the id, the address, and each hash under which they received messages.

    An earlier address is known only by such a hash.
    """
    names = [f"person:{person}", *([f"address:{email.casefold()}"] if email else [])]
    names += [f"recipient:{one}" for one in sorted(recipients)]
    return [_tombstone(key, programme, hashlib.sha256(name.encode()).hexdigest()) for name in names]


def message_id(key: bytes, recipient: str, day: date, number: int, *, domain: str, releases: int = 0) -> str:
    """Return the Message-ID of a recipient's nth message of a day, the same for each attempt.

    After a restore is released, numbers may repeat with different contents. A receiver would drop a second message with
    the same Message-ID, so each release uses new ones.
    """
    life = [f"release {releases}"] if releases else []
    return f"<{keyed(key, 'message', recipient, day.isoformat(), str(number), *life)[:MESSAGE_DIGITS]}@{domain}>"


def adopt_key(session: Session) -> bytes:
    """Return the database's key, and make sure that every pseudonym is hashed with it.

    On first use, rows of 0.1.0 are hashed again with the key, in the caller's transaction.
    """
    key = key_of(session)
    if not is_bound(session):
        _carry_over(session, key)
        bind(session)
        for name in versions.programme_ids(session):
            now = current().clock()
            audit.append(session, name, at=now, actor="system", action="key", subject="database", fallback=True)
    return key


def has_plain_hashes(session: Session) -> bool:
    """Return whether the database has rows of 0.1.0 without a keyed hash."""
    if is_bound(session):
        return False
    # Imported here and below because only a database without a keyed hash needs these tables.
    from changeflow.storage.tables.answers import ReachRow
    from changeflow.storage.tables.erasure import TombstoneRow
    from changeflow.storage.tables.messages import MessageRow

    old = [*session.exec(select(MessageRow.recipient)), *session.exec(select(ReachRow.recipient))]
    return any(map(_OLD_RECIPIENT.fullmatch, old)) or session.exec(select(TombstoneRow).limit(1)).first() is not None


def forget_plain_ids(session: Session, messages: Iterable[int]) -> None:
    """Hash the Message-IDs of 0.1.0 again, for messages that are finished."""
    from changeflow.storage.tables.messages import MessageRow

    rows = session.exec(select(MessageRow.id, MessageRow.message_id).where(col(MessageRow.id).in_(list(messages))))
    old = [(n, found) for n, text in rows if (found := _OLD_MESSAGE.fullmatch(text))]
    if old:
        key = key_of(session)
        _update(session, MessageRow, "message_id", [(n, _message(key, found)) for n, found in old])


def _carry_over(session: Session, key: bytes) -> None:
    from changeflow.storage.tables.answers import ReachRow
    from changeflow.storage.tables.erasure import TombstoneRow
    from changeflow.storage.tables.messages import MessageRow

    session.flush()
    rows = session.exec(select(MessageRow.id, MessageRow.recipient, MessageRow.message_id, MessageRow.state)).all()
    named = [(n, _recipient(key, who)) for n, who, _, _ in rows if _OLD_RECIPIENT.fullmatch(who)]
    _update(session, MessageRow, "recipient", named)
    settled = [
        (n, _message(key, found))
        for n, _, text, state in rows
        if state not in IN_USE and (found := _OLD_MESSAGE.fullmatch(text))
    ]
    _update(session, MessageRow, "message_id", settled)
    for reach in session.exec(select(ReachRow)).all():
        if _OLD_RECIPIENT.fullmatch(reach.recipient):
            reach.recipient = _recipient(key, reach.recipient)
    for stone in session.exec(select(TombstoneRow)).all():
        stone.digest = _tombstone(key, stone.programme_id, stone.digest)
    session.flush()


def _update(session: Session, table: "type[MessageRow]", column: str, values: Sequence[tuple[int | None, str]]) -> None:
    if values:
        statement = update(table).where(col(table.id) == bindparam("row")).values({column: bindparam("new")})
        session.connection().execute(statement, [{"row": row, "new": new} for row, new in values])
        session.expire_all()


def _recipient(key: bytes, plain: str) -> str:
    return keyed(key, "recipient", plain)[:RECIPIENT_DIGITS]


def _message(key: bytes, old: re.Match[str]) -> str:
    return f"<{keyed(key, 'message', old[1])[:MESSAGE_DIGITS]}{old[2]}"


def _tombstone(key: bytes, programme: str, plain: str) -> str:
    return keyed(key, "tombstone", programme, plain)
