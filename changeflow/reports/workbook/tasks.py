"""The tasks sheet: people type in progress, and it is read back."""

import json
from collections.abc import Iterator

from changeflow.agenda.worklist import WorkFilter, WorkState, work_list
from changeflow.calendar.extent import ASSUMED
from changeflow.programme.progress_cells import ProgressCells, progress_cells
from changeflow.reports.changes import variance_days
from changeflow.reports.schedules import task_float
from changeflow.reports.workbook.cells import WorkbookSource, float_cells, owner_of, place_of
from changeflow.reports.workbook.layout import A3, BookSheet, Cell, SheetColumn
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import counted
from changeflow.values.moments import day_of

NAME = "Tasks"
KEY, AS_EXPORTED = "Task id", "As exported"
"""The columns that identify a row and record its exported values."""
HEADINGS = {
    "task": "Task",
    "owner": "Owner",
    "service": "Service",
    "wave": "Wave",
    "school": "School",
    "state": "State",
    "first": "First day",
    "last": "Last day",
    "float": "Float",
    "float_unit": "Float in",
    "critical": "Critical",
    "percent": "% complete",
    "started": "Actual start",
    "finished": "Actual finish",
    "remaining": "Remaining (working days)",
    "comment": "Comment",
    "baseline_first": "Baseline start",
    "baseline_last": "Baseline finish",
    "variance": "Variance (calendar days)",
    "assumed": "Assumed",
}
"""Headings of the visible columns, by stable keys."""
TYPED = ("percent", "started", "finished", "remaining", "comment")
"""Columns that people type into."""
_WIDTHS = {
    "task": 52,
    "owner": 34,
    "school": 18,
    "state": 9,
    "float": 7,
    "float_unit": 13,
    "critical": 8,
    "remaining": 17,
    "comment": 36,
}
_FORMS: dict[str, str] = {
    **dict.fromkeys(("first", "last", "started", "finished", "baseline_first", "baseline_last"), "day"),
    **dict.fromkeys(("float", "remaining"), "number"),
    "variance": "signed",
    "percent": "percent",
}
HOW = (
    "How to use this sheet: type in the yellow columns, save the file and send it back.",
    "You may sort, filter and add columns. Keep the Task id: it identifies the row.",
    "Only this sheet and its yellow columns are read back. A preview shows what would change before it is stored.",
    "Float: how many days a task can slip before the end, or an earlier deadline, moves.",
)


def tasks_sheet(shown: WorkbookSource, stamp: str) -> BookSheet:
    """Return a row for each task by date, with done tasks at the end; milestones have their own sheet."""
    columns = [
        SheetColumn(heading=heading, width=_WIDTHS.get(key, 12), form=_FORMS.get(key, "text"), is_typed=key in TYPED)  # type: ignore[arg-type]
        for key, heading in HEADINGS.items()
    ]
    columns += [
        SheetColumn(heading=KEY, width=20, form="id"),
        SheetColumn(heading=AS_EXPORTED, width=10, form="id", is_hidden=True),
    ]
    return BookSheet(
        name=NAME,
        title=f"{shown.programme.name}: tasks",
        lines=(stamp, *HOW),
        columns=tuple(columns),
        rows=list(_rows(shown)),
        none="There are no tasks.",
        paper=A3,
    )


def _rows(shown: WorkbookSource) -> Iterator[list[Cell]]:
    programme = shown.programme
    everything = WorkFilter(states=frozenset(WorkState))
    known = work_list(programme, everything, today=shown.today, answers=shown.answers)
    items = {item.task.id: item for item in known}
    steered = {m.task for m in programme.milestones}
    tasks = [t for t in programme.roadmap.tasks.values() if t.id not in steered]
    timed = {t.id: programme.timed(t.id) for t in tasks}
    by_time = sorted(tasks, key=lambda t: (timed[t.id].early_start, timed[t.id].early_finish, t.id))
    for task in sorted(by_time, key=lambda t: programme.is_done(t.id)):
        item = items.get(task.id)
        typed = progress_cells(programme, task.id)
        cells = _cells(shown, task, typed, item.state.value if item else "")
        cells["owner"] = owner_of(programme, item.asked if item else task.owner)
        yield [
            *(cells[key] for key in HEADINGS),
            task.id,
            _as_exported(shown, task, {**cells, "remaining": typed.remaining}),
        ]


def _cells(shown: WorkbookSource, task: Task, typed: ProgressCells, state: str) -> dict[str, Cell]:
    programme, timed = shown.programme, shown.programme.timed(task.id)
    service, wave, school = place_of(programme, task)
    spare = None if programme.is_done(task.id) else task_float(programme, task.id)
    number, unit = (None, "") if spare is None else float_cells(programme, task.id, spare)
    planned = (shown.baseline or {}).get(task.id)
    return {
        "task": task.in_parts.alone,
        "service": service,
        "wave": wave,
        "school": school,
        "state": state,
        "first": timed.first_day,
        "last": timed.last_day,
        "float": number,
        "float_unit": unit,
        "critical": "critical" if timed.critical else "",
        "percent": None if typed.percent is None else typed.percent / 100,
        "started": typed.started,
        "finished": typed.finished,
        "remaining": _shown_rest(typed.remaining),
        "comment": typed.comment,
        "baseline_first": min(day_of(planned.start), timed.day_at(planned.finish)) if planned else None,
        "baseline_last": timed.day_at(planned.finish) if planned else None,
        "variance": variance_days(programme, task.id, planned) if planned else None,
        "assumed": ASSUMED if task.id in programme.required_schedule.assumed.early else "",
    }


_UNITS = {"ed": "calendar day", "pp": "pay period", "sw": "school week", "t": "term"}


def _shown_rest(text: str) -> Cell:
    """Show the remaining work: working days as a number, anything else in words that can be read back."""
    amount = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    if (unit := text.removeprefix(amount)) in _UNITS:
        return counted(int(amount), _UNITS[unit])
    return text if unit or not text else float(text)


def _as_exported(shown: WorkbookSource, task: Task, cells: dict[str, Cell]) -> str:
    """Write a row's values as JSON, to find what people changed when it is read back."""
    return json.dumps(
        {
            "programme": shown.programme.id,
            "version": shown.version,
            "at": shown.at.isoformat(timespec="minutes") if shown.at else None,
            "task": task.id,
            "cells": {key: _as_text(key, cell) for key, cell in cells.items() if cell not in (None, "")},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _as_text(key: str, cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{100 * cell if key == 'percent' else cell:g}"
    return str(cell)
