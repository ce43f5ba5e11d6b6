"""Store and load accounts and their sessions, and remove them with everything that belongs to them.

Tokens are stored only as hashes with the database's key, so that neither reading nor writing the database gives access.
After a restored database is released, sessions and links from before it no longer match.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, delete, func, select, update

from changeflow.errors import ConflictError
from changeflow.storage import custody
from changeflow.storage.database import count_touched
from changeflow.storage.keys import key_of, keyed, recipient_at
from changeflow.storage.rows import values_of
from changeflow.storage.tables.accounts import (
    AccountRow,
    ApiTokenRow,
    InvitationRow,
    SessionRow,
    SignInLinkRow,
)

MAIL = "mail"
"""The issuer of accounts that sign in by a link."""
KEPT = timedelta(days=30)
"""How long ended sessions and used links are kept before they are removed."""


class SignIn(StrEnum):
    """How a person or a program signed in."""

    PROVIDER = "provider"
    LINK = "link"
    SANDBOX = "sandbox"
    TOKEN = "token"  # noqa: S105  (how someone came in)
    """A program, with a token."""
    MACHINE = "machine"
    """On the machine itself, before a provider is set up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at an identity provider, or an address that gets sign-in links."""

    id: int
    issuer: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session in force."""

    id: str
    how: SignIn
    account: int | None
    address: str
    """The account's address, as a keyed hash; empty for a session of one person in one programme."""
    programme: str | None
    person: str | None
    browser: str
    created_at: datetime
    expires_at: datetime


def owner_name(found: SignedIn) -> str:
    """Return a name for the owner of a session, whatever browser or provider they use."""
    if found.account is not None:
        return name_of_address(found.address)
    return name_of_person(found.programme, found.person)


def name_of_address(address: str) -> str:
    return f"address:{address}"


def name_of_person(programme: str | None, person: str | None) -> str:
    return f"person:{programme}:{person}"


def digest(session: Session, purpose: str, token: str) -> str:
    """Return the stored form of a token."""
    releases = custody.read(session).releases
    return keyed(key_of(session), purpose, token, str(releases))


def address_of(session: Session, email: str) -> str:
    """Return the keyed hash of an email address."""
    return recipient_at(key_of(session), email.strip())


def account_at(session: Session, issuer: str, subject: str, address: str, *, at: datetime) -> Account:
    """Return a subject's account, opening it if necessary.

    Each issuer has at most one open account for an address: raise `ConflictError` if another subject has it, because a
    provider may give a former colleague's address to someone else.
    """
    name = keyed(key_of(session), "subject", issuer, subject)
    row = session.exec(select(AccountRow).where(AccountRow.issuer == issuer, AccountRow.subject == name)).first()
    query = select(AccountRow.id).where(
        AccountRow.issuer == issuer,
        AccountRow.address == address,
        col(AccountRow.closed_at).is_(None),
        AccountRow.subject != name,
    )
    if session.exec(query).first() is not None:
        raise ConflictError("Another account of this provider already uses this email address.")
    if row is None:
        row = AccountRow(issuer=issuer, subject=name, address=address, created_at=at)
    row.address, row.closed_at = address, None
    session.add(row)
    session.flush()
    return Account(id=row.id or 0, issuer=issuer, address=address)


def close_accounts(session: Session, address: str, *, at: datetime) -> int:
    """Close an address's accounts and end their sessions, so that its next owner can sign in."""
    ids = list(session.exec(select(AccountRow.id).where(AccountRow.address == address)))
    own = col(SessionRow.account).in_(ids), col(SessionRow.ended_at).is_(None)
    count_touched(session, update(SessionRow).where(*own).values(ended_at=at))
    still = col(AccountRow.id).in_(ids), col(AccountRow.closed_at).is_(None)
    return count_touched(session, update(AccountRow).where(*still).values(closed_at=at))


def open_session(
    session: Session,
    token: str,
    how: SignIn,
    *,
    at: datetime,
    until: datetime,
    browser: str = "",
    account: int | None = None,
    person: tuple[str, str] | None = None,
) -> str:
    """Store a session for an account, or for one (programme, person); return its id. Also remove old rows."""
    remove_ended(session, at=at)
    programme, who = person or (None, None)
    row = SessionRow(
        id=digest(session, "session", token),
        account=account,
        programme_id=programme,
        person=who,
        how=how.value,
        browser=browser,
        created_at=at,
        expires_at=until,
    )
    session.add(row)
    session.flush()
    return row.id


