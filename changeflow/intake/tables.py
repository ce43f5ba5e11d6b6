"""Tables in, CSV or xlsx: any common encoding and separator, a mapping of columns, every mistake with its place."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from changeflow.intake.sheets import read_sheet
from changeflow.intake.yaml import read_text
from changeflow.values.cells import plain_cell
from changeflow.values.problem import Problem, did_you_mean

MAX_FIELD = 100_000
"""Characters of one cell. A longer one is a broken quote or an attack."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells by column, stripped; an empty cell is left out."""

    line: int
    cells: Mapping[str, str]
    columns: Mapping[str, int]
    """Where each column stands, from 1."""

    def problem(self, file: str, column: str, what: str, remedy: str = "") -> Problem:
        return Problem(file=file, line=self.line, column=self.columns.get(column, 1), what=what, remedy=remedy)


def read_table(
    path: Path,
    shown: str,
    problems: list[Problem],
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] | None,
    mapping: Mapping[str, str] | None = None,
) -> list[Row]:
    """Read a CSV, or the first sheet of an xlsx; `mapping` gives their column for ours.

    `optional=None` takes any other column as it is.
    """
    if path.suffix.lower() == ".xlsx":
        lines = read_sheet(path, shown, problems)
        if not lines:
            return []
        columns = _Columns(required, optional, mapping or {})
        return list(_rows(lines[0][1], iter(lines[1:]), shown, problems, columns))
    text = read_text(path, shown, problems)
    if text is None:
        return []
    if "\0" in text:
        problems.append(Problem(file=shown, what="The file is not text.", remedy="Save it as CSV (UTF-8)."))
        return []
    if not text.strip():
        names = ", ".join(required)
        problems.append(
            Problem(file=shown, what="The file is empty.", remedy=f"Its first line names the columns: {names}.")
        )
        return []
    try:
        csv.field_size_limit(MAX_FIELD)
        first = text.split("\n", 1)[0]
        separator = max((",", ";", "\t"), key=first.count)
        reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
        header = next(reader)
        columns = _Columns(required, optional, mapping or {})
        return list(_rows(header, ((reader.line_num, cells) for cells in reader), shown, problems, columns))
    except csv.Error as error:
        remedy = f"Look for a quotation mark that is never closed; a cell has at most {MAX_FIELD:,} characters."
        problems.append(Problem(file=shown, what=f"The table cannot be read: {error}.", remedy=remedy))
        return []


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns a table has to have, may have, and under which names."""

    required: tuple[str, ...]
    optional: tuple[str, ...] | None
    mapping: Mapping[str, str]


def _rows(
    head: Sequence[str],
    lines: Iterator[tuple[int, list[str]]],
    shown: str,
    problems: list[Problem],
    wanted: _Columns,
) -> Iterator[Row]:
    required, optional, mapping = wanted.required, wanted.optional, wanted.mapping
    theirs = [plain_cell(h.strip()) for h in head]
    ours = {theirs_name: name for name, theirs_name in mapping.items()}
    header = [ours.get(h, h) for h in theirs]
    columns = {name: n for n, name in enumerate(header, 1)}
    for name in required:
        if name not in columns:
            remedy = did_you_mean(mapping.get(name, name), theirs)
            problems.append(
                Problem(file=shown, what=f"The column '{mapping.get(name, name)}' is missing.", remedy=remedy)
            )
    if optional is not None and not mapping:
        for name in header:
            if name not in required and name not in optional:
                column, remedy = columns[name], did_you_mean(name, (*required, *optional))
                problems.append(Problem(file=shown, column=column, what=f"Unknown column '{name}'.", remedy=remedy))
    if any(name not in columns for name in required):
        return
    count = 0
    for line, cells in lines:
        if not any(c.strip() for c in cells):
            continue
        count += 1
        if len(cells) > len(header):
            what = f"The line has {len(cells)} cells, the header {len(header)}."
            problems.append(
                Problem(file=shown, line=line, what=what, remedy="Put text with commas in quotation marks.")
            )
            continue
        named = zip(header, cells, strict=False)
        row = Row(line, {h: plain_cell(c.strip()) for h, c in named if c.strip()}, columns)
        missing = [name for name in required if name not in row.cells]
        problems += [row.problem(shown, name, f"'{name}' is empty.", "Every line needs it.") for name in missing]
        if not missing:
            yield row
    if count == 0:
        problems.append(
            Problem(file=shown, what="The table has no lines.", remedy="Add at least one below the header.")
        )
