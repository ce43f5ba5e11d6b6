"""Compare two ledgers of up to a million contracts, exactly, in DuckDB: amounts are whole millionths, never floats.

Both files are read and checked here, and `variances` compares them. Why DuckDB: docs/decisions/0010.
"""

import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.errors import InputError, ProblemsError
from changeflow.intake.opening import check_input
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Reconciliation
from changeflow.reconciliation.ids import id_hints
from changeflow.reconciliation.left_out import differing
from changeflow.reconciliation.periods import other_periods, other_titles, periods_of
from changeflow.reconciliation.reading import LedgerReading, Say, a_database
from changeflow.reconciliation.sources import MOST_BYTES
from changeflow.reconciliation.variances import Comparison
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    import duckdb

KEPT, ALL = 1_000, 10_000_000
"""How many differences, and keys of each kind, to return individually: as many as a stored run keeps, or all of
them."""
SMALL = 60_000_000
"""The largest size of both files together, in bytes, for a comparison in little memory: enough for 100,000 contracts
with names and twelve elements on each side."""
LITTLE, MEMORY = "200 MB", "600 MB"
"""DuckDB's memory limits."""


def reconcile(
    old: Path,
    new: Path,
    policy: ParallelRunPolicy,
    *,
    period: str,
    identity: Path | None = None,
    say: Say | None = None,
    inside: Path | None = None,
    most: int = KEPT,
) -> Reconciliation:
    """Compare two files; if either has problems, raise a `ProblemsError` with all of them and compare nothing.

    At most `most` differences, and `most` contracts of each kind, are returned individually; all are counted.
    """
    # Imported only when needed, because loading it takes longer than most commands.
    import duckdb

    for path in (old, new):
        check_input(path, most=MOST_BYTES, inside=inside)
    is_small = sum(path.stat().st_size for path in (old, new)) <= SMALL and old.suffix.lower() != ".parquet"
    for memory in (LITTLE, MEMORY) if is_small else (MEMORY,):
        with suppress(duckdb.OutOfMemoryException), a_database(memory) as (db, scratch):
            reading = LedgerReading(db, policy, period, scratch, _names(old, new), [], say or (lambda _: None))
            return _compared(reading, old, new, identity, most)
    raise InputError(
        f"Comparing {old.name} and {new.name} needs more memory than {MEMORY}. Remove columns, or split the files."
    )


def _compared(reading: LedgerReading, old: Path, new: Path, identity: Path | None, most: int) -> Reconciliation:
    db, problems = reading.db, reading.problems
    before = digests(old, new)
    ledgers = [ledger for side, path in (("old", old), ("new", new)) if (ledger := reading.ledger(side, path))]
    choice = reading.choose(ledgers)
    if identity is not None:
        _map_identities(db, identity, problems)
    if problems:
        raise ProblemsError(problems)
    if digests(old, new) != before:
        raise InputError(f"{old.name} or {new.name} changed while it was read. Nothing was compared; try again.")
    reading.report_progress("Comparing …")
    found = Comparison(db, choice.elements, reading.policy, reading.period, most).run()
    hints = id_hints(db, reading.shown) if found.has_contracts_alone else ()
    periods = periods_of(db, ledgers, choice.coverage)
    others = differing(db, ledgers, choice.coverage, judged=periods.keys())
    doubts = (*reading.doubts, *other_titles(*ledgers), *other_periods(periods), *others)
    coverage = replace(choice.coverage, lines=tuple(reading.lines_left_out), doubts=doubts)
    return replace(found, coverage=coverage, read_as=tuple(reading.said), id_hints=tuple(hints))


def _names(old: Path, new: Path) -> dict[str, str]:
    """Return both files' names, with their folders if the names are the same."""
    is_same = old.name == new.name and old != new
    return {s: f"{p.parent.name}/{p.name}" if is_same else p.name for s, p in (("old", old), ("new", new))}


def digests(*paths: Path) -> tuple[str, ...]:
    """Return the SHA-256 of each file's bytes, by which the same files are recognised."""
    found = []
    for path in paths:
        with path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return tuple(found)


def _map_identities(db: "duckdb.DuckDBPyConnection", path: Path, problems: list[Problem]) -> None:
    """Replace the old side's keys with the new ones."""
    from changeflow.intake.fact_formats import IDENTITIES
    from changeflow.intake.facts import identities_in
    from changeflow.intake.tables import read_table

    pairs = identities_in(read_table(path, path.name, problems, IDENTITIES), problems)
    if not problems:
        db.execute("create table identity (old varchar primary key, new varchar)")
        db.executemany("insert into identity values (?, ?)", list(pairs.items()))
        db.execute('update "old" set key = identity.new from identity where "old".key = identity.old')
