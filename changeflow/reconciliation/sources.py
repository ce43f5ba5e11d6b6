"""Make outputs of a parallel run readable for DuckDB: CSV, Parquet or xlsx, each cell as text, with its line.

DuckDB reads a plain CSV itself, in parallel. A CSV that is not plain (lines above the header, cells over several lines,
empty lines) is first rewritten, so that each line has the number that an editor shows.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from changeflow.intake.endings import is_remark
from changeflow.intake.layout import MOST_CHARACTERS, Layout, TableColumn, fold, look_at_text
from changeflow.intake.opening import WORKBOOKS, open_input, other_kind
from changeflow.intake.sheet_cells import SheetAmount, SheetNumber
from changeflow.intake.sheets import read_workbook
from changeflow.reconciliation.amounts import currency_of
from changeflow.values.duration import counted
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    import duckdb

MOST_BYTES = 500_000_000
"""The largest file of one side: a million contracts with twelve elements take a fifth of it."""
MOST_COLUMNS = 500
MOST_OF_A_LINE = 1_000_000
"""In bytes: a longer line means that a quotation mark is never closed, or that the file is not a table."""
SHOWN = 10
"""How many problems of one kind to name individually."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file as a source for queries, with a column `line`, and a text column `c1`, `c2` … for each place."""

    shown: str
    sql: str
    columns: tuple[TableColumn, ...]
    width: int
    header: int = 1
    """The line of the headings."""
    separator: str = ""
    numbers: frozenset[int] = frozenset()
    """Places whose cells are already numbers in the file, so that their decimal mark is not in doubt."""
    notes: tuple[str, ...] = ()
    titles: frozenset[tuple[str, ...]] = frozenset()
    """The cells of each line above the headings, in lower case."""
    lines: int | None = None
    """How many lines the file has, where rows are numbered by counting them."""

    def named(self, place: int) -> str:
        return next((c.name for c in self.columns if c.place == place), "")


def open_source(
    db: "duckdb.DuckDBPyConnection",
    name: str,
    path: Path,
    problems: list[Problem],
    *,
    scratch: Path,
    shown: str = "",
    known: Sequence[str] = (),
    is_patient: bool = False,
) -> Source | None:
    """Open a file for queries; if something is wrong, add it to `problems` and return None.

    `shown` is the file's name in messages; `known` are headings for finding the header. `is_patient`: rewrite the
    lines, however plain the file looks.
    """
    suffix, shown, start = path.suffix.lower(), shown or path.name, len(problems)
    found: Source | None
    if suffix == ".parquet":
        with open_input(path, shown, problems, most=MOST_BYTES) as opened:
            if opened is None:
                return None
        found = _parquet(db, _plain_name(path, scratch / f"{name}.parquet"), shown, problems)
    elif suffix in WORKBOOKS:
        found = _sheet(path, shown, scratch / f"{name}.csv", problems, known)
    else:
        found = _csv(path, shown, scratch / f"{name}.csv", problems, known, is_patient=is_patient)
    if found is not None:
        problems += _misnamed(found)
    return found if len(problems) == start else None


def _misnamed(source: Source) -> Iterator[Problem]:
    """Report headings that differ only in capitals and punctuation, and a table with too many columns."""
    if source.width > MOST_COLUMNS:
        what = f"The ledger has more than {MOST_COLUMNS} columns."
        yield Problem(file=source.shown, what=what, remedy="Keep the key and the elements that are compared.")
        return
    first: dict[str, TableColumn] = {}
    for column in source.columns:
        before = first.setdefault(fold(column.name), column)
        if before is not column:
            same = "twice" if before.name == column.name else f"twice, as '{before.name}' and '{column.name}'"
            what = f"The column '{before.name}' appears {same}." if same == "twice" else f"One column appears {same}."
            yield Problem(file=source.shown, what=what, remedy="Give one of them another name.")


def _csv(
    path: Path, shown: str, target: Path, problems: list[Problem], known: Sequence[str], *, is_patient: bool
) -> Source | None:
    start = len(problems)
    text, lines = _as_utf8(path, shown, target, problems)
    if len(problems) > start:
        return None
    with text.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(MOST_CHARACTERS)
    layout = look_at_text(head, shown, problems, known=known)
    if layout is None or layout.width > MOST_COLUMNS:
        return None if layout is None else _described(layout, shown, "")
    if not is_patient and layout.data_line == 2 and "\r" not in head.replace("\r\n", ""):
        names = ", ".join(f"'c{n}': 'varchar'" for n in range(1, layout.width + 1))
        read = f"read_csv({_literal(text)}, columns={{{names}}}, header=true, {_dialect(layout.separator)})"
        # The header is line 1. DuckDB keeps the order of a file, even if it reads it in parts.
        sql = f"(select row_number() over () + 1 as line, * from {read})"
        return replace(_described(layout, shown, sql), lines=lines)
    with text.open(encoding="utf-8-sig", newline="") as file:
        return _written(_records(file, layout), layout, shown, target.with_suffix(".lines.csv"), problems)


