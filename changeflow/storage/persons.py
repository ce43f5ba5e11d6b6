"""All records about one person, from every table that can name a person, and all ids of that person.

A shared address suggests that two ids are one person, but the person who exports or erases must confirm it: mailboxes
are handed on, and offices share one. So ids with the same current or former address are only listed, and are included
only if named. A person who gets another id is still the same person.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from networkx.utils import UnionFind
from sqlalchemy import ColumnElement, RowMapping, Table, and_, or_
from sqlalchemy import select as select_rows
from sqlmodel import Session, SQLModel, col, select

from changeflow.adkar.identities import LIKELY
from changeflow.storage import accounts, issued_reports, publications, versions
from changeflow.storage.erasure import ERASED_RECIPIENT, people_named
from changeflow.storage.keys import adopt_key, keyed, recipient_of
from changeflow.storage.tables import facts
from changeflow.storage.tables.accounts import ApiTokenRow, InvitationRow, SessionRow
from changeflow.storage.tables.agenda import DueRow
from changeflow.storage.tables.answers import AnswerRow, LinkRow, ReachRow
from changeflow.storage.tables.audit import AuditRow
from changeflow.storage.tables.data_requests import DataRequestRow
from changeflow.storage.tables.drafts import DraftRow
from changeflow.storage.tables.jobs import JobRow
from changeflow.storage.tables.ledger_pairs import LedgerPairRow
from changeflow.storage.tables.message_switch import MessageSwitchRow
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.storage.tables.persons import AddressSeenRow
from changeflow.storage.tables.programme import ContactRow, ReportRow, VersionRow
from changeflow.values.moments import local_day, round_label

PROGRAMME = "programme_id"

ABOUT: Mapping[str, tuple[type[SQLModel], tuple[str, ...], tuple[str, ...]]] = {
    "contact details": (ContactRow, ("person",), ()),
    "addresses they were known under, as keyed hashes": (AddressSeenRow, ("person",), ()),
    "assessments": (facts.AssessmentRow, ("person",), ()),
    "training they came to, or reported": (facts.AttendanceRow, ("person", "by"), ()),
    "due things": (DueRow, ("person",), ()),
    "nudges": (NudgeRow, ("person",), ()),
    "answers": (AnswerRow, ("person", "to"), ()),
    # A token's holder can answer for the person, so even its digest is left out.
    "links": (LinkRow, ("person",), ("token",)),
    "progress they reported": (facts.ProgressRow, ("by",), ()),
    "comments they wrote": (facts.CommentRow, ("by",), ()),
    "evidence they added": (facts.EvidenceRow, ("by",), ()),
    "decisions": (facts.DecisionRow, ("by", "recorded_by"), ()),
    "conditions they own": (facts.ConditionRow, ("owner",), ()),
    "visible support that they gave or recorded": (facts.SponsorActRow, ("by", "who"), ()),
    "checkpoints they reported": (facts.CheckpointRow, ("by",), ()),
    "confidence they set": (facts.ConfidenceRow, ("by",), ()),
    "parallel runs they recorded": (facts.RunRow, ("by",), ()),
    "filings they recorded": (facts.SubmissionRow, ("by",), ()),
    "dates they announced": (facts.AnnouncementRow, ("by",), ()),
    "facts they withdrew": (facts.WithdrawalRow, ("by",), ()),
    "measures they recorded": (facts.MeasureRow, ("by",), ()),
    # Explanations of pay are about other people.
    "entries about pilots that they made or own": (facts.PilotEntryRow, ("by", "owner"), ("contract",)),
    "reports they issued": (ReportRow, ("by",), ()),
    # The definition belongs to the organisation; the fact that they stored it is about them.
    "versions they stored": (VersionRow, ("created_by",), ("definition", "sources", "edits")),
    "requests about their data": (DataRequestRow, ("person", "by"), ()),
    "changes of the plan that they drafted": (DraftRow, ("author",), ("edits",)),
    "invitations to sign in": (InvitationRow, ("person", "by"), ("address",)),
    # A session's id and a token's digest would help someone to misuse them.
    "sessions of theirs": (SessionRow, ("person",), ("id", "account")),
    "calculations they started": (JobRow, ("by",), ("page", "data")),
    "messages they switched on or off": (MessageSwitchRow, ("by",), ()),
    "outputs of parallel runs they uploaded": (
        LedgerPairRow,
        ("by",),
        ("old_file", "new_file", "identity_file", "old_name", "new_name", "identity_name"),
    ),
    "tokens for programs that they made": (ApiTokenRow, ("by",), ("token",)),
    "entries of the audit": (AuditRow, ("actor",), ()),
}
"""By name: the table, its columns that name a person, and its columns that are left out."""


def rows_about(
    session: Session, programme: str, person: str, recipients: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return every row about a person, by kind.

    `recipients` are the hashes of messages to them and to no one else. Other messages are returned if they contain one
    of the person's nudges.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for what, (table, _, left_out) in ABOUT.items():
        own = SQLModel.metadata.tables[str(table.__tablename__)]
        query = select_rows(own).where(_names(own, what, programme, person))
        found[what] = [_plain(row, left_out) for row in session.connection().execute(query).mappings()]
    nudges = SQLModel.metadata.tables[str(NudgeRow.__tablename__)]
    carried = select_rows(nudges.c.message).where(nudges.c.programme_id == programme, nudges.c.person == person)
    for what, table in (("messages", MessageRow), ("contact preferences", ReachRow)):
        own = SQLModel.metadata.tables[str(table.__tablename__)]
        theirs: ColumnElement[bool] = own.c.recipient.in_(list(recipients))
        if table is MessageRow:
            theirs |= and_(own.c.id.in_(carried), own.c.recipient.not_like(f"{ERASED_RECIPIENT}%"))
        rows = session.connection().execute(select_rows(own).where(theirs)).mappings()
        found[what] = [_plain(row, ("recipient", "claimed_by", "claimed_until")) for row in rows]
    others = {address for where, who, address in everybody(session) if where != programme or who != person}
    addresses = accounts.own_addresses(session, programme, person, recipients, others - set(recipients))
    for what, kept in accounts.rows_of(session, addresses).items():
        found[what] = [
            {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items() if v} for row in kept
        ]
    found["issued reports that name them"] = issued_reports.naming(session, programme, person)
    found["groups they were counted in"] = _counted_in(session, programme, person)
    return {what: rows for what, rows in found.items() if rows}


def is_named(session: Session, programme: str, person: str) -> bool:
    """Return whether any table or version of a programme names a person, now or formerly."""
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
    """Return the groups, shown or hidden, in which a publication counted a person."""
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


_ABOUT_PEOPLE = (facts.AssessmentRow, facts.AttendanceRow, AnswerRow, NudgeRow, LinkRow)


def remember(session: Session, programme: str) -> None:
    """Store a keyed hash of each current address of a programme, once it has rows about people. None is removed.

    Publications, exports and erasures use them to recognise people with another id.
    """
    if not any(_has_rows(session, table, programme) for table in _ABOUT_PEOPLE):
        return
    add(session, programme, _addresses_now(session, programme))


def seen(session: Session, programme: str) -> list[tuple[str, str]]:
    """Return (person, keyed hash of an address) for everyone recorded in a programme."""
    query = select(AddressSeenRow.person, AddressSeenRow.address).where(AddressSeenRow.programme_id == programme)
    return sorted(session.exec(query))


def add(session: Session, programme: str, known: Iterable[tuple[str, str]]) -> None:
    """Record people's new addresses, as keyed hashes."""
    before = set(seen(session, programme))
    for person, address in dict.fromkeys(known):
        if (person, address) not in before:
            session.add(AddressSeenRow(programme_id=programme, person=person, address=address))
    session.flush()


