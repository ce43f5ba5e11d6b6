"""Read days as people in the United Kingdom write them: the day first, in figures or words; or as Excel's serial
numbers."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from changeflow.values.limits import is_supported, out_of_range, why_no_date
from changeflow.values.moments import LONDON

NEXT_CENTURY = 50
"""Years of two digits: 00 to 49 are 2000 to 2049; 50 to 99 are 1950 to 1999 where a day may be that long ago."""
SERIAL_DAY_0 = date(1899, 12, 30)
SERIALS = range(18_264, 73_051)
"""Excel's numbers for 1950 to 2099; smaller and larger numbers are not days."""
_FROM_1904 = 1_462
"""How many days later a workbook that counts from 1904 begins, so its number for a day is that much smaller."""
_BARE_SERIAL = re.compile(r"(?<![\w/=-])(?<!\d\.)(\d{5})(\.\d+)?(?![\w/-]|\.\d)", re.ASCII)
_LENGTH = len("2027-02-05")
WRITE = "Write it like 2027-02-05, 05/02/2027 or 5 February 2027."

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = (
    r"(?:(?:\s*t\s*|\s*,\s*|\s+at\s+|\s+)(?:[01]?\d|2[0-4])[:.][0-5]\d(?:[:.][0-5]\d(?:[.,]\d+)?)?"
    r"\s*(?:am|pm)?)?"
)
_A_ZONE = r"\d[:.][0-5]\d.*\b(?:[a-z]+/[a-z_]+|[a-z]{2,4}t)\b"
_HERE = "europe/london"
_ZONED = re.compile(
    r"(?P<moment>.*?(?P<hour>\d\d?)[:.](?P<minute>[0-5]\d)(?:[:.][0-5]\d(?:[.,]\d+)?)?\s*(?P<half>[ap]m)?)\s*"
    r"[(\[]?(?P<name>z|utc|gmt|bst|europe/london)?\s*"
    r"(?:(?P<sign>[+\-−])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?)?"
    r"[)\]]?"
    r"(?:\s*[(\[](?:europe/london|greenwich mean time|british summer time|coordinated universal time|[a-z]{3})[)\]])?",
    re.ASCII | re.IGNORECASE,
)
"""A time with its zone: `10:00+01:00`, `10:00 (BST)`, `10:00:00 GMT+0100 (British Summer Time)`."""
_YEAR_FIRST = r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME
_COMPACT = r"((?:19|20|21)\d\d)(\d\d)(\d\d)"
_DAY_FIRST = r"(?:([a-z]+)\.?,?\s+)?(\d{1,2})\s?([-/. ])\s?(\d{1,2})\s?\3\s?(\d{4}|\d{2})" + _TIME
_NAMED = (
    r"(?:([a-z]+)\.?,?\s+)?(\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?[\s./-]*([a-z]{3,9})\.?[\s./,-]*(\d{4}|\d{2})" + _TIME
)
_NAME_FIRST = r"(?:([a-z]+)\.?,?\s+)?([a-z]{3,9})\.?[\s-]+(\d{1,2})(?:st|nd|rd|th)?(?:,\s*|\s+)(\d{4})" + _TIME
_SERIAL = r"(\d{5})(?:\.\d+)?"
_LAST_CENTURY = range(1900 + NEXT_CENTURY, 2000)
_NO_END = 2900
"""From this year on, a day means “no end”: some systems write one, usually 31/12/9999."""
_NO_YEAR = r"\d{1,2}(?:st|nd|rd|th)?[\s/.-]*(?:[a-z]{3,9}|[/.-]\d{1,2})|[a-z]{3,9}[\s/.-]*\d{1,2}(?:st|nd|rd|th)?"
_NO_DAY = r"(?:[a-z]{3,9}|\d{1,2}[/.-])[\s/.-]*\d{4}"


