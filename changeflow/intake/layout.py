"""Find the table in a file: its separator, the lines above its header, its headings, its first line of data.

Only the beginning of a file is examined, so that a ledger of a million lines takes no longer than a list of schools.
Anything unusual is reported: `notes` say how it is read, `skipped` what is not read.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from changeflow.intake.endings import is_about, is_title_of_part
from changeflow.intake.text_lines import MAX_FIELD, lines_of
from changeflow.values.cells import clean, plain_cell
from changeflow.values.problem import Problem

SEPARATORS = {",": "commas", ";": "semicolons", "|": "vertical bars", "\t": "tabs"}
MOST_CHARACTERS = 200_000
"""How many characters of a file to examine."""
MOST_RECORDS = 60
MOST_ABOVE = 30
"""The most lines that may be above the header."""
NO_RESULT = "#NORESULT!"
"""Represents a formula of a workbook that has no result in the file."""
WIDE = 0.6
"""A line above the header with at least this share of its cells filled looks like data."""

_GIVEN = re.compile(r"\"?sep=([^\w\s\"]|\t)\"?[ ,;|\t]*\r?\n?", re.IGNORECASE)
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_HINT = re.compile(
    r"\((?:[dmy /.-]{4,}|1\s*(?:-|–|to)\s*5|yes ?/ ?no|y ?/ ?n|required|optional|mandatory)\)", re.IGNORECASE
)
"""Instructions for filling in a cell, in brackets after a heading."""
_OTHER_THAN_IS = re.compile(
    r"(?:plan|target|baseline|forecast|previous|prior|last|next|expected|estimate|revised|original|propose|draft|budget)",
    re.IGNORECASE,
)
"""How a heading above others begins if those are not about actual values."""
_PAGE_NUMBER = re.compile(r"\bpage:? ?\d+(?: ?(?:of|/) ?\d+)?")
_NUMBER = re.compile(r"[£$€(+-]*\s*\d[\d,. /:-]*%?\)?-?")


class SheetPercent(str):
    """How to write a number whose cell shows percent: 0.5 as 50%."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column with a heading."""

    name: str
    """The heading on one line, with runs of spaces collapsed."""
    place: int
    """Its place in the file, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a table is in its file. Lines count from 1, as in an editor."""

    separator: str
    """The separator; empty for a sheet."""
    header_line: int
    """The line on which the last line of headings begins."""
    data_line: int
    """The first line below the headings, even if a heading has several lines."""
    columns: tuple[TableColumn, ...]
    width: int
    """The cells of the header, including empty ones."""
    notes: tuple[str, ...] = ()
    """Anything unusual, and how it is read."""
    skipped: tuple[str, ...] = ()
    """The lines above the table."""
    titles: frozenset[tuple[str, ...]] = frozenset()
    """These lines, and both lines of headings that take two, in the form that `_title` returns."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the heading of each place; empty if there is none."""
        names = [""] * self.width
        for column in self.columns:
            names[column.place - 1] = column.name
        return tuple(names)

    def is_header(self, cells: Sequence[str]) -> bool:
        """Return whether a line repeats the headings, as reports do on each page."""
        said = [fold(c) for c in cells if clean(c)]
        return len(said) > 1 and said == [fold(c.name) for c in self.columns]

    def is_title(self, cells: Sequence[str]) -> bool:
        """Return whether a line repeats one above the headings, as reports do on each page."""
        return bool(self.titles) and _title(cells) in self.titles


def one_line(text: str) -> str:
    return _SPACES.sub(" ", plain_cell(clean(text)))


def fold(heading: str) -> str:
    """Fold a heading, so that headings which differ only in capitals, spaces, hyphens and punctuation become equal.

    >>> fold("E-mail\\nAddress"), fold("phase_of_education"), fold("% Complete"), fold("Start date (dd/mm/yyyy) *")
    ('emailaddress', 'phaseofeducation', 'percentcomplete', 'startdate')
    """
    text = heading if heading.isascii() else unicodedata.normalize("NFKC", heading)
    if "(" in text:
        text = _HINT.sub("", text)
    return "".join(c for c in text.casefold().replace("%", "percent") if c.isalnum())


