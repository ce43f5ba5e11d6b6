"""The first sheet of an xlsx as lines of text, from a copy of the workbook that has been measured first.

An xlsx is a zip: a few kilobytes can unfold to gigabytes. So the parts that are read are unpacked within a limit, the
sheet's cells are counted (`sheet_size`), and only then is it read.
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
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.intake.opening import NOT_TEXT, read_bytes
from changeflow.intake.sheet_size import TooLargeError, check_size
from changeflow.values.problem import Problem

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


class _RefusedError(Exception):
    pass


def read_sheet(
    path: Path, shown: str, problems: list[Problem], *, inside: Path | None = None
) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of the first sheet, from its first line that has something in it."""
    raw = read_bytes(path, shown, problems, most=MOST_BYTES, inside=inside)
    if raw is None:
        return []
    try:
        found = list(_lines(raw))
    except _RefusedError as error:
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
            raise _RefusedError(f"The workbook cannot be read: {_first_line(error)}") from None
        except BaseException as error:
            # The reader is written in another language: where it fails, it does so by an exception that is none.
            if type(error).__name__ != "PanicException":
                raise
            raise _RefusedError("The workbook cannot be read: it is damaged") from None
    for n, row in enumerate(rows, 1):
        cells = [_text(cell) for cell in row]
        if any(c.strip() for c in cells):
            yield n, cells


def _copy_measured(raw: bytes, to: Path) -> None:
    """Copy the first sheet of a workbook, and what it needs, once its size is known."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as book, zipfile.ZipFile(to, "w") as copy:
            if len(book.infolist()) > MOST_PARTS:
                raise _RefusedError(f"The workbook has more than {MOST_PARTS:,} parts")
            unpacked = _Unpacked(book)
            parts = {name: unpacked.read(name) for name in _NEEDED if unpacked.has(name)}
            if WORKBOOK not in parts:
                raise _RefusedError("This is not an Excel workbook")
            sheet = _first_sheet(parts)
            parts[sheet] = unpacked.read(sheet)
            check_size(parts[sheet], parts.get(SHARED, b""))
            for name, content in parts.items():
                copy.writestr(name, content)
    except TooLargeError as error:
        raise _RefusedError(str(error)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError,
            KeyError, UnicodeError, OverflowError, struct.error) as error:  # fmt: skip
        raise _RefusedError(f"The workbook cannot be read: {_first_line(error)}") from None


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
            raise _RefusedError(f"The workbook cannot be read: its part {name} is too large")
        if info.flag_bits & _ENCRYPTED:
            raise _RefusedError("The workbook needs a password to open it")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _RefusedError("The workbook cannot be read: no spreadsheet packs its parts in this way")
        # What it says first, then what it is: a zip may lie.
        if info.file_size <= self.left:
            with self.book.open(info) as part:
                content = part.read(self.left + 1)
            self.left -= len(content)
            if self.left >= 0:
                return content
        raise _RefusedError(f"The workbook unfolds to more than {MOST_UNPACKED // 1_000_000} MB")


def _first_sheet(parts: dict[str, bytes]) -> str:
    """Return the name of the part that holds the first sheet."""
    sheets = [e for e in _elements(parts[WORKBOOK]) if isinstance(e.tag, str) and _SHEET.fullmatch(e.tag)]
    wanted = next((v for k, v in sheets[0].attrib.items() if str(k).endswith("}id")), None) if sheets else None
    targets = [e.get("Target") for e in _elements(parts.get(RELATIONS, b"")) if wanted and e.get("Id") == wanted]
    if not targets or not targets[0]:
        raise _RefusedError("The workbook has no sheet")
    return posixpath.normpath(posixpath.join("/xl", targets[0])).lstrip("/")


def _elements(content: bytes) -> Iterator["etree._Element"]:
    from lxml import etree

    if not content:
        return iter(())
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser).iter()
    except etree.XMLSyntaxError:
        raise _RefusedError("The workbook cannot be read: it is damaged") from None


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
