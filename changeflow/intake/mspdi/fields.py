"""Fields of an MSPDI element: texts, numbers, moments, durations, lags. What is none is a `ValueError` that says so."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from changeflow.intake.mspdi.records import Record
from changeflow.values.duration import Duration, Unit
from changeflow.values.limits import LONGEST_YEARS, MOST
from changeflow.values.moments import DAY, WEEK

ESTIMATED = 32
"""Added to the code of a format for a duration that is only estimated."""
ELAPSED_FORMATS = {4, 6, 8, 10, 12}
PERCENT_FORMATS = {19, 20}
NO_FORMAT = 21
"""The format of a duration that no one has entered."""
LONGEST = LONGEST_YEARS * 366 * 24 * 60
MOST_PERCENT = 10_000
_MOST_CHARACTERS = 60
_N = r"-?\d+(?:[.,]\d+)?"
_DURATION = re.compile(
    rf"^(?P<sign>[-+]?)P(?=.)(?:(?P<Y>{_N})Y)?(?:(?P<Mo>{_N})M)?(?:(?P<W>{_N})W)?(?:(?P<D>{_N})D)?"
    rf"(?:T(?:(?P<H>{_N})H)?(?:(?P<M>{_N})M)?(?:(?P<S>{_N})S)?)?$"
)
_HOURS_AND_MINUTES = re.compile(r"^PT(\d+)H(\d+)M0S$")
"""As Project writes nearly all of them."""


def number_of(record: Record, name: str, default: float = 0) -> float:
    """Read a number; `ValueError` where it is none, or larger than any that a schedule has."""
    text = record.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"'{text[:20]}' is no number ({name})") from None
    if not -MOST <= value <= MOST:
        raise ValueError(f"'{text[:20]}' is too large ({name})")
    return value


def code_of(record: Record, name: str, default: int = 0) -> int:
    text = record.get(name)
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else int(number_of(record, name))


def uid_of(record: Record) -> str:
    return record.get("UID") or ""


_END_OF_DAY = re.compile(r"(\d{4}-\d\d-\d\d)T24:00(?::00(?:\.0+)?)?(Z|[+-]\d\d:\d\d)?")


class Moment(NamedTuple):
    """A local moment as a file has it."""

    at: datetime
    is_day: bool
    """It has no time of day."""
    has_zone: bool


@lru_cache(maxsize=50_000)
def parsed_moment(text: str) -> Moment:
    """Read a local datetime; a zone, which Project never writes, is left out. What is none is a `ValueError`.

    >>> parsed_moment("2027-02-28T24:00:00").at
    datetime.datetime(2027, 3, 1, 0, 0)
    """
    # The same few dates are in most tasks, and each is asked for several times.
    if is_end := _END_OF_DAY.fullmatch(text):
        text = f"{is_end[1]}T00:00:00{is_end[2] or ''}"
    found = datetime.fromisoformat(text) + timedelta(days=bool(is_end))
    return Moment(found.replace(tzinfo=None), len(text) <= 10, found.tzinfo is not None)


def moment_of(record: Record, name: str) -> datetime | None:
    text = record.get(name)
    return parsed_moment(text).at if text else None


def day_of_moment(record: Record, name: str) -> date | None:
    """Read the day of a moment; one that ends at 24:00 is that day, and not the next."""
    moment = moment_of(record, name)
    is_end = _END_OF_DAY.fullmatch(record.get(name) or "") is not None
    return moment.date() - timedelta(days=is_end) if moment else None


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the days, weeks and months of a file are, in working minutes."""

    day: int = 480
    week: int = 2400
    month: int = 20 * 480
    days_are_clock: bool = False
    """A duration such as P1DT16H has been made of 40 hours: its days are days of the clock."""

    def minutes_in(self, text: str, *, elapsed: bool = False) -> float:
        """Read a length. One in hours and minutes is working time already."""
        plain = _HOURS_AND_MINUTES.match(text) if len(text) <= _MOST_CHARACTERS else None
        if plain:
            return self._checked(int(plain[1]) * 60 + int(plain[2]), text)
        match = _DURATION.match(text) if len(text) <= _MOST_CHARACTERS else None
        parts = (
            {name: float((match[name] or "0").replace(",", ".")) for name in ["Y", "Mo", "W", "D", "H", "M", "S"]}
            if match
            else {}
        )
        if match is None or not any(match[name] for name in parts):
            raise ValueError(f"'{text[:_MOST_CHARACTERS]}' is no duration; 40 hours are written PT40H0M0S")
        if match["sign"] == "-" or min(parts.values()) < 0:
            raise ValueError(f"'{text}' is a negative duration")
        day = DAY if elapsed or self.days_are_clock else self.day
        week, month = (WEEK, 30 * DAY) if elapsed else (self.week, self.month)
        minutes = (parts["Y"] * 12 + parts["Mo"]) * month + parts["W"] * week + parts["D"] * day
        return self._checked(minutes + parts["H"] * 60 + parts["M"] + parts["S"] / 60, text)

    def _checked(self, minutes: float, text: str) -> float:
        if minutes > LONGEST:
            raise ValueError(f"'{text}' is longer than {LONGEST_YEARS} years")
        return minutes


def has_days(text: str) -> bool:
    """Return whether a duration has a part in days, weeks, months or years: how long those are is the file's to say."""
    if text.startswith("PT") or len(text) > _MOST_CHARACTERS:
        return False
    match = _DURATION.match(text)
    return match is not None and any(float((match[name] or "0").replace(",", ".")) for name in ("Y", "Mo", "W", "D"))


def has_long_hours(text: str, day: int) -> bool:
    """Return whether a duration has more hours beside its days than a day has."""
    match = _DURATION.match(text) if len(text) <= _MOST_CHARACTERS else None
    return match is not None and bool(match["D"] and match["H"]) and float(match["H"].replace(",", ".")) * 60 > day


def whole(minutes: float) -> int:
    """Round a length to whole minutes; work that takes less than one is no milestone."""
    return max(1, round(minutes)) if minutes > 0 else 0


def is_elapsed(format_: int) -> bool:
    return format_ % ESTIMATED in ELAPSED_FORMATS


def lag_of(link: Record, lengths: Lengths) -> Duration:
    """Read a lag: tenths of a minute, the percentage itself, or a duration as tasks have it."""
    format_, text = code_of(link, "LagFormat", 7), link.get("LinkLag") or "0"
    unit = Unit.ELAPSED if is_elapsed(format_) else Unit.WORKING
    if "P" in text and format_ % ESTIMATED not in PERCENT_FORMATS:
        is_lead = text.startswith("-")
        minutes = round(lengths.minutes_in(text.removeprefix("-"), elapsed=unit is Unit.ELAPSED))
        return Duration(-minutes if is_lead else minutes, unit)
    amount = number_of(link, "LinkLag")
    if format_ % ESTIMATED in PERCENT_FORMATS:
        if abs(amount) > MOST_PERCENT:
            raise ValueError(f"a lag of {amount:.0f}% is too long")
        return Duration(round(amount), Unit.PERCENT)
    if abs(amount) > 10 * LONGEST:
        raise ValueError(f"a lag of {amount:.0f} tenths of a minute is longer than {LONGEST_YEARS} years")
    return Duration(round(amount / 10), unit)
