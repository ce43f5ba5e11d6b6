"""Drafts in and out of the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, select, update

from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.tables.drafts import DraftRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDraft:
    """A draft as stored; see `DraftRow`."""

    id: int
    programme: str
    name: str
    base: int
    edits: str
    author: str
    made: datetime
    revision: int


def _draft(row: DraftRow) -> StoredDraft:
    return StoredDraft(programme=row.programme_id, **values_of(row, StoredDraft, "programme"))


def drafts_of(session: Session, programme: str) -> list[StoredDraft]:
    """Return a programme's drafts, newest first."""
    query = select(DraftRow).where(DraftRow.programme_id == programme).order_by(col(DraftRow.id).desc())
    return [_draft(row) for row in session.exec(query)]


def draft_of(session: Session, programme: str, number: int) -> StoredDraft | None:
    row = session.get(DraftRow, number)
    return _draft(row) if row is not None and row.programme_id == programme else None


def add_draft(
    session: Session, programme: str, *, name: str, base: int, edits: str, author: str, at: datetime
) -> StoredDraft:
    row = DraftRow(programme_id=programme, name=name, base=base, edits=edits, author=author, made=at)
    session.add(row)
    session.flush()
    return _draft(row)


def change_draft(session: Session, draft: StoredDraft, *, seen: int) -> bool:
    """Save a draft's name, base and edits; False if it has another revision than the one seen."""
    own = update(DraftRow).where(col(DraftRow.id) == draft.id, col(DraftRow.revision) == seen)
    values = {"name": draft.name, "base": draft.base, "edits": draft.edits, "revision": seen + 1}
    return count_touched(session, own.values(**values)) == 1


def remove_draft(session: Session, programme: str, number: int) -> bool:
    own = (col(DraftRow.programme_id) == programme, col(DraftRow.id) == number)
    return count_touched(session, delete(DraftRow).where(*own)) == 1
