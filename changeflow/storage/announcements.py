"""Store and load announced go-live days."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session, col, select

from changeflow.programme.assembly.expansion import expand
from changeflow.programme.facts import Announcement
from changeflow.storage import versions
from changeflow.storage.rows import rows_until, values_of
from changeflow.storage.tables.facts import AnnouncementRow
from changeflow.storage.tables.programme import BaselineRow
from changeflow.values.moments import local_day
from changeflow.values.words import Kind


def announced(session: Session, programme: str, *, until: datetime | None = None) -> tuple[Announcement, ...]:
    """Return every announcement in order; with `until`, those recorded by then."""
    rows = rows_until(session, AnnouncementRow, programme, until)
    found = [(row.at, Announcement(**values_of(row, Announcement))) for row in rows]
    found += _of_old_baselines(session, programme, until)
    return tuple(one for _, one in sorted(found, key=lambda f: (f[1].on, f[0])))


def add_announcements(
    session: Session, programme: str, given: Iterable[Announcement], *, at: datetime, by: str
) -> None:
    for one in given:
        session.add(AnnouncementRow(programme_id=programme, at=at, by=by, **asdict(one)))
    session.flush()


def _of_old_baselines(
    session: Session, programme: str, until: datetime | None
) -> Iterator[tuple[datetime, Announcement]]:
    """Yield the go-live days that baselines announced before announcements were recorded, by school."""
    query = select(BaselineRow).where(BaselineRow.programme_id == programme, col(BaselineRow.announces).is_(None))
    if until is not None:
        query = query.where(col(BaselineRow.at) <= until)
    for row in session.exec(query.order_by(col(BaselineRow.number))):
        version = versions.numbered(session, programme, row.version)
        dates = versions.baseline_dates(row)
        for task in expand(version.definition)[0].tasks.values() if version else ():
            if task.kind is Kind.GO_LIVE and task.service is not None and task.id in dates:
                for school in sorted(task.schools):
                    yield (
                        row.at,
                        Announcement(
                            service=task.service,
                            school=school,
                            day=dates[task.id].last_day,
                            on=local_day(row.at),
                            how=f"baseline {row.number}",
                        ),
                    )
