"""Rules about what a service rests on: requirements and their sources, agreements, quick wins, no rush."""

from collections.abc import Iterator
from datetime import date

from changeflow.programme.avoid import falls_into, freezes, windows
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import format_day, last_day_of
from changeflow.values.words import Kind

SOURCES = {"heads": "headteachers", "board": "the board", "local_governing_bodies": "local governing bodies"}


def requirements_before_the_irreversible(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """What cannot be undone is decided when its requirements are approved: a rush is paid for in the years after."""
    for task in programme.roadmap.tasks.values():
        if not task.irreversible:
            continue
        wanted = list(programme.tasks(kind=Kind.REQUIREMENTS, service=task.service, schools=task.schools))
        if not wanted:
            message = f"{task.name} cannot be undone, and nobody sets out requirements for it."
            yield Breach("R04", task.id, message, task.service, task.schools)
        for requirement in wanted:
            if programme.timed(task.id).early_start < programme.timed(requirement.id).early_finish:
                begins = format_day(last_day_of(programme.timed(task.id).early_start + 1))
                ready = format_day(last_day_of(programme.timed(requirement.id).early_finish))
                message = f"{task.name} cannot be undone and begins on {begins}; {requirement.name} ends on {ready}."
                yield Breach("R04", task.id, message, task.service, task.schools)


def requirements_from_everybody(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Requirements come from the people who will use the service: headteachers, the board, local governing bodies."""
    for service in programme.services:
        asked = list(programme.tasks(kind=Kind.REQUIREMENTS, service=service.service))
        heard = {source for task in asked for source in task.sources}
        missing = [words for source, words in SOURCES.items() if source not in heard]
        if missing:
            message = f"The requirements of {service.name} do not come from {', '.join(missing)}."
            yield Breach("R07", service.service, message, service.service)


def one_agreement_articulated(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """What a service offers, and to what standard, is articulated: as a service level agreement or as gives and gets.
    Neither is preferred."""
    for service in programme.services:
        if service.agreement is None:
            message = f"{service.name} has neither a service level agreement nor gives and gets."
            yield Breach("R08", service.service, message, service.service)


def quick_win_early(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """People see something better soon: a quick win early in each wave."""
    weeks = programme.policy.quick_win_within_weeks
    limit = weeks * 7 * 24 * 60
    for live in programme.tasks(kind=Kind.GO_LIVE):
        if live.wave is None:
            continue
        wins = [w for w in programme.tasks(kind=Kind.QUICK_WIN, service=live.service) if w.schools & live.schools]
        if not wins:
            message = f"Nothing better comes early with {live.name}: its wave has no quick win."
            yield Breach("R14", live.id, message, live.service, live.schools)
        elif min(programme.timed(w.id).early_finish for w in wins) > programme.timed(live.id).early_finish + limit:
            first = min(wins, key=lambda w: (programme.timed(w.id).early_finish, w.id))
            day = format_day(last_day_of(programme.timed(first.id).early_finish))
            message = f"{first.name} comes on {day}, more than {weeks} weeks after {live.name}."
            yield Breach("R14", live.id, message, live.service, live.schools)


def blackouts_kept(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """No activity falls on days that are bad for its kind at its schools: training in exams, a cut-over in payroll
    week. Working time keeps out of them by itself; what is timed by the clock or is a moment may not."""
    for calendar in programme.definition.calendars:
        for blackout in calendar.blackouts:
            for task in programme.roadmap.tasks.values():
                if task.kind not in blackout.activities or programme.is_done(task.id) or _works_around(task):
                    continue
                first, last = programme.days_of(task.id)
                if last < blackout.first_day or first > blackout.last_day:
                    continue
                if schools := programme.schools_in(task, blackout):
                    message = f"{task.name} falls into “{blackout.name}” at {programme.school_names(schools)}."
                    yield Breach("R21", task.id, message, task.service, schools)


def windows_avoided(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Days of the year that are bad for a class of service everywhere, by its rulepacks; and others' freezes."""
    yield from _freezes_kept(programme)
    for service in programme.services:
        for task in programme.tasks(service=service.service):
            if task.kind is Kind.WORK or programme.is_done(task.id):
                continue
            first, last = programme.days_of(task.id)
            for window in windows(programme, service.service_class, first):
                if task.kind in window["activities"] and falls_into(first, last, window):
                    day = format_day(first)
                    message = f"{task.name} falls on {day}, into “{window['name']}”: {window['why']}."
                    yield Breach("R21", task.id, message, task.service, task.schools)


def _freezes_kept(programme: Programme) -> Iterator[Breach]:
    """Dated windows of others. Of one whose end nobody knows the first task in it is told, as something to ask."""
    for service in programme.services:
        for freeze in freezes(programme, service.service_class):
            first_day = date.fromisoformat(str(freeze["first_day"]))
            last_day = date.fromisoformat(str(freeze["last_day"])) if freeze.get("last_day") else None
            inside = [
                (programme.days_of(t.id)[0], t)
                for t in programme.tasks(service=service.service)
                if t.kind in freeze["activities"] and not programme.is_done(t.id)
            ]
            inside = sorted(
                ((day, t) for day, t in inside if first_day <= day and (last_day is None or day <= last_day)),
                key=lambda found: (found[0], found[1].id),
            )
            for day, task in inside if last_day else inside[:1]:
                until = f"until {format_day(last_day)}" if last_day else "and when it ends is not known here: ask first"
                message = (
                    f"{task.name} is on {format_day(day)}; the {freeze['name']} is on since {format_day(first_day)}, "
                    f"{until}: {freeze['why']}."
                )
                yield Breach("R21", task.id, message, task.service, task.schools)


def _works_around(task: Task) -> bool:
    """Tell whether a task's working time leaves blackouts out: its calendar does, unless it passes by the clock."""
    return not task.is_milestone and task.duration.unit.counts_working_time


def aggregates_only(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Scores are shown for groups of a minimum size only, and no hidden number can be worked out from others."""
    yield from ()


def nudges_leave_people_in_peace(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """No one is nudged more often than the caps allow, or in quiet hours."""
    yield from ()
