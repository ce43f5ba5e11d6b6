"""A filled-in progress sheet against the records: new progress, mistakes and notes.

An exported sheet also holds its original values, so only changed cells count, and later records by others are never
overwritten. In a team's own sheet every filled cell counts, and empty cells are ignored.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from changeflow.programme.programme import Programme
from changeflow.programme.progress_cells import ProgressCells, duration_text, progress_cells
from changeflow.programme.recording import ReportedProgress, wrong_order
from changeflow.roadmap.model.tasks import Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.moments import format_day

LONGEST_COMMENT = 2_000
"""Characters; a comment is a remark, not a document."""
LABELS = {
    "percent": "% complete",
    "started": "Actual start",
    "finished": "Actual finish",
    "remaining": "Remaining",
    "comment": "Comment",
}
"""The columns read, by their fields in `ProgressCells`."""
OF_PROGRESS = ("percent", "started", "finished", "remaining")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedRow:
    """One row of a sheet."""

    line: int
    task: TaskId
    typed: ProgressCells
    """The values of its cells; % complete is None if the cell is empty."""
    exported: ProgressCells | None = None
    """The values when the sheet was exported; None in a team's own sheet."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark about a cell: a mistake to correct, or how it was read."""

    line: int
    column: str
    """A key of `LABELS`."""
    text: str
    remedy: str = ""
    is_taken: bool = True
    """Whether the cell is recorded, as the text says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedProgress:
    """The result of reading a sheet."""

    reported: tuple[ReportedProgress, ...] = ()
    comments: tuple[tuple[TaskId, str], ...] = ()
    notes: tuple[Remark, ...] = ()
    wrong: tuple[Remark, ...] = ()
    unchanged: int = 0
    """Rows that are already recorded."""


def compare_typed(programme: Programme, rows: Iterable[TypedRow], *, mine: Collection[TaskId] = ()) -> TypedProgress:
    """Return the new progress in a sheet's rows at the data date, or all their mistakes at once.

    `mine` are the tasks whose progress was last recorded by the owner of the sheet.
    """
    found = [_Row(programme, row, is_mine=row.task in mine) for row in rows]
    for row in found:
        row.take()
    return TypedProgress(
        reported=tuple(row.report for row in found if row.report is not None),
        comments=tuple((row.task.id, row.comment) for row in found if row.comment),
        notes=tuple(note for row in found for note in row.notes),
        wrong=tuple(wrong for row in found for wrong in row.wrong),
        unchanged=sum(row.report is None and not row.comment and not row.wrong for row in found),
    )


class _Row:
    """One row during its comparison with the records."""

    def __init__(self, programme: Programme, row: TypedRow, *, is_mine: bool) -> None:
        self.programme, self.row, self.on, self.is_mine = programme, row, programme.on, is_mine
        self.task: Task = programme.roadmap.tasks[row.task]
        self.known = progress_cells(programme, row.task)
        self.typed = row.typed
        self.report: ReportedProgress | None = None
        self.comment = ""
        self.notes: list[Remark] = []
        self.wrong: list[Remark] = []

    def take(self) -> None:
        self._take_comment()
        new = self._new()
        if not new:
            return
        if self._is_overtaken(new):
            return
        report = self._report(new)
        if report is None or self.wrong:
            return
        self._check(report)
        if not self.wrong:
            self.report = report

    def _note(self, column: str, text: str, *, is_taken: bool = True) -> None:
        self.notes.append(Remark(self.row.line, column, text, is_taken=is_taken))

    def _refuse(self, column: str, text: str, remedy: str) -> None:
        self.wrong.append(Remark(self.row.line, column, text, remedy))

    def _take_comment(self) -> None:
        said, was = self.typed.comment, self.row.exported.comment if self.row.exported else ""
        if not said:
            if was:
                self._note("comment", "was emptied. The recorded comment stays.", is_taken=False)
            return
        if said in (was, self.known.comment):
            return
        if len(said) > LONGEST_COMMENT:
            self._refuse(*_too_long(said))
            return
        if self.row.exported is not None and was != self.known.comment:
            self._note("comment", f"Someone has since written “{self.known.comment}”. Both are kept.")
        self.comment = said

    def _new(self) -> dict[str, Any]:
        """Return the progress cells that differ from the records, or from the exported values."""
        before = self.row.exported or self.known
        found = {n: v for n in OF_PROGRESS if (v := getattr(self.typed, n)) != getattr(before, n)}
        emptied = [n for n, v in found.items() if v in (None, "")]
        for name in emptied:
            del found[name]
        if self.row.exported is not None:
            self._note_emptied([n for n in emptied if n in ("started", "finished") or not found])
        return found if any(v != getattr(self.known, n) for n, v in found.items()) else {}

    def _note_emptied(self, names: Iterable[str]) -> None:
        for name in names:
            if getattr(self.known, name) not in (None, ""):
                self._note(name, "was emptied. The record stays; withdraw it if it is wrong.", is_taken=False)

    def _is_overtaken(self, new: Mapping[str, Any]) -> bool:
        """Refuse to overwrite records that others made after the sheet was exported."""
        exported = self.row.exported
        if exported is None:
            return False
        others = [n for n in OF_PROGRESS if getattr(self.known, n) != getattr(exported, n)]
        recorded = self.programme.facts.progress.get(self.task.id)
        if others == ["percent"] and recorded is not None and recorded.percent is None:
            # Not a report: the planned duration changed.
            return False
        if not others:
            return False
        name = others[0] if others[0] in new else next(iter(new))
        said = ((n, getattr(self.known, n)) for n in others)
        now = ", ".join(f"{LABELS[n]} {_shown(n, v)}" for n, v in said if v not in (None, ""))
        typed = ", ".join(f"{LABELS[n]} {_shown(n, v)}" for n, v in new.items())
        if self.is_mine:
            self._note(
                name, f"You recorded {now or 'nothing'} after exporting this sheet. The sheet changes that to {typed}."
            )
            return False
        remedy = f"The sheet says {typed}. Export it again and enter what still applies."
        what = f"{now} was recorded by someone else" if now else "The record was withdrawn"
        self._refuse(name, f"{what} since this sheet was exported.", remedy)
        return True

    def _said(self, new: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401
        """Return a cell's value; in an exported sheet only if it was changed."""
        said = new.get(name) if self.row.exported else getattr(self.typed, name)
        return said if said != "" else None

    def _report(self, new: Mapping[str, Any]) -> ReportedProgress | None:
        percent, remaining = self._said(new, "percent"), self._said(new, "remaining")
        finished = new.get("finished") or self.known.finished
        if self.task.gate is not None and self.known.finished is None and (finished or percent == 100):
            return self._begin_gate(new, "finished" if finished else "percent")
        if percent == 100 and finished is None:
            if remaining not in (None, "0"):
                self._refuse(*_done_with_rest(remaining))
                return None
            finished = self.on
            self._note("percent", f"100% without an Actual finish: {format_day(self.on)}, the data date, is used.")
        if finished is not None:
            return self._finish(new, finished)
        return self._begin(new)

    def _begin_gate(self, new: Mapping[str, Any], column: str) -> ReportedProgress | None:
        """Report that a sheet cannot finish a gate; the start of its review is recorded."""
        text = f"“{self.task.name}” is a gate, which only a decision can finish. Record the decision itself."
        self._note(column, text, is_taken=False)
        return ReportedProgress(self.task.id, new["started"]) if "started" in new else None

    def _finish(self, new: Mapping[str, Any], finished: date) -> ReportedProgress | None:
        percent, remaining = self._said(new, "percent"), self._said(new, "remaining")
        day = format_day(finished)
        if percent not in (None, 100) and self.known.finished == finished:
            remedy = "If the finish is wrong, withdraw it first."
            self._refuse("percent", f"is {percent}%, but a finish on {day} is recorded.", remedy)
            percent = None
        for column, what, to_do in _against_finish(finished, percent, remaining):
            self._refuse(column, what, to_do)
        if self.known.finished is not None and finished != self.known.finished:
            self._note("finished", f"changes from {format_day(self.known.finished)} to {day}.")
        return ReportedProgress(self.task.id, self._start(new, finished), finished)

    def _begin(self, new: Mapping[str, Any]) -> ReportedProgress | None:
        percent, remaining = self._said(new, "percent"), self._said(new, "remaining")
        if percent == 0 and self.known.started is None and "started" not in new and remaining is None:
            return None
        if self.task.is_milestone and (percent or remaining not in (None, "0")):
            column = "percent" if percent else "remaining"
            self._refuse(column, f"“{self.task.name}” is a milestone.", "Write 0% or 100%.")
            return None
        started = self._start(new, self.on)
        if started > self.on and "started" not in new:
            column = "percent" if percent else "remaining"
            self._refuse(
                column,
                f"“{self.task.name}” is planned to begin on {format_day(started)} but has no Actual start.",
                "Fill in the Actual start.",
            )
            return None
        if percent is not None and self.known.percent is not None and percent < self.known.percent:
            self._note("percent", f"goes back from {self.known.percent}% to {percent}%.")
        if percent is None and remaining is None:
            known = self.programme.facts.progress.get(self.task.id)
            return _with_known_rest(ReportedProgress(self.task.id, started), known)
        if remaining == "0":
            self._note("remaining", "No work is left, but there is no Actual finish.")
        text = f"{remaining}d" if remaining and remaining[-1].isdigit() else remaining
        return ReportedProgress(self.task.id, started, None, text, percent)

    def _start(self, new: Mapping[str, Any], last: date) -> date:
        """Return the typed start, or else the recorded one, or else the forecast."""
        started: date | None = new.get("started") or self.known.started
        if started is not None:
            if self.known.started is not None and started != self.known.started:
                self._note("started", f"changes from {format_day(self.known.started)} to {format_day(started)}.")
            return started
        first = self.programme.timed(self.task.id).first_day
        if first <= self.on or "finished" in new or new.get("percent") == 100:
            started = min(first, last)
            source = "as planned" if started == first else "the day of its finish"
            self._note("started", f"is empty: {format_day(started)} is used, {source}.")
            return started
        return first

    def _check(self, report: ReportedProgress) -> None:
        for column, what, remedy in _in_future(report.started, report.finished, self.on):
            self._refuse(column, what, remedy)
        if (wrong := wrong_order(report)) is not None:
            self._refuse("finished", wrong, "Check both dates.")