def session_of(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """Return the session of a token, if it is in force and its account is open."""
    query = (
        select(SessionRow, AccountRow)
        .join(AccountRow, isouter=True)
        .where(SessionRow.id == digest(session, "session", token))
    )
    found = session.exec(query).first()
    return None if found is None else _signed_in(*found, now=now)


def owner_of(session: Session, token: str) -> str | None:
    """Return the name of a session's owner, as `owner_name` does, even if it has ended; None if unknown."""
    query = (
        select(SessionRow, AccountRow)
        .join(AccountRow, isouter=True)
        .where(SessionRow.id == digest(session, "session", token))
    )
    found = session.exec(query).first()
    if found is None:
        return None
    row, account = found
    if account is not None and account.closed_at is None:
        return name_of_address(account.address)
    return name_of_person(row.programme_id, row.person) if row.account is None else None


def _signed_in(row: SessionRow, account: AccountRow | None, *, now: datetime) -> SignedIn | None:
    is_over = row.ended_at is not None or row.expires_at <= now
    if is_over or (row.account is not None and (account is None or account.closed_at is not None)):
        return None
    return SignedIn(
        address=account.address if account else "",
        how=SignIn(row.how),
        programme=row.programme_id,
        **values_of(row, SignedIn, "address", "how", "programme"),
    )


def sessions_like(session: Session, own: SignedIn, *, now: datetime) -> list[SignedIn]:
    """Return the sessions in force of the same account or person, newest first."""
    if own.account is not None:
        same = or_(col(SessionRow.account) == own.account, col(AccountRow.address) == own.address)
    else:
        same = (col(SessionRow.programme_id) == own.programme) & (col(SessionRow.person) == own.person)
    return _in_force(session, same, now)


def sessions_of(
    session: Session, programme: str, person: str, addresses: Collection[str], *, now: datetime
) -> list[SignedIn]:
    """Return the sessions in force of a person: of accounts at their addresses, and those of the programme alone."""
    own = (col(SessionRow.programme_id) == programme) & (col(SessionRow.person) == person)
    return _in_force(session, or_(own, col(AccountRow.address).in_(list(addresses))), now)


def _in_force(session: Session, same: Any, now: datetime) -> list[SignedIn]:  # noqa: ANN401  (a condition)
    query = select(SessionRow, AccountRow).join(AccountRow, isouter=True).where(same)
    found = session.exec(query.order_by(col(SessionRow.created_at).desc())).all()
    return [s for row, account in found if (s := _signed_in(row, account, now=now)) is not None]


def end_session(session: Session, id_: str, *, at: datetime) -> bool:
    """End a session by its id; return whether it was open."""
    query = update(SessionRow).where(col(SessionRow.id) == id_, col(SessionRow.ended_at).is_(None))
    return count_touched(session, query.values(ended_at=at)) == 1


def end_sessions(session: Session, how: SignIn, *, at: datetime) -> int:
    """End all open sessions with one kind of sign-in; return the number of sessions."""
    query = update(SessionRow).where(col(SessionRow.how) == how.value, col(SessionRow.ended_at).is_(None))
    return count_touched(session, query.values(ended_at=at))


def last_sign_ins(session: Session, programme: str) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """Return the last sign-ins, by keyed hash of the address, and by person for sessions without an account."""
    last = func.max(SessionRow.created_at)
    with_account = select(AccountRow.address, last).join(SessionRow).group_by(col(AccountRow.address))
    own = col(SessionRow.programme_id) == programme
    without = select(SessionRow.person, last).where(own).group_by(col(SessionRow.person))
    return dict(session.exec(with_account).all()), {p: at for p, at in session.exec(without) if p is not None}


def forget_accounts(session: Session) -> None:
    """Remove what only an old key could check: accounts, sessions, links, invitations and tokens."""
    for table in (SessionRow, AccountRow, SignInLinkRow, InvitationRow, ApiTokenRow):
        session.exec(delete(table))


def own_addresses(
    session: Session, programme: str, person: str, recipients: Collection[str], others: Collection[str]
) -> list[str]:
    """Return the hashes of addresses that are a person's alone: `recipients`, and those they were invited at.

    `others` are the addresses of other people. An address that someone else was invited at is left out.
    """
    mine, taken = set(recipients), set(others)
    rows = session.exec(select(InvitationRow.programme_id, InvitationRow.person, InvitationRow.address))
    for where, who, address in rows:
        (mine if (where, who) == (programme, person) else taken).add(address)
    return sorted(mine - taken)


def erase_accounts(session: Session, addresses: Sequence[str]) -> int:
    """Remove the accounts at the given addresses, with their sessions and sign-in links; return their number."""
    ids = list(session.exec(select(AccountRow.id).where(col(AccountRow.address).in_(addresses))))
    session.exec(delete(SessionRow).where(col(SessionRow.account).in_(ids)))
    session.exec(delete(SignInLinkRow).where(col(SignInLinkRow.address).in_(addresses)))
    return count_touched(session, delete(AccountRow).where(col(AccountRow.id).in_(ids)))


def rows_of(session: Session, addresses: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the accounts at the given addresses and their sessions, for the person's own export."""
    rows = session.exec(select(AccountRow).where(col(AccountRow.address).in_(addresses))).all()
    query = select(SessionRow).where(col(SessionRow.account).in_([row.id for row in rows]))
    return {
        "accounts": [row.model_dump(include={"issuer", "created_at", "closed_at"}) for row in rows],
        "sessions of their accounts": [
            row.model_dump(include={"how", "browser", "created_at", "expires_at", "ended_at"})
            for row in session.exec(query.order_by(col(SessionRow.created_at)))
        ],
    }


def remove_ended(session: Session, *, at: datetime) -> int:
    """Remove sessions and sign-in links that ended long ago; return the number of sessions."""
    session.exec(delete(SignInLinkRow).where(col(SignInLinkRow.expires_at) < at - KEPT))
    return count_touched(session, delete(SessionRow).where(col(SessionRow.expires_at) < at - KEPT))


def end_all_access(session: Session, *, at: datetime) -> None:
    """End every session, sign-in link and token: a restored copy may have some that were ended after it was made."""
    count_touched(session, update(SessionRow).where(col(SessionRow.ended_at).is_(None)).values(ended_at=at))
    count_touched(session, update(SignInLinkRow).where(col(SignInLinkRow.used_at).is_(None)).values(used_at=at))
    count_touched(session, update(ApiTokenRow).where(col(ApiTokenRow.withdrawn_at).is_(None)).values(withdrawn_at=at))
