"""Exports: Microsoft Project (MSPDI), spreadsheet, calendar. Cells that a spreadsheet might run are made plain text."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from changeflow.programme.programme import Programme
from changeflow.roadmap.cpm import TimedTask
from changeflow.roadmap.tasks import Link, LinkType, Task
from changeflow.roadmap.why import float_in_words
from changeflow.values.duration import Unit
from changeflow.values.moments import day_of, iso, last_day_of

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
    """Write the schedule as a Microsoft Project file: tasks, links, and the calendars' working week."""
    from lxml import etree

    root = etree.Element("Project", nsmap={None: NAMESPACE})  # type: ignore[dict-item]

    def add(parent: etree._Element, name: str, text: str | int) -> None:
        etree.SubElement(parent, name).text = str(text)

    add(root, "Name", programme.name)
    add(root, "Title", programme.name)
    add(root, "StartDate", iso(programme.roadmap.start))
    add(root, "MinutesPerDay", programme.minutes_per_day)
    add(root, "CalendarUID", 1)
    calendars = etree.SubElement(root, "Calendars")
    calendar = etree.SubElement(calendars, "Calendar")
    add(calendar, "UID", 1)
    add(calendar, "Name", "office")
    add(calendar, "IsBaseCalendar", 1)
    week = etree.SubElement(calendar, "WeekDays")
    for number, hours in _week(programme):
        day = etree.SubElement(week, "WeekDay")
        add(day, "DayType", number)
        add(day, "DayWorking", int(bool(hours)))
        if hours:
            times = etree.SubElement(day, "WorkingTimes")
            for start, end in hours:
                time = etree.SubElement(times, "WorkingTime")
                add(time, "FromTime", start)
                add(time, "ToTime", end)
    exceptions = etree.SubElement(calendar, "Exceptions")
    for closed, reason in sorted(programme.roadmap.calendars["office"].closures.items()):
        exception = etree.SubElement(exceptions, "Exception")
        period = etree.SubElement(exception, "TimePeriod")
        add(period, "FromDate", f"{closed.isoformat()}T00:00:00")
        add(period, "ToDate", f"{closed.isoformat()}T23:59:00")
        add(exception, "Name", reason)
        add(exception, "Type", 1)
        add(exception, "DayWorking", 0)
    numbers = {task.id: n for n, (task, _) in enumerate(_in_time(programme), 1)}
    tasks = etree.SubElement(root, "Tasks")
    incoming: dict[str, list[Link]] = {}
    for link in programme.roadmap.links:
        incoming.setdefault(link.successor, []).append(link)
    for task, timed in _in_time(programme):
        element = etree.SubElement(tasks, "Task")
        add(element, "UID", numbers[task.id])
        add(element, "ID", numbers[task.id])
        add(element, "Name", task.name)
        add(element, "OutlineLevel", 1)
        add(element, "Start", iso(timed.early_start))
        add(element, "Finish", iso(timed.early_finish))
        add(element, "Duration", _iso_duration(_minutes(programme, task, timed)))
        add(element, "DurationFormat", 8 if task.duration.unit is Unit.ELAPSED else 7)
        # Pay periods, terms and openings do not exist there: the computed start is held instead.
        if task.starts_on or task.duration.unit not in (Unit.WORKING, Unit.ELAPSED):
            add(element, "ConstraintType", 4)
            add(element, "ConstraintDate", iso(timed.early_start))
        for link in incoming.get(task.id, []):
            part = etree.SubElement(element, "PredecessorLink")
            add(part, "PredecessorUID", numbers[link.predecessor])
            add(part, "Type", _TYPES[link.type])
            add(part, "LinkLag", link.lag.amount * 10 if link.lag.unit in (Unit.WORKING, Unit.ELAPSED) else 0)
            add(part, "LagFormat", 8 if link.lag.unit is Unit.ELAPSED else 7)
    out.write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


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
