"""Read dated and recurring exceptions of an MSPDI calendar, and its work weeks: the days that each applies to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from dateutil import rrule

from changeflow.calendar.layers import Hours
from changeflow.intake.mspdi.fields import code_of, day_of_moment
from changeflow.intake.mspdi.records import Record, children
from changeflow.values.moments import DAY

DAILY, YEARLY_DATE, YEARLY_POSITION, MONTHLY_DATE, MONTHLY_POSITION, WEEKLY, EVERY_DAYS = range(1, 8)
PRECEDENCE = {DAILY: 3, EVERY_DAYS: 3, YEARLY_DATE: 2, YEARLY_POSITION: 2, MONTHLY_DATE: 1, MONTHLY_POSITION: 1}
"""On one date, a daily exception overrides yearly, monthly and weekly ones, whatever their order in the file."""
USUAL_HOURS: Hours = ((480, 720), (780, 1020))
"""8 to 12 and 13 to 17: the hours of a working day for which the file gives none."""
_DAYS = (rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA)
_WEEKDAYS, _WEEKEND = _DAYS[1:6], (_DAYS[0], _DAYS[6])
_DAY_ITEM, _WEEKDAY_ITEM, _WEEKEND_ITEM, _FIRST_DAY_ITEM = 0, 1, 2, 3
CHANGE_HOURS = "Correct them in Project: Change Working Time"
Spans = Callable[[date, date], Iterator[tuple[date, date]]]
"""Yields the spans of an exception that touch some days, all inclusive."""


@dataclass(frozen=True, slots=True)
class CalendarException:
    """Other hours on some days."""

    name: str
    hours: Hours
    first: date
    last: date
    """The last day that it applies to; `date.max` if it may continue beyond the days examined."""
    spans: Spans


def exceptions_of(calendar: Record, until: date, say: Callable[[Record, str], None]) -> list[CalendarException]:
    """Return a calendar's exceptions, those that override others last; report to `say` which are not applied and
    why."""
    found = list(children(calendar, "Exceptions/Exception"))
    if found:
        # The block repeats the old form's days with their recurrence: both together would count twice.
        in_order = sorted(found, key=lambda e: PRECEDENCE.get(code_of(e, "Type", DAILY), 0))
        made = [_exception(e, code_of(e, "Type", DAILY), until, say) for e in in_order]
    else:
        days_off = (day for day in children(calendar, "WeekDays/WeekDay") if not code_of(day, "DayType"))
        made = [_exception(day, DAILY, until, say) for day in days_off]
    return [e for e in made if e is not None]


def period_of(element: Record) -> tuple[date, date] | None:
    """Return the first and last day, both inclusive: the file writes the end as 23:59 on the last day."""
    period = next(children(element, "TimePeriod"), None)
    if period is None:
        return None
    first, last = day_of_moment(period, "FromDate"), day_of_moment(period, "ToDate")
    return (first, last) if first and last else None


def hours_of(day: Record, say: Callable[[Record, str], None]) -> Hours:
    """Read the hours of a day, in order and without overlaps; a night shift ends after midnight, at more than `DAY`."""
    if day.get("DayWorking") == "0":
        return ()
    times = children(day, "WorkingTimes/WorkingTime")
    pieces = [piece for time in times if (piece := _piece(time, say)) is not None]
    if not pieces and day.get("DayWorking") == "1":
        say(day, "a working day without hours is taken as 08:00 to 12:00 and 13:00 to 17:00")
        return USUAL_HOURS
    merged: list[tuple[int, int]] = []
    for start, end in sorted(pieces):
        if merged and start <= merged[-1][1]:
            known = merged[-1]
            merged[-1] = (known[0], max(end, known[1]))
            if start < known[1]:
                what = f"hours of {_span(known)} and {_span((start, end))} overlap: {_span(merged[-1])} is used"
                say(day, f"{what}. {CHANGE_HOURS}")
        else:
            merged.append((start, end))
    return tuple(merged)


def _piece(time: Record, say: Callable[[Record, str], None]) -> tuple[int, int] | None:
    """Read one span of working hours. If it ends before it begins, it is a night shift that continues after
    midnight."""
    begins, ends = time.get("FromTime"), time.get("ToTime")
    if begins is None and ends is None:
        return None
    start, end = _clock(begins), _clock(ends)
    if begins is None or ends is None:
        missing = "start" if begins is None else "end"
        say(
            time, f"hours without {'a' if begins is None else 'an'} {missing} are taken as {_span((start, end or DAY))}"
        )
    if end and end == start:
        say(time, f"hours of {_span((start, end))} have no length and are not used. {CHANGE_HOURS}")
        return None
    # An end at midnight is the end of the day, so midnight to midnight is the whole day. 23:59 is taken literally, as
    # in Project: our exports end some days a minute before midnight to keep their floats.
    if 0 < end < start:
        end += DAY
        what = f"hours of {_span((start, end))} are read as a night shift that ends the next day"
        say(time, f"{what}. If they are the wrong way round, correct them in Project: Change Working Time")
    return start, end or DAY


def _span(piece: tuple[int, int]) -> str:
    """Write hours as people do; the end of a day is 24:00."""
    start, end = piece
    end = end - DAY if end > DAY else end
    return f"{start // 60:02}:{start % 60:02} to {end // 60:02}:{end % 60:02}"


def _clock(text: str | None) -> int:
    if not text:
        return 0
    try:
        hours, minutes = text.rpartition("T")[2].split(":")[:2]
        found = int(hours) * 60 + int(minutes)
    except ValueError:
        raise ValueError(f"'{text[:20]}' is not a time of day") from None
    if not 0 <= found <= DAY:
        raise ValueError(f"'{text[:20]}' is not a time of day")
    return found % DAY


def _exception(element: Record, kind: int, until: date, say: Callable[[Record, str], None]) -> CalendarException | None:
    name, span = element.get("Name") or "day off", period_of(element)
    if span is None:
        say(element, f"the exception '{name}' has no days and is not applied")
        return None
    if span[1] < span[0]:
        say(element, f"the exception '{name}' ends before it begins and is not applied")
        return None
    hours = hours_of(element, say)
    if kind == DAILY:
        return CalendarException(name, hours, *span, lambda _first, _last: iter([span]))
    rule = _recurrence(element, kind)
    if rule is None:
        say(element, f"the exception '{name}' recurs in a way that is not known (Type {kind}) and is not applied")
        return None
    return _recurring(element, name, hours, span, rule, until)


def _recurring(
    element: Record, name: str, hours: Hours, span: tuple[date, date], rule: Mapping[str, object], until: date
) -> CalendarException:
    limit: Mapping[str, object] = {"until": _noon(span[1])}
    if element.get("EnteredByOccurrences") == "1":
        limit = {"count": max(1, code_of(element, "Occurrences", 1))}

    def spans(first: date, last: date) -> Iterator[tuple[date, date]]:
        moments = rrule.rrule(dtstart=_noon(span[0]), wkst=rrule.SU, **rule, **limit)  # type: ignore[arg-type]
        days = takewhile(lambda day: day <= last, (moment.date() for moment in moments))
        return ((day, day) for day in days if day >= first)

    ends = span[1]
    if "count" in limit:
        ends = max((day for day, _ in spans(span[0], until)), default=span[0])
        ends = date.max if next(spans(until + timedelta(days=1), until + timedelta(days=3660)), None) else ends
    return CalendarException(name, hours, span[0], ends, spans)


def _recurrence(exception: Record, kind: int) -> dict[str, object] | None:
    every = max(1, code_of(exception, "Period", 1))
    month = code_of(exception, "Month") + 1
    if kind == EVERY_DAYS:
        return {"freq": rrule.DAILY, "interval": every}
    if kind == WEEKLY:
        mask = code_of(exception, "DaysOfWeek")
        days = [day for n, day in enumerate(_DAYS) if mask & (1 << n)]
        return {"freq": rrule.WEEKLY, "interval": every, "byweekday": days} if days else None
    if kind == YEARLY_DATE:
        return {"freq": rrule.YEARLY, "bymonth": month, "bymonthday": code_of(exception, "MonthDay", 1)}
    if kind == MONTHLY_DATE:
        return {"freq": rrule.MONTHLY, "interval": every, "bymonthday": code_of(exception, "MonthDay", 1)}
    if kind == YEARLY_POSITION:
        return {"freq": rrule.YEARLY, "bymonth": month} | _position(exception)
    if kind == MONTHLY_POSITION:
        return {"freq": rrule.MONTHLY, "interval": every} | _position(exception)
    return None


def _position(exception: Record) -> dict[str, object]:
    """The first to fourth, or last, day, weekday, weekend day or named day of a month."""
    place = code_of(exception, "MonthPosition")
    nth = -1 if place >= 4 else place + 1
    item = code_of(exception, "MonthItem")
    if item == _DAY_ITEM:
        return {"bymonthday": nth}
    if item == _WEEKDAY_ITEM:
        return {"byweekday": _WEEKDAYS, "bysetpos": nth}
    if item == _WEEKEND_ITEM:
        return {"byweekday": _WEEKEND, "bysetpos": nth}
    return {"byweekday": _DAYS[item - _FIRST_DAY_ITEM](nth)}


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001  (a day, as the rule's library wants it)
