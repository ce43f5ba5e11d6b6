"""Evidence and its files. Each programme keeps a file once, by its digest, for as long as any evidence refers to it."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, select

from changeflow.storage.database import count_touched
from changeflow.storage.rows import is_in_force
from changeflow.storage.tables.facts import EvidenceFileRow, EvidenceRow
from changeflow.values.base import TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePiece:
    """A link or file about a task."""

    task: TaskId
    title: str
    link: str
    name: str
    media: str
    sha256: str
    """SHA-256 of the file, in hexadecimal; empty for a link."""
    size: int


def add(session: Session, programme: str, new: EvidencePiece, content: bytes, *, at: datetime, by: str) -> bool:
    """Add evidence and its file; False if the task already has the same link or file."""
    same = (EvidenceRow.task == new.task, EvidenceRow.link == new.link, EvidenceRow.sha256 == new.sha256)
    own = (EvidenceRow.programme_id == programme, is_in_force(EvidenceRow))
    if session.exec(select(EvidenceRow.id).where(*own, *same).limit(1)).first() is not None:
        return False
    if new.sha256 and session.get(EvidenceFileRow, (programme, new.sha256)) is None:
        session.add(EvidenceFileRow(programme_id=programme, sha256=new.sha256, content=content))
    session.add(EvidenceRow(programme_id=programme, at=at, by=by, **asdict(new)))
    session.flush()
    return True


def content_of(session: Session, programme: str, sha256: str) -> bytes | None:
    found = session.get(EvidenceFileRow, (programme, sha256))
    return found.content if found else None


def remove_unused(session: Session, programme: str) -> int:
    """Delete the files to which no evidence in force refers; return their number."""
    used = select(EvidenceRow.sha256).where(EvidenceRow.programme_id == programme, is_in_force(EvidenceRow))
    own = (col(EvidenceFileRow.programme_id) == programme, col(EvidenceFileRow.sha256).not_in(used))
    return count_touched(session, delete(EvidenceFileRow).where(*own))
