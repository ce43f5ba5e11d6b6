"""Positions on the civil clock (whole minutes since 1970-01-01T00:00 local), and how to write them for people."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from changeflow.errors import DatesOutOfRangeError

LONDON = ZoneInfo("Europe/London")
"""Moments are kept in UTC; this zone decides their days and hours."""
DAY = 24 * 60
WEEK = 7 * DAY
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (naive on purpose: work happens by the civil clock)
_EPOCH_DAY = _EPOCH.date().toordinal()


def minute_of(moment: datetime | date) -> int:
    """Return the civil minutes of a naive local datetime, or of the first minute of a date.

    >>> minute_of(date(1970, 1, 2)), minute_of(datetime(1970, 1, 1, 9, 30))
    (1440, 570)
    """
    if isinstance(moment, datetime):
        return (moment.toordinal() - _EPOCH_DAY) * DAY + moment.hour * 60 + moment.minute
    return (moment.toordinal() - _EPOCH_DAY) * DAY


def local_day(moment: datetime) -> date:
    """Return the day of a moment in the United Kingdom."""
    return moment.astimezone(LONDON).date()


def end_of_day(day: date) -> datetime:
    """Return the last moment of a day in the United Kingdom."""
    return datetime.combine(day, time.max, LONDON)


def datetime_of(minute: int) -> datetime:
    """Return the local moment of a position; raise `DatesOutOfRangeError` if it is beyond every calendar."""
    try:
        return _EPOCH + timedelta(minutes=minute)
    except OverflowError:
        raise DatesOutOfRangeError from None


def day_of(minute: int) -> date:
    """Return the day of a position; raise `DatesOutOfRangeError` if it is beyond every calendar."""
    try:
        return date.fromordinal(_EPOCH_DAY + minute // DAY)
    except (ValueError, OverflowError):
        raise DatesOutOfRangeError from None


def last_day_of(finish: int) -> date:
    """Return the last day of a span that ends at `finish`. Spans are half-open; people read days as inclusive."""
    return day_of(finish - 1)


def days_of_span(start: int, finish: int) -> tuple[date, date]:
    """Return the first and last day of a half-open span; one without length is on the day that it ends.

    >>> days_of_span(minute_of(datetime(2027, 2, 5, 9)), minute_of(date(2027, 2, 9)))
    (datetime.date(2027, 2, 5), datetime.date(2027, 2, 8))
    """
    last = last_day_of(finish)
    return min(day_of(start), last), last


def iso(minute: int) -> str:
    return datetime_of(minute).isoformat(timespec="seconds")


def format_day(day: date, *, year: bool = True, weekday: bool = False) -> str:
    """Write a day for people.

    >>> format_day(date(2027, 2, 5), weekday=True)
    'Fri 5 Feb 2027'
    """
    return f"{day:%a} " * weekday + f"{day.day} {day:%b}" + f" {day.year}" * year


def round_label(last: date) -> str:
    """Return the name of a round of assessments, from its last day.

    >>> round_label(date(2027, 4, 26))
    'Assessment of 26 Apr 2027'
    """
    return f"Assessment of {format_day(last)}"


def format_hour(at: time) -> str:
    """Write a time of day for people.

    >>> format_hour(time(10)), format_hour(time(13, 30))
    ('10am', '1:30pm')
    """
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{(at.hour - 1) % 12 + 1}{minutes}{'am' if at.hour < 12 else 'pm'}"


def format_days(first: date, last: date) -> str:
    """Write an inclusive span of days.

    >>> format_days(date(2027, 2, 15), date(2027, 2, 19))
    '15 to 19 Feb 2027'
    """
    if first == last:
        return format_day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {format_day(last)}"
    return f"{format_day(first, year=first.year != last.year)} to {format_day(last)}"
