"""Write the cells of a sheet as in a CSV: days, hours, and numbers as their cells show them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, repeat

from changeflow.intake.layout import SheetPercent
from changeflow.intake.sheet_marks import Marks, NumberFormat

_DAY_0, _DAY_0_OF_1904 = datetime(1899, 12, 31), datetime(1904, 1, 1)  # noqa: DTZ001
_SO_OLD = timedelta(days=60)
"""A cell of hours and minutes is stored as a moment just after the first day that a spreadsheet counts. No table has
days that old."""
_DIGITS = 15
"""How many digits of a number a spreadsheet stores and shows."""


class SheetNumber(str):
    """A number from a sheet, as text. Its point is the decimal separator, whatever numbers written as text in the table
    use."""

    __slots__ = ()


class SheetAmount(SheetNumber):
    """A number whose cell also shows something else, such as a currency."""

    __slots__ = ("beside", "side")
    beside: str
    side: str
    """`CR` or `DR`, if the cell shows it."""


def lines_in(rows: Sequence[Sequence[object]], marks: Marks, *, is_from_1904: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the (line, cells) of lines that are not empty.

    `rows` are the cells as the library that reads workbooks returns them; the workbook may count days from 1904.
    """
    day_0 = _DAY_0_OF_1904 if is_from_1904 else _DAY_0
    marked = {n for n, _ in (*marks.texts, *marks.percents, *marks.zeros, *marks.amounts, *marks.before_0)}
    deep, wide = (max((place[n] for place in marks.texts), default=0) for n in (0, 1))
    # Cells beyond the area that the library reports contain only formulas without a result.
    for n, known in enumerate(chain(rows, repeat((), max(0, deep - len(rows)))), 1):
        row = known if len(known) >= wide else [*known, *repeat("", wide - len(known))]
        if n in marked:
            cells = [_marked(cell, (n, column), marks, day_0) for column, cell in enumerate(row, 1)]
        else:
            cells = [_text(cell, day_0) for cell in row]
        if any(c.strip() for c in cells):
            yield n, cells


def _marked(cell: object, place: tuple[int, int], marks: Marks, day_0: datetime) -> str:
    if place in marks.texts and cell == "":
        return marks.texts[place]
    if isinstance(cell, (time, date)) and place in marks.before_0:
        # The library returns -6:00 as 18:00.
        return _hours(timedelta(days=marks.before_0[place]))
    if isinstance(cell, float) and place in marks.percents:
        return SheetPercent(f"{_number(float(f'{cell * 100:.{_DIGITS}g}'))}%")
    if isinstance(cell, float) and place in marks.zeros:
        before, digits = marks.zeros[place]
        return before + _number(cell).zfill(digits)
    if isinstance(cell, float) and place in marks.amounts:
        return _amount(cell, marks.amounts[place])
    return _text(cell, day_0)


def _amount(cell: float, shown: NumberFormat) -> str:
    """Write a number with the sign that its cell shows, and keep what is shown beside it."""
    side = shown.side_below_0 if cell < 0 else shown.side
    is_plain = cell < 0 and shown.is_plain_below_0 and (bool(side) or shown.is_turned_round)
    text = _number(abs(cell) if is_plain else cell)
    if cell > 0 and shown.is_turned_round:
        text = f"-{text}"
    if shown.currency == "%":
        return SheetPercent(f"{text}%")
    amount = SheetAmount(text)
    amount.beside, amount.side = shown.currency, side
    return amount


def _text(cell: object, day_0: datetime) -> str:
    """Write a cell as in a CSV: whole numbers without a point, days as year-month-day, hours as 37:30.

    `day_0` is the day with the number 0.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, datetime) and cell < day_0 + _SO_OLD and cell.time() != datetime.min.time():
        return _hours(cell - day_0)
    if isinstance(cell, time):
        return _hours(timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second))
    if isinstance(cell, timedelta):
        return _hours(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(timespec="minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _number(cell: float) -> str:
    # A longer number lost its last digits when it was stored, so show it rounded, as a spreadsheet does.
    if cell.is_integer() and abs(cell) < 10**_DIGITS:
        return str(int(cell))
    shown = min(repr(cell), f"{cell:.{_DIGITS}g}", key=len)
    return shown if cell.is_integer() else SheetNumber(shown)


def _hours(length: timedelta) -> str:
    """Write hours and minutes, and any seconds.

    >>> _hours(timedelta(hours=37, minutes=30)), _hours(-timedelta(minutes=5, seconds=7))
    ('37:30', '-0:05:07')
    """
    seconds = round(abs(length).total_seconds())
    text = f"{seconds // 3600}:{seconds % 3600 // 60:02}" + (f":{seconds % 60:02}" if seconds % 60 else "")
    return f"-{text}" if length < timedelta(0) and seconds else text
