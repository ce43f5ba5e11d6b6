"""Pilots and parallel runs: which schools go first; a run's files reconciled, and the result kept."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from changeflow.errors import InputError, UnknownThingError
from changeflow.intake.folder import read_folder
from changeflow.intake.reconciling import digests, reconcile
from changeflow.pilots.choosing import Cohort, choose
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.reconciliation import Reconciliation
from changeflow.programme.candidates import candidates
from changeflow.programme.programme import Programme
from changeflow.storage import facts
from changeflow.storage.database import session_scope
from changeflow.usecases.facts import Change
from changeflow.usecases.stored import after_change, check_actor, load


def proposed_pilot(folder: Path, *, size: int) -> tuple[Programme, tuple[Cohort, ...]]:
    """Return a folder's programme, and the cohorts that are most like the trust, the best first."""
    programme = read_folder(folder).programme
    schools = programme.definition.schools
    if not 1 <= size < len(schools):
        raise InputError(f"A pilot of {size} of {len(schools)} schools is none. Say with --size how many, such as 3.")
    return programme, choose(candidates(programme), size=size)


def reconcile_files(
    old: Path,
    new: Path,
    policy: ParallelRunPolicy,
    *,
    period: str,
    identity: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> Reconciliation:
    """Compare two files; nothing is stored."""
    return reconcile(old, new, policy, period=period, identity=identity, say=say)


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
    """Compare two files by a stored service's own policy and keep the result; False when this run is kept already."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        by, name = check_actor(stored.version.definition, change.actor), stored.programme.id
        found = next((s for s in stored.programme.services if s.service == service), None)
        if found is None:
            raise UnknownThingError("service", service, [s.service for s in stored.programme.services])
        policy = found.parallel_run or ParallelRunPolicy()
        result = reconcile_files(old, new, policy, period=period, identity=identity, say=say)
        summary = result.summary(service=service, period=period, on=change.on)
        digest = _digest([old, new, *([identity] if identity else [])], policy, service, period)
        is_new = facts.add_run(session, name, summary, digest=digest, at=change.now, by=by)
        if is_new:
            subject = f"{service}:{period}:{digest[:12]}"
            after_change(session, name, on=change.on, now=change.now, actor=by, action="reconcile", subject=subject)
    return result, is_new


def _digest(paths: Sequence[Path], policy: ParallelRunPolicy, service: str, period: str) -> str:
    parts = [*digests(*paths), policy.model_dump_json(exclude_defaults=True), service, period]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