def _title(cells: Iterable[str]) -> tuple[str, ...]:
    """Return the words in a line's cells, without a page number."""
    return tuple(_PAGE_NUMBER.sub("page", one_line(c).casefold()) for c in cells if clean(c))


def look_at_text(text: str, shown: str, problems: list[Problem], *, known: Collection[str] = ()) -> Layout | None:
    """Find the table in some text, or in the beginning of a long text; add a `Problem` and return None if it is empty
    or ambiguous.

    `known` are headings that the caller knows: a line that has them is the header.
    """
    lines = list(lines_of(text[:MOST_CHARACTERS]))
    given = _GIVEN.fullmatch(lines[0].removeprefix("\ufeff")) if lines else None
    if given is None and (odd := _sep_line(lines, shown)) is not None:
        problems.append(odd)
        return None
    names = {fold(k) for k in known} - {""}
    begin = 1 if given else 0
    in_use = [given[1]] if given else [s for s in SEPARATORS if any(s in line for line in lines)] or [","]
    looks = [_Look(s, list(_records(lines, s, begin)), names) for s in in_use]
    best = max(looks, key=lambda look: look.quality)
    if not best.records:
        problems.append(
            Problem(file=shown, what="The file is empty.", remedy="Put the names of the columns on its first line.")
        )
        return None
    if best.width == 1 and (inner := _within(best, names)) is not None:
        what = "Each line is in quotation marks as a whole, and so a single cell."
        remedy = "Export it again, or remove these quotation marks."
        problems.append(Problem(file=shown, line=inner.line, what=what, remedy=remedy))
        return None
    same = [look.separator for look in looks if look.quality == best.quality and look.quality[1] > 0]
    if len(same) > 1:
        two = " or ".join(SEPARATORS[s] for s in same)
        what, remedy = f"The columns may be separated by {two}.", f"Write sep={same[0]} above the header."
        problems.append(Problem(file=shown, line=1, what=what, remedy=remedy))
        return None
    notes = []
    if best.separator != "," and best.width > 1:
        why = ", as its first line says" if given else ""
        notes.append(f"The columns are separated by {SEPARATORS.get(best.separator, repr(best.separator))}{why}.")
    return _found(best, shown, problems, notes)


def look_at_rows(
    rows: Iterable[tuple[int, Sequence[str]]], shown: str, problems: list[Problem], *, known: Collection[str] = ()
) -> Layout | None:
    """Find the table in the numbered lines of a sheet; add a `Problem` and return None if it is empty or ambiguous."""
    records = [_Record(line, line, tuple(cells)) for line, cells in islice(rows, MOST_RECORDS)]
    look = _Look("", [r for r in records if r.filled], {fold(k) for k in known} - {""})
    if not look.records:
        problems.append(
            Problem(file=shown, what="The sheet is empty.", remedy="Put the names of the columns on its first line.")
        )
        return None
    return _found(look, shown, problems, [])


@dataclass(frozen=True, slots=True)
class _Record:
    """A line of cells. With quotation marks, it may span several lines of the file; `end` is the last of them."""

    line: int
    end: int
    cells: tuple[str, ...]

    @property
    def filled(self) -> int:
        return sum(1 for c in self.cells if clean(c))

    def known(self, names: Collection[str]) -> int:
        return len({f for c in self.cells if (f := fold(plain_cell(c)))} & set(names))

    @property
    def is_words(self) -> bool:
        """Return whether all of its cells may be headings: none is a number, a day or a page's number."""
        return not (self.is_of_page or any(_NUMBER.fullmatch(clean(c)) for c in self.cells))

    @property
    def is_of_page(self) -> bool:
        return any(_PAGE_NUMBER.fullmatch(one_line(c).casefold()) for c in self.cells)

    def at(self, n: int) -> str:
        return one_line(self.cells[n]) if n < len(self.cells) else ""