def remember_same(session: Session, programme: str, same: Mapping[str, str]) -> None:
    """Record that ids in a programme are new ids of known people, as if they had the same address."""
    key = adopt_key(session)
    known = [(one, LIKELY + keyed(key, "same person", *pair)) for pair in same.items() for one in pair]
    add(session, programme, known)


def everybody(session: Session) -> list[tuple[str, str, str]]:
    """Return (programme, person, keyed hash of an address) for everyone who is or was in any programme.

    The hash is empty for people without an address.
    """
    rows = session.exec(select(AddressSeenRow).order_by(col(AddressSeenRow.programme_id), col(AddressSeenRow.person)))
    found = dict.fromkeys((r.programme_id, r.person, r.address) for r in rows)
    for programme in versions.programme_ids(session):
        found |= dict.fromkeys((programme, person, "") for person in versions.contacts(session, programme))
        found |= dict.fromkeys((programme, *one) for one in _addresses_now(session, programme))
    return list(found)


def _has_rows(session: Session, table: Any, programme: str) -> bool:  # noqa: ANN401  (one of the rows below)
    return session.exec(select(table.programme_id).where(table.programme_id == programme).limit(1)).first() is not None


def _addresses_now(session: Session, programme: str) -> list[tuple[str, str]]:
    contacts = {p: c for p, c in versions.contacts(session, programme).items() if c.email}
    key = adopt_key(session) if contacts else b""
    return [(person, recipient_of(key, programme, person, contact)) for person, contact in contacts.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One person, with all current and former ids."""

    ids: tuple[str, ...]
    """The requested id comes first."""
    unsure: tuple[str, ...] = ()
    """Ids that share an address with theirs, directly or through another id: the same person, or others."""


def identity_of(session: Session, person: str, *, also: Collection[str] = ()) -> Identity:
    """Find a person's possible ids; `also` are further ids that are known to be theirs."""
    by_address = _ids_by_address(session)
    same = UnionFind({person, *(one for ids in by_address.values() for one in ids)})
    for ids in by_address.values():
        same.union(*sorted(ids))
    near = {one for one in same if same[one] == same[person]} - {person}
    mine = (person, *sorted(set(also) & near))
    return Identity(ids=mine, unsure=tuple(sorted(near.difference(mine))))


def programmes_that_name(session: Session, people: Collection[str]) -> dict[str, list[str]]:
    """Return which of the ids each programme has, in order, without programmes that have none."""
    found = {}
    for name in versions.programme_ids(session):
        known = versions.contacts(session, name).keys() | people_named(session, name)
        own = [p for p in people if p in known or is_named(session, name, p)]
        if own:
            found[name] = own
    return found


def own_recipients(session: Session, programme: str, people: Collection[str]) -> dict[str, set[str]]:
    """Return for each id the hashes of messages to that person and to no one else.

    An address that another id has or had, or that another programme uses, is left out.
    """
    key, seen = adopt_key(session), everybody(session)
    now = {
        recipient_of(key, name, person, contact)
        for name in versions.programme_ids(session)
        if name != programme
        for person, contact in versions.contacts(session, name).items()
    }
    others = now | {address for _, person, address in seen if person not in people}
    return {
        person: {
            recipient_of(key, programme, person, None),
            *(address for _, one, address in seen if one == person and address),
        }
        - others
        for person in people
    }


def is_address_shared(session: Session, programme: str, person: str, people: Collection[str]) -> bool:
    """Return whether an id outside `people` has or had a person's current address."""
    contact = versions.contact(session, programme, person)
    if contact is None or not contact.email:
        return False
    ids = _ids_by_address(session).get(recipient_of(adopt_key(session), programme, person, contact), set())
    return not ids <= {person, *people}


def _ids_by_address(session: Session) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for _, person, address in everybody(session):
        # A likely match is reason enough to hide data, but not to erase a person.
        if address and not address.startswith(LIKELY):
            found.setdefault(address, set()).add(person)
    return found
