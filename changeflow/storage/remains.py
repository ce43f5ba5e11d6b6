"""What is still there about single people: whom a restored copy has brought back."""

from sqlmodel import Session, col, select

from changeflow.storage.tables.agenda import AnswerRow, DueRow, LinkRow, NudgeRow
from changeflow.storage.tables.facts import AssessmentRow, AttendanceRow
from changeflow.storage.tables.programme import ContactRow

_ERASABLE = (ContactRow, AssessmentRow, AttendanceRow, AnswerRow, LinkRow)
"""What an erasure removes."""


def people_named(session: Session, programme: str) -> set[str]:
    """Return the ids of everyone whom some row of a programme is about."""
    found: set[str] = set()
    for table in (*_ERASABLE, NudgeRow, DueRow):
        people = session.exec(select(table.person).where(col(table.programme_id) == programme).distinct())
        found.update(person for person in people if person is not None)
    return found


def is_anything_left(session: Session, programme: str, person: str) -> bool:
    """Tell whether rows are there that an erasure would have removed, or words of messages."""
    for table in _ERASABLE:
        own = (col(table.programme_id) == programme, col(table.person) == person)
        if session.exec(select(table.person).where(*own).limit(1)).first() is not None:
            return True
    words = (col(NudgeRow.programme_id) == programme, col(NudgeRow.person) == person, col(NudgeRow.content) != "{}")
    return session.exec(select(NudgeRow.id).where(*words).limit(1)).first() is not None
