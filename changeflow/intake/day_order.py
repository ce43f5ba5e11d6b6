"""Whether the dates of a table have the day or the month first: those that can be read in one way only show it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from changeflow.intake.days import read_day
from changeflow.intake.layout import TableColumn
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.problem import Problem

_IN_FIGURES = re.compile(r"(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d\d)(?!\d)", re.ASCII)
_OF_A_SHEET = re.compile(r"\d{4}-\d\d-(\d\d)(?:T[\d:]+)?", re.ASCII)
_WRITE = "Write all with the day first, or like 2027-02-05."


@dataclass(frozen=True, slots=True)
class SeenDay:
    """A date as it is written, where it was first seen."""

    text: str
    line: int


@dataclass(slots=True)
class DayOrder:
    """What the dates of one column show."""

    day_first: list[SeenDay] = field(default_factory=list)
    """Those that can have nothing else first: 13/02/2027."""
    month_first: list[SeenDay] = field(default_factory=list)
    unclear: list[SeenDay] = field(default_factory=list)
    """Those that are dates either way, and not the same one: 02/03/2027."""
    of_sheet: list[SeenDay] = field(default_factory=list)
    """Cells of a workbook that are dates."""

    def add(self, text: str, line: int, *, is_sheet: bool = False) -> None:
        """Add the text of a cell: one date, or several."""
        seen = SeenDay(text, line)
        if is_sheet and _OF_A_SHEET.fullmatch(text):
            self.of_sheet.append(seen)
        for found in _IN_FIGURES.finditer(text):
            first, second = int(found[1]), int(found[3])
            if first > 12 >= second:
                self.day_first.append(seen)
            elif second > 12 >= first:
                self.month_first.append(seen)
            elif first != second and first <= 12:
                self.unclear.append(seen)

    @property
    def may_be_swapped(self) -> list[SeenDay]:
        """Return the cells of a workbook that would be dates with day and month the other way round; else nothing."""
        found = [seen for seen in self.of_sheet if (day := _OF_A_SHEET.fullmatch(seen.text)) and int(day[1]) <= 12]
        return found if len(found) == len(self.of_sheet) else []


def check_orders(orders: Mapping[TableColumn, DayOrder], file: str) -> Iterator[Problem]:
    """Yield a problem for each column whose dates would silently be read the wrong way round.

    Each date that has the month first for certain is a mistake already: this is about the others.
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
        what = f"'{first.text[:40]}'{more} may have the month first too, as '{sign.text[:40]}' on line {sign.line} has."
        yield Problem(file=file, line=first.line, column=column.place, what=what, remedy=_WRITE, heading=column.name)


def swapped_by_spreadsheet(order: DayOrder) -> str:
    """Say of a column of a workbook that its dates may have been swapped when it was made; mostly nothing.

    A spreadsheet that has the month first makes a date of 02/03/2027, and leaves 13/02/2027 a text.
    """
    if order.unclear or order.month_first or not order.day_first or len(swapped := order.may_be_swapped) < 2:
        return ""
    text, [first, *_] = order.day_first[0].text, swapped
    return (
        f"'{text[:40]}' is a text, and no other date has a day after the 12th: a spreadsheet may have read the others "
        f"with the month first. Check '{format_day(read_day(first.text))}' on line {first.line}."
    )
