"""Upgrade a database to this version, and replace a lost key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from changeflow.programme.mandates import SYSTEM
from changeflow.storage import accounts, agenda, answers, audit, custody, erasure, issued_reports, keys, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import session_scope, upgrade
from changeflow.storage.keys import key_file, key_of, renew
from changeflow.storage.ledger import note_new_key

ONE_DAY = timedelta(days=1)


def upgrade_database(db: str) -> str:
    """Upgrade the tables, and rehash with the database's key what 0.1.0 hashed without one; return the version."""
    version, state = upgrade(db), MachineState(db)
    with session_scope(db) as session:
        if keys.has_plain_hashes(session):
            keys.adopt_key(session)
            erasure.owe(state)
    # If an earlier upgrade was killed before this, it is done now.
    erasure.settle(state)
    return version


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """The result of starting a new key."""

    file: Path
    kept: Path | None
    """Where the previous file is kept."""
    switched_off: int
    """Recipients whose optional messages are now off; some of them had chosen that before."""
    tombstones: int
    """Records of erased people that no longer work; two for each person whose address was known."""


def start_new_key(db: str, *, now: datetime) -> NewKey:
    """Make a new key for a database whose key file is lost. Everyone signs in again, and is invited again.

    The choices about optional messages are lost, so these are switched off for everyone with an address. Waiting
    messages wait a day more, because it is unknown who has had a message today.
    """
    with session_scope(db) as session:
        some_off = answers.forget_reach(session)
        accounts.forget_accounts(session)
        kept = renew(session)
        issued_reports.seal_again(session)
        key, off = key_of(session), set[str]()
        for name in versions.programme_ids(session):
            contacts = versions.contacts(session, name)
            off |= {keys.recipient_of(key, name, p, c) for p, c in contacts.items() if some_off and c.email}
            audit.append(session, name, at=now, actor=SYSTEM, action="key", subject="database")
        for recipient in sorted(off):
            answers.switch_optional(session, recipient, off=True)
        agenda.wait_until(session, now + ONE_DAY)
        identity, tombstones = custody.read(session).identity, erasure.count_tombstones(session)
    note_new_key(MachineState(db), identity, at=now)
    return NewKey(file=key_file(db), kept=kept, switched_off=len(off), tombstones=tombstones)
