"""Outputs of a parallel run that people upload on a page: take them, compare them, show what was found, delete them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from changeflow.errors import InputError, UnknownThingError
from changeflow.pilots.marks import run_thing
from changeflow.pilots.runs import check_period, latest_by_period
from changeflow.programme.definition import ServiceFile
from changeflow.programme.mandates import Subject
from changeflow.programme.recording import service_subject
from changeflow.reports.ledger_pages import PairLine, PairPage, UploadPage, pair_page, upload_page
from changeflow.reports.run_pages import ContractRow, contract_rows
from changeflow.storage import audit, jobs, ledger_pairs, pilots, versions
from changeflow.storage.database import session_scope
from changeflow.storage.jobs import Job
from changeflow.storage.ledger_files import LedgerFiles, PartOfUpload, plain_name
from changeflow.storage.ledger_pairs import LedgerPair
from changeflow.usecases.acts import mark_of
from changeflow.usecases.jobs import LEDGERS
from changeflow.usecases.ledger_comparison import ComparedPair, pair_digest, pair_policy, result_of, tidy
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.parallel_runs import run_policy
from changeflow.usecases.visits import Visit, visit
from changeflow.values.moments import format_day, local_day
from changeflow.values.months import month_in_words
from changeflow.values.words import Action

MOST_PAIRS = 6
"""The most uploaded pairs of a service at one time."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that has arrived."""

    part: PartOfUpload
    name: str
    """Its name, as the browser gave it."""


def permit_upload(found: Visit, service: str) -> ServiceFile:
    """Raise unless the person may compare outputs of a service; return the service."""
    found.permit(Action.READ_PROGRAMME)
    permit_whole(found)
    known = next((s for s in found.programme.services if s.service == service), None)
    if known is None:
        raise UnknownThingError("service", service)
    found.permit(Action.RECONCILE, Subject(thing=known.name, service=service))
    return known


def upload(found: Visit, service: str) -> UploadPage:
    """Return the form to upload outputs."""
    known = permit_upload(found, service)
    pairs = ledger_pairs.pairs_of(found.session, found.name, service)
    runs = found.programme.facts.runs_of(service)
    lines, policy = [_line(found, p) for p in pairs], run_policy(found.programme, service)
    return upload_page(known, runs, lines, policy=policy, today=found.today, days=_days(found))


def lines_for(found: Visit, service: str) -> tuple[PairLine, ...] | None:
    """Return the uploaded pairs of a service; None for people who may not compare outputs."""
    if not found.may(Action.RECONCILE, Subject(service=service)):
        return None
    return tuple(_line(found, pair) for pair in ledger_pairs.pairs_of(found.session, found.name, service))


def _line(found: Visit, pair: LedgerPair) -> PairLine:
    job = jobs.latest_job(found.session, found.name, LEDGERS, str(pair.id))
    return PairLine(
        number=pair.id,
        period=pair.period,
        month=month_in_words(pair.period),
        who=found.programme.person(pair.by),
        day=format_day(local_day(pair.at)),
        state=job.state.value if job is not None else "",
    )


def check_upload(found: Visit, service: str) -> None:
    """Raise unless the person may upload outputs of a service, and there is room, before any file is read."""
    permit_upload(found, service)
    if len(ledger_pairs.pairs_of(found.session, found.name, service)) >= MOST_PAIRS:
        raise InputError(f"There are {MOST_PAIRS} uploads for this service already. Delete one of them first.")


def add_pair(
    token: str, programme: str, service: str, period: str, files: Mapping[str, Arrived], *, db: str, now: datetime
) -> int:
    """Keep two files, and perhaps a list of changed ids, and ask for their comparison; return the pair's number.

    `files` has `old`, `new` and perhaps `ids`.
    """
    with visit(token, programme, db=db, now=now) as found:
        check_upload(found, service)
        check_period(period, found.today)
        person, version, on = found.visitor.person, found.stored.version.number, found.today
    store = LedgerFiles(db)
    with store.locked():
        values = {"service": service, "period": period}
        for side, field in (("old", "old"), ("new", "new"), ("ids", "identity")):
            arrived = files.get(side)
            name = plain_name(arrived.name) if arrived else ""
            values[f"{field}_name"] = name
            values[f"{field}_file"] = arrived.part.keep(f".{name.rpartition('.')[2]}") if arrived else ""
        with session_scope(db) as session:
            versions.lock_programme(session, programme)
            number = ledger_pairs.add_pair(session, programme, values, by=person, at=now)
            jobs.add_job(session, programme, LEDGERS, version=version, on=on, by=person, at=now, subject=str(number))
            subject = f"{service}:{period}:{number}"
            audit.append(session, programme, at=now, actor=person, action="ledgers:upload", subject=subject)
    return number


