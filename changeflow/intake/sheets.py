"""The first sheet of an xlsx as lines of text, from a copy of the workbook that has been measured first.

An xlsx is a zip: a few kilobytes can unfold to gigabytes, and two cells far apart, or one long text in every cell, make
the reader fill the memory. So the parts that are read are unpacked within a limit, the sheet's cells are counted, and
only then is it read. What no spreadsheet writes is refused: there the reader and the count might understand different
things.
"""

import io
import posixpath
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.intake.opening import NOT_TEXT, read_bytes
from changeflow.values.problem import Problem

MOST_CELLS = 500_000
MOST_ROWS = 200_000
MOST_COLUMNS = 500
MOST_AREA = 2_000_000
"""Cells between the first and the last one that is used: the reader lays out all of them."""
MOST_CHARACTERS = 30_000_000
"""Of all cells together: a text that is shared is written out wherever it is used."""

_PREFIX = rb"(?:[\w.-]+:)?"
_VALUE = rb"(?:\"[^\"<>]*\"|'[^'<>]*')"
_ATTRIBUTE = rb"\s+[\w:.-]+\s*=\s*" + _VALUE
_OTHER = rb"(?:\s+(?!r[\s=])[\w:.-]+\s*=\s*" + _VALUE + rb")*+"
_NO_TAG = re.compile(rb"<(?!/?[\w:.-]+(?:" + _ATTRIBUTE + rb")*+\s*/?>)")
"""A comment, an entity, an instruction, or a tag that is broken."""
_ROW = re.compile(rb"<" + _PREFIX + rb"row(?=[\s/>])")
_CELL = re.compile(rb"<" + _PREFIX + rb"c(?=[\s/>])")
_PLACED = re.compile(
    rb"<" + _PREFIX + rb"(?:row|c)" + _OTHER + rb"(?:\s+r\s*=\s*[\"']([A-Za-z]*)([0-9]+)[\"']" + _OTHER + rb")?\s*/?>"
)
"""A row or a cell that says where it is once, or not at all."""
_OF_A_TEXT = re.compile(rb"<" + _PREFIX + rb"c\s(?:[^<>]*\s)?t\s*=\s*[\"']s[\"'][^<>]*>")
_NUMBER = re.compile(
    rb"\s*(?:<" + _PREFIX + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</" + _PREFIX + rb"f\s*>)\s*)?"
    rb"(?:<" + _PREFIX + rb"v(?:\s[^<>]*)?>\s*([0-9]{1,9})\s*</" + _PREFIX + rb"v\s*>\s*)?</" + _PREFIX + rb"c\s*>"
)
"""The number of a shared text, alone in its cell; an empty cell has none."""
_STRING = re.compile(rb"<" + _PREFIX + rb"si(?=[\s/>])")
_WHOLE_STRING = re.compile(
    rb"\s*<" + _PREFIX + rb"si(?:\s[^<>]*?)?"
    rb"(?:/>|>[^<]*+(?:<(?!/?" + _PREFIX + rb"si[\s/>])[^<]*+)*+</" + _PREFIX + rb"si\s*>)"
)


class SheetRefusedError(Exception):
    """Whose argument says what there is too much of in a workbook, or what is odd."""


def check_size(sheet: bytes, texts: bytes) -> None:
    """Refuse, as `SheetRefusedError`, a sheet that unfolds to more than is read; `texts` are those that cells share."""
    if not (_is_plain(sheet) and _is_plain(texts)):
        raise _odd()
    rows, cells = _count(_ROW, sheet, MOST_ROWS), _count(_CELL, sheet, MOST_CELLS)
    if rows > MOST_ROWS:
        raise SheetRefusedError(f"The sheet has more than {MOST_ROWS:,} lines")
    if cells > MOST_CELLS or _count(_STRING, texts, MOST_CELLS) > MOST_CELLS:
        raise SheetRefusedError(f"The sheet has more than {MOST_CELLS:,} cells")
    last_row, last_column = _corner(sheet, rows, cells)
    if last_row > MOST_ROWS:
        raise SheetRefusedError(f"The sheet reaches to line {last_row:,}; at most {MOST_ROWS:,} are read")
    if last_column > MOST_COLUMNS:
        raise SheetRefusedError(f"The sheet has more than {MOST_COLUMNS} columns")
    if last_row * last_column > MOST_AREA:
        raise SheetRefusedError(f"The sheet reaches over more than {MOST_AREA:,} cells")
    if _characters(sheet, list(_sizes(texts))) > MOST_CHARACTERS:
        raise SheetRefusedError(f"The sheet has more than {MOST_CHARACTERS // 1_000_000} million characters")


