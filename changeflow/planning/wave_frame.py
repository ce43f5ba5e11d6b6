"""The frame of a plan of waves: weeks, the calendar of each activity, and the dates of work around a go-live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate, islice, pairwise

from changeflow.calendar.working import WorkingCalendar
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.assembly.joining import joining_days
from changeflow.programme.avoided_periods import falls_into, windows
from changeflow.programme.blackouts import ScopedBlackout, kept_out_of
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.requests import Activity, Rollout, SchoolRollout, ServiceRollout
from changeflow.roadmap.model.tasks import Task
from changeflow.roadmap.waves.problem import Pair, Placement
from changeflow.values.moments import day_of, format_day
from changeflow.values.words import Kind

IN_TERM = (Kind.TRAINING, Kind.CONSULTATION)
"""Kinds of activity that need people to be in school."""
ENOUGH_DAYS = 3
"""The fewest working days that a week must have for a movable activity: our own choice."""
PUSHED = 12
"""Weeks by which an activity may move away from its go-live to avoid holidays and blackouts."""
AFTERWARDS = 26
"""Weeks after the last date for activities that follow a go-live."""
USUAL = (Activity(kind=Kind.TRAINING, weeks_before=2, weeks=1), Activity(kind=Kind.WORK, weeks_before=-2, weeks=3))
"""The default work around a go-live: a week of training and three weeks of support."""
USUAL_FOR_PAY = (
    Activity(kind=Kind.TRAINING, weeks_before=10, weeks=1),
    Activity(kind=Kind.PARALLEL_RUN, weeks_before=1, weeks=9),
    Activity(kind=Kind.WORK, weeks_before=-2, weeks=3),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """The pairs to plan, and the weeks."""

    programme: Programme
    rollout: Rollout
    calendars: Calendars
    start: date
    """Monday of week 0."""
    latest: date
    """The last day of any go-live."""
    happened: Mapping[Pair, date]
    joins: Mapping[str, date]
    """The joining days of schools that join later."""

    def week_of(self, day: date) -> int:
        return (day - self.start).days // 7

    def monday(self, week: int) -> date:
        return self.start + timedelta(weeks=week)

    def calendar(self, kind: Kind, school: str, service: str, *, base: str = "") -> WorkingCalendar:
        """Return the days on which an activity can be worked on at a school, as in the plan."""
        base = base or ("term" if kind in IN_TERM else "office")
        return self.calendars.get(self.calendars.key(base, frozenset({school}), kind, service))

    def blackouts(self, kind: Kind, school: str, service: str) -> Iterator[ScopedBlackout]:
        """Yield the blackouts that an activity at a school must avoid."""
        return iter(kept_out_of(self.calendars.blackouts, frozenset({school}), kind, service))

    def asked(self, service: str) -> ServiceRollout:
        return self.rollout.services.get(service) or ServiceRollout()

    def school(self, school: str) -> SchoolRollout:
        return self.rollout.schools.get(school) or SchoolRollout()

    def since(self, school: str, service: str) -> date:
        """Return the first day on which work is possible: the data date, or the school's joining day.

        Work that has begun keeps its dates.
        """
        if (school, service) in self.happened:
            return date.min
        return max(self.programme.on, self.joins.get(school, date.min))

    def working_days(self, calendar: WorkingCalendar, week: int, since: date = date.min) -> int:
        return _working_days(calendar, self.start + timedelta(weeks=week), since)


def frame_of(programme: Programme) -> Frame:
    """Return the weeks of a programme's rollout, from the Monday of its start."""
    first, rollout = programme.definition.programme.start, programme.definition.rollout
    start = first - timedelta(days=first.weekday())
    latest = rollout.latest or first + timedelta(days=730)
    joins = joining_days(programme.definition, programme.facts)
    return Frame(programme, rollout, Calendars.of(programme.definition), start, latest, _happened(programme), joins)


@lru_cache(maxsize=2**14)
def _working_days(calendar: WorkingCalendar, monday: date, since: date) -> int:
    days = (monday + timedelta(days=n) for n in range(7))
    return sum(day >= since and calendar.works_on(day) for day in days)


def forecast(programme: Programme, live: Task) -> date:
    return programme.timed(live.id).last_day


def first_forecast(frame: Frame, service: ServiceFile) -> tuple[Task, date] | None:
    """Return a service's next go-live and its forecast."""
    lives = frame.programme.tasks(kind=Kind.GO_LIVE, service=service.service)
    ahead = [(t, forecast(frame.programme, t)) for t in lives if not frame.programme.is_done(t.id)]
    return min(ahead, key=lambda found: (found[1], found[0].id), default=None)


def _happened(programme: Programme) -> dict[Pair, date]:
    """Return each pair's actual go-live, or its forecast if training has begun."""
    days: dict[Pair, date] = {}
    progress = programme.facts.progress
    for live in programme.tasks(kind=Kind.GO_LIVE):
        begun = (Kind.TRAINING, Kind.PARALLEL_RUN)
        before = [t for k in begun for t in programme.tasks(kind=k, service=live.service, schools=live.schools)]
        if live.service is not None and any(t.id in progress for t in (live, *before)):
            done = progress.get(live.id)
            day = day_of(done.actual_start) if done else forecast(programme, live)
            days.update({(school, live.service): day for school in live.schools})
    return days


