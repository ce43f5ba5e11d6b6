"""Tables in, CSV or xlsx: any common encoding and separator, a mapping of columns, every mistake with its place."""

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from changeflow.errors import MOST_LISTED
from changeflow.intake.opening import read_text
from changeflow.intake.sheets import read_sheet
from changeflow.values.cells import plain_cell
from changeflow.values.problem import Problem, did_you_mean, what_and_remedy

MOST_BYTES = 16_000_000
"""Of a CSV: fifty thousand people with twenty columns each have half as much."""
MOST_ROWS = 100_000
MOST_LINES = 1_100_000
"""With the empty ones: a spreadsheet has no more, and some write all of them."""
MOST_COLUMNS = 500
MOST_CELLS = 1_000_000
"""Of a table that have something in them."""
MAX_FIELD = 100_000
"""Characters of one cell. A longer one is a broken quote or an attack."""
_ALONE = re.compile(r"\r(?!\n)")
_LINE = re.compile(r"[^\n]+\n?|\n")
SPLIT = "Split the table into several files."
Read = TypeVar("Read")


class _TooBigError(Exception):
    """Whose arguments are the line, and what there is too much of."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table: its cells by column, stripped; an empty cell is left out."""

    file: str
    line: int
    cells: Mapping[str, str]
    columns: Mapping[str, int]
    """The place of each column, from 1."""

    def problem(self, column: str, what: str, remedy: str = "") -> Problem:
        return Problem(file=self.file, line=self.line, column=self.columns.get(column, 1), what=what, remedy=remedy)

    def read(self, column: str, parse: Callable[[str], Read], problems: list[Problem]) -> Read | None:
        """Read a cell; an empty one is None, and so is one that `parse` refuses, which is a problem."""
        if (text := self.cells.get(column)) is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            problems.append(self.problem(column, *what_and_remedy(error)))
            return None

    def is_first(self, column: str, key: str, seen: dict[str, int], problems: list[Problem], *, remedy: str) -> bool:
        """Tell whether no earlier line has the same key; another line with it is a problem."""
        if (first := seen.setdefault(key, self.line)) == self.line:
            return True
        what = f"Duplicate {column} '{self.cells[column]}' (first on line {first})."
        problems.append(self.problem(column, what, remedy))
        return False

    def names(self, column: str, kind: str, known: Collection[str], problems: list[Problem]) -> bool:
        """Tell whether a cell names one of the known things; another name is a problem."""
        if (name := self.cells[column]) in known:
            return True
        problems.append(self.problem(column, f"There is no {kind} '{name}'.", did_you_mean(name, known)))
        return False


def read_table(
    path: Path,
    shown: str,
    problems: list[Problem],
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] | None,
    mapping: Mapping[str, str] | None = None,
    inside: Path | None = None,
) -> Iterator[TableRow]:
    """Read a CSV, or the first sheet of an xlsx; `mapping` gives their column for ours.

    `optional=None` takes any other column as it is. A file that leads out of the folder `inside` is refused. The rows
    end once there are more problems than are listed.
    """
    for row in _read(path, shown, problems, _Columns(required, optional, mapping or {}), inside):
        if len(problems) > MOST_LISTED:
            return
        yield row


def _read(path: Path, shown: str, problems: list[Problem], columns: "_Columns", inside: Path | None) -> list[TableRow]:
    try:
        if path.suffix.lower() == ".xlsx":
            lines = read_sheet(path, shown, problems, inside=inside)
            if not lines:
                return []
            return list(_rows(lines[0][1], iter(lines[1:]), shown, problems, columns))
        text = read_text(path, shown, problems, most=MOST_BYTES, inside=inside)
        if text is None:
            return []
        if not text.strip():
            remedy = f"Its first line names the columns: {', '.join(columns.required)}."
            problems.append(Problem(file=shown, what="The file is empty.", remedy=remedy))
            return []
        return list(_csv_rows(text, shown, problems, columns))
    except _TooBigError as error:
        line, what = error.args
        problems.append(Problem(file=shown, line=line, what=what, remedy=SPLIT))
        return []


