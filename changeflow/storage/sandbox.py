"""The mark of a sandbox: a database to try things in, which sends no messages to people."""

from datetime import datetime

from sqlmodel import Session

from changeflow.errors import ConflictError
from changeflow.storage import versions
from changeflow.storage.tables.accounts import SandboxRow


def mark_sandbox(session: Session, *, at: datetime) -> None:
    """Mark an empty database as a sandbox; raise `ConflictError` if it has a programme."""
    if versions.programme_ids(session):
        raise ConflictError("This database already has a programme. Only an empty one can become a sandbox.")
    if session.get(SandboxRow, 1) is None:
        session.add(SandboxRow(since=at))
        session.flush()


def is_sandbox(session: Session) -> bool:
    """Return whether the database is a sandbox, which sends no messages to people."""
    return session.get(SandboxRow, 1) is not None