def _records(lines: Sequence[str], separator: str, begin: int) -> Iterator[_Record]:
    """Yield the lines that are not empty; if a quotation mark is never closed, only the lines before it."""
    csv.field_size_limit(MAX_FIELD)
    reader, line, count = csv.reader(lines[begin:], delimiter=separator), begin + 1, 0
    try:
        for cells in reader:
            record = _Record(line, begin + reader.line_num, tuple(cells))
            line = record.end + 1
            if record.filled:
                count += 1
                yield record
            if count == MOST_RECORDS:
                return
    except csv.Error:
        return


def _within(look: "_Look", names: Collection[str]) -> _Record | None:
    """Return the line that would be a header if it were not entirely in quotation marks."""
    for record in look.records[:MOST_ABOVE]:
        cell = next(c for c in record.cells if clean(c))
        for separator in SEPARATORS:
            if any(inner.known(names) > 1 for inner in _records([cell], separator, 0)):
                return record
    return None


def _sep_line(lines: Sequence[str], shown: str) -> Problem | None:
    """Return what is wrong with a first line that names no separator, or an impossible one."""
    first = lines[0].strip().lower() if lines else ""
    if not first.startswith("sep=") or len(first) > 5:
        return None
    what = f"The line '{first}' names no separator that a table can have."
    return Problem(file=shown, line=1, what=what, remedy="Write sep=; or remove the line.")


@dataclass(frozen=True, slots=True)
class _Look:
    """The head of a table, divided by one separator."""

    separator: str
    records: list[_Record]
    names: Collection[str]

    @property
    def width(self) -> int:
        """The most filled cells of any line."""
        return max((r.filled for r in self.records), default=0)

    @property
    def header(self) -> int:
        """Return the record that is the header: the one with the most known headings, otherwise the first wide one.

        A cell of data may equal a heading, so one known heading counts only below an empty line or a grouping, or below
        lines about the report.
        """
        above = self.records[:MOST_ABOVE]
        known, _, before = max(((r.known(self.names), r.filled, -n) for n, r in enumerate(above)), default=(0, 0, 0))
        one, last = above[-before], above[-before - 1] if before else None
        is_apart = last is None or last.end + 1 < one.line or (one.is_words and _is_grouping(last, one))
        is_apart = is_apart or (one.is_words and is_about([record.cells for record in above[:-before]]))
        if known > 1 or (known == 1 and is_apart):
            return -before
        return next((n for n, r in enumerate(above) if r.filled >= WIDE * self.width and r.is_words), 0)

    @property
    def quality(self) -> tuple[int, float, int]:
        """Rank a separator: by known headings, then the share of lines with the usual width, then the width."""
        if not self.records:
            return (0, 0.0, 1)
        header = self.records[self.header]
        below = [len(r.cells) for r in self.records[self.header :]]
        width, count = Counter(below).most_common(1)[0]
        known = header.known(self.names)
        return (known, count / len(below), width) if len(header.cells) > 1 else (known, 0.0, 1)


def _found(look: _Look, shown: str, problems: list[Problem], notes: list[str]) -> Layout | None:
    """Return the layout of a table, once it is clear that there is no data above its header."""
    at, skipped = look.header, list[str]()
    header = look.records[at]
    names = [header.at(n) for n in range(len(header.cells))]
    above, begin, end = look.records[:at], header, header.end
    titles = {_title(record.cells) for record in above}
    below = look.records[at + 1] if at + 1 < len(look.records) else None
    if below is not None and _goes_on(header, below, look.names):
        names, header, end = _joined(header, below, look.names), below, below.end
        titles |= {_title(begin.cells), _title(below.cells)}
    elif above and above[-1].end + 1 == begin.line and _is_grouping(above[-1], begin):
        names = _joined(above[-1], header, look.names)
        begin = above.pop()
        titles.add(_title(header.cells))
    parts = [record for record in look.records if is_title_of_part(record.cells)]
    if above and above[0] in parts and len(parts) > 1:
        what = f"The file has several tables; the first is '{one_line(' '.join(parts[0].cells))}'."
        remedy = "Save the one to be read as a file of its own, with its headings in the first line."
        problems.append(Problem(file=shown, line=parts[0].line, what=what, remedy=remedy))
        return None
    if begin is not header:
        notes.append(f"The headings are on lines {begin.line} and {header.line}.")
    if (data := _data_above(above, begin)) is not None:
        what = f"Line {begin.line} looks like the header, and line {data.line} above it like data."
        problems.append(Problem(file=shown, line=data.line, what=what, remedy="Move the header to the top."))
        return None
    if above:
        skipped.append(_above(above))
    if any("\n" in c or "\r" in c for c in header.cells):
        notes.append("A heading spans several lines; it is read as one.")
    while names and not names[-1]:
        names.pop()
    if (more := len(header.cells) - len(names)) > 0:
        notes.append("The last column has no heading." if more == 1 else f"The last {more} columns have no headings.")
    columns = tuple(TableColumn(name, n) for n, name in enumerate(names, 1) if name)
    return Layout(
        separator=look.separator, header_line=header.line, data_line=end + 1, columns=columns,
        width=max(len(header.cells), len(names)), notes=tuple(notes), skipped=tuple(skipped),
        titles=frozenset(titles),
    )  # fmt: skip


