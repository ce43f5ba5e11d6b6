"""Exports: Microsoft Project (MSPDI), spreadsheet, calendar. Cells that a spreadsheet might run are made plain text."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.programme.programme import Programme
from changeflow.roadmap.cpm import TimedTask
from changeflow.roadmap.tasks import Link, LinkType, Task
from changeflow.roadmap.why import float_in_words
from changeflow.values.duration import Unit
from changeflow.values.moments import day_of, iso, last_day_of

if TYPE_CHECKING:
    from lxml import etree

NAMESPACE = "http://schemas.microsoft.com/project"
_TYPES = {LinkType.FF: 0, LinkType.FS: 1, LinkType.SF: 2, LinkType.SS: 3}
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """Neutralise what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def write_xlsx(programme: Programme, out: Path) -> None:
    """Write the schedule as a workbook: a line a task."""
    import xlsxwriter

    header = ["Task", "Name", "Service", "Wave", "Kind", "First day", "Last day", "Float", "Critical", "Owner"]
    with xlsxwriter.Workbook(str(out), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("Schedule")
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "d mmm yyyy"})
        sheet.write_row(0, 0, header, bold)
        for row, (task, timed) in enumerate(_in_time(programme), 1):
            spare = float_in_words(programme.roadmap, task.id, timed.total_float)
            texts = [task.id, task.name, task.service or "", task.wave or "", task.kind.value]
            for column, text in enumerate(texts):
                sheet.write_string(row, column, safe_cell(text))
            first = day_of(timed.early_start)
            last = first if task.is_milestone else last_day_of(timed.early_finish)
            for column, when in ((5, first), (6, last)):
                sheet.write_datetime(row, column, datetime(when.year, when.month, when.day), day)  # noqa: DTZ001
            for column, text in ((7, spare), (8, "yes" if timed.critical else "no"), (9, task.owner or "")):
                # A float such as "-2 working days" is ours and is no formula.
                sheet.write_string(row, column, text)
        sheet.autofilter(0, 0, len(programme.roadmap.tasks), len(header) - 1)
        sheet.freeze_panes(1, 0)
        sheet.autofit()


def write_ics(programme: Programme, out: Path, *, now: datetime) -> None:
    """Write milestones, go-lives, decisions and checkpoints as all-day events with stable ids."""
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//changeflow//changeflow//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", programme.name)
    wanted = {"go_live", "decision", "checkpoint"}
    milestones = {m.task for m in programme.milestones}
    for task, timed in _in_time(programme):
        if task.id not in milestones and task.kind not in wanted:
            continue
        first = day_of(timed.early_start)
        last = first if task.is_milestone else last_day_of(timed.early_finish)
        event = Event()
        event.add("uid", f"{task.id.replace('/', '-')}.{programme.id}@changeflow")
        event.add("summary", task.name)
        event.add("dtstart", first)
        event.add("dtend", last + timedelta(days=1))
        event.add("dtstamp", now)
        calendar.add_component(event)
    out.write_bytes(calendar.to_ical())


