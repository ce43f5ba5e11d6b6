"""Calculations that take longer than a page: proposals for waves, the likelihood of dates, and levelling.

Someone asks for one, a worker runs it, and its result is kept for the version and the day. Each is a command, run in a
process of its own, so that pages stay fast and a calculation can be stopped at once.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

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
    """The question that it answers."""
    command: tuple[str, ...]
    """The command that does it, which prints JSON and writes a page."""


KINDS: Mapping[str, JobKind] = {
    "waves": JobKind(
        title="Wave proposals",
        what="When each school could go live: three proposals, compared with the current plan.",
        command=("waves", "--format", "json"),
    ),
    "odds": JobKind(
        title="Likelihood of dates",
        what="How likely each milestone is to be on time, and which tasks matter most.",
        command=("simulate", "--format", "json"),
    ),
    "levelling": JobKind(
        title="Team workload",
        what="Dates that leave every team with enough people.",
        command=("level", "--format", "json"),
    ),
}
"""Every kind that people start, in the order that pages list them."""
LEVELLING = "levelling"
"""The kind that proposes dates at which every team has enough people."""
WAVES = "waves"
"""The kind that proposes waves; a page of its own compares the proposals."""
LEDGERS = "ledgers"
"""The kind that compares uploaded ledgers; its page is the upload's."""
RECOVERY = "recovery"
"""The kind that looks for recovery options of one date; they have a page of their own."""
STOPPABLE = (*KINDS, RECOVERY)
"""The kinds that people stop on the page of the calculation."""
DRAFT_ODDS = "draft-odds"
"""The kind that works out how likely the dates of a draft are; the draft's comparison shows them."""
MESSAGES = "messages"
"""The kind that works out the messages of the next week; their page shows it."""


REASONS: Mapping[str, str] = {
    "No plan was found in time": (
        "No proposal was found in the time that a calculation has. The limits may leave hardly any room. Ask the "
        "programme office to relax one of them, such as the last date or the number of schools in a wave."
    ),
    "No wave has any school": "No wave has any school yet. Proposals need waves with schools.",
    "Nothing can be simulated: no task has a range": (
        "No task has a range of durations, so the likelihood of dates cannot be calculated. Ask the programme office "
        "to give the tasks that matter most a shortest, a likely and a longest duration."
    ),
    "There are no open milestones": "The plan has no open milestones, so there is no date to calculate.",
    "No task says which people it needs": (
        "No task says which team it needs, so there is no workload to level. Ask the programme office to add the teams "
        "that tasks share."
    ),
    "The work does not fit before": (
        "The work does not fit into the plan’s dates with the people available. Ask the programme office to give the "
        "teams more days a week, or to reduce what the tasks need."
    ),
    "There are no recovery options": (
        "The plan has no recovery options. Ask the programme office to add what could save time, with its cost."
    ),
    "These drive the end and have no range": (
        "Tasks that set the date have no range of durations, so its likelihood cannot be calculated. Tick the box that "
        "assumes a range, or ask the programme office to give them a shortest, a likely and a longest duration."
    ),
    "The draft is no longer there": ("The draft was published or discarded before its likelihood could be calculated."),
    "The draft does not fit the plan": (
        "The draft does not fit the plan as it is now. Open the draft, correct what does not fit, and calculate again."
    ),
    "These pinned dates conflict": (
        "Some tasks have fixed dates that cannot all be met. Ask the programme office to remove one of these dates."
    ),
}
"""Why a calculation has no result, in the words of pages, by the first words of the command's own message."""
NO_PLAN = "There is no plan"
"""The first words of the message that lists limits, one of which must be relaxed. Pages show it unchanged."""
OTHER_REASON = (
    "The plan as it is cannot be calculated. Ask the programme office to check it, and give them this reference: "
)
_OF_A_TERMINAL = re.compile(r"(?<!\S)--\w|\bchangeflow \w|\.(?:ya?ml|csv)\b|\bR\d\d\b")


def reason_in_words(said: Sequence[str]) -> str:
    """Return why a calculation has no result, in the words of pages; empty if they have none for it.

    `said` are the lines that the command wrote.
    """
    for number, line in enumerate(said):
        if line.startswith(NO_PLAN) and not line.endswith("…"):
            return "\n".join(said[number:])
        if reason := next((words for begins, words in REASONS.items() if line.startswith(begins)), ""):
            return reason
    return ""


