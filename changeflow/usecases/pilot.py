"""Reconcile a parallel run's files, and keep the result."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from changeflow.errors import UnknownThingError
from changeflow.intake.ledgers import read_ledger
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.reconciliation import Reconciliation, reconcile
from changeflow.storage import facts
from changeflow.storage.database import session_scope
from changeflow.usecases.facts import Change
from changeflow.usecases.stored import after_change, check_actor, load


def reconcile_files(old: Path, new: Path, policy: ParallelRunPolicy, *, period: str) -> Reconciliation:
    """Compare two files; nothing is stored."""
    elements: Sequence[str] = [t.element for t in policy.tolerances]
    before, after = (read_ledger(path, key=policy.key, elements=elements) for path in (old, new))
    return reconcile(before, after, policy, period=period)


def reconcile_stored(old: Path, new: Path, *, service: str, period: str, change: Change) -> tuple[Reconciliation, bool]:
    """Compare two files by a stored service's own policy and keep the result; False when this run is kept already."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        by, name = check_actor(stored.version.definition, change.actor), stored.programme.id
        found = next((s for s in stored.programme.services if s.service == service), None)
        if found is None:
            raise UnknownThingError("service", service, [s.service for s in stored.programme.services])
        policy = found.parallel_run or ParallelRunPolicy()
        result = reconcile_files(old, new, policy, period=period)
        summary = result.summary(service=service, period=period, on=change.on)
        digest = _digest(old, new, policy, service, period)
        is_new = facts.add_run(session, name, summary, digest=digest, at=change.now, by=by)
        if is_new:
            subject = f"{service}:{period}:{digest[:12]}"
            after_change(session, name, on=change.on, now=change.now, actor=by, action="reconcile", subject=subject)
    return result, is_new


def _digest(old: Path, new: Path, policy: ParallelRunPolicy, service: str, period: str) -> str:
    parts = [old.read_bytes(), new.read_bytes(), policy.model_dump_json().encode(), f"{service}|{period}".encode()]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
