"""Find out whether a table's dates have the day or the month first, from the dates that can be read in only one way."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from changeflow.intake.days import is_weekday, read_day
from changeflow.intake.layout import TableColumn
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.problem import Problem

_IN_FIGURES = re.compile(
    r"(?:\b(?P<weekday>[a-z]{2,9})\.?,?\s+)?(?<![\d/.-])(?P<first>\d{1,2})(?P<mark>[/.-])(?P<second>\d{1,2})(?P=mark)"
    r"(?P<year>\d{4}|\d\d)(?!\d)",
    re.ASCII | re.IGNORECASE,
)
_OF_A_SHEET = re.compile(r"\d{4}-\d\d-(\d\d)(?:T[\d:]+)?", re.ASCII)
_WRITE = "Write all with the day first, or like 2027-02-05."


@dataclass(frozen=True, slots=True)
class SeenDay:
    """A date as written, and where it was first seen."""

    text: str
    line: int


@dataclass(slots=True)
class DayOrder:
    """What the dates of one column show about their order."""

    day_first: list[SeenDay] = field(default_factory=list)
    """Dates in which only the day can be first: 13/02/2027."""
    month_first: list[SeenDay] = field(default_factory=list)
    unclear: list[SeenDay] = field(default_factory=list)
    """Dates that can be read both ways, with different results: 02/03/2027."""
    of_sheet: list[SeenDay] = field(default_factory=list)
    """Cells of a workbook that are stored as dates."""

    def add(self, text: str, line: int, *, is_sheet: bool = False) -> None:
        """Add the text of a cell, which may have one date or several."""
        seen = SeenDay(text, line)
        if is_sheet and _OF_A_SHEET.fullmatch(text):
            self.of_sheet.append(seen)
        for found in _IN_FIGURES.finditer(text):
            first, second = int(found["first"]), int(found["second"])
            by_weekday = _order_by_weekday(found)
            if by_weekday is not None:
                (self.day_first if by_weekday else self.month_first).append(seen)
            elif first > 12 >= second:
                self.day_first.append(seen)
            elif second > 12 >= first:
                self.month_first.append(seen)
            elif first != second and first <= 12:
                self.unclear.append(seen)

    @property
    def may_be_swapped(self) -> list[SeenDay]:
        """Return the cells of a workbook that would also be dates with day and month swapped."""
        found = [seen for seen in self.of_sheet if (day := _OF_A_SHEET.fullmatch(seen.text)) and int(day[1]) <= 12]
        return found if len(found) == len(self.of_sheet) else []


def with_day_first(text: str) -> str:
    """Rewrite a date that has the month first so that the day is first.

    >>> with_day_first("Tue 03/19/2027 08:00"), with_day_first("19 March 2027")
    ('Tue 19/03/2027 08:00', '19 March 2027')
    """

    def swapped(found: re.Match[str]) -> str:
        before = found[0][: found.start("first") - found.start()]
        return before + found["mark"].join((found["second"], found["first"], found["year"]))

    return _IN_FIGURES.sub(swapped, text)


def _order_by_weekday(found: re.Match[str]) -> bool | None:
    """Return whether the day is first, judged by the weekday; None if there is none, or it fits both ways or
    neither."""
    if found["weekday"] is None:
        return None
    first, mark, second, year = found["first"], found["mark"], found["second"], found["year"]
    fits = [_is_day(found["weekday"], mark.join((*parts, year))) for parts in ((first, second), (second, first))]
    return fits[0] if fits[0] != fits[1] else None


def _is_day(weekday: str, text: str) -> bool:
    with suppress(ValueError):
        return is_weekday(weekday, read_day(text, may_be_old=True))
    return False


def check_orders(orders: Mapping[TableColumn, DayOrder], file: str) -> Iterator[Problem]:
    """Yield a `Problem` for each column whose dates would silently be read the wrong way round.

    Dates that certainly have the month first are already reported; this is about the others.
    """
    certain = [seen for order in orders.values() for seen in order.month_first]
    for column, order in orders.items():
        if not (order.month_first or (certain and not order.day_first)):
            continue
        doubtful = order.unclear + (order.may_be_swapped if order.month_first else [])
        if not doubtful:
            continue
        first, sign = min(doubtful, key=lambda seen: seen.line), min(certain, key=lambda seen: seen.line)
        more = f" and {counted(len(doubtful) - 1, 'other date')} of this column" if len(doubtful) > 1 else ""
        what = (
            f"'{first.text[:40]}'{more} may have the month first too, as '{sign.text[:40]}' on line {sign.line} does."
        )
        yield Problem(file=file, line=first.line, column=column.place, what=what, remedy=_WRITE, heading=column.name)


def swapped_by_spreadsheet(order: DayOrder) -> str:
    """Warn if the dates in a workbook's column may have been swapped when it was made; otherwise return "".

    A spreadsheet that expects the month first turns 02/03/2027 into a date, and leaves 13/02/2027 as text.
    """
    if order.unclear or order.month_first or not order.day_first or len(swapped := order.may_be_swapped) < 2:
        return ""
    text, [first, *_] = order.day_first[0].text, swapped
    return (
        f"'{text[:40]}' is a text, and no other date has a day after the 12th: a spreadsheet may have read the others "
        f"with the month first. Check '{format_day(read_day(first.text))}' on line {first.line}."
    )
