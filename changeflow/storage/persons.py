"""Everything that is kept about one person, from every table that can name one."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, and_, or_
from sqlalchemy import select as select_rows
from sqlmodel import Session, SQLModel

from changeflow.storage import publications, versions
from changeflow.storage.tables.agenda import AnswerRow, DueRow, LinkRow, MessageRow, NudgeRow, ReachRow
from changeflow.storage.tables.audit import AuditRow
from changeflow.storage.tables.facts import (
    AssessmentRow,
    AttendanceRow,
    CheckpointRow,
    ConditionRow,
    ConfidenceRow,
    DecisionRow,
    MeasureRow,
    PilotEntryRow,
    ProgressRow,
    RunRow,
    SponsorActRow,
    SubmissionRow,
    WithdrawalRow,
)
from changeflow.storage.tables.programme import AddressSeenRow, ContactRow, ReportRow, VersionRow
from changeflow.values.moments import local_day, round_label

PROGRAMME = "programme_id"
ERASED_RECIPIENT = "erased-"
"""Prefix of the random value that replaces the recipient of an erased person's messages."""

ABOUT: Mapping[str, tuple[type[SQLModel], tuple[str, ...], tuple[str, ...]]] = {
    "contact details": (ContactRow, ("person",), ()),
    "addresses they were known under, as keyed hashes": (AddressSeenRow, ("person",), ()),
    "assessments": (AssessmentRow, ("person",), ()),
    "training they came to, or reported": (AttendanceRow, ("person", "by"), ()),
    "what was due": (DueRow, ("person",), ()),
    "nudges": (NudgeRow, ("person",), ()),
    "answers": (AnswerRow, ("person", "to"), ()),
    # Who has a token can answer in somebody's name; even its digest is left out.
    "links": (LinkRow, ("person",), ("token",)),
    "progress they reported": (ProgressRow, ("by",), ()),
    "decisions": (DecisionRow, ("by", "recorded_by"), ()),
    "conditions they own": (ConditionRow, ("owner",), ()),
    "acts that were seen of them, or that they noted": (SponsorActRow, ("by", "who"), ()),
    "checkpoints they reported": (CheckpointRow, ("by",), ()),
    "confidence they set": (ConfidenceRow, ("by",), ()),
    "parallel runs they recorded": (RunRow, ("by",), ()),
    "filings they recorded": (SubmissionRow, ("by",), ()),
    "facts they withdrew": (WithdrawalRow, ("by",), ()),
    "measures they recorded": (MeasureRow, ("by",), ()),
    # Whose pay somebody explained is about others.
    "what they said about pilots, or own": (PilotEntryRow, ("by", "owner"), ("contract",)),
    "reports they issued": (ReportRow, ("by",), ()),
    # The definition itself is the organisation's; that they stored it is about them.
    "versions they stored": (VersionRow, ("created_by",), ("definition", "sources")),
    "entries of the audit": (AuditRow, ("actor",), ()),
}
"""What it is, its table, the columns that name a person, and the columns that are left out."""


def rows_about(
    session: Session, programme: str, person: str, recipients: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return every row about a person, by what it is.

    `recipients` are the hashes under which messages went to them, and to no one else. Of other messages those are
    returned that carry a nudge of theirs.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for what, (table, _, left_out) in ABOUT.items():
        own = SQLModel.metadata.tables[str(table.__tablename__)]
        query = select_rows(own).where(_names(own, what, programme, person))
        found[what] = [_plain(row, left_out) for row in session.connection().execute(query).mappings()]
    nudges = SQLModel.metadata.tables[str(NudgeRow.__tablename__)]
    carried = select_rows(nudges.c.message).where(nudges.c.programme_id == programme, nudges.c.person == person)
    for what, table in (("messages", MessageRow), ("how they want to be reached", ReachRow)):
        own = SQLModel.metadata.tables[str(table.__tablename__)]
        theirs: ColumnElement[bool] = own.c.recipient.in_(list(recipients))
        if table is MessageRow:
            theirs |= and_(own.c.id.in_(carried), own.c.recipient.not_like(f"{ERASED_RECIPIENT}%"))
        rows = session.connection().execute(select_rows(own).where(theirs)).mappings()
        found[what] = [_plain(row, ("recipient", "claimed_by", "claimed_until")) for row in rows]
    found["groups they were counted in"] = _counted_in(session, programme, person)
    return {what: rows for what, rows in found.items() if rows}


def is_named(session: Session, programme: str, person: str) -> bool:
    """Tell whether a programme has, or had, something about a person: a row of any table, or a place in a version."""
    for what, (table, _, _) in ABOUT.items():
        own = SQLModel.metadata.tables[str(table.__tablename__)]
        query = select_rows(own.c[PROGRAMME]).where(_names(own, what, programme, person)).limit(1)
        if session.connection().execute(query).first() is not None:
            return True
    return any(person in people for people in versions.people_ever(session, programme))


def _names(own: Table, what: str, programme: str, person: str) -> ColumnElement[bool]:
    names_them = or_(*(own.c[column] == person for column in ABOUT[what][1]))
    return and_(own.c[PROGRAMME] == programme, names_them)


def _counted_in(session: Session, programme: str, person: str) -> list[dict[str, Any]]:
    """Return the groups that a publication showed or hid with a person among those it counted."""
    known = {p.id: p for p in publications.all_publications(session) if p.programme == programme}
    found = []
    for group in publications.all_groups(session):
        if group.publication not in known or person not in group.people:
            continue
        publication = known[group.publication]
        standing = publication.snapshot.of(group.view, group.group)
        found.append(
            {
                "round": round_label(publication.snapshot.on),
                "published on": local_day(publication.at).isoformat(),
                "kind of group": group.view.replace("-", " and "),
                "group": group.group,
                "figures of the group were published": standing is not None
                and standing.is_shown
                and standing.round == publication.snapshot.round,
                "a service was live for them": group.people[person],
            }
        )
    return found


def _plain(row: RowMapping, left_out: tuple[str, ...]) -> dict[str, Any]:
    return {
        str(name): value.isoformat() if isinstance(value, (date, datetime)) else value
        for name, value in row.items()
        if value is not None and name not in left_out
    }
