"""When the oldest data of each kind that is deleted in time was stored."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from changeflow.storage.tables.answers import AnswerRow, LinkRow
from changeflow.storage.tables.data_requests import DataRequestRow
from changeflow.storage.tables.facts import AssessmentRow, CommentRow, PilotEntryRow, RunRow, VarianceRow
from changeflow.storage.tables.jobs import JobRow
from changeflow.storage.tables.ledger_pairs import LedgerPairRow


def oldest(session: Session, programme: str) -> dict[str, datetime | date | None]:
    """Return when the period of the oldest data of each kind began, by the kinds of `usecases.retention.Removed`.

    A kind of which nothing is stored is None. Scores are counted from the programme's closure, so theirs is any day.
    """

    def first(column: Any, table: Any, *where: Any) -> Any:  # noqa: ANN401  (columns have no useful types)
        return session.exec(select(func.min(column)).where(table.programme_id == programme, *where)).one()

    has_variances = col(RunRow.id).in_(select(VarianceRow.run))
    contracts = (
        first(RunRow.at, RunRow, has_variances),
        first(PilotEntryRow.at, PilotEntryRow, col(PilotEntryRow.contract).is_not(None), PilotEntryRow.contract != ""),
    )
    return {
        "links": first(LinkRow.expires_at, LinkRow),
        "words": first(AnswerRow.at, AnswerRow, col(AnswerRow.text).is_not(None)),
        "comments": first(CommentRow.at, CommentRow, CommentRow.text != ""),
        "scores": first(AssessmentRow.on, AssessmentRow),
        "contracts": min((found for found in contracts if found is not None), default=None),
        "calculations": first(JobRow.ended_at, JobRow),
        "ledgers": first(LedgerPairRow.at, LedgerPairRow),
        "requests": first(DataRequestRow.answered_on, DataRequestRow),
    }
