"""Find out whether both ledgers are of one period, from columns that say it and that are never compared as amounts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from changeflow.intake.days import read_day
from changeflow.intake.layout import fold
from changeflow.pilots.runs import Coverage
from changeflow.reconciliation.ledgers import Side

if TYPE_CHECKING:
    import duckdb

_OF_PERIODS = re.compile(r"\b(?:period|month|week|year|pay ?day|pay(?:ment)? date|paid on|date paid)\b", re.IGNORECASE)
"""Headings of such columns."""
_OLD_STYLE = re.compile(r"[_-]+")


def periods_of(
    db: "duckdb.DuckDBPyConnection", sides: Sequence[Side], coverage: Coverage
) -> Mapping[str, tuple[str, str]]:
    """Return the columns by which each ledger is of one period, with what the old and the new one say."""
    found = dict[str, tuple[str, str]]()
    for entry in coverage.left_out:
        if entry.side != "both" or not _OF_PERIODS.search(_OLD_STYLE.sub(" ", entry.column)):
            continue
        old, new = (_only_value(db, side, side.headings.place(entry.column)) for side in sides)
        if old and new:
            found[entry.column] = (old, new)
    return found


def other_periods(periods: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield which of the columns that `periods_of` finds name different periods."""
    for column, (old, new) in periods.items():
        if not _is_same(old, new):
            said = f"{column} is '{old[:30]}' in the old output and '{new[:30]}' in the new"
            yield f"{said}: compare the same period."


def _only_value(db: "duckdb.DuckDBPyConnection", side: Side, place: int | None) -> str:
    """Return the text that all filled cells of a column have; empty if they differ."""
    if place is None:
        return ""
    own = f"line in (select line from {side.table})"
    query = f"select distinct trim(c{place}) from {side.source.sql} where trim(c{place}) <> '' and {own} limit 2"
    found = db.execute(query).fetchall()
    return str(found[0][0]) if len(found) == 1 else ""


def _is_same(old: str, new: str) -> bool:
    """Return whether two texts may be of one period, also if one is a day and the other its month.

    >>> _is_same("2027-04", "April 2027"), _is_same("30/04/2027", "Apr-27"), _is_same("01", "1"), _is_same("1", "M1")
    (True, True, True, True)
    >>> _is_same("2027-04", "2027-05"), _is_same("1", "2"), _is_same("30/04/2027", "31/05/2027"), _is_same("Apr", "May")
    (False, False, False, False)
    """
    if old.lstrip("0") == new.lstrip("0") or fold(old) == fold(new):
        return True
    (one, known), (other, known_of_other) = _day_in(old), _day_in(new)
    if one is not None and other is not None:
        least = min(known, known_of_other)
        return (one.month, one.year, one.day)[:least] == (other.month, other.year, other.day)[:least]
    digits = [[d.lstrip("0") for d in re.findall(r"\d+", text)] for text in (old, new)]
    # Words beside the same figures, such as `Month 1` and `1`, name one period. Other texts cannot be compared.
    return (one is None) != (other is None) or not all(digits) or digits[0] == digits[1]


def _day_in(text: str) -> tuple[date | None, int]:
    """Return a day within the period that a text names, and how much of it is known: 3 for the day, 2 for month and
    year, 1 for the month alone."""
    forms = [(text, 3), (f"{text}-01", 2), (f"1 {text}", 2), (f"01/{text}", 2)]
    for written, known in (*forms, (f"1 {text} 2000", 1)) if text.isalpha() else forms:
        with suppress(ValueError):
            return read_day(written), known
    return None, 0
