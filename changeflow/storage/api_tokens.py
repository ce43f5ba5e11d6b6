"""Store and load the tokens of other programs. Only digests of them are stored."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select, update

from changeflow.storage.accounts import digest
from changeflow.storage.database import count_touched
from changeflow.storage.tables.accounts import ApiTokenRow


def add_api_token(
    session: Session, programme: str, token: str, name: str, *, by: str, at: datetime, until: datetime
) -> None:
    """Store a token with which a program may read a programme."""
    row = ApiTokenRow(
        token=digest(session, "api", token), programme_id=programme, name=name, by=by, at=at, expires_at=until
    )
    session.add(row)
    session.flush()


def api_token(session: Session, token: str, *, now: datetime) -> tuple[str, str] | None:
    """Return the programme of a working token and the person who made it; None for any other token."""
    row = session.get(ApiTokenRow, digest(session, "api", token))
    is_over = row is None or row.withdrawn_at is not None or row.expires_at <= now
    return None if row is None or is_over else (row.programme_id, row.by)


def api_tokens(session: Session, programme: str) -> Sequence[ApiTokenRow]:
    """Return a programme's tokens that were not withdrawn, in order."""
    query = select(ApiTokenRow).where(ApiTokenRow.programme_id == programme, col(ApiTokenRow.withdrawn_at).is_(None))
    return session.exec(query.order_by(col(ApiTokenRow.at))).all()


def withdraw_api_token(session: Session, programme: str, stored: str, *, at: datetime) -> bool:
    """End a token by its stored form; return whether it was in force."""
    query = update(ApiTokenRow).where(
        col(ApiTokenRow.token) == stored,
        col(ApiTokenRow.programme_id) == programme,
        col(ApiTokenRow.withdrawn_at).is_(None),
    )
    return count_touched(session, query.values(withdrawn_at=at)) == 1
