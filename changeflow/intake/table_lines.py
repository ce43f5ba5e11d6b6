"""The lines of a table on their way into its rows: each cell read, each mistake with its place."""

import re
from collections.abc import Iterable, Mapping

from changeflow.alike import MOST_LISTED
from changeflow.intake.cell_readers import NO_COMMENT, OF_DAYS, is_nothing, read_cell, remark_on, unwrapped
from changeflow.intake.columns import ColumnMatch, Way
from changeflow.intake.day_order import DayOrder, check_orders, swapped_by_spreadsheet
from changeflow.intake.endings import is_ending, is_remark, is_sum
from changeflow.intake.formats import Field, FieldKind, Format
from changeflow.intake.layout import SEPARATORS, SheetPercent, TableColumn, fold
from changeflow.intake.line_status import LineStatus
from changeflow.intake.overlooked import OverlookedColumns
from changeflow.intake.table_rows import Table, TableRow, zeros_lost
from changeflow.values.cells import clean, plain_cell
from changeflow.values.problem import Problem, what_and_remedy

MOST_ROWS = 100_000
MOST_LINES = 1_100_000
"""The most lines, empty ones included: a spreadsheet has no more, and some programs write all of them."""
MOST_CELLS = 1_000_000
"""The most cells of a table that are not empty."""
MOST_OF_A_REMARK = 6
"""The most cells of a line that a report prints below its table, such as labels with their values."""
_OF_LENGTHS = re.compile(r"\b(?:hours?|hrs?|minutes?|mins?)\b|%", re.IGNORECASE)
"""A heading under which 1 is a length or a share, and not a yes."""
Lines = Iterable[tuple[int, list[str]]]
Names = Mapping[str, Mapping[str, str]]
"""For each column of ids: other names that people use (folded), and the id of each."""


class TableTooBigError(Exception):
    """A table has too many lines or cells. The arguments are the line, and what there is too much of."""


