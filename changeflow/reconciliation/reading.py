"""Read the sides of a parallel run into DuckDB: one database for both, with limited memory."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Coverage
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
from changeflow.reconciliation.ledgers import Side, check_cells, currencies_of, has_other_lines, load, measure, read_as
from changeflow.reconciliation.left_out import with_places
from changeflow.reconciliation.rows import add_no_lines, check_lines, leave_out_footers, leave_out_totals
from changeflow.reconciliation.sources import open_source, unreadable
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    import duckdb

SCRATCH = "4GB"
"""The limit for the folder into which DuckDB writes what exceeds its memory; it is removed afterwards."""
Say = Callable[[str], None]


@contextmanager
def a_database(memory: str) -> Iterator[tuple["duckdb.DuckDBPyConnection", Path]]:
    """Yield an empty database with this memory limit, and its scratch folder."""
    # Imported only when needed, because loading it takes longer than most commands.
    import duckdb

    # Nothing is fetched from anywhere: DuckDB would install its extensions automatically.
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "autoinstall_known_extensions": "false",
        "max_temp_directory_size": SCRATCH,
    }
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect(config=settings) as db:
        db.execute("set temp_directory = ?", [scratch])
        for macro in MACROS:
            db.execute(macro)
        yield db, Path(scratch)


@dataclass(slots=True)
class LedgerReading:
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

    def ledger(self, side: str, path: Path, take: Callable[[Side], int] = measure) -> Side | None:
        """Return one side, measured; if that is impossible, add its problems and return None.

        `take` fills the side's table, and returns how many lines it has.
        """
        import duckdb

        self.report_progress(f"Reading {self.shown[side]} …")
        try:
            start = len(self.problems)
            ledger = self._taken(side, path, take, is_patient=False)
            if ledger is None and len(self.problems) == start:
                ledger = self._taken(side, path, take, is_patient=True)
            return ledger
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            self.problems.append(unreadable(self.shown[side], error))
            return None

    def _taken(self, side: str, path: Path, take: Callable[[Side], int], *, is_patient: bool) -> Side | None:
        """Open and measure one side. Return None if there are problems or, unless `is_patient`, if counting its rows
        would not give their line numbers."""
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
            lines = take(ledger)
        except duckdb.OutOfMemoryException:
            raise
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
