"""Wave proposals as a signed-in person compares them, and a proposal as a draft of changes to the plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from pydantic import TypeAdapter
from sqlmodel import Session

from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.intake.editing.kinds import Edit
from changeflow.planning.wave_use import waves_named
from changeflow.programme.programme import Programme
from changeflow.reports.wave_conflicts import ConflictLine, ConflictReport
from changeflow.reports.waves import PlanReport, WavesReport
from changeflow.roadmap.waves.problem import Candidate, Pair, WavePlan
from changeflow.storage import jobs
from changeflow.storage.database import read_scope
from changeflow.storage.jobs import Job, JobState
from changeflow.storage.versions import Version
from changeflow.usecases.editing import PlanDraft, loaded_for_editing, version_of
from changeflow.usecases.jobs import WAVES, own_job
from changeflow.usecases.next_versions import joined_programme
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.result_drafts import finished, saved_once
from changeflow.usecases.settled_sources import settled
from changeflow.usecases.stored import Stored
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.usecases.wave_edits import refers_in, wave_edits
from changeflow.usecases.wave_requests import WaveRequest, requests_of
from changeflow.usecases.wave_ways import page_for
from changeflow.values.words import Action

SHOWN = 10
CALCULATE_AGAIN = "Calculate the proposals again."


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalsIndex:
    """What the page about proposals shows."""

    jobs: Sequence[Job]
    """The calculations, newest first."""
    may_start: bool
    may_change: bool
    """Whether the person may change the plan."""
    requests: tuple[WaveRequest, ...]
    """The requests that proposals meet: fixed days, and what schools ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveOffers:
    """The proposals of one calculation."""

    job: Job
    report: WavesReport | None
    """None while there is no result."""
    conflict: "ShownConflict | None"
    """Why there is no proposal; None if there is another reason, or none."""
    is_old: bool
    """Whether the plan has changed since."""
    may_use: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """A sentence, and the page that changes the request."""

    text: str
    page: str
    """Below the programme's page; empty if there is none, or the person may not change the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownConflict:
    """Requests that cannot all be met, and changes that would be enough."""

    limits: tuple[ShownLine, ...]
    ways: tuple[ShownLine, ...]
    is_minimal: bool


def proposals_index(visit: Visit) -> ProposalsIndex:
    """Return the calculations of proposals; raise if the person sees one school only."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    return ProposalsIndex(
        jobs=jobs.jobs_of(visit.session, visit.name, most=SHOWN, kinds=[WAVES]),
        may_start=visit.may(Action.CALCULATE),
        may_change=visit.may(Action.STORE_VERSION),
        requests=requests_of(visit.programme),
    )


def wave_offers(visit: Visit, number: int) -> WaveOffers:
    """Return the proposals of a calculation."""
    job = own_job(visit, number, [WAVES])
    report = _report(visit.session, visit.name, job) if job.state is JobState.DONE else None
    plans = report.plans if report is not None else ()
    has_ids = bool(plans) and all(wave.school_ids for plan in plans for wave in plan.waves)
    return WaveOffers(
        job=job,
        report=report,
        conflict=_conflict(visit, job) if job.state is JobState.FAILED else None,
        is_old=job.version != visit.stored.version.number,
        may_use=has_ids and visit.may(Action.STORE_VERSION),
    )


def use_proposal(number: int, key: str, change: Change) -> PlanDraft:
    """Store a proposal as a draft, or return the draft that the person has already made from it.

    The edits are for the version of the calculation. If the plan has changed since, the draft shows which do not fit.
    """
    with read_scope(change.db) as session:
        stored, by = loaded_for_editing(session, change)
        job, data = finished(session, stored, number, WAVES)
        plan = next((p for p in TypeAdapter(WavesReport).validate_json(data).plans if p.key == key), None)
        if plan is None:
            raise InputError("Choose one of the proposals.")
        if plan.same_as:
            raise CheckFailedError(f"The waves are the same as in “{plan.same_as}”.")
        base = version_of(session, stored, job.version)
    edits = _edits(stored, base, plan)
    if not edits:
        raise CheckFailedError("The plan already has the waves of this proposal.")
    draft = PlanDraft(programme=stored.programme.id, base=base.number, edits=edits, name=f"Wave proposal: {plan.name}")
    return saved_once(draft, by, change)


def _conflict(visit: Visit, job: Job) -> ShownConflict | None:
    data = jobs.data_of(visit.session, visit.name, job.id)
    if not data:
        return None
    found, may = TypeAdapter(ConflictReport).validate_json(data), visit.may(Action.STORE_VERSION)
    programme = visit.programme

    def shown(line: ConflictLine, words: str = "") -> ShownLine:
        return ShownLine(text=line.text, page=page_for(programme, line.group, words) if may else "")

    limits, ways = (shown(line) for line in found.limits), (shown(line, line.text) for line in found.ways)
    return ShownConflict(limits=tuple(limits), ways=tuple(ways), is_minimal=found.is_minimal)


def _report(session: Session, programme: str, job: Job) -> WavesReport:
    result = jobs.result_of(session, programme, job.id)
    if result is None:
        raise UnknownThingError("result", str(job.id))
    return TypeAdapter(WavesReport).validate_json(result[1])


def _edits(stored: Stored, base: Version, plan: PlanReport) -> tuple[Edit, ...]:
    """Return the edits that give a version the waves of a proposal."""
    programme = stored.programme
    if base.number != stored.version.number:
        programme = replace(joined_programme(base.definition), facts=programme.facts)
    chosen: dict[Pair, Candidate] = {}
    names: dict[Pair, str] = {}
    pilot = set[Pair]()
    for wave in plan.waves:
        for school in wave.school_ids:
            pair = (school, wave.service_id)
            chosen[pair], names[pair] = Candidate(0, date.fromisoformat(wave.iso), ()), wave.name
            pilot |= {pair} if wave.is_pilot else set()
    if chosen.keys() != _pairs(programme):
        raise CheckFailedError(f"The plan no longer has the same schools and services. {CALCULATE_AGAIN}")
    proposed = WavePlan(chosen=chosen, pilot=frozenset(pilot))
    return wave_edits(programme, waves_named(programme, proposed, names, refers_in(settled(base))))


def _pairs(programme: Programme) -> set[Pair]:
    return {(school, s.service) for s in programme.services for school in programme.schools_of(s.service)}
