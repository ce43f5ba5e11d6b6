"""Read plans from Microsoft Planner, and task lists from Project: tasks in buckets or an outline, with their own
dates."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from changeflow.calendar.extent import DayRange
from changeflow.calendar.layers import Layer, compile_calendar
from changeflow.calendar.working import WorkingCalendar
from changeflow.errors import ProblemsError
from changeflow.intake.cell_readers import is_nothing, remark_on_serial
from changeflow.intake.day_order import DayOrder, with_day_first
from changeflow.intake.days import read_day, serials_from_1900
from changeflow.intake.formats import FieldKind
from changeflow.intake.mspdi.exceptions import USUAL_HOURS
from changeflow.intake.mspdi.reader import ProjectFile
from changeflow.intake.plan_formats import PLANNER
from changeflow.intake.progress_values import BEGUN, WORDS, are_shares, folded, parse_length, parse_percent, unit_of
from changeflow.intake.table_rows import Table, TableRow
from changeflow.intake.tables import open_table
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import ManualDates, Roadmap, Task, TaskProgress
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, day_of, format_day, minute_of
from changeflow.values.problem import Problem, what_and_remedy

DATES = ("start", "due", "completed")
OPENS, CLOSES = 480, 1020
"""When a day begins and ends: minutes from midnight."""
DAY_OF_WORK = 480


@dataclass(frozen=True, slots=True)
class _Line:
    """A task of the plan."""

    id: str
    name: str
    bucket: str
    level: int
    """Its outline level; 0 if the file has none."""
    is_done: bool
    has_begun: bool
    start: date | None
    due: date | None
    completed: date | None


def read_planner(path: Path, *, columns: Mapping[str, str] | None = None) -> ProjectFile:
    """Read a plan from an xlsx or a CSV; raise `ProblemsError` with the lines and columns of its mistakes.

    `columns` gives the heading of each of our columns to read; by default they are found by their names.
    """
    problems: list[Problem] = []
    wanted = PLANNER
    if columns is not None:
        wanted = replace(PLANNER, fields=tuple(f for f in PLANNER.fields if f.name in columns))
    table = open_table(path, path.name, problems, wanted, mapping=columns)
    if table is None or problems:
        raise ProblemsError(problems)
    order, lines = _read(table, problems)
    if problems:
        raise ProblemsError(problems)
    notes = [*table.notes, *(remark.what for remark in table.remarks)]
    notes += [*_order_note(order), *_links_note(table)]
    notes += [*_length_notes(table, lines)]
    if undated := [one.name for one in lines if one.start is None and one.due is None and not one.is_done]:
        notes.append(f"Tasks without dates are taken to be a day at the start of the plan: {_listed(undated)}.")
    dated = _days_of(lines)
    return _project(path.stem, lines, min(dated), max(dated), tuple(notes))


def check_planner(table: Table, problems: list[Problem]) -> None:
    """Find the mistakes of a plan."""
    order, lines = _read(table, problems)
    table.notes += [*_order_note(order), *_links_note(table), *_length_notes(table, lines)]


def _read(table: Table, problems: list[Problem]) -> tuple[DayOrder, list[_Line]]:
    """Return what the dates show about their order, and the tasks; add a `Problem` if the plan has no dates."""
    _leave_out_inactive(table)
    order = _order(table, problems)
    lines = list(_lines(table, bool(order.month_first), problems))
    if not problems and not _days_of(lines):
        has_none = not any(m.field.name in DATES for m in table.columns.matches)
        what = "No column contains the dates of tasks." if has_none else "No task of the plan has a date."
        remedy = "Planner calls them 'Start date' and 'Due date'." if has_none else "Set due dates in Planner."
        problems.append(Problem(file=table.file, line=table.layout.header_line, what=what, remedy=remedy))
    return order, lines


def _leave_out_inactive(table: Table) -> None:
    """Leave out tasks that Project keeps but does not schedule."""
    inactive = [row for row in table.rows if row.cells.get("active") == "no"]
    if inactive:
        table.rows = [row for row in table.rows if row.cells.get("active") != "no"]
        which = "Inactive tasks are left out" if len(inactive) > 1 else "An inactive task is left out"
        table.notes.append(f"{which}: {_listed([row.cells['name'] for row in inactive])}.")


def _days_of(lines: Iterable[_Line]) -> list[date]:
    return [day for one in lines for day in (one.start, one.due, one.completed) if day is not None]


def _order(table: Table, problems: list[Problem]) -> DayOrder:
    """Return what the dates show about their order; add a `Problem` if some have the day first and others the month."""
    order = DayOrder()
    for row in table.rows:
        for name in DATES:
            order.add(row.cells.get(name, ""), row.line)
    if order.day_first and order.month_first:
        day, month = (min(seen.line for seen in found) for found in (order.day_first, order.month_first))
        what = f"Some dates have the day first (line {day}), some the month (line {month})."
        problems.append(Problem(file=table.file, line=month, what=what, remedy="Write all of them in the same way."))
    return order


def _order_note(order: DayOrder) -> Iterator[str]:
    """Yield notes on how dates in figures were read, if that is not obvious."""
    if order.month_first:
        yield "Dates have the month first (mm/dd/yyyy), as some of them can be read in no other way."
    elif order.unclear and not order.day_first:
        first = order.unclear[0]
        with suppress(ValueError):
            yield (
                f"Dates were read with the day first: '{first.text[:40]}' on line {first.line} is "
                f"{format_day(read_day(first.text))}. No date in the file shows which comes first. "
                "If the month is first, export it again with dates of the United Kingdom."
            )


def _links_note(table: Table) -> Iterator[str]:
    """Note that links are not used, if any task has one."""
    first = next((row for row in table.rows if "after" in row.cells), None)
    if first is not None:
        yield (
            f"'{first.headings['after']}' is not used (first on line {first.line}): tasks keep their dates. "
            "To have the links, save the plan as XML in Microsoft Project."
        )


def _length_notes(table: Table, lines: Sequence[_Line]) -> Iterator[str]:
    """Note tasks whose dates have no working time, and those whose duration differs from that of their dates."""
    idle, others = list[str](), list[str]()
    summaries = frozenset(dict(_outline(lines)).values())
    for row, one in zip(table.rows, lines, strict=False):
        if one.start is None or one.due is None or one.due < one.start or one.id in summaries:
            continue
        worked = _office(one.start, one.due).between(minute_of(one.start) + OPENS, minute_of(one.due) + CLOSES)
        if not worked:
            idle.append(one.name)
        length = _length(row, [])
        if worked and length is not None and length.unit is not Unit.ELAPSED and _days(length.amount) != _days(worked):
            others.append(f"{one.name} ({row.cells['duration']})")
    if idle:
        yield f"Tasks on days without working time, such as a weekend, count as no work: {_listed(idle)}."
    if others:
        yield f"Some durations do not match the dates, which are kept: {_listed(others)}."


def _days(minutes: int) -> int:
    return -(-minutes // DAY_OF_WORK)


def _length(row: TableRow, problems: list[Problem]) -> Duration | None:
    text = row.cells.get("duration", "")
    if not text or is_nothing(text, FieldKind.DURATION):
        return None
    unit = unit_of(row.headings["duration"])
    return row.read("duration", partial(parse_length, minutes_per_day=DAY_OF_WORK, unit=unit), problems)


def _lines(table: Table, is_month_first: bool, problems: list[Problem]) -> Iterator[_Line]:
    seen: dict[str, int] = {}
    progress = _Progress(table, problems)
    for row in table.rows:
        days = {name: _day(table, row, name, is_month_first, problems) for name in DATES}
        days |= _by_duration(row, days["start"], days["due"], problems)
        key = row.cells.get("task_id") or str(row.line)
        column = "task_id" if "task_id" in row.cells else "name"
        row.is_first(column, key, seen, problems, remedy="Write one line for each task.")
        start, due = days["start"], days["due"]
        if start is not None and due is not None and due < start:
            what = f"The task is due on {due}, before it starts on {start}."
            problems.append(row.problem("due", what, "Correct one of them."))
        share = progress.of(row)
        yield _Line(
            id=key,
            name=row.cells["name"],
            bucket=row.cells.get("bucket", ""),
            level=_level(row),
            is_done=share == 100 or days["completed"] is not None,
            has_begun=share is not None and share > 0,
            start=start,
            due=due,
            completed=days["completed"],
        )


def _day(table: Table, row: TableRow, name: str, is_month_first: bool, problems: list[Problem]) -> date | None:
    text = row.cells.get(name)
    if not text or is_nothing(text, FieldKind.DAY):
        return None
    try:
        written = serials_from_1900(text) if table.is_from_1904 else text
        day = read_day(with_day_first(written) if is_month_first else written)
    except ValueError as error:
        problems.append(row.problem(name, *what_and_remedy(error)))
        return None
    if remark := remark_on_serial(text, day.isoformat(), is_from_1904=table.is_from_1904):
        table.say(remark, row.line, row.columns[name])
    return day


def _by_duration(row: TableRow, start: date | None, due: date | None, problems: list[Problem]) -> dict[str, date]:
    """Return the missing start or due date from the other one and the duration; both are working days."""
    if (start is None) == (due is None) or (length := _length(row, problems)) is None:
        return {}
    is_elapsed = length.unit is Unit.ELAPSED
    more = max(0, -(-length.amount // (DAY if is_elapsed else DAY_OF_WORK)) - 1)
    if start is not None:
        by_work = _office(start, start).add(minute_of(start) + OPENS, more * DAY_OF_WORK + 1)
        return {"due": start + timedelta(days=more) if is_elapsed else day_of(by_work)}
    if due is None:
        return {}
    by_work = _office(due, due).subtract(minute_of(due) + CLOSES, more * DAY_OF_WORK + 1)
    return {"start": due - timedelta(days=more) if is_elapsed else day_of(by_work)}


def _level(row: TableRow) -> int:
    """Return a task's outline level: 1.2 has level 2, and so does a plain 2 in a column of levels."""
    text = row.cells.get("outline", "")
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})*", text, re.ASCII):
        return 0
    return int(text) if "level" in row.headings["outline"].casefold() else text.count(".") + 1


