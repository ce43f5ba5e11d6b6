"""Store and load invitations to sign in. Addresses are stored as keyed hashes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select, update

from changeflow.storage.accounts import address_of
from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.tables.accounts import InvitationRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation in force."""

    person: str
    address: str
    at: datetime
    by: str


def invite(session: Session, programme: str, person: str, email: str, *, at: datetime, by: str) -> None:
    """Invite a person at an address; this ends any earlier invitation of theirs."""
    withdraw_invitation(session, programme, person, at=at)
    address = address_of(session, email)
    session.add(InvitationRow(programme_id=programme, person=person, address=address, at=at, by=by))
    session.flush()


def withdraw_invitation(session: Session, programme: str, person: str, *, at: datetime) -> bool:
    """End a person's invitation; return whether there was one."""
    query = update(InvitationRow).where(
        col(InvitationRow.programme_id) == programme,
        col(InvitationRow.person) == person,
        col(InvitationRow.withdrawn_at).is_(None),
    )
    return count_touched(session, query.values(withdrawn_at=at)) > 0


def invitations(session: Session, programme: str) -> Sequence[Invitation]:
    """Return a programme's invitations in force, in order."""
    query = select(InvitationRow).where(
        InvitationRow.programme_id == programme, col(InvitationRow.withdrawn_at).is_(None)
    )
    rows = session.exec(query.order_by(col(InvitationRow.id)))
    return [Invitation(**values_of(row, Invitation)) for row in rows]


def invited_to(session: Session, address: str) -> Mapping[str, tuple[str, ...]]:
    """Return the people who are invited at an address, by programme."""
    query = select(InvitationRow).where(InvitationRow.address == address, col(InvitationRow.withdrawn_at).is_(None))
    found: dict[str, tuple[str, ...]] = {}
    for row in session.exec(query.order_by(col(InvitationRow.id))):
        found[row.programme_id] = (*found.get(row.programme_id, ()), row.person)
    return found


def invited_since(session: Session, programme: str, email: str, since: datetime) -> tuple[int, int]:
    """Count the invitations since a moment: at an address in any programme, and in one programme.

    Withdrawn ones are counted too.
    """
    count = select(func.count()).select_from(InvitationRow).where(col(InvitationRow.at) > since)
    at_address = count.where(InvitationRow.address == address_of(session, email))
    return session.exec(at_address).one(), session.exec(count.where(InvitationRow.programme_id == programme)).one()
