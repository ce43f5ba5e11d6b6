"""One task's page: why it has its dates, what it depends on and drives, its history, and the effect of a delay."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from changeflow.programme.announcements import go_lives
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.announcements import GoLiveLine, go_live_lines
from changeflow.reports.plan_rows import PlanRow
from changeflow.reports.task_why import explain_task
from changeflow.roadmap.analysis.lengths import day_unit, length_in_words
from changeflow.roadmap.analysis.why import Because, dates_in_words
from changeflow.roadmap.model.tasks import Link
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, counted
from changeflow.values.moments import day_of, days_of_span, format_day, format_days, last_day_of, local_day
from changeflow.values.moved_dates import later_or_earlier, moved_in_words
from changeflow.values.words import Kind

MOST_LINKED, MOST_MOVES = 20, 12
"""The most linked tasks and past moves shown: our own choice."""


@dataclass(frozen=True, slots=True)
class Step:
    """One link of a chain: a task, and its sentence after its name."""

    task: TaskId
    name: str
    rest: str


@dataclass(frozen=True, slots=True)
class LinkedTask:
    """A task before or after another."""

    task: TaskId
    name: str
    dates: str
    is_driving: bool
    """Whether the link between them sets the later one's date."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a task's history."""

    day: str
    what: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Delay:
    """The effect of a task taking longer, as sentences."""

    days: int
    words: str
    """`If this takes 5 working days longer`."""
    lines: tuple[str, ...]
    is_harmless: bool
    """Whether no milestone and no end date moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """What a task's page shows, apart from its history and any delay."""

    row: PlanRow
    length: str
    """Empty for a milestone."""
    forecast: str
    baseline: str
    latest: str
    """The latest days without harm to a later date; empty if done."""
    deadline: str
    announced: tuple[GoLiveLine, ...]
    service: str
    wave: str
    schools: tuple[tuple[str, str], ...]
    """Id and name."""
    is_decision: bool
    day_word: str
    chain: tuple[Step, ...]
    late: tuple[str, ...]
    late_chain: tuple[Step, ...]
    before: tuple[LinkedTask, ...]
    after: tuple[LinkedTask, ...]
    note: str


def task_view(programme: Programme, row: PlanRow, baseline: Mapping[TaskId, Dates] | None) -> TaskView:
    """Describe one task of the plan."""
    task, timed, why = programme.roadmap.tasks[row.id], programme.timed(row.id), explain_task(programme, row.id)
    planned = (baseline or {}).get(row.id)
    services = {s.service: s.name for s in programme.services}
    waves = {w.id: w.name for w in programme.definition.programme.waves}
    links = programme.roadmap.links
    latest = format_days(*days_of_span(timed.late_start, timed.late_finish))
    places = sorted(((s, programme.school_name(s)) for s in task.schools), key=lambda s: s[1])
    return TaskView(
        row=row,
        length="" if row.is_milestone else _length(programme, row.id),
        forecast=dates_in_words(programme.roadmap, programme.required_schedule, row.id),
        baseline=_planned(row, planned),
        latest="" if row.is_done else latest.rpartition(" to ")[2] if row.is_milestone else latest,
        deadline=format_day(last_day_of(task.deadline)) if task.deadline is not None else "",
        announced=tuple(go_live_lines(programme, [g for g in go_lives(programme) if g.task == row.id])),
        service=services.get(row.service, row.service),
        wave=waves.get(row.wave, row.wave),
        # A programme's milestone is about what it waits for, and belongs to no school.
        schools=tuple(places) if row.is_work else (),
        is_decision=task.kind is Kind.DECISION,
        day_word=day_word(programme, row.id),
        chain=tuple(_steps(programme, why.chain)),
        late=(f"{why.late} {why.sooner}".rstrip(), *why.costs),
        late_chain=tuple(_steps(programme, why.late_chain)),
        before=tuple(_linked(programme, (k for k in links if k.successor == row.id), is_before=True)),
        after=tuple(_linked(programme, (k for k in links if k.predecessor == row.id), is_before=False)),
        note=task.note,
    )


def _length(programme: Programme, task: TaskId) -> str:
    found = programme.roadmap.tasks[task]
    return length_in_words(found.duration, programme.minutes_per_day, found.calendar)


def _planned(row: PlanRow, planned: Dates | None) -> str:
    if planned is None or row.baseline is None:
        return ""
    return row.was if row.is_milestone else format_days(min(day_of(planned.start), row.baseline), row.baseline)


