"""The page of this week: the tasks that are blocked, late, due or starting, by group, with what is recorded of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from changeflow.agenda.worklist import WeekGroup, WeekItem
from changeflow.phrases import capitalised
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.worklist import work_state
from changeflow.roadmap.analysis.lengths import length_in_words
from changeflow.values.base import TaskId
from changeflow.values.moments import day_of, format_day
from changeflow.values.sentences import sentence

TITLES = {
    WeekGroup.BLOCKED: sentence("Blocked"),
    WeekGroup.LATE: sentence("Late"),
    WeekGroup.DUE: sentence("Due within a week"),
    WeekGroup.STARTS: sentence("Starting within a week"),
    WeekGroup.OTHER: sentence("No longer on this week’s list"),
}
NONE_RECORDED = "nothing recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekRow:
    """One task of this week."""

    id: TaskId
    name: str
    owner: str
    """Empty if it has none."""
    state: str
    """Such as `2 days late (1 Jun 2027)`."""
    recorded: str
    """The progress that is recorded."""
    problem: str
    """What its owner says is in the way."""
    is_decision: bool
    """Whether it is decided on its own page."""
    is_begun: bool
    is_done: bool
    has_owner: bool
    seen: str
    """A mark that changes with what is recorded about it."""


@dataclass(frozen=True, slots=True)
class WeekPart:
    """The tasks of one group."""

    group: WeekGroup
    rows: tuple[WeekRow, ...]

    @property
    def title(self) -> str:
        return TITLES[self.group]


def week_parts(
    programme: Programme, found: Iterable[WeekItem], marks: Mapping[TaskId, str], blocks: Mapping[TaskId, str]
) -> tuple[WeekPart, ...]:
    """Return the groups that have tasks. `blocks` has the text of each last answer that something is in the way."""
    rows: dict[WeekGroup, list[WeekRow]] = {group: [] for group in WeekGroup}
    for one in found:
        task = one.item.task
        rows[one.group].append(
            WeekRow(
                id=task.id,
                name=task.name,
                owner=programme.person(one.item.asked) if one.item.asked else "",
                state=capitalised(work_state(one.item)),
                recorded=recorded_words(programme, task.id),
                problem=blocks.get(task.id, "") if one.group is WeekGroup.BLOCKED else "",
                is_decision=task.gate is not None,
                is_begun=task.id in programme.facts.progress,
                is_done=programme.is_done(task.id),
                has_owner=one.item.asked is not None,
                seen=marks[task.id],
            )
        )
    return tuple(WeekPart(group, tuple(own)) for group, own in rows.items() if own)


def recorded_words(programme: Programme, task: TaskId) -> str:
    """Say what is recorded of a task's progress: `started 3 May 2027, 40% complete, 2 working days left`."""
    progress = programme.facts.progress.get(task)
    if progress is None:
        return NONE_RECORDED
    parts = [f"started {format_day(day_of(progress.actual_start))}"]
    if progress.actual_finish is not None:
        parts.append(f"finished {format_day(Dates(progress.actual_start, progress.actual_finish).last_day)}")
        return ", ".join(parts)
    if progress.percent is not None:
        parts.append(f"{progress.percent}% complete")
    if progress.remaining is not None:
        found = programme.roadmap.tasks[task]
        calendar = found.placed_on or found.calendar
        parts.append(f"{length_in_words(progress.remaining, programme.minutes_per_day, calendar)} left")
    return ", ".join(parts)
