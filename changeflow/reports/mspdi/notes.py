"""Tasks' notes in a Project file: the reasons for dates, and what Project cannot express."""

from collections.abc import Collection, Iterator

from changeflow.reports.mspdi.elements import note_of
from changeflow.roadmap.analysis.assumed import mark_assumed
from changeflow.roadmap.engine.cpm import DateReason, Schedule
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, LinkType, Roadmap, Task
from changeflow.roadmap.project_terms.fitting import Fit
from changeflow.roadmap.project_terms.terms import ProjectTerms
from changeflow.rules.titles import titled
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit, counted, days_in_words
from changeflow.values.moments import DAY, day_of, format_day, last_day_of
from changeflow.values.words import PEOPLE_KINDS, Origin

BOUND_WORDS = {
    Bound.MUST_START: "must start on",
    Bound.MUST_FINISH: "must finish on",
    Bound.START_NO_EARLIER: "start no earlier than",
    Bound.START_NO_LATER: "start no later than",
    Bound.FINISH_NO_EARLIER: "finish no earlier than",
    Bound.FINISH_NO_LATER: "finish no later than",
}
LINK_WORDS = {
    LinkType.FS: "finish-to-start",
    LinkType.SS: "start-to-start",
    LinkType.FF: "finish-to-finish",
    LinkType.SF: "start-to-finish",
}
WINDOWS = {
    "month": "on the first day of a month",
    "pay_period": "when a pay period opens",
    "term": "when a term begins",
}
ORIGINS = {
    Origin.DECISION: "required by a condition of an approval",
    Origin.PEOPLE: "needed because of people's readiness",
}
UNITS = {Unit.PAY_PERIODS: "pay period", Unit.TERMS: "term", Unit.SCHOOL_WEEKS: "school week"}


def notes_of(
    plan: Roadmap, schedule: Schedule, terms: ProjectTerms, differing: Collection[TaskId]
) -> dict[TaskId, str]:
    """Return the notes of the tasks that have one."""
    into: dict[TaskId, list[str]] = {}
    for link in terms.roadmap.links:
        if line := _of_a_link(plan, link, terms.resized.get(link)):
            into.setdefault(link.successor, []).append(line)
    for link in terms.dropped:
        name = plan.tasks[link.predecessor].name
        into.setdefault(link.successor, []).append(f"The link from “{name}” is left out: it no longer moves this task.")
    for link in terms.doubled:
        name, kind = plan.tasks[link.predecessor].name, LINK_WORDS[link.type]
        one = "Project allows one link between two tasks"
        into.setdefault(link.successor, []).append(
            f"{one}: the {kind} link from “{name}” is left out, because another is stricter."
        )
    found = {}
    for task in plan.tasks.values():
        lines = [*_of_a_task(plan, schedule, task, terms.fits[task.id]), *into.get(task.id, ())]
        if task.id in differing:
            lines.insert(0, "Project calculates other dates or another float for this task than the plan has.")
        if lines:
            found[task.id] = note_of(lines)
    return found


def _of_a_task(plan: Roadmap, schedule: Schedule, task: Task, fit: Fit) -> Iterator[str]:
    if mark := mark_assumed("", schedule, task.id).strip():
        yield f"Dates {mark}"
    if task.because:
        yield f"It is there because {task.because}." if task.kind in PEOPLE_KINDS else f"{_sentence(task.because)}."
    if task.starts_on is not None:
        kind = task.starts_on.partition(",")[0]
        yield f"It starts only {WINDOWS.get(kind, 'on the day of a meeting')}."
    if task.as_late_as_possible and not fit.is_late:
        yield "In the plan it is as late as possible. Project would show earlier dates too, so its start is set."
    if task.duration.unit in UNITS:
        unit = counted(task.duration.amount, UNITS[task.duration.unit])
        yield f"It takes {unit}, written as the working time between its dates."
    yield from (f"{_sentence(c.because)}." for c in task.constraints if c.because)
    if fit.is_held:
        yield f"“Start no earlier than” fixes its start: {_why(plan, schedule, task)}."
    if fit.left_out:
        yield f"Project cannot also store: {'; '.join(_bound(c) for c in fit.left_out)}."
    if fit.is_capped and fit.deadline is not None:
        yield (
            f"The deadline of {format_day(day_of(fit.deadline))} is worked out: the last date that moves neither "
            "the end nor a deadline. No one has set it."
        )
        if task.deadline is not None:
            yield f"The deadline that was set is {format_day(last_day_of(task.deadline))}."


def _why(plan: Roadmap, schedule: Schedule, task: Task) -> str:
    reason = schedule[task.id].reason
    if task.starts_on is not None:
        return "it waits for its start window"
    if reason is DateReason.DATA_DATE and plan.data_date is not None:
        return f"work not yet started cannot start before {format_day(day_of(plan.data_date))}"
    if reason is DateReason.LINKS:
        return "Project does not support the links that place it there"
    return "the plan places it there"


def _of_a_link(plan: Roadmap, link: Link, was: Link | None) -> str:
    name = plan.tasks[link.predecessor].name
    parts = (
        [f"required by the rule {titled(link.rule)}"]
        if link.rule
        else [ORIGINS[link.origin]]
        if link.origin in ORIGINS
        else []
    )
    if was is not None:
        lag, shown = (_lag(one, plan.minutes_per_day) for one in (was.lag, link.lag))
        if shown != lag:
            parts.append(f"{lag}, written as {shown} so that dates and floats are the plan's")
    return f"Link from “{name}”: {'; '.join(parts)}." if parts else ""


def _lag(lag: Duration, minutes_per_day: int) -> str:
    """Describe a lag; one that rounds to zero is no lag."""
    if lag.is_zero or " 0 " in f" {_length(lag, minutes_per_day)} ":
        return "no lag"
    return f"{'a lead' if lag.amount < 0 else 'a lag'} of {_length(lag, minutes_per_day)}"


def _length(lag: Duration, minutes_per_day: int) -> str:
    if lag.unit in UNITS:
        return counted(abs(lag.amount), UNITS[lag.unit])
    if lag.unit is Unit.PERCENT:
        return f"{abs(lag.amount)}%"
    if lag.unit is Unit.ELAPSED:
        return f"{days_in_words(abs(lag.amount), DAY)} by the clock"
    return f"{days_in_words(abs(lag.amount), minutes_per_day).replace('day', 'working day')}"


def _bound(constraint: Constraint) -> str:
    is_end = constraint.bound.value.endswith("finish") or constraint.bound.value.startswith("finish")
    day = last_day_of(constraint.at) if is_end else day_of(constraint.at)
    return f"{BOUND_WORDS[constraint.bound]} {format_day(day)}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
