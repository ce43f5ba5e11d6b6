"""The reasons for a task's dates: links, calendar gaps, constraints and actuals as a chain in plain English."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from changeflow.calendar.periods import MeetingDates
from changeflow.roadmap.analysis.assumed import mark_assumed
from changeflow.roadmap.analysis.lengths import float_in_words, length_in_words
from changeflow.roadmap.engine.cpm import DateReason, Schedule, TimedTask
from changeflow.roadmap.engine.pace import lagged
from changeflow.roadmap.model.tasks import Bound, Link, LinkType, Roadmap, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, day_of, format_day, format_days, last_day_of, minute_of
from changeflow.values.words import PEOPLE_KINDS, Kind

CONSTRAINT_WORDS = {
    "start_no_earlier": "its set date is “start no earlier than this”",
    "finish_no_earlier": "its set date is “finish no earlier than this”",
    "start_no_later": "its set date is “start no later than this”, whatever it waits for",
    "finish_no_later": "its set date is “finish no later than this”, whatever it waits for",
    "must_start": "its set date is “must start on this day”",
    "must_finish": "its set date is “must finish on this day”",
}
REASON_WORDS: Mapping[str, str] = {
    **CONSTRAINT_WORDS,
    DateReason.START: "nothing comes before it, so it starts with the programme",
    DateReason.MANUAL: "its dates are set manually",
    DateReason.ROLL_UP: "its dates follow from its tasks",
    DateReason.DATA_DATE: "work that has not begun cannot begin before the data date",
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
    """The chain of late dates, from the task on: why each task must end by then."""
    sooner: str = ""
    """How far it can slip before a successor moves, if less than its float."""
    costs: tuple[str, ...] = ()
    """The cost of a slip and the last day, in sentences that callers add."""

    @property
    def text(self) -> str:
        lines = [f"{n}. {b.sentence}" for n, b in enumerate(self.chain, 1)]
        late = [f"{n}. {b.sentence}" for n, b in enumerate(self.late_chain, 1)]
        lines += [f"{self.late} {self.sooner}".rstrip(), *self.costs]
        return "\n".join([*lines, *(["What sets its latest dates:", *late] if late else [])])


def explain(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> Why:
    """Follow the driving links back from `task`; of several ties the chain follows the first by id."""
    steps: list[Because] = []
    current: TaskId | None = task
    while current is not None:
        drivers = sorted(schedule[current].drivers, key=lambda link: link.predecessor)
        sentence = _early_sentence(roadmap, schedule, roadmap.tasks[current], drivers)
        if drivers and current not in roadmap.progress:
            sentence += _hidden_float(roadmap, schedule, drivers[0], to=roadmap.tasks[task])
        steps.append(Because(current, sentence))
        # Replace a summary by the task that gives it its date.
        current = next(iter(sorted(schedule.behind(drivers[0]))), None) if drivers else None
    found, held = roadmap.tasks[task], list(_late_links(roadmap, schedule, task))
    late = _late_sentence(roadmap, schedule, found, held[-1][0] if held else task)
    late_chain = tuple(_late_chain(roadmap, schedule, held))
    return Why(task, tuple(reversed(steps)), late, late_chain, _sooner(roadmap, schedule, found))


def _hidden_float(roadmap: Roadmap, schedule: Schedule, link: Link, *, to: Task) -> str:
    """Describe how much float of a driver is hidden by a wait for a start window or days off."""
    before, gaps = link.predecessor, list(_gaps(roadmap, schedule, link))
    if not gaps or roadmap.is_done(before) or schedule[before].total_float <= 0:
        return ""
    found, after = schedule[before].early_finish, schedule[link.successor].early_start
    if (spare := roadmap.float_calendar_of(before).between(found, after)) <= 0:
        return ""
    what = "milestone" if to.is_milestone else "task"
    return f" Critical to this {what}: this wait hides {float_in_words(roadmap, before, spare)} of float."


def dates_in_words(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> str:
    """Write a task's first and last day, both inclusive."""
    timed = schedule[task]
    if roadmap.tasks[task].is_milestone and task not in schedule.below:
        return mark_assumed(format_day(timed.last_day), schedule, task)
    return mark_assumed(format_days(day_of(timed.early_start), last_day_of(timed.early_finish)), schedule, task)


def spare_before(roadmap: Roadmap, timed: TimedTask) -> int:
    """Return the working minutes from a task's finish to its deadline, or its total float without one."""
    deadline, finish = roadmap.tasks[timed.task].deadline, timed.early_finish
    if deadline is None:
        return timed.total_float
    calendar = roadmap.float_calendar_of(timed.task)
    spare = calendar.between(finish, deadline)
    if spare == 0 and finish >= deadline and not timed.ends_day:
        # It is on a later day than its deadline, at the start of the first day that is worked after it.
        finish = calendar.previous_working(minute_of(day_of(calendar.next_working(finish))) + DAY)
        return calendar.between(finish, deadline)
    return spare


