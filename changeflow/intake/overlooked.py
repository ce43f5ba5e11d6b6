"""Find columns whose heading is unknown and whose cells say that lines do not count, such as `Signed in` with `no`.

To use such a table without them would count people who did not come, who have left, or schools that are closed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from changeflow.intake.cell_readers import NO, YES, is_nothing
from changeflow.intake.columns import MatchedColumns
from changeflow.intake.formats import Field, FieldKind, Format, mark_or_word
from changeflow.intake.layout import TableColumn, one_line
from changeflow.values.cells import clean
from changeflow.values.problem import Problem

_TURNED_ROUND = re.compile(
    r"\b(?:left|leavers?|leaving|absen\w*|missed|cancel\w*|withdr\w*|clos\w*|former|inactive)\b", re.I
)
"""Headings under which yes means that a line does not count."""
_MOST_WORDS = 200
"""How many different cells of a column to remember."""


@dataclass(slots=True)
class _Column:
    """An unused column that may decide about lines, and what its cells have said so far."""

    column: TableColumn
    meant: Field
    is_turned_round: bool
    takes_yes: bool
    """Whether a plain yes or no decides about a line."""
    out: tuple[str, int] | None = None
    """The first cell which says that its line does not count, and the line."""
    is_sure: bool = False
    """Whether one of its words says so, and not only a yes or no, or a letter."""
    is_readable: bool = True
    """Whether all of its cells are words of the field, or yes and no."""
    empty: int = 0
    """The first line on which it is empty."""
    seen: set[str] = field(default_factory=set)

    def look(self, text: str, line: int) -> None:
        """Look at a cell."""
        if not text or is_nothing(text, FieldKind.YES_NO):
            self.empty = self.empty or line
            return
        if text in self.seen:
            return
        if len(self.seen) < _MOST_WORDS:
            self.seen.add(text)
        word, plain = mark_or_word(text), text.casefold()
        meaning, is_plain = self.meant.meanings.get(word, ""), plain in YES | NO
        if is_plain:
            meaning = ("yes" if plain in YES else "no") if self.takes_yes else ""
        self.is_readable = self.is_readable and bool(meaning)
        is_out = meaning in self.meant.leaves_out or meaning == ("yes" if is_plain and self.is_turned_round else "no")
        is_word = len(word) > 1 and not is_plain
        if is_out and (self.out is None or (is_word and not self.is_sure)):
            self.out, self.is_sure = (one_line(text)[:40], line), is_word

    @property
    def said(self) -> str:
        """What it says about a line, if that would leave the line out; otherwise empty."""
        if self.out is not None and (self.is_readable or self.is_sure):
            return f"'{self.out[0]}' on line {self.out[1]}"
        if self.takes_yes and self.seen and self.is_readable and self.empty and not self.is_turned_round:
            return f"it is empty on line {self.empty}"
        return ""


class OverlookedColumns:
    """Watches the unused columns that may decide about whole lines."""

    def __init__(self, wanted: Format, columns: MatchedColumns) -> None:
        found = {match.field.name for match in columns.matches}
        fields = [f for f in wanted.fields if (f.decides or f.decides_by_yes) and f.name not in found]
        unused = [column for column in columns.unused if column.place not in columns.misspelt]
        self._watched = [
            _Column(column, one, _TURNED_ROUND.search(column.name) is not None, _has(one.decides_by_yes, column))
            for one in fields
            for column in unused
            if _has(one.decides, column) or _has(one.decides_by_yes, column)
        ]

    def look(self, line: int, cells: Sequence[str]) -> None:
        """Look at a line's cells."""
        for watched in self._watched:
            place = watched.column.place - 1
            watched.look(clean(cells[place]) if place < len(cells) else "", line)

    def problems(self, shown: str, line: int) -> Iterator[Problem]:
        """Yield a `Problem` for each column that would leave out lines if it were used."""
        for one in self._watched:
            if said := one.said:
                name = one.meant.name
                what = f"'{one.column.name}' seems to say {one.meant.about_lines}: {said}."
                remedy = f"Call it '{name}', or remove it."
                if one.is_turned_round:
                    remedy = f"Add a column '{name}' with no for these lines, or remove them and this column."
                yield Problem(file=shown, line=line, column=one.column.place, what=what, remedy=remedy)


def _has(pattern: str, column: TableColumn) -> bool:
    return bool(pattern) and re.search(pattern, column.name, re.IGNORECASE) is not None
