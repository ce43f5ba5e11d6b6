"""Issued reports: each milestone's finish, for changes and trends, and the text of each report, frozen and signed."""

import hmac
import json
import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from changeflow.errors import CheckFailedError
from changeflow.programme.names import CLOSES, OPENS
from changeflow.programme.renames import Renames
from changeflow.storage.keys import adopt_key, key_of, keyed
from changeflow.storage.rows import values_of
from changeflow.storage.tables.programme import FrozenReportRow, ReportRow
from changeflow.storage.versions import renames


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedReport:
    """A report issued to the SRO: each milestone's finish in civil minutes, and its spare working minutes."""

    number: int
    version: int
    on: date
    at: datetime
    by: str
    milestones: Mapping[str, tuple[int, int]]
    go_lives_announced: int | None = None
    go_lives_late: int | None = None


@dataclass(frozen=True, slots=True)
class FrozenReport:
    """What an issued report says, as JSON, and its signature."""

    text: str
    signature: str


def add_report(
    session: Session,
    programme: str,
    milestones: Mapping[str, tuple[int, int]],
    *,
    number: int,
    version: int,
    on: date,
    at: datetime,
    by: str,
    go_lives: tuple[int, int],
    text: str,
    head: tuple[int, str] | None = None,
) -> str:
    """Record that a report was issued, with its frozen text; return the signature.

    `go_lives` are the numbers of announced go-lives and of late ones. `head` is the number and hash of the audit's last
    entry, as the report shows them.
    """
    points = json.dumps({m: list(v) for m, v in sorted(milestones.items())})
    row = ReportRow(programme_id=programme, number=number, version=version, on=on, at=at, by=by, milestones=points)
    row.head_number, row.head_hash = head or (None, None)
    row.go_lives_announced, row.go_lives_late = go_lives
    session.add(row)
    key, packed = adopt_key(session), b85encode(zlib.compress(text.encode())).decode()
    signature = keyed(key, "report", programme, str(number), text)
    frozen = FrozenReportRow(programme_id=programme, number=number, text=packed, signature=signature, seal="")
    frozen.seal = _seal(key, frozen)
    session.add(frozen)
    return signature


def frozen_report(session: Session, programme: str, number: int) -> FrozenReport | None:
    """Return what an issued report says; None if it was issued before reports were frozen.

    Raises `CheckFailedError` if the stored text is not what was signed.
    """
    query = select(FrozenReportRow).where(FrozenReportRow.programme_id == programme, FrozenReportRow.number == number)
    row = session.exec(query).first()
    if row is None:
        return None
    if not hmac.compare_digest(row.seal.encode(), _seal(key_of(session), row).encode()):
        raise CheckFailedError(
            f"Report {number} was changed in the database after it was issued: its signature does not match. "
            "See what else was changed with changeflow audit verify, and restore a backup."
        )
    return FrozenReport(_text(row), row.signature)


def naming(session: Session, programme: str, person: str) -> list[dict[str, Any]]:
    """Return the number and day of each issued report that names a person."""
    rows = session.exec(select(FrozenReportRow).where(FrozenReportRow.programme_id == programme)).all()
    mark = json.dumps(f"{OPENS}{person}{CLOSES}")[1:-1]
    theirs = {row.number for row in rows if mark in _text(row)}
    return [{"number": r.number, "on": r.on.isoformat()} for r in reports(session, programme) if r.number in theirs]


def seal_again(session: Session) -> None:
    """Seal every frozen report with a new key, after the old one was lost."""
    key = key_of(session)
    for row in session.exec(select(FrozenReportRow)).all():
        row.seal = _seal(key, row)


def reports(session: Session, programme: str, *, until: datetime | None = None) -> list[IssuedReport]:
    """Return every issued report, oldest first; with `until`, those issued by then."""
    query = select(ReportRow).where(ReportRow.programme_id == programme)
    if until is not None:
        query = query.where(col(ReportRow.at) <= until)
    rows, ids = session.exec(query.order_by(col(ReportRow.number))), renames(session, programme, until=until)
    return [IssuedReport(**values_of(r, IssuedReport) | {"milestones": _points(r.milestones, ids)}) for r in rows]


def _points(text: str, ids: Renames) -> dict[str, tuple[int, int]]:
    return ids.milestones({name: (finish, spare) for name, (finish, spare) in json.loads(text).items()})


def _seal(key: bytes, row: FrozenReportRow) -> str:
    """Seal a row as it is stored, so that a changed row is recognised before its text is unpacked."""
    return keyed(key, "frozen report", row.programme_id, str(row.number), row.signature, row.text)


def _text(row: FrozenReportRow) -> str:
    return zlib.decompress(b85decode(row.text)).decode()
