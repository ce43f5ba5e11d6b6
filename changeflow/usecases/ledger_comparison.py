"""Compare two uploaded outputs of a parallel run, and store the result as a run.

The comparison runs as a calculation, in a separate process. Its result waits in a file that only changeflow reads,
until someone has checked which columns were compared and saves it, or it is discarded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from pydantic import TypeAdapter

from changeflow.errors import CheckFailedError, ConflictError, ProblemsError, UnknownThingError
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Reconciliation
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.reconciliation.compare import reconcile
from changeflow.reconciliation.ledgers import ASK_DECIMAL
from changeflow.storage import jobs, ledger_pairs, pilots
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.ledger_files import LedgerFiles
from changeflow.storage.ledger_pairs import LedgerPair
from changeflow.usecases.jobs import LEDGERS
from changeflow.usecases.parallel_runs import run_digest, run_policy
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change, ChangeChecks, unit_of_work
from changeflow.values.words import Action

Mark = Literal[".", ","]
SIDES: tuple[Literal["old", "new"], ...] = ("old", "new")
MOST_PROBLEMS = 50
"""The most problems of a file that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairProblem:
    """Something wrong in an uploaded file. It may quote a cell."""

    where: str
    what: str
    remedy: str
    asks_decimal: str = ""
    """The side whose decimal mark must be chosen; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPair:
    """The result for an uploaded pair: problems, or a comparison. Personal data."""

    digest: str
    """The digest of the run, made from the files and the policy that was applied."""
    problems: tuple[PairProblem, ...] = ()
    more_problems: int = 0
    result: Reconciliation | None = None


@cache
def _adapter() -> TypeAdapter[ComparedPair]:
    return TypeAdapter(ComparedPair)


def compare_pair(programme: str, number: int, *, db: str, on: date, say: Callable[[str], None]) -> None:
    """Compare an uploaded pair by the service's policy of the day, and write the result beside the files."""
    with read_scope(db) as session:
        pair = ledger_pairs.pair_of(session, programme, number)
        if pair is None or not pair.files:
            raise UnknownThingError("upload", str(number))
        policy = pair_policy(load(session, programme, on=on).programme, pair)
    files, digest = LedgerFiles(db), pair_digest(pair, policy)
    named = [(s, n, t) for s, n, t in _named(pair) if n]
    with files.named(named) as paths:
        try:
            identity = paths[2] if pair.identity_file else None
            result = reconcile(paths[0], paths[1], policy, period=pair.period, identity=identity, say=say)
            found = ComparedPair(digest=digest, result=result)
        except ProblemsError as error:
            shown = tuple(
                PairProblem(
                    where=f"{problem.file}, line {problem.line}",
                    what=problem.what,
                    remedy=problem.remedy,
                    asks_decimal=_asked_side(problem.file, pair) if problem.remedy == ASK_DECIMAL else "",
                )
                for problem in error.problems[:MOST_PROBLEMS]
            )
            more = len(error.problems) - len(shown)
            found = ComparedPair(digest=digest, problems=shown, more_problems=more)
    with files.locked(), read_scope(db) as session:
        # It may have been discarded, or its programme's people erased, in the meantime.
        now = ledger_pairs.pair_of(session, programme, number)
        if now is not None and now.files == pair.files:
            files.write_result(number, _adapter().dump_json(found).decode())


def _named(pair: LedgerPair) -> tuple[tuple[str, str, str], ...]:
    """Return each file's side, name in the store, and name for messages."""
    return (
        ("old", pair.old_file, pair.old_name),
        ("new", pair.new_file, pair.new_name),
        ("ids", pair.identity_file, pair.identity_name),
    )


def _asked_side(shown: str, pair: LedgerPair) -> str:
    """Return the side of the file that a message names; the name has the folder if both files are called the same."""
    if pair.old_name == pair.new_name:
        return "old" if shown.startswith("old/") else "new"
    return "old" if shown.partition("[")[0] == pair.old_name else "new"


def pair_policy(programme: Programme, pair: LedgerPair) -> ParallelRunPolicy:
    """Return the policy for a pair, with the decimal marks that someone chose where the amounts do not show them."""
    policy = run_policy(programme, pair.service)
    chosen: dict[Literal["old", "new"], Mark] = dict(policy.decimal)
    for side, mark in zip(SIDES, (pair.old_decimal, pair.new_decimal), strict=True):
        if mark in (".", ",") and side not in chosen:
            chosen[side] = "." if mark == "." else ","
    return policy.model_copy(update={"decimal": chosen})


def pair_digest(pair: LedgerPair, policy: ParallelRunPolicy) -> str:
    return run_digest(pair.digests, policy, pair.service, pair.period)


def result_of(pair: LedgerPair, *, db: str) -> ComparedPair | None:
    """Return the result of a pair's latest comparison; None if there is none."""
    text = LedgerFiles(db).read_result(pair.id)
    return _adapter().validate_json(text) if text is not None else None


@dataclass(frozen=True, slots=True)
class StoredPair:
    """The effect of saving a pair's result."""

    is_new: bool
    is_clean: bool


def store_pair(service: str, number: int, change: Change) -> StoredPair:
    """Store a pair's result as a run of its month. The files of a clean run are removed."""
    with unit_of_work(change) as work:
        by = work.permit(Action.RECONCILE, Subject(service=service))
        pair = ledger_pairs.pair_of(work.session, work.name, number)
        if pair is None or pair.service != service:
            raise UnknownThingError("upload", str(number))
        found = result_of(pair, db=change.db)
        if found is None or found.result is None:
            raise CheckFailedError("These files have not been compared yet.")
        if pair_digest(pair, pair_policy(work.programme, pair)) != found.digest:
            raise ConflictError(
                "Since these files were compared, someone has recorded an explanation or changed the criteria. "
                "Compare them again."
            )
        summary = found.result.summary(service=service, period=pair.period, on=change.on)
        is_new = pilots.add_run(work.session, work.name, summary, found.result, digest=found.digest, at=change.now,
                                by=by)  # fmt: skip
        if is_new:
            work.record("reconcile", f"{service}:{pair.period}:{found.digest[:12]}", by=by)
        if summary.is_clean:
            ledger_pairs.empty_pair(work.session, number)
            jobs.remove_jobs_about(work.session, work.name, LEDGERS, str(number))
    if not (change.guard or ChangeChecks()).is_trial:
        tidy(change.db)
    return StoredPair(is_new=is_new, is_clean=summary.is_clean)


def tidy(db: str) -> int:
    """Remove uploaded files that no pair of the database has any more; return how many."""
    files = LedgerFiles(db)
    if not files.folder.is_dir():
        return 0
    with files.locked():
        with session_scope(db, write=False) as session:
            names, numbers = ledger_pairs.all_files(session)
        return files.remove_unused(names, numbers)
