"""Periods of the year in which a class of service should not change, and other organisations' freezes."""

from collections.abc import Iterator
from datetime import date

from changeflow.programme.programme import Programme

BAD_DAYS_IN = ("payroll", "uk-academies", "uk-schools")
"""The rulepacks with days of the year to avoid for a class of service."""


def windows(programme: Programme, service_class: str, on: date) -> Iterator[dict[str, str]]:
    """Yield the yearly windows to avoid for a class of service in the programme's nation, in force on a day.

    Each has a name, a reason, the kinds of task it applies to, and its first and last day as month and day.
    """
    return _entries_for(programme, "avoid_windows", service_class, on)


def freezes(programme: Programme, service_class: str) -> Iterator[dict[str, str]]:
    """Yield dated freezes of other organisations: `first_day`, and `last_day` if known."""
    return _entries_for(programme, "freeze_windows", service_class, None)


def _entries_for(programme: Programme, key: str, service_class: str, on: date | None) -> Iterator[dict[str, str]]:
    for pack in BAD_DAYS_IN:
        try:
            found = programme.law(pack, key, on=on).value
        except KeyError:
            continue  # no edition of the rulepack has this entry
        yield from (w for w in found if w["class"] == service_class)


def falls_into(first: date, last: date, window: dict[str, str]) -> bool:
    """Return whether a span of days, both inclusive, touches a window in any year."""
    return any(
        date.fromisoformat(f"{year}-{window['first']}") <= last
        and first <= date.fromisoformat(f"{year}-{window['last']}")
        for year in range(first.year, last.year + 1)
    )
