"""A programme's calendars in Project's terms: a usual week, with every other day as an exception."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby

from changeflow.calendar.working import WorkingCalendar
from changeflow.reports.mspdi.elements import Fields, unique_names
from changeflow.values.moments import DAY, day_of, minute_of

LONGEST = 51
"""The most characters of a calendar's name."""
LAST_DAYS = (date(2049, 12, 31), date(2149, 12, 31))
"""The last days supported by every version of Project, and by newer ones."""

Hours = tuple[tuple[int, int], ...]


def calendar_fields(calendar: WorkingCalendar, number: int, name: str, last: date) -> Fields:
    """Yield a compiled calendar up to a day: the usual hours of each weekday, and every other day as an exception."""
    hours = _hours_by_day(calendar, last)
    usual = calendar.laid_out.repeating_week
    days = hours if usual is None else [usual.first + timedelta(days=n) for n in range(7)]
    week = {
        weekday: Counter(hours.get(day, ()) for day in days if day.weekday() == weekday).most_common(1)[0][0]
        for weekday in range(7)
    }
    yield "UID", number
    yield "Name", name
    yield "IsBaseCalendar", 1
    yield "BaseCalendarUID", -1
    yield "WeekDays", [("WeekDay", [("DayType", (n + 1) % 7 + 1), *_working(week[n])]) for n in range(7)]
    yield "Exceptions", [("Exception", _exception(calendar, *run)) for run in _runs(hours, week)]


def usual_day(calendar: WorkingCalendar) -> tuple[str, str] | None:
    """Return the start and end of a calendar's usual working day, for dates typed without a time."""
    days = Counter(hours for hours in _hours_by_day(calendar, LAST_DAYS[0]).values() if hours)
    if not days:
        return None
    hours = days.most_common(1)[0][0]
    return _clock(hours[0][0]), _clock(hours[-1][1] % DAY)


def of_a_resource(number: int, name: str, base: int) -> Fields:
    """Yield a resource's calendar that adds nothing to its base calendar."""
    yield "UID", number
    yield "Name", name
    yield "IsBaseCalendar", 0
    yield "BaseCalendarUID", base


def short_names(keys: Iterable[str], *, taken: Iterable[str] = ()) -> dict[str, str]:
    """Return each calendar's name: its key, shortened if too long for Project."""
    keys = list(keys)
    return dict(zip(keys, unique_names(keys, LONGEST, taken=taken), strict=True))


def _exception(calendar: WorkingCalendar, first: date, last: date, hours: Hours) -> Fields:
    yield "EnteredByOccurrences", 0
    yield "TimePeriod", [("FromDate", f"{first.isoformat()}T00:00:00"), ("ToDate", f"{last.isoformat()}T23:59:00")]
    yield "Occurrences", (last - first).days + 1
    yield "Name", calendar.closures.get(first, "other hours" if hours else "day off")
    yield "Type", 1
    yield from _working(hours)


def last_day_known(finish: date) -> date:
    """Return the last day of the version of Project that a plan with this finish needs."""
    return LAST_DAYS[finish > LAST_DAYS[0]]


def _hours_by_day(calendar: WorkingCalendar, until: date) -> dict[date, Hours]:
    """Cut the working intervals at midnights."""
    found: dict[date, list[tuple[int, int]]] = {}
    for start, end in calendar.intervals:
        while start < end:
            day = day_of(start)
            midnight = minute_of(day)
            stop = min(end, midnight + DAY)
            found.setdefault(day, []).append((start - midnight, stop - midnight))
            start = stop
    if not found:
        return {date(1970, 1, 5) + timedelta(days=n): () for n in range(7)}
    first, last = min(found), max(found)
    days = [first + timedelta(days=n) for n in range(max(7, (min(last, until) - first).days + 1))]
    return {day: tuple(found.get(day, ())) for day in days}


def _runs(hours: Mapping[date, Hours], week: Mapping[int, Hours]) -> Iterator[tuple[date, date, Hours]]:
    """Yield spans of consecutive days that share hours different from their weekday's."""
    for (is_usual, spans), run in groupby(hours, key=lambda day: (hours[day] == week[day.weekday()], hours[day])):
        if not is_usual:
            first, *others = run
            yield first, others[-1] if others else first, spans


def _working(hours: Hours) -> Fields:
    yield "DayWorking", int(bool(hours))
    if hours:
        spans = [[("FromTime", _clock(start)), ("ToTime", _clock(end % DAY))] for start, end in hours]
        yield "WorkingTimes", [("WorkingTime", span) for span in spans]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}:00"
