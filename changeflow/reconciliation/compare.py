"""Compare two ledgers of up to a million contracts, exactly, in DuckDB: amounts are whole millionths, never floats.

Both files are read and checked here, and `variances` compares them. Why DuckDB: docs/decisions/0010.
"""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.errors import InputError, ProblemsError
from changeflow.intake.opening import check_input
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Coverage, Reconciliation
from changeflow.reconciliation.amounts import MACROS
from changeflow.reconciliation.columns import (
    Choice,
    choose,
    headings_of,
    matched,
    missing,
    nearly_matched,
    nothing_in_common,
    other_currencies,
)
from changeflow.reconciliation.ids import id_hints
from changeflow.reconciliation.ledgers import Side, check_cells, currencies_of, has_other_lines, load, measure, read_as
from changeflow.reconciliation.left_out import differing, with_places
from changeflow.reconciliation.rows import add_no_lines, check_lines, leave_out_footers, leave_out_totals
from changeflow.reconciliation.sources import MOST_BYTES, open_source, unreadable
from changeflow.reconciliation.variances import Comparison
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    import duckdb

KEPT, ALL = 1_000, 10_000_000
"""How many differences, and keys of each kind, to return individually: as many as a stored run keeps, and all."""
MEMORY, SCRATCH = "600MB", "4GB"
"""DuckDB's memory limit, and the limit for its scratch folder, which is removed afterwards."""
Say = Callable[[str], None]


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

    report_progress = say or (lambda _: None)
    for path in (old, new):
        check_input(path, most=MOST_BYTES, inside=inside)
    # Nothing is fetched from anywhere: DuckDB would install its extensions automatically.
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "autoinstall_known_extensions": "false",
        "max_temp_directory_size": SCRATCH,
    }
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect(config=settings) as db:
        db.execute("set temp_directory = ?", [scratch])
        for macro in MACROS:
            db.execute(macro)
        problems: list[Problem] = []
        before = digests(old, new)
        shown = _names(old, new)
        reading = _Reading(db, policy, period, Path(scratch), shown, problems, report_progress)
        ledgers = [ledger for side, path in (("old", old), ("new", new)) if (ledger := reading.ledger(side, path))]
        choice = reading.choose(ledgers)
        if identity is not None:
            _map_identities(db, identity, problems)
        if problems:
            raise ProblemsError(problems)
        if digests(old, new) != before:
            raise InputError(f"{old.name} or {new.name} changed while it was read. Nothing was compared; try again.")
        report_progress("Comparing …")
        found = Comparison(db, choice.elements, policy, period, most).run()
        hints = id_hints(db, shown) if found.has_contracts_alone else ()
        doubts = (*reading.doubts, *differing(db, ledgers, choice.coverage))
        coverage = replace(choice.coverage, lines=tuple(reading.lines_left_out), doubts=doubts)
        return replace(found, coverage=coverage, read_as=tuple(reading.said), id_hints=tuple(hints))


def _names(old: Path, new: Path) -> dict[str, str]:
    """Return both files' names, with their folders if the names are the same."""
    is_same = old.name == new.name and old != new
    return {s: f"{p.parent.name}/{p.name}" if is_same else p.name for s, p in (("old", old), ("new", new))}


