"""The reasons for a task's dates: links, calendar gaps, constraints and actuals as a chain in plain English."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from changeflow.calendar.periods import MeetingDates
from changeflow.roadmap.analysis.assumed import mark_assumed
from changeflow.roadmap.analysis.late_bounds import nearest_bound
from changeflow.roadmap.analysis.lengths import float_in_words, length_in_words
from changeflow.roadmap.engine.cpm import DateReason, Schedule, TimedTask
from changeflow.roadmap.model.tasks import Bound, Link, LinkType, Roadmap, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit, counted
from changeflow.values.moments import DAY, day_of, format_day, format_days, last_day_of, minute_of
from changeflow.values.words import PEOPLE_KINDS, Kind

CONSTRAINT_WORDS = {
    "start_no_earlier": "it is set to start no earlier than this",
    "finish_no_earlier": "it is set to finish no earlier than this",
    "start_no_later": "it is set to start no later than this, whatever it depends on",
    "finish_no_later": "it is set to finish no later than this, whatever it depends on",
    "must_start": "it is set to start on this date",
    "must_finish": "it is set to finish on this date",
}
REASON_WORDS: Mapping[str, str] = {
    **{bound: f"because {words}" for bound, words in CONSTRAINT_WORDS.items()},
    DateReason.START: "starting with the programme, because no other task comes before it",
    DateReason.MANUAL: "because its dates are set manually",
    DateReason.ROLL_UP: "because its own tasks have these dates",
    DateReason.DATA_DATE: "because work that has not started cannot start before the data date",
}
"""Reasons for the dates of a task without drivers."""


@dataclass(frozen=True, slots=True)
class Because:
    """One link of the chain: a task, and why it starts when it does."""

    task: TaskId
    sentence: str


@dataclass(frozen=True, slots=True)
class Why:
    """The chain behind a task's early dates, from its beginning, and the chain behind its late dates."""

    task: TaskId
    chain: tuple[Because, ...]
    late: str
    late_chain: tuple[Because, ...] = ()
    """The chain of late dates, beginning with the task: why each task must end by then."""
    sooner: str = ""
    """How far it can slip before a successor moves, if less than its float."""
    costs: tuple[str, ...] = ()
    """The cost of a slip and the last day, in sentences that callers add."""

    @property
    def text(self) -> str:
        lines = [f"{n}. {b.sentence}" for n, b in enumerate(self.chain, 1)]
        late = [f"{n}. {b.sentence}" for n, b in enumerate(self.late_chain, 1)]
        lines += [f"{self.late} {self.sooner}".rstrip(), *self.costs]
        return "\n".join([*lines, *(["How late it can be, and why:", *late] if late else [])])