def _sheet(path: Path, shown: str, target: Path, problems: list[Problem], known: Sequence[str]) -> Source | None:
    sheet = read_workbook(path, shown, problems, known=known)
    if sheet is None or sheet.layout.width > MOST_COLUMNS:
        return None if sheet is None else _described(sheet.layout, shown, "")
    shown, layout = f"{shown}[{sheet.name}]", sheet.layout
    below = ((line, [_in_full(c) for c in cells]) for line, cells in sheet.lines if line >= layout.data_line)
    found = _written(below, layout, shown, target, problems)
    if found is None:
        return None
    # People often name the sheets of a workbook after the month.
    titles = found.titles | {(sheet.name.casefold(),)}
    return replace(found, notes=(*found.notes, *sheet.notes, *sheet.skipped), titles=titles)


def _in_full(cell: str) -> str:
    """Write a sheet's number without an exponent, and so that three decimals are not mistaken for thousands.

    The result includes the currency that the cell shows, and CR or DR.
    """
    if not isinstance(cell, SheetNumber):
        return cell
    text = f"{Decimal(cell):f}"
    text = f"{text}0" if text[-4:-3] == "." else text
    if not isinstance(cell, SheetAmount):
        return text
    return " ".join(part for part in (text, currency_of(cell.beside), cell.side) if part)


