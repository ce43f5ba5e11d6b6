"""Reports that the SRO was given, and what they said of each milestone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from changeflow.programme.renames import Renames
from changeflow.storage.rows import values_of
from changeflow.storage.tables.programme import ReportRow
from changeflow.storage.versions import renames


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedReport:
    """A report that the SRO was given: each milestone's finish in civil minutes, and the spare working minutes."""

    number: int
    version: int
    on: date
    at: datetime
    milestones: Mapping[str, tuple[int, int]]
    go_lives_announced: int | None = None
    go_lives_late: int | None = None


def add_report(
    session: Session,
    programme: str,
    milestones: Mapping[str, tuple[int, int]],
    *,
    version: int,
    on: date,
    at: datetime,
    by: str,
    go_lives: tuple[int, int],
    head: tuple[int, str] | None = None,
) -> int | None:
    """Record that a report was issued; None where one of that day says the same already.

    `go_lives` are the announced ones, and those of them that are late. `head` is the audit's last entry, number and
    hash, as the report shows it.
    """
    known = reports(session, programme)
    last = known[-1] if known else None
    if last is not None and (last.on, last.version, dict(last.milestones), _go_lives(last)) == (
        on, version, dict(milestones), go_lives,
    ):  # fmt: skip
        return None
    number = last.number + 1 if last else 1
    text = json.dumps({m: list(v) for m, v in sorted(milestones.items())})
    row = ReportRow(programme_id=programme, number=number, version=version, on=on, at=at, by=by, milestones=text)
    row.head_number, row.head_hash = head or (None, None)
    row.go_lives_announced, row.go_lives_late = go_lives
    session.add(row)
    return number


def reports(session: Session, programme: str, *, until: datetime | None = None) -> list[IssuedReport]:
    """Return every issued report, the oldest first; `until` a moment, those issued by then."""
    query = select(ReportRow).where(ReportRow.programme_id == programme)
    if until is not None:
        query = query.where(col(ReportRow.at) <= until)
    rows, ids = session.exec(query.order_by(col(ReportRow.number))), renames(session, programme, until=until)
    return [IssuedReport(**values_of(r, IssuedReport) | {"milestones": _points(r.milestones, ids)}) for r in rows]


def _go_lives(report: IssuedReport) -> tuple[int | None, int | None]:
    return report.go_lives_announced, report.go_lives_late


def _points(text: str, ids: Renames) -> dict[str, tuple[int, int]]:
    return ids.milestones({name: (finish, spare) for name, (finish, spare) in json.loads(text).items()})
