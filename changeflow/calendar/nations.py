"""The public holidays of the four nations in any year."""

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
    """Return (day, name) of each public holiday of the nation, in order. Both years are inclusive.

    >>> [str(day) for day, _ in public_holidays("england", 2027, 2027)][:3]
    ['2027-01-01', '2027-03-26', '2027-03-29']
    """
    table = _united_kingdom()(subdiv=NATIONS[nation], years=range(first_year, last_year + 1))
    return tuple(sorted((day, str(name)) for day, name in table.items()))


@lru_cache(maxsize=1)
def _united_kingdom() -> Any:  # noqa: ANN401
    """Load the country's class from its own file: the package would load 250 other countries, which takes 0.2 s."""
    import holidays  # loaded here because plans from other programs do not need it

    places = [f"{folder}/countries" for folder in holidays.__path__]
    spec = PathFinder.find_spec("united_kingdom", places)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("The library 'holidays' has no file for the United Kingdom.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.UnitedKingdom


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """Closes a calendar on the public holidays of a nation, in every year."""

    nation: str

    def __call__(self, first: date, last: date) -> Iterator[DaySpan]:
        return (DaySpan(day, day, (), name) for day, name in public_holidays(self.nation, first.year, last.year))


def nation_layer(nation: str, week: dict[int, Hours]) -> Layer:
    """The nation's working week, closed on its public holidays."""
    return Layer(nation, week, rule=PublicHolidays(nation))