def _early_sentence(roadmap: Roadmap, schedule: Schedule, task: Task, drivers: list[Link]) -> str:
    when = dates_in_words(roadmap, schedule, task.id)
    verb = "is on" if task.is_milestone or " to " not in when else "runs"
    head = f"{task.name} {verb} {when}"
    reason = schedule[task.id].reason
    done = roadmap.progress.get(task.id)
    if done is not None:
        left = f"it has begun, {_left_in_words(roadmap, schedule, task, done)}"
        if task.kind is Kind.DECISION:
            left = "everything before it is finished, so only the decision remains"
            left += _passed(roadmap, schedule, task)
        return f"{head}: {'as recorded' if done.is_done else left}."
    passed = _passed(roadmap, schedule, task)
    if not drivers:
        if not task.because:
            if reason in Bound and (added := _added_date(roadmap, schedule, task)):
                return f"{head}: {added}{passed}."
            return f"{head}: {REASON_WORDS.get(reason, reason)}{passed}."
        own = "it follows the latest round of assessments" if task.kind in PEOPLE_KINDS else "it waits for its day"
        return f"{head}: {own}{_because(task)}{passed}."
    first, rest = drivers[0], drivers[1:]
    relation = _relation(roadmap, first, f"“{roadmap.tasks[first.predecessor].name}”")
    sentence = f"{head}: it {relation}{_ties(len(rest))}"
    sentence += "".join(f"; {gap}" for gap in _gaps(roadmap, schedule, first))
    if first.rule:
        sentence += f"; rule {first.rule} requires this"
    return f"{sentence}{_because(task)}{passed}."


def _left_in_words(roadmap: Roadmap, schedule: Schedule, task: Task, done: TaskProgress) -> str:
    """Describe a begun task's remaining duration: as reported, or else from the data date to its finish."""
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


def _relation(roadmap: Roadmap, link: Link, before: str) -> str:
    """Write a link for its successor: `starts 20 working days after “Build” finishes`."""
    verb = "finishes" if link.type.to_finish else "starts"
    end = f"{before} {'finishes' if link.type.from_finish else 'starts'}"
    if link.lag.is_zero:
        return f"{verb} after {end}"
    length = Duration(abs(link.lag.amount), link.lag.unit)
    wait = length_in_words(length, roadmap.minutes_per_day, roadmap.tasks[link.successor].calendar)
    return f"{verb} {wait} {'before' if link.lag.amount < 0 else 'after'} {end}"


def _ties(others: int) -> str:
    if not others:
        return ""
    return f" (and {others} other{' task that ends' if others == 1 else 's that end'} together with it)"


def _gaps(roadmap: Roadmap, schedule: Schedule, link: Link) -> Iterator[str]:
    """Name the gaps between a driving link and the start that it drives."""
    if link.type is not LinkType.FS or not link.lag.is_zero:
        return
    task = roadmap.tasks[link.successor]
    first, start = day_of(schedule[link.predecessor].early_finish), schedule[link.successor].early_start
    if task.begins_in_windows:
        if day_of(start) > first:
            yield _window_in_words(roadmap, task)
        return
    for name, days in _closed_spans(roadmap, task, first, day_of(start)):
        yield f"{name}, {format_days(days[0], days[-1])}, is between"


def _window_in_words(roadmap: Roadmap, task: Task) -> str:
    """Describe what a task with start windows waits for."""
    if task.starts_on and isinstance(dates := roadmap.periods[task.starts_on], MeetingDates):
        return f"it waits for the next meeting: {dates.name}"
    kind = (task.starts_on or task.duration.unit).replace("_", " ").split(",")[0].removesuffix("s")
    return f"it waits for the next {kind} to open"


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
    limit = _limit_in_words(roadmap, schedule, roadmap.tasks[last], task)
    if total < 0:
        return f"It is {spare} too late for {limit or 'the end of the programme'}."
    harm = f"misses {limit}" if limit else "moves the end of the programme"
    if timed.total_float == 0:
        missed = (
            f"if it misses this date, {_window_in_words(roadmap, task)}, which" if task.starts_on else "a day later"
        )
        return f"It has no float: {missed} {harm}."
    latest = _latest_day(roadmap, schedule, task.id, last)
    return f"It may finish as late as {latest} ({spare} of float) before it {harm}."


