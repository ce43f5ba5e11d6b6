"""The milestones sheet: forecast, deadline, float, and announced go-lives."""

from collections.abc import Iterator
from datetime import date

from changeflow.calendar.extent import ASSUMED
from changeflow.programme.announcements import announced_days
from changeflow.programme.programme import Programme
from changeflow.reports.changes import variance_days
from changeflow.reports.workbook.cells import WorkbookSource, float_cells
from changeflow.reports.workbook.layout import BookSheet, Cell, SheetColumn
from changeflow.roadmap.model.tasks import Milestone
from changeflow.values.words import Kind

COLUMNS = (
    SheetColumn(heading="Milestone", width=46),
    SheetColumn(heading="State", width=9),
    SheetColumn(heading="Forecast", width=12, form="day"),
    SheetColumn(heading="Deadline", width=12, form="day"),
    SheetColumn(heading="Float", width=8, form="number"),
    SheetColumn(heading="Float in", width=13),
    SheetColumn(heading="Float before", width=22),
    SheetColumn(heading="Announced", width=12, form="day"),
    SheetColumn(heading="Baseline", width=12, form="day"),
    SheetColumn(heading="Variance (calendar days)", width=12, form="signed"),
    SheetColumn(heading="Assumed", width=10),
    SheetColumn(heading="Id", width=20, form="id"),
)
LINE = (
    "Announced: the latest announced day of the go-lives before the milestone. "
    "Variance: later (+) or earlier (-) than the baseline. Read only."
)


def milestones_sheet(shown: WorkbookSource, stamp: str) -> BookSheet:
    """Return a row for each milestone by date."""
    return BookSheet(
        name="Milestones",
        title=f"{shown.programme.name}: milestones",
        lines=(stamp, LINE),
        columns=COLUMNS,
        rows=list(_rows(shown)),
        none="There are no milestones.",
    )


def _rows(shown: WorkbookSource) -> Iterator[list[Cell]]:
    programme = shown.programme
    for milestone in sorted(programme.milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id)):
        timed, planned = programme.timed(milestone.task), (shown.baseline or {}).get(milestone.task)
        number, unit = float_cells(programme, milestone.task, programme.spare(milestone))
        yield [
            milestone.name,
            _state(programme, milestone),
            timed.last_day,
            milestone.deadline,
            number,
            unit,
            float_before(milestone),
            _announced(programme, milestone),
            timed.day_at(planned.finish) if planned else None,
            variance_days(programme, milestone.task, planned) if planned else None,
            ASSUMED if milestone.task in programme.required_schedule.assumed.early else "",
            milestone.task,
        ]


def float_before(milestone: Milestone) -> str:
    """Name what a milestone's float is counted to: its deadline, otherwise what would move first."""
    return "its deadline" if milestone.deadline else "the end, or an earlier deadline"


def _state(programme: Programme, milestone: Milestone) -> str:
    if programme.is_done(milestone.task):
        return "done"
    is_late = milestone.deadline is not None and programme.timed(milestone.task).last_day > milestone.deadline
    return "late" if is_late else "on time"


def _announced(programme: Programme, milestone: Milestone) -> date | None:
    days = announced_days(programme)
    behind = (programme.roadmap.tasks[t] for t in programme.graph.predecessors(milestone.task))
    lives = [(school, t.service) for t in behind if t.kind is Kind.GO_LIVE for school in t.schools]
    return max(
        (days[(school, service)] for school, service in lives if service and (school, service) in days), default=None
    )