def write_mspdi(programme: Programme, out: Path) -> None:
    """Write the schedule as a Microsoft Project file: tasks, links, and the office calendar."""
    from lxml import etree

    root = etree.Element("Project", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    _add(root, "Name", programme.name)
    _add(root, "Title", programme.name)
    _add(root, "StartDate", iso(programme.roadmap.start))
    _add(root, "MinutesPerDay", programme.minutes_per_day)
    _add(root, "CalendarUID", 1)
    _add_calendar(programme, _part(_part(root, "Calendars"), "Calendar"))
    numbers = {task.id: n for n, (task, _) in enumerate(_in_time(programme), 1)}
    incoming: dict[str, list[Link]] = {}
    for link in programme.roadmap.links:
        incoming.setdefault(link.successor, []).append(link)
    tasks = _part(root, "Tasks")
    for task, timed in _in_time(programme):
        element = _part(tasks, "Task")
        _add_task(programme, element, task, timed, numbers[task.id])
        for link in incoming.get(task.id, []):
            part = _part(element, "PredecessorLink")
            _add(part, "PredecessorUID", numbers[link.predecessor])
            _add(part, "Type", _TYPES[link.type])
            _add(part, "LinkLag", link.lag.amount * 10 if link.lag.unit in (Unit.WORKING, Unit.ELAPSED) else 0)
            _add(part, "LagFormat", 8 if link.lag.unit is Unit.ELAPSED else 7)
    out.write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _add_task(programme: Programme, element: "etree._Element", task: Task, timed: TimedTask, number: int) -> None:
    _add(element, "UID", number)
    _add(element, "ID", number)
    _add(element, "Name", task.name)
    _add(element, "OutlineLevel", 1)
    _add(element, "Start", iso(timed.early_start))
    _add(element, "Finish", iso(timed.early_finish))
    _add(element, "Duration", _iso_duration(_minutes(programme, task, timed)))
    _add(element, "DurationFormat", 8 if task.duration.unit is Unit.ELAPSED else 7)
    # Pay periods, terms, school days and openings do not exist there: the computed start is held instead.
    plain = task.duration.unit in (Unit.WORKING, Unit.ELAPSED) and not task.calendar.startswith("term")
    if task.starts_on or not plain:
        _add(element, "ConstraintType", 4)
        _add(element, "ConstraintDate", iso(timed.early_start))


def _add_calendar(programme: Programme, calendar: "etree._Element") -> None:
    _add(calendar, "UID", 1)
    _add(calendar, "Name", "office")
    _add(calendar, "IsBaseCalendar", 1)
    week = _part(calendar, "WeekDays")
    for number, hours in _week(programme):
        day = _part(week, "WeekDay")
        _add(day, "DayType", number)
        _add(day, "DayWorking", int(bool(hours)))
        if hours:
            times = _part(day, "WorkingTimes")
            for start, end in hours:
                time = _part(times, "WorkingTime")
                _add(time, "FromTime", start)
                _add(time, "ToTime", end)
    exceptions = _part(calendar, "Exceptions")
    for closed, reason in sorted(programme.roadmap.calendars["office"].closures.items()):
        exception = _part(exceptions, "Exception")
        period = _part(exception, "TimePeriod")
        _add(period, "FromDate", f"{closed.isoformat()}T00:00:00")
        _add(period, "ToDate", f"{closed.isoformat()}T23:59:00")
        _add(exception, "Name", reason)
        _add(exception, "Type", 1)
        _add(exception, "DayWorking", 0)


def _part(parent: "etree._Element", name: str) -> "etree._Element":
    from lxml import etree

    return etree.SubElement(parent, name)


def _add(parent: "etree._Element", name: str, text: str | int) -> None:
    _part(parent, name).text = str(text)


def _week(programme: Programme) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield Project's day number (Sunday is 1) and its hours as text."""
    week = programme.definition.programme.working_week
    hours = [(f"{h.start:%H:%M:%S}", f"{h.end:%H:%M:%S}") for h in week.hours]
    for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), 1):
        yield number, hours if name in week.days else []


def _minutes(programme: Programme, task: Task, timed: TimedTask) -> int:
    if task.duration.unit in (Unit.WORKING, Unit.ELAPSED):
        return task.duration.amount
    return programme.roadmap.calendar_of(task.id).between(timed.early_start, timed.early_finish)


def _iso_duration(minutes: int) -> str:
    return f"PT{minutes // 60}H{minutes % 60}M0S"


def _in_time(programme: Programme) -> Iterator[tuple[Task, TimedTask]]:
    timed = {t: programme.timed(t) for t in programme.roadmap.tasks}
    for task in sorted(timed, key=lambda t: (timed[t].early_start, timed[t].early_finish, t)):
        yield programme.roadmap.tasks[task], timed[task]
