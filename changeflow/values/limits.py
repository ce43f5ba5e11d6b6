"""The days and numbers that changeflow supports; docs/limits.md gives the reasons."""

import re
from calendar import month_name, monthrange
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, date, datetime
from decimal import Decimal

EARLIEST, LATEST = date(1950, 1, 1), date(2200, 12, 31)
"""Everyone still in post joined after the first day, and no plan reaches the last."""
MOST = 10**12
"""The largest number allowed in a file, whether of pounds, pupils or weeks."""
MOST_DIGITS = 9
"""The longest number of something that is stored: every database holds it."""
LONGEST_YEARS = 100
"""The longest that a task or lag may be."""


def is_supported(day: date) -> bool:
    """Return whether a day, or the day of a moment, is within the supported range.

    >>> is_supported(date(2027, 1, 4)), is_supported(date(9999, 12, 31))
    (True, False)
    """
    return EARLIEST <= (day.date() if isinstance(day, datetime) else day) <= LATEST


def number_in(text: str) -> int:
    """Return the number of something that is stored; 0, which nothing has, for any other text.

    >>> number_in("12"), number_in("twelve"), number_in("9" * 20)
    (12, 0, 0)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


def out_of_range(text: object) -> str:
    """Return the message for a day that is too early or too late, with its remedy.

    >>> out_of_range(date(1, 1, 1))
    "'0001-01-01' is outside the years 1950 to 2200. Correct the year"
    """
    return f"'{text}' is outside the years {EARLIEST.year} to {LATEST.year}. Correct the year"


_YEAR_FIRST = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?!\d)")
_DAY_FIRST = re.compile(r"(\d\d?)[/.-](\d\d?)[/.-](\d{4})")


def no_day(text: str) -> tuple[str, str]:
    """Return why a string is not a valid day, and the remedy.

    >>> no_day("2027-02-30")
    ("'2027-02-30' does not exist: February 2027 has 28 days.", 'Correct the day.')
    >>> no_day("24/05/2027")
    ("'24/05/2027' is not in the form year-month-day.", 'Write 2027-05-24.')
    >>> no_day("soon")
    ("'soon' is not a date.", 'Write year-month-day, such as 2027-02-05.')
    """
    shown = f"'{text[:40]}'"
    if found := _YEAR_FIRST.match(text):
        year, month, day = map(int, found.groups())
    elif found := _DAY_FIRST.fullmatch(text.strip()):
        day, month, year = map(int, found.groups())
    else:
        return f"{shown} is not a date.", "Write year-month-day, such as 2027-02-05."
    try:
        right = date(year, month, day)
    except ValueError:
        return f"{shown} does not exist: {why_no_date(year, month, day)}.", _remedy(month)
    return f"{shown} is not in the form year-month-day.", f"Write {right}."


def why_no_date(year: int, month: int, day: int) -> str:
    """Return why there is no such date, to follow a colon.

    >>> why_no_date(2027, 2, 30), why_no_date(2027, 13, 1)
    ('February 2027 has 28 days', 'there is no month 13')
    """
    if not 1 <= month <= 12:
        return f"there is no month {month}"
    if not MINYEAR <= year <= MAXYEAR:
        return f"there is no year {year}"
    if day < 1:
        return f"there is no day {day}"
    return f"{month_name[month]} {year} has {monthrange(year, month)[1]} days"


def _remedy(month: int) -> str:
    return "Correct the day." if 1 <= month <= 12 else "Write year-month-day, with a month from 01 to 12."


def parse_day(text: str) -> date:
    """Read a day from a file or an option; a `ValueError` gives the remedy.

    >>> parse_day("2027-02-05")
    datetime.date(2027, 2, 5)
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(" ".join(no_day(text))) from None
    if not is_supported(day):
        raise ValueError(f"{out_of_range(day)}.")
    return day


def check_value(value: object) -> None:
    """Raise `ValueError` for a day out of range or a number too large, even within lists and mappings."""
    if isinstance(value, str | bool) or value is None:
        return
    if isinstance(value, date):
        if not is_supported(value):
            raise ValueError(out_of_range(value))
    elif isinstance(value, int | Decimal | float):
        # Comparisons with NaN are false, so NaN is refused as well.
        if not -MOST <= value <= MOST:
            raise ValueError(f"{str(value)[:20]} is too large. Write a number of at most {MOST:,}")
    elif isinstance(value, Mapping | tuple | list | set | frozenset):
        for each in value.values() if isinstance(value, Mapping) else value:
            check_value(each)