def compare_again(
    token: str, programme: str, service: str, number: int, decimals: Mapping[str, str], *, db: str, now: datetime
) -> None:
    """Compare an uploaded pair again, perhaps with other decimal marks. A running comparison continues."""
    with visit(token, programme, db=db, now=now) as found:
        permit_upload(found, service)
        pair, person = own_pair(found, service, number), found.visitor.person
        if not pair.files:
            raise InputError("The uploaded files have been deleted. Upload them again.")
        version, on = found.stored.version.number, found.today
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        old, new = (decimals.get(side, before) for side, before in
                    (("old", pair.old_decimal), ("new", pair.new_decimal)))  # fmt: skip
        ledger_pairs.choose_decimals(session, number, old=old, new=new)
        jobs.add_job(session, programme, LEDGERS, version=version, on=on, by=person, at=now, subject=str(number))
        subject = f"{service}:{pair.period}:{number}"
        audit.append(session, programme, at=now, actor=person, action="ledgers:compare", subject=subject)


def stop_comparison(token: str, programme: str, service: str, number: int, *, db: str, now: datetime) -> None:
    """Stop the comparison of a pair; the files stay."""
    with visit(token, programme, db=db, now=now) as found:
        permit_upload(found, service)
        pair = own_pair(found, service, number)
        job, person = jobs.latest_job(found.session, found.name, LEDGERS, str(number)), found.visitor.person
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        if job is not None and jobs.end_job(session, job.id, jobs.JobState.CANCELLED, now=now):
            subject = f"{service}:{pair.period}:{number}"
            audit.append(session, programme, at=now, actor=person, action="ledgers:stop", subject=subject)


def discard_pair(token: str, programme: str, service: str, number: int, *, db: str, now: datetime) -> None:
    """Delete an uploaded pair, its files and its result. A saved run stays."""
    with visit(token, programme, db=db, now=now) as found:
        permit_upload(found, service)
        pair, person = own_pair(found, service, number), found.visitor.person
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        ledger_pairs.empty_pair(session, number)
        jobs.remove_jobs_about(session, programme, LEDGERS, str(number))
        subject = f"{service}:{pair.period}:{number}"
        audit.append(session, programme, at=now, actor=person, action="ledgers:delete", subject=subject)
    tidy(db)


def own_pair(found: Visit, service: str, number: int) -> LedgerPair:
    pair = ledger_pairs.pair_of(found.session, found.name, number)
    if pair is None or pair.service != service:
        raise UnknownThingError("upload", str(number))
    return pair


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """An uploaded pair as one person sees it."""

    page: PairPage
    job: Job | None
    contracts: tuple[ContractRow, ...] | None
    """Individual differences; None for people who may not see them."""
    seen: str
    """The mark of the month's run."""


def pair(found: Visit, service: str, number: int, *, with_contracts: bool = False) -> PairView:
    """Return an uploaded pair with what its comparison found. The audit records who looked at contracts.

    Text that quotes cells of the files is only for the person who uploaded them, and for those who may see contracts.
    """
    known = permit_upload(found, service)
    own = own_pair(found, service, number)
    job = jobs.latest_job(found.session, found.name, LEDGERS, str(number))
    has_ended = job is None or not job.is_open
    result = result_of(own, db=found.db) if has_ended else None
    sees_contracts = found.may(Action.READ_CONTRACTS, service_subject(found.programme, service))
    sees_cells = sees_contracts or own.by == found.visitor.person
    rows = None
    if with_contracts and sees_contracts and result is not None and result.result is not None:
        found.note_look(f"run:{service}:{own.period}:masked")
        rows = contract_rows(result.result.as_kept(), in_full=False)
    runs = {r.period: r for r in latest_by_period(found.programme.facts.runs_of(service))}
    return PairView(
        page=pair_page(
            found.programme,
            known,
            own,
            problems=result.problems if result is not None else (),
            more_problems=result.more_problems if result is not None else 0,
            result=result.result if result is not None else None,
            saved=runs.get(own.period),
            is_saved=result is not None and pilots.has_run(found.session, found.name, result.digest),
            is_outdated=result is not None and _is_outdated(found, own, result),
            has_files=LedgerFiles(found.db).has(*own.files),
            sees_cells=sees_cells,
            uploaded=local_day(own.at),
            today=found.today,
            days=_days(found),
        ),
        job=job,
        contracts=rows,
        seen=mark_of(found.programme, (run_thing(service, own.period),)),
    )


def _days(found: Visit) -> int:
    return int(found.programme.rulepacks.number("privacy", "ledgers_kept_days", on=found.today))


def _is_outdated(found: Visit, pair: LedgerPair, result: ComparedPair) -> bool:
    """Return whether the pair would be compared differently today, for example because of a new explanation."""
    return pair_digest(pair, pair_policy(found.programme, pair)) != result.digest
