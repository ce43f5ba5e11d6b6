"""A preview of what a progress sheet would record and move, for the terminal."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from changeflow.programme.differences import differences
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress
from changeflow.programme.typed_progress import LABELS, TypedProgress
from changeflow.reports.differences import changed_parts, parts_text
from changeflow.reports.findings import findings_beyond
from changeflow.roadmap.analysis.differences import Topic
from changeflow.roadmap.analysis.lengths import length_in_words
from changeflow.roadmap.analysis.slippage import CutOff, format_cut_off
from changeflow.rules.engine import Judged
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import DAY, format_day, last_day_of
from changeflow.values.moved_dates import later_or_earlier
from changeflow.values.problem import Problem

SHOWN = 10
"""The most findings or cut-offs shown: our own choice."""
MOST_OF_A_COMMENT = 120
"""Characters."""


def preview_lines(
    typed: TypedProgress, before: Judged, after: Judged, *, decided: int = 0, skipped: Sequence[Problem] = ()
) -> Iterator[str]:
    """Yield what would be recorded, how unusual cells are read, and what moves.

    `decided` are decisions in the same import; `skipped` are lines of the sheet that are not about a task.
    """
    old, new = before.programme, after.programme
    tasks = list(dict.fromkeys([r.task for r in typed.reported] + [task for task, _ in typed.comments]))
    same = f"; {counted(typed.unchanged, 'row')} unchanged" if typed.unchanged else ""
    yield f"To be recorded: {counted(len(tasks), 'task')}{same}"
    reported, said = {r.task: r for r in typed.reported}, dict(typed.comments)
    for task in tasks:
        yield f"  “{old.roadmap.tasks[task].name}”: {entry_words(new, task, reported.get(task), said.get(task, ''))}"
    if decided:
        yield f"  and {counted(decided, 'decision')}"
    for title, is_taken in (("Not recorded", False), ("How cells are read", True)):
        notes = sorted((n for n in typed.notes if n.is_taken is is_taken), key=lambda n: n.line)
        if notes:
            yield title
            yield from (f"  Line {n.line}, {LABELS[n.column]}: {n.text}" for n in notes)
    early = [(r.task, r.started) for r in typed.reported]
    yield from _part("Days to check", list(early_starts(old, early)))
    yield from _part("Lines skipped", [f"Line {line.line}: {line.what}" for line in skipped])
    if not (tasks or decided):
        return
    yield from _moves(old, new, typed.reported)
    yield from _part("Cut-offs overtaken", [_cut_off(old, c) for c in overtaken_cut_offs(old, new)])
    yield from _part("New findings", [f"{f.rule} {f.message}" for f in findings_beyond(after, before)])
    yield from _part("Findings resolved", [f"{f.rule} {f.message}" for f in findings_beyond(before, after)])


def early_starts(programme: Programme, starts: Iterable[tuple[TaskId, date]]) -> Iterator[str]:
    """Yield a sentence for each start before the programme's: it is recorded, but may be a typing error."""
    first = programme.definition.programme.start
    for task, started in starts:
        if started < first:
            days = f"{format_day(started)}, before the programme's start on {format_day(first)}"
            name = programme.roadmap.tasks[task].name
            yield f"“{name}” started on {days}. The day counts; correct it if it is wrong."


def entry_words(programme: Programme, task: TaskId, reported: ReportedProgress | None, comment: str) -> str:
    """Say what a sheet records of a task; `programme` is the programme after the import."""
    parts = []
    if reported is not None:
        if reported.percent is not None and reported.finished is None:
            parts.append(f"{reported.percent}% complete")
        parts.append(f"started {format_day(reported.started)}")
        if reported.finished is not None:
            parts.append(f"finished {format_day(reported.finished)}")
        parts += _left(programme, task)
    text = ", ".join(parts)
    return "; ".join(part for part in (text, f"comment “{_short(comment)}”" if comment else "") if part)


def _short(comment: str) -> str:
    """Return a comment on one line, shortened."""
    line = " ".join(comment.split())
    return line if len(line) <= MOST_OF_A_COMMENT else f"{line[:MOST_OF_A_COMMENT]}…"


def _left(programme: Programme, task: TaskId) -> Iterator[str]:
    progress, found = programme.facts.progress.get(task), programme.roadmap.tasks.get(task)
    if progress is not None and found is not None and progress.remaining is not None and not progress.is_done:
        words = length_in_words(progress.remaining, programme.minutes_per_day, found.placed_on or found.calendar)
        yield f"{words} left"


def _moves(old: Programme, new: Programme, reported: Sequence[ReportedProgress]) -> Iterator[str]:
    moved = [d for d in differences(old, new) if d.topic in (Topic.MILESTONES, Topic.GO_LIVES)]
    before, after = old.required_schedule.finish, new.required_schedule.finish
    days = round((after - before) / DAY)
    if moved or days:
        yield _compared(old, reported)
    if not moved:
        yield "No milestone or go-live moves."
    yield from parts_text(changed_parts(moved, with_milestones=True))
    if days:
        was, is_ = format_day(last_day_of(before)), format_day(last_day_of(after))
        yield f"The programme finishes on {is_} instead of {was}: {later_or_earlier(days)}."
    else:
        yield "The finish does not move."


def _compared(old: Programme, reported: Sequence[ReportedProgress]) -> str:
    """Say that moves are against a forecast in which unreported work is still to be done.

    Without that, reports that confirm the plan read as if the programme had become faster.
    """
    text = f"Compared with the forecast for {format_day(old.on)} without this sheet"
    late = [
        one
        for one in reported
        if one.task not in old.facts.progress and one.started < old.on <= old.timed(one.task).first_day
    ]
    if not late:
        return f"{text}."
    begun = "1 of these tasks has not begun, because no one had reported it"
    if len(late) > 1:
        begun = f"{len(late)} of these tasks have not begun, because no one had reported them"
    return f"{text}. In that forecast, {begun}."


def overtaken_cut_offs(before: Programme, after: Programme) -> Iterator[CutOff]:
    """Yield the cut-offs that reported tasks have slipped past."""
    targets = [m.task for m in before.open_milestones]
    for task, progress in after.facts.progress.items():
        if before.facts.progress.get(task) == progress or before.is_done(task) or task in targets:
            continue
        finish = after.timed(task).early_finish
        cut_off = before.slips.nearest(task, targets) if finish > before.timed(task).early_finish else None
        if cut_off is not None and finish > before.slips.slipped(task, cut_off.float_days):
            yield cut_off


def _cut_off(programme: Programme, cut_off: CutOff) -> str:
    words = format_cut_off(programme.roadmap, programme.required_schedule, cut_off)
    return f"{programme.roadmap.tasks[cut_off.task].name}. Before this report: {words[0].lower()}{words[1:]}"


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"  {line}" for line in lines[:SHOWN])
        if len(lines) > SHOWN:
            yield f"  … and {len(lines) - SHOWN} more"
