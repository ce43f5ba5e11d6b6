"""Publications, written once for each round and never changed, and access to individual scores."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import TypeAdapter
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.published import Snapshot
from changeflow.adkar.rounds import Days
from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.tables.facts import AssessmentRow, PublicationRow, PublishedGroupRow
from changeflow.values.moments import local_day

_SNAPSHOT = TypeAdapter(Snapshot)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPublication:
    """A stored publication."""

    id: int
    programme: str
    snapshot: Snapshot
    at: datetime
    keeps_people: bool
    """Whether the counted people were stored with it. Release 0.1.0 did not store them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedGroup:
    """The people counted in a group that a publication showed or hid."""

    publication: int
    view: str
    group: str
    people: Mapping[str, bool]
    """Whether reinforcement applied, by person id."""
    silent: Sequence[str] = ()
    """Members who were not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One stored revision of one person's answers."""

    id: int
    programme: str
    answer: Assessment
    revision: int
    publication: int | None
    """The publication that counted it."""


def snapshots(session: Session, programme: str, *, until: datetime | None = None) -> tuple[Snapshot, ...]:
    """Return the publications by day, because a round may be imported after a later one."""
    return tuple(snapshot for _, snapshot in dated_snapshots(session, programme, until=until))


def dated_snapshots(
    session: Session, programme: str, *, until: datetime | None = None
) -> list[tuple[datetime, Snapshot]]:
    """Return the publications with their moments, in the same order."""
    query = select(PublicationRow.at, PublicationRow.content).where(PublicationRow.programme_id == programme)
    if until is not None:
        query = query.where(col(PublicationRow.at) <= until)
    found = [(at, snapshot_of(text)) for at, text in session.exec(query.order_by(col(PublicationRow.id)))]
    return sorted(found, key=lambda dated: dated[1].on)


def snapshot_of(content: str) -> Snapshot:
    """Return a publication from its stored form."""
    return _SNAPSHOT.validate_json(content)


def all_publications(session: Session) -> list[StoredPublication]:
    """Return the publications of all programmes, oldest first."""
    rows = session.exec(select(PublicationRow).order_by(col(PublicationRow.id)))
    return [
        StoredPublication(
            id=r.id or 0,
            programme=r.programme_id,
            snapshot=snapshot_of(r.content),
            at=r.at,
            keeps_people=r.keeps_people,
        )
        for r in rows
    ]


def content_of(snapshot: Snapshot) -> str:
    return _SNAPSHOT.dump_json(snapshot, by_alias=True).decode()


def add_snapshot(session: Session, programme: str, snapshot: Snapshot, *, at: datetime) -> int:
    """Store a publication; return its number. The database refuses a second one for the same round."""
    content = content_of(snapshot)
    row = PublicationRow(programme_id=programme, round=snapshot.round, content=content, at=at, keeps_people=True)
    session.add(row)
    session.flush()
    return row.id or 0


def add_groups(session: Session, programme: str, groups: Iterable[PublishedGroup]) -> None:
    """Store the people counted in groups that a publication showed or hid."""
    for g in groups:
        people = json.dumps(written(g))
        row = PublishedGroupRow(
            programme_id=programme, publication=g.publication, view=g.view, group=g.group, people=people
        )
        session.add(row)
    session.flush()


def all_groups(session: Session) -> list[PublishedGroup]:
    """Return the people counted in each group, for all programmes, oldest first."""
    return [
        group_of(r.publication, r.view, r.group, json.loads(r.people))
        for r in session.exec(select(PublishedGroupRow).order_by(col(PublishedGroupRow.id)))
    ]


def written(group: PublishedGroup) -> dict[str, bool | None]:
    """Return the stored form of a group's people, with reinforcement only for counted people."""
    return dict(sorted({**dict.fromkeys(group.silent), **group.people}.items()))


def group_of(publication: int, view: str, group: str, written: Mapping[str, bool | None]) -> PublishedGroup:
    """Return a group from its stored form."""
    people = {p: live for p, live in written.items() if live is not None}
    silent = tuple(p for p, live in written.items() if live is None)
    return PublishedGroup(publication=publication, view=view, group=group, people=people, silent=silent)


def answered(session: Session, programme: str, *, until: datetime | None = None) -> dict[str, frozenset[str]]:
    """Return the people who answered in each round, without their answers; with `until`, by that day."""
    query = select(AssessmentRow.round, AssessmentRow.person).where(AssessmentRow.programme_id == programme)
    if until is not None:
        query = query.where(col(AssessmentRow.on) <= local_day(until))
    found: dict[str, set[str]] = {}
    for name, person in session.exec(query):
        found.setdefault(name, set()).add(person)
    return {name: frozenset(people) for name, people in found.items()}


def days_of_answers(session: Session, programme: str) -> set[tuple[str, date]]:
    """Return who answered on which day, without their answers."""
    query = select(AssessmentRow.person, col(AssessmentRow.on)).where(AssessmentRow.programme_id == programme)
    return set(session.exec(query))


def rounds(session: Session, programme: str) -> dict[str, Days]:
    """Return the rounds with answers, with their days."""
    query = select(AssessmentRow.round, func.min(AssessmentRow.on), func.max(AssessmentRow.on))
    query = query.where(AssessmentRow.programme_id == programme).group_by(AssessmentRow.round)
    return {name: Days(_day(first), _day(last)) for name, first, last in session.exec(query)}


def unpublished(session: Session, programme: str) -> list[str]:
    """Return the unpublished rounds with answers."""
    done = select(PublicationRow.round).where(PublicationRow.programme_id == programme)
    own = (AssessmentRow.programme_id == programme, col(AssessmentRow.round).not_in(done))
    return sorted(session.exec(select(AssessmentRow.round).where(*own).distinct()))


def kept_answers(session: Session) -> list[Kept]:
    """Return every revision of all answers. Personal data: only publishing code may call this."""
    return [
        Kept(
            id=r.id or 0,
            programme=r.programme_id,
            answer=_assessment(r),
            revision=r.revision,
            publication=r.publication,
        )
        for r in session.exec(select(AssessmentRow).order_by(col(AssessmentRow.id)))
    ]


def add_assessments(session: Session, programme: str, assessments: Sequence[Assessment]) -> None:
    """Add new answers. If a person's answers in the same round have changed, they become a revision."""
    latest: dict[tuple[str, str], AssessmentRow] = {}
    query = select(AssessmentRow).where(AssessmentRow.programme_id == programme).order_by(col(AssessmentRow.revision))
    for row in session.exec(query):
        latest[row.round, row.person] = row
    for a in assessments:
        known = latest.get((a.round, a.person))
        if known is not None and _assessment(known) == a:
            continue
        said = values_of(a, Assessment, "scores") | {e.value: a.scores.get(e) for e in Element}
        row = AssessmentRow(programme_id=programme, revision=known.revision + 1 if known is not None else 1, **said)
        session.add(row)
        latest[a.round, a.person] = row


def mark_counted(session: Session, answers: Sequence[int], publication: int) -> None:
    """Record which revisions a publication counted."""
    statement = update(AssessmentRow).where(col(AssessmentRow.id).in_(answers)).values(publication=publication)
    count_touched(session, statement)


def _assessment(r: AssessmentRow) -> Assessment:
    scores = {e: s for e in Element if (s := getattr(r, e.value)) is not None}
    return Assessment(**values_of(r, Assessment, "scores"), scores=scores)


def _day(value: date | str) -> date:
    """Return a date, because SQLite loses the type of the minimum of dates."""
    return date.fromisoformat(value) if isinstance(value, str) else value