@dataclass(slots=True)
class _Reading:
    """Both files while they are being read."""

    db: "duckdb.DuckDBPyConnection"
    policy: ParallelRunPolicy
    period: str
    scratch: Path
    shown: Mapping[str, str]
    problems: list[Problem]
    report_progress: Say
    said: list[str] = field(default_factory=list)
    lines_left_out: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def ledger(self, side: str, path: Path) -> Side | None:
        """Return one side, measured; add its problems and return None if that is impossible."""
        import duckdb

        self.report_progress(f"Reading {self.shown[side]} …")
        try:
            start = len(self.problems)
            ledger = self._measured(side, path, is_patient=False)
            if ledger is None and len(self.problems) == start:
                ledger = self._measured(side, path, is_patient=True)
            return ledger
        except duckdb.Error as error:
            self.problems.append(unreadable(self.shown[side], error))
            return None

    def _measured(self, side: str, path: Path, *, is_patient: bool) -> Side | None:
        """Measure one side; also return None if its rows cannot be numbered by counting them, unless it is read
        patiently."""
        import duckdb

        start = len(self.problems)
        known = [*self.policy.key, *(t.element for t in self.policy.tolerances)]
        known += [self.policy.pay] if self.policy.pay else []
        known += [theirs for s, named in self.policy.columns.items() if s == side for theirs in named.values()]
        source = open_source(
            self.db,
            side,
            path,
            self.problems,
            scratch=self.scratch,
            shown=self.shown[side],
            known=known,
            is_patient=is_patient,
        )
        if source is None:
            return None
        headings = headings_of(side, source, self.policy)
        self.problems += missing(headings, self.policy)
        if len(self.problems) > start:
            return None
        ledger = Side(db=self.db, headings=headings, policy=self.policy, problems=self.problems)
        try:
            lines = measure(ledger)
        except duckdb.Error:
            if source.lines is None:
                raise
            return None
        is_exact = source.lines is None or (source.lines == lines + 1 and not has_other_lines(ledger))
        if is_exact and not lines:
            add_no_lines(ledger)
            return None
        return ledger if is_exact else None

    def choose(self, ledgers: Sequence[Side]) -> Choice:
        """Choose the columns to compare, and load them on both sides."""
        if len(ledgers) < 2:
            return Choice((), Coverage(compared=()))
        sides = [ledger.headings for ledger in ledgers]
        self.problems += other_currencies(sides)
        choice = choose(self.policy, sides, {ledger.side: ledger.measured for ledger in ledgers})
        choice = replace(choice, coverage=with_places(choice.coverage, ledgers))
        if (nothing := nothing_in_common(choice, sides)) is not None:
            self.problems.append(nothing)
            return choice
        currencies = currencies_of(ledgers, choice.elements)
        said = list[tuple[str, str]]()
        for ledger in ledgers:
            notes = list(ledger.source.notes)
            start = len(self.problems)
            load(ledger, choice.elements)
            if len(self.problems) > start:
                continue
            footers = tuple(leave_out_footers(ledger, choice.elements))
            totals = leave_out_totals(ledger, choice.elements)
            left_out = (*totals.said, *footers)
            self.lines_left_out += [f"{ledger.side} output: {note[0].lower()}{note[1:]}" for note in left_out]
            self.doubts += [f"{ledger.source.shown}: {doubt}" for doubt in totals.doubts]
            check_cells(ledger, choice.elements, currencies)
            check_lines(ledger, choice.elements, policy=self.policy, period=self.period)
            notes += read_as(ledger, choice.elements)
            said += [(ledger.source.shown, note) for note in notes]
        for note in dict.fromkeys(note for _, note in said):
            files = dict.fromkeys(file for file, same in said if same == note)
            self.said.append(f"{' and '.join(files)}: {note}")
        self.said += [*matched(sides), *nearly_matched(choice.elements)]
        return choice


def digests(*paths: Path) -> tuple[str, ...]:
    """Return the SHA-256 of each file's bytes: by them the same files are recognised."""
    found = []
    for path in paths:
        with path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return tuple(found)


def _map_identities(db: "duckdb.DuckDBPyConnection", path: Path, problems: list[Problem]) -> None:
    """Give old keys their new ones."""
    from changeflow.intake.fact_formats import IDENTITIES
    from changeflow.intake.facts import identities_in
    from changeflow.intake.tables import read_table

    pairs = identities_in(read_table(path, path.name, problems, IDENTITIES), problems)
    if not problems:
        db.execute("create table identity (old varchar primary key, new varchar)")
        db.executemany("insert into identity values (?, ?)", list(pairs.items()))
        db.execute('update "old" set key = identity.new from identity where "old".key = identity.old')
