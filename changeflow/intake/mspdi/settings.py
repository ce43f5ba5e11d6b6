"""The settings of an MSPDI file: how long its days, weeks and months are, and when a day begins."""

from collections.abc import Mapping
from dataclasses import dataclass

from changeflow.intake.mspdi.dates import DayTimes
from changeflow.intake.mspdi.fields import Lengths, has_days, has_long_hours, number_of
from changeflow.intake.mspdi.records import Record
from changeflow.intake.mspdi.remarks import Remarks

DAY, WEEK, MONTH = 480, 2400, 20
"""Project's own defaults: minutes of a day and of a week, and days of a month."""
_LENGTHS = ("Duration", "RemainingDuration", "ActualDuration")


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The settings that turn a file's figures into working time."""

    lengths: Lengths
    times: DayTimes


def settings_of(root: Record, elements: Mapping[str, Record], remarks: Remarks) -> ProjectSettings:
    """Read the settings of a file; note an impossible one, and use Project's default instead."""
    day = _setting(root, "MinutesPerDay", DAY, 24 * 60, remarks)
    week = _setting(root, "MinutesPerWeek", day * WEEK // DAY, 7 * 24 * 60, remarks)
    texts = [text for element in elements.values() for name in _LENGTHS if (text := element.get(name)) is not None]
    # Project 98 writes 0 days a month, which matters only where a length is in months.
    has_months = root.get("DaysPerMonth") != "0" or any(has_days(text) for text in texts)
    month = (_setting(root, "DaysPerMonth", MONTH, 31, remarks) if has_months else MONTH) * day
    is_clock = any(has_long_hours(text, day) for text in texts if "D" in text)
    if is_clock:
        said = "Its durations count days of 24 hours: P1DT16H is 40 hours."
        remarks.note("durations", said)
    times = DayTimes(_time(root, "DefaultStartTime", 480, remarks), _time(root, "DefaultFinishTime", 1020, remarks))
    return ProjectSettings(Lengths(day, week, month, is_clock), times)


def _setting(root: Record, name: str, usual: int, most: int, remarks: Remarks) -> int:
    text = root.get(name)
    if text is None:
        return usual
    try:
        value = round(number_of(root, name))
    except ValueError:
        value = 0
    if 0 < value <= most:
        return value
    remedy = "Correct it in Project: File, Options, Schedule"
    remarks.note("settings", f"The project's {name} '{text[:20]}' cannot be right: {usual} is used. {remedy}.")
    return usual


def _time(root: Record, name: str, usual: int, remarks: Remarks) -> int:
    given = root.get(name)
    text = (given or "").rpartition("T")[2]
    hours, _, minutes = text.partition(":")
    if hours.isdigit() and minutes[:2].isdigit() and int(hours) < 24 and int(minutes[:2]) < 60:
        return int(hours) * 60 + int(minutes[:2])
    if given is not None:
        taken = f"{usual // 60:02}:{usual % 60:02}"
        remarks.note("settings", f"The project's {name} '{given[:20]}' is not a time of day: {taken} is used.")
    return usual
