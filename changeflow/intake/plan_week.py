"""The working week and closed days of a plan's own calendar, as a programme's file says them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from changeflow.calendar.working import WorkingCalendar
from changeflow.intake.mspdi.exceptions import USUAL_HOURS
from changeflow.programme.assembly.day_layers import WEEKDAYS
from changeflow.values.moments import DAY, day_of, minute_of

MOST_CLOSED = 400
"""The most closures to write."""
Hours = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PlanWeek:
    """A working week: its days, the hours of each in minutes from midnight, and the days that are closed."""

    days: tuple[str, ...]
    hours: Hours
    closed: tuple[tuple[str, date, date], ...]
    """The name, first day and last day of each closure."""
    odd_days: int = 0
    """Days with other hours, which a programme cannot have."""

    @property
    def minutes_per_day(self) -> int:
        return sum(end - start for start, end in self.hours)

    @property
    def as_yaml(self) -> dict[str, object]:
        hours = [{"start": _clock(start), "end": _clock(end)} for start, end in self.hours]
        return {"days": list(self.days), "hours": hours}


def week_of(calendar: WorkingCalendar, first: date, last: date) -> PlanWeek:
    """Return the usual week of a calendar and its closures between two days."""
    worked = _by_day(calendar, first, last)
    usual = _usual(worked, first, last)
    known = [hours for hours in usual if hours]
    common = Counter(known).most_common(1)[0][0] if known else tuple(USUAL_HOURS)
    if any(end >= DAY for _, end in common):
        common = tuple(USUAL_HOURS)
    closures = calendar.laid_out.closures
    closed, odd = list[tuple[str, date, date]](), 0
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        hours, expected = worked.get(day, ()), usual[day.weekday()]
        if expected and not hours:
            _close(closed, closures.get(day) or "Closed", day)
        elif hours != (common if expected else ()):
            odd += 1
    days = tuple(name for name, hours in zip(WEEKDAYS, usual, strict=True) if hours) or WEEKDAYS[:5]
    return PlanWeek(days, common, tuple(closed[:MOST_CLOSED]), odd)


def _by_day(calendar: WorkingCalendar, first: date, last: date) -> dict[date, Hours]:
    low, high = minute_of(first), minute_of(last) + DAY
    found: dict[date, Hours] = {}
    for start, end in calendar.intervals_within(low, high):
        if start >= low:
            midnight = minute_of(day_of(start))
            found[day_of(start)] = (*found.get(day_of(start), ()), (start - midnight, end - midnight))
    return found


def _usual(worked: dict[date, Hours], first: date, last: date) -> list[Hours]:
    seen: Sequence[Counter[Hours]] = [Counter() for _ in WEEKDAYS]
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        seen[day.weekday()][worked.get(day, ())] += 1
    return [counter.most_common(1)[0][0] if counter else () for counter in seen]


def _close(closed: list[tuple[str, date, date]], name: str, day: date) -> None:
    if closed and closed[-1][0] == name and closed[-1][2] + timedelta(days=1) == day:
        closed[-1] = (name, closed[-1][1], day)
    else:
        closed.append((name, day, day))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
