"""Whole `changeflow schedule` processes on Project files: many tasks and links, and many resources' calendars."""

import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

ROUNDS = 5
TASKS, TASKS_OF_PEOPLE, PEOPLE, SUMMARY_OF = 6_000, 1_000, 400, 20
LINKS_OF_A_TASK = 2
"""On average: 6 000 tasks have 12 000 links."""
HEAD = '<?xml version="1.0" encoding="UTF-8"?><Project xmlns="http://schemas.microsoft.com/project">'
SETTINGS = (
    "<ScheduleFromStart>1</ScheduleFromStart><StartDate>2027-03-01T08:00:00</StartDate><CalendarUID>1</CalendarUID>"
    "<MinutesPerDay>480</MinutesPerDay><MinutesPerWeek>2400</MinutesPerWeek><DaysPerMonth>20</DaysPerMonth>"
)
FIRST = (
    "<Active>1</Active><Manual>0</Manual><Type>0</Type><IsNull>0</IsNull><CreateDate>2027-01-01T08:00:00</CreateDate>"
    "<Priority>500</Priority><Start>2027-03-01T08:00:00</Start><Finish>2027-03-01T17:00:00</Finish>"
    "<DurationFormat>7</DurationFormat><Work>PT8H0M0S</Work><EffortDriven>0</EffortDriven><Estimated>0</Estimated>"
    "<EarlyStart>2027-03-01T08:00:00</EarlyStart><LateFinish>2027-03-01T17:00:00</LateFinish><TotalSlack>0</TotalSlack>"
    "<PercentComplete>0</PercentComplete><RemainingDuration>PT8H0M0S</RemainingDuration><CalendarUID>-1</CalendarUID>"
)
"""What Project writes of every task, in part."""


def measure_schedules() -> dict[str, float]:
    """Return seconds of processor time of whole processes: the file read, planned and printed, the median of five."""
    found: dict[str, float] = {}
    for key, write in FILES.items():
        found[f"{key}_s"] = round(_seconds(write), 2)
    return found


def _seconds(write: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory() as home:
        path, took = Path(home) / "plan.xml", []
        write(path)
        command = [sys.executable, "-m", "changeflow", "schedule", str(path)]
        for _ in range(ROUNDS):
            before = getrusage(RUSAGE_CHILDREN)
            subprocess.run(command, capture_output=True, check=True)  # noqa: S603  (our own command)
            after = getrusage(RUSAGE_CHILDREN)
            took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(took)


def _many_tasks(path: Path) -> None:
    """Write tasks in an outline, with two links a task of all types, some with lags, and set dates."""
    r = random.Random(7)  # noqa: S311
    tasks = _tasks(r, TASKS)
    path.write_text(f"{HEAD}{SETTINGS}<Calendars>{_calendar(1)}</Calendars><Tasks>{tasks}</Tasks></Project>")


def _many_calendars(path: Path) -> None:
    """Write the calendars of many people, each with weeks off, and a task in 2049 that all others have to wait for."""
    r = random.Random(7)  # noqa: S311
    tasks = _tasks(r, TASKS_OF_PEOPLE) + _task(r, TASKS_OF_PEOPLE + 1, (), more=_set("2049-03-01"))
    people = range(2, PEOPLE + 2)
    calendars = _calendar(1) + "".join(_calendar(n, base=1, off=_weeks_off(n)) for n in people)
    resources = "".join(
        f"<Resource><UID>{n}</UID><Type>1</Type><CalendarUID>{n}</CalendarUID></Resource>" for n in people
    )
    assigned = "".join(
        f"<Assignment><UID>{n}</UID><TaskUID>{n}</TaskUID><ResourceUID>{2 + n % PEOPLE}</ResourceUID><Units>1</Units>"
        "<Work>PT8H0M0S</Work></Assignment>"
        for n in range(1, TASKS_OF_PEOPLE + 1)
    )
    path.write_text(
        f"{HEAD}{SETTINGS}<Calendars>{calendars}</Calendars><Tasks>{tasks}</Tasks><Resources>{resources}</Resources>"
        f"<Assignments>{assigned}</Assignments></Project>"
    )


def _tasks(r: random.Random, count: int) -> str:
    """Write tasks with links between those that are no summaries, each to one of the hundred tasks before it."""
    before: dict[int, set[int]] = {n: set() for n in range(1, count + 1)}
    left = LINKS_OF_A_TASK * count
    while left:
        n = r.randint(3, count)
        to = max(2, n - r.randint(1, 100))
        if 1 not in (n % SUMMARY_OF, to % SUMMARY_OF) and to not in before[n]:
            before[n].add(to)
            left -= 1
    return "".join(_task(r, n, sorted(to)) for n, to in before.items())


def _task(r: random.Random, n: int, before: Sequence[int], *, more: str = "") -> str:
    is_summary = n % SUMMARY_OF == 1
    dated = more or (_set("2027-06-01") if n % 7 == 0 and not is_summary else "<ConstraintType>0</ConstraintType>")
    links = "".join(_links(r, before))
    return (
        f"<Task><UID>{n}</UID><ID>{n}</ID><Name>Task {n}</Name><OutlineLevel>{1 if is_summary else 2}</OutlineLevel>"
        f"<Duration>PT{8 * r.randint(1, 5)}H0M0S</Duration>{FIRST}{dated}{links}</Task>"
    )


def _links(r: random.Random, before: Sequence[int]) -> Iterator[str]:
    for task in before:
        kind, lag = r.choice((1, 1, 1, 1, 3, 0)), r.choice((0, 0, 0, 4800, -2400))
        yield (
            f"<PredecessorLink><PredecessorUID>{task}</PredecessorUID><Type>{kind}</Type>"
            f"<CrossProject>0</CrossProject><LinkLag>{lag}</LinkLag><LagFormat>7</LagFormat></PredecessorLink>"
        )


def _set(day: str) -> str:
    return f"<ConstraintType>4</ConstraintType><ConstraintDate>{day}T08:00:00</ConstraintDate>"


def _weeks_off(n: int) -> str:
    return "".join(
        f"<Exception><TimePeriod><FromDate>2027-{month:02}-{n % 20 + 1:02}T00:00:00</FromDate>"
        f"<ToDate>2027-{month:02}-{n % 20 + 3:02}T23:59:00</ToDate></TimePeriod><Name>off</Name>"
        "<Type>1</Type><DayWorking>0</DayWorking></Exception>"
        for month in range(4, 11)
    )


def _calendar(n: int, *, base: int = -1, off: str = "") -> str:
    name = f"<UID>{n}</UID><Name>Calendar {n}</Name><BaseCalendarUID>{base}</BaseCalendarUID>"
    return f"<Calendar>{name}<Exceptions>{off}</Exceptions></Calendar>"


FILES: dict[str, Callable[[Path], None]] = {"mspdi_6000_tasks": _many_tasks, "mspdi_400_calendars": _many_calendars}