Wrong = tuple[str, str, str]
"""The column of a wrong cell, what is wrong in it, and the remedy."""


def contradictions(cells: ProgressCells, on: date) -> Iterator[Wrong]:
    """Yield what is wrong in the cells of a row whatever task it is about; `on` is the last day that it may name."""
    if len(cells.comment) > LONGEST_COMMENT:
        yield _too_long(cells.comment)
    if cells.finished is not None:
        yield from _against_finish(cells.finished, cells.percent, cells.remaining or None)
    elif cells.percent == 100 and cells.remaining not in ("", "0"):
        yield _done_with_rest(cells.remaining)
    yield from _in_future(cells.started, cells.finished, on)
    if cells.started is not None and cells.finished is not None and cells.finished < cells.started:
        what = f"{format_day(cells.finished)} is before the start, {format_day(cells.started)}."
        yield "finished", what, "Check both dates."


def _too_long(comment: str) -> Wrong:
    return "comment", f"has {len(comment):,} characters.", f"Write at most {LONGEST_COMMENT:,}."


def _done_with_rest(remaining: str) -> Wrong:
    return "percent", f"is 100%, with {_shown('remaining', remaining)} left.", "Correct one of them."


def _against_finish(finished: date, percent: int | None, remaining: str | None) -> Iterator[Wrong]:
    day = format_day(finished)
    if percent not in (None, 100):
        yield "percent", f"is {percent}%, with an Actual finish of {day}.", "Correct one of them."
    if remaining not in (None, "0"):
        left = _shown("remaining", remaining)
        yield "remaining", f"is {left}, with an Actual finish of {day}.", "Correct one of them."


def _in_future(started: date | None, finished: date | None, on: date) -> Iterator[Wrong]:
    for column, day in (("started", started), ("finished", finished)):
        if day is not None and day > on:
            remedy = f"Write a day up to {format_day(on)}, the data date."
            yield column, f"{format_day(day)} is in the future.", remedy


def _with_known_rest(report: ReportedProgress, known: TaskProgress | None) -> ReportedProgress:
    """Return the report of a changed start; the recorded remaining duration stays."""
    if known is None or known.remaining is None:
        return report
    return replace(report, remaining=duration_text(known.remaining), percent=known.percent)


def _shown(name: str, value: object) -> str:
    if isinstance(value, date):
        return format_day(value)
    if name == "percent":
        return f"{value}%" if value is not None else "empty"
    if name == "remaining" and value:
        text = str(value)
        return f"{text} days" if text[-1].isdigit() else text
    return str(value) if value not in (None, "") else "empty"
