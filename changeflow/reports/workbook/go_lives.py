"""The sheet of go-lives by school: announced, forecast and the difference."""

from collections.abc import Iterator

from changeflow.programme.announcements import go_lives
from changeflow.reports.announcements import go_live_lines
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.layout import BookSheet, Cell, SheetColumn

COLUMNS = (
    SheetColumn(heading="School", width=30),
    SheetColumn(heading="Service", width=18),
    SheetColumn(heading="Announced", width=12, form="day"),
    SheetColumn(heading="Forecast", width=12, form="day"),
    SheetColumn(heading="Difference (calendar days)", width=12, form="signed"),
    SheetColumn(heading="State", width=18),
    SheetColumn(heading="Announced on", width=12, form="day"),
    SheetColumn(heading="How", width=16),
    SheetColumn(heading="Id", width=20, form="id"),
)


def go_lives_sheet(shown: WorkbookSource, stamp: str) -> BookSheet:
    """Return a row for each school and service."""
    return BookSheet(
        name="Go-lives by school",
        title=f"{shown.programme.name}: go-lives by school",
        lines=(stamp, "Difference: later (+) or earlier (-) than the announced day. Read only."),
        columns=COLUMNS,
        rows=list(_rows(shown)),
        none="No school goes live with a service.",
    )


def _rows(shown: WorkbookSource) -> Iterator[list[Cell]]:
    found = go_lives(shown.programme)
    for live, line in zip(found, go_live_lines(shown.programme, found), strict=True):
        is_known = live.day is not None and live.announced is not None
        yield [
            line.school,
            line.service,
            live.announced,
            live.day,
            live.days_late if is_known else None,
            line.state,
            live.announced_on,
            live.how,
            live.task or "",
        ]
