"""The key of a database, kept in a file apart from it.

Whoever steals a copy of the database could try every address of a school against plain hashes. Hashes made with a key
tell them nothing without the file. The database holds a check value, so that a wrong or missing key is an error and
never a silent new one.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, delete

from changeflow.errors import KeyFileError, KeyFileUnsetError
from changeflow.files import read_ordinary, sync
from changeflow.storage.database import engine_for, sqlite_path, url_of
from changeflow.storage.tables.custody import KeyCheckRow

KEY_BYTES = 32
_MOST_BYTES = 1_000
"""Of a key file: it has 64 digits and the end of a line."""
_KEY = "key"
"""Where a session remembers the key that it has checked."""
_place: Path | None = None


def keep_in(file: Path | None) -> Path | None:
    """Keep keys in `file` from now on (`CHANGEFLOW_KEY_FILE`); None: beside each SQLite file. Return what was set."""
    global _place
    before, _place = _place, file
    return before


def key_file(url: str) -> Path:
    """Return where the key of a database is: the file that is set, or `<database file>.key` beside SQLite."""
    if _place is not None:
        return _place
    if engine_for(url).dialect.name != "sqlite":
        raise KeyFileUnsetError
    path = sqlite_path(url)
    return path.with_name(f"{path.name}.key")


def key_for(url: str) -> bytes:
    """Return the key of a database, made now if there is none yet. Whether the database knows it is not looked at."""
    file = key_file(url)
    return _read(file) or _create(file)


def key_of(session: Session) -> bytes:
    """Return the key of an open database; one that the database does not know is a `KeyFileError`. Writes no row."""
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


def held_for(session: Session) -> bytes | None:
    """Return the key of an open database as `key_of` does, but make none: None where there is no key file."""
    return key_of(session) if _read(key_file(url_of(session))) is not None else None


def is_bound(session: Session) -> bool:
    """Return whether the database holds hashes made with a key."""
    return _check_in(session) is not None


def bind(session: Session) -> None:
    """Note the check value of the key: from now on the database is of no use with another one."""
    mine = check_of(key_of(session))
    with suppress(IntegrityError), session.begin_nested():
        session.add(KeyCheckRow(check=mine))
    if _check_in(session) != mine:
        raise KeyFileError(key_file(url_of(session)), "was made while another machine made its own")


def renew(session: Session) -> Path | None:
    """Make a new key in the place of a lost one; return where a wrong key that was there is kept now."""
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
    """Hash some parts with a key: 64 hexadecimal digits. The first part says what for."""
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def check_of(key: bytes) -> str:
    """Return what tells a key from others without giving it away."""
    return keyed(key, "check")[:KEY_BYTES]


def _check_in(session: Session) -> str | None:
    row = session.get(KeyCheckRow, 1)
    return row.check if row is not None else None


def _read(file: Path) -> bytes | None:
    """Return the key in a file; None where there is no such file."""
    try:
        key = bytes.fromhex(read_ordinary(file, most=_MOST_BYTES).decode("ascii").strip())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(file, f"cannot be read ({error.strerror})") from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileError(file, "is not a key of changeflow")
    return key


def _create(file: Path) -> bytes:
    """Make a key file that only its owner may read, whole or not at all; where another was quicker, theirs counts."""
    part = file.with_name(f".{file.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as out:
                out.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
                out.flush()
                os.fsync(out.fileno())
            # A link, unlike a rename, never takes the place of a key that is there.
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