def read_day(text: str, *, may_be_old: bool = False) -> date:
    """Read a day; the time of a moment is left out. `ValueError` says what is wrong, and what would be right.

    `may_be_old`: the day may be in the last century, so that a year such as 85 is unambiguous.

    >>> for text in ("01/02/2027", "1-Feb-27", "Monday 1st February 2027", "2027-02-01T09:30", "46419"):
    ...     assert read_day(text) == date(2027, 2, 1)
    >>> read_day("2027-02-01T23:30-02:00")
    datetime.date(2027, 2, 2)
    >>> read_day("02/13/2027")
    Traceback (most recent call last):
    ValueError: '02/13/2027' has no month 13: the month seems to be first. Write 13/02/2027, the day first.
    """
    if len(text) == _LENGTH and text[4] == text[7] == "-":
        with suppress(ValueError):
            if is_supported(day := date.fromisoformat(text)):
                return day
    written, moved = without_zone(text)
    lower = written.strip().lower()
    for form, read in _FORMS:
        if found := re.fullmatch(form, lower, re.ASCII):
            day = read(text, found)
            if not may_be_old and day.year in _LAST_CENTURY and str(day.year) not in text and not is_serial(lower):
                raise ValueError(
                    f"'{text[:40]}' may be of {day.year} or {day.year + 100}. Write the year in four digits."
                )
            if not is_supported(day):
                what = out_of_range(text)
                if day.year >= _NO_END:
                    what = f"{what.partition('. ')[0]}. Leave it empty if there is no end"
                raise ValueError(f"{what}.")
            return _in_the_uk(day, moved) if moved is not None else day
    if re.fullmatch(_NO_YEAR, lower, re.ASCII):
        raise ValueError(f"'{text[:40]}' does not say the day, month and year. {WRITE}")
    if re.fullmatch(_NO_DAY, lower, re.ASCII):
        raise ValueError(f"'{text[:40]}' does not say the day. {WRITE}")
    if re.search(_A_ZONE, lower):
        raise ValueError(f"'{text[:60]}' has a time zone that is not known. Write the day alone, as it was in the UK.")
    raise ValueError(f"'{text[:40]}' is not a date. {WRITE}")


def without_zone(text: str) -> tuple[str, "tuple[int, int] | None"]:
    """Return a moment without its time zone, with its minutes of the day and how many minutes it is ahead of UTC.

    The second value is None if the moment has no zone, or that of the United Kingdom.

    >>> without_zone("2026-09-01T10:00+01:00"), without_zone("01/09/2026 10:00")
    (('2026-09-01T10:00', (600, 60)), ('01/09/2026 10:00', None))
    """
    found = _ZONED.fullmatch(text.strip())
    if found is None or not (found["name"] or found["sign"]):
        return text, None
    if (found["name"] or "").casefold() == _HERE:
        return found["moment"], None
    hour = int(found["hour"]) % 12 + 12 * (found["half"].lower() == "pm") if found["half"] else int(found["hour"])
    ahead = 60 if (found["name"] or "").casefold() == "bst" else 0
    if found["sign"]:
        offset = int(found["hours"]) * 60 + int(found["minutes"] or 0)
        ahead += -offset if found["sign"] in "-−" else offset
    return found["moment"], (hour * 60 + int(found["minute"]), ahead)


def _in_the_uk(day: date, moved: tuple[int, int]) -> date:
    """Return the day in the United Kingdom of a moment, from its minutes of the day and its minutes ahead of UTC."""
    minute, ahead = moved
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute - ahead)
    return moment.astimezone(LONDON).date()


def is_serial(text: str) -> bool:
    """Return whether a day is written as a spreadsheet's serial number, as in a cell that has lost its format."""
    return (
        text[:1].isdigit() and (found := re.fullmatch(_SERIAL, text, re.ASCII)) is not None and int(found[1]) in SERIALS
    )


