"""Read a sheet of an xlsx as lines of text, after measuring the workbook.

An xlsx is a zip, and a few kilobytes can unpack to gigabytes. So the parts that are needed are unpacked within a limit,
the sheet's cells are counted (`sheet_size`), and only then is it read. Cells are written as in a CSV. What a cell shows
but its value does not say is looked up in the sheet itself (`sheet_marks`).
"""

import io
import posixpath
import re
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from changeflow.intake.layout import Layout, fold, look_at_rows
from changeflow.intake.opening import NOT_TEXT, read_bytes
from changeflow.intake.sheet_cells import lines_in
from changeflow.intake.sheet_marks import elements, marks_in
from changeflow.intake.sheet_remarks import parts_of_comments, remarks_on
from changeflow.intake.sheet_size import SheetRefusedError, check_size
from changeflow.phrases import listed
from changeflow.values.problem import Problem

Lines = list[tuple[int, list[str]]]

MOST_BYTES = 10_000_000
"""The largest workbook. One of people or schools is far smaller; a larger file is a mistake or an attack."""
MOST_PARTS = 1_000
MOST_SHEETS = 20
"""The most sheets in which to look for the table."""
MOST_OF_A_LIST = 2_000_000
"""The most bytes of the list of sheets, and of the styles."""
MOST_UNPACKED = 60_000_000
"""The most bytes of all unpacked parts: a sheet of half a million cells, and its text."""
INSTEAD = "Save only the sheet that is meant, as .xlsx or as CSV (UTF-8)."
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
SHARED, STYLES = "xl/sharedStrings.xml", "xl/styles.xml"
_NEEDED = ("[Content_Types].xml", "_rels/.rels", WORKBOOK, RELATIONS, SHARED, STYLES)
OF_A_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OverflowError)
"""What `zipfile` raises for damage, an unknown compression, names that are not UTF-8, or places outside the file."""
_ENCRYPTED = 0x1
"""The flag of a part that is encrypted with a password."""
_ROW_ENDS, _SHEET_ENDS = re.compile(rb"</(?:[\w.-]+:)?row\s*>"), re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>")
_HEAD = 60
"""How many lines of another sheet to look at."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as read: its lines that are not empty, each with its number, and where the table is."""

    name: str
    lines: Lines
    layout: Layout
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    """Notes on the other sheets, and on what people have marked on this one."""
    is_from_1904: bool = False
    """Whether the workbook counts days from 1904, so that a number means a different day."""


def read_workbook(
    path: Path,
    shown: str,
    problems: list[Problem],
    *,
    known: Collection[str],
    inside: Path | None = None,
    first: str = "",
) -> Sheet | None:
    """Read the first sheet whose header has two of the known headings, or else the one with the most.

    A sheet called `first` is tried before the others. Hidden sheets are not read. Problems name the file and the sheet:
    `people.xlsx[Staff]`.
    """
    raw = read_bytes(path, shown, problems, most=MOST_BYTES, inside=inside)
    if raw is None:
        return None
    names, found = {fold(k) for k in known}, list[tuple[int, Sheet | None, list[Problem]]]()
    try:
        book = _Book(raw)
        for name in sorted(book.sheets[:MOST_SHEETS], key=lambda sheet: fold(sheet) != fold(first)):
            own: list[Problem] = []
            sheet = _look(book, name, f"{shown}[{name}]", own, known)
            if sheet is not None or own:
                fits = sum(fold(c.name) in names for c in sheet.layout.columns) if sheet else 0
                found.append((fits, sheet, own))
                if fits >= min(2, len(names)) > 0:
                    break
    except SheetRefusedError as error:
        problems.append(Problem(file=shown, what=f"{error}.", remedy=INSTEAD))
        return None
    if not found:
        what = "The first sheet is empty." if len(book.sheets) == 1 else "The workbook has nothing in it."
        problems.append(Problem(file=shown, what=what, remedy="Put the names of the columns on its first line."))
        return None
    _, best, own = max(found, key=lambda one: (one[0], one[1] is not None and len(one[1].lines) > 1))
    problems += own
    if best is not None and fold(best.name) != fold(first) and (same := list(_same_headings(book, best, known))):
        sheets = listed([f"'{name}'" for name in (best.name, *same)], most=_SHOWN)
        what = f"The sheets {sheets} have the same headings, and only one sheet is read."
        problems.append(Problem(file=shown, what=what, remedy="Put all lines on one sheet, or hide the other sheets."))
        return None
    return best


