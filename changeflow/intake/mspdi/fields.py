"""Fields of an MSPDI element: texts, numbers, moments, durations, lags; and what cannot be true in them."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from changeflow.intake.mspdi.records import Record, children
from changeflow.values.duration import Duration, Unit
from changeflow.values.limits import LONGEST_YEARS, MOST
from changeflow.values.problem import Problem

ESTIMATED = 32
"""Added to the code of a format for a duration that is only estimated."""
ELAPSED_FORMATS = {4, 6, 8, 10, 12}
PERCENT_FORMATS = {19, 20}
LONGEST = LONGEST_YEARS * 366 * 24 * 60
MOST_PERCENT = 10_000
_MOST_CHARACTERS = 60
_DURATION = re.compile(
    r"^(?P<sign>-?)P(?:(?P<days>\d+)D)?T?(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?$"
)


def number_of(record: Record, name: str, default: float = 0) -> float:
    """Read a number; `ValueError` where it is none, or larger than any that a schedule has."""
    text = record.get(name)
    if text is None:
        return default
    value = float(text)
    if not -MOST <= value <= MOST:
        raise ValueError(f"'{text[:20]}' is too large ({name})")
    return value


def code_of(record: Record, name: str, default: int = 0) -> int:
    return int(number_of(record, name, default))


def uid_of(record: Record) -> str:
    return record.get("UID") or ""


def moment_of(record: Record, name: str) -> datetime | None:
    """Read a local datetime; a zone, which Project never writes, is left out."""
    text = record.get(name)
    return _moment(text) if text else None


@lru_cache(maxsize=50_000)
def _moment(text: str) -> datetime:
    # The same few dates are in most tasks, and each is asked for several times.
    return datetime.fromisoformat(text).replace(tzinfo=None)


def minutes_of(record: Record, name: str) -> int | None:
    """Read `PT40H0M0S` as whole minutes: working hours already, so that no length of a day plays a part."""
    text = record.get(name)
    if not text:
        return None
    match = _DURATION.match(text) if len(text) <= _MOST_CHARACTERS else None
    if match is None:
        raise ValueError(f"'{text[:_MOST_CHARACTERS]}' is no duration ({name})")
    parts = {unit: float(match[unit] or 0) for unit in ("days", "hours", "minutes", "seconds")}
    total = round(parts["days"] * 1440 + parts["hours"] * 60 + parts["minutes"] + parts["seconds"] / 60)
    if total > LONGEST:
        raise ValueError(f"'{text}' is longer than {LONGEST_YEARS} years ({name})")
    return -total if match["sign"] else total


def is_elapsed(format_: int) -> bool:
    return format_ % ESTIMATED in ELAPSED_FORMATS


def lag_of(link: Record) -> Duration:
    """Read a lag: tenths of a minute, or the percentage itself."""
    amount, format_ = number_of(link, "LinkLag"), code_of(link, "LagFormat", 7)
    if format_ % ESTIMATED in PERCENT_FORMATS:
        if abs(amount) > MOST_PERCENT:
            raise ValueError(f"a lag of {amount:.0f}% is too long")
        return Duration(round(amount), Unit.PERCENT)
    if abs(amount) > 10 * LONGEST:
        raise ValueError(f"a lag of {amount:.0f} tenths of a minute is longer than {LONGEST_YEARS} years")
    return Duration(round(amount / 10), Unit.ELAPSED if is_elapsed(format_) else Unit.WORKING)


EARLIEST, LATEST = date(1984, 1, 1), date(2149, 12, 31)
"""The days that Microsoft Project knows."""
TASK_DATES = (
    *("Start", "Finish", "ConstraintDate", "Deadline", "ActualStart", "ActualFinish"),
    *("Stop", "Resume", "ManualStart", "ManualFinish"),
)
PROJECT_DATES = ("StartDate", "FinishDate", "StatusDate")
AGAIN = "Save the file from Microsoft Project again."


def problems_of(root: Record, file: str) -> Iterator[Problem]:
    """Yield what makes a file's tasks unreadable, with the line of each."""
    yield from _dates(root, "The project", PROJECT_DATES, file)
    seen: dict[str, str] = {}
    for task in children(root, "Tasks/Task"):
        name, uid = task.get("Name") or "a task without a name", task.get("UID")
        line = task.line
        if uid is None:
            yield Problem(file=file, line=line, what=f"Task '{name}' has no UID.", remedy=AGAIN)
        elif uid in seen and task.get("IsNull") != "1":
            what = f"Two tasks have the UID {uid}: '{seen[uid]}' and '{name}'."
            yield Problem(file=file, line=line, what=what, remedy=AGAIN)
        else:
            seen[uid] = name
        yield from _dates(task, f"Task '{name}'", TASK_DATES, file)


def _dates(record: Record, whose: str, names: tuple[str, ...], file: str) -> Iterator[Problem]:
    for name in names:
        try:
            moment = moment_of(record, name)
        except ValueError:
            what = f"{whose}: '{(record.get(name) or '')[:40]}' is no date ({name})."
            remedy = "Dates are written 2027-03-01T08:00:00."
            yield Problem(file=file, line=record.line, what=what, remedy=remedy)
            continue
        if moment is not None and not EARLIEST <= moment.date() <= LATEST:
            what = f"{whose}: {moment.date()} ({name}) lies outside the years 1984 to 2149."
            yield Problem(file=file, line=record.line, what=what, remedy="Correct it in Project.")
