"""Store and load calculations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, delete, or_, select, update

from changeflow.storage.database import count_touched
from changeflow.storage.rows import values_of
from changeflow.storage.tables.jobs import JobRow

LOST_AFTER = timedelta(seconds=60)
"""A worker reports every few seconds; one that has not reported for this long has stopped."""


class JobState(StrEnum):
    """How far a calculation has got."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobState.WAITING.value, JobState.RUNNING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A calculation, without its result."""

    id: int
    programme: str
    kind: str
    subject: str
    version: int
    on: date
    state: JobState
    by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    news: str

    @property
    def is_open(self) -> bool:
        return self.state.value in OPEN


def _job(row: JobRow) -> Job:
    return Job(programme=row.programme_id, state=JobState(row.state), **values_of(row, Job, "programme", "state"))


def add_job(
    session: Session, programme: str, kind: str, *, version: int, on: date, by: str, at: datetime, subject: str = ""
) -> Job:
    """Add a calculation, or return the open one of the same subject, version and day."""
    same = select(JobRow).where(
        JobRow.programme_id == programme,
        JobRow.kind == kind,
        JobRow.subject == subject,
        JobRow.version == version,
        JobRow.on == on,
        col(JobRow.state).in_(OPEN),
    )
    row = session.exec(same).first()
    if row is None:
        row = JobRow(programme_id=programme, kind=kind, subject=subject, version=version, on=on, by=by, asked_at=at)
        session.add(row)
        session.flush()
    return _job(row)


def jobs_of(session: Session, programme: str, *, most: int, kinds: Collection[str]) -> Sequence[Job]:
    """Return a programme's calculations of the given kinds, newest first."""
    own = (JobRow.programme_id == programme, col(JobRow.kind).in_(list(kinds)))
    query = select(JobRow).where(*own).order_by(col(JobRow.id).desc()).limit(most)
    return [_job(row) for row in session.exec(query)]


def job_of(session: Session, programme: str, number: int) -> Job | None:
    row = session.get(JobRow, number)
    return _job(row) if row is not None and row.programme_id == programme else None


def latest_job(session: Session, programme: str, kind: str, subject: str) -> Job | None:
    """Return the newest calculation of one subject."""
    own = (JobRow.programme_id == programme, JobRow.kind == kind, JobRow.subject == subject)
    row = session.exec(select(JobRow).where(*own).order_by(col(JobRow.id).desc()).limit(1)).first()
    return _job(row) if row is not None else None


def latest_job_of(
    session: Session, programme: str, kind: str, prefix: str, *, state: JobState | None = None
) -> Job | None:
    """Return the newest calculation whose subject begins with a text; with a state, the newest in it."""
    own = (JobRow.programme_id == programme, JobRow.kind == kind, col(JobRow.subject).startswith(prefix))
    query = select(JobRow).where(*own).order_by(col(JobRow.id).desc()).limit(1)
    row = session.exec(query if state is None else query.where(JobRow.state == state.value)).first()
    return _job(row) if row is not None else None


def last_done(session: Session, programme: str, kind: str) -> Job | None:
    """Return a programme's newest finished calculation of a kind."""
    own = (JobRow.programme_id == programme, JobRow.kind == kind, JobRow.state == JobState.DONE.value)
    row = session.exec(select(JobRow).where(*own).order_by(col(JobRow.id).desc()).limit(1)).first()
    return _job(row) if row is not None else None


def keep_last_done(session: Session, programme: str, kind: str) -> None:
    """Remove a programme's ended calculations of a kind, except the newest finished one."""
    own = (col(JobRow.programme_id) == programme, col(JobRow.kind) == kind, col(JobRow.state).not_in(OPEN))
    last = last_done(session, programme, kind)
    session.exec(delete(JobRow).where(*own, col(JobRow.id) != (last.id if last else 0)))


def result_of(session: Session, programme: str, number: int) -> tuple[str, str] | None:
    """Return a finished calculation's page and JSON."""
    row = session.get(JobRow, number)
    is_there = row is not None and row.programme_id == programme
    return (row.page or "", row.data or "") if row is not None and is_there and row.state == JobState.DONE else None


def data_of(session: Session, programme: str, number: int) -> str:
    """Return the data of an ended calculation, which one that failed can also have."""
    row = session.get(JobRow, number)
    return (row.data or "") if row is not None and row.programme_id == programme else ""


def claim_job(session: Session, *, now: datetime) -> Job | None:
    """Claim the oldest calculation that is waiting or whose worker has stopped; only one worker gets it."""
    lost = (col(JobRow.state) == JobState.RUNNING.value) & (col(JobRow.seen_at) < now - LOST_AFTER)
    free = or_(col(JobRow.state) == JobState.WAITING.value, lost)
    for number in session.exec(select(JobRow.id).where(free).order_by(col(JobRow.id))).all():
        taken = update(JobRow).where(col(JobRow.id) == number, free)
        values = {"state": JobState.RUNNING.value, "started_at": now, "seen_at": now, "news": ""}
        if count_touched(session, taken.values(**values)) == 1:
            row = session.get(JobRow, number, populate_existing=True)
            return _job(row) if row is not None else None
    return None


def begin_job(session: Session, number: int, *, version: int, on: date) -> Job:
    """Record the version and day on which a claimed calculation is based."""
    row = session.exec(select(JobRow).where(JobRow.id == number)).one()
    row.version, row.on = version, on
    session.add(row)
    session.flush()
    return _job(row)


def note_news(session: Session, number: int, news: str, *, now: datetime) -> bool:
    """Record how far a calculation has got; return whether it should continue."""
    own = update(JobRow).where(col(JobRow.id) == number, col(JobRow.state) == JobState.RUNNING.value)
    return count_touched(session, own.values(news=news, seen_at=now) if news else own.values(seen_at=now)) == 1


def end_job(
    session: Session, number: int, state: JobState, *, now: datetime, news: str = "", page: str = "", data: str = ""
) -> bool:
    """End an open calculation; return whether it was open."""
    own = update(JobRow).where(col(JobRow.id) == number, col(JobRow.state).in_(OPEN))
    values = {"state": state.value, "ended_at": now, "news": news, "page": page or None, "data": data or None}
    return count_touched(session, own.values(**values)) == 1


def remove_old_jobs(session: Session, programme: str, *, ended_before: datetime) -> int:
    """Remove calculations that ended before a moment, with their results."""
    own = (col(JobRow.programme_id) == programme, col(JobRow.ended_at) < ended_before)
    return count_touched(session, delete(JobRow).where(*own))


def remove_jobs_about(session: Session, programme: str, kind: str, subject: str) -> None:
    """Remove the calculations of one subject. One that is running stops."""
    own = (col(JobRow.programme_id) == programme, col(JobRow.kind) == kind, col(JobRow.subject) == subject)
    session.exec(delete(JobRow).where(*own))


def remove_jobs_of(session: Session, programme: str, kind: str, prefix: str) -> None:
    """Remove the calculations whose subject begins with a text. One that is running stops."""
    own = (col(JobRow.programme_id) == programme, col(JobRow.kind) == kind, col(JobRow.subject).startswith(prefix))
    session.exec(delete(JobRow).where(*own))


def remove_jobs(session: Session, programme: str) -> int:
    """Remove every calculation of a programme, because results name people. One that is running stops."""
    return count_touched(session, delete(JobRow).where(col(JobRow.programme_id) == programme))
