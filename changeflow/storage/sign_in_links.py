"""Store and load sign-in links. Only digests of them are stored."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select, update

from changeflow.storage.accounts import digest
from changeflow.storage.database import count_touched
from changeflow.storage.keys import key_of, keyed
from changeflow.storage.rows import values_of
from changeflow.storage.tables.accounts import SignInLinkRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """A sign-in link that works."""

    address: str
    browser: str
    next: str


def add_link(session: Session, token: str, link: SignInLink, *, at: datetime, until: datetime) -> None:
    """Store a sign-in link."""
    row = SignInLinkRow(
        token=digest(session, "sign-in link", token),
        address=link.address,
        browser=keyed(key_of(session), "browser", link.browser),
        next=link.next,
        created_at=at,
        expires_at=until,
    )
    session.add(row)
    session.flush()


def links_since(session: Session, address: str, since: datetime) -> int:
    """Count the links that an address has asked for since a moment."""
    query = select(func.count()).select_from(SignInLinkRow).where(SignInLinkRow.address == address)
    return session.exec(query.where(col(SignInLinkRow.created_at) > since)).one()


def link_of(session: Session, token: str, browser: str, *, now: datetime) -> SignInLink | None:
    """Return a link if it works in this browser, or else None."""
    row = session.get(SignInLinkRow, digest(session, "sign-in link", token))
    if row is None or row.used_at is not None or row.expires_at <= now:
        return None
    if row.browser != keyed(key_of(session), "browser", browser):
        return None
    return SignInLink(**values_of(row, SignInLink))


def use_link(session: Session, token: str, *, now: datetime) -> bool:
    """Mark a link as used; of several simultaneous attempts, only one returns True."""
    query = update(SignInLinkRow).where(
        col(SignInLinkRow.token) == digest(session, "sign-in link", token),
        col(SignInLinkRow.used_at).is_(None),
        col(SignInLinkRow.expires_at) > now,
    )
    return count_touched(session, query.values(used_at=now)) == 1