def placed(frame: Frame, school: str, service: ServiceFile, day: date) -> tuple[tuple[Placement, ...], str]:
    """Place each activity of one date. The second value says why the date is impossible; it is empty if the date is
    possible or past."""
    placed, reason = [], _forbidden(frame, school, service, day)
    for activity in frame.asked(service.service).activities or (USUAL_FOR_PAY if service.pays_people else USUAL):
        end = frame.week_of(day) - activity.weeks_before
        weeks, missing = _weeks_for(frame, activity, school, service.service, end)
        reason = reason or missing
        shares = _shares(frame, activity, school, service.service, weeks)
        placed.append(Placement(activity.kind, activity.team, weeks, shares))
    return tuple(placed), reason


def _forbidden(frame: Frame, school: str, service: ServiceFile, day: date) -> str:
    """Describe why a go-live cannot be on a day; empty if it can."""
    for blackout in frame.blackouts(Kind.GO_LIVE, school, service.service):
        if blackout.touches(day, day):
            return f"it is in the blackout “{blackout.name}”"
    for window in windows(frame.programme, service.service_class, day):
        if Kind.GO_LIVE in window["activities"] and falls_into(day, day, window):
            return window["why"]
    return ""


def _weeks_for(frame: Frame, activity: Activity, school: str, service: str, end: int) -> tuple[tuple[int, ...], str]:
    """Return the nearest suitable weeks for an activity, or else what is missing."""
    kind, since = activity.kind, frame.since(school, service)
    name, first = kind.replace("_", " "), end - activity.weeks + 1
    if kind is Kind.PARALLEL_RUN or (activity.weeks_before < 0 and kind not in IN_TERM):
        weeks = tuple(range(first, end + 1))
        if first < (0 if since == date.min else frame.week_of(since)):
            return (), f"its {name} would begin before {_beginning(frame, school)}"
        return weeks, _kept_out(frame, kind, school, service, weeks) if kind is Kind.PARALLEL_RUN else ""
    calendar = frame.calendar(kind, school, service)
    is_after = activity.weeks_before < 0
    asked = range(max(0, first), end + PUSHED + 1) if is_after else range(end, max(-1, first - PUSHED - 1), -1)
    good = (week for week in asked if frame.working_days(calendar, week, since) >= ENOUGH_DAYS)
    found = tuple(sorted(islice(good, activity.weeks)))
    if len(found) == activity.weeks:
        return found, ""
    monday = frame.start + timedelta(weeks=max(0, end))
    closed = (calendar.closures.get(monday + timedelta(days=n)) for n in range(7))
    too_soon = f"{_beginning(frame, school)} is too late for that"
    why = next((reason for reason in closed if reason is not None), too_soon)
    return found, f"there are no weeks for {name} {'after' if is_after else 'before'} it ({why})"


def _beginning(frame: Frame, school: str) -> str:
    """Describe the first day on which work at a school is possible."""
    day, programme = frame.joins.get(school, date.min), frame.programme
    if day > programme.on:
        return f"the day on which the school joins, {format_day(day)}"
    return "the programme" if programme.roadmap.data_date is None else f"the data date, {format_day(programme.on)}"


def _kept_out(frame: Frame, kind: Kind, school: str, service: str, weeks: tuple[int, ...]) -> str:
    """Describe why an immovable activity has too few days in a week."""
    calendar, office, since = (
        frame.calendar(kind, school, service),
        frame.calendars.office,
        frame.since(school, service),
    )
    for week in weeks:
        left = frame.working_days(calendar, week, since)
        if left < min(ENOUGH_DAYS, frame.working_days(office, week)):
            monday, name = frame.start + timedelta(weeks=week), kind.replace("_", " ")
            own = frame.blackouts(kind, school, service)
            blackout = next((b.name for b in own if b.touches(monday, monday + timedelta(days=6))), None)
            if blackout is None:
                return f"its {name} would begin before {_beginning(frame, school)}"
            return f"“{blackout}” falls in its {name}"
    return ""


def _shares(frame: Frame, activity: Activity, school: str, service: str, weeks: tuple[int, ...]) -> tuple[int, ...]:
    """Distribute an activity's days over its weeks, by the office's open days without blackouts."""
    own, office = frame.calendar(activity.kind, school, service, base="office"), frame.calendars.office
    open_days = [frame.working_days(own, w, frame.since(school, service)) for w in weeks]
    until = list(accumulate(open_days if any(open_days) else (frame.working_days(office, w) for w in weeks), initial=0))
    tenths = [round(activity.days * 10 * days / until[-1]) if until[-1] else 0 for days in until]
    return tuple(after - before for before, after in pairwise(tenths))