def _records(file: io.TextIOWrapper, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) below the headings of a file; a cell may extend over several lines."""
    csv.field_size_limit(MOST_OF_A_LINE)
    reader, line = csv.reader(islice(file, layout.data_line - 1, None), delimiter=layout.separator, strict=True), 0
    while True:
        line = layout.data_line + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        yield line, cells


def _written(
    records: Iterable[tuple[int, list[str]]], layout: Layout, shown: str, target: Path, problems: list[Problem]
) -> Source | None:
    """Write the lines of a table with their numbers, without empty lines and repeated headings."""
    last = max(c.place for c in layout.columns)
    heading, at = fold(layout.columns[0].name), layout.columns[0].place - 1
    repeated, titles, wrong, line = list[int](), list[int](), list[Problem](), layout.data_line
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            write = csv.writer(file).writerow
            for line, cells in records:
                if not any(cells) or not any(c.strip() for c in cells):
                    continue
                if len(cells) > at and fold(cells[at]) == heading and layout.is_header(cells):
                    repeated.append(line)
                    continue
                if layout.is_title(cells):
                    titles.append(line)
                    continue
                if (len(cells) < last and not is_remark(cells)) or any(c.strip() for c in cells[layout.width :]):
                    what = f"The line has {counted(len(cells), 'cell')}, the header {layout.width}."
                    wrong.append(Problem(file=shown, line=line, what=what, remedy=_AS_MANY))
                    continue
                padded = [*cells[: layout.width], *[""] * (layout.width - len(cells))]
                write([line, *(" ".join(c.split("\n")) if "\n" in c else c for c in padded)])
    except csv.Error as error:
        remedy = "Look for a quotation mark that is never closed."
        problems.append(Problem(file=shown, line=line, what=f"The line cannot be read: {error}.", remedy=remedy))
        return None
    problems += first_of(wrong, "lines with more or fewer cells than the header")
    names = ", ".join(["'line': 'bigint'", *(f"'c{n}': 'varchar'" for n in range(1, layout.width + 1))])
    sql = f"read_csv({_literal(target)}, columns={{{names}}}, header=false, {_dialect(',')})"
    found = _described(layout, shown, sql)
    for lines, what in ((repeated, "the headings"), (titles, "the text above the headings")):
        if lines:
            again = f"{len(lines)} lines that repeat" if len(lines) > 1 else f"Line {lines[0]}, which repeats"
            found = replace(found, notes=(*found.notes, f"{again} {what}, left out."))
    return found


_AS_MANY = (
    "Every line needs as many cells as the header. Put text that contains separators in quotation marks, and remove "
    "anything that is not part of the table."
)


def first_of(found: Sequence[Problem], kind: str, more: int = 0) -> Iterator[Problem]:
    """Yield the first problems of a kind, then one that says how many more there are, including `more` that were not
    looked up."""
    yield from found[:SHOWN]
    if rest := len(found[SHOWN:]) + more:
        last = found[:SHOWN][-1]
        yield Problem(file=last.file, line=last.line, column=last.column, what=f"And {rest} more {kind}.")


def _described(layout: Layout, shown: str, sql: str) -> Source:
    return Source(
        shown=shown, sql=sql, columns=layout.columns, width=layout.width, header=layout.header_line,
        separator=layout.separator, notes=(*layout.notes, *layout.skipped), titles=layout.titles,
    )  # fmt: skip


def _dialect(separator: str) -> str:
    separator = separator.replace("'", "''")
    return (
        f"delim='{separator}', quote='\"', escape='\"', null_padding=false, strict_mode=true, parallel=true, "
        "auto_detect=false"
    )


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _plain_name(path: Path, link: Path) -> Path:
    """Return a name for a file that DuckDB takes literally: in other names, a star or a bracket would match several
    files."""
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    return link


def _parquet(db: "duckdb.DuckDBPyConnection", path: Path, shown: str, problems: list[Problem]) -> Source:
    described = db.execute(f"describe select * from read_parquet({_literal(path)})").fetchall()
    for column, kind, *_ in described:
        if kind in ("DOUBLE", "FLOAT"):
            what = f"The column '{column}' contains floating-point numbers, which are not exact."
            problems.append(Problem(file=shown, what=what, remedy="Write it as decimals or as text."))
    places = list(enumerate(described, 1))
    casts = ", ".join(f"cast({quoted(column)} as varchar) as c{n}" for n, (column, *_) in places)
    sql = f"(select row_number() over () + 1 as line, {casts} from read_parquet({_literal(path)}))"
    numbers = frozenset(n for n, (_, kind, *_) in places if kind.startswith("DECIMAL") or kind.endswith("INT"))
    columns = tuple(TableColumn(column, n) for n, (column, *_) in places)
    return Source(shown=shown, sql=sql, columns=columns, width=len(places), numbers=numbers)


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _as_utf8(path: Path, shown: str, target: Path, problems: list[Problem]) -> tuple[Path, int]:
    """Return a file in UTF-8 and its lines: the file itself, or a converted copy if an older program wrote it.

    A mixture of both encodings is refused.
    """
    good, bad, at, number = False, False, 0, 0
    with open_input(path, shown, problems, most=MOST_BYTES) as file:
        if file is None:
            return path, 0
        begin = file.read(500)
        if (other := other_kind(begin, shown)) is not None:
            problems.append(other)
            return path, 0
        if begin[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return _copy(file, target, "utf-16", shown, 1, problems)
        file.seek(0)
        if (lines := _lines_if_ascii(file)) is not None:
            return _plain_name(path, target), lines
        file.seek(0)
        for number, line in enumerate(iter(lambda: file.readline(MOST_OF_A_LINE), b""), 1):
            if len(line) == MOST_OF_A_LINE or b"\0" in line:
                what = "The file is not text." if b"\0" in line else "The line has more than a million characters."
                remedy = "Save it as CSV (UTF-8), and look for a quotation mark that is never closed."
                problems.append(Problem(file=shown, line=number, what=what, remedy=remedy))
                return path, number
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good = good or number > 1 or not line.startswith(b"\xef\xbb\xbf")
            except UnicodeDecodeError:
                bad, at = True, at or number
        if bad and good:
            what = "Some lines are UTF-8 and some are not."
            problems.append(Problem(file=shown, line=at, what=what, remedy="Save the whole file as CSV (UTF-8)."))
        elif bad:
            return _copy(file, target, "cp1252", shown, at, problems)
    return _plain_name(path, target), number


def _lines_if_ascii(file: BinaryIO) -> int | None:
    """Count the lines of a file, which is read in large pieces; return None if it is not all ASCII, or a line may be
    too long."""
    lines, unfinished = 0, 0
    while piece := file.read(MOST_OF_A_LINE):
        if not piece.isascii() or b"\0" in piece:
            return None
        ends, first = piece.count(b"\n"), piece.find(b"\n")
        if unfinished + (first if ends else len(piece)) >= MOST_OF_A_LINE:
            return None
        unfinished = len(piece) - piece.rfind(b"\n") - 1 if ends else unfinished + len(piece)
        lines += ends
    return lines + (unfinished > 0)


def _copy(
    file: BinaryIO, target: Path, encoding: str, shown: str, at: int, problems: list[Problem]
) -> tuple[Path, int]:
    """Rewrite a file in UTF-8; `at` is the line to name if it is not text."""
    file.seek(0)
    lines, text = 0, ""
    old = io.TextIOWrapper(file, encoding, newline="")
    try:
        with target.open("w", encoding="utf-8", newline="") as new:
            while more := old.read(MOST_OF_A_LINE):
                text = more
                new.write(text)
                lines += text.count("\n")
    except UnicodeError:
        remedy = "Save it as CSV (UTF-8)."
        problems.append(Problem(file=shown, line=at, what="The file is not text.", remedy=remedy))
    finally:
        # The file belongs to the account that opened it.
        old.detach()
    return target, lines + (not text.endswith("\n"))


def unreadable(shown: str, error: Exception) -> Problem:
    """Turn the database's message about a broken file into a problem, with its line if the message gives one."""
    text = str(error)
    head = next((part for part in text.splitlines() if part.strip()), text)
    numbers = re.findall(r"(?i)\bline:?\s+(\d+)", text)
    what = f"The file cannot be read: {head.removeprefix('Invalid Input Error: ')[:160]}"
    return Problem(file=shown, line=int(numbers[0]) if numbers else 1, what=what, remedy=_AS_MANY)
