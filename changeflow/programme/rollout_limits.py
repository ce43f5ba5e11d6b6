"""The limits of rollout.yaml that people change one by one, in words."""

from collections.abc import Mapping
from datetime import date

from changeflow.values.duration import counted
from changeflow.values.moments import format_day

LIMITS: Mapping[tuple[str, str], str] = {
    ("rollout", "latest"): "the last day of any go-live",
    ("rollout", "at_once"): "the most changes at once at a school",
    ("hubs", "together"): "how the schools of a hub are kept together",
    ("hubs", "within_weeks"): "the most weeks from a hub’s first go-live to its last",
    ("service", "wave_size"): "the most schools in a wave",
    ("service", "weeks_between"): "the fewest weeks between waves",
    ("service", "pilot"): "whether it has a pilot",
    ("service", "pilot_size"): "the most schools in the pilot",
    ("service", "evaluation_weeks"): "the fewest weeks from the pilot to the next wave",
    ("service", "earliest"): "the first day of any go-live",
    ("service", "latest"): "the last day of any go-live",
    ("school", "at_once"): "the most changes at once",
    ("group", "at_once"): "the most changes at once at its schools together",
}
"""What each limit is, by the part of rollout.yaml and the name that it has there."""
TOGETHER: Mapping[str, str] = {
    "weight": "as a preference",
    "weeks": "within some weeks",
    "same_wave": "on one date",
    "apart": "on different dates",
}
"""The ways to keep a hub together, in words."""


def limit_in_words(setting: str, value: object) -> str:
    """Write a limit's value.

    >>> limit_in_words("pilot", True), limit_in_words("wave_size", 1), limit_in_words("together", "weight")
    ('yes', '1 school', 'as a preference')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return format_day(value)
    if isinstance(value, int):
        unit = "week" if "weeks" in setting else "school" if setting.endswith("size") else "change"
        return counted(value, unit)
    return TOGETHER.get(str(value), str(value))