def serials_from_1900(text: str) -> str:
    """Replace the serial numbers of a workbook that counts from 1904 with those from 1900; other days stay the same.

    Raise `ValueError` if a number is not a day.

    >>> serials_from_1900("44957"), serials_from_1900("44957.5; 44960"), serials_from_1900("2027-02-01")
    ('46419', '46419.5; 46422', '2027-02-01')
    """

    def from_1900(found: re.Match[str]) -> str:
        if (serial := int(found[1]) + _FROM_1904) not in SERIALS:
            raise ValueError(f"'{text[:40]}' is not a date. {WRITE}")
        return f"{serial}{found[2] or ''}"

    return _BARE_SERIAL.sub(from_1900, text)


def _year_first(text: str, found: re.Match[str]) -> date:
    return _made(text, int(found[1]), int(found[3]), int(found[4]))


def _compact(text: str, found: re.Match[str]) -> date:
    return _made(text, *map(int, found.groups()))


def _day_first(text: str, found: re.Match[str]) -> date:
    weekday, mark = found[1], found[3]
    day, month, year = int(found[2]), int(found[4]), _year(found[5])
    right = mark.join((f"{month:02}", f"{day:02}", found[5]))
    if month > 12 >= day:
        what = f"'{text}' has no month {month}: the month seems to be first"
        raise ValueError(f"{what}. Write {right}, the day first.")
    made = _made(text, year, month, day)
    if weekday is None or is_weekday(weekday, made):
        return made
    if day <= 12 and is_weekday(weekday, date(year, day, month)):
        what = f"'{text[:40]}' is that day of the week with the month first"
        raise ValueError(f"{what}. Write {right}, the day first.")
    raise _wrong_weekday(text, made)


def _named(text: str, found: re.Match[str]) -> date:
    weekday, day, month, year = found.groups()
    return _in_words(text, weekday, month, int(day), _year(year))


def _name_first(text: str, found: re.Match[str]) -> date:
    weekday, month, day, year = found.groups()
    return _in_words(text, weekday, month, int(day), int(year))


def _in_words(text: str, weekday: str | None, month: str, day: int, year: int) -> date:
    """Check the words of a day: the name of the month or its beginning, and the weekday."""
    months = [n for n, name in enumerate(_MONTHS, 1) if name.startswith(month) or month == "sept" == name[:4]]
    if len(months) != 1:
        raise ValueError(f"'{text[:40]}' is not a date: it has no month '{month}'. {WRITE}")
    made = _made(text, year, months[0], day)
    if weekday is not None and not is_weekday(weekday, made):
        raise _wrong_weekday(text, made)
    return made


def is_weekday(word: str, day: date) -> bool:
    """Return whether a day is on the weekday that a word names: `Thu`, `thurs`, `Thursday`."""
    said = word.lower()
    return len(said) >= 2 and _WEEKDAYS[day.weekday()].startswith("thur" if said == "thurs" else said)


def _wrong_weekday(text: str, made: date) -> ValueError:
    right = _WEEKDAYS[made.weekday()].capitalize()
    return ValueError(f"'{text[:40]}' is a {right}. Correct the date, or the day of the week.")


def _serial(text: str, found: re.Match[str]) -> date:
    if int(found[1]) not in SERIALS:
        raise ValueError(f"'{text}' is not a date. {WRITE}")
    return SERIAL_DAY_0 + timedelta(days=int(found[1]))


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year < NEXT_CENTURY else 1900)


def _made(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        why = why_no_date(year, month, day)
        raise ValueError(f"'{text[:40]}' does not exist: {why}. Correct the date.") from None


_FORMS: tuple[tuple[str, Callable[[str, re.Match[str]], date]], ...] = (
    (_YEAR_FIRST, _year_first),
    (_DAY_FIRST, _day_first),
    (_NAMED, _named),
    (_NAME_FIRST, _name_first),
    (_COMPACT, _compact),
    (_SERIAL, _serial),
)
