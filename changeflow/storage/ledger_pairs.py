"""Store and load uploaded outputs of parallel runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select, update

from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.tables.ledger_pairs import LedgerPairRow


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPair:
    """Two uploaded files of one month; see `LedgerPairRow`."""

    id: int
    programme: str
    service: str
    period: str
    old_file: str
    new_file: str
    identity_file: str
    old_name: str
    new_name: str
    identity_name: str
    old_decimal: str
    new_decimal: str
    by: str
    at: datetime

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files, in the order in which they are compared."""
        return tuple(name for name in (self.old_file, self.new_file, self.identity_file) if name)

    @property
    def digests(self) -> tuple[str, ...]:
        """The SHA-256 of each file."""
        return tuple(name.partition(".")[0] for name in self.files)


def _pair(row: LedgerPairRow) -> LedgerPair:
    return LedgerPair(programme=row.programme_id, **values_of(row, LedgerPair, "programme"))


def add_pair(session: Session, programme: str, values: Mapping[str, Any], *, by: str, at: datetime) -> int:
    row = LedgerPairRow(programme_id=programme, by=by, at=at, **values)
    session.add(row)
    session.flush()
    if row.id is None:
        raise LookupError("a new row has no number")
    return row.id


def pair_of(session: Session, programme: str, number: int) -> LedgerPair | None:
    row = session.get(LedgerPairRow, number)
    return _pair(row) if row is not None and row.programme_id == programme else None


def pairs_of(session: Session, programme: str, service: str) -> Sequence[LedgerPair]:
    """Return the uploaded pairs of a service whose files are kept, newest first."""
    own = (LedgerPairRow.programme_id == programme, LedgerPairRow.service == service, LedgerPairRow.old_file != "")
    return [
        _pair(row) for row in session.exec(select(LedgerPairRow).where(*own).order_by(col(LedgerPairRow.id).desc()))
    ]


def choose_decimals(session: Session, number: int, *, old: str, new: str) -> None:
    row = session.exec(select(LedgerPairRow).where(LedgerPairRow.id == number)).one()
    row.old_decimal, row.new_decimal = old, new
    session.add(row)
    session.flush()


def empty_pair(session: Session, number: int) -> None:
    """Clear a pair's file names, both those in the store and those that people know."""
    own = update(LedgerPairRow).where(col(LedgerPairRow.id) == number)
    session.exec(own.values(old_file="", new_file="", identity_file="", old_name="", new_name="", identity_name=""))


def remove_pairs(session: Session, programme: str, *, uploaded_before: datetime | None = None) -> int:
    """Remove a programme's pairs, all of them or those uploaded before a moment."""
    own = [col(LedgerPairRow.programme_id) == programme]
    if uploaded_before is not None:
        own.append(col(LedgerPairRow.at) < uploaded_before)
    return count_touched(session, delete(LedgerPairRow).where(*own))


def all_files(session: Session) -> tuple[set[str], set[int]]:
    """Return the names of all files to which pairs refer, and the numbers of those pairs."""
    pairs = [_pair(row) for row in session.exec(select(LedgerPairRow).where(LedgerPairRow.old_file != ""))]
    return {name for pair in pairs for name in pair.files}, {pair.id for pair in pairs}
