"""Calendars of an MSPDI file: weeks, dated and recurring exceptions, work weeks, and calendars derived from others."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from dateutil import rrule

from changeflow.calendar.working import Hours, WorkingCalendar, intersection
from changeflow.errors import InputError
from changeflow.intake.mspdi.fields import code_of, moment_of, uid_of
from changeflow.intake.mspdi.records import Record, children
from changeflow.values.moments import DAY, minute_of

STANDARD: dict[int, Hours] = dict.fromkeys(range(5), ((480, 720), (780, 1020)))
"""Monday to Friday, 8 to 12 and 13 to 17: what Project takes where a base calendar says nothing."""
DAILY, YEARLY_DATE, YEARLY_POSITION, MONTHLY_DATE, MONTHLY_POSITION, WEEKLY, EVERY_DAYS = range(1, 8)
PRECEDENCE = {DAILY: 3, EVERY_DAYS: 3, YEARLY_DATE: 2, YEARLY_POSITION: 2, MONTHLY_DATE: 1, MONTHLY_POSITION: 1}
"""On one date daily wins over yearly, monthly and weekly, whatever the order in the file."""
_DAYS = (rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA)
_WEEKDAYS, _WEEKEND = _DAYS[1:6], (_DAYS[0], _DAYS[6])
_DAY_ITEM, _WEEKDAY_ITEM, _WEEKEND_ITEM, _FIRST_DAY_ITEM = 0, 1, 2, 3


MOST_BASES = 50
"""Calendars derived one from the other; Project itself has two."""
MOST_DAYS = 5_000_000
"""That all calendars of a file are laid out for: three hundred calendars over forty years."""


@dataclass(slots=True)
class _Budget:
    """Days that may still be laid out: a few lines can ask for thousands of years of exceptions."""

    days: int = MOST_DAYS

    def spend(self, days: int = 1) -> None:
        self.days -= days
        if self.days < 0:
            remedy = "Take out calendars that no task uses, or exceptions that recur."
            raise InputError(f"The calendars of the file lay out more than {MOST_DAYS:,} days in all. {remedy}")


@dataclass(slots=True)
class _Stated:
    """What one calendar says itself, by date and by weekday (Monday is 0)."""

    name: str
    base: str | None
    week: dict[int, Hours] = field(default_factory=dict)
    work_weeks: list[tuple[date, date, dict[int, Hours]]] = field(default_factory=list)
    exceptions: dict[date, tuple[Hours, str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.week or self.work_weeks or self.exceptions)


class ProjectCalendars:
    """Every calendar of a file, compiled when it is asked for; an empty derived one is the same as its base."""

    def __init__(self, elements: Iterable[Record], *, first: date, last: date) -> None:
        self.first = first
        self.last = last
        self.budget = _Budget()
        self.stated = {uid_of(e): _read(e, first, last, self.budget) for e in elements}
        self.compiled: dict[str, WorkingCalendar] = {}
        self.joined: dict[str, WorkingCalendar] = {}

    def key(self, uid: str | None) -> str | None:
        """Return the key of a calendar, or None where the file has none of that number; a loop of bases is an error."""
        seen: list[str] = []
        while uid is not None and uid in self.stated:
            if uid in seen or len(seen) > MOST_BASES:
                names = " -> ".join(self.stated[u].name for u in (*seen, uid))
                raise InputError(f"Calendars are derived from each other: {names}. Break the loop in Project.")
            seen.append(uid)
            found = self.stated[uid]
            if found.base is None or found.base not in self.stated or not found.is_empty:
                self._compile(uid)
                return uid
            uid = found.base
        return None

    def standard(self) -> str:
        """Return the key of the standard calendar, for a file that names none."""
        self.stated.setdefault("standard", _Stated("Standard", None, dict(STANDARD)))
        self._compile("standard")
        return "standard"

    def both(self, own: str, other: str) -> str:
        """Return the key of the times in which two calendars work; of the first alone, where there is none."""
        key = f"{own} and {other}"
        if key not in self.joined:
            self.budget.spend((self.last - self.first).days)
            both = intersection(key, self.compiled[own], self.compiled[other])
            self.joined[key] = both if both.intervals else self.compiled[own]
        return key

    def _compile(self, uid: str) -> None:
        if uid in self.compiled:
            return
        # Each day looks through the work weeks.
        self.budget.spend((self.last - self.first).days * (1 + len(self.stated[uid].work_weeks) // 10))
        intervals: list[tuple[int, int]] = []
        closures: dict[date, str] = {}
        day, start = self.first, minute_of(self.first)
        while day <= self.last:
            hours, reason = self._hours(uid, day)
            for a, b in hours:
                if intervals and intervals[-1][1] == start + a:
                    # A night shift is written as pieces of two days.
                    intervals[-1] = (intervals[-1][0], start + b)
                else:
                    intervals.append((start + a, start + b))
            if not hours and reason:
                closures[day] = reason
            day += timedelta(days=1)
            start += DAY
        if not intervals:
            remedy = "Give it working hours in Project: Change Working Time."
            raise InputError(f"The calendar '{self.stated[uid].name}' has no working time at all. {remedy}")
        self.compiled[uid] = WorkingCalendar(self.stated[uid].name, intervals, closures)

    def _hours(self, uid: str, day: date) -> tuple[Hours, str]:
        """Exceptions first, then work weeks, then the week's days, then the base calendar."""
        found = self.stated[uid]
        for _ in range(MOST_BASES):
            if day in found.exceptions:
                return found.exceptions[day]
            for first, last, week in found.work_weeks:
                if first <= day <= last and day.weekday() in week:
                    return week[day.weekday()], ""
            if day.weekday() in found.week:
                return found.week[day.weekday()], ""
            base = self.stated.get(found.base) if found.base is not None else None
            if base is None or base is found:
                break
            found = base
        return STANDARD.get(day.weekday(), ()) if not found.week else (), ""


