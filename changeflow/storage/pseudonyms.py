"""Pseudonyms of people in rows that outlive them: hashes made with the database's key.

Recipients of messages, Message-IDs and tombstones need to be recognised, never read. Each is a keyed hash over the
plain hash that 0.1.0 kept, so every row of 0.1.0 can be carried over without knowing its person.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from changeflow.adkar.people import Contact
from changeflow.storage import audit, keys, versions
from changeflow.storage.tables.agenda import MessageRow, ReachRow
from changeflow.storage.tables.programme import TombstoneRow
from changeflow.values.acting import current

RECIPIENT_DIGITS, MESSAGE_DIGITS = 32, 40
_OLD_RECIPIENT = re.compile(r"[0-9a-f]{32}")
_OLD_MESSAGE = re.compile(r"<([0-9a-f]{32})(@[^>]*>)")
"""Message-IDs of 0.1.0: a plain hash of the recipient, the day and a number."""
IN_USE = ("open", "parked")
"""Messages that are known to a mail server, or to a person, by their Message-ID still."""


def recipient_of(key: bytes, programme: str, person: str, contact: Contact | None) -> str:
    """Return who is meant, the same in every programme: by their address, or by their id where there is none."""
    if contact and contact.email:
        return recipient_at(key, contact.email)
    return _recipient(key, hashlib.sha256(f"{programme}/{person}".encode()).hexdigest()[:RECIPIENT_DIGITS])


def recipient_at(key: bytes, email: str) -> str:
    """Return who is meant by an address."""
    return _recipient(key, hashlib.sha256(email.casefold().encode()).hexdigest()[:RECIPIENT_DIGITS])


def tombstones_of(
    key: bytes, programme: str, person: str, email: str | None, *, recipients: Iterable[str] = ()
) -> list[str]:
    """Return what is written on a tombstone: the id, the address, and each hash under which they were written to.

    An earlier address is known only by that last hash.
    """
    names = [f"person:{person}", *([f"address:{email.casefold()}"] if email else [])]
    names += [f"recipient:{one}" for one in sorted(recipients)]
    return [_tombstone(key, programme, hashlib.sha256(name.encode()).hexdigest()) for name in names]


def message_id(key: bytes, recipient: str, day: date, number: int, *, domain: str, releases: int = 0) -> str:
    """Return the Message-ID of a recipient's how many-th message of a day: the same each time it is tried.

    After a restore was released, numbers come again that may have gone with other words. A receiver would drop the
    second under the same Message-ID, so each release begins others.
    """
    life = [f"release {releases}"] if releases else []
    return f"<{keys.keyed(key, 'message', recipient, day.isoformat(), str(number), *life)[:MESSAGE_DIGITS]}@{domain}>"


def adopt_key(session: Session) -> bytes:
    """Return the database's key, and see that every row that stands for a person rests on it.

    The first time, what 0.1.0 wrote is hashed again with the key, in the caller's transaction.
    """
    key = keys.key_of(session)
    if not keys.is_bound(session):
        _carry_over(session, key)
        keys.bind(session)
        for name in versions.programme_ids(session):
            now = current().clock()
            audit.append(session, name, at=now, actor="system", action="key", subject="database", fallback=True)
    return key


def has_plain_hashes(session: Session) -> bool:
    """Return whether the database has rows of 0.1.0 that no key protects."""
    if keys.is_bound(session):
        return False
    old = [*session.exec(select(MessageRow.recipient)), *session.exec(select(ReachRow.recipient))]
    return any(map(_OLD_RECIPIENT.fullmatch, old)) or session.exec(select(TombstoneRow).limit(1)).first() is not None


def forget_plain_ids(session: Session, messages: Iterable[int]) -> None:
    """Hash the Message-IDs of 0.1.0 again, of messages that nothing more happens to."""
    rows = session.exec(select(MessageRow.id, MessageRow.message_id).where(col(MessageRow.id).in_(list(messages))))
    old = [(n, found) for n, text in rows if (found := _OLD_MESSAGE.fullmatch(text))]
    if old:
        key = keys.key_of(session)
        _update(session, MessageRow, "message_id", [(n, _message(key, found)) for n, found in old])


def _carry_over(session: Session, key: bytes) -> None:
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


def _update(session: Session, table: type[MessageRow], column: str, values: Sequence[tuple[int | None, str]]) -> None:
    if values:
        statement = update(table).where(col(table.id) == bindparam("row")).values({column: bindparam("new")})
        session.connection().execute(statement, [{"row": row, "new": new} for row, new in values])
        session.expire_all()


def _recipient(key: bytes, plain: str) -> str:
    return keys.keyed(key, "recipient", plain)[:RECIPIENT_DIGITS]


def _message(key: bytes, old: re.Match[str]) -> str:
    return f"<{keys.keyed(key, 'message', old[1])[:MESSAGE_DIGITS]}{old[2]}"


def _tombstone(key: bytes, programme: str, plain: str) -> str:
    return keys.keyed(key, "tombstone", programme, plain)