class TableLines:
    """Reads the lines of a table into its rows."""

    def __init__(self, table: Table, wanted: Format, names: Names, problems: list[Problem]) -> None:
        matches, layout = table.columns.matches, table.layout
        self.table, self.names, self.problems, self.required_names = table, names, problems, wanted.required
        self.status, self.overlooked = LineStatus(wanted, matches), OverlookedColumns(wanted, table.columns)
        self.needs_one_of = {m.field.name for m in matches} & {*wanted.needs_one_of}
        self.refused: set[str] = set()
        """Columns of the current line whose cells were rejected."""
        self.others = table.columns.unused if wanted.keeps_others else ()
        # For each of our columns: its name, its place (from 0), its source, and the cells read so far.
        self.plan: list[tuple[str, int, ColumnMatch, dict[str, str | ValueError]]]
        self.plan = [(m.field.name, m.place - 1, m, {}) for m in matches]
        self.places = {m.field.name: m.place for m in matches}
        self.headings = {m.field.name: m.heading for m in matches}
        # If such a cell is rejected, the rest of its line is still checked.
        self.may_lack = {m.field.name for m in matches if m.field.cell in (FieldKind.DAY, FieldKind.CHOICE)}
        self.required = tuple(m.place for m in matches if m.field.is_required)
        self.first_heading = fold(layout.columns[0].name) if layout.columns else ""
        self.unnamed = [n for n, name in enumerate(layout.names) if not name]
        self.nothing, self.beside = 0, dict[int, list[int]]()
        self.orders: dict[TableColumn, DayOrder] = {}
        self.is_sheet = not layout.separator

    def read(self, lines: Lines) -> None:
        """Read numbered lines of cells into rows."""
        table, count, filled = self.table, 0, 0
        for line, cells in lines:
            if line > MOST_LINES:
                raise TableTooBigError(line, f"The file has more than {MOST_LINES:,} lines.")
            if not any(cells) or not any(c.strip() for c in cells) or self._is_left_out(line, cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise TableTooBigError(line, f"The table has more than {MOST_ROWS:,} lines.")
            filled += self._read(line, cells)
            if filled > MOST_CELLS:
                raise TableTooBigError(line, f"The table has more than {MOST_CELLS:,} cells.")
        if count == 0:
            what, remedy = "The table has no lines.", "Add at least one below the header."
            self.problems.append(Problem(file=table.file, line=table.layout.header_line, what=what, remedy=remedy))
        for _, _, match, _ in self.plan:
            if match.field.names_a_row:
                self._resolve(match.field)
        self.problems += check_orders(self.orders, table.file)
        self.problems += self.overlooked.problems(table.file, table.layout.header_line)
        self._say()

    def _read(self, line: int, cells: list[str]) -> int:
        """Read one line; return how many of its cells are not empty."""
        if not self._is_inside(line, cells):
            self.table.lost += cells
            return 0
        if self._is_out(line, cells):
            return 0
        self.overlooked.look(line, cells)
        row = TableRow(self.table.file, line, {}, self.places, self.headings)
        if not self._fill(row, cells):
            self.table.lost += cells
        elif not self._says_nothing(row):
            self.table.rows.append(row)
        if self.others:
            kept = {c: clean(cells[c.place - 1]) for c in self.others if c.place <= len(cells)}
            self.table.others[line] = kept
        return len(row.cells)

    def _is_out(self, line: int, cells: list[str]) -> bool:
        """Return whether a line is not part of the list, such as a closed school."""
        self.status.note_closing(line, cells)
        match = self.status.match
        if match is None or match.place > len(cells):
            return False
        raw, already = cells[match.place - 1], next(known for _, _, one, known in self.plan if one is match)
        if raw and raw not in already:
            already[raw] = self._cell(raw, match, line)
        read = already.get(raw, "")
        return self.status.leaves_out(line, cells, read if isinstance(read, str) else "")

    def _says_nothing(self, row: TableRow) -> bool:
        """Return whether a line has none of the cells that matter, such as a score; if so, report it."""
        if not self.needs_one_of or self.needs_one_of & (row.cells.keys() | self.refused):
            return False
        self.table.skip("The line has no score and was not recorded as an answer.", row.line)
        self.table.silent.append(row)
        return True

    def _is_inside(self, line: int, cells: list[str]) -> bool:
        """Return whether a line has no more cells than the header; remember cells without a heading."""
        width = self.table.layout.width
        if len(cells) > width and any(clean(c) for c in cells[width:]):
            what = f"The line has {len(cells)} cells, the header {width}."
            marks = SEPARATORS.get(self.table.layout.separator, "commas")
            remedy = f"Put text with {marks} in quotation marks."
            self.problems.append(Problem(file=self.table.file, line=line, what=what, remedy=remedy))
            return False
        for place in self.unnamed:
            if place < len(cells) and clean(cells[place]):
                self.beside.setdefault(place, []).append(line)
        return True

    def _resolve(self, one: Field) -> None:
        """Replace the name or address of another line in the table with the id of that line."""
        rows = self.table.rows
        ids = {row.cells["id"] for row in rows}
        left = [row for row in rows if row.cells.get(one.name, "") not in ids and one.name in row.cells]
        called: dict[str, set[str]] = {}
        for row in rows if left else ():
            for name in (row.cells.get("name", ""), row.cells.get("email", "")):
                if folded := fold(name):
                    called.setdefault(folded, set()).add(row.cells["id"])
        for row in left:
            text, cells = row.cells[one.name], row.given
            surname, _, first = text.partition(",")
            meant = called.get(fold(text)) or called.get(fold(first + surname)) or set()
            try:
                if len(meant) > 1:
                    raise ValueError(f"'{text}' matches {len(meant)} people. Write the id.")
                cells[one.name] = next(iter(meant)) if meant else _checked(read_cell(text, one), ids)
            except ValueError as error:
                del cells[one.name]
                self.problems.append(row.problem(one.name, *what_and_remedy(error)))

    def _fill(self, row: TableRow, cells: list[str]) -> bool:
        """Read the cells of a line; return whether it has all that are required (or rejected days and choices)."""
        read, refused, width = row.given, set[str](), len(cells)
        self.refused = refused
        for name, at, match, already in self.plan:
            raw = cells[at] if at < width else ""
            if len(match.columns) > 1:
                raw = joined(match.texts(cells), match.field)
            if match.field.else_by and (option := self._by_other(row, cells, match, clean(raw))):
                read[name] = option
                continue
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
        return all(name in refused and name in self.may_lack for name in missing)

    def _by_other(self, row: TableRow, cells: list[str], match: ColumnMatch, text: str) -> str:
        """Return the value of another column if a cell is empty or has no meaning, and report it; usually nothing."""
        one, place = match.field, self.places.get(match.field.else_by, 0)
        if not 0 < place <= len(cells) or (text and not is_nothing(text, one.cell) and not one.remedy_of(text)):
            return ""
        other = clean(cells[place - 1])
        if option := one.by_other(other):
            what = f"The {one.name} was read as {option}, by {self.headings[one.else_by]}: '{other}'."
            self.table.say(what, row.line, match.place)
        return option

    def _cell(self, raw: str, match: ColumnMatch, line: int) -> str | ValueError:
        """Read a cell: return its plain form, nothing if it is empty, or why it is rejected."""
        text, one, is_from_1904 = clean(raw), match.field, self.table.is_from_1904
        if not text:
            return ""
        if text[0] in "='":
            text = plain_cell(unwrapped(text))
        if one.cell is FieldKind.TEXT and text[:1] != "#":
            return text
        if is_nothing(text, one.cell):
            self.nothing += 1
            return ""
        if (names := self.names.get(one.name)) is not None and (known := names.get(fold(text))) is not None:
            return known
        if one.names_a_row:
            return text  # Kept until all lines are known.
        if one.cell in OF_DAYS:
            self.orders.setdefault(match.columns[0], DayOrder()).add(text, line, is_sheet=self.is_sheet)
        if one.cell is FieldKind.PERCENT and isinstance(raw, SheetPercent):
            return SheetPercent(text)
        try:
            found = read_cell(_unless_a_length(text, match), one, is_from_1904=is_from_1904)
            if names:
                found = names.get(fold(found), found)
                _checked(found, names.values())
        except ValueError as error:
            return error
        if match.way is not Way.OTHER and (remark := remark_on(text, found, one, is_from_1904=is_from_1904)):
            self.table.say(remark, line, match.place)
        return found

    def _is_left_out(self, line: int, cells: list[str]) -> bool:
        """Return whether a line repeats the header or ends a report (totals, or who printed it); if so, report it."""
        layout, width = self.table.layout, len(cells)
        first = next(c for c in cells if c.strip())
        if fold(first) == self.first_heading and layout.is_header(cells):
            self.table.say("The line repeats the header and was not used.", line)
            return True
        if layout.is_title(cells):
            self.table.skip("The line repeats one above the header and was not used.", line)
            return True
        is_whole = bool(self.required) and all(place <= width and cells[place - 1].strip() for place in self.required)
        if is_whole and sum(1 for c in cells if c.strip()) > MOST_OF_A_REMARK and first.strip("-=_*~–—.+ "):
            return False
        if self.required and not is_whole:
            is_empty = all(is_nothing(text, FieldKind.ID) for c in cells if (text := clean(c)))
            is_left_out = is_empty or is_ending(cells) or self._are_totals(cells)
        else:
            # A line also counts as totals if its id is a word for a total and it has figures where words are usual.
            is_left_out = is_remark(cells) or is_sum(cells)
        if is_left_out:
            self.table.skip(f"The line '{clean(first)[:60]}' was not used: it is not part of the table.", line)
        return is_left_out

    def _are_totals(self, cells: list[str]) -> bool:
        """Return whether a line contains only the sums of columns of numbers."""
        totals = {n: clean(c) for n, c in enumerate(cells, 1) if clean(c)}
        numbers = {m.place: m.field for m in self.table.columns.matches if m.field.cell is FieldKind.COUNT}
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
        """Report which cells count as empty, and which have no heading above them."""
        table = self.table
        for said in self.status.said():
            table.say(said)
        if self.status.out and not table.rows and not self.problems:
            what = f"No {self.status.wanted.thing} is left: '{self.status.heading}' leaves all of them out."
            remedy = f"Add at least one, or correct the {self.status.heading}."
            self.problems.append(Problem(file=table.file, line=table.layout.header_line, what=what, remedy=remedy))
        if self.nothing:
            table.notes.append("Dashes, n/a and null count as empty cells.")
        for column, order in self.orders.items():
            if said := swapped_by_spreadsheet(order):
                table.say(said, order.day_first[0].line, column.place)
        for place, lines in self.beside.items():
            what, line = f"Column {place + 1} has no heading.", table.layout.header_line
            remedy = f"empty its cell on line {lines[0]}" if len(lines) == 1 else "take the column out"
            remedy = f"Name it, or {remedy}."
            self.problems.append(Problem(file=table.file, line=line, column=place + 1, what=what, remedy=remedy))


def joined(cells: Iterable[str], one: Field) -> str:
    """Join the cells of several columns that form one of ours, such as the parts of a name, without repeats.

    >>> joined(["Wait", " - ", "Wait", "Ask HR"], Field("comment", FieldKind.TEXT, joins_all=True))
    'Wait\\nAsk HR'
    """
    texts = [text for cell in cells if (text := clean(cell))]
    if not one.joins_all:
        return " ".join(texts)
    return "\n".join(dict.fromkeys(text for text in texts if text.lower() not in NO_COMMENT))


def _unless_a_length(text: str, match: ColumnMatch) -> str:
    """Return the text of a cell. Raise `ValueError` for a 1 that is an hour or a percentage, and not a yes."""
    if text == "1" and match.field.cell is FieldKind.YES_NO and _OF_LENGTHS.search(match.heading):
        raise ValueError("'1' is neither yes nor no. Write yes or no.")
    return text


def _checked(found: str, ids: Iterable[str]) -> str:
    """Return an id. Raise `ValueError` if it is a known id without its leading zeros."""
    if lost := zeros_lost(found, ids):
        raise ValueError(f"There is no '{found}'. {lost}")
    return found
