"""Days of the year that the rulepacks call bad for a class of service."""

from collections.abc import Iterator
from datetime import date

from changeflow.programme.programme import Programme

PACKS = ("payroll", "uk-academies", "uk-schools")


def windows(programme: Programme, service_class: str, on: date) -> Iterator[dict[str, str]]:
    """Yield what the packs in force on a day say about a class of service, in the programme's nation.

    Each has a name, a why, the kinds of task that it is about, and its first and last day as month and day.
    """
    return _entries_for(programme, "avoid_windows", service_class, on)


def freezes(programme: Programme, service_class: str) -> Iterator[dict[str, str]]:
    """Yield dated windows in which somebody outside takes on nothing new: `first_day`, and `last_day` where known."""
    return _entries_for(programme, "freeze_windows", service_class, None)


def _entries_for(programme: Programme, key: str, service_class: str, on: date | None) -> Iterator[dict[str, str]]:
    for pack in PACKS:
        try:
            found = programme.law(pack, key, on=on).value
        except KeyError:
            continue  # no edition says anything
        yield from (w for w in found if w["class"] == service_class)


def falls_into(first: date, last: date, window: dict[str, str]) -> bool:
    """Tell whether days, both inclusive, touch a window of any year."""
    return any(
        date.fromisoformat(f"{year}-{window['first']}") <= last
        and first <= date.fromisoformat(f"{year}-{window['last']}")
        for year in range(first.year, last.year + 1)
    )