def _sooner(roadmap: Roadmap, schedule: Schedule, task: Task) -> str:
    """Describe the free float if it is less than the total float."""
    timed = schedule[task.id]
    if roadmap.is_done(task.id) or not 0 <= timed.free_float < timed.total_float:
        return ""
    if timed.free_float == 0:
        return "Tasks that wait for it move from the first day."
    return f"Tasks that wait for it move after {float_in_words(roadmap, task.id, timed.free_float)}."


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
        link = None if is_last else _nearest(roadmap, schedule, current)
        yield current, link
        current = link.successor if link is not None else None


def _late_chain(roadmap: Roadmap, schedule: Schedule, held: Sequence[tuple[TaskId, Link | None]]) -> Iterator[Because]:
    """Describe why each task in the chain must end by its late date."""
    for task, link in held:
        found = roadmap.tasks[task]
        head = f"{found.name} must end by {_latest_day(roadmap, schedule, task, held[-1][0])}"
        if link is not None:
            rule = f", as rule {link.rule} requires" if link.rule else ""
            name, is_begun = roadmap.tasks[link.successor].name, link.successor in roadmap.progress
            waits = f"the rest of {name} waits for it" if is_begun else f"{name} {_relation(roadmap, link, 'it')}"
            yield Because(task, f"{head}: {waits}{rule}.")
        elif (limit := _own_limit(roadmap, schedule, found)) is not None:
            yield Because(task, f"{head}: {limit}.")
        else:
            yield Because(task, f"{head}, when the programme ends.")


def _links_out_of(roadmap: Roadmap, task: TaskId) -> Iterator[Link]:
    """Its own links, and those of the summaries above it."""
    above, current = {task}, roadmap.parents.get(task)
    while current is not None:
        above.add(current)
        current = roadmap.parents.get(current)
    return (link for link in roadmap.links if link.predecessor in above)


def _nearest(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> Link | None:
    """Return the link that first bounds a task's late dates; None if the end does."""
    timed, found = schedule[task], list[tuple[int, TaskId, Link]]()
    for link in _links_out_of(roadmap, task):
        if roadmap.is_done(link.successor) or not (held := _late_ends(roadmap, schedule, link.successor)):
            continue
        late, before = held[1] if link.type.to_finish else held[0], schedule[link.predecessor]
        passed = lagged(roadmap, late, link, (before.early_start, before.early_finish), back=True)
        # A bound on the start also bounds the finish, later by the task's duration.
        bound = passed if link.type.from_finish else passed + timed.late_finish - timed.late_start
        found.append((bound, link.successor, link))
    nearest = min(found, key=lambda f: f[:2], default=None)
    return nearest[2] if nearest is not None and nearest[0] <= schedule.finish else None


def _late_ends(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> tuple[int, int] | None:
    """Return a late start and finish; for begun work, when the rest may resume. None if it waits for nothing."""
    timed, progress, found = schedule[task], roadmap.progress.get(task), roadmap.tasks[task]
    if progress is None or task in schedule.below:
        return timed.late_start, timed.late_finish
    left, since, profile = progress.remaining, progress.resume or roadmap.data_date, roadmap.profile
    if profile.pins_started:
        return progress.resume or timed.early_finish, timed.late_finish
    if not profile.retains_logic or (left is None and since is None):
        return None
    calendar, is_known = roadmap.calendars[found.placed_on or found.calendar], left and left.unit is Unit.WORKING
    minutes = left.amount if left and is_known else calendar.between(since or timed.early_start, timed.early_finish)
    return calendar.subtract(timed.late_finish, minutes), timed.late_finish


def _own_limit(roadmap: Roadmap, schedule: Schedule, task: Task) -> str | None:
    """Describe the deadline or set date that limits a task's late dates."""
    calendar, timed = roadmap.calendar_of(task.id), schedule[task.id]
    if task.deadline is not None and calendar.between(timed.late_finish, task.deadline) == 0:
        return f"its deadline is {format_day(last_day_of(task.deadline))}"
    for constraint in task.constraints:
        words = CONSTRAINT_WORDS[constraint.bound.value]
        at = timed.late_start if "start" in constraint.bound.value else timed.late_finish
        if "earlier" not in constraint.bound.value and calendar.between(at, constraint.at) == 0:
            return words.split(",")[0]
    return None


def _limit_in_words(roadmap: Roadmap, schedule: Schedule, last: Task, task: Task) -> str:
    """Name the deadline or set date at which the chain of late dates ends; empty if it is the programme's end."""
    if _own_limit(roadmap, schedule, last) is None:
        return ""
    calendar, timed = roadmap.calendar_of(last.id), schedule[last.id]
    if last.deadline is not None and calendar.between(timed.late_finish, last.deadline) == 0:
        return f"the deadline of {last.name}, {format_day(last_day_of(last.deadline))}"
    return "its set date" if last is task else f"the set date of {last.name}"