def explain(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> Why:
    """Follow the driving links back from `task`; of several ties the chain follows the first by id."""
    steps: list[Because] = []
    current: TaskId | None = task
    while current is not None:
        drivers = sorted(schedule[current].drivers, key=lambda link: link.predecessor)
        sentence = _early_sentence(roadmap, schedule, roadmap.tasks[current], drivers)
        if drivers and current not in roadmap.progress:
            sentence += _room_before(roadmap, schedule, drivers[0])
        steps.append(Because(current, sentence))
        # Replace a summary by the task that gives it its date.
        current = next(iter(sorted(schedule.behind(drivers[0]))), None) if drivers else None
    found, held = roadmap.tasks[task], list(_late_links(roadmap, schedule, task))
    late = _late_sentence(roadmap, schedule, found, held[-1][0] if held else task)
    late_chain = tuple(_late_chain(roadmap, schedule, held))
    return Why(task, tuple(reversed(steps)), late, late_chain, _sooner(roadmap, schedule, found))


def _room_before(roadmap: Roadmap, schedule: Schedule, link: Link) -> str:
    """Describe how far a driver can slip during a wait for a start window or days off."""
    before, gaps = link.predecessor, list(_gaps(roadmap, schedule, link))
    if not gaps or roadmap.is_done(before) or schedule[before].total_float <= 0:
        return ""
    found, after = schedule[before].early_finish, schedule[link.successor].early_start
    if (spare := roadmap.float_calendar_of(before).between(found, after)) <= 0:
        return ""
    return f" The work before it can slip by up to {float_in_words(roadmap, before, spare)} without delaying it."


def dates_in_words(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> str:
    """Write a task's first and last day, both inclusive."""
    timed = schedule[task]
    if roadmap.tasks[task].is_milestone and task not in schedule.below:
        return mark_assumed(format_day(timed.last_day), schedule, task)
    return mark_assumed(format_days(day_of(timed.early_start), last_day_of(timed.early_finish)), schedule, task)


def spare_before(roadmap: Roadmap, timed: TimedTask) -> int:
    """Return the working minutes from a task's finish to its deadline, or its total float if it has no deadline."""
    deadline, finish = roadmap.tasks[timed.task].deadline, timed.early_finish
    if deadline is None:
        return timed.total_float
    calendar = roadmap.float_calendar_of(timed.task)
    spare = calendar.between(finish, deadline)
    if spare == 0 and timed.last_day > last_day_of(deadline):
        # It is on a later day than its deadline, with no working time between the two: it is late by a day.
        finish = calendar.previous_working(minute_of(day_of(calendar.next_working(finish))) + DAY)
        return calendar.between(finish, deadline)
    return spare


def _early_sentence(roadmap: Roadmap, schedule: Schedule, task: Task, drivers: list[Link]) -> str:
    when = dates_in_words(roadmap, schedule, task.id)
    span = "is to be made from" if task.kind is Kind.DECISION else "runs from"
    head = f"“{task.name}” {span if ' to ' in when else 'is on'} {when}"
    reason = schedule[task.id].reason
    done = roadmap.progress.get(task.id)
    if done is not None and done.is_done:
        if task.kind is Kind.DECISION:
            return f"“{task.name}” was made on {format_day(last_day_of(schedule[task.id].early_finish))} (actual date)."
        is_span = " to " in when
        return f"“{task.name}” {'ran from' if is_span else 'was on'} {when} (actual date{'s' if is_span else ''})."
    passed = _passed(roadmap, schedule, task)
    if done is not None:
        if task.kind is Kind.DECISION:
            return f"{head}; everything before it is complete, so only the decision remains{passed}."
        return f"{head}; it has started, {_left_in_words(roadmap, schedule, task, done)}."
    if not drivers:
        if not task.because:
            if reason in Bound and (added := _added_date(roadmap, schedule, task)):
                return f"{head}, because {added}{passed}."
            return f"{head}, {REASON_WORDS.get(reason, reason)}{passed}."
        own = "after the latest round of assessments" if task.kind in PEOPLE_KINDS else "as set in the plan"
        return f"{head}, {own}{_because(task)}{passed}."
    first = drivers[0]
    alike = [k for k in drivers if _is_alike(schedule, k, first)]
    sentence = f"{head}, {_after(roadmap, schedule, first, others=len(alike) - 1)}"
    sentence += "".join(_gaps(roadmap, schedule, first))
    if others := len(drivers) - len(alike):
        sentence += f"; {counted(others, 'other task')} {'leads' if others == 1 else 'lead'} to the same date"
    if first.rule:
        sentence += f", as rule {first.rule} requires"
    return f"{sentence}{_because(task)}{passed}."


def _left_in_words(roadmap: Roadmap, schedule: Schedule, task: Task, done: TaskProgress) -> str:
    """Describe a started task's remaining duration: as reported, or else from the data date to its finish."""
    calendar, left = task.placed_on or task.calendar, done.remaining
    if left is None and roadmap.data_date is not None and task.duration.unit in (Unit.WORKING, Unit.ELAPSED):
        since, until = roadmap.data_date, schedule[task.id].early_finish
        is_elapsed = task.duration.unit is Unit.ELAPSED
        minutes = until - since if is_elapsed else roadmap.calendars[calendar].between(since, until)
        left = Duration(max(minutes, 0), task.duration.unit)
    if left is None:
        return f"and takes {length_in_words(task.duration, roadmap.minutes_per_day, calendar)} in all"
    return f"with {length_in_words(left, roadmap.minutes_per_day, calendar)} left"


def _added_date(roadmap: Roadmap, schedule: Schedule, task: Task) -> str:
    """Return why changeflow added the date that gives a task its start; empty if people set it."""
    calendar, start = roadmap.calendar_of(task.id), schedule[task.id].early_start
    at = [c for c in task.constraints if calendar.between(c.at, start) == 0]
    return next((c.because for c in at if c.because), "") if all(c.because for c in at) else ""


def _passed(roadmap: Roadmap, schedule: Schedule, task: Task) -> str:
    """Describe a task's set date that has passed and so no longer applies."""
    if roadmap.data_date is None or not roadmap.profile.data_date_moves:
        return ""
    finish, dates = schedule[task.id].early_finish, task.constraints
    gone = [c.at for c in dates if c.bound is Bound.MUST_START and c.at < roadmap.data_date]
    gone += [c.at - 1 for c in dates if c.bound is Bound.MUST_FINISH and c.at < finish]
    return f"; it was set for {format_day(day_of(max(gone)))}, which has passed" if gone else ""


def _because(task: Task) -> str:
    if not task.because:
        return ""
    return f"; it was added because {task.because}" if task.kind in PEOPLE_KINDS else f"; {task.because}"


def _after(roadmap: Roadmap, schedule: Schedule, link: Link, *, others: int) -> str:
    """Write a link for a task whose dates were named: `2 working days after “Build” ends (27 May)`.

    `others` are the other drivers with the same kind of link and day.
    """
    before, day = roadmap.tasks[link.predecessor], _day_of_link(schedule, link)
    names = f"“{before.name}”" + (f" and {counted(others, 'other task')}" if others else "")
    verb = _verb(before, link, others=others)
    year = day_of(schedule[link.successor].early_start).year != day.year
    # An assumed date is marked where the chain names it first.
    at = "" if link.predecessor in schedule.assumed.early else f" ({format_day(day, year=year)})"
    return f"{'finishing ' if link.type.to_finish else ''}{_lag_in_words(roadmap, link)} {names}{verb}{at}"


def _verb(before: Task, link: Link, *, others: int) -> str:
    """Return what a predecessor does before a link's successor can go on; a milestone has no verb of its own."""
    if before.is_milestone:
        return ""
    if before.kind is Kind.DECISION and link.type.from_finish and not others:
        return " is made"
    verb = " end" if link.type.from_finish else " start"
    return verb if others else f"{verb}s"


def _is_alike(schedule: Schedule, one: Link, other: Link) -> bool:
    is_alike = (one.type, one.lag) == (other.type, other.lag)
    return is_alike and _day_of_link(schedule, one) == _day_of_link(schedule, other)


def _day_of_link(schedule: Schedule, link: Link) -> date:
    """Return the day of the predecessor's start or end that a link follows."""
    timed = schedule[link.predecessor]
    return timed.last_day if link.type.from_finish else day_of(timed.early_start)


def _relation(roadmap: Roadmap, link: Link) -> str:
    """Write a link for its successor: `starts 20 working days after it ends`, or `… later` after a milestone."""
    verb, before, lag = "ends" if link.type.to_finish else "starts", roadmap.tasks[link.predecessor], link.lag.amount
    if not before.is_milestone:
        return f"{verb} {_lag_in_words(roadmap, link)} it{_verb(before, link, others=0)}"
    if not lag:
        return f"{verb} at the same time"
    return f"{verb} {_length_of_lag(roadmap, link)} {'earlier' if lag < 0 else 'later'}"


def _lag_in_words(roadmap: Roadmap, link: Link) -> str:
    """Write `after`, or a lag: `20 working days after`, `2 school days before`."""
    if link.lag.is_zero:
        return "after"
    return f"{_length_of_lag(roadmap, link)} {'before' if link.lag.amount < 0 else 'after'}"


def _length_of_lag(roadmap: Roadmap, link: Link) -> str:
    length = Duration(abs(link.lag.amount), link.lag.unit)
    return length_in_words(length, roadmap.minutes_per_day, roadmap.tasks[link.successor].calendar)


def _gaps(roadmap: Roadmap, schedule: Schedule, link: Link) -> Iterator[str]:
    """Describe the gaps between a driving link and the start that it drives, to follow the link's words."""
    if link.type is not LinkType.FS or not link.lag.is_zero:
        return
    task = roadmap.tasks[link.successor]
    first, start = day_of(schedule[link.predecessor].early_finish), schedule[link.successor].early_start
    if task.begins_in_windows:
        if day_of(start) > first:
            yield f"; it can start only {_only_in_windows(roadmap, task)}"
        return
    for name, days in _closed_spans(roadmap, task, first, day_of(start)):
        span = "on" if len(days) == 1 else "from"
        yield f"; there is no work {span} {format_days(days[0], days[-1])} ({name})"


def window_in_words(roadmap: Roadmap, task: Task) -> str:
    """Name the kind of start window that a task waits for: `month`, `meeting (Trust board)`."""
    if task.starts_on and isinstance(dates := roadmap.periods[task.starts_on], MeetingDates):
        return f"meeting ({dates.name})"
    return (task.starts_on or task.duration.unit).replace("_", " ").split(",")[0].removesuffix("s")


def _only_in_windows(roadmap: Roadmap, task: Task) -> str:
    """Say when a task can start: `at the start of a month`, `at a meeting (Trust board)`."""
    is_meeting = task.starts_on is not None and isinstance(roadmap.periods[task.starts_on], MeetingDates)
    return f"at {'' if is_meeting else 'the start of '}a {window_in_words(roadmap, task)}"


def _closed_spans(roadmap: Roadmap, task: Task, first: date, last: date) -> Iterator[tuple[str, list[date]]]:
    closures = roadmap.calendars[task.calendar].closures
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    for name, closed in groupby((day for day in days if day in closures), key=closures.__getitem__):
        yield name, list(closed)


def _late_sentence(roadmap: Roadmap, schedule: Schedule, task: Task, last: TaskId) -> str:
    """Describe the total float and its limit; `last` is where the chain of late dates ends, at a date or the end."""
    timed = schedule[task.id]
    if timed.reason is DateReason.ACTUAL and timed.total_float == 0 and not timed.critical:
        return "It is done."
    total = timed.total_float
    if task.deadline is not None and timed.last_day > last_day_of(task.deadline):
        # A milestone at the midnight of its deadline is on the next day, and has no float in minutes.
        total = min(total, spare_before(roadmap, timed))
    spare = float_in_words(roadmap, task.id, total).removeprefix("-")
    end = roadmap.tasks[last]
    limit, whose = _limit_in_words(roadmap, schedule, end), "" if end is task else f"for “{end.name}” "
    if total < 0:
        return f"It ends {spare} too late {f'{whose}to meet {limit}' if limit else 'for the end of the programme'}."
    harm = "the programme ends later"
    if limit:
        harm = f"{'it' if end is task else f'“{end.name}”'} misses {limit}"
    if timed.total_float == 0:
        if task.starts_on:
            when, window = dates_in_words(roadmap, schedule, task.id), window_in_words(roadmap, task)
            return f"It has no float. If it misses {when.split(' to ')[0]}, it waits for the next {window}, and {harm}."
        return f"It has no float. If it slips, {harm}."
    latest = _latest_day(roadmap, schedule, task.id, last)
    if limit and end is task:
        return f"It can slip by {spare} (its float) before it misses {limit.partition(' (')[0]}, {latest}."
    until = f"before {harm}" if limit else "without delaying the programme"
    return f"It can slip by {spare} (its float), to {latest}, {until}."


def _sooner(roadmap: Roadmap, schedule: Schedule, task: Task) -> str:
    """Describe the free float if it is less than the total float."""
    timed = schedule[task.id]
    if roadmap.is_done(task.id) or not 0 <= timed.free_float < timed.total_float:
        return ""
    if timed.free_float == 0:
        return "But even a short delay moves the tasks that depend on it."
    spare = float_in_words(roadmap, task.id, timed.free_float)
    return f"But a delay of more than {spare} moves the tasks that depend on it."


def _latest_day(roadmap: Roadmap, schedule: Schedule, task: TaskId, last: TaskId) -> str:
    """Return the last day on which a task may end. A milestone at the end of the deadline's day still meets it."""
    timed = schedule[task]
    is_limit = timed.late_finish == schedule[last].late_finish and _own_limit(roadmap, schedule, roadmap.tasks[last])
    day = last_day_of(timed.late_finish) if is_limit else timed.day_at(timed.late_finish)
    return mark_assumed(format_day(day), schedule, task, late=True)


def _late_links(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> Iterator[tuple[TaskId, Link | None]]:
    """Follow the chain of late dates: each task with the link that bounds it, up to a date or the end."""
    current: TaskId | None = task
    while current is not None and not roadmap.is_done(current):
        is_last = _own_limit(roadmap, schedule, roadmap.tasks[current]) is not None
        link = None if is_last else nearest_bound(roadmap, schedule, current)
        yield current, link
        current = link.successor if link is not None else None


def _late_chain(roadmap: Roadmap, schedule: Schedule, held: Sequence[tuple[TaskId, Link | None]]) -> Iterator[Because]:
    """Describe why each task in the chain must end by its late date."""
    for task, link in held:
        found = roadmap.tasks[task]
        head = (
            f"“{found.name}” must be {'reached' if found.is_milestone and found.kind is Kind.WORK else 'complete'} by "
            f"{_latest_day(roadmap, schedule, task, held[-1][0])}"
        )
        if link is not None:
            rule = f", as rule {link.rule} requires" if link.rule else ""
            name, is_begun = roadmap.tasks[link.successor].name, link.successor in roadmap.progress
            is_next = link.type is LinkType.FS and link.lag.is_zero
            which = "" if is_next else f", which {_relation(roadmap, link)}"
            waits = f"because the rest of “{name}” depends on it" if is_begun else f"in time for “{name}”{which}"
            yield Because(task, f"{head}, {waits}{rule}.")
        elif (limit := _own_limit(roadmap, schedule, found)) is not None:
            yield Because(task, f"{head}{limit}.")
        else:
            yield Because(task, f"{head}, when the programme ends.")


def _own_limit(roadmap: Roadmap, schedule: Schedule, task: Task) -> str | None:
    """Describe the deadline or set date that limits a task's late dates, to follow its latest day."""
    calendar, timed = roadmap.calendar_of(task.id), schedule[task.id]
    if task.deadline is not None and calendar.between(timed.late_finish, task.deadline) == 0:
        return ", its deadline"
    for constraint in task.constraints:
        words = CONSTRAINT_WORDS[constraint.bound.value]
        at = timed.late_start if "start" in constraint.bound.value else timed.late_finish
        if "earlier" not in constraint.bound.value and calendar.between(at, constraint.at) == 0:
            return f", because {words.split(',')[0]}"
    return None


def _limit_in_words(roadmap: Roadmap, schedule: Schedule, last: Task) -> str:
    """Name the deadline or set date at which the chain of late dates ends; empty if it is the programme's end."""
    if _own_limit(roadmap, schedule, last) is None:
        return ""
    calendar, timed = roadmap.calendar_of(last.id), schedule[last.id]
    if last.deadline is not None and calendar.between(timed.late_finish, last.deadline) == 0:
        return f"its deadline ({format_day(last_day_of(last.deadline))})"
    return "its set date"
