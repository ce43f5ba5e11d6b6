"""The public holidays of the four nations, of any year."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

from changeflow.calendar.layers import DaySpan, Hours, Layer

NATIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}


@lru_cache(maxsize=8)
def public_holidays(nation: str, first_year: int, last_year: int) -> tuple[tuple[date, str], ...]:
    """Return (day, name) of the nation's public holidays, in order. Years are inclusive.

    >>> [str(day) for day, _ in public_holidays("england", 2027, 2027)][:3]
    ['2027-01-01', '2027-03-26', '2027-03-29']
    """
    table = _united_kingdom()(subdiv=NATIONS[nation], years=range(first_year, last_year + 1))
    return tuple(sorted((day, str(name)) for day, name in table.items()))


@lru_cache(maxsize=1)
def _united_kingdom() -> Any:  # noqa: ANN401
    """Load the country's class from its file: its package would load 250 other countries with it, for 0.2 s."""
    import holidays  # loaded here: a plan of another program needs none

    places = [f"{folder}/countries" for folder in holidays.__path__]
    spec = PathFinder.find_spec("united_kingdom", places)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("The library 'holidays' has no file of the United Kingdom.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.UnitedKingdom


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """Closes the public holidays of a nation, of any year."""

    nation: str

    def __call__(self, first: date, last: date) -> Iterator[DaySpan]:
        return (DaySpan(day, day, (), name) for day, name in public_holidays(self.nation, first.year, last.year))


def nation_layer(nation: str, week: dict[int, Hours]) -> Layer:
    """The nation's working week, closed on its public holidays."""
    return Layer(nation, week, rule=PublicHolidays(nation))
