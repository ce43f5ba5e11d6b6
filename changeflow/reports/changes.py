"""What changed and why, in words: slips by cause, variance against a baseline, the trend from report to report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.differences import (
    ChangedPart,
    changed_parts,
    dropped_lines,
    dropped_text,
    dropped_warning,
    parts_text,
)
from changeflow.reports.grouping import grouped
from changeflow.roadmap.analysis.changes import Cause, Slip, SlipPart
from changeflow.roadmap.analysis.differences import Altered
from changeflow.roadmap.analysis.why import length_in_words
from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, iso, last_day_of
from changeflow.values.words import RULE_ORIGIN, Kind

TOLD = 5
"""Causes that are told one by one; the smaller ones are summed: our own choice."""
NAMED = 3
SHOWN_VARIANCES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    cause: str
    days: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLine:
    """What one cause did to a milestone's date: every part of it, where the lines for people sum small ones."""

    cause: str
    days: int
    tasks: tuple[TaskId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipLine:
    """One milestone's move; the days of its causes add up to its own, and so do those of its parts."""

    name: str
    days: int
    sentence: str
    causes: tuple[CauseLine, ...]
    task: TaskId
    before: str
    """Its finish then and now: local, to the minute."""
    after: str
    parts: tuple[PartLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    title: str
    """Against what: `since the baseline`."""
    slips: tuple[SlipLine, ...]
    unmoved: int
    """Milestones that stayed where they were."""
    go_lives: tuple[SlipLine, ...] = ()
    """Why announced go-lives are later, the latest first."""
    dropped: tuple[str, ...] = ()
    """Milestones, gates and deadlines that are gone."""
    warning: str = ""
    """That milestones or deadlines were dropped, in one sentence; empty where none was."""
    parts: tuple[ChangedPart, ...] = ()
    """All else that came, went, was renamed or changed."""


def build_changes(
    title: str,
    slips: Sequence[Slip],
    before: Roadmap,
    after: Roadmap,
    *,
    found: Sequence[Altered] = (),
    go_lives: Sequence[Slip] = (),
) -> Changes:
    """Put slips into words, of milestones and of `go_lives`, the largest first, and all else that differs (`found`)."""

    def in_order(of: Sequence[Slip]) -> list[Slip]:
        return sorted((s for s in of if s.days), key=lambda s: (-abs(s.days), s.after, s.target))

    moved = in_order(slips)
    words = _Words(before, after)
    return Changes(
        title=title,
        slips=tuple(words.slip(s) for s in moved),
        unmoved=len(slips) - len(moved),
        go_lives=tuple(words.slip(s) for s in in_order(go_lives)),
        dropped=dropped_lines(found),
        warning=dropped_warning(found),
        parts=changed_parts(found, with_milestones=False),
    )


def changes_text(changes: Changes) -> Iterator[str]:
    """Yield the lines for the terminal."""
    yield f"What changed {changes.title}, and why"
    yield from (f"  {line}" for line in dropped_text(changes.dropped))
    for slip in (*changes.slips, *changes.go_lives):
        yield ""
        yield f"  {slip.sentence}"
        for cause in slip.causes:
            yield f"    {cause.days:+4d}  {cause.sentence}"
    if changes.slips and changes.unmoved:
        yield ""
        yield f"  {counted(changes.unmoved, 'other')} stayed where {'it' if changes.unmoved == 1 else 'each'} was."
    if changes.parts:
        yield ""
        yield from (f"  {line}" for line in parts_text(changes.parts))
    if not changes.slips:
        yield "  No milestone moved."


class _Words:
    def __init__(self, before: Roadmap, after: Roadmap) -> None:
        self.before = before
        self.after = after

    def slip(self, slip: Slip) -> SlipLine:
        name = self._name(slip.target)
        way = "later" if slip.days > 0 else "earlier"
        days = counted(abs(slip.days), "day")
        then, now = map(format_day, slip.on)
        told = slip.parts[:TOLD]
        causes = [CauseLine(cause=p.cause.value, days=p.days, sentence=f"{self._format(p)}.") for p in told]
        if rest := slip.parts[TOLD:]:
            total = sum(p.days for p in rest)
            causes.append(CauseLine(cause="several", days=total, sentence=f"{len(rest)} smaller changes together."))
        sentence = f"“{name}” is {days} {way}: {now} instead of {then}."
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

    def _format(self, part: SlipPart) -> str:
        if len(part.tasks) == 1 and (single := self._single(part.cause, part.tasks[0])):
            return single
        if part.cause is Cause.NOT_DONE and not part.tasks:
            return "Time went by before work that leads to it was done"
        who = self._names(part.tasks)
        if part.cause is Cause.READINESS:
            return self._readiness(part.tasks)
        whole = {
            Cause.CALENDAR: "A calendar changed: days that were open are closed, or the other way round",
            Cause.SET_DATE: "The programme's own start or finish was set anew",
            Cause.RESOURCE: "Who does the work, and when they can, changed",
            Cause.OTHER: "The way in which dates are computed changed",
        }
        several = {
            Cause.ADDED_WORK: f"{len(part.tasks)} tasks were added: {who}",
            Cause.REMOVED_WORK: f"{len(part.tasks)} tasks were taken out: {who}",
            Cause.NOT_DONE: f"Work waits to be begun or finished: {who}",
            Cause.DECISION: f"Decisions wait to be taken: {who}",
        }
        return several.get(part.cause) or whole.get(part.cause) or f"{part.cause.value.capitalize()}: {who}"

    def _readiness(self, tasks: Sequence[TaskId]) -> str:
        """Say which waves stand elsewhere than before, each by its milestone's reason."""
        parts = []
        for task in tasks:
            found = self.after.tasks.get(task) or self.before.tasks[task]
            if found.kind is not Kind.READINESS:
                continue
            is_held = task in self.after.tasks and found.because
            parts.append(f"{found.name}: not yet, as {found.because}" if is_held else f"{found.name} now")
        text = "; ".join(parts[:NAMED]) + (f"; and {len(parts) - NAMED} more" if len(parts) > NAMED else "")
        return f"Readiness of people. {text}" if text else "What is done for people changed"

    def _single(self, cause: Cause, task: TaskId) -> str:
        name = f"“{self._name(task)}”"
        old, new = self.before.tasks.get(task), self.after.tasks.get(task)
        simple = {
            Cause.ADDED_WORK: f"{name} was added",
            Cause.REMOVED_WORK: f"{name} was taken out",
            Cause.CALENDAR: f"{name} follows another calendar",
            Cause.SET_DATE: f"A date was set, or lifted, for {name}",
            Cause.LINK: f"What {name} waits for was changed",
            Cause.NOT_DONE: f"{name} waits to be begun or finished",
        }
        if cause is Cause.SET_DATE and new and new.because and (old is None or old.because != new.because):
            return f"{name}: {new.because}"
        if cause is Cause.RE_ESTIMATE and old and new:
            return f"{name} takes {self._length(new)} instead of {self._length(old)}"
        if cause is Cause.WAVE_MOVE and new:
            return f"{name} moved to another wave ({new.wave})"
        if cause is Cause.RULE:
            return self._rule(task, name)
        if cause in (Cause.ACTUAL, Cause.DECISION):
            return self._happened(task, name, is_decision=cause is Cause.DECISION)
        return simple.get(cause, "")

    def _rule(self, task: TaskId, name: str) -> str:
        def rules(roadmap: Roadmap) -> set[str]:
            origins = (k.origin for k in roadmap.links if k.successor == task)
            return {o.removeprefix(RULE_ORIGIN) for o in origins if o.startswith(RULE_ORIGIN)}

        gained, lost = rules(self.after) - rules(self.before), rules(self.before) - rules(self.after)
        if gained:
            return f"{name} now waits for what rule {', '.join(sorted(gained))} asks for"
        if lost:
            return f"{name} no longer waits for what rule {', '.join(sorted(lost))} asks for: it was waived or is kept"
        return f"What rules make {name} wait for was changed"

    def _happened(self, task: TaskId, name: str, *, is_decision: bool) -> str:
        done = self.after.progress.get(task)
        if done is None:
            return f"{name} waits for its decision" if is_decision else f"The report on {name} was withdrawn"
        if done.actual_finish is None:
            return (
                f"{name} began on {format_day(day_of(done.actual_start))}, and its remaining work was estimated again"
            )
        last = last_day_of(done.actual_finish) if done.actual_finish > done.actual_start else day_of(done.actual_finish)
        return f"{name} {'was decided' if is_decision else 'ended'} on {format_day(last)}"

    def _length(self, task: Task) -> str:
        return length_in_words(task.duration, self.after.minutes_per_day, task.calendar)

    def _names(self, tasks: Sequence[TaskId]) -> str:
        named = ", ".join(f"“{self._name(t)}”" for t in tasks[:NAMED])
        return f"{named} and {len(tasks) - NAMED} more" if len(tasks) > NAMED else named

    def _name(self, task: TaskId) -> str:
        found = self.after.tasks.get(task) or self.before.tasks.get(task)
        return found.name if found else task


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineLine:
    """One baseline that was taken."""

    number: int
    on: str
    approver: str
    """By role."""
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
    """A task's forecast against its baseline, in calendar days: later is positive."""

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
    """Tasks that the baseline does not hold."""
    gone: tuple[str, ...]


def build_variance(programme: Programme, baseline: Mapping[TaskId, Dates], *, note: str, everything: bool) -> Variance:
    """Compare finishes; without `everything` tasks that stand where they stood are left out, milestones never."""
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
    """Yield the lines for the terminal; tasks that move alike make one."""
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
    for title, names in (("Not in the baseline", variance.added), ("In the baseline alone", variance.gone)):
        if names:
            yield ""
            yield f"{title}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"


def variance_days(programme: Programme, task: TaskId, planned: Dates) -> int:
    """Return by how many calendar days a task ends later than in its baseline."""
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
