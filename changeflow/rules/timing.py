"""Rules about how long before a wave's own go-live its people are trained and moved."""

from collections.abc import Iterator, Sequence
from datetime import date

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.go_lives import go_lives_ahead
from changeflow.rules.people import SCHOOL_WEEK
from changeflow.values.duration import counted
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.words import Kind

WEEK = 7
USES = (Kind.PARALLEL_RUN, Kind.GO_LIVE)
"""Where people first use their training."""


def close_to_go_live(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """People must be trained shortly before they need the skills, and move to the new structure shortly before their
    own schools go live. Unused skills fade, and a new role needs its new system."""
    ahead = list(go_lives_ahead(programme))
    for live in ahead:
        yield from _trained_too_early(programme, live)
    yield from _moved_too_early(programme, ahead)


def _trained_too_early(programme: Programme, live: Task) -> Iterator[Breach]:
    """Check the last training of each school: a repeat shortly before use is in time."""
    limit = training_limit(programme)
    early: dict[tuple[date, str, int], list[str]] = {}
    for school in sorted(live.schools):
        here = frozenset({school})
        uses = [t for kind in USES for t in programme.tasks(kind=kind, service=live.service, schools=here)]
        used = min(uses, key=lambda t: (programme.timed(t.id).early_start, t.id))
        begins = programme.timed(used.id).early_start
        taught = programme.tasks(kind=Kind.TRAINING, service=live.service, schools=here)
        ends = [end for t in taught if (end := programme.timed(t.id).early_finish) <= begins]
        if ends and used.id not in programme.facts.progress:
            school_days = _school_days(programme, live, max(ends), begins)
            if school_days > limit * SCHOOL_WEEK:
                early.setdefault((last_day_of(max(ends)), used.id, school_days), []).append(school)
    for (day, use, school_days), schools in early.items():
        starts = format_day(day_of(programme.timed(use).early_start))
        message = (
            f"The last training at {programme.school_names(schools)} ends on {format_day(day)}, "
            f"{counted(school_days, 'school day')} before “{programme.roadmap.tasks[use].name}” starts on {starts}. "
            f"The limit is {counted(limit * SCHOOL_WEEK, 'school day')} ({counted(limit, 'school week')})."
        )
        yield Breach("R28", live.id, message, live.service, frozenset(schools))


def _moved_too_early(programme: Programme, ahead: Sequence[Task]) -> Iterator[Breach]:
    """Check each move against its go-lives; name only the latest of them."""
    limit = restructure_limit(programme)
    for kind in (Kind.ORG_CHANGE, Kind.ROLE_REMOVAL):
        for change in programme.tasks(kind=kind, minor=False):
            if programme.is_done(change.id):
                continue
            ends = last_day_of(programme.timed(change.id).early_finish)
            lives = [t for t in ahead if t.service == change.service and t.schools & change.schools]
            begins = {t.id: day_of(programme.timed(t.id).early_start) for t in lives}
            late = [t for t in lives if (begins[t.id] - ends).days > limit * WEEK]
            if late:
                live = max(late, key=lambda t: (begins[t.id], t.id))
                message = (
                    f"“{change.name}” ends on {format_day(ends)}, "
                    f"{counted((begins[live.id] - ends).days, 'day')} before “{live.name}” on "
                    f"{format_day(begins[live.id])}. The limit is {limit * WEEK} days ({counted(limit, 'week')})."
                )
                schools = change.schools & frozenset(s for t in late for s in t.schools)
                yield Breach("R28", change.id, message, change.service, schools)


def training_limit(programme: Programme) -> int:
    """Return the limit in school weeks between a training and its first use, from the programme or the rulepack."""
    own = programme.policy.training_before_go_live
    return own.school_weeks if own else programme.rulepacks.number("rollout", "training_school_weeks", on=programme.on)


def restructure_limit(programme: Programme) -> int:
    """Return the limit in weeks between a move and its go-live, from the programme or the rulepack."""
    own = programme.policy.restructure_before_go_live
    return own.weeks if own else programme.rulepacks.number("rollout", "restructure_weeks", on=programme.on)


def _school_days(programme: Programme, live: Task, first: int, last: int) -> int:
    """Count the school days (without terms, the working days) of a go-live's schools between two instants."""
    calendar = programme.roadmap.calendars[live.term_calendar or live.calendar]
    return calendar.between(first, last) // programme.minutes_per_day
