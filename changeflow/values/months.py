"""Months as people write them."""

import calendar
import re

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class Month(str):
    """The English name of a month, such as `March 2027`, that remembers the month, so that it can be translated."""

    __slots__ = ("period",)

    period: str
    """The month as `2027-03`."""


def month_in_words(period: str) -> str:
    """Write a month such as `2027-03` for people; return other strings unchanged.

    >>> month_in_words("2027-03"), month_in_words("week 12")
    ('March 2027', 'week 12')
    """
    found = _MONTH.fullmatch(period)
    if found is None:
        return period
    month = Month(f"{calendar.month_name[int(found[2])]} {found[1]}")
    month.period = period
    return month


def next_period(period: str) -> str:
    """Return the next month.

    >>> next_period("2027-12"), next_period("2027-04")
    ('2028-01', '2027-05')
    """
    year, month = (int(part) for part in period.split("-"))
    return f"{year + month // 12}-{month % 12 + 1:02}"
