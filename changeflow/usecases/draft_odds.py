"""How likely the dates of a draft are, beside those of the current plan: worked out as a calculation.

Both plans are simulated by the same function, with the same random numbers, so that a difference between their chances
comes from the plans and not from luck.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from pydantic import TypeAdapter
from sqlmodel import Session

from changeflow.errors import InputError, UnknownThingError
from changeflow.planning.plan_chances import PlanChances, announced_ahead, chances_of
from changeflow.programme.programme import Programme
from changeflow.storage import jobs
from changeflow.storage.database import read_scope
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases.acts import mark_of_dates
from changeflow.usecases.drafts import stored_draft
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.editing import try_draft
from changeflow.usecases.jobs import DRAFT_ODDS, add_calculation, draft_prefix, draft_subject, own_job, stop_job
from changeflow.usecases.risk import SimulationRequest, ask, drawn_in, run, with_same_luck
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit, visit
from changeflow.values.moments import local_day

ITERATIONS, SEED = 10_000, 1
"""The same as for the likelihood of dates, so that the current plan has the same chances on every page."""
NO_LONGER_THERE = "The draft is no longer there."
DOES_NOT_FIT = "The draft does not fit the plan."
"""Why there is no result; pages have words of their own for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOdds:
    """The chances of a draft's dates and of the current plan's."""

    version: int
    on: date
    iterations: int
    plan: PlanChances
    draft: PlanChances


@cache
def _adapter() -> TypeAdapter[DraftOdds]:
    return TypeAdapter(DraftOdds)


@dataclass(frozen=True, slots=True, kw_only=True)
class OddsOfDraft:
    """What is known of a draft's chances."""

    job: Job | None
    """The newest calculation; None if no one has asked for one."""
    odds: DraftOdds | None
    """The newest result, of this or an earlier calculation."""


def odds_mark(programme: Programme) -> str:
    """Return a short string that changes with what decides a plan's chances: its definition and its dates."""

    def make() -> str:
        known = f"{programme.definition.content_hash()} {mark_of_dates(programme)}"
        return hashlib.sha256(known.encode()).hexdigest()[:16]

    return programme.once("odds-mark", make)


def ask_draft_odds(token: str, programme: str, number: int, *, db: str, now: datetime) -> Job:
    """Ask for the chances of a draft as it is now; a second request for the same returns the first."""
    with visit(token, programme, db=db, now=now) as found:
        permit_editing(found)
        draft = stored_draft(found.session, programme, number)
        person, version, on = found.visitor.person, found.stored.version.number, found.today
    subject = draft_subject(number, draft.revision)
    return add_calculation(
        programme, DRAFT_ODDS, person=person, version=version, on=on, db=db, now=now, subject=subject
    )


def stop_draft_odds(token: str, programme: str, number: int, *, db: str, now: datetime) -> None:
    """Stop the calculation about a draft; one that has ended stays as it is."""
    with visit(token, programme, db=db, now=now) as found:
        permit_editing(found)
        job = jobs.latest_job_of(found.session, programme, DRAFT_ODDS, draft_prefix(str(number)))
        if job is None:
            raise UnknownThingError("calculation", str(number))
        person = found.visitor.person
    stop_job(job, person=person, db=db, now=now)


def odds_of_draft(visit: Visit, number: int) -> OddsOfDraft:
    """Return a draft's newest calculation, and its newest result."""
    prefix = draft_prefix(str(number))
    job = jobs.latest_job_of(visit.session, visit.name, DRAFT_ODDS, prefix)
    done = jobs.latest_job_of(visit.session, visit.name, DRAFT_ODDS, prefix, state=JobState.DONE)
    result = jobs.result_of(visit.session, visit.name, own_job(visit, done.id, [DRAFT_ODDS]).id) if done else None
    return OddsOfDraft(job=job, odds=_adapter().validate_json(result[1]) if result is not None else None)


def work_out_draft_odds(programme: str, job: int, *, db: str, now: datetime, say: Callable[[str], None]) -> str:
    """Work out what a calculation asks for; return the result as JSON.

    Raise an `InputError` that says why there is none, in words for pages.
    """
    with read_scope(db) as session:
        asked = jobs.job_of(session, programme, job)
        if asked is None:
            raise InputError(NO_LONGER_THERE)
        version, plan, draft = _both(session, asked, db=db, now=now)
    return _adapter().dump_json(compare_chances(plan, draft, version=version, say=say)).decode()


def _both(session: Session, asked: Job, *, db: str, now: datetime) -> tuple[int, Programme, Programme]:
    """Return the version's number, the current plan, and the plan with the draft."""
    on = local_day(now)
    stored = load(session, asked.programme, on=on)
    try:
        draft = stored_draft(session, asked.programme, int(draft_prefix(asked.subject)[:-1]))
    except UnknownThingError:
        raise InputError(NO_LONGER_THERE) from None
    change = Change(db=db, programme=asked.programme, actor=asked.by, now=now, on=on)
    trial = try_draft(session, stored, draft, change, asked.by)
    if trial.judged is None:
        raise InputError(DOES_NOT_FIT)
    return stored.version.number, stored.programme, trial.judged.programme


def compare_chances(
    plan: Programme, draft: Programme, *, version: int, say: Callable[[str], None], iterations: int = ITERATIONS
) -> DraftOdds:
    """Simulate the current plan and a draft of it, with the same random numbers."""
    first = _request(plan, iterations)
    then = with_same_luck(_request(draft, iterations), drawn_in(first))
    return DraftOdds(
        version=version,
        on=plan.on,
        iterations=iterations,
        plan=_chances(plan, first, version, iterations, lambda done: say(f"The current plan: {done}% done.")),
        draft=_chances(draft, then, version, iterations, lambda done: say(f"The draft: {done}% done.")),
    )


def _request(programme: Programme, iterations: int) -> SimulationRequest:
    also = dict.fromkeys(live.task for live in announced_ahead(programme) if live.task is not None)
    return ask(programme, iterations=iterations, assume=None, learn=True, also=tuple(also))


def _chances(
    programme: Programme, asked: SimulationRequest, version: int, iterations: int, say: Callable[[int], None]
) -> PlanChances:
    found = run(asked, iterations=iterations, seed=SEED, say=say)
    return chances_of(programme, found, version=version, mark=odds_mark(programme))
