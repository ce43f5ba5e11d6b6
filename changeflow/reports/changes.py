"""What changed and why, in words: slips by cause, baselines, and variance against a baseline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.causes import CauseWords
from changeflow.reports.differences import (
    ChangedPart,
    changed_parts,
    dropped_lines,
    dropped_text,
    dropped_warning,
    parts_text,
)
from changeflow.reports.grouping import grouped
from changeflow.roadmap.analysis.changes import Slip, SlipPart
from changeflow.roadmap.analysis.differences import Altered
from changeflow.roadmap.analysis.why import window_in_words
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import format_day, iso
from changeflow.values.moved_dates import moved_in_words

LISTED = 5
"""The most causes listed for a slip; smaller ones are summed: our own choice."""
LISTED_BELOW = 2
"""The most causes listed below a line about a gate, go-live or task: our own choice."""
SHOWN_VARIANCES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    cause: str
    days: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLine:
    """What one cause did to a milestone's date, for the JSON, which sums no small causes."""

    cause: str
    days: int
    tasks: tuple[TaskId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipLine:
    """One milestone's move; the days of its causes, and of its parts, add up to its own.

    Parts about the same tasks are one cause; parts that cancel out are left out.
    """

    name: str
    days: int
    sentence: str
    causes: tuple[CauseLine, ...]
    task: TaskId
    before: str
    """Its finish before the change, local time to the minute; `after` likewise."""
    after: str
    parts: tuple[PartLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    title: str
    """The compared state: `since the baseline was set`."""
    slips: tuple[SlipLine, ...]
    unmoved: int
    """The number of milestones that did not move."""
    go_lives: tuple[SlipLine, ...] = ()
    """Why announced go-lives are later, latest first."""
    dropped: tuple[str, ...] = ()
    """Dropped milestones, gates and deadlines."""
    warning: str = ""
    """Dropped milestones and deadlines in one sentence; empty if there are none."""
    parts: tuple[ChangedPart, ...] = ()
    """Everything else that was added, removed, renamed or changed."""


def build_changes(
    title: str,
    slips: Sequence[Slip],
    before: Roadmap,
    after: Roadmap,
    *,
    found: Sequence[Altered] = (),
    go_lives: Sequence[Slip] = (),
    others: Sequence[Slip] = (),
) -> Changes:
    """Describe the slips of milestones and `go_lives`, the largest first, and all other differences (`found`).

    `others` are slips of gates, go-lives and tasks; their causes are listed below the lines about them.
    """

    def in_order(of: Sequence[Slip]) -> list[Slip]:
        return sorted((s for s in of if s.days), key=lambda s: (-abs(s.days), s.after, s.target))

    moved = in_order(slips)
    lines, moves = _Lines(before, after), {s.target: s for s in others}

    def causes_of(task: TaskId) -> tuple[str, ...]:
        return lines.causes(moves[task]) if task in moves else ()

    return Changes(
        title=title,
        slips=tuple(lines.slip(s) for s in moved),
        unmoved=len(slips) - len(moved),
        go_lives=tuple(lines.slip(s) for s in in_order(go_lives)),
        dropped=dropped_lines(found),
        warning=dropped_warning(found),
        parts=changed_parts(found, with_milestones=False, causes_of=causes_of),
    )


def changes_text(changes: Changes) -> Iterator[str]:
    """Yield the lines for the terminal."""
    yield f"What has changed {changes.title}, and why"
    yield from (f"  {line}" for line in dropped_text(changes.dropped))
    for slip in (*changes.slips, *changes.go_lives):
        yield ""
        yield f"  {slip.sentence}"
        for cause in slip.causes:
            yield f"    {cause.days:+4d}  {cause.sentence}"
    if changes.slips and changes.unmoved:
        yield ""
        yield f"  {counted(changes.unmoved, 'other milestone')} {'has' if changes.unmoved == 1 else 'have'} not moved."
    if changes.parts:
        yield ""
        yield from (f"  {line}" for line in parts_text(changes.parts))
    if not changes.slips:
        yield "  No milestone has moved."


class _Lines:
    """Describes slips."""

    def __init__(self, before: Roadmap, after: Roadmap) -> None:
        self.after = after
        self.words = CauseWords(before, after)

    def slip(self, slip: Slip) -> SlipLine:
        name = self.words.name(slip.target)
        joined = _without_offsets(slip.parts)
        listed = joined[:LISTED]
        causes = [CauseLine(cause=p.cause.value, days=p.days, sentence=f"{self.words.of(p)}.") for p in listed]
        if rest := joined[LISTED:]:
            total = sum(p.days for p in rest)
            causes.append(CauseLine(cause="several", days=total, sentence=f"{len(rest)} smaller changes together."))
        sentence = f"“{name}” {moved_in_words(*slip.on)}.{self._window(slip)}"
        return SlipLine(
            name=name,
            days=slip.days,
            sentence=sentence,
            causes=tuple(causes),
            task=slip.target,
            before=iso(slip.before),
            after=iso(slip.after),
            parts=tuple(PartLine(cause=p.cause.value, days=p.days, tasks=p.tasks) for p in slip.parts),
        )

    def _window(self, slip: Slip) -> str:
        """Say which start window a later task waits for: this is why a short delay can cost weeks."""
        task = self.after.tasks.get(slip.target)
        if task is None or not task.starts_on or slip.days <= 0:
            return ""
        window = window_in_words(self.after, task)
        return f" It can happen only {'at' if window.startswith('meeting') else 'at the start of'} a {window}."

    def causes(self, slip: Slip) -> tuple[str, ...]:
        """Return the largest causes of a slip, and the sum of the others."""
        parts = _without_offsets(slip.parts)
        # If only one cause would be left, list it rather than sum it.
        listed = parts[: LISTED_BELOW + (len(parts) == LISTED_BELOW + 1)]
        rest = parts[len(listed) :]
        lines = [f"{p.days:+4d}  {self.words.of(p)}." for p in listed]
        if rest:
            lines.append(f"{sum(p.days for p in rest):+4d}  {len(rest)} smaller changes together.")
        return tuple(lines)


def _without_offsets(parts: Sequence[SlipPart]) -> list[SlipPart]:
    """Join parts about the same tasks, such as started work that is not finished; leave out those that cancel out."""
    alike: dict[object, list[SlipPart]] = {}
    for part in parts:
        alike.setdefault(part.tasks or part.cause, []).append(part)
    joined = []
    for group in alike.values():
        days = sum(p.days for p in group)
        joined += [replace(p, days=days) for p in group if p.days * days > 0][:1]
    return sorted(joined, key=lambda p: (-abs(p.days), p.cause, p.tasks))


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineLine:
    """One baseline."""

    number: int
    on: str
    approver: str
    """A role."""
    reason: str
    announced: bool


def baselines_text(lines: Sequence[BaselineLine]) -> Iterator[str]:
    """Yield the lines for the terminal."""
    if not lines:
        yield "No baseline has been taken yet."
    for line in lines:
        announced = "" if line.announced else "; not announced"
        yield f"{line.number:>3}  {line.on:<12} {line.approver}: {line.reason}{announced}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceLine:
    """A task's forecast against its baseline, in calendar days; positive if later."""

    id: TaskId
    name: str
    baseline: str
    forecast: str
    days: int
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    note: str
    milestones: tuple[VarianceLine, ...]
    tasks: tuple[VarianceLine, ...]
    """The largest first."""
    added: tuple[str, ...]
    """Tasks that are not in the baseline."""
    gone: tuple[str, ...]


def build_variance(programme: Programme, baseline: Mapping[TaskId, Dates], *, note: str, everything: bool) -> Variance:
    """Compare finishes; without `everything`, leave out unmoved tasks but not milestones."""
    is_milestone = {m.task for m in programme.milestones}
    lines = [_variance(programme, t, baseline[t]) for t in programme.roadmap.tasks if t in baseline]
    moved = [x for x in lines if x.id not in is_milestone and (x.days or everything)]
    return Variance(
        note=note,
        milestones=tuple(x for x in lines if x.id in is_milestone),
        tasks=tuple(sorted(moved, key=lambda x: (-abs(x.days), x.id))),
        added=tuple(programme.roadmap.tasks[t].name for t in programme.roadmap.tasks if t not in baseline),
        gone=tuple(t for t in baseline if t not in programme.roadmap.tasks),
    )


def variance_text(variance: Variance, roadmap: Roadmap) -> Iterator[str]:
    """Yield the lines for the terminal; similar tasks that move alike share a line."""
    yield variance.note
    for title, lines in (("Milestones", variance.milestones), ("Tasks", variance.tasks)):
        yield ""
        yield f"{title}: calendar days later (+) or earlier (-) than the baseline"
        joined = grouped(roadmap, ((x.id, (x.days, x.forecast, x.baseline, x.done)) for x in lines))
        for name, (days, forecast, before, done), _ in joined[:SHOWN_VARIANCES]:
            yield f"  {days:+4d}  {forecast:<12} (was {before}{', done' if done else ''})  {name}"
        if left := sum(count for _, _, count in joined[SHOWN_VARIANCES:]):
            yield f"  … and {left} more"
        if not lines:
            yield "  none"
    for title, names in (("Not in the baseline", variance.added), ("In the baseline only", variance.gone)):
        if names:
            yield ""
            yield f"{title}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"


def variance_days(programme: Programme, task: TaskId, planned: Dates) -> int:
    """Return the calendar days by which a task ends later than in its baseline."""
    timed = programme.timed(task)
    return (timed.last_day - timed.day_at(planned.finish)).days


def _variance(programme: Programme, task: TaskId, planned: Dates) -> VarianceLine:
    timed, progress = programme.timed(task), programme.roadmap.progress.get(task)
    return VarianceLine(
        id=task,
        name=programme.roadmap.tasks[task].name,
        baseline=format_day(timed.day_at(planned.finish)),
        forecast=format_day(timed.last_day),
        days=variance_days(programme, task, planned),
        done=bool(progress and progress.is_done),
    )
