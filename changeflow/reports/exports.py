"""Exports: barriers by group as CSV, and a calendar. Cells that a spreadsheet might run become plain text."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from changeflow.files import write_whole
from changeflow.planning.last_days import last_day
from changeflow.programme.programme import Programme
from changeflow.reports.last_days import format_cost
from changeflow.reports.people import PeopleLines
from changeflow.reports.people_flow import NOTHING
from changeflow.roadmap.analysis.assumed import mark_assumed
from changeflow.roadmap.engine.cpm import TimedTask
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import calendar_uid
from changeflow.values.cells import safe_cell
from changeflow.values.words import Kind

WHY_HIDDEN = ("why it is not shown", "what you can do")


def write_standings(people: PeopleLines, out: Path) -> None:
    """Write the barriers in each group as CSV, and why some groups are not shown."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["division", "group", *people.elements, "answers", "where it stands", "asked", *WHY_HIDDEN])
    for caption, lines in people.tables:
        for line in lines:
            shown = [c.people for c in line.cells] if line.cells else [NOTHING] * len(people.elements)
            cells = ["not shown" if c == NOTHING else c for c in shown]
            answers = "" if line.answered is None else str(line.answered)
            row = [caption, line.group, *cells, answers, line.stands, line.counted, line.why_hidden, line.remedy]
            writer.writerow(map(safe_cell, row))
    write_whole(out, text.getvalue(), private=True)


def write_ics(programme: Programme, out: Path, *, now: datetime) -> None:
    """Write milestones, go-lives, decisions and checkpoints as all-day events with stable ids."""
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//changeflow//changeflow//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", programme.name)
    wanted = {"go_live", "decision", "checkpoint"}
    milestones = {m.task for m in programme.milestones}
    for task, _ in _in_time(programme):
        if task.id not in milestones and task.kind not in wanted:
            continue
        found = calendar_days(programme, task)
        event = Event()
        event.add("uid", calendar_uid(task.id, programme.id))
        event.add("summary", found.title)
        event.add("dtstart", found.first)
        event.add("dtend", found.last + timedelta(days=1))
        if found.says:
            event.add("description", found.says)
        event.add("dtstamp", now)
        calendar.add_component(event)
    write_whole(out, calendar.to_ical())


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDays:
    """A task's days in a calendar, both inclusive. An open decision is on its last responsible day."""

    title: str
    first: date
    last: date
    says: str = ""


def calendar_days(programme: Programme, task: Task) -> CalendarDays:
    if task.kind is Kind.DECISION and not programme.is_done(task.id):
        found = last_day(programme, task.id)
        title = mark_assumed(f"{task.name} (last day to decide)", programme.required_schedule, task.id)
        return CalendarDays(title=title, first=found.day, last=found.day, says=format_cost(found))
    timed = programme.timed(task.id)
    return CalendarDays(
        title=mark_assumed(task.name, programme.required_schedule, task.id),
        first=timed.first_day,
        last=timed.last_day,
    )


def _in_time(programme: Programme) -> Iterator[tuple[Task, TimedTask]]:
    timed = {t: programme.timed(t) for t in programme.roadmap.tasks}
    for task in sorted(timed, key=lambda t: (timed[t].early_start, timed[t].early_finish, t)):
        yield programme.roadmap.tasks[task], timed[task]
