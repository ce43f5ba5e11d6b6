"""Assumed dates: one mark for all outputs, and what to add to the files so that none is assumed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.calendar.extent import ASSUMED, GivenDates
from changeflow.roadmap.engine.assumptions import goes_beyond, lag_goes_beyond
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, format_days, last_day_of


def mark_assumed(text: str, schedule: Schedule, task: TaskId, *, late: bool = False) -> str:
    """Mark text that shows a task's early or late dates if they depend on assumed days."""
    return mark_if(text, is_marked=task in (schedule.assumed.late if late else schedule.assumed.early))


def mark_if(text: str, *, is_marked: bool, word: str = ASSUMED) -> str:
    """Mark text as assumed, with another language's word if given.

    >>> mark_if("12 Oct 2029", is_marked=True)
    '12 Oct 2029 (assumed)'
    """
    return f"{text} ({word})" if is_marked else text


def end_in_words(schedule: Schedule) -> str:
    """Write the day on which the last task ends."""
    is_marked = any(schedule[t].early_finish == schedule.finish for t in schedule.assumed.early)
    return mark_if(format_day(schedule.last_day), is_marked=is_marked)


def mark_if_at(text: str, roadmap: Roadmap, schedule: Schedule, task: TaskId, position: int) -> str:
    """Mark text that shows a changed finish of a task if the finish depends on assumed days.

    It does if the scheduled finish does, or if the same delay would move a driving task beyond its given dates.
    """
    return mark_if(text, is_marked=_is_assumed_at(roadmap, schedule, task, position))


def _is_assumed_at(roadmap: Roadmap, schedule: Schedule, task: TaskId, position: int) -> bool:
    if task in schedule.assumed.early:
        return True
    later = position - schedule[task].early_finish
    given = [g for c in roadmap.calendars.values() for g in c.given]
    given += [g for p in roadmap.periods.values() for g in p.given]
    if later <= 0 or all(day_of(position) <= g.last for g in given):
        return False
    drivers = (t for t in schedule.path_to(task) if not roadmap.is_done(t))
    return any(_goes_beyond_later(roadmap, schedule, t, later) for t in drivers)


def _goes_beyond_later(roadmap: Roadmap, schedule: Schedule, task: TaskId, later: int) -> bool:
    """Return whether a task or its lag would go beyond given dates if all its drivers were this much later."""

    def span(name: TaskId) -> tuple[int, int]:
        return schedule[name].early_start + later, schedule[name].early_finish + later

    found = roadmap.tasks[task]
    if any(goes_beyond(roadmap, found, *span(task))):
        return True
    lags = (lag_goes_beyond(roadmap, found, link, span(link.predecessor)) for link in schedule[task].drivers)
    return any(map(any, lags))


@dataclass(frozen=True, slots=True)
class AssumedUse:
    """Dates given in a file, and the tasks whose own days go beyond them, in order of date."""

    given: GivenDates
    tasks: tuple[TaskId, ...]
    first: date
    """The first day of these tasks."""
    last: date
    is_late: bool = False
    """Whether their late dates go beyond, so that their float counts assumed days."""


def assumed_uses(schedule: Schedule) -> Iterator[AssumedUse]:
    """Yield the uses beyond given dates, by file."""
    assumed, early = schedule.assumed, dict[GivenDates, list[TaskId]]()
    late: dict[GivenDates, list[TaskId]] = {}
    for by_given, beyond in ((early, assumed.own), (late, assumed.own_late)):
        for task, found in beyond.items():
            for given in found:
                by_given.setdefault(given, []).append(task)
    for given in sorted({*early, *late}, key=lambda g: (g.source, g.part, g.what)):
        if tasks := early.get(given):
            yield _use(given, [(schedule[t].early_start, schedule[t].early_finish, t) for t in tasks])
        spans = [(schedule[t].late_start, schedule[t].late_finish, t) for t in late.get(given, ())]
        if spans := [span for span in spans if day_of(span[0]) < given.first]:
            yield _use(given, spans, is_late=True)


def _use(given: GivenDates, spans: list[tuple[int, int, TaskId]], *, is_late: bool = False) -> AssumedUse:
    spans.sort(key=lambda span: (span[1], span[0], span[2]))
    last = max(max(day_of(start), last_day_of(finish)) for start, finish, _ in spans)
    return AssumedUse(given, tuple(t for *_, t in spans), day_of(min(s for s, *_ in spans)), last, is_late)


def what_is_missing(roadmap: Roadmap, use: AssumedUse) -> str:
    """Describe the dates a file gives, and how far tasks go beyond them."""
    given, is_after = use.given, use.last > use.given.last
    day, reach = (use.last, "until") if is_after else (use.first, "from")
    named = roadmap.tasks[use.tasks[-1 if is_after else 0]].name
    if given.first <= use.first and use.last <= given.last:
        needed = f"{format_days(use.first, use.last)} {'is' if use.first == use.last else 'are'} needed"
    else:
        needed = f"are needed {reach} {format_day(day)}"
    without = "".join(f", without {format_days(*gap)}" for gap in given.gaps)
    what = "Late dates and float" if use.is_late else "Dates"
    return (
        f"{what} of {counted(len(use.tasks), 'task')} are {ASSUMED}: {given.what} are given from "
        f"{format_day(given.first)} to {format_day(given.last)}{without}, but {needed} (“{named}”)."
    )


def assumed_lines(roadmap: Roadmap, schedule: Schedule) -> list[str]:
    """Describe what is assumed and which calendar needs more dates, one line for each part of a file."""
    uses = assumed_uses(schedule)
    return [f"{what_is_missing(roadmap, use)} Add more to the calendar '{use.given.source}'." for use in uses]
