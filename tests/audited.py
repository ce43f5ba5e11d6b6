"""The audit as tests look at it: entries without their hashes, and what is wrong with a chain."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from changeflow.storage import audit
from changeflow.storage.chain import Fault


def entries(session: Session, programme: str) -> Iterator[tuple[int, datetime, str, str, str]]:
    """Yield (number, at, actor, action, subject), in order."""
    for entry in audit.entries_in_full(session, programme):
        yield entry.number, entry.at, entry.actor, entry.action, entry.subject


def verify(session: Session, programme: str | None = None) -> tuple[int, list[Fault]]:
    """Check every chain, or one, without an anchor; return how many entries were read, and what is wrong."""
    verdict = audit.examine(session, programme)
    return verdict.entries, verdict.faults
