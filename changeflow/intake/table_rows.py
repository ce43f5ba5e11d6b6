"""A table as read: its rows, each with its place, and what to report about the file."""

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from changeflow.errors import UnusedWarning
from changeflow.intake.columns import MatchedColumns
from changeflow.intake.layout import Layout, TableColumn
from changeflow.values.problem import Problem, did_you_mean, what_and_remedy

_MAX_SIMILAR = 3
"""With more than this many similar remarks after the first, only the first is shown and the others are counted."""
_MAX_NAMED = 8
"""How many unused columns to name."""
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table: its cells by column, as they are read. Empty cells are omitted."""

    file: str
    line: int
    given: dict[str, str]
    """Cells by column, for use only while reading; other code uses `cells`."""
    columns: Mapping[str, int]
    """The place of each column, from 1."""
    headings: Mapping[str, str] = field(default_factory=dict)
    """The file's own heading of each column."""

    @property
    def cells(self) -> Mapping[str, str]:
        return self.given

    def problem(self, column: str, what: str, remedy: str = "") -> Problem:
        heading, place = self.headings.get(column, column), self.columns.get(column, 1)
        return Problem(file=self.file, line=self.line, column=place, what=what, remedy=remedy, heading=heading)

    def read(self, column: str, parse: Callable[[str], Read], problems: list[Problem]) -> Read | None:
        """Read a cell; return None if it is empty, or if `parse` rejects it (and add a `Problem`)."""
        if (text := self.cells.get(column)) is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            problems.append(self.problem(column, *what_and_remedy(error)))
            return None

    def is_first(
        self, column: str, key: str, seen: dict[str, int], problems: list[Problem], *, remedy: str, what: str = ""
    ) -> bool:
        """Return whether no earlier line has this key; if one has, add a `Problem`.

        The message calls it a duplicate `what` (default: the column's name).
        """
        if (first := seen.setdefault(key, self.line)) == self.line:
            return True
        what = f"Duplicate {what or column} '{self.cells[column]}' (first on line {first})."
        problems.append(self.problem(column, what, remedy))
        return False

    def names(self, column: str, kind: str, known: Collection[str] | None, problems: list[Problem]) -> bool:
        """Return whether a cell names one of the known things (if they are known); add a `Problem` if it does not."""
        if known is None or (name := self.cells[column]) in known:
            return True
        remedy = zeros_lost(name, known) or did_you_mean(name, known)
        problems.append(self.problem(column, f"There is no {kind} '{name}'.", remedy))
        return False


def zeros_lost(name: str, known: Iterable[str]) -> str:
    """Name the known id whose leading zeros a name has lost, as happens in spreadsheets; return "" if there is none.

    >>> zeros_lost("123", ["000123", "000456"])
    "'123' is '000123' without its leading zeros. Format that column as text in the source file."
    """
    if not name.isdigit():
        return ""
    alike = [k for k in known if k.isdigit() and k.lstrip("0") == name.lstrip("0")]
    lost = alike[0] if alike and name not in alike else None
    if lost is None:
        return ""
    is_short = len(name) < len(lost)
    message = f"'{name}' is '{lost}' without its leading zeros" if is_short else f"The other list has it as '{lost}'"
    return f"{message}. Format that column as text in the source file."


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
    """Notes on anything unusual about how it was read."""
    unused: list[Problem] = field(default_factory=list)
    """What was read but not used, and things to check. These are not errors."""
    skipped: list[Problem] = field(default_factory=list)
    """The unused lines that are not part of the table."""
    silent: list[TableRow] = field(default_factory=list)
    """The unused lines that have none of the cells that matter, such as a score."""
    lost: list[str] = field(default_factory=list)
    """Cells from lines that were rejected because of mistakes."""
    others: dict[int, dict[TableColumn, str]] = field(default_factory=dict)
    """For each line, the cells of unused columns, if the format keeps them."""
    is_from_1904: bool = False
    """Whether it is from a workbook that counts days from 1904."""

    @property
    def unused_columns(self) -> str:
        """A sentence naming the unused columns (misspelt ones are reported as problems); empty if all were used."""
        meant = self.columns.meant
        unused = [
            f"'{c.name}' (did you mean '{meant[c.place]}'?)" if c.place in meant else f"'{c.name}'"
            for c in self.columns.unused
            if c.place not in self.columns.misspelt
        ]
        more = f" and {len(unused) - _MAX_NAMED} more" if len(unused) > _MAX_NAMED else ""
        which = "The column was" if len(unused) == 1 else f"{len(unused)} columns were"
        return f"{which} not used: {', '.join(unused[:_MAX_NAMED])}{more}." if unused else ""

    @property
    def remarks(self) -> Iterator[Problem]:
        """Yield everything that was not used, including unknown columns."""
        if what := self.unused_columns:
            yield Problem(file=self.file, line=self.layout.header_line, what=what)
        alike: dict[tuple[int, str], list[Problem]] = {}
        for one in self.unused:
            alike.setdefault((one.column, one.words), []).append(one)
        for first, *others in alike.values():
            if len(others) < _MAX_SIMILAR:
                yield from (first, *others)
            else:
                yield replace(first, what=f"{first.what} {len(others)} more lines are like it.")

    @property
    def is_plain(self) -> bool:
        """Whether it is a text file and all of it was used."""
        return bool(self.layout.separator) and not (self.columns.unused or self.unused)

    def warn(self) -> None:
        """Warn with `UnusedWarning` about everything that was not used."""
        for remark in self.remarks:
            warnings.warn(UnusedWarning(str(remark)), stacklevel=3)

    def skip(self, what: str, line: int) -> None:
        self.say(what, line)
        self.skipped.append(self.unused[-1])

    def say(self, what: str, line: int | None = None, column: int = 1) -> None:
        self.unused.append(Problem(file=self.file, line=line or self.layout.header_line, column=column, what=what))