class _Progress:
    """Reads how much of each task is complete: in percent, or in the words of Planner."""

    def __init__(self, table: Table, problems: list[Problem]) -> None:
        self.table, self.problems = table, problems
        texts = [row.cells.get(name, "") for name in ("percent", "progress") for row in table.rows]
        self.shares = are_shares(texts)

    def of(self, row: TableRow) -> float | None:
        """Return the percentage; 1 if a task has only begun, None if it is not given."""
        name = "percent" if "percent" in row.cells else "progress"
        text = row.cells.get(name, "")
        if not text or is_nothing(text, FieldKind.PERCENT):
            return None
        if folded(text) in BEGUN:
            return 1
        if name == "progress" and folded(text) not in WORDS and not text[0].isdigit():
            self.table.say(f"'{text[:40]}' was not used: it does not say how much is complete.", row.line)
            return None
        return row.read(name, partial(parse_percent, shares=self.shares), self.problems)


def _project(name: str, lines: Sequence[_Line], first: date, last: date, notes: tuple[str, ...]) -> ProjectFile:
    calendar = _office(first, last)
    tasks: dict[str, Task] = {}
    parents: dict[str, str] = {}
    progress: dict[str, TaskProgress] = {}
    outline = dict(_outline(lines))
    summaries = frozenset(outline.values())
    for bucket, inside in _by_bucket(lines, has_outline=bool(outline)).items():
        above = f"bucket {len(parents)}" if bucket else ""
        if above:
            tasks[above] = Task(id=above, name=bucket, calendar="office")
        for one in inside:
            if one.id in outline:
                parents[one.id] = outline[one.id]
            if one.id in summaries:
                tasks[one.id] = Task(id=one.id, name=one.name, calendar="office")
                continue
            start, finish = _span(one, first)
            length = max(calendar.between(start, finish), DAY_OF_WORK if one.due is None else 0)
            tasks[one.id] = Task(
                id=one.id,
                name=one.name,
                duration=Duration(length),
                calendar="office",
                manual=ManualDates(start, finish),
                is_placeholder=one.start is None and one.due is None,
            )
            if above:
                parents[one.id] = above
            if one.is_done:
                progress[one.id] = TaskProgress(start, finish)
            elif one.has_begun:
                progress[one.id] = TaskProgress(start, None, Duration(length), start)
    roadmap = Roadmap(
        tasks=tasks,
        links=(),
        calendars={"office": calendar},
        start=minute_of(first) + OPENS,
        minutes_per_day=DAY_OF_WORK,
        progress=progress,
        parents=parents,
        profile=MSPROJECT,
    )
    return ProjectFile(name, roadmap, {t: task.name for t, task in tasks.items()}, "office", {}, {}, notes)


