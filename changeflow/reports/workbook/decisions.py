"""The decisions sheet: planned day, last day to decide, cost of delay, state."""

from collections.abc import Iterator

from changeflow.agenda.decisions import LoggedDecision, decision_log
from changeflow.agenda.due import due_days
from changeflow.agenda.gates import gate_words
from changeflow.planning.last_days import last_day
from changeflow.reports.last_days import format_cost
from changeflow.reports.workbook.cells import WorkbookSource, owner_of
from changeflow.reports.workbook.layout import BookSheet, Cell, SheetColumn
from changeflow.values.moments import format_day

COLUMNS = (
    SheetColumn(heading="Decision", width=46),
    SheetColumn(heading="What it opens", width=20),
    SheetColumn(heading="Owner", width=26),
    SheetColumn(heading="Planned", width=12, form="day"),
    SheetColumn(heading="Last day to decide", width=12, form="day"),
    SheetColumn(heading="What a later day costs", width=60),
    SheetColumn(heading="State", width=34),
    SheetColumn(heading="Id", width=20, form="id"),
)


def decisions_sheet(shown: WorkbookSource, stamp: str) -> BookSheet:
    """Return the open decisions, waiting ones first, then those made, latest first."""
    return BookSheet(
        name="Decisions",
        title=f"{shown.programme.name}: decisions",
        lines=(stamp, "Last day to decide: after this day, a go-live or milestone moves. Read only."),
        columns=COLUMNS,
        rows=list(_rows(shown)),
        none="There are no decisions.",
    )


def _rows(shown: WorkbookSource) -> Iterator[list[Cell]]:
    programme = shown.programme
    due = due_days(programme)
    for logged in decision_log(programme, today=shown.today):
        task = logged.task
        found = last_day(programme, task.id) if logged.is_open else None
        yield [
            task.name,
            gate_words(programme, task),
            owner_of(programme, task.owner),
            due.get(task.id, programme.timed(task.id).last_day),
            found.day if found else None,
            format_cost(found) if found else "",
            _state(shown, logged),
            task.id,
        ]


def _state(shown: WorkbookSource, logged: LoggedDecision) -> str:
    if logged.answers:
        last = logged.answers[-1]
        return f"{last.outcome.label} on {format_day(last.on)} ({shown.programme.person(last.by)})"
    if not logged.is_open:
        return "done"
    return f"waiting since {format_day(logged.asked_on)}" if logged.asked_on else "ahead"
