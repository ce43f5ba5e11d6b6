"""The current ids of tasks that were renamed, split or joined in any version."""

import hashlib
from datetime import datetime

from sqlmodel import Session, col, select

from changeflow.programme.definition import Definition
from changeflow.programme.renames import Renames, composed, renames_of
from changeflow.storage.tables.programme import VersionRow

MOST_KEPT = 2_000
"""The most versions whose renames are kept in memory; each takes some kilobytes."""
_KEPT: dict[bytes, Renames] = {}
"""The renames of each definition, by the digest of its text: reading a hundred definitions again takes a second."""


def renames(
    session: Session, programme: str, *, until: datetime | None = None, since: datetime | None = None
) -> Renames:
    """Return tasks' ids in the latest version, or the version at a moment, by former id.

    With `since`, by the ids at that moment.
    """
    query = select(VersionRow.definition).where(
        VersionRow.programme_id == programme, col(VersionRow.definition).contains('"was":')
    )
    if until is not None:
        query = query.where(col(VersionRow.created_at) <= until)
    if since is not None:
        query = query.where(col(VersionRow.created_at) > since)
    return composed(_renames_in(text) for text in session.exec(query.order_by(col(VersionRow.number))))


def _renames_in(text: str) -> Renames:
    key = hashlib.sha256(text.encode()).digest()
    found = _KEPT.get(key)
    if found is None:
        if len(_KEPT) >= MOST_KEPT:
            _KEPT.clear()
        found = _KEPT[key] = renames_of(Definition.model_validate_json(text))
    return found