def is_for_pages(line: str) -> bool:
    """Return whether a line of a command's progress can be shown on pages: it names no option, file or rule code."""
    return _OF_A_TERMINAL.search(line) is None


def ask_job(token: str, programme: str, kind: str, *, db: str, now: datetime) -> Job:
    """Ask for a calculation of the programme as it is now; a second request for the same returns the first."""
    if kind not in KINDS:
        raise UnknownThingError("calculation", kind)
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.CALCULATE, PROGRAMME)
        person, version, on = found.visitor.person, found.stored.version.number, found.today
    return add_calculation(programme, kind, person=person, version=version, on=on, db=db, now=now)


def add_calculation(
    programme: str, kind: str, *, person: str, version: int, on: date, db: str, now: datetime, subject: str = ""
) -> Job:
    """Add a calculation, or return the open one of the same subject, version and day. Check permissions first."""
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        _end_earlier(session, programme, kind, subject, now=now)
        job = jobs.add_job(session, programme, kind, version=version, on=on, by=person, at=now, subject=subject)
        audit.append(session, programme, at=now, actor=person, action="calculate", subject=kind)
    return job


def _end_earlier(session: Session, programme: str, kind: str, subject: str, *, now: datetime) -> None:
    """End an open calculation about an earlier revision of the same draft."""
    if kind == DRAFT_ODDS:
        earlier = jobs.latest_job_of(session, programme, kind, draft_prefix(subject))
        if earlier is not None and earlier.is_open and earlier.subject != subject:
            jobs.end_job(session, earlier.id, JobState.CANCELLED, now=now)


def draft_subject(number: int, revision: int) -> str:
    """Return the subject of calculations about a revision of a draft."""
    return f"{number}.{revision}"


def draft_prefix(subject: str) -> str:
    """Return what the subjects of calculations about one draft begin with."""
    return f"{subject.partition('.')[0]}."


def remove_draft_jobs(session: Session, programme: str, number: int) -> None:
    """Remove the calculations about a draft that no longer exists: the next draft may get its number."""
    jobs.remove_jobs_of(session, programme, DRAFT_ODDS, draft_prefix(str(number)))


def cancel_job(token: str, programme: str, number: int, *, db: str, now: datetime) -> str:
    """Stop a calculation and return its kind; one that has ended stays as it is."""
    with visit(token, programme, db=db, now=now) as found:
        found.permit(Action.CALCULATE, PROGRAMME)
        person, job = found.visitor.person, own_job(found, number, STOPPABLE)
    stop_job(job, person=person, db=db, now=now)
    return job.kind


def stop_job(job: Job, *, person: str, db: str, now: datetime) -> None:
    """Stop a calculation. Check permissions first."""
    with session_scope(db) as session:
        versions.lock_programme(session, job.programme)
        if jobs.end_job(session, job.id, JobState.CANCELLED, now=now):
            audit.append(session, job.programme, at=now, actor=person, action="stop-calculation", subject=job.kind)


def list_jobs(found: Visit) -> Sequence[Job]:
    """Return the programme's calculations, newest first."""
    found.permit(Action.READ_PROGRAMME)
    permit_whole(found)
    return jobs.jobs_of(found.session, found.name, most=SHOWN, kinds=KINDS)


def own_job(found: Visit, number: int, kinds: Collection[str] = KINDS) -> Job:
    """Return one of the programme's calculations, of these kinds."""
    found.permit(Action.READ_PROGRAMME)
    permit_whole(found)
    job = jobs.job_of(found.session, found.name, number)
    if job is None or job.kind not in kinds:
        raise UnknownThingError("calculation", str(number))
    return job


def result_of_job(found: Visit, number: int) -> tuple[str, str]:
    """Return a finished calculation's page and JSON."""
    own_job(found, number)
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
    """Record how far a calculation has got; return whether it should continue."""
    with session_scope(db) as session:
        return jobs.note_news(session, number, news, now=now)


def finish(
    number: int, state: JobState, *, db: str, now: datetime, news: str = "", page: str = "", data: str = ""
) -> None:
    """End a calculation with its result, or with the reason why it has none."""
    with session_scope(db) as session:
        jobs.end_job(session, number, state, now=now, news=news, page=page, data=data)