def _is_plain(part: bytes) -> bool:
    """Tell whether every `<` begins a tag, and no tag has a `<` or `>` within it: then tags can be counted as text."""
    begins = part.find(b"?>") + 2 if part.removeprefix(b"\xef\xbb\xbf").lstrip()[:5] == b"<?xml" else 0
    return b"\0" not in part[:1_000] and _NO_TAG.search(part, begins) is None


def _corner(sheet: bytes, rows: int, cells: int) -> tuple[int, int]:
    """Return at most how far the cells of a sheet reach: its last line and its last column."""
    seen, placed, last_row, last_column = 0, 0, 0, 0
    columns: dict[bytes, int] = {b"": 0}
    for found in _PLACED.finditer(sheet):
        seen += 1
        letters, digits = found.groups()
        if digits is None:
            continue
        if letters not in columns:
            columns[letters] = _column(letters)
        placed += 1 if letters else 0
        last_column = max(last_column, columns[letters])
        last_row = max(last_row, int(digits[:9]))
    if seen < rows + cells:
        raise _odd()
    if placed < cells:
        # A cell need not say where it is: then it is beside the one before it.
        last_column += max(_count(_CELL, row, MOST_CELLS) for row in _ROW.split(sheet))
        last_row += rows
    return last_row, last_column


def _sizes(texts: bytes) -> Iterator[int]:
    """Yield the bytes of each shared text, in their order."""
    first = _STRING.search(texts)
    if first is None:
        return
    at = first.start()
    while (found := _WHOLE_STRING.match(texts, at)) is not None:
        yield found.end() - at
        at = found.end()
    if _STRING.search(texts, at) is not None:
        raise _odd()


def _characters(sheet: bytes, sizes: list[int]) -> int:
    """Return at most how many characters shared texts have, written out wherever they are used."""
    if max(sizes, default=0) * MOST_CELLS <= MOST_CHARACTERS:
        return 0
    total = 0
    for cell in _OF_A_TEXT.finditer(sheet):
        if cell[0].endswith(b"/>"):
            continue
        number = _NUMBER.match(sheet, cell.end())
        if number is None:
            raise _odd()
        if number[1] is not None and int(number[1]) < len(sizes):
            total += sizes[int(number[1])]
    return total


def _odd() -> SheetRefusedError:
    return SheetRefusedError("The workbook cannot be read: no spreadsheet writes it in this way")


def _count(pattern: re.Pattern[bytes], content: bytes, most: int) -> int:
    """Count the places of a pattern, up to one more than `most`."""
    return sum(1 for _ in islice(pattern.finditer(content), most + 1))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters[:6].upper():
        number = number * 26 + letter - ord("A") + 1
    return number


if TYPE_CHECKING:
    from lxml import etree

MOST_BYTES = 10_000_000
"""A workbook of people or schools is far smaller; a larger one is a mistake, or an attack."""
MOST_PARTS = 1_000
MOST_OF_A_LIST = 2_000_000
"""Bytes of the list of sheets, and of the styles."""
MOST_UNPACKED = 60_000_000
"""Bytes of the parts that are read: a sheet of half a million cells, and its texts."""
INSTEAD = "Save only the sheet that is meant, as .xlsx or as CSV (UTF-8)."
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
SHARED, STYLES = "xl/sharedStrings.xml", "xl/styles.xml"
_NEEDED = ("[Content_Types].xml", "_rels/.rels", WORKBOOK, RELATIONS, SHARED, STYLES)
_SHEET = re.compile(r"(\{.*\})?sheet")
_ENCRYPTED = 0x1
"""The flag of a part that is packed with a password."""


