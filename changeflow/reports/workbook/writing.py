"""The workbook as a file. Cells that a spreadsheet might run are made plain text."""

import io
from pathlib import Path

from changeflow.files import write_whole
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.decisions import decisions_sheet
from changeflow.reports.workbook.go_lives import go_lives_sheet
from changeflow.reports.workbook.layout import Book
from changeflow.reports.workbook.milestones import milestones_sheet
from changeflow.reports.workbook.tasks import tasks_sheet
from changeflow.reports.workbook.week import week_sheet
from changeflow.values.moments import LONDON, format_day, local_day

SHEETS = (week_sheet, tasks_sheet, milestones_sheet, go_lives_sheet, decisions_sheet)
"""In order. Each must be clear without the others, because some people open only one."""


def write_workbook(shown: WorkbookSource, out: Path) -> None:
    """Write a programme as a working workbook."""
    import xlsxwriter

    content = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    stamp = stamp_of(shown)
    with xlsxwriter.Workbook(content, options) as file:
        name = shown.programme.name
        made = {"created": shown.at} if shown.at else {}
        file.set_properties({"title": name, "comments": stamp, **made})
        file.set_custom_property("changeflow programme", shown.programme.id)
        if shown.version is not None:
            file.set_custom_property("changeflow version", shown.version)
        book = Book(file, footer=f"As of {format_day(shown.today)}")
        for sheet in SHEETS:
            book.add(sheet(shown, stamp))
    write_whole(out, content.getvalue(), private=True)


def stamp_of(shown: WorkbookSource) -> str:
    """State the workbook's day, version and time of export."""
    version = f"version {shown.version}, " if shown.version is not None else ""
    text = f"As of {format_day(shown.today)} ({version}{shown.programme.id})"
    if shown.at is None:
        return f"{text}."
    return f"{text}, exported on {format_day(local_day(shown.at))} at {shown.at.astimezone(LONDON):%H:%M}."
