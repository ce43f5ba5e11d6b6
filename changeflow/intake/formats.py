"""Describe a table: its columns, other names for them, and the kind of their cells. docs/tables.md lists them all.

Capitals, spaces and hyphens in a heading do not matter. A column with our own name takes precedence over one with
another name for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from changeflow.intake.layout import fold


class FieldKind(StrEnum):
    """The kind of a cell's content, which decides how it is read."""

    TEXT = "text"
    KEY = "key"
    """Text that must stay as it is, even if it is all digits: a contract's id."""
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
    EMAIL = "email address"
    DURATION = "duration"
    PERCENT = "percentage"


@dataclass(frozen=True)
class Field:
    """One of our columns."""

    name: str
    cell: FieldKind
    about: str = ""
    also: str = ""
    """Other headings for it, separated by bars."""
    is_required: bool = False
    options: tuple[str, ...] = ()
    words: str = ""
    """Other words for the options: `theirs=ours`, separated by bars."""
    else_from: str = ""
    """Another of our columns that supplies it if it has no column itself."""
    may_be_old: bool = False
    """Whether its days may be in the last century, so that a two-digit year such as 85 is unambiguous."""
    takes_others: bool = False
    """Whether words that are not options are kept and reported, unless they look misspelt."""
    names_a_row: bool = False
    """Whether it is the id of another line of the table, whose name or email address is accepted instead."""
    else_called: str = ""
    """Headings that supply it if no other heading does; the first that is present counts. They are separated by bars.

    Elsewhere they may mean something else.
    """
    parts: tuple[str, ...] = ()
    """If it has no column: headings of the columns that form it together, each separated by bars, the best first."""
    leads: bool = False
    """Whether a heading that begins with its name, perhaps after a number, is this column: `2. Desire (I want
    this)`."""
    joins_all: bool = False
    """Whether every column with this name counts; their cells are joined, one per line."""
    leaves_out: tuple[str, ...] = ()
    """Options whose lines do not belong in the list: they are left out, and reported with their names."""
    says_nothing: str = ""
    """Words of other systems that carry no information, with what to write instead: `theirs=remedy`, separated by
    bars."""
    points_out: tuple[str, ...] = ()
    """Words whose lines are used, and reported with their names."""
    look: str = ""
    """What a person should do about such lines."""
    is_private: bool = False
    """Whether messages leave out what such a cell says and whom it is about: they name only the lines."""

    decides: str = ""
    """A pattern for headings of a column that no name fits, and that decides whether a line counts.

    If its cells are words of this field, and some leave out their line, it is a mistake not to use it.
    """
    decides_by_yes: str = ""
    """Such headings under which a plain yes or no decides it too."""
    about_lines: str = ""
    """What such a column says about lines, for messages."""
    else_by: str = ""
    """Another of our columns that supplies it if its cell is empty or carries no information."""
    else_words: str = ""
    """Which option each cell of that column gives: `theirs=ours`, separated by bars."""

    @cached_property
    def synonyms(self) -> tuple[str, ...]:
        return tuple(self.also.split(" | ")) if self.also else ()

    def by_other(self, text: str) -> str:
        """Return the option that the cell of another column gives; empty if it gives none."""
        pairs = (pair.partition("=") for pair in self.else_words.split(" | ") if pair)
        return next((ours for theirs, _, ours in pairs if theirs in text.casefold()), "")

    def remedy_of(self, text: str) -> str:
        """Return what to write instead of a word that carries no information; empty for any other word."""
        pairs = (pair.partition("=") for pair in self.says_nothing.split(" | ") if pair)
        return next((remedy for theirs, _, remedy in pairs if theirs == text.casefold()), "")

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        """Return each option by every (folded) word for it."""
        others = (pair.split("=") for pair in self.words.split(" | ") if pair)
        return {mark_or_word(o): o for o in self.options} | {mark_or_word(theirs): ours for theirs, ours in others}


@dataclass(frozen=True)
class Format:
    """A table: its columns, in their order."""

    name: str
    about: str
    fields: tuple[Field, ...]
    takes_all: bool = False
    """Whether other columns are read as they are."""
    sheet: str = ""
    """The sheet of a workbook to look at first."""
    marks: tuple[str, ...] = ()
    """The columns for finding its sheet and its header (default: all of them)."""
    keeps_others: bool = False
    """Whether to keep the cells of unused columns, which may explain the others."""
    needs_one_of: tuple[str, ...] = ()
    """Columns of which a line needs at least one; a line without any is left out and reported."""
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
    """Return a word without capitals, spaces and punctuation; if it is only punctuation, return that.

    >>> mark_or_word("Did not attend"), mark_or_word(" ✓ "), mark_or_word("/")
    ('didnotattend', '✓', '/')
    """
    return fold(text) or text.strip()


def a_format(name: str, required: tuple[str, ...], optional: tuple[str, ...] | None) -> Format:
    """Return a table with columns of plain text; with `optional=None`, accept any other column as it is."""
    fields = [Field(n, FieldKind.TEXT, is_required=True) for n in required]
    fields += [Field(n, FieldKind.TEXT) for n in optional or ()]
    return Format(name, "", tuple(fields), takes_all=optional is None)