def _csv_rows(text: str, shown: str, problems: list[Problem], columns: "_Columns") -> Iterator[TableRow]:
    reader = None
    try:
        csv.field_size_limit(MAX_FIELD)
        first = text.split("\n", 1)[0]
        separator = max((",", ";", "\t"), key=first.count)
        if first.count(separator) >= MOST_COLUMNS:
            raise _TooBigError(1, f"The table has more than {MOST_COLUMNS} columns.")
        reader = csv.reader(_split(text), delimiter=separator, strict=True)
        header = next(cells for cells in reader if cells)
        yield from _rows(header, ((reader.line_num, cells) for cells in reader), shown, problems, columns)
    except csv.Error as error:
        remedy = f"Look for a quotation mark that is never closed; a cell has at most {MAX_FIELD:,} characters."
        line = reader.line_num if reader is not None else 1
        problems.append(Problem(file=shown, line=line, what=f"The table cannot be read: {error}.", remedy=remedy))


def _split(text: str) -> Iterator[str]:
    """Yield the lines of a text, however they end: a carriage return alone ends one as well."""
    return (line[0] for line in _LINE.finditer(_ALONE.sub("\n", text)))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns a table has to have, may have, and under which names."""

    required: tuple[str, ...]
    optional: tuple[str, ...] | None
    mapping: Mapping[str, str]

    def check(self, header: Sequence[str], theirs: Sequence[str], shown: str) -> Iterator[Problem]:
        """Find columns that are missing, there twice, or that no one asked for."""
        for n, name in enumerate(header, 1):
            if name and (first := header.index(name) + 1) < n:
                what = f"Duplicate column '{name}' (first in column {first})."
                yield Problem(file=shown, column=n, what=what, remedy="Keep one of them.")
        for name in self.required:
            if name not in header:
                wanted = self.mapping.get(name, name)
                remedy = did_you_mean(wanted, theirs)
                yield Problem(file=shown, what=f"The column '{wanted}' is missing.", remedy=remedy)
        if self.optional is not None and not self.mapping:
            known = {*self.required, *self.optional}
            for n, name in enumerate(header, 1):
                if not name:
                    remedy = "Name it, or take the column out."
                    yield Problem(file=shown, column=n, what=f"Column {n} has no heading.", remedy=remedy)
                elif name not in known:
                    what, remedy = f"Unknown column '{name}'.", did_you_mean(name, known)
                    yield Problem(file=shown, column=n, what=what, remedy=remedy)


def _rows(
    head: Sequence[str], lines: Iterator[tuple[int, list[str]]], shown: str, problems: list[Problem], wanted: _Columns
) -> Iterator[TableRow]:
    if len(head) > MOST_COLUMNS:
        raise _TooBigError(1, f"The table has more than {MOST_COLUMNS} columns.")
    theirs = [plain_cell(h.strip()) for h in head]
    ours = {theirs_name: name for name, theirs_name in wanted.mapping.items()}
    # Another column may have the name that ours has: where ours is mapped, that one is not meant.
    header = [ours.get(h, "" if h in wanted.mapping else h) for h in theirs]
    columns = {name: n for n, name in enumerate(header, 1)}
    problems += wanted.check(header, theirs, shown)
    if any(name not in columns for name in wanted.required):
        return
    count, filled = 0, 0
    for line, cells in lines:
        if line > MOST_LINES:
            raise _TooBigError(line, f"The file has more than {MOST_LINES:,} lines.")
        if not any(c.strip() for c in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise _TooBigError(line, f"The table has more than {MOST_ROWS:,} lines.")
        if len(cells) > len(header):
            what = f"The line has {len(cells)} cells, the header {len(header)}."
            problems.append(
                Problem(file=shown, line=line, what=what, remedy="Put text with commas in quotation marks.")
            )
            continue
        named = zip(header, cells, strict=False)
        row = TableRow(shown, line, {h: plain_cell(c.strip()) for h, c in named if c.strip()}, columns)
        filled += len(row.cells)
        if filled > MOST_CELLS:
            raise _TooBigError(line, f"The table has more than {MOST_CELLS:,} cells.")
        missing = [name for name in wanted.required if name not in row.cells]
        problems += [row.problem(name, f"'{name}' is empty.", "Every line needs it.") for name in missing]
        if not missing:
            yield row
    if count == 0:
        problems.append(
            Problem(file=shown, what="The table has no lines.", remedy="Add at least one below the header.")
        )
