"""Check before sending whether this is the database that this machine has recorded, or a restored one."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from changeflow.errors import CannotWriteError, InputError
from changeflow.logs import log
from changeflow.programme.mandates import SYSTEM
from changeflow.storage import accounts, audit, custody, erasure, ledger, publication_record, versions
from changeflow.storage.custody import CustodyState, MachineState, StateSeen
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases.subject_access import erase_in

REVIEW = "See what may have been sent since: changeflow db review"
STRANGE = (
    "This machine has no record of this database ('{folder}'), so it cannot tell whether it was restored. Nothing is "
    "sent. If the database is in use and the machine is new: changeflow db join. If it was put back from a copy: "
    "changeflow db review"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A database's state on this machine, and the message for people."""

    standing: CustodyState
    seen: StateSeen | None
    """Its last known state, if it may send."""
    message: str = ""

    @property
    def may_send(self) -> bool:
        return self.standing.may_send


def take_stock(*, db: str, now: datetime) -> Stock:
    """Compare a database with what this machine has seen of it, before anything is sent.

    Mark a restored database as such, and erase again the people who were erased after the copy was made. Erased data
    that is still in its files is removed now.
    """
    state = MachineState(db)
    # Read before the session begins, because another worker may advance the count in between.
    seen = state.seen()
    with read_scope(db) as session:
        found = custody.read(session)
    standing, _ = custody.stand(found, seen)
    if not standing.may_send:
        return _take_in_hand(state, seen, db=db, now=now)
    erasure.settle(state)
    if standing is CustodyState.FIRST:
        state.note(found.seen)
        log("database", state="first seen", folder=str(state.folder))
    return Stock(standing=standing, seen=found.seen)


def _take_in_hand(state: MachineState, seen: StateSeen | None, *, db: str, now: datetime) -> Stock:
    with session_scope(db) as session:
        found = custody.read(session)
        standing, why = custody.stand(found, seen)
        if standing is CustodyState.OUTDATED:
            mark_restored(session, why=why, now=now, seen=seen)
            standing = CustodyState.RESTORED
        if not standing.may_send:
            known = {found.identity, *([seen.identity] if seen else [])}
            publication_record.put_back(session, state, now=now)
            if erase_again(session, state, identities=known, now=now):
                erasure.owe(state)
    erasure.settle(state)
    message = message_of(standing, why, state)
    log("database", state=standing.value, why=message)
    return Stock(standing=standing, seen=found.seen if standing.may_send else None, message=message)


def count_on(session: Session, seen: StateSeen | None) -> StateSeen | None:
    """Advance a database's count if it may send; return its new state, or None if it may not."""
    if seen is None:
        return None
    standing, _ = custody.stand(custody.read(session, for_change=True), seen)
    return custody.advance(session, seen) if standing.may_send else None


def note_seen(seen: StateSeen | None, *, db: str) -> None:
    """Record the database's state outside it. A failure is only logged, because a tick sends nothing."""
    if seen is None:
        return
    try:
        MachineState(db).note(seen)
    except (CannotWriteError, InputError) as error:
        log("database", state="not noted", error=str(error))


def standing_of(session: Session, state: MachineState, seen: StateSeen | None) -> str:
    """Return why nothing is sent, or an empty string; write nothing. Read `seen` before the session begins."""
    found = custody.read(session)
    standing, why = custody.stand(found, seen)
    return message_of(standing, why, state)


def message_of(standing: CustodyState, why: str, state: MachineState) -> str:
    if standing.may_send:
        return ""
    if standing is CustodyState.STRANGE:
        return STRANGE.format(folder=state.folder)
    return f"This database was restored, not released ({why}). Nothing is sent. {REVIEW}"


def mark_restored(
    session: Session, *, why: str, now: datetime, seen: StateSeen | None, identity: str | None = None
) -> None:
    """Mark a database as restored, and record that in each programme's audit."""
    count = str(seen.counter) if seen else "unknown"
    note_everywhere(session, "db:restored", f"count:{count}", at=now, by=SYSTEM)
    accounts.end_all_access(session, at=now)
    custody.mark_restored(session, at=now, why=why, identity=identity)


def note_everywhere(session: Session, action: str, subject: str, *, at: datetime, by: str) -> None:
    """Add an entry to each programme's audit, locking the programme."""
    for name in versions.programme_ids(session):
        versions.lock_programme(session, name)
        audit.append(session, name, at=at, actor=by, action=action, subject=subject)


def erase_again(
    session: Session, state: MachineState, *, identities: set[str], now: datetime, everywhere: bool = False
) -> int:
    """Erase again the people that the ledger lists as erased; return their number."""
    erasures = ledger.read(state, session, identities=identities, everywhere=everywhere)
    if erasures is None:
        return 0
    count = 0
    for name in versions.programme_ids(session):
        known = {p.id for p in versions.required(session, name).definition.people}
        emails = {person: contact.email for person, contact in versions.contacts(session, name).items()}
        people = sorted(known | erasure.people_named(session, name))
        back = [person for person in people if erasures.knows(name, person, emails.get(person))]
        done = erasure.erased(session, name, [(person, None) for person in back])
        left = [p for p in back if p not in done or erasure.is_anything_left(session, name, p)]
        if left:
            versions.lock_programme(session, name)
            erase_in(session, name, left, actor=SYSTEM, at=now)
            count += len(left)
    return count
