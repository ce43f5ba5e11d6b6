"""Tables in, CSV or xlsx, as people and programs export them: one reader for all; every mistake with its place.

`open_table` reads a file with what is to be said of it; `read_table` gives its rows and warns of what was not used.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from changeflow.errors import MOST_LISTED, UnusedWarning
from changeflow.intake.cell_readers import is_nothing, read_cell, remark_on, unwrapped
from changeflow.intake.columns import ColumnMatch, MatchedColumns, match_columns, unmapped
from changeflow.intake.formats import CellKind, Format
from changeflow.intake.layout import MAX_FIELD, BrokenTableError, Layout, clean, fold, look_at_text, read_lines
from changeflow.intake.opening import read_text_as
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
SPLIT = "Split the table into several files."
WORKBOOKS = (".xlsx", ".xlsm")
_ALIKE = 3
"""Remarks of one kind from which only the first is given, with their number."""
_NAMED = 8
"""Columns that are named where they were not used."""
Read = TypeVar("Read")
Lines = Iterable[tuple[int, list[str]]]
Names = Mapping[str, Mapping[str, str]]
"""By a column of ids: the id by each name that people also use for it, folded."""


class _TooBigError(Exception):
    """Whose arguments are the line, and what there is too much of."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table: its cells by column, as they are read; an empty cell is left out."""

    file: str
    line: int
    cells: Mapping[str, str]
    columns: Mapping[str, int]
    """The place of each column, from 1."""
    headings: Mapping[str, str] = field(default_factory=dict)
    """What the file calls each column."""

    def problem(self, column: str, what: str, remedy: str = "") -> Problem:
        heading, place = self.headings.get(column, column), self.columns.get(column, 1)
        return Problem(file=self.file, line=self.line, column=place, what=what, remedy=remedy, heading=heading)

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
        remedy = zeros_lost(name, known) or did_you_mean(name, known)
        problems.append(self.problem(column, f"There is no {kind} '{name}'.", remedy))
        return False


def zeros_lost(name: str, known: Iterable[str]) -> str:
    """Say which known id has leading zeros that a name has lost, as in a spreadsheet; nothing where none has.

    >>> zeros_lost("123", ["000123", "000456"])
    "'000123' has lost its leading zeros. Format the column as text where the list comes from."
    """
    if not name.isdigit():
        return ""
    lost = next((k for k in known if k != name and k.isdigit() and k.lstrip("0") == name.lstrip("0")), None)
    if lost is None:
        return ""
    short, long = sorted((name, lost), key=len)
    says = f"'{long}' has lost its leading zeros" if short == name else f"The other list has it as '{short}'"
    return f"{says}. Format the column as text where the list comes from."


