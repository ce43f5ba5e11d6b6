"""The dates of an imported plan beside ours, with the reason for each difference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from changeflow.intake.mspdi.reader import ProjectFile
from changeflow.intake.plan_folder import PlanTexts
from changeflow.phrases import listed
from changeflow.programme.programme import Programme
from changeflow.reports.task_why import explain_dates
from changeflow.roadmap.engine.cpm import DateReason, Schedule
from changeflow.roadmap.model.tasks import Bound
from changeflow.values.base import TaskId
from changeflow.values.moments import day_of, days_of_span, format_day

MOST_EXPLAINED = 500
"""The most differences with the whole reason for our date; the others have only their cause."""
MOST_CLOSED_NAMED = 4
"""The most closed days to name for one task."""
Days = tuple[date, date]


class DateCause(StrEnum):
    """Why a task of an imported plan has another date here."""

    PROGRESS = "Progress"
    MANUAL = "Date set by hand"
    CONSTRAINT = "Set date"
    CALENDAR = "Working days"
    RULE = "Rule"
    FOLLOWS = "Follows another task"
    NOT_APPLIED = "Not applied"


IN_WORDS: Mapping[DateCause, str] = {
    DateCause.PROGRESS: "Work that has not started cannot start before today, and recorded work keeps its actual days.",
    DateCause.MANUAL: "The plan sets the date by hand. Here the day is kept, and the work takes its working days.",
    DateCause.CONSTRAINT: "The task has a set date, which applies to whole days here.",
    DateCause.CALENDAR: "Working days or hours differ from those of the plan.",
    DateCause.RULE: "A rule requires other work to finish first.",
    DateCause.FOLLOWS: "A task before it has different dates.",
    DateCause.NOT_APPLIED: "The plan uses something that changeflow does not have.",
}
"""Each cause in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateDifference:
    """A task whose dates differ from the plan that it was imported from. Days are inclusive."""

    task: TaskId
    name: str
    theirs: Days
    ours: Days
    cause: DateCause
    detail: str
    """What exactly differs, if that is known."""
    why: str
    """Why it has our date, as the task's page says it; empty if there are too many differences."""

    @property
    def days(self) -> int:
        """Days by which it finishes later than in the plan; negative if earlier."""
        return (self.ours[1] - self.theirs[1]).days


def compare_plan(
    project: ProjectFile, schedule: Schedule, programme: Programme, texts: PlanTexts
) -> tuple[int, tuple[DateDifference, ...]]:
    """Return how many tasks were compared, and those whose dates differ, in the plan's order."""
    found = list(_differences(project, schedule, programme, texts))
    return len(texts.ids), tuple(found)


def _differences(
    project: ProjectFile, schedule: Schedule, programme: Programme, texts: PlanTexts
) -> Iterator[DateDifference]:
    theirs = {uid: _in_plan(project, schedule, uid) for uid in texts.ids}
    uids = {own: uid for uid, own in texts.ids.items()}
    others = {uid for uid, own in texts.ids.items() if programme.days_of(own) != theirs[uid]}
    for number, uid in enumerate(uid for uid in texts.ids if uid in others):
        own = texts.ids[uid]
        cause, detail = _cause(project, programme, texts, uid, others=others, uids=uids)
        is_explained = number < MOST_EXPLAINED
        yield DateDifference(
            task=own,
            name=programme.roadmap.tasks[own].name,
            theirs=theirs[uid],
            ours=programme.days_of(own),
            cause=cause,
            detail=detail or IN_WORDS[cause],
            why=_why(programme, own) if is_explained else "",
        )


def _in_plan(project: ProjectFile, schedule: Schedule, uid: TaskId) -> Days:
    """Return a task's days in the plan's file, or those that the plan's links give if the file has no dates."""
    stored = project.stored.get(uid)
    start, finish = (stored.start, stored.finish) if stored else (schedule[uid].early_start, schedule[uid].early_finish)
    return days_of_span(start, finish)


def _why(programme: Programme, task: TaskId) -> str:
    why = explain_dates(programme.roadmap, programme.required_schedule, task)
    return why.chain[-1].sentence


def _cause(
    project: ProjectFile,
    programme: Programme,
    texts: PlanTexts,
    uid: TaskId,
    *,
    others: set[TaskId],
    uids: Mapping[TaskId, TaskId],
) -> tuple[DateCause, str]:
    """Return why a task has another date, and what exactly differs, if that is known."""
    own, task = texts.ids[uid], project.roadmap.tasks[uid]
    timed = programme.timed(own)
    if own in programme.facts.progress or timed.reason is DateReason.DATA_DATE:
        return DateCause.PROGRESS, ""
    if uid in texts.not_applied:
        return DateCause.NOT_APPLIED, " ".join(texts.not_applied[uid])
    drivers = sorted(timed.drivers, key=lambda link: link.predecessor)
    if any(link.rule for link in drivers):
        return DateCause.RULE, ""
    before = [uids.get(link.predecessor) for link in drivers]
    if follows := [one for one in before if one in others and one is not None]:
        name = programme.roadmap.tasks[texts.ids[follows[0]]].name
        return DateCause.FOLLOWS, f"“{name}”, which comes before it, has different dates."
    if closed := list(_closed(project, programme, uid, own)):
        return DateCause.CALENDAR, f"Closed here but not in the plan: {listed(closed, most=MOST_CLOSED_NAMED)}."
    if task.manual is not None:
        return DateCause.MANUAL, ""
    if timed.reason in Bound or task.constraints:
        return DateCause.CONSTRAINT, ""
    return DateCause.CALENDAR, ""


def _closed(project: ProjectFile, programme: Programme, uid: TaskId, own: TaskId) -> Iterator[str]:
    """Yield the days around a task that are closed here, and on which the plan's own calendar works."""
    ours, theirs = programme.roadmap.calendar_of(own), project.roadmap.calendars[project.usual_calendar]
    stored, timed = project.stored.get(uid), programme.timed(own)
    day = min(day_of(stored.start), timed.first_day) if stored else timed.first_day
    while day <= timed.last_day:
        if theirs.works_on(day) and not ours.works_on(day):
            name = ours.laid_out.closures.get(day)
            yield f"{name} ({format_day(day)})" if name else format_day(day)
        day += timedelta(days=1)
