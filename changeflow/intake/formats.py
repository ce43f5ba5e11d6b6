"""What a table is: its columns, what they are also called, and what a cell of each holds. docs/tables.md lists all.

A heading counts in any capitals, spaces and hyphens. A column of ours goes before one that is only also called so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from changeflow.intake.layout import fold


class FieldKind(StrEnum):
    """What a cell holds, and so how it is read."""

    TEXT = "text"
    KEY = "key"
    """A text that must come through as it is, also where it is all digits: a contract's id."""
    URN = "unique reference number"
    ID = "id"
    IDS = "ids"
    DAY = "day"
    SPANS = "spans of days"
    MOVES = "moves"
    COUNT = "count"
    SCORE = "score"
    YES_NO = "yes or no"
    CHOICE = "choice"
    CHOICES = "choices"
    EMAIL = "e-mail address"
    DURATION = "duration"
    PERCENT = "percentage"


@dataclass(frozen=True)
class Field:
    """A column of ours."""

    name: str
    cell: FieldKind
    about: str = ""
    also: str = ""
    """Other headings for it, with bars between."""
    is_required: bool = False
    options: tuple[str, ...] = ()
    words: str = ""
    """Other words for the options: `theirs=ours`, with bars between."""
    else_from: str = ""
    """A column of ours that gives it, where it has none of its own."""
    may_be_old: bool = False
    """Its days may be of the last century, so that a year of two digits such as 85 says which."""
    takes_others: bool = False
    """Words that are none of the options are kept and reported, unless they look misspelt."""
    names_a_row: bool = False
    """It is the id of another line of the table; that line's name or e-mail address will do."""
    else_called: str = ""
    """Headings that give it where no column is called otherwise, the first that is there, with bars between.

    Elsewhere they may mean another thing.
    """
    parts: tuple[str, ...] = ()
    """Where it has no column: headings of those that make it together, each with bars between, the best first."""
    leads: bool = False
    """A heading that begins with its name, behind a number or not, is this column: `2. Desire (I want this)`."""
    joins_all: bool = False
    """Every column that is called so counts: their cells are joined, a line each."""
    leaves_out: tuple[str, ...] = ()
    """Options whose lines are no part of what is listed: left out, and reported with their names."""
    says_nothing: str = ""
    """Words in which other systems say nothing, with what to write: `theirs=remedy`, with bars between."""
    points_out: tuple[str, ...] = ()
    """Words whose lines are used, and reported with their names."""
    look: str = ""
    """What a person does about such lines."""

    else_by: str = ""
    """Another column of ours that gives it where its cell is empty or says nothing."""
    else_words: str = ""
    """What in the cells of that column gives which option: `theirs=ours`, with bars between."""

    @cached_property
    def synonyms(self) -> tuple[str, ...]:
        return tuple(self.also.split(" | ")) if self.also else ()

    def by_other(self, text: str) -> str:
        """Return the option that the cell of another column gives; empty where it gives none."""
        pairs = (pair.partition("=") for pair in self.else_words.split(" | ") if pair)
        return next((ours for theirs, _, ours in pairs if theirs in text.casefold()), "")

    def remedy_of(self, text: str) -> str:
        """Return what to write instead of a word that says nothing; empty for any other."""
        pairs = (pair.partition("=") for pair in self.says_nothing.split(" | ") if pair)
        return next((remedy for theirs, _, remedy in pairs if theirs == text.casefold()), "")

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        """Return each option by every word for it, folded."""
        others = (pair.split("=") for pair in self.words.split(" | ") if pair)
        return {mark_or_word(o): o for o in self.options} | {mark_or_word(theirs): ours for theirs, ours in others}


@dataclass(frozen=True)
class Format:
    """A table: its columns, in their order."""

    name: str
    about: str
    fields: tuple[Field, ...]
    takes_all: bool = False
    """Other columns are read as they are."""
    sheet: str = ""
    """The sheet of a workbook that is looked at before the others."""
    marks: tuple[str, ...] = ()
    """Columns by which its sheet and its header are found; all of them where none is named."""
    keeps_others: bool = False
    """The cells of columns that are not used are kept, for what they may say beside the others."""
    needs_one_of: tuple[str, ...] = ()
    """Columns of which a line has at least one: a line without says nothing, and is left out and reported."""
    thing: str = "line"
    """What a line is about: a school."""

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields if f.is_required)

    @property
    def headings(self) -> Iterator[str]:
        """Yield every heading by which the table is found, by our name or another."""
        for one in self.fields:
            if not self.marks or one.name in self.marks:
                yield from (one.name, *one.synonyms)


def mark_or_word(text: str) -> str:
    """Return a word without capitals, spaces and marks; of marks alone, the marks.

    >>> mark_or_word("Did not attend"), mark_or_word(" ✓ "), mark_or_word("/")
    ('didnotattend', '✓', '/')
    """
    return fold(text) or text.strip()


def a_format(name: str, required: tuple[str, ...], optional: tuple[str, ...] | None) -> Format:
    """Return a table of plain texts; `optional=None` takes any other column as it is."""
    fields = [Field(n, FieldKind.TEXT, is_required=True) for n in required]
    fields += [Field(n, FieldKind.TEXT) for n in optional or ()]
    return Format(name, "", tuple(fields), takes_all=optional is None)
