"""Parallel runs: reconcile a run's files and keep the result."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from changeflow.agenda.criteria import policy_of
from changeflow.errors import ConflictError, InputError, UnknownThingError
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.issues import with_explanations
from changeflow.pilots.runs import KeptVariance, Reconciliation, RunSummary, check_period
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recording import service_named, service_subject
from changeflow.reconciliation.compare import digests, reconcile
from changeflow.storage import pilots
from changeflow.storage.database import read_scope
from changeflow.usecases.authority import is_permitted, permit
from changeflow.usecases.stored import known_until, load, loaded
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.words import Action

CONVENTION = 3
"""The version of the rules for reading ledgers, raised whenever the same files may give a different result.

The same files read by another version count as another run. Version 2 compares suppliers called `Total …`, names
omitted numbers that differ, omits text that reports print below a table, and asks for the decimal mark sooner. Version
3 reads more currencies, including those that a workbook's cells show.
"""


def reconcile_stored(
    old: Path,
    new: Path,
    *,
    service: str,
    period: str,
    change: Change,
    identity: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[Reconciliation, bool]:
    """Compare two files by a stored service's policy and keep the result; return False if the run is already kept.

    The result has individual contracts only for people who may see them, and the audit records that they did.
    """
    files = [old, new, *([identity] if identity else [])]
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
        about, names = Subject(service=service), stored.programme.names
        permit(stored.version.definition, change.actor, Action.RECONCILE, about, on=change.on, names=names)
        policy = run_policy(stored.programme, service)
        check_period(period, change.on)
    # The lock is not held while a million contracts are compared; the policy is checked again afterwards.
    digest = run_digest(digests(*files), policy, service, period)
    result = reconcile(old, new, policy, period=period, identity=identity, say=say)
    if run_digest(digests(*files), policy, service, period) != digest:
        raise InputError(f"{old.name} or {new.name} changed while it was read. No changes saved; try again.")
    with unit_of_work(change) as work:
        by = work.permit(Action.RECONCILE, Subject(service=service))
        if run_policy(work.programme, service) != policy:
            raise ConflictError(
                f"While {period} was being compared, someone recorded an explanation or stored a new version. "
                "No changes saved; reconcile it again."
            )
        summary = result.summary(service=service, period=period, on=change.on)
        is_new = pilots.add_run(work.session, work.name, summary, result, digest=digest, at=change.now, by=by)
        if is_new:
            work.record("reconcile", f"{service}:{period}:{digest[:12]}", by=by)
        about = service_subject(work.programme, service)
        if not is_permitted(work.definition, by, Action.READ_CONTRACTS, about, on=change.on):
            return result.without_contracts(), is_new
        if result.names_contracts:
            work.note("look", f"run:{service}:{period}:masked", by=by)
    return result, is_new


def run_policy(programme: Programme, service: str) -> ParallelRunPolicy:
    """Return the policy of a service's runs, with recorded explanations."""
    return with_explanations(policy_of(service_named(programme, service)), programme.facts.pilot, service)


def kept_runs(service: str, *, db: str, programme: str | None, on: date) -> tuple[RunSummary, ...]:
    """Return every kept run of a service, oldest first."""
    found = loaded(programme, db=db, on=on)
    service_named(found, service)
    return found.facts.runs_of(service)


def kept_variances(
    service: str, period: str, change: Change, *, in_full: bool = False
) -> tuple[RunSummary, list[KeptVariance]]:
    """Return a period's latest run, and its individual differences while they are kept.

    Only the service's manager and lead provider may see individual pay, even with contracts masked, and the audit
    records who did. With `in_full`, contracts will be named.
    """
    with unit_of_work(change) as work:
        by = work.permit(Action.READ_CONTRACTS, service_subject(work.programme, service))
        runs = {r.period: r for r in work.looked_at().programme.facts.runs_of(service)}
        if period not in runs:
            raise UnknownThingError("run", f"{service} {period}", [f"{service} {p}" for p in runs])
        work.note("look", f"run:{service}:{period}" if in_full else f"run:{service}:{period}:masked", by=by)
        until = known_until(work.session, work.name)
        return runs[period], pilots.latest_variances(work.session, work.name, service, period, until=until)


def run_digest(files: Sequence[str], policy: ParallelRunPolicy, service: str, period: str) -> str:
    """Return what identifies a run: the SHA-256 of each file, and everything that decides how they are compared."""
    parts = [str(CONVENTION), *files, policy.model_dump_json(exclude_defaults=True), service, period]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
