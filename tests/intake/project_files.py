"""Project files for tests: one task an element, on Project's standard calendar, from Monday 1 March 2027."""

from pathlib import Path

HEAD = '<?xml version="1.0"?><Project xmlns="http://schemas.microsoft.com/project">'
START = "<StartDate>2027-03-01T08:00:00</StartDate><CalendarUID>1</CalendarUID>"
WEEK = "".join(
    f"<WeekDay><DayType>{n}</DayType><DayWorking>1</DayWorking><WorkingTimes>"
    "<WorkingTime><FromTime>08:00:00</FromTime><ToTime>12:00:00</ToTime></WorkingTime>"
    "<WorkingTime><FromTime>13:00:00</FromTime><ToTime>17:00:00</ToTime></WorkingTime></WorkingTimes></WeekDay>"
    for n in range(2, 7)
)


def a_file(path: Path, *, tasks: str = "", exceptions: str = "", start: str = START, more: str = "") -> Path:
    calendar = (
        "<Calendars><Calendar><UID>1</UID><Name>Standard</Name><BaseCalendarUID>-1</BaseCalendarUID>"
        f"<WeekDays>{WEEK}</WeekDays><Exceptions>{exceptions}</Exceptions></Calendar></Calendars>"
    )
    out = path / "plan.xml"
    out.write_text(f"{HEAD}{start}{calendar}<Tasks>{tasks}</Tasks>{more}</Project>")
    return out


def a_task(uid: int, hours: int = 8, level: int = 1, more: str = "") -> str:
    return (
        f"<Task><UID>{uid}</UID><Name>T{uid}</Name><OutlineLevel>{level}</OutlineLevel>"
        f"<Duration>PT{hours}H0M0S</Duration><DurationFormat>7</DurationFormat>{more}</Task>"
    )


def after(uid: int, kind: int = 1) -> str:
    return f"<PredecessorLink><PredecessorUID>{uid}</PredecessorUID><Type>{kind}</Type></PredecessorLink>"


def a_lag(uid: int, lag: str, format_: int = 7) -> str:
    """Finish to start, with a lag."""
    inner = (
        f"<PredecessorUID>{uid}</PredecessorUID><Type>1</Type><LinkLag>{lag}</LinkLag><LagFormat>{format_}</LagFormat>"
    )
    return f"<PredecessorLink>{inner}</PredecessorLink>"


def fields(**texts: object) -> str:
    """Write elements, each with a text."""
    return "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())
