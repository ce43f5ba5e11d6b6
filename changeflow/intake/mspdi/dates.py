"""Read the dates of an MSPDI file's tasks: which are valid, and which mean “no date” and are ignored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from changeflow.intake.mspdi.fields import Moment, code_of, parsed_moment
from changeflow.intake.mspdi.records import Record
from changeflow.intake.mspdi.remarks import Remarks, named, task_named
from changeflow.values.moments import DAY, minute_of

EARLIEST, LATEST = date(1984, 1, 2), date(2149, 12, 31)
"""The days that Microsoft Project supports; the first, 1 January 1984, is written if there is no date."""
ENDLESS = 9000
"""From this year on, a date means “no date”: libraries write 9999-12-31."""
NO_DATE = {"NA", "N/A", "NONE", "NULL", "NIL", "NAT", "-", "--", "0"}
ZERO_DATES = {date(1, 1, 1), date(1601, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31)} | {
    *(date(1900, 1, 1), date(1904, 1, 1), date(1969, 12, 31), date(1970, 1, 1), date(1970, 1, 2), date(1980, 1, 1)),
    date(1984, 1, 1),
}
"""The first day of some computer clocks, which programs write if they have no date."""
BINDING = {2, 3, 5, 7}
"""The constraint types to which an early date would make a difference: must, and no later than."""
FINISHES = {"Finish", "ActualFinish", "ManualFinish", "Deadline"}
FINISH_TYPES = {3, 6, 7}
"""The constraint types that concern a finish."""
TASK_DATES = (
    *("Start", "Finish", "ConstraintDate", "Deadline", "ActualStart", "ActualFinish"),
    *("Stop", "Resume", "ManualStart", "ManualFinish"),
)
SPELLING = "Dates are written 2027-03-01T08:00:00."
CORRECT = "Correct it in Project."
_KIND = "dates that mean 'no date'"


@dataclass(frozen=True, slots=True)
class DayTimes:
    """When a day begins and ends for a date without a time of day: minutes from midnight."""

    start: int = 480
    finish: int = 1020


@dataclass(slots=True)
class DateReader:
    """Reads the dates of tasks."""

    remarks: Remarks
    times: DayTimes

    def dates_of(self, task: Record) -> dict[str, datetime]:
        """Return a task's dates by their names; note those that mean “no date”, and refuse those that are not dates."""
        found: dict[str, datetime] = {}
        ignored: list[str] = []
        for name in TASK_DATES:
            text = task.get(name)
            if text is None:
                continue
            moment = self._moment(task, name, text, ignored)
            if moment is not None:
                found[name] = self._timed(moment, is_finish=name in FINISHES or _is_of_finish(task, name))
        if ignored:
            what = (
                "is a placeholder for 'no date', so it is"
                if len(ignored) == 1
                else "are placeholders for 'no date', so they are"
            )
            self.remarks.note(_KIND, f"{task_named(task)}: {' and '.join(ignored)} {what} ignored.")
        return found

    def _moment(self, task: Record, name: str, text: str, ignored: list[str]) -> Moment | None:
        is_used = name != "ConstraintDate" or _constraint(task) not in (0, 1)
        if _is_none(text):
            ignored.append(f"{name} '{text}'")
            return None
        try:
            moment = parsed_moment(text)
        except ValueError:
            if is_used:
                what = f"{named(task)}: '{text[:40]}' is not a date ({name})."
                self.remarks.refuse(task, what, kind="date", remedy=SPELLING)
            else:
                ignored.append(f"{name} '{text[:40]}'")
            return None
        day = moment.at.date()
        if moment.has_zone:
            said = "Dates with a time zone are read as the local time that they show; the zone is left out."
            if said not in self.remarks.notes:
                self.remarks.note("time zones", said)
        if EARLIEST <= day <= LATEST:
            return moment
        decides = name == "ConstraintDate" and _constraint(task) in BINDING and day not in ZERO_DATES
        if (day < EARLIEST and not decides) or day.year >= ENDLESS or not is_used:
            ignored.append(f"{name} {day}")
        else:
            self._refuse_year(task, named(task), day, name)
        return None

    def _refuse_year(self, record: Record, whose: str, day: date, name: str) -> None:
        what = f"{whose}: {day} ({name}) is outside the years 1984 to 2149."
        self.remarks.refuse(record, what, kind="year", remedy=CORRECT)

    def _timed(self, moment: Moment, *, is_finish: bool) -> datetime:
        if not moment.is_day:
            return moment.at
        minutes = self.times.finish if is_finish else self.times.start
        return moment.at.replace(hour=minutes // 60 % 24, minute=minutes % 60)

    def project_date(self, root: Record, name: str) -> datetime | None:
        """Read a date of the project itself."""
        text = root.get(name)
        if text is None:
            return None
        if _is_none(text):
            self.remarks.note(_KIND, f"The project's {name} '{text}' is a placeholder for 'no date', so it is ignored.")
            return None
        try:
            moment = parsed_moment(text)
        except ValueError:
            what = f"The project: '{text[:40]}' is not a date ({name})."
            self.remarks.refuse(root, what, kind="date", remedy=SPELLING)
            return None
        day = moment.at.date()
        if EARLIEST <= day <= LATEST:
            return self._timed(moment, is_finish=name == "FinishDate")
        if day in ZERO_DATES or name == "StatusDate" or (name == "FinishDate" and root.get("ScheduleFromStart") != "0"):
            self.remarks.note(_KIND, f"The project's {name} {day} is a placeholder for 'no date', so it is ignored.")
        else:
            self._refuse_year(root, "The project", day, name)
        return None


def _is_none(text: str) -> bool:
    return text.upper() in NO_DATE or text.startswith("0000-00-00")


def minute_in(dates: Mapping[str, datetime], name: str) -> int | None:
    """Return one of a task's dates as minutes."""
    moment = dates.get(name)
    return None if moment is None else minute_of(moment)


def end_in(dates: Mapping[str, datetime], name: str) -> int | None:
    """Return an end: 23:59 means the end of the day, as in the last day of a calendar's exception."""
    return end_at(dates.get(name))


def end_at(moment: datetime | None) -> int | None:
    at = None if moment is None else minute_of(moment)
    return at if at is None or at % DAY != DAY - 1 else at + 1


def seconds_in(dates: Mapping[str, datetime], name: str) -> float:
    """Return the fraction of a minute in one of a task's dates."""
    moment = dates.get(name)
    return 0.0 if moment is None else (moment.second + moment.microsecond / 1e6) / 60


def _constraint(task: Record) -> int:
    try:
        return code_of(task, "ConstraintType")
    except ValueError:
        return 0


def _is_of_finish(task: Record, name: str) -> bool:
    return name == "ConstraintDate" and _constraint(task) in FINISH_TYPES