def _by_bucket(lines: Iterable[_Line], *, has_outline: bool) -> Mapping[str, list[_Line]]:
    """Return the tasks of each bucket, or all tasks together if summaries come from the outline."""
    found: dict[str, list[_Line]] = {}
    for one in lines:
        found.setdefault("" if has_outline else one.bucket, []).append(one)
    return found


def _outline(lines: Iterable[_Line]) -> Iterator[tuple[str, str]]:
    """Yield each task that is below another in the outline, with its parent."""
    above: list[tuple[int, str]] = []
    for one in lines:
        while above and above[-1][0] >= one.level:
            above.pop()
        if above and one.level:
            yield one.id, above[-1][1]
        above.append((one.level, one.id))


def _span(one: _Line, first: date) -> tuple[int, int]:
    """Return a task's dates: its own days, or for a finished task, up to its completion."""
    ends = (one.completed if one.is_done else None) or one.due or one.start or first
    begins = min(one.start or ends, ends)
    return minute_of(begins) + OPENS, minute_of(ends) + CLOSES


def _office(first: date, last: date) -> WorkingCalendar:
    """Return a calendar of Monday to Friday, without end."""
    days = DayRange(first - timedelta(days=21), max(first, last) + timedelta(days=21))
    layer = Layer("week", dict.fromkeys(range(5), USUAL_HOURS))
    known = compile_calendar("office", [layer], first=days.first, last=days.last).laid_out
    return WorkingCalendar("office", known.intervals, days=days, repeats=True)


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more
