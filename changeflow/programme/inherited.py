"""The progress that tasks inherit when a task is split or several are joined.

Work done counts for the first part: how it divides is not guessed, so the other parts have all their work left. A part
that waits for another comes after it; otherwise parts are in the order of their steps' names and of their waves. The
parts of a finished task are finished. Inherited progress is recorded when the version is stored, so that it can be
corrected or withdrawn like any other fact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import networkx as nx

from changeflow.errors import CheckFailedError
from changeflow.programme.facts import Decision, Facts
from changeflow.programme.programme import Programme
from changeflow.programme.regrouping import Regrouped, regrouped
from changeflow.programme.renames import Renames
from changeflow.roadmap.analysis.differences import several
from changeflow.roadmap.analysis.lengths import length_in_words
from changeflow.roadmap.model.tasks import Link, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import ZERO, Duration
from changeflow.values.moments import day_of, format_day, last_day_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """The facts that a version's split and joined tasks inherit."""

    progress: Mapping[TaskId, TaskProgress]
    decisions: tuple[Decision, ...] = ()
    """Approvals of a split gate for all its parts except the first, which already has them."""
    lines: tuple[str, ...] = ()
    """The same in words, one sentence a task."""

    def added_to(self, facts: Facts) -> Facts:
        """Return the facts under the new ids, with the inherited ones."""
        # The latest record counts, and comes last.
        known = {t: p for t, p in facts.progress.items() if t not in self.progress}
        return replace(facts, progress={**known, **self.progress}, decisions=(*facts.decisions, *self.decisions))


def inherited(before: Programme, after: Programme, known: Facts, ids: Renames) -> Inherited:
    """Return what tasks inherit from the previous version; `known` uses the ids of that version."""
    progress: dict[TaskId, TaskProgress] = {}
    decisions: list[Decision] = []
    lines: list[str] = []
    now = replace(after, facts=ids.facts(known))
    for group in regrouped(ids, before.roadmap.tasks, after.roadmap.tasks):
        case = _Case(before, now, known, group)
        if not case.begun:
            continue
        if any(task.gate is not None for task in case.parts):
            decisions += _approvals(case)
        progress |= (_finished if case.is_done else _in_progress)(case)
        lines.append(_in_words(case, progress))
    return Inherited(progress=progress, decisions=tuple(decisions), lines=tuple(lines))


class _Case:
    """One regrouping, with its facts."""

    def __init__(self, before: Programme, after: Programme, known: Facts, group: Regrouped) -> None:
        self.before, self.after, self.known, self.group = before, after, known, group
        self.olds = [before.roadmap.tasks[t] for t in group.before]
        self.parts = [after.roadmap.tasks[t] for t in group.after]
        self.begun = [known.progress[t] for t in group.before if t in known.progress]
        self.is_done = len(self.begun) == len(self.olds) and all(p.is_done for p in self.begun)

    @property
    def approvals(self) -> list[Decision]:
        """The latest decision of each gate among the old tasks."""
        return [d for t in self.olds if (d := self.known.decision(t.id)) is not None]

    @property
    def start(self) -> int:
        return min(p.actual_start for p in self.begun)

    @property
    def finish(self) -> int:
        return max(p.actual_finish or p.actual_start for p in self.begun)

    def waits_for_another(self, task: TaskId) -> bool:
        """Return whether a part comes after another one."""
        return not nx.ancestors(self.after.graph, task).isdisjoint(self.group.after)

    def could_have_begun(self, task: TaskId, *, seen: frozenset[TaskId] = frozenset()) -> bool:
        """Return whether all predecessors of a part were finished when the whole task began."""
        for link in self.after.roadmap.links:
            if link.successor == task and not link.type.to_finish and not self._had_happened(link, seen | {task}):
                return False
        return True

    def _had_happened(self, link: Link, seen: frozenset[TaskId]) -> bool:
        earlier = link.predecessor
        done = self.after.facts.progress.get(earlier)
        if earlier in self.group.after and link.type.from_finish:
            return False
        if earlier in self.group.after or (done is None and self.after.roadmap.tasks[earlier].is_milestone):
            return earlier in seen or self.could_have_begun(earlier, seen=seen)
        if done is None or (link.type.from_finish and done.actual_finish is None):
            return False
        at = last_day_of(done.actual_finish or 0) if link.type.from_finish else day_of(done.actual_start)
        return at <= day_of(self.start)


