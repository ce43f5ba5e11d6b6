"""The sheet of this week: tasks blocked, late, due and ready to start."""

from collections.abc import Iterator
from datetime import date

from changeflow.agenda.worklist import AHEAD, WorkItem, week_of
from changeflow.planning.last_days import responsible_day
from changeflow.programme.programme import Programme
from changeflow.reports.workbook.cells import WorkbookSource, owner_of, place_of
from changeflow.reports.workbook.layout import BookSheet, Cell, SheetColumn
from changeflow.values.moments import format_day
from changeflow.values.words import Kind

COLUMNS = (
    SheetColumn(heading="Task", width=36),
    SheetColumn(heading="Service", width=14),
    SheetColumn(heading="Wave", width=11),
    SheetColumn(heading="School", width=17),
    SheetColumn(heading="What", width=9),
    SheetColumn(heading="Owner", width=26),
    SheetColumn(heading="First day", width=12, form="day"),
    SheetColumn(heading="Due", width=12, form="day"),
    SheetColumn(heading="Days late", width=10, form="number"),
    SheetColumn(heading="Last day to decide", width=12, form="day"),
    SheetColumn(heading="Id", width=20, form="id"),
)


def week_sheet(shown: WorkbookSource, stamp: str) -> BookSheet:
    """Return the tasks that are blocked, then the late ones, those due within a week, and those that can start."""
    today = shown.today
    days = f"{format_day(today)} to {format_day(today + AHEAD)}"
    return BookSheet(
        name="This week",
        title=f"{shown.programme.name}: this week, {days}",
        lines=(stamp, "Blocked, late and due tasks, and those that can start. Read only: type into the sheet Tasks."),
        columns=COLUMNS,
        rows=list(_rows(shown)),
        none="No task is late, due or ready to start.",
    )


def _rows(shown: WorkbookSource) -> Iterator[list[Cell]]:
    programme = shown.programme
    for found in week_of(programme, today=shown.today, answers=shown.answers):
        item = found.item
        service, wave, school = place_of(programme, item.task)
        yield [
            item.task.in_parts.alone,
            service,
            wave,
            school,
            found.group.value,
            owner_of(programme, item.asked),
            item.first,
            item.due,
            item.days_late or None,
            _last_day(programme, item),
            item.task.id,
        ]


def _last_day(programme: Programme, item: WorkItem) -> date | None:
    return responsible_day(programme, item.task.id) if item.task.kind is Kind.DECISION else None
