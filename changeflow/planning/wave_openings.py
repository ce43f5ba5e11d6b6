"""The days on which a service may go live: the first working day of each week, month or pay period."""

from collections.abc import Sequence
from datetime import date, timedelta

from changeflow.calendar.periods import MeetingDates, Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.planning.wave_frame import Frame, first_forecast
from changeflow.programme.assembly.go_live_windows import FirstWorkingDays
from changeflow.programme.assembly.task_periods import EVERY_DAY
from changeflow.programme.definition import ServiceFile
from changeflow.roadmap.model.pathways import WEEK
from changeflow.values.base import TaskId
from changeflow.values.moments import day_of, format_day, minute_of
from changeflow.values.words import Kind


def start_windows(frame: Frame, service: ServiceFile) -> list[date]:
    """Return the days on which a service may go live.

    The first is the requested day, or the plan's forecast, before which the service's own work is unfinished.
    """
    first, last = _span(frame, service)
    days = _opening_days(frame, service, frame.programme.definition.programme.start, last)
    return [d for d in days if d >= first]


def with_announced(frame: Frame, service: ServiceFile, days: Sequence[date], announced: date | None) -> list[date]:
    """Return the days for one school. If any week will do, a day announced to it replaces that week's day."""
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
    """Return the working day of a go-live whose date is the first of a month or pay period."""
    periods = _opens_on(frame, frame.programme.service(service))[1]
    return periods.working_day(day) if isinstance(periods, FirstWorkingDays) else day


def not_an_opening(frame: Frame, service: ServiceFile, day: date) -> str:
    """Return why a service cannot go live on a day; empty if it can, or if any day will do."""
    opens, periods = _opens_on(frame, service)
    if periods is None or day in _opening_days(frame, service, day, day):
        return ""
    return f"{service.name} goes live on {opens}"


def first_day_reason(frame: Frame, service: ServiceFile) -> str:
    """Return why a service cannot go live before the first of its days."""
    opens, periods = _opens_on(frame, service)
    only = f", and {service.name} goes live on {opens}" if periods is not None else ""
    if (earliest := frame.asked(service.service).earliest) is not None:
        return f"rollout.yaml allows go-lives with {service.name} from {format_day(earliest)}{only}"
    if (last := last_before(frame, service)) is not None:
        name, ends = frame.programme.roadmap.tasks[last].name, frame.programme.days_of(last)[1]
        return f"“{name}” comes first and ends on {format_day(ends)}{only}"
    if (found := first_forecast(frame, service)) is not None:
        return f"the plan has its first go-live on {format_day(found[1])}"
    return f"the programme starts on {format_day(frame.programme.definition.programme.start)}{only}"


def last_before(frame: Frame, service: ServiceFile) -> TaskId | None:
    """Return the task before a service's next go-live that ends last; None if nothing comes before it."""
    programme, first = frame.programme, first_forecast(frame, service)
    before = [k.predecessor for k in programme.roadmap.links if first and k.successor == first[0].id]
    return max(before, key=lambda t: (programme.timed(t).early_finish, t), default=None)


def is_missed(frame: Frame, service: ServiceFile, day: date, done: int) -> bool:
    """Return whether work that ends at an instant is too late for a go-live on a day."""
    if _opens_on(frame, service)[1] is None:
        return done >= minute_of(day + timedelta(days=1))
    return done > at_work(frame, service).next_working(minute_of(day))


def at_work(frame: Frame, service: ServiceFile) -> WorkingCalendar:
    """Return the days on which people are present for a go-live, by its tasks' calendar without blackouts."""
    return frame.calendars.get(_worked(frame, service))


def _worked(frame: Frame, service: ServiceFile) -> str:
    lives = sorted(t.calendar for t in frame.programme.tasks(kind=Kind.GO_LIVE, service=service.service))
    base = next((b for b in (EVERY_DAY, "office") if lives and lives[0].startswith(b)), "term" if lives else "office")
    return frame.calendars.key(base, frozenset(frame.programme.schools_of(service.service)))


def _opens_on(frame: Frame, service: ServiceFile) -> tuple[str, Periods | None]:
    """Return a description of a service's go-live days, and its start windows; none if any week will do."""
    programme, asked = frame.programme, frame.asked(service.service).opens_on
    if asked == WEEK:
        return WEEK, None
    lives = programme.tasks(kind=Kind.GO_LIVE, service=service.service)
    window = asked or next((t.starts_on.partition(",")[0] for t in lives if t.starts_on), None)
    schools = frozenset(programme.schools_of(service.service))
    key = frame.calendars.go_live_window_key(window, schools, _worked(frame, service))
    periods = frame.calendars.periods.made[key] if key is not None else None
    if isinstance(periods, MeetingDates):
        return f"a day on which “{periods.name}” meets", periods
    return f"the first working day of a {(window or WEEK).replace('_', ' ')}", periods


def _opening_days(frame: Frame, service: ServiceFile, first: date, last: date) -> list[date]:
    """Return the days of start windows, or the first working days of weeks, in a span of days."""
    periods = _opens_on(frame, service)[1]
    if periods is not None:
        return [day_of(opens) for opens in periods.starts_within(first, last)]
    calendar, days = at_work(frame, service), list[date]()
    for week in range(frame.week_of(first), frame.week_of(last) + 1):
        monday = frame.start + timedelta(weeks=week)
        day = day_of(calendar.next_working(minute_of(monday)))
        if frame.week_of(day) == week and first <= day <= last:  # A week of holidays is skipped.
            days.append(day)
    return days
