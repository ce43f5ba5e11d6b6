"""The settings of an MSPDI file: how long its days, weeks and months are, and when a day begins."""

from collections.abc import Mapping
from dataclasses import dataclass

from changeflow.intake.mspdi.dates import DayTimes
from changeflow.intake.mspdi.fields import Lengths, has_long_hours, number_of
from changeflow.intake.mspdi.records import Record
from changeflow.intake.mspdi.remarks import Remarks

DAY, WEEK, MONTH = 480, 2400, 20
"""Minutes of a day and of a week, and days of a month, where a file does not say: Project's own."""
_LENGTHS = ("Duration", "RemainingDuration", "ActualDuration")


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What turns a file's figures into working time."""

    lengths: Lengths
    times: DayTimes


def settings_of(root: Record, elements: Mapping[str, Record], remarks: Remarks) -> ProjectSettings:
    """Read the settings of a file; one that cannot be is noted, and Project's own is taken."""
    day = _setting(root, "MinutesPerDay", DAY, 24 * 60, remarks)
    week = _setting(root, "MinutesPerWeek", day * WEEK // DAY, 7 * 24 * 60, remarks)
    month = _setting(root, "DaysPerMonth", MONTH, 31, remarks) * day
    texts = (text for element in elements.values() for name in _LENGTHS if (text := element.get(name)) is not None)
    is_clock = any(has_long_hours(text, day) for text in texts if "D" in text)
    if is_clock:
        said = "Its durations count days of 24 hours: P1DT16H is 40 hours."
        remarks.note("durations", said)
    times = DayTimes(_time(root, "DefaultStartTime", 480), _time(root, "DefaultFinishTime", 1020))
    return ProjectSettings(Lengths(day, week, month, is_clock), times)


def _setting(root: Record, name: str, usual: int, most: int, remarks: Remarks) -> int:
    text = root.get(name) or "0"
    if text == "0":
        return usual
    try:
        value = round(number_of(root, name))
    except ValueError:
        value = 0
    if 0 < value <= most:
        return value
    remarks.note("settings", f"The project's {name} '{text[:20]}' is not used: {usual} is taken.")
    return usual


def _time(root: Record, name: str, usual: int) -> int:
    text = (root.get(name) or "").rpartition("T")[2]
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes[:2].isdigit() and int(hours) < 24 and int(minutes[:2]) < 60):
        return usual
    return int(hours) * 60 + int(minutes[:2])
