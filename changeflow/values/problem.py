"""A user's mistake: in a file, as a value; a name that nothing has, as an `UnknownThingError`."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from changeflow.errors import UnknownThingError
from changeflow.phrases import printable

_GIVEN = re.compile(r"'[^']*'|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: where it is, what is wrong and what would be right. Lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1
    what: str
    remedy: str = ""
    heading: str = ""
    """What the column is called, of a table."""

    def __str__(self) -> str:
        remedy, what = f" {printable(self.remedy)}" if self.remedy else "", self.what
        if self.heading and what.startswith("'") and not what.startswith(f"'{self.heading}'"):
            what = f"{self.heading} {what}"
        elif self.heading and what.startswith("There is no ") and self.heading.casefold() not in what.casefold():
            what = f"{self.heading}: {what}"
        return f"{printable(self.file)}:{self.line}:{self.column}: {printable(what)}{remedy}"

    @property
    def kind(self) -> tuple[str, str, str] | None:
        """Return what mistakes of one kind have in common: the column of a table, and the words around the value."""
        return (self.file, self.heading, self.words) if self.heading else None

    @property
    def words(self) -> str:
        """Return what is wrong without the values that it names."""
        return _GIVEN.sub("", self.what)


def by_place(problems: Iterable[Problem]) -> list[Problem]:
    """Sort the problems of one file by where they are."""
    return sorted(problems, key=lambda p: (p.line, p.column))


def what_and_remedy(error: Exception) -> tuple[str, str]:
    """Split what an error says: its first sentence is what is wrong, the others are what would be right."""
    what, _, remedy = str(error).partition(". ")
    return f"{what.removesuffix('.')}.", remedy


MOST_COMPARED = 300
"""Names that one is compared with: a comparison takes microseconds, and a file may have thousands of mistakes."""
MOST_LOOKED_AT = 5_000


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say the nearest known name; where none is near, the first few that exist; where none exist, nothing.

    Of more than `MOST_COMPARED` names, only those are compared that begin alike and are about as long; of more than
    `MOST_LOOKED_AT` none is.
    """
    options = list(islice(known, MOST_LOOKED_AT + 1))
    if len(options) > MOST_LOOKED_AT:
        return ""
    options = sorted(set(options))
    if len(options) > MOST_COMPARED:
        compared = [o for o in options if o[:1] == name[:1] and abs(len(o) - len(name)) <= 1][:MOST_COMPARED]
    else:
        compared = options
    if close := difflib.get_close_matches(name, compared, n=1, cutoff=0.6):
        return f"Did you mean '{close[0]}'?"
    if not 0 < len(options) <= MOST_COMPARED:
        return ""
    shown = ", ".join(options[:8]) + (" …" if len(options) > 8 else "")
    return f"Known: {shown}."


def nearest(name: str, known: Iterable[str]) -> str:
    """Say the nearest known name; where none is near, nothing."""
    hint = did_you_mean(name, known)
    return hint if hint.startswith("Did") else ""


def is_near(name: str, known: Iterable[str]) -> bool:
    """Tell whether a name is one slip of the keyboard from a known one, so that it is more likely misspelt than meant.

    A slip is a letter too many, too few, or another, or two that changed places; digits tell things apart.

    >>> is_near("system-bulit", ["system-built"]), is_near("west-sussex", ["east-sussex"]), is_near("hub-2", ["hub-1"])
    (True, False, False)
    """
    return any(_is_slip(name, other) for other in known)


def _is_slip(name: str, other: str) -> bool:
    if name == other or abs(len(name) - len(other)) > 1:
        return False
    begin = _alike(name, other)
    end = _alike(name[begin:][::-1], other[begin:][::-1])
    ours, theirs = name[begin : len(name) - end], other[begin : len(other) - end]
    is_one = (len(ours) <= 1 and len(theirs) <= 1) or (len(ours) == 2 and ours == theirs[::-1])
    return is_one and not any(c.isdigit() for c in ours + theirs)


def _alike(one: str, other: str) -> int:
    """Count the characters in which two texts begin alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


T = TypeVar("T")


def check_known(what: str, name: str | None, known: Iterable[str], *, remedy: str = "") -> None:
    """Refuse a name that is not known; no name is fine. `what` says in the error what was looked for."""
    names = list(known)
    if name is not None and name not in names:
        raise UnknownThingError(what, name, names, remedy=remedy)


def pick(what: str, name: str, known: Mapping[str, T], *, remedy: str = "") -> T:
    """Return the thing that has a name."""
    check_known(what, name, known, remedy=remedy)
    return known[name]
