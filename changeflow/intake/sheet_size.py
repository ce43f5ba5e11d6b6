"""Measure a sheet of an xlsx before reading it.

Two cells far apart, or one long text in every cell, would make the library fill the memory, so the cells are counted
first. A sheet that no spreadsheet would write is refused, because the library and the count might understand it
differently.
"""

import re
from collections.abc import Iterator
from itertools import islice

MOST_CELLS = 500_000
MOST_ROWS = 200_000
MOST_COLUMNS = 500
MOST_AREA = 2_000_000
"""The most cells between the first and the last one that is used: the library lays out all of them."""
MOST_CHARACTERS = 30_000_000
"""The most characters of all cells together: a shared text is written out wherever it is used."""

_PREFIX = rb"(?:[\w.-]+:)?"
_VALUE = rb"(?:\"[^\"<>]*\"|'[^'<>]*')"
_ATTRIBUTE = rb"\s+[\w:.-]+\s*=\s*" + _VALUE
_OTHER = rb"(?:\s+(?!r[\s=])[\w:.-]+\s*=\s*" + _VALUE + rb")*+"
_NO_TAG = re.compile(rb"<(?!/?[\w:.-]+(?:" + _ATTRIBUTE + rb")*+\s*/?>)")
"""A comment, an entity, an instruction or a broken tag."""
_ROW = re.compile(rb"<" + _PREFIX + rb"row(?=[\s/>])")
_CELL = re.compile(rb"<" + _PREFIX + rb"c(?=[\s/>])")
_PLACED = re.compile(
    rb"<" + _PREFIX + rb"(?:row|c)" + _OTHER + rb"(?:\s+r\s*=\s*[\"']([A-Za-z]*)([0-9]+)[\"']" + _OTHER + rb")?\s*/?>"
)
"""A row or a cell that gives its place once, or not at all."""
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
    """A workbook is too large, or unusual. The argument says how."""


def check_size(sheet: bytes, texts: bytes) -> None:
    """Raise `SheetRefusedError` if a sheet unpacks to more than is read; `texts` are those that cells share."""
    if not (_is_plain(sheet) and _is_plain(texts)):
        raise odd()
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
    """Return whether tags can be counted as text: every `<` begins a tag, and no tag contains another `<` or `>`."""
    begins = part.find(b"?>") + 2 if part.removeprefix(b"\xef\xbb\xbf").lstrip()[:5] == b"<?xml" else 0
    return b"\0" not in part[:1_000] and _NO_TAG.search(part, begins) is None


def _corner(sheet: bytes, rows: int, cells: int) -> tuple[int, int]:
    """Return the furthest line and column that a sheet's cells may reach."""
    seen, placed, last_row, last_column = 0, 0, 0, 0
    columns: dict[bytes, int] = {b"": 0}
    for found in _PLACED.finditer(sheet):
        seen += 1
        letters, digits = found.groups()
        if digits is None:
            continue
        if letters not in columns:
            columns[letters] = column_number(letters)
        placed += 1 if letters else 0
        last_column = max(last_column, columns[letters])
        last_row = max(last_row, int(digits[:9]))
    if seen < rows + cells:
        raise odd()
    if placed < cells:
        # A cell without a reference follows the one before it.
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
        raise odd()


def _characters(sheet: bytes, sizes: list[int]) -> int:
    """Return the most characters that shared texts can have once they are written out wherever they are used."""
    if max(sizes, default=0) * MOST_CELLS <= MOST_CHARACTERS:
        return 0
    total = 0
    for cell in _OF_A_TEXT.finditer(sheet):
        if cell[0].endswith(b"/>"):
            continue
        number = _NUMBER.match(sheet, cell.end())
        if number is None:
            raise odd()
        if number[1] is not None and int(number[1]) < len(sizes):
            total += sizes[int(number[1])]
    return total


def odd() -> SheetRefusedError:
    return SheetRefusedError("The workbook cannot be read: no spreadsheet writes it in this way")


def _count(pattern: re.Pattern[bytes], content: bytes, most: int) -> int:
    """Count the matches of a pattern, up to one more than `most`."""
    return sum(1 for _ in islice(pattern.finditer(content), most + 1))


def column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:6].upper():
        number = number * 26 + letter - ord("A") + 1
    return number
