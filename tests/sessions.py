"""The sessions of a browser's token, as the database has them."""

from datetime import datetime

from changeflow.storage import accounts
from changeflow.storage.accounts import SignedIn
from changeflow.storage.database import read_scope
from changeflow.usecases.accounts import session_of


def sessions(token: str, *, db: str, now: datetime) -> tuple[SignedIn, list[SignedIn]]:
    """Return a browser's session, and every session of the same person; raise `SignInNeededError` without one."""
    with read_scope(db) as session:
        own = session_of(session, token, now)
        return own, accounts.sessions_like(session, own, now=now)
