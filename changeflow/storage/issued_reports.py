"""Issued reports: each milestone's finish, for changes and trends, and the text of each report, frozen and signed."""

import hmac
import json
import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from changeflow.errors import CheckFailedError
from changeflow.programme.renames import Renames
from changeflow.storage.keys import adopt_key, check_of, key_of, keyed
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
    milestones: Mapping[str, tuple[int, int]]
    go_lives_announced: int | None = None
    go_lives_late: int | None = None


@dataclass(frozen=True, slots=True)
class FrozenReport:
    """What an issued report says, as JSON, and its signature."""

    text: str
    signature: str
    is_checked: bool
    """Whether the signature could be checked; the key that made it may have been lost and replaced."""


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
    key = adopt_key(session)
    signature, packed = _signature(key, programme, number, text), b85encode(zlib.compress(text.encode())).decode()
    session.add(
        FrozenReportRow(
            programme_id=programme, number=number, text=packed, signature=signature, signed_with=check_of(key)
        )
    )
    return signature


def frozen_report(session: Session, programme: str, number: int) -> FrozenReport | None:
    """Return what an issued report says; None if it was issued before reports were frozen.

    Raises `CheckFailedError` if the stored text is not what was signed.
    """
    query = select(FrozenReportRow).where(FrozenReportRow.programme_id == programme, FrozenReportRow.number == number)
    row = session.exec(query).first()
    if row is None:
        return None
    try:
        text = zlib.decompress(b85decode(row.text)).decode()
    except (ValueError, zlib.error):
        raise _changed(number) from None
    key = key_of(session)
    is_checked = hmac.compare_digest(row.signed_with, check_of(key))
    if is_checked and not hmac.compare_digest(row.signature, _signature(key, programme, number, text)):
        raise _changed(number)
    return FrozenReport(text, row.signature, is_checked)


def reports(session: Session, programme: str, *, until: datetime | None = None) -> list[IssuedReport]:
    """Return every issued report, the oldest first; with `until`, those issued by then."""
    query = select(ReportRow).where(ReportRow.programme_id == programme)
    if until is not None:
        query = query.where(col(ReportRow.at) <= until)
    rows, ids = session.exec(query.order_by(col(ReportRow.number))), renames(session, programme, until=until)
    return [IssuedReport(**values_of(r, IssuedReport) | {"milestones": _points(r.milestones, ids)}) for r in rows]


def _points(text: str, ids: Renames) -> dict[str, tuple[int, int]]:
    return ids.milestones({name: (finish, spare) for name, (finish, spare) in json.loads(text).items()})


def _signature(key: bytes, programme: str, number: int, text: str) -> str:
    return keyed(key, "report", programme, str(number), text)


def _changed(number: int) -> CheckFailedError:
    return CheckFailedError(
        f"Report {number} was changed in the database after it was issued: its signature does not match. "
        "See what else was changed with changeflow audit verify, and restore a backup."
    )
