"""A user's mistake in a file, as a value."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from changeflow.errors import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: where it is, what is wrong and what would be right. Lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f" {printable(self.remedy)}" if self.remedy else ""
        return f"{printable(self.file)}:{self.line}:{self.column}: {printable(self.what)}{remedy}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say the nearest known name; where none is near, the first few that exist; where none exist, nothing."""
    options = sorted(set(known))
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    if not options:
        return ""
    shown = ", ".join(options[:8]) + (" …" if len(options) > 8 else "")
    return f"Known: {shown}."
