"""The go-live of each school and service: its forecast, and the day that was announced to the school."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.errors import InputError
from changeflow.programme.assembly.go_live_windows import FirstWorkingDays
from changeflow.programme.definition import Definition
from changeflow.programme.facts import CHANNELS, Announcement
from changeflow.programme.programme import Programme
from changeflow.programme.recording import service_named
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId
from changeflow.values.moments import format_day
from changeflow.values.problem import check_known
from changeflow.values.words import Kind

Pair = tuple[str, str]
"""A school and a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoLive:
    """One service's go-live at one school: its forecast or actual day, and the announced day."""

    service: str
    school: str
    task: TaskId | None
    """None if it is no longer planned."""
    day: date | None
    """The forecast or actual day; None if it is no longer planned."""
    is_done: bool
    announced: date | None
    announced_on: date | None
    """The day of the announcement, if recorded."""
    how: str

    @property
    def days_late(self) -> int:
        """Calendar days later than announced: negative if earlier, 0 if there is nothing to compare."""
        return (self.day - self.announced).days if self.day and self.announced else 0

    @property
    def is_late(self) -> bool:
        return self.days_late > 0

    @property
    def is_dropped(self) -> bool:
        """Whether it was announced but is no longer in the plan."""
        return self.announced is not None and self.day is None


def go_lives(programme: Programme) -> tuple[GoLive, ...]:
    """Return the go-live of each school and service, sorted by service, day and school; dropped ones are last."""
    facts, days, tasks = announced(programme), announced_days(programme), go_live_tasks(programme)
    found = []
    for school, service in sorted({*tasks, *days}):
        task, fact = tasks.get((school, service)), facts.get((school, service))
        found.append(
            GoLive(
                service=service,
                school=school,
                task=task.id if task else None,
                day=programme.days_of(task.id)[1] if task else None,
                is_done=task is not None and programme.is_done(task.id),
                announced=days.get((school, service)),
                announced_on=fact.on if fact else None,
                how=fact.how if fact else "",
            )
        )
    order = {s.service: n for n, s in enumerate(programme.services)}
    return tuple(sorted(found, key=lambda g: (order.get(g.service, len(order)), g.day or date.max, g.school)))


def go_live_tasks(programme: Programme) -> dict[Pair, Task]:
    """Return the go-live task of each school and service; the last one if there are several."""
    found: dict[Pair, Task] = {}
    for live in sorted(programme.tasks(kind=Kind.GO_LIVE), key=lambda t: (programme.timed(t.id).early_finish, t.id)):
        if live.service is not None:
            found.update({(school, live.service): live for school in live.schools})
    return found


def announced(programme: Programme) -> dict[Pair, Announcement]:
    """Return the latest announcement to each school about each service."""
    return {(a.school, a.service): a for a in programme.facts.announcements}


def announced_days(programme: Programme) -> dict[Pair, date]:
    """Return the latest day announced to each school: the recorded one, otherwise the one in rollout.yaml.

    If the announced day is the first of a month or pay period and a day off, the next working day counts instead.
    """
    rollout, tasks, periods = programme.definition.rollout, go_live_tasks(programme), programme.roadmap.periods
    days = {(school, service): day for school, own in rollout.schools.items() for service, day in own.announced.items()}
    days |= {pair: fact.day for pair, fact in announced(programme).items()}
    for pair, day in days.items():
        live = tasks.get(pair)
        windows = periods[live.starts_on] if live is not None and live.starts_on else None
        days[pair] = windows.working_day(day) if isinstance(windows, FirstWorkingDays) else day
    return days


def forecast_announcements(
    programme: Programme, *, on: date, how: str, service: str | None = None, schools: Iterable[str] = ()
) -> Iterator[Announcement]:
    """Yield an announcement of each open go-live whose forecast differs from the day last announced."""
    wanted, days = frozenset(schools), announced_days(programme)
    for live in go_lives(programme):
        pair = (live.school, live.service)
        is_meant = (service is None or live.service == service) and (not wanted or live.school in wanted)
        if is_meant and not live.is_done and live.day is not None and live.day != days.get(pair):
            yield Announcement(service=live.service, school=live.school, day=live.day, on=on, how=how)


def announced_sentence(programme: Programme, found: Sequence[GoLive]) -> str:
    """Describe the go-lives that are later than announced, with the latest, or no longer planned.

    Empty if there are none.
    """
    known = [live for live in found if live.announced is not None]
    late = sorted((live for live in known if live.is_late), key=lambda live: -live.days_late)
    parts = []
    if late:
        parts.append(f"{late_of(known, late)} ({_latest_in_words(programme, late)}).")
    if dropped := dropped_sentence(found):
        parts.append(dropped)
    return " ".join(parts)


def late_of(known: Sequence[GoLive], late: Sequence[GoLive]) -> str:
    """Count the late go-lives: `3 of 42 school go-lives are later than announced`."""
    noun, verb = "school go-live" if len(known) == 1 else "school go-lives", "is" if len(late) == 1 else "are"
    return f"{len(late)} of {len(known)} {noun} {verb} later than announced"


def dropped_sentence(found: Iterable[GoLive]) -> str:
    """Say how many announced go-lives are no longer planned; empty if there are none."""
    dropped = sum(live.is_dropped for live in found)
    noun, verb = ("announced go-live", "is") if dropped == 1 else ("announced go-lives", "are")
    return f"{dropped} {noun} {verb} no longer planned." if dropped else ""


def _latest_in_words(programme: Programme, late: Sequence[GoLive]) -> str:
    """Name the latest go-lives with both days, and count the others."""
    first = late[0]
    alike = [g for g in late if (g.service, g.day, g.announced) == (first.service, first.day, first.announced)]
    schools = programme.school_name(first.school) if len(alike) == 1 else f"{len(alike)} schools"
    rest = f" and {len(late) - len(alike)} more" if len(alike) < len(late) else ""
    return f"{programme.service(first.service).name}, {schools}: {in_place_of(first)}{rest}"


def in_place_of(live: GoLive) -> str:
    """Write both days of a go-live that moved: `1 Jun instead of 1 May 2027`."""
    day, announced = (format_day(d) if d else "" for d in (live.day, live.announced))
    year = f" {live.day.year}" if live.day else ""
    return f"{day.removesuffix(year) if announced.endswith(year) else day} instead of {announced}"


def announced_by_rollout(before: Definition | None, after: Definition, *, on: date) -> Iterator[Announcement]:
    """Yield the days that a version's rollout.yaml newly announces."""
    old = before.rollout.schools if before is not None else {}
    for school, own in sorted(after.rollout.schools.items()):
        known = old[school].announced if school in old else {}
        for service, day in sorted(own.announced.items()):
            if known.get(service) != day:
                yield Announcement(service=service, school=school, day=day, on=on, how="rollout.yaml")


def check_announcements(programme: Programme, given: Sequence[Announcement], *, today: date) -> None:
    """Refuse an unknown service, school or channel, a school without the service, and a future day."""
    for one in given:
        check_known("channel", one.how, CHANNELS)
        check_known("school", one.school, [s.id for s in programme.definition.schools])
        if one.school not in programme.schools_of(service_named(programme, one.service).service):
            school, service = programme.school_name(one.school), programme.service(one.service).name
            raise InputError(f"{school} is not in any wave of {service}. No changes saved.")
        if one.on > today:
            raise InputError(f"{format_day(one.on)} is in the future. No changes saved.")