@dataclass(slots=True)
class Table:
    """A file as read."""

    file: str
    """Its name, and its sheet: `people.xlsx[Staff]`."""
    encoding: str
    layout: Layout
    columns: MatchedColumns
    rows: list[TableRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """How it was read, where that is other than in a plain table."""
    unused: list[Problem] = field(default_factory=list)
    """What was read and not used, and what to check; no mistakes."""

    @property
    def unused_columns(self) -> str:
        """Say which columns were not used; nothing where all were."""
        unused = [f"'{c.name}'" for c in self.columns.unused]
        more = f" and {len(unused) - _NAMED} more" if len(unused) > _NAMED else ""
        which = "The column was" if len(unused) == 1 else f"{len(unused)} columns were"
        return f"{which} not used: {', '.join(unused[:_NAMED])}{more}." if unused else ""

    @property
    def remarks(self) -> Iterator[Problem]:
        """Yield what was not used, the columns that no one knows among it."""
        if what := self.unused_columns:
            yield Problem(file=self.file, line=self.layout.header_line, what=what)
        alike: dict[tuple[int, str], list[Problem]] = {}
        for one in self.unused:
            alike.setdefault((one.column, one.words), []).append(one)
        for first, *others in alike.values():
            if len(others) < _ALIKE:
                yield from (first, *others)
            else:
                yield replace(first, what=f"{first.what} {len(others)} more lines are like it.")

    @property
    def is_plain(self) -> bool:
        """Tell whether it is a text of which everything was used."""
        return bool(self.layout.separator) and not (self.columns.unused or self.unused)

    def warn(self) -> None:
        """Warn of what was not used, as `UnusedWarning`s."""
        for remark in self.remarks:
            warnings.warn(UnusedWarning(str(remark)), stacklevel=3)

    def say(self, what: str, line: int | None = None, column: int = 1) -> None:
        self.unused.append(Problem(file=self.file, line=line or self.layout.header_line, column=column, what=what))


def read_table(
    path: Path,
    shown: str,
    problems: list[Problem],
    wanted: Format,
    *,
    mapping: Mapping[str, str] | None = None,
    names: Names | None = None,
    inside: Path | None = None,
) -> Iterator[TableRow]:
    """Read the rows of a CSV or an xlsx; `mapping` gives their column for ours, `names` ids by other names.

    What is not used is an `UnusedWarning`. A file that leads out of the folder `inside` is refused. The rows end once
    there are more problems than are listed.
    """
    table = open_table(path, shown, problems, wanted, mapping=mapping, names=names, inside=inside)
    if table is None:
        return
    table.warn()
    for row in table.rows:
        if len(problems) > MOST_LISTED:
            return
        yield row


def open_table(
    path: Path,
    shown: str,
    problems: list[Problem],
    wanted: Format,
    *,
    mapping: Mapping[str, str] | None = None,
    names: Names | None = None,
    inside: Path | None = None,
) -> Table | None:
    """Read a CSV or an xlsx, with what is to be said of it; None where there is no table, which is a problem."""
    mapping, names, known = mapping or {}, names or {}, [*wanted.headings, *(mapping or {}).values()]
    lines: Lines
    try:
        if path.suffix.lower() in WORKBOOKS:
            # Loaded here: most folders have CSVs.
            from changeflow.intake.sheets import read_workbook

            sheet = read_workbook(path, shown, problems, known=known, inside=inside, first=wanted.sheet)
            if sheet is None:
                return None
            shown, layout, encoding = f"{shown}[{sheet.name}]", sheet.layout, "Excel workbook"
            more, lines = (sheet.notes, sheet.skipped), (one for one in sheet.lines if one[0] >= layout.data_line)
        else:
            text, encoding = read_text_as(path, shown, problems, most=MOST_BYTES, inside=inside)
            found = None if text is None else look_at_text(text, shown, problems, known=known)
            if text is None or found is None:
                return None
            more = ((f"The file is {encoding}.",) if encoding not in ("UTF-8", "UTF-8 with its mark") else (), ())
            layout, lines = found, read_lines(text, found)
        if layout.width > MOST_COLUMNS:
            raise _TooBigError(layout.header_line, f"The table has more than {MOST_COLUMNS} columns.")
        columns = match_columns(layout, wanted, mapping, shown, problems)
        table = Table(shown, encoding, layout, columns, notes=[*layout.notes, *more[0]])
        for what in (*layout.skipped, *more[1], *unmapped(wanted, mapping, layout)):
            table.say(what)
        if {m.field.name for m in columns.matches}.issuperset(wanted.required):
            _Rows(table, wanted, names, problems).read(lines)
        return table
    except _TooBigError as error:
        line, what = error.args
        problems.append(Problem(file=shown, line=line, what=what, remedy=SPLIT))
    except BrokenTableError as error:
        line, what = error.args
        remedy = f"Look for a quotation mark that is never closed; a cell has at most {MAX_FIELD:,} characters."
        problems.append(Problem(file=shown, line=line, what=f"The table cannot be read: {what}.", remedy=remedy))
    return None


@dataclass(slots=True)
class _Rows:
    """The lines of a table on their way into its rows."""

    table: Table
    wanted: Format
    names: Names
    problems: list[Problem]
    plan: list[tuple[str, int, ColumnMatch, dict[str, str | ValueError]]] = field(default_factory=list)
    """Each column of ours: its name, its place from 0, where it is from, and the cells that were read already."""
    nothing: int = 0
    beside: dict[int, list[int]] = field(default_factory=dict)
    """Lines that have something in a column without heading, by its place."""
    required: tuple[int, ...] = ()
    required_names: tuple[str, ...] = ()
    days: Collection[str] = ()
    first_heading: str = ""

    def read(self, lines: Lines) -> None:
        table, count, filled = self.table, 0, 0
        matches, layout = table.columns.matches, table.layout
        places = {m.field.name: m.place for m in matches}
        headings = {m.field.name: m.heading for m in matches}
        self.plan = [(m.field.name, m.place - 1, m, {}) for m in matches]
        self.days = {m.field.name for m in matches if m.field.cell is CellKind.DAY}
        self.required_names = self.wanted.required
        self.required = tuple(m.place for m in matches if m.field.is_required)
        self.first_heading = fold(layout.columns[0].name)
        unnamed = [n for n, name in enumerate(layout.names) if not name]
        for line, cells in lines:
            if line > MOST_LINES:
                raise _TooBigError(line, f"The file has more than {MOST_LINES:,} lines.")
            if not any(cells) or not any(c.strip() for c in cells) or self._is_left_out(line, cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise _TooBigError(line, f"The table has more than {MOST_ROWS:,} lines.")
            if len(cells) > layout.width and any(clean(c) for c in cells[layout.width :]):
                what = f"The line has {len(cells)} cells, the header {layout.width}."
                remedy = "Put text with commas in quotation marks."
                self.problems.append(Problem(file=table.file, line=line, what=what, remedy=remedy))
                continue
            for place in unnamed:
                if place < len(cells) and clean(cells[place]):
                    self.beside.setdefault(place, []).append(line)
            row = TableRow(table.file, line, {}, places, headings)
            is_whole = self._fill(row, cells)
            filled += len(row.cells)
            if filled > MOST_CELLS:
                raise _TooBigError(line, f"The table has more than {MOST_CELLS:,} cells.")
            if is_whole:
                table.rows.append(row)
        if count == 0:
            what, remedy = "The table has no lines.", "Add at least one below the header."
            self.problems.append(Problem(file=table.file, line=layout.header_line, what=what, remedy=remedy))
        self._say()

    def _fill(self, row: TableRow, cells: list[str]) -> bool:
        """Read the cells of a line; tell whether it has all that are required, but for days that were refused."""
        read: dict[str, str] = row.cells  # type: ignore[assignment]
        refused, width = set[str](), len(cells)
        for name, at, match, already in self.plan:
            raw = cells[at] if at < width else ""
            if len(match.columns) > 1:
                raw = " ".join(clean(cells[c.place - 1]) for c in match.columns if c.place <= width)
            if not raw:
                continue
            if (found := already.get(raw)) is None:
                found = already[raw] = self._cell(raw, match, row.line)
            if isinstance(found, ValueError):
                refused.add(name)
                if len(self.problems) <= MOST_LISTED:
                    self.problems.append(row.problem(name, *what_and_remedy(found)))
            elif found:
                read[name] = found
        missing = [name for name in self.required_names if name not in read]
        for name in missing:
            if name not in refused and len(self.problems) <= MOST_LISTED:
                self.problems.append(row.problem(name, f"'{row.headings[name]}' is empty.", "Every line needs it."))
        return all(name in refused and name in self.days for name in missing)

    def _cell(self, raw: str, match: ColumnMatch, line: int) -> str | ValueError:
        """Read a cell: its plain form, nothing where it is empty, or why it is refused."""
        text, one = plain_cell(unwrapped(clean(raw))), match.field
        if not text:
            return ""
        if is_nothing(text, one.cell):
            self.nothing += 1
            return ""
        if (names := self.names.get(one.name)) is not None and (known := names.get(fold(text))) is not None:
            return known
        try:
            found = read_cell(text, one)
        except ValueError as error:
            return error
        if remark := remark_on(text, found, one):
            self.table.say(remark, line, match.place)
        return found

    def _is_left_out(self, line: int, cells: list[str]) -> bool:
        """Tell whether a line repeats the header, or ends a report: totals, or who printed it. It is said."""
        layout, width = self.table.layout, len(cells)
        first = next(c for c in cells if c.strip())
        if fold(first) == self.first_heading and layout.is_header(cells):
            self.table.say("The line repeats the header and was not used.", line)
            return True
        if all(place <= width and cells[place - 1].strip() for place in self.required):
            return False
        # Loaded here: most tables have no such line.
        from changeflow.intake.endings import is_ending

        if is_ending(cells) or self._are_totals(cells):
            self.table.say(f"The line '{clean(first)[:60]}' was not used: it is no line of the table.", line)
            return True
        return False

    def _are_totals(self, cells: list[str]) -> bool:
        """Tell whether a line has nothing but the sums of columns of numbers."""
        totals = {n: clean(c) for n, c in enumerate(cells, 1) if clean(c)}
        numbers = {m.place: m.field for m in self.table.columns.matches if m.field.cell is CellKind.COUNT}
        if not totals or not self.table.rows or not numbers.keys() >= totals.keys():
            return False
        try:
            return all(
                int(read_cell(text, numbers[n])) == sum(int(r.cells.get(numbers[n].name, 0)) for r in self.table.rows)
                for n, text in totals.items()
            )
        except ValueError:
            return False

    def _say(self) -> None:
        """Say which cells count as empty, and which have no heading above them."""
        table = self.table
        if self.nothing:
            table.notes.append("Dashes, n/a and null count as empty cells.")
        for place, lines in self.beside.items():
            what, line = f"Column {place + 1} has no heading.", table.layout.header_line
            remedy = f"empty its cell on line {lines[0]}" if len(lines) == 1 else "take the column out"
            remedy = f"Name it, or {remedy}."
            self.problems.append(Problem(file=table.file, line=line, column=place + 1, what=what, remedy=remedy))
