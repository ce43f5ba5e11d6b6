"""Read the fields of an MSPDI element: numbers, moments, durations and lags. Raise `ValueError` for an invalid
one."""

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
"""Added to the code of a duration's format if it is only estimated."""
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
"""The form in which Project writes nearly all durations."""


def number_of(record: Record, name: str, default: float = 0) -> float:
    """Read a number; raise `ValueError` if it is not one, or larger than any in a schedule."""
    text = record.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"'{text[:20]}' is not a number ({name})") from None
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
    """A local moment as written in a file."""

    at: datetime
    is_day: bool
    """Whether it has no time of day."""
    has_zone: bool


@lru_cache(maxsize=50_000)
def parsed_moment(text: str) -> Moment:
    """Read a local datetime, ignoring a time zone, which Project never writes. Raise `ValueError` if it is not one.

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
    """Read the day of a moment; 24:00 belongs to that day, not the next."""
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
    """Whether a duration such as P1DT16H was made from 40 hours, so that its days have 24 hours."""

    def minutes_in(self, text: str, *, elapsed: bool = False) -> float:
        """Read a length. Hours and minutes are already working time."""
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
            raise ValueError(f"'{text[:_MOST_CHARACTERS]}' is not a duration; 40 hours are written PT40H0M0S")
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
    """Return whether a duration has a part in days, weeks, months or years, whose lengths the file defines."""
    if text.startswith("PT") or len(text) > _MOST_CHARACTERS:
        return False
    match = _DURATION.match(text)
    return match is not None and any(float((match[name] or "0").replace(",", ".")) for name in ("Y", "Mo", "W", "D"))


def has_long_hours(text: str, day: int) -> bool:
    """Return whether a duration has, beside its days, more hours than a day has."""
    match = _DURATION.match(text) if len(text) <= _MOST_CHARACTERS else None
    return match is not None and bool(match["D"] and match["H"]) and float(match["H"].replace(",", ".")) * 60 > day


def whole(minutes: float) -> int:
    """Round a length to whole minutes; work of less than a minute does not become a milestone."""
    return max(1, round(minutes)) if minutes > 0 else 0


def is_elapsed(format_: int) -> bool:
    return format_ % ESTIMATED in ELAPSED_FORMATS


def lag_of(link: Record, lengths: Lengths) -> Duration:
    """Read a lag: tenths of a minute, the percentage itself, or a duration as in tasks."""
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
