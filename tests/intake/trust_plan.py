"""A plan as Microsoft Project saves it: a trust moves payroll and finance, with its own dates in the file."""

from itertools import pairwise
from pathlib import Path

from tests.intake.project_files import WEEK, after, fields

HEAD = '<?xml version="1.0"?><Project xmlns="http://schemas.microsoft.com/project"><Title>{title}</Title>'
TASKS = (
    # UID, name, level, hours, start, finish, more
    (1, "Payroll", 1, 0, "2027-01-04T08:00:00", "2027-06-11T17:00:00", ""),
    (2, "Agree requirements", 2, 40, "2027-01-04T08:00:00", "2027-01-08T17:00:00", ""),
    (3, "Build the payroll system", 2, 320, "2027-01-11T08:00:00", "2027-03-05T17:00:00", after(2)),
    (4, "Wave 1", 2, 0, "2027-03-08T08:00:00", "2027-04-05T17:00:00", ""),
    (5, "Ash Primary", 3, 0, "2027-03-08T08:00:00", "2027-04-05T17:00:00", ""),
    (6, "Train staff", 4, 160, "2027-03-08T08:00:00", "2027-04-02T17:00:00", after(3)),
    (7, "Go live", 4, 8, "2027-04-05T08:00:00", "2027-04-05T17:00:00", after(6)),
    (8, "Wave 2", 2, 0, "2027-04-06T08:00:00", "2027-05-31T17:00:00", ""),
    (9, "Beech School", 3, 0, "2027-04-06T08:00:00", "2027-05-31T17:00:00", ""),
    (10, "Train staff", 4, 80, "2027-04-06T08:00:00", "2027-04-19T17:00:00", after(7)),
    (11, "Go live", 4, 8, "2027-05-31T08:00:00", "2027-05-31T17:00:00",
     after(10) + fields(ConstraintType=4, ConstraintDate="2027-05-31T08:00:00")),
    (12, "Finance", 1, 0, "2027-02-01T08:00:00", "2027-03-12T17:00:00", ""),
    (13, "Choose the ledger", 2, 80, "2027-02-01T08:00:00", "2027-02-12T17:00:00",
     fields(Manual=1, ManualStart="2027-02-01T08:00:00", ManualFinish="2027-02-12T17:00:00")),
    (14, "Move <old> balances & test", 2, 160, "2027-02-15T08:00:00", "2027-03-12T17:00:00", after(13)),
    (15, "Everything is live", 1, 0, "2027-05-31T17:00:00", "2027-05-31T17:00:00", after(11) + after(14)),
)  # fmt: skip


def _escaped(name: str) -> str:
    return name.replace("&", "&amp;").replace("<", "&lt;")


def trust_plan(folder: Path, *, title: str = "Central services", more: dict[int, str] | None = None) -> Path:
    """Write the plan; `more` has further elements of tasks by their UID."""
    calendar = (
        "<StartDate>2027-01-04T08:00:00</StartDate><CalendarUID>1</CalendarUID><Calendars><Calendar><UID>1</UID>"
        f"<Name>Standard</Name><BaseCalendarUID>-1</BaseCalendarUID><WeekDays>{WEEK}</WeekDays></Calendar></Calendars>"
    )
    parents = {n for (n, _, level, *_), (_, _, below, *_) in pairwise(TASKS) if below > level}
    tasks = "".join(
        "<Task>"
        + fields(UID=uid, Name=_escaped(name), OutlineLevel=level, Start=start, Finish=finish,
                 Duration=f"PT{hours}H0M0S", DurationFormat=7, Milestone=int(not hours and uid not in parents),
                 Summary=int(uid in parents))
        + links + (more or {}).get(uid, "") + "</Task>"
        for uid, name, level, hours, start, finish, links in TASKS
    )  # fmt: skip
    path = folder / "trust.xml"
    path.write_text(f"{HEAD.format(title=_escaped(title))}{calendar}<Tasks>{tasks}</Tasks></Project>")
    return path
