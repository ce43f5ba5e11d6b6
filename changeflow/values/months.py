"""Months as people write them."""

import re

from changeflow.values.sentences import sentence

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def month_in_words(period: str) -> str:
    """Write a month such as `2027-03` for people, as a sentence that can be translated; return other texts unchanged.

    >>> month_in_words("2027-03"), month_in_words("week 12")
    ('March 2027', 'week 12')
    """
    found = _MONTH.fullmatch(period)
    if found is None:
        return period
    year, month = found[1], int(found[2])
    return (
        sentence("January %(year)s", year=year),
        sentence("February %(year)s", year=year),
        sentence("March %(year)s", year=year),
        sentence("April %(year)s", year=year),
        sentence("May %(year)s", year=year),
        sentence("June %(year)s", year=year),
        sentence("July %(year)s", year=year),
        sentence("August %(year)s", year=year),
        sentence("September %(year)s", year=year),
        sentence("October %(year)s", year=year),
        sentence("November %(year)s", year=year),
        sentence("December %(year)s", year=year),
    )[month - 1]
