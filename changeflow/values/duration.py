"""Durations and lags as people write them: `5d`, `4h`, `30ed`, `2pp`, `6sw`, `1t`, `50%`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from changeflow.values.limits import LONGEST_YEARS


class Unit(StrEnum):
    """The unit of an amount."""

    WORKING = "working"
    """Working minutes of a calendar."""
    ELAPSED = "elapsed"
    """Minutes of the clock, day and night."""
    SCHOOL_WEEKS = "school_weeks"
    """Weeks of five school days on the term calendar."""
    PAY_PERIODS = "pay_periods"
    TERMS = "terms"
    PERCENT = "percent"
    """Percent of the predecessor's duration; for lags only."""

    @property
    def counts_working_time(self) -> bool:
        return self in (Unit.WORKING, Unit.SCHOOL_WEEKS)

    @property
    def is_whole_period(self) -> bool:
        return self in (Unit.PAY_PERIODS, Unit.TERMS)


_PATTERN = re.compile(r"^(?P<sign>[+-]?)(?P<amount>\d+(?:\.\d+)?)(?P<unit>ed|ew|eh|em|pp|sw|m|h|d|w|t|%)$")
_ELAPSED = {"em": 1, "eh": 60, "ed": 24 * 60, "ew": 7 * 24 * 60}
_WHOLE = {"pp": Unit.PAY_PERIODS, "sw": Unit.SCHOOL_WEEKS, "t": Unit.TERMS}
_LONGEST = {
    Unit.WORKING: LONGEST_YEARS * 366 * 24 * 60,
    Unit.ELAPSED: LONGEST_YEARS * 366 * 24 * 60,
    Unit.SCHOOL_WEEKS: LONGEST_YEARS * 52,
    Unit.PAY_PERIODS: LONGEST_YEARS * 12,
    Unit.TERMS: LONGEST_YEARS * 3,
    Unit.PERCENT: 10_000,
}
_MOST_CHARACTERS = 30
FORMS = "5d, 4h or 2w (working time), 30ed (elapsed time), 2pp (pay periods), 6sw (school weeks) or 1t (terms)"


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount in a unit: whole minutes for working and elapsed time, whole periods, or percent."""

    amount: int
    unit: Unit = Unit.WORKING

    @property
    def is_zero(self) -> bool:
        return self.amount == 0


ZERO = Duration(0)


@lru_cache(maxsize=1024)
def parse_duration(text: str, *, minutes_per_day: int, lag: bool = False) -> Duration:
    """Read a duration, or a signed lag with `lag=True`; a `ValueError` gives the remedy.

    A working day has `minutes_per_day`; a working week has five working days.

    >>> parse_duration("1.5d", minutes_per_day=450).amount, parse_duration("30ed", minutes_per_day=450).amount
    (675, 43200)
    """
    match = _PATTERN.match(text.strip()) if len(text) <= _MOST_CHARACTERS else None
    if not match:
        shown = text[:_MOST_CHARACTERS] + ("…" if len(text) > _MOST_CHARACTERS else "")
        raise ValueError(f"'{shown}' is not a {'lag' if lag else 'duration'}. Write it like {FORMS}.")
    length = _length(text, match, minutes_per_day=minutes_per_day, lag=lag)
    if abs(length.amount) > _LONGEST[length.unit]:
        most = "10,000%" if length.unit is Unit.PERCENT else f"{LONGEST_YEARS} years"
        raise ValueError(f"'{text}' is too long. Write at most {most}.")
    return length


def _length(text: str, match: re.Match[str], *, minutes_per_day: int, lag: bool) -> Duration:
    amount, unit = Fraction(match["amount"]), match["unit"]
    if match["sign"] == "-" and not lag and amount:
        raise ValueError(f"'{text}' is negative. Write 0d or more.")
    if match["sign"] == "-":
        amount = -amount
    if unit == "%":
        if not lag:
            raise ValueError(f"'{text}' is a percentage. Only a lag can be a percentage of its predecessor's duration.")
        return Duration(round(amount), Unit.PERCENT)
    if unit in _WHOLE:
        if amount.denominator != 1:
            raise ValueError(f"'{text}' is not a whole number. Write a whole number, or use another unit: {FORMS}.")
        if amount < 0 and _WHOLE[unit] is not Unit.SCHOOL_WEEKS:
            what = "pay periods" if _WHOLE[unit] is Unit.PAY_PERIODS else "terms"
            raise ValueError(
                f"'{text}' is negative. A lag in whole {what} cannot overlap. Write an overlap in days, such as -20d "
                "(working days) or -30ed (calendar days), or as a percentage of the predecessor, such as -50%."
            )
        return Duration(int(amount), _WHOLE[unit])
    if unit in _ELAPSED:
        return Duration(round(amount * _ELAPSED[unit]), Unit.ELAPSED)
    minutes = {"m": 1, "h": 60, "d": minutes_per_day, "w": 5 * minutes_per_day}[unit]
    return Duration(round(amount * minutes))


def _checked_duration(text: Any) -> Any:  # noqa: ANN401
    if isinstance(text, str | int | float) and not isinstance(text, bool):
        parse_duration(str(text), minutes_per_day=450)
    return text


DurationText = Annotated[str, BeforeValidator(_checked_duration), Field(examples=["5d", "30ed", "2pp"])]


def parse_range(texts: Sequence[str], *, minutes_per_day: int) -> tuple[tuple[int, int, int], Unit]:
    """Read three durations in one unit, in ascending order; a `ValueError` gives the remedy.

    >>> parse_range(["4d", "5d", "9d"], minutes_per_day=450)
    ((1800, 2250, 4050), <Unit.WORKING: 'working'>)
    """
    low, likely, high = (parse_duration(text, minutes_per_day=minutes_per_day) for text in texts)
    is_one_unit = low.unit is likely.unit is high.unit
    if not is_one_unit or not low.amount <= likely.amount <= high.amount:
        shown = ", ".join(texts)
        what = f"{shown} is not an ascending range in one unit."
        raise ValueError(f"{what} Write optimistic, likely and pessimistic, such as [45d, 60d, 95d].")
    return (low.amount, likely.amount, high.amount), likely.unit


_WORDS = {
    "m": "working minute", "h": "working hour", "d": "working day", "w": "working week",
    "em": "minute", "eh": "hour", "ed": "calendar day", "ew": "calendar week",
    "pp": "pay period", "sw": "school week", "t": "whole term",
}  # fmt: skip


def written_in_words(text: str) -> str:
    """Write the text of a duration as people read it.

    The text does not say whose days it means. `length_in_words` of the plan does, for a task with its calendar.

    >>> written_in_words("30d"), written_in_words("1.5h"), written_in_words("1pp")
    ('30 working days', '1.5 working hours', '1 pay period')
    """
    match = _PATTERN.match(text.strip())
    if match is None or match["unit"] not in _WORDS:
        return text
    unit = _WORDS[match["unit"]]
    return f"{match['amount']} {unit}{'' if match['amount'] == '1' else 's'}"


def range_in_words(texts: Sequence[str]) -> str:
    """Write a range of durations as people read it.

    >>> range_in_words(("20d", "30d", "60d"))
    'between 20 and 60 working days, most likely 30'
    """
    low, likely, high = (written_in_words(text) for text in texts)
    if len({words.partition(" ")[2].removesuffix("s") for words in (low, likely, high)}) == 1:
        low, likely = low.partition(" ")[0], likely.partition(" ")[0]
    return f"between {low} and {high}, most likely {likely}"


def counted(number: int, unit: str) -> str:
    """Write a number with its noun, singular or plural.

    >>> counted(1, "day"), counted(0, "working day"), counted(2, "entry")
    ('1 day', '0 working days', '2 entries')
    """
    if number == 1:
        return f"1 {unit}"
    ends_in_ies = unit.endswith("y") and unit[-2] not in "aeiou"
    return f"{number} {unit[:-1]}ies" if ends_in_ies else f"{number} {unit}s"


def days_in_words(minutes: int, minutes_per_day: int) -> str:
    """Write working minutes as days, with one decimal if needed.

    >>> days_in_words(450, 450), days_in_words(-675, 450), days_in_words(0, 450)
    ('1 day', '-1.5 days', '0 days')
    """
    days = round(minutes / minutes_per_day, 1)
    number = f"{int(days)}" if days == int(days) else f"{days}"
    return f"{number} day" if abs(days) == 1 else f"{number} days"