def read_sheet(
    path: Path, shown: str, problems: list[Problem], *, inside: Path | None = None
) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of the first sheet, from its first line that has something in it."""
    raw = read_bytes(path, shown, problems, most=MOST_BYTES, inside=inside)
    if raw is None:
        return []
    try:
        found = list(_lines(raw))
    except SheetRefusedError as error:
        problems.append(Problem(file=shown, what=f"{error}.", remedy=INSTEAD))
        return []
    if not found:
        problems.append(
            Problem(file=shown, what="The first sheet is empty.", remedy="Its first line names the columns.")
        )
    for line, cells in found:
        for column, cell in enumerate(cells, 1):
            if (control := NOT_TEXT.search(cell)) is not None:
                what = f"The cell holds the control character U+{ord(control[0]):04X}."
                problems.append(Problem(file=shown, line=line, column=column, what=what, remedy="Take it out."))
                return []
    return found


def _lines(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of the lines that have something in them."""
    # Loaded here: most folders have CSVs.
    from python_calamine import CalamineError, CalamineWorkbook

    with tempfile.TemporaryDirectory() as scratch:
        measured = Path(scratch) / "measured.xlsx"
        _copy_measured(raw, measured)
        try:
            sheet = CalamineWorkbook.from_path(str(measured)).get_sheet_by_index(0)
            rows = sheet.to_python(skip_empty_area=False)
        except (CalamineError, OSError, ValueError, IndexError, KeyError) as error:
            raise SheetRefusedError(f"The workbook cannot be read: {_first_line(error)}") from None
        except BaseException as error:
            # The reader is written in another language: where it fails, it does so by an exception that is none.
            if type(error).__name__ != "PanicException":
                raise
            raise SheetRefusedError("The workbook cannot be read: it is damaged") from None
    for n, row in enumerate(rows, 1):
        cells = [_text(cell) for cell in row]
        if any(c.strip() for c in cells):
            yield n, cells


def _copy_measured(raw: bytes, to: Path) -> None:
    """Copy the first sheet of a workbook, and what it needs, once its size is known."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as book, zipfile.ZipFile(to, "w") as copy:
            if len(book.infolist()) > MOST_PARTS:
                raise SheetRefusedError(f"The workbook has more than {MOST_PARTS:,} parts")
            unpacked = _Unpacked(book)
            parts = {name: unpacked.read(name) for name in _NEEDED if unpacked.has(name)}
            if WORKBOOK not in parts:
                raise SheetRefusedError("This is not an Excel workbook")
            sheet = _first_sheet(parts)
            parts[sheet] = unpacked.read(sheet)
            check_size(parts[sheet], parts.get(SHARED, b""))
            for name, content in parts.items():
                copy.writestr(name, content)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError,
            KeyError, UnicodeError, OverflowError, struct.error) as error:  # fmt: skip
        raise SheetRefusedError(f"The workbook cannot be read: {_first_line(error)}") from None


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
        # What it says first, then what it is: a zip may lie.
        if info.file_size <= self.left:
            with self.book.open(info) as part:
                content = part.read(self.left + 1)
            self.left -= len(content)
            if self.left >= 0:
                return content
        raise SheetRefusedError(f"The workbook unfolds to more than {MOST_UNPACKED // 1_000_000} MB")


def _first_sheet(parts: dict[str, bytes]) -> str:
    """Return the name of the part that holds the first sheet."""
    sheets = [e for e in _elements(parts[WORKBOOK]) if isinstance(e.tag, str) and _SHEET.fullmatch(e.tag)]
    wanted = next((v for k, v in sheets[0].attrib.items() if str(k).endswith("}id")), None) if sheets else None
    targets = [e.get("Target") for e in _elements(parts.get(RELATIONS, b"")) if wanted and e.get("Id") == wanted]
    if not targets or not targets[0]:
        raise SheetRefusedError("The workbook has no sheet")
    return posixpath.normpath(posixpath.join("/xl", targets[0])).lstrip("/")


def _elements(content: bytes) -> Iterator["etree._Element"]:
    from lxml import etree

    if not content:
        return iter(())
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser).iter()
    except etree.XMLSyntaxError:
        raise SheetRefusedError("The workbook cannot be read: it is damaged") from None


def _text(cell: object) -> str:
    """Write a cell as a CSV would have it: whole numbers without a point, days as year-month-day."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(timespec="minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
