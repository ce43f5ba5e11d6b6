"""Durations, lags and floats in words, each in its own unit."""

from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit, counted, days_in_words
from changeflow.values.moments import DAY

OFFICE = "office"
"""The key of a working-day calendar, for lengths that belong to no task."""


def day_unit(calendar: str) -> str:
    """Return the word for a calendar's day, from the calendar's key.

    >>> day_unit("term, northshire, training, around exams"), day_unit("office")
    ('school day', 'working day')
    """
    return "school day" if calendar.startswith("term") else "working day"


def float_in_words(roadmap: Roadmap, task: TaskId, minutes: int) -> str:
    """Write a float in its own unit: working days, school days, or whole calendar days, rounded down."""
    found = roadmap.tasks[task]
    if found.duration.unit is Unit.ELAPSED:
        size, unit = (DAY, "calendar day") if abs(minutes) >= DAY else (60, "hour")
        sign = "-" if minutes < 0 else ""
        return f"{sign}{counted(abs(minutes // size), unit)}"
    days = days_in_words(minutes, roadmap.minutes_per_day)
    return days.replace("day", day_unit(found.measured_on or found.calendar))


def critical_or_float(roadmap: Roadmap, task: TaskId, spare: int) -> str:
    """Write that a task is critical, or its float. Negative float is written too, because it shows how late the task
    is."""
    if 0 <= spare <= roadmap.slack_limit and roadmap.can_be_critical(task):
        return "critical"
    return float_in_words(roadmap, task, spare)


def length_in_words(length: Duration, minutes_per_day: int, calendar: str) -> str:
    """Write a duration or a lag in its own unit: `20 working days`, `30 calendar days`, `2 pay periods`.

    Working time belongs to a calendar, named by its key; days in term are school days.
    """
    amount = length.amount
    plural = "" if amount == 1 else "s"
    return {
        Unit.WORKING: days_in_words(amount, minutes_per_day).replace("day", day_unit(calendar)),
        Unit.ELAPSED: days_in_words(amount, 1440).replace("day", "calendar day"),
        Unit.SCHOOL_WEEKS: f"{amount} school week{plural}",
        Unit.PAY_PERIODS: f"{amount} pay period{plural}",
        Unit.TERMS: "a whole term" if amount == 1 else f"{amount} whole terms",
        Unit.PERCENT: f"{amount}% of its duration",
    }[length.unit]
