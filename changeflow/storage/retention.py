"""What is removed when its time is over."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col

from changeflow.storage.database import count_touched
from changeflow.storage.tables.agenda import AnswerRow, LinkRow
from changeflow.storage.tables.facts import AssessmentRow


def remove_links(session: Session, programme: str, *, ended_before: datetime) -> int:
    """Remove links that expired before a moment."""
    return count_touched(
        session, delete(LinkRow).where(col(LinkRow.programme_id) == programme, col(LinkRow.expires_at) < ended_before)
    )


def remove_words(session: Session, programme: str, *, given_before: datetime) -> int:
    """Remove the words of answers that were given before a moment; what was answered, and when, is kept."""
    return count_touched(
        session,
        update(AnswerRow)
        .where(
            col(AnswerRow.programme_id) == programme, col(AnswerRow.at) < given_before, col(AnswerRow.text).is_not(None)
        )
        .values(text=None),
    )


def remove_scores(session: Session, programme: str) -> int:
    """Remove all that single people scored."""
    return count_touched(session, delete(AssessmentRow).where(col(AssessmentRow.programme_id) == programme))
