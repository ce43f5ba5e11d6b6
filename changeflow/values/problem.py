"""Users' mistakes: a `Problem` in a file, or an `UnknownThingError` for an unknown name."""

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
    """One mistake: where it is, what is wrong and how to fix it. Lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1
    what: str
    remedy: str = ""
    heading: str = ""
    """The heading of a table's column."""

    def __str__(self) -> str:
        return f"{printable(self.file)}:{self.line}:{self.column}: {self.text}"

    @property
    def text(self) -> str:
        """What is wrong and how to fix it, without the place."""
        remedy, what = f" {printable(self.remedy)}" if self.remedy else "", self.what
        if self.heading and what.startswith("'") and not what.startswith(f"'{self.heading}'"):
            what = f"In the column '{self.heading}', {what}"
        elif self.heading and what.startswith("There is no ") and self.heading.casefold() not in what.casefold():
            what = f"In the column '{self.heading}', t{what[1:]}"
        return f"{printable(what)}{remedy}"

    @property
    def kind(self) -> tuple[str, str, str] | None:
        """Return what mistakes of one kind share: the table's column, and the message without its values."""
        return (self.file, self.heading, self.words) if self.heading else None

    @property
    def words(self) -> str:
        """Return the message without the values that it names."""
        return _GIVEN.sub("", self.what)


def by_place(problems: Iterable[Problem]) -> list[Problem]:
    """Sort the problems of one file by position."""
    return sorted(problems, key=lambda p: (p.line, p.column))


def what_and_remedy(error: Exception) -> tuple[str, str]:
    """Split an error's message: the first sentence says what is wrong, the rest is the remedy."""
    what, _, remedy = str(error).partition(". ")
    return f"{what.removesuffix('.')}.", remedy


MOST_COMPARED = 300
"""The most names to compare: each takes microseconds, and a file may have thousands of mistakes."""
MOST_LOOKED_AT = 5_000


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, or else list the first few; return an empty string if there are none.

    With more than `MOST_COMPARED` names, compare only those with the same first letter and about the same length. With
    more than `MOST_LOOKED_AT`, compare none.
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
    return f"Use one of: {shown}."


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name; return an empty string if none is near."""
    hint = did_you_mean(name, known)
    return hint if hint.startswith("Did") else ""


def is_near(name: str, known: Iterable[str]) -> bool:
    """Return whether a name is one typing slip from a known one, and so is probably misspelt.

    A slip is one letter added, missing or changed, or two swapped. Digits never count as slips.

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
    """Return the length of the common beginning of two strings."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


T = TypeVar("T")


def check_known(what: str, name: str | None, known: Iterable[str], *, remedy: str = "") -> None:
    """Raise an error for an unknown name; None is accepted. `what` names the kind of thing in the error."""
    names = list(known)
    if name is not None and name not in names:
        raise UnknownThingError(what, name, names, remedy=remedy)


def pick(what: str, name: str, known: Mapping[str, T], *, remedy: str = "") -> T:
    """Return the thing with this name."""
    check_known(what, name, known, remedy=remedy)
    return known[name]
