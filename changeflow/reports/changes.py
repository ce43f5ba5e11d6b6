"""What changed and why, in words: each milestone's slip, and the causes that add up to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from changeflow.roadmap.analysis.changes import Cause, Slip, SlipPart
from changeflow.roadmap.analysis.why import length_in_words
from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.words import RULE_ORIGIN, Kind

TOLD = 5
"""Causes that are told one by one; the smaller ones are summed: our own choice."""
NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    cause: str
    days: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipLine:
    """One milestone's move; the days of its causes add up to its own."""

    name: str
    days: int
    sentence: str
    causes: tuple[CauseLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    title: str
    """Against what: `since the baseline`."""
    slips: tuple[SlipLine, ...]
    unmoved: int
    """Milestones that stayed where they were."""


def build_changes(title: str, slips: Sequence[Slip], before: Roadmap, after: Roadmap) -> Changes:
    """Put slips into words, the largest first."""
    moved = sorted((s for s in slips if s.days), key=lambda s: (-abs(s.days), s.after, s.target))
    words = _Words(before, after)
    return Changes(title=title, slips=tuple(words.slip(s) for s in moved), unmoved=len(slips) - len(moved))


def changes_text(changes: Changes) -> Iterator[str]:
    """Yield the lines for the terminal."""
    yield f"What changed {changes.title}, and why"
    if not changes.slips:
        yield "  No milestone moved."
    for slip in changes.slips:
        yield ""
        yield f"  {slip.sentence}"
        for cause in slip.causes:
            yield f"    {cause.days:+4d}  {cause.sentence}"
    if changes.slips and changes.unmoved:
        yield ""
        yield f"  {counted(changes.unmoved, 'other')} stayed where {_it(changes.unmoved)} was."


def _it(count: int) -> str:
    return "it" if count == 1 else "each"


class _Words:
    def __init__(self, before: Roadmap, after: Roadmap) -> None:
        self.before = before
        self.after = after

    def slip(self, slip: Slip) -> SlipLine:
        name = self._name(slip.target)
        way = "later" if slip.days > 0 else "earlier"
        days = counted(abs(slip.days), "day")
        then, now = format_day(day_of(slip.before)), format_day(day_of(slip.after))
        causes = [self._cause(part) for part in slip.parts[:TOLD]]
        if rest := slip.parts[TOLD:]:
            total = sum(p.days for p in rest)
            causes.append(CauseLine(cause="several", days=total, sentence=f"{len(rest)} smaller changes together."))
        sentence = f"“{name}” is {days} {way}: {now} instead of {then}."
        return SlipLine(name=name, days=slip.days, sentence=sentence, causes=tuple(causes))

    def _cause(self, part: SlipPart) -> CauseLine:
        return CauseLine(cause=part.cause.value, days=part.days, sentence=f"{self._format(part)}.")

    def _format(self, part: SlipPart) -> str:
        if len(part.tasks) == 1 and (single := self._single(part.cause, part.tasks[0])):
            return single
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
        return length_in_words(task.duration, self.after.minutes_per_day)

    def _names(self, tasks: Sequence[TaskId]) -> str:
        named = ", ".join(f"“{self._name(t)}”" for t in tasks[:NAMED])
        return f"{named} and {len(tasks) - NAMED} more" if len(tasks) > NAMED else named

    def _name(self, task: TaskId) -> str:
        found = self.after.tasks.get(task) or self.before.tasks.get(task)
        return found.name if found else task
