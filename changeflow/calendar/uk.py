"""UK public holidays by nation, as a layer. Without the subdivision two English holidays would be missing."""

from datetime import date
from functools import lru_cache

import holidays

from changeflow.calendar.layers import DaySpan, Hours, Layer

NATIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}


@lru_cache(maxsize=8)
def public_holidays(nation: str, first_year: int, last_year: int) -> tuple[tuple[date, str], ...]:
    """Return (day, name) of the nation's public holidays, in order. Years are inclusive.

    >>> [str(day) for day, _ in public_holidays("england", 2027, 2027)][:3]
    ['2027-01-01', '2027-03-26', '2027-03-29']
    """
    table = holidays.country_holidays("GB", subdiv=NATIONS[nation], years=range(first_year, last_year + 1))
    return tuple(sorted((day, str(name)) for day, name in table.items()))


def nation_layer(nation: str, week: dict[int, Hours], first: date, last: date) -> Layer:
    """The nation's working week, closed on its public holidays."""
    days = public_holidays(nation, first.year, last.year)
    return Layer(nation, week, tuple(DaySpan(day, day, (), name) for day, name in days))
