"""Find out whether both ledgers are of one period, from columns and titles that name it. Such columns are never
compared as amounts.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from changeflow.intake.days import read_day
from changeflow.intake.endings import is_remark
from changeflow.intake.layout import fold
from changeflow.pilots.runs import Coverage
from changeflow.reconciliation.ledgers import Side

if TYPE_CHECKING:
    import duckdb

_OF_PERIODS = re.compile(r"\b(?:period|month|week|year|pay ?day|pay(?:ment)? date|paid on|date paid)\b", re.IGNORECASE)
"""Headings of columns that name a period."""
_MONTH = re.compile(r"\b((?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)[ -]+(\d{4})\b", re.IGNORECASE)
_MOST_OF_A_LABEL = 4
_OLD_STYLE = re.compile(r"[_-]+")


def periods_of(
    db: "duckdb.DuckDBPyConnection", sides: Sequence[Side], coverage: Coverage
) -> Mapping[str, tuple[str, str]]:
    """Return the columns that name one period throughout each ledger, with the period in the old ledger and in the new
    one."""
    found = dict[str, tuple[str, str]]()
    for entry in coverage.left_out:
        if entry.side != "both" or not _OF_PERIODS.search(_OLD_STYLE.sub(" ", entry.column)):
            continue
        old, new = (_only_value(db, side, side.headings.place(entry.column)) for side in sides)
        if old and new:
            found[entry.column] = (old, new)
    return found


def other_titles(old: Side, new: Side) -> Iterator[str]:
    """Yield a note if lines above the headings of the two ledgers name different periods.

    Such a line has a label, as in `Period: April 2027`, or names one month, as in `Payroll of April 2027`.
    """
    labels = [dict(_labelled(side.source.titles)) for side in (old, new)]
    for label in labels[0].keys() & labels[1].keys():
        before, after = (own[label] for own in labels)
        if not _is_same(before, after):
            yield (
                f"“{label}” above the headings is '{before[:30]}' in the old output and '{after[:30]}' in the new: "
                "compare the same period."
            )
            return
    months = [set(_months_in(side.source.titles)) for side in (old, new)]
    if all(len(own) == 1 for own in months) and months[0] != months[1]:
        before, after = (f"{own.pop():%B %Y}" for own in months)
        said = f"The lines above the headings name {before} in the old output and {after} in the new"
        yield f"{said}: compare the same period."


def _labelled(titles: Collection[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Yield the label and the value of lines such as `Period: April 2027`, in one cell or two."""
    for texts in titles:
        label, _, value = " ".join(texts).partition(":") if ":" in texts[0] else (texts[0], "", " ".join(texts[1:]))
        if value.strip() and len(label.split()) <= _MOST_OF_A_LABEL and _OF_PERIODS.search(label):
            yield label.strip(), value.strip()


def _months_in(titles: Collection[tuple[str, ...]]) -> Iterator[date]:
    """Yield the first day of each month that a line names in words, except when the report was made."""
    for texts in titles:
        for month, year in _MONTH.findall(" ".join(texts)) if not is_remark(texts) else ():
            with suppress(ValueError):
                yield read_day(f"1 {month} {year}")


def other_periods(periods: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield a note of each column from `periods_of` that names different periods."""
    for column, (old, new) in periods.items():
        if not _is_same(old, new):
            said = f"{column} is '{old[:30]}' in the old output and '{new[:30]}' in the new"
            yield f"{said}: compare the same period."


def _only_value(db: "duckdb.DuckDBPyConnection", side: Side, place: int | None) -> str:
    """Return the text that is in all filled cells of a column; empty if the cells differ."""
    if place is None:
        return ""
    own = f"line in (select line from {side.table})"
    query = f"select distinct trim(c{place}) from {side.source.sql} where trim(c{place}) <> '' and {own} limit 2"
    found = db.execute(query).fetchall()
    return str(found[0][0]) if len(found) == 1 else ""


def _is_same(old: str, new: str) -> bool:
    """Return whether two strings may name one period, even if one is a day and the other its month.

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
    # The same figures name one period, with or without words: `Month 1` and `1`. Other strings cannot be compared.
    return (one is None) != (other is None) or not all(digits) or digits[0] == digits[1]


def _day_in(text: str) -> tuple[date | None, int]:
    """Return a day within the period that a string names, and how much of the date is known: 3 for the day, 2 for month
    and year, 1 for the month alone."""
    forms = [(text, 3), (f"{text}-01", 2), (f"1 {text}", 2), (f"01/{text}", 2)]
    for written, known in (*forms, (f"1 {text} 2000", 1)) if text.isalpha() else forms:
        with suppress(ValueError):
            return read_day(written), known
    return None, 0
