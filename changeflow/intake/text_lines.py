"""Divide text into lines, and the lines of a table into cells."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from changeflow.intake.layout import Layout

MAX_FIELD = 100_000
"""The most characters in one cell. A longer cell is a broken quotation or an attack."""
_ALONE = re.compile(r"\r(?!\n)")
_LINE = re.compile(r"[^\n]+\n?|\n")


class BrokenTableError(Exception):
    """The arguments are a line and the reason why it cannot be read."""


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines of some text, whatever their line endings (including a lone carriage return)."""
    return (line[0] for line in _LINE.finditer(_ALONE.sub("\n", text)))


def read_lines(text: str, layout: "Layout") -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) for each line of a table below its headings, numbered by its first line in the file.

    Raises:
        BrokenTableError: A quotation mark is never closed, or a cell is too long.
    """
    csv.field_size_limit(MAX_FIELD)
    lines = islice(lines_of(text), layout.data_line - 1, None)
    reader, before = csv.reader(lines, delimiter=layout.separator, strict=True), layout.data_line
    try:
        for cells in reader:
            yield before, cells
            before = layout.data_line + reader.line_num
    except csv.Error as error:
        raise BrokenTableError(layout.data_line - 1 + reader.line_num, str(error)) from None
