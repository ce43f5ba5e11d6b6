"""Calculations that take longer than a page: proposals for waves, the likelihood of dates, and levelling.

Someone asks for one, a worker runs it, and its result is kept for the version and the day. Each is a command, run in a
process of its own, so that pages stay fast and a calculation can be stopped at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from changeflow.errors import UnknownThingError
from changeflow.programme.mandates import PROGRAMME
from changeflow.storage import audit, jobs, versions
from changeflow.storage.database import session_scope
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.visits import Visit, visit
from changeflow.values.moments import local_day
from changeflow.values.words import Action

SHOWN = 50
"""The most calculations that a list shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """One kind of calculation."""

    title: str
    what: str
    """What it answers."""
    command: tuple[str, ...]
    """The command that does it, which prints JSON and writes a page."""


KINDS: Mapping[str, JobKind] = {
    "waves": JobKind(
        title="Wave proposals",
        what="Which school could go live when: three proposals beside the current plan.",
        command=("waves", "--format", "json"),
    ),
    "odds": JobKind(
        title="Likelihood of dates",
        what="How likely each milestone is to be on time, and what decides it.",
        command=("simulate", "--format", "json"),
    ),
    "levelling": JobKind(
        title="Team workload",
        what="Dates at which no team needs more people than it has.",
        command=("level", "--format", "json"),
    ),
}
"""Every kind, in the order that pages list them."""


def ask_job(token: str, programme: str, kind: str, *, db: str, now: datetime) -> Job:
    """Ask for a calculation of the programme as it is now; a second request for the same returns the first."""
    if kind not in KINDS:
        raise UnknownThingError("calculation", kind)
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.CALCULATE, PROGRAMME)
        person, version, on = found.visitor.person, found.stored.version.number, found.today
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        job = jobs.add_job(session, programme, kind, version=version, on=on, by=person, at=now)
        audit.append(session, programme, at=now, actor=person, action="calculate", subject=kind)
    return job


def cancel_job(token: str, programme: str, number: int, *, db: str, now: datetime) -> None:
    """Stop a calculation; one that has ended stays as it is."""
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.CALCULATE, PROGRAMME)
        person, job = found.visitor.person, own_job(found, number)
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        if jobs.end_job(session, number, JobState.CANCELLED, now=now):
            audit.append(session, programme, at=now, actor=person, action="stop-calculation", subject=job.kind)


def list_jobs(found: Visit) -> Sequence[Job]:
    """Return the programme's calculations, newest first."""
    found.permit(Action.READ_PROGRAMME)
    permit_whole(found)
    return jobs.jobs_of(found.session, found.name, most=SHOWN)


def own_job(found: Visit, number: int) -> Job:
    """Return one of the programme's calculations."""
    found.permit(Action.READ_PROGRAMME)
    permit_whole(found)
    job = jobs.job_of(found.session, found.name, number)
    if job is None:
        raise UnknownThingError("calculation", str(number))
    return job


def result_of_job(found: Visit, number: int) -> tuple[str, str]:
    """Return a finished calculation's page and JSON."""
    found.permit(Action.READ_PROGRAMME)
    permit_whole(found)
    result = jobs.result_of(found.session, found.name, number)
    if result is None:
        raise UnknownThingError("result", str(number))
    return result


def claim(*, db: str, now: datetime) -> Job | None:
    """Claim the next calculation to run, if there is one."""
    with session_scope(db) as session:
        job = jobs.claim_job(session, now=now)
        # It runs on the programme as it is now, which may have changed since someone asked.
        version = versions.latest(session, job.programme) if job is not None else None
        if job is None or version is None:
            return job
        return jobs.begin_job(session, job.id, version=version.number, on=local_day(now))


def tell(number: int, news: str, *, db: str, now: datetime) -> bool:
    """Write down how far a calculation is; return whether it should go on."""
    with session_scope(db) as session:
        return jobs.note_news(session, number, news, now=now)


def finish(
    number: int, state: JobState, *, db: str, now: datetime, news: str = "", page: str = "", data: str = ""
) -> None:
    """End a calculation with its result, or with the reason why it has none."""
    with session_scope(db) as session:
        jobs.end_job(session, number, state, now=now, news=news, page=page, data=data)