def _steps(programme: Programme, chain: Iterable[Because]) -> Iterator[Step]:
    for link in chain:
        name = programme.roadmap.tasks[link.task].name
        yield Step(link.task, name, link.sentence.removeprefix(f"“{name}”"))


def _linked(programme: Programme, links: Iterable[Link], *, is_before: bool) -> list[LinkedTask]:
    """Describe linked tasks: those whose link sets a date come first, then by date."""
    schedule, found = programme.required_schedule, dict[TaskId, LinkedTask]()
    for link in links:
        other = link.predecessor if is_before else link.successor
        is_driving = link in schedule[link.successor].drivers or (other in found and found[other].is_driving)
        name, dates = programme.roadmap.tasks[other].name, dates_in_words(programme.roadmap, schedule, other)
        found[other] = LinkedTask(other, name, dates, is_driving)
    return sorted(found.values(), key=lambda o: (not o.is_driving, schedule[o.task].early_finish, o.task))


def day_word(programme: Programme, task: TaskId) -> str:
    """Return the kind of day in which a task's delay is counted: `working day`."""
    found = programme.roadmap.tasks[task]
    return "calendar day" if found.duration.unit is Unit.ELAPSED else day_unit(found.placed_on or found.calendar)


def delay_of(
    programme: Programme, task: TaskId, days: int, moved: Mapping[str, int], *, end: int, possible: date | None
) -> Delay:
    """Describe a delay: `moved` has the calendar days of each milestone by id, `end` those of the programme's end.

    `possible` is the next day on which a milestone can happen, if it can happen only on certain days.
    """
    amount = counted(days, day_word(programme, task))
    is_late = programme.roadmap.tasks[task].is_milestone
    lines = [f"The next possible date is {format_day(possible)}."] if possible else []
    for milestone in sorted(programme.open_milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id)):
        if later := moved.get(milestone.id, 0):
            was = programme.timed(milestone.task).last_day
            lines.append(f"“{milestone.name}” would be {later_or_earlier(later)} than {format_day(was)}.")
    if end:
        lines.append(f"The programme would end {later_or_earlier(end)}.")
    words = f"If this is {amount} late" if is_late else f"If this takes {amount} longer"
    return Delay(days, words, tuple(lines), is_harmless=not end and not any(moved.values()))


@dataclass(frozen=True, slots=True)
class PastForecast:
    """The dates of all tasks after a change."""

    at: datetime
    version: int
    dates: Mapping[TaskId, Dates]


def moves_of(forecasts: Sequence[PastForecast]) -> Mapping[TaskId, tuple[HistoryEntry, ...]]:
    """Return how each task's finish moved from the last forecast of one day to that of the next, oldest first."""
    found: dict[TaskId, list[HistoryEntry]] = {}
    by_day = {local_day(f.at): f for f in forecasts}
    for before, after in pairwise(by_day.values()):
        version = f" (plan version {after.version})" if after.version != before.version else ""
        for task, now in after.dates.items():
            was = before.dates.get(task)
            if was is not None and was.last_day != now.last_day:
                what = f"The finish date {moved_in_words(was.last_day, now.last_day)}{version}."
                found.setdefault(task, []).append(_entry(after.at, what))
    return {task: tuple(entries[-MOST_MOVES:]) for task, entries in found.items()}


def _entry(at: datetime, what: str, who: str = "") -> HistoryEntry:
    return HistoryEntry(format_day(local_day(at)), what, who, at)


def recorded_entries(facts: Sequence[Mapping[str, Any]], task: TaskId) -> Iterator[HistoryEntry]:
    """Yield an entry for each recorded fact about a task, from the rows of `fact_data`, without the task's id."""
    for fact in facts:
        what = fact["what"].removeprefix(task).lstrip(":, ")
        gone = fact["withdrawn"]
        note = (
            f"; withdrawn: {gone['reason'].rstrip('.')}" if gone else "; replaced later" if fact["replaced_by"] else ""
        )
        words = f"{_KINDS[fact['kind']]}: {what}{note}."
        yield _entry(datetime.fromisoformat(fact["recorded"]), words, fact["by_name"])


_KINDS = {
    "progress": "Progress",
    "decision": "Decision",
    "condition": "Condition",
    "checkpoint": "Checkpoint",
}
KINDS_OF_FACT = tuple(_KINDS)
"""The kinds of fact that a task's history shows."""
