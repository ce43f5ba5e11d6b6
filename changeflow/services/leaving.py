"""The days on which teachers may leave: a post that ends between them ends at the next."""

from collections.abc import Iterable, Mapping
from datetime import date


def next_leaving_date(day: date, dates: Iterable[Mapping[str, int]]) -> date:
    """Return the first leaving date on or after a day; `dates` are months and days as a rulepack gives them.

    >>> next_leaving_date(date(2027, 3, 8), [{"month": 4, "day": 30}, {"month": 12, "day": 31}])
    datetime.date(2027, 4, 30)
    """
    found = [date(year, d["month"], d["day"]) for year in (day.year, day.year + 1) for d in dates]
    return min(d for d in found if d >= day)