def _goes_on(header: _Record, below: _Record, known: Collection[str]) -> bool:
    """Return whether the line below is the second of two lines of headings, under a merged heading."""
    if below.line != header.end + 1 or not below.is_words or below.filled < 2:
        return False
    if any(b for h, b in _pairs(header, below) if fold(h) in known):
        return False
    pairs = _pairs(header, below)
    return _has_gaps(pairs) and any(h and not b for h, b in pairs)


def _is_grouping(above: _Record, header: _Record) -> bool:
    """Return whether the line above groups headings: it has several, with gaps or repeats, and completes the others."""
    if not above.is_words or above.filled < 2:
        return False
    pairs = list(_pairs(above, header))
    often = Counter(fold(name) for _, name in pairs if name)
    is_needed = any(group and (not name or often[fold(name)] > 1) for group, name in pairs)
    return _has_gaps(pairs) and (is_needed or above.filled >= WIDE * header.filled)


def _has_gaps(pairs: Sequence[tuple[str, str]]) -> bool:
    """Return whether a heading spans several of those below it: then the other cells are empty or repeat it."""
    return any(lower and upper in ("", pairs[n - 1][0] if n else "") for n, (upper, lower) in enumerate(pairs))


def _pairs(upper: _Record, lower: _Record) -> list[tuple[str, str]]:
    return [(upper.at(n), lower.at(n)) for n in range(max(len(upper.cells), len(lower.cells)))]


def _joined(upper: _Record, lower: _Record, known: Collection[str]) -> list[str]:
    """Return the headings of two lines: the lower ones, with the upper one if a lower one is missing or repeated.

    Also with an upper one that gives a lower one its meaning, such as `Actual` over `Start`, or `Planned` over `%`.
    """
    pairs = _pairs(upper, lower)
    often = Counter(fold(name) for _, name in pairs)
    names, group = list[str](), ""
    for above, name in pairs:
        group = above or group
        both, short = f"{group} {name}".strip(), f"{group.partition(' ')[0].rstrip('s')} {name}"
        if name and (meant := next((text for text in (both, short) if group and fold(text) in known), "")):
            names.append(meant)
        else:
            needs_both = often[fold(name)] > 1 or _OTHER_THAN_IS.match(group)
            names.append(above if not name else both if needs_both else name)
    return names


def _data_above(above: Sequence[_Record], header: _Record) -> _Record | None:
    """Return a line above the header that may be data: as wide as the header, with no empty line between them."""
    line = header.line
    if is_about([record.cells for record in above]):
        return None
    for record in reversed(above):
        if record.end + 1 != line:
            return None
        if record.filled > 1 and record.filled >= WIDE * header.filled and not record.is_of_page:
            return record
        line = record.line
    return None


def _above(records: Sequence[_Record]) -> str:
    text = " ".join(one_line(c) for c in records[0].cells if clean(c))
    said = f"'{text[:60]}{'…' if len(text) > 60 else ''}'"
    if len(records) == 1:
        return f"Line {records[0].line} above the header was not used: {said}."
    return f"Lines {records[0].line} to {records[-1].line} above the header were not used: {said} …"