def _approvals(case: _Case) -> Iterator[Decision]:
    """Yield a gate's approval for each part except the first; gates cannot be joined while some are undecided."""
    if not case.is_done:
        if any(p.is_done for p in case.begun) and len(case.olds) > 1:
            decided = [t.name for t in case.olds if case.known.finish_of(t.id) is not None]
            still = [t.name for t in case.olds if case.known.finish_of(t.id) is None]
            raise CheckFailedError(
                f"{several([t.name for t in case.parts])} cannot replace {several([t.name for t in case.olds])}: "
                f"{several(decided)} {'was' if len(decided) == 1 else 'were'} decided, but {several(still)} "
                f"{'is' if len(still) == 1 else 'are'} undecided. Decide the rest first, or remove `was`. "
                "No changes saved."
            )
        return
    for part in case.parts[1:]:
        if case.approvals and part.gate is not None:
            yield replace(case.approvals[0], task=part.id, conditions=(), round=1)


def _finished(case: _Case) -> dict[TaskId, TaskProgress]:
    found: dict[TaskId, TaskProgress] = {}
    for part in case.parts:
        if part.gate is not None and not case.approvals:
            continue  # A task that was not a gate has no decision to inherit.
        later = part.is_milestone or (part is not case.parts[0] and case.waits_for_another(part.id))
        # A part cannot begin before the part it waits for has ended.
        found[part.id] = TaskProgress(case.finish if later else case.start, case.finish)
    return found


def _in_progress(case: _Case) -> dict[TaskId, TaskProgress]:
    found: dict[TaskId, TaskProgress] = {}
    first = case.parts[0]
    if first.gate is None:
        found[first.id] = TaskProgress(case.start, None, _left_of_first(case, first))
    for part in case.parts[1:]:
        if part.gate is None and not part.is_milestone and case.could_have_begun(part.id):
            found[part.id] = TaskProgress(case.start, None, part.duration)
    return found


def _left_of_first(case: _Case, first: Task) -> Duration | None:
    """Return the remaining duration of the first part, to which all work done counts. None if not reported."""
    left = [_left_of(case, task) for task in case.olds]
    whole = [task.duration for task in case.olds]
    if None in left or len({d.unit for d in (*left, *whole, first.duration) if d is not None and not d.is_zero}) > 1:
        return left[0] if len(left) == 1 else None
    open_ = sum(d.amount for d in left if d is not None)
    done = sum(d.amount for d in whole) - open_
    return replace(first.duration, amount=max(first.duration.amount - done, 0))


def _left_of(case: _Case, task: Task) -> Duration | None:
    known = case.known.progress.get(task.id)
    if known is None:
        return task.duration
    return ZERO if known.is_done else known.remaining


def _in_words(case: _Case, progress: Mapping[TaskId, TaskProgress]) -> str:
    olds, parts = (several([t.name for t in tasks]) for tasks in (case.olds, case.parts))
    head = f"{olds} was split into {parts}." if len(case.olds) == 1 else f"{olds} were joined into {parts}."
    if case.is_done:
        day = format_day(last_day_of(case.finish) if case.finish > case.start else day_of(case.finish))
        done = [t for t in case.parts if t.id in progress]
        still = [t for t in case.parts if t.id not in progress]
        so = f", so {_are(done, 'finished')}" if done else ""
        open_ = f" {_are(still, 'undecided')}." if still else ""
        return f"{head} All of it was finished by {day}{so}.{open_}"
    return " ".join([head, *_open_parts(case, progress)])


def _open_parts(case: _Case, progress: Mapping[TaskId, TaskProgress]) -> Iterator[str]:
    first = case.parts[0]
    if first.id in progress:
        left = progress[first.id].remaining
        per_day = case.after.roadmap.minutes_per_day
        amount = "" if left is None else f"; it has {length_in_words(left, per_day, first.calendar)} left"
        yield f"Work since {format_day(day_of(case.start))} counts for {several([first.name])}{amount}."
    begun = [t for t in case.parts[1:] if t.id in progress]
    still = [t for t in case.parts if t.id not in progress]
    if begun:
        yield f"{several([t.name for t in begun])} {_have(begun)} also begun that day, with all work left."
    if still:
        yield f"{several([t.name for t in still])} {_have(still)} not begun."


def _have(tasks: Sequence[Task]) -> str:
    return "has" if len(tasks) == 1 else "have"


def _are(tasks: Sequence[Task], what: str) -> str:
    return f"{several([t.name for t in tasks])} {'is' if len(tasks) == 1 else 'are'} {what}"
