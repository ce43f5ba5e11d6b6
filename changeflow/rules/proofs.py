"""Proofs over time: what dates say of the precedence that links give. A date set by hand may break a link."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.services.service import gaps
from changeflow.values.duration import counted
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.words import Kind


@dataclass(frozen=True, slots=True)
class Hole:
    """Days on which nobody provides a service at a school: the old way has gone, and the new one is not there yet."""

    service: str
    school: str
    first: date
    last: date
    """Inclusive."""
    gone: Task
    """What took the old way away."""
    awaited: Task
    """What the new way waits for: finishing it earlier closes the hole."""


def service_holes(programme: Programme) -> Iterator[Hole]:
    """Yield the holes of every service and school, by service, school and day.

    The old way goes with the first change of the organisation that is not minor, or the first role that ends; the new
    one is there when its system is in use and its capacity in place.
    """
    for service in programme.services:
        going = [
            *programme.tasks(kind=Kind.ORG_CHANGE, service=service.service, minor=False),
            *programme.tasks(kind=Kind.ROLE_REMOVAL, service=service.service),
        ]
        coming = [
            *programme.tasks(kind=Kind.SYSTEM_LIVE, service=service.service),
            *programme.tasks(kind=Kind.CAPACITY_IN_PLACE, service=service.service),
        ]
        for school in sorted(programme.schools_of(service.service)):
            ends = [t for t in going if school in t.schools]
            starts = [t for t in coming if school in t.schools]
            if not ends or not starts:
                continue
            gone = min(ends, key=lambda t: (programme.timed(t.id).early_finish, t.id))
            awaited = max(starts, key=lambda t: (programme.timed(t.id).early_finish, t.id))
            first = last_day_of(programme.timed(gone.id).early_finish) + timedelta(days=1)
            last = last_day_of(programme.timed(awaited.id).early_finish)
            if first <= last:
                yield Hole(service.service, school, first, last, gone, awaited)


def no_service_holes(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """On every day, at every school, somebody provides the service: the old way or the new one."""
    for hole in service_holes(programme):
        yield Breach("R02", hole.gone.id, hole_in_words(programme, hole), hole.service, frozenset({hole.school}))


def hole_in_words(programme: Programme, hole: Hole) -> str:
    """Say where and when nobody provides a service, and what closes the hole."""
    name, school = programme.service(hole.service).name, programme.school(hole.school).name
    days = (hole.last - hole.first).days + 1
    span = f"on {format_day(hole.first)}" if days == 1 else f"from {format_day(hole.first)} to {format_day(hole.last)}"
    return (
        f"Nobody provides {name} at {school} {span}: {hole.gone.name} is over, and {hole.awaited.name} is not. "
        f"Finish that earlier, or move the other {counted(days, 'day')}."
    )


def capacity_on_the_day(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """On the day that a role goes, its school has the new capacity and skills."""
    for removal in programme.tasks(kind=Kind.ROLE_REMOVAL):
        if removal.id in programme.facts.progress:
            continue  # what has happened is told already
        begins = programme.timed(removal.id).early_start
        for kind in (Kind.CAPACITY_IN_PLACE, Kind.SKILLS_EVIDENCED):
            for proof in programme.tasks(kind=kind, service=removal.service, schools=removal.schools):
                ready = programme.timed(proof.id).early_finish
                if ready > begins:
                    schools = proof.schools & removal.schools
                    message = (
                        f"{removal.name} begins on {format_day(day_of(begins))} at {programme.school_names(schools)}, "
                        f"before {proof.name} ends on {format_day(last_day_of(ready))}."
                    )
                    yield Breach("R03", removal.id, message, removal.service, schools)


def accountable_with_agency(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """The person accountable for something also has a hand in it: its budget, its staff, its priorities or its
    decisions. And for everything that someone controls, someone is accountable."""
    for service in programme.services:
        found: dict[tuple[str, str, bool, date | None], list[str]] = {}
        for gap in gaps(service.delegation, programme.schools_of(service.service)):
            since = _in_force(programme, service.service, gap.school)
            found.setdefault((gap.area, gap.role, gap.is_without_agency, since), []).append(gap.school)
        for (area, role, is_without_agency, since), schools in found.items():
            when = f" from {format_day(since)}" if since else ""
            where = programme.school_names(schools)
            message = (
                f"{service.name}: {role} is accountable for {area}{when} at {where}, and controls none of its budget, "
                "staff, priorities or decisions."
                if is_without_agency
                else f"{service.name}: {role} controls {area}{when} at {where}, and nobody is accountable for it."
            )
            yield Breach("R09", service.service, message, service.service, frozenset(schools))


def _in_force(programme: Programme, service: str, school: str) -> date | None:
    """Return the day after the scheme of delegation is approved and published for a school."""
    tasks = programme.tasks(kind=Kind.DELEGATION, service=service, schools=frozenset({school}))
    finishes = [programme.timed(t.id).early_finish for t in tasks]
    return last_day_of(max(finishes)) + timedelta(days=1) if finishes else None
