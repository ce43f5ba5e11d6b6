"""Under which addresses people are, and were, known: whoever gets another id is still the same person."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session, col, select

from changeflow.adkar.identities import LIKELY
from changeflow.storage import keys, versions
from changeflow.storage.pseudonyms import adopt_key, recipient_of
from changeflow.storage.tables.agenda import AnswerRow, LinkRow, NudgeRow
from changeflow.storage.tables.facts import AssessmentRow, AttendanceRow
from changeflow.storage.tables.programme import AddressSeenRow

_ABOUT_PEOPLE = (AssessmentRow, AttendanceRow, AnswerRow, NudgeRow, LinkRow)


def remember(session: Session, programme: str) -> None:
    """Keep a keyed hash of every address that a programme has now, once it has rows about people. None is removed.

    Publications know by them who has another id; so do exports and erasures.
    """
    if not any(_has_rows(session, table, programme) for table in _ABOUT_PEOPLE):
        return
    add(session, programme, _addresses_now(session, programme))


def seen(session: Session, programme: str) -> list[tuple[str, str]]:
    """Return (person, keyed hash of an address) of all whom a programme remembers."""
    query = select(AddressSeenRow.person, AddressSeenRow.address).where(AddressSeenRow.programme_id == programme)
    return sorted(session.exec(query))


def add(session: Session, programme: str, known: Iterable[tuple[str, str]]) -> None:
    """Remember people under addresses (keyed hashes), those that are not known yet."""
    before = set(seen(session, programme))
    for person, address in dict.fromkeys(known):
        if (person, address) not in before:
            session.add(AddressSeenRow(programme_id=programme, person=person, address=address))
    session.flush()


def remember_same(session: Session, programme: str, same: Mapping[str, str]) -> None:
    """Keep that ids of a programme are new ids of other people's, as if both were known under one address."""
    key = adopt_key(session)
    known = [(one, LIKELY + keys.keyed(key, "same person", *pair)) for pair in same.items() for one in pair]
    add(session, programme, known)


def everybody(session: Session) -> list[tuple[str, str, str]]:
    """Return (programme, person, keyed hash of an address, or nothing) of all who are, and were, in any programme."""
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
