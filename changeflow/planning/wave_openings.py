"""The days on which a service may go live: the first working day of each week, month or pay period."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from changeflow.calendar.periods import MeetingDates, Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.planning.wave_frame import Frame, first_forecast
from changeflow.programme.definition import ServiceFile
from changeflow.roadmap.model.pathways import WEEK
from changeflow.values.moments import day_of, minute_of
from changeflow.values.words import Kind

LONGEST_BREAK = timedelta(days=62)
"""The longest time from the start of a month or pay period to its first working day: a school's summer holidays."""


def start_windows(frame: Frame, service: ServiceFile) -> list[date]:
    """Return the days on which a service may go live.

    The first is the requested day, or the plan's forecast, before which the service's own work is unfinished.
    """
    first, last = _span(frame, service)
    days = _opening_days(frame, service, frame.programme.definition.programme.start, last)
    return [d for d in days if d >= first]


def with_announced(frame: Frame, service: ServiceFile, days: Sequence[date], announced: date | None) -> list[date]:
    """Return the days for one school; if any week will do, a day it was given replaces that week's day."""
    first, last = _span(frame, service)
    if (
        announced is None
        or not first <= announced <= last
        or _opens_on(frame, service)[1] is not None
        or not at_work(frame, service).works_on(announced)
    ):
        return list(days)
    week = frame.week_of(announced)
    return sorted([announced, *(d for d in days if frame.week_of(d) != week)])


def _span(frame: Frame, service: ServiceFile) -> tuple[date, date]:
    """Return the first and the last day on which a service may go live."""
    programme, asked = frame.programme, frame.asked(service.service)
    forecast = first_forecast(frame, service)
    first = asked.earliest or (forecast[1] if forecast else programme.definition.programme.start)
    return first, min(frame.latest, asked.latest or frame.latest)


def as_working_day(frame: Frame, service: str, day: date) -> date:
    """Return the working day of a go-live that was given as the first of a month or pay period."""
    file = frame.programme.service(service)
    periods = _opens_on(frame, file)[1]
    if periods is None or not periods.starts_within(day, day):
        return day
    return day_of(at_work(frame, file).next_working(minute_of(day)))


def not_an_opening(frame: Frame, service: ServiceFile, day: date) -> str:
    """Return why a service cannot go live on a day; empty if it can, or if any day will do."""
    opens, periods = _opens_on(frame, service)
    if periods is None or day in _opening_days(frame, service, day, day):
        return ""
    return f"{service.name} goes live on {opens}"


def is_missed(frame: Frame, service: ServiceFile, day: date, done: int) -> bool:
    """Tell whether work that ends at an instant is too late for a go-live on a day."""
    if _opens_on(frame, service)[1] is None:
        return done >= minute_of(day + timedelta(days=1))
    return done > at_work(frame, service).next_working(minute_of(day))


def at_work(frame: Frame, service: ServiceFile) -> WorkingCalendar:
    """Return the days on which people are present for a go-live, by its tasks' calendar without blackouts."""
    lives = sorted(t.calendar for t in frame.programme.tasks(kind=Kind.GO_LIVE, service=service.service))
    base = next((b for b in ("every_day", "office") if lives and lives[0].startswith(b)), "term" if lives else "office")
    return frame.calendars.get(frame.calendars.key(base, frozenset(frame.programme.schools_of(service.service))))


def _opens_on(frame: Frame, service: ServiceFile) -> tuple[str, Periods | None]:
    """Return a description of a service's go-live days, and its periods; none if any week will do."""
    programme, asked = frame.programme, frame.asked(service.service).opens_on
    if asked == WEEK:
        return WEEK, None
    if asked is not None:
        key = frame.calendars.start_window_key(asked, programme.schools_of(service.service))
        periods = frame.calendars.periods.get(key or "")
    else:
        lives = programme.tasks(kind=Kind.GO_LIVE, service=service.service)
        key = next((t.starts_on for t in lives if t.starts_on), None)
        periods = programme.roadmap.periods.get(key or "")
    if isinstance(periods, MeetingDates):
        return f"a day on which “{periods.name}” meets", periods
    return f"the first working day of a {(key or WEEK).partition(',')[0].replace('_', ' ')}", periods


def _opening_days(frame: Frame, service: ServiceFile, first: date, last: date) -> list[date]:
    """Return the first working days of weeks, months or pay periods in a span of days."""
    days = dict.fromkeys(_first_days(frame, service, first, last))
    return [d for d in days if first <= d <= last]


def _first_days(frame: Frame, service: ServiceFile, first: date, last: date) -> Iterator[date]:
    calendar, periods = at_work(frame, service), _opens_on(frame, service)[1]
    if periods is not None:
        for opens in periods.starts_within(first - LONGEST_BREAK, last):
            yield day_of(calendar.next_working(opens))
        return
    for week in range(frame.week_of(first), frame.week_of(last) + 1):
        monday = frame.start + timedelta(weeks=week)
        day = day_of(calendar.next_working(minute_of(monday)))
        if frame.week_of(day) == week:  # A week of holidays is skipped.
            yield day