def _look(book: "_Book", name: str, shown: str, problems: list[Problem], known: Collection[str]) -> Sheet | None:
    """Read a sheet and find its table; return None for an empty sheet, or one with a problem."""
    read = book.read(name)
    if not (lines := read.lines):
        return None
    for line, cells in lines:
        for column, cell in enumerate(cells, 1):
            if (control := NOT_TEXT.search(cell)) is not None:
                what = f"The cell contains the control character U+{ord(control[0]):04X}."
                problems.append(Problem(file=shown, line=line, column=column, what=what, remedy="Remove it."))
                return None
    layout = look_at_rows(lines, shown, problems, known=known)
    if layout is None:
        return None
    notes = _fill(lines, read.ranges, layout.data_line)
    skipped = (*book.others(name), *book.remarks(name, read, layout.data_line))
    return Sheet(name, lines, layout, notes, skipped, book.is_from_1904)


def _same_headings(book: "_Book", best: Sheet, known: Collection[str]) -> Iterator[str]:
    """Yield the names of other sheets that have a table with the headings of the one that is read."""
    wanted = {fold(c.name) for c in best.layout.columns}
    for name in book.sheets[:MOST_SHEETS] if len(wanted) > 1 else ():
        # A sheet that cannot be read is not the one that is meant.
        with suppress(SheetRefusedError):
            if name != best.name:
                lines = book.read(name, most=_HEAD).lines
                layout = look_at_rows(lines, name, [], known=known) if lines else None
                is_same = layout is not None and {fold(c.name) for c in layout.columns} == wanted
                if is_same and layout and any(line >= layout.data_line for line, _ in lines):
                    yield name


def _fill(lines: Lines, ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]], first: int) -> tuple[str, ...]:
    """Copy the text of merged cells below the header into each of the cells."""
    by_line, filled = dict(lines), 0
    for (top, left), (bottom, right) in ranges:
        if top + 1 < first or top + 1 not in by_line:
            continue
        text = by_line[top + 1][left]
        for n in range(top + 1, min(bottom + 1, lines[-1][0]) + 1):
            if (cells := by_line.get(n)) is not None:
                cells[left : right + 1] = [text] * len(cells[left : right + 1])
        filled += 1
    said = "A merged cell is read as if each of its cells had its text" if filled == 1 else ""
    said = said or f"{filled} merged cells are read as if each of their cells had their text"
    return (f"{said}.",) if filled else ()


@contextmanager
def _refusing(*errors: type[Exception]) -> Iterator[None]:
    """Turn what a library raises for a damaged or hostile workbook into a `Problem`."""
    try:
        yield
    except errors as error:
        raise SheetRefusedError(f"The workbook cannot be read: {_first_line(error)}") from None


@dataclass(frozen=True, slots=True)
class _Read:
    """A sheet of a workbook."""

    lines: Lines
    """The lines that are not empty."""
    ranges: list[tuple[tuple[int, int], tuple[int, int]]]
    """The merged ranges."""
    content: bytes


