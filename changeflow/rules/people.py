"""Rules about people: the sponsor whom everybody sees, and training in its place.

Where people stand is read from what was published, as on every page.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from changeflow.adkar.elements import Element, at_or_before
from changeflow.programme.audiences import GROUP
from changeflow.programme.definition import Sponsor
from changeflow.programme.people import schools_of
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, format_day
from changeflow.values.words import Kind

SCHOOL_WEEK = 5
"""School days."""
BEFORE_KNOWLEDGE = (Element.AWARENESS, Element.DESIRE)


def sponsor_is_seen(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """The sponsor does something for the change that people can see, again and again: silence is read as doubt.
    Holidays do not count. As long as nothing at all has been reported, nothing is known of it."""
    sponsor = programme.definition.programme.sponsor
    if sponsor is None or not programme.facts.progress:
        return
    since, is_known = last_seen(programme, sponsor)
    limit = programme.policy.sponsor_acts_within_school_weeks
    weeks = school_days(programme, since, programme.on) // SCHOOL_WEEK
    if weeks <= limit:
        return
    message = (
        f"The sponsor was last visibly active on {format_day(since)}, {weeks} school weeks ago (limit {limit})."
        if is_known
        else f"The sponsor has not been visibly active for {weeks} school weeks (limit {limit})."
    )
    if weeks > 2 * limit:
        message += " Raise this with the board."
    yield Breach("R17", "programme", message)


def last_seen(programme: Programme, sponsor: Sponsor) -> tuple[date, bool]:
    """Return since when the sponsor has done nothing that people could see, and whether any act is known at all."""
    seen = [a.on for a in programme.facts.acts if a.on <= programme.on and a.who is None]
    return max([sponsor.since, programme.definition.programme.start, *seen[-1:]]), bool(seen)


def school_days(programme: Programme, since: date, on: date) -> int:
    """Count the school days after a day, to another; where authorities differ, those of the one with the fewest."""
    calendars = programme.roadmap.calendars
    terms = [c for name, c in calendars.items() if name.startswith("term, ")] or [calendars["office"]]
    days = [since + timedelta(days=n) for n in range(1, (on - since).days + 1)]
    return min(sum(c.works_on(d) for d in days) for c in terms)


def training_in_its_place(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """No one is trained for a change that they do not know of or do not want yet: a group of which half has its barrier
    at awareness or desire is informed and won first. Only what was published of groups is looked at."""
    until = programme.on + timedelta(weeks=programme.policy.barrier_order_within_weeks)
    for group in programme.facts.snapshot.view(GROUP) if programme.facts.snapshot else ():
        if group.stands_at not in BEFORE_KNOWLEDGE:
            continue
        name = group.group.replace("-", " ")
        for service in programme.services:
            first = _next_training(programme, service.service, group.group)
            if first is not None and day_of(programme.timed(first.id).early_start) <= until:
                begins = format_day(day_of(programme.timed(first.id).early_start))
                message = (
                    f"Half or more of {name} have their barrier at {at_or_before(group.stands_at)}, and training for "
                    f"{service.name} begins on {begins} ({first.name})."
                )
                yield Breach("R25", service.service, message, service.service)


def _next_training(programme: Programme, service: str, group: str) -> Task | None:
    """Return the next training that reaches somebody of a group and has not begun."""
    reached = frozenset(
        school
        for person in programme.definition.people
        if group in person.groups and person.is_reached_by(service)
        for school in schools_of(programme, person)
    )
    sessions = programme.tasks(kind=Kind.TRAINING, service=service, schools=reached)
    ahead = (t for t in sessions if t.id not in programme.facts.progress)
    return min(ahead, key=lambda t: (programme.timed(t.id).early_start, t.id), default=None)
