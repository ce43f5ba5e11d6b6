"""What cannot be true in an MSPDI file: numbers given twice, dates that no calendar reaches. All of it at once."""

from collections.abc import Iterator
from datetime import date

from changeflow.intake.mspdi.fields import moment_of, text_of
from changeflow.intake.mspdi.records import Record, children
from changeflow.values.problem import Problem

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
        name, uid = text_of(task, "Name") or "a task without a name", text_of(task, "UID")
        line = task.line
        if uid is None:
            yield Problem(file=file, line=line, what=f"Task '{name}' has no UID.", remedy=AGAIN)
        elif uid in seen and text_of(task, "IsNull") != "1":
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
            what = f"{whose}: '{(text_of(record, name) or '')[:40]}' is no date ({name})."
            remedy = "Dates are written 2027-03-01T08:00:00."
            yield Problem(file=file, line=record.line, what=what, remedy=remedy)
            continue
        if moment is not None and not EARLIEST <= moment.date() <= LATEST:
            what = f"{whose}: {moment.date()} ({name}) lies outside the years 1984 to 2149."
            yield Problem(file=file, line=record.line, what=what, remedy="Correct it in Project.")