class _Book:
    """A workbook: the names of its sheets, and the lines of each once its size is known."""

    def __init__(self, raw: bytes) -> None:
        with _refusing(*OF_A_ZIP):
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
        if len(self._zip.infolist()) > MOST_PARTS:
            raise SheetRefusedError(f"The workbook has more than {MOST_PARTS:,} parts")
        self._unpacked = _Unpacked(self._zip)
        self._parts = {name: self._unpacked.read(name) for name in _NEEDED if self._unpacked.has(name)}
        if WORKBOOK not in self._parts:
            raise SheetRefusedError("This is not an Excel workbook")
        found = list(_sheets(self._parts))
        if not found:
            raise SheetRefusedError("The workbook has no sheet")
        self._places = {name: part for name, part, _ in found}
        self.hidden = [name for name, _, is_hidden in found if is_hidden and not all(h for *_, h in found)]
        self.sheets = [name for name in self._places if name not in self.hidden]
        self.is_from_1904 = _is_from_1904(self._parts[WORKBOOK])

    def others(self, name: str) -> tuple[str, ...]:
        """Say which sheets are not read if one of them is."""
        others = [f"'{other}'" for other in self._places if other != name]
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        verb = "was" if len(others) == 1 else "were"
        return (f"Sheet '{name}' was read; {', '.join(others[:5])}{more} {verb} not.",) if others else ()

    def remarks(self, name: str, read: "_Read", first: int) -> tuple[str, ...]:
        """Return what to report about what people have marked in the lines of a sheet from the number `first` on."""
        part = self._places[name]
        folder, _, own = part.rpartition("/")
        relations, comments = f"{folder}/_rels/{own}.rels", b""
        # The table is read whether or not these parts are there, or too large.
        with suppress(SheetRefusedError):
            if self._unpacked.has(relations):
                for target in parts_of_comments(self._unpacked.read(relations)):
                    place = posixpath.normpath(posixpath.join(f"/{folder}", target)).lstrip("/")
                    comments = self._unpacked.read(place) if self._unpacked.has(place) else b""
        return remarks_on(read.content, self._parts.get(STYLES, b""), comments, read.lines, first=first)

    def read(self, name: str, *, most: int | None = None) -> "_Read":
        """Read a sheet, or with `most` only about that many of its first lines."""
        # Imported only when needed, because most folders contain only CSVs.
        from python_calamine import CalamineError, CalamineWorkbook

        part = self._places[name]
        if not self._unpacked.has(part):
            raise SheetRefusedError(f"The workbook cannot be read: its part {part[:60]} is missing")
        content = self._unpacked.read(part)
        if most is not None and (ends := [m.end() for m in islice(_ROW_ENDS.finditer(content), most)])[most - 1 :]:
            end = _SHEET_ENDS.search(content, ends[-1])
            content = content[: ends[-1]] + content[end.start() :] if end else content
        check_size(content, self._parts.get(SHARED, b""))
        marks = marks_in(content, self._parts.get(STYLES, b""))
        # An `OSError` comes from the copy, such as a full disk; a `ValueError` from a cell that Python cannot
        # represent.
        with tempfile.TemporaryDirectory() as scratch, _refusing(CalamineError, OSError, ValueError):
            measured = Path(scratch) / "measured.xlsx"
            with zipfile.ZipFile(measured, "w") as copy:
                for each, text in {**self._parts, part: content}.items():
                    copy.writestr(each, text)
            try:
                sheet = CalamineWorkbook.from_path(str(measured)).get_sheet_by_name(name)
                rows, ranges = sheet.to_python(skip_empty_area=False), list(sheet.merged_cell_ranges or ())
            except OverflowError:
                raise SheetRefusedError("The workbook cannot be read: it has a duration that is too long") from None
            except BaseException as error:
                # The library is written in another language, and its failures are not `Exception`s.
                if type(error).__name__ != "PanicException":
                    raise
                raise SheetRefusedError("The workbook cannot be read: it is damaged") from None
        return _Read(list(lines_in(rows, marks, is_from_1904=self.is_from_1904)), ranges, content)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else "it is damaged"


class _Unpacked:
    """The parts of a zip, read while all of them together stay within the limit."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self.book = book
        self.names = {info.filename: info for info in book.infolist()}
        self.left = MOST_UNPACKED

    def has(self, name: str) -> bool:
        return name in self.names

    def read(self, name: str) -> bytes:
        info = self.names[name]
        if name in (WORKBOOK, RELATIONS, STYLES) and info.file_size > MOST_OF_A_LIST:
            raise SheetRefusedError(f"The workbook cannot be read: its part {name} is too large")
        if info.flag_bits & _ENCRYPTED:
            raise SheetRefusedError("The workbook needs a password to open it")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise SheetRefusedError("The workbook cannot be read: no spreadsheet packs its parts in this way")
        # Check the stated size first, then the actual one: a zip may lie.
        if info.file_size <= self.left:
            with _refusing(*OF_A_ZIP), self.book.open(info) as part:
                content = part.read(self.left + 1)
            self.left -= len(content)
            if self.left >= 0:
                return content
        raise SheetRefusedError(f"The workbook unpacks to more than {MOST_UNPACKED // 1_000_000} MB")


def _sheets(parts: dict[str, bytes]) -> Iterator[tuple[str, str, bool]]:
    """Yield each sheet of cells: its name, the part that contains it, and whether it is hidden."""
    targets = {e.get("Id"): e for e in elements(parts.get(RELATIONS, b"")) if e.get("Target")}
    for element in elements(parts[WORKBOOK]):
        if str(element.tag).rpartition("}")[2] != "sheet":
            continue
        wanted = next((v for k, v in element.attrib.items() if str(k).endswith("}id")), None)
        relation = targets.get(str(wanted)) if wanted else None
        if relation is None or not relation.get("Type", "/worksheet").endswith("/worksheet"):
            continue
        place = posixpath.normpath(posixpath.join("/xl", relation.get("Target", ""))).lstrip("/")
        yield element.get("name", ""), place, element.get("state", "visible") != "visible"


def _is_from_1904(workbook: bytes) -> bool:
    """Return whether a workbook counts days from 1904, as those of older Macs do."""
    found = (e.get("date1904", "") for e in elements(workbook) if str(e.tag).rpartition("}")[2] == "workbookPr")
    return any(text.strip() in ("1", "true") for text in found)