def _read(element: Record, first: date, last: date, budget: _Budget) -> _Stated:
    base = element.get("BaseCalendarUID")
    stated = _Stated(element.get("Name") or uid_of(element), None if base in (None, "-1", "0") else base)
    stated.week |= _week_of(element)
    days_off = (day for day in children(element, "WeekDays/WeekDay") if not code_of(day, "DayType"))
    dated = [(_days_of_period(day, first, last), _hours_of(day), "day off") for day in days_off]
    exceptions = list(children(element, "Exceptions/Exception"))
    if exceptions:
        # The block repeats the old form's days with their recurrence: both together would count twice.
        in_order = sorted(exceptions, key=lambda e: PRECEDENCE.get(code_of(e, "Type", DAILY), 0))
        dated = [(_days_of(e, first, last), _hours_of(e), e.get("Name") or "day off") for e in in_order]
    for days, hours, name in dated:
        for day_off in days:
            budget.spend()
            stated.exceptions[day_off] = hours, name
    for week in children(element, "WorkWeeks/WorkWeek"):
        span = _period(week)
        if span:
            stated.work_weeks.append((*span, _week_of(week)))
    return stated


def _week_of(element: Record) -> dict[int, Hours]:
    kinds = ((day, code_of(day, "DayType")) for day in children(element, "WeekDays/WeekDay"))
    return {(kind + 5) % 7: _hours_of(day) for day, kind in kinds if kind}


def _hours_of(day: Record) -> Hours:
    if day.get("DayWorking") == "0":
        return ()
    out = []
    for time in children(day, "WorkingTimes/WorkingTime"):
        start, end = _clock(time.get("FromTime")), _clock(time.get("ToTime"))
        # Midnight as an end is the end of the day; from midnight to midnight is all of it.
        out.append((start, end or DAY))
    return tuple(sorted(out))


def _clock(text: str | None) -> int:
    if not text:
        return 0
    hours, minutes = text.split(":")[:2]
    return int(hours) * 60 + int(minutes)


def _period(element: Record) -> tuple[date, date] | None:
    """Return the first and last day, both inclusive: the end is written as 23:59 of the last day."""
    period = next(children(element, "TimePeriod"), None)
    if period is None:
        return None
    first, last = moment_of(period, "FromDate"), moment_of(period, "ToDate")
    return (first.date(), last.date()) if first and last else None


def _days_of_period(element: Record, first: date, last: date) -> Iterator[date]:
    span = _period(element)
    if span is None:
        return
    day = max(span[0], first)
    while day <= min(span[1], last):
        yield day
        day += timedelta(days=1)


def _days_of(exception: Record, first: date, last: date) -> Iterator[date]:
    """Return the days of an exception, between the first and last day that matter."""
    kind, span = code_of(exception, "Type", DAILY), _period(exception)
    if span is None:
        return
    if kind == DAILY:
        yield from _days_of_period(exception, first, last)
        return
    rule = _recurrence(exception, kind)
    if rule is None:
        return
    limit: Mapping[str, object] = {"until": _noon(min(span[1], last))}
    if exception.get("EnteredByOccurrences") == "1":
        limit = {"count": max(1, code_of(exception, "Occurrences", 1))}
    for moment in rrule.rrule(dtstart=_noon(span[0]), wkst=rrule.SU, **rule, **limit):  # type: ignore[arg-type]
        if moment.date() > last:
            return
        if moment.date() >= first:
            yield moment.date()


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
