"""Find what people mark on a sheet and a table cannot hold: hidden lines, cells struck through, notes on cells.

Hidden lines and struck cells are read like the others, and notes are not read. Each is reported, because a person may
have meant something else by it.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from changeflow.intake.sheet_marks import elements
from changeflow.phrases import listed

_MOST = 8
"""How many lines or cells of a kind to name."""
_PREFIX = rb"(?:[\w.-]+:)?"
_ROW = re.compile(rb"<" + _PREFIX + rb"row(\s[^<>]*)>")
_CELL = re.compile(rb"<" + _PREFIX + rb"c(\s[^<>]*)>")
_HIDDEN = re.compile(rb"\shidden\s*=\s*[\"'](?:1|true)[\"']")
_NUMBER = re.compile(rb"\sr\s*=\s*[\"']([0-9]{1,7})[\"']")
_PLACE = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
_STYLE = re.compile(rb"\ss\s*=\s*[\"']([0-9]{1,9})[\"']")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


def remarks_on(
    sheet: bytes, styles: bytes, comments: bytes, lines: Sequence[tuple[int, Sequence[str]]], *, first: int
) -> tuple[str, ...]:
    """Return what to report about the lines of a table, from the number `first` on."""
    filled = {line for line, _ in lines if line >= first}
    found = (_hidden(sheet, filled), _struck(sheet, styles, filled), _with_notes(comments, filled))
    return tuple(remark for remark in found if remark)


def _hidden(sheet: bytes, filled: Collection[int]) -> str:
    if b"hidden" not in sheet:
        return ""
    rows = (m[1] for m in _ROW.finditer(sheet) if _HIDDEN.search(m[1]))
    numbers = [int(m[1]) for row in rows if (m := _NUMBER.search(row)) and int(m[1]) in filled]
    which = f"{_lines(numbers)} {'is' if len(numbers) == 1 else 'are'} hidden in the workbook"
    return f"{which}, and read like the others." if numbers else ""


def _struck(sheet: bytes, styles: bytes, filled: Collection[int]) -> str:
    if b"strike" not in styles or not (numbers := _struck_styles(styles)):
        return ""
    found = dict[int, None]()
    for cell in _CELL.finditer(sheet):
        style, place = _STYLE.search(cell[1]), _PLACE.search(cell[1])
        # A cell without content closes its own element.
        if style and place and int(style[1]) in numbers and int(place[2]) in filled and not cell[1].endswith(b"/"):
            found[int(place[2])] = None
    which = f"Cells of {_lines(list(found)).lower()} are struck through"
    return f"{which}, and read like the others. Remove what does not count." if found else ""


def _with_notes(comments: bytes, filled: Collection[int]) -> str:
    found = dict[str, None]()
    for element in elements(comments) if b"comment" in comments else ():
        place = _REFERENCE.fullmatch(element.get("ref", "")) if str(element.tag).endswith("}comment") else None
        if place is not None and int(place[2]) in filled:
            found[place[0].upper()] = None
    if not found:
        return ""
    places = listed([*found], most=_MOST)
    return f"The note on cell {places} was not read." if len(found) == 1 else f"Notes on cells {places} were not read."


def _struck_styles(styles: bytes) -> set[int]:
    """Return the numbers of the styles whose font is struck through."""
    fonts, struck, number, font = set[int](), set[int](), 0, 0
    for element in elements(styles):
        name, above = str(element.tag).rpartition("}")[2], element.getparent()
        inside = str(above.tag).rpartition("}")[2] if above is not None else ""
        if name == "font" and inside == "fonts":
            if any(_is_strike(e.tag) and e.get("val", "1") not in ("0", "false") for e in element):
                fonts.add(font)
            font += 1
        elif name == "xf" and inside == "cellXfs":
            text = element.get("fontId", "0")
            if text.isascii() and text.isdigit() and int(text[:9]) in fonts:
                struck.add(number)
            number += 1
    return struck


def _is_strike(tag: object) -> bool:
    return str(tag).rpartition("}")[2] == "strike"


def _lines(numbers: Sequence[int]) -> str:
    return f"Line{'s' if len(numbers) != 1 else ''} {listed([*map(str, numbers)], most=_MOST)}"


def parts_of_comments(relations: bytes) -> Iterator[str]:
    """Yield the parts with the notes of a sheet, by its relations, relative to the sheet."""
    for element in elements(relations):
        if element.get("Type", "").endswith("/comments"):
            yield element.get("Target", "")
