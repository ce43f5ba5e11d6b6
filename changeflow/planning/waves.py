"""From a programme to a problem of waves: dates on the calendars of each activity, and why a date falls out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from changeflow.calendar.working import WorkingCalendar
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.avoid import falls_into, windows
from changeflow.programme.dates import Dates
from changeflow.programme.definition import Blackout, ServiceFile
from changeflow.programme.programme import Programme
from changeflow.roadmap.waves.problem import Candidate, GroupPlan, Pair, Placement, SchoolPlan, ServicePlan, WaveProblem
from changeflow.roadmap.waves.request import Activity, Group, Rollout, SchoolRollout, ServiceRollout, WaveTeam
from changeflow.values.base import TaskId
from changeflow.values.moments import day_of, format_day
from changeflow.values.words import Kind

IN_TERM = (Kind.TRAINING, Kind.CONSULTATION)
"""Kinds that need people who are in school."""
ENOUGH_DAYS = 3
"""Working days that a week must have for an activity that can be put elsewhere: our own choice."""
PUSHED_BACK = 12
"""Weeks by which an activity may begin earlier than asked for, around holidays and blackouts."""
AFTERWARDS = 26
"""Weeks behind the last date that activities after a go-live may take."""
USUAL = (
    Activity(kind=Kind.TRAINING, weeks_before=2, weeks=1),
    Activity(kind=Kind.WORK, weeks_before=-2, weeks=3),
)
"""What a go-live takes where nobody says anything: a week of training, and two weeks of looking after it."""
USUAL_FOR_PAY = (
    Activity(kind=Kind.TRAINING, weeks_before=10, weeks=1),
    Activity(kind=Kind.PARALLEL_RUN, weeks_before=1, weeks=9),
    Activity(kind=Kind.WORK, weeks_before=-2, weeks=3),
)


def wave_problem(programme: Programme, *, announced: Mapping[TaskId, Dates] | None = None) -> WaveProblem:
    """Place every activity of every date on its calendar; a date that something forbids is dropped, with the reason.

    What has happened is fixed, and nothing is planned before the data date. `announced` are the dates that were
    announced to schools, a baseline's; left out, those of the plan itself.
    """
    return _Builder(programme, announced or {}).build()


@dataclass(frozen=True, slots=True)
class _Opening:
    week: int
    day: date


class _Builder:
    def __init__(self, programme: Programme, announced: Mapping[TaskId, Dates]) -> None:
        self.programme = programme
        self.announced = announced
        self.definition = programme.definition
        self.rollout: Rollout = programme.definition.rollout
        self.calendars = Calendars(programme.definition)
        start = programme.definition.programme.start
        self.start = start - timedelta(days=start.weekday())
        self.latest = self.rollout.latest or start + timedelta(days=730)
        self.weeks = self.week_of(self.latest) + 1 + AFTERWARDS

    def build(self) -> WaveProblem:
        candidates: dict[Pair, tuple[Candidate, ...]] = {}
        dropped: dict[Pair, dict[int, str]] = {}
        openings = {s.service: tuple(self._openings(s)) for s in self.programme.services}
        fixed = dict(self._fixed())
        for service in self.programme.services:
            for school in sorted(self.programme.schools_of(service.service)):
                pair = (school, service.service)
                found, out = self._candidates(pair, service, openings[service.service], fixed.get(pair))
                candidates[pair], dropped[pair] = tuple(found), out
        schools = sorted({school for school, _ in candidates})
        together = self.rollout.hubs.together
        return WaveProblem(
            start=self.start,
            weeks=self.weeks,
            services={s.service: self._service(s, openings[s.service], candidates) for s in self.programme.services},
            schools={s: self._school(s) for s in schools},
            candidates=candidates,
            dropped=dropped,
            capacity={name: self._capacity(team) for name, team in sorted(self.rollout.teams.items())},
            team_names={name: team.name or name.replace("-", " ") for name, team in self.rollout.teams.items()},
            fixed={pair: week for pair, week in fixed.items() if pair in candidates},
            announced=self._announced(candidates),
            hub_weeks=self.rollout.hubs.within_weeks if together == "weeks" else None,
            hub_one_date=together == "same_wave",
            hubs_apart=together == "apart",
            apart=self.rollout.apart,
            groups={key: self._group(key, group) for key, group in sorted(self.rollout.groups.items())},
            weights=self.rollout.weights,
        )

    def week_of(self, day: date) -> int:
        return (day - self.start).days // 7

    def _asked(self, service: str) -> ServiceRollout:
        return self.rollout.services.get(service) or ServiceRollout()

    def _school_asked(self, school: str) -> SchoolRollout:
        return self.rollout.schools.get(school) or SchoolRollout()

    def _openings(self, service: ServiceFile) -> Iterator[_Opening]:
        """Yield the dates on which a service may go live: its pay periods, months, or every Monday."""
        asked = self._asked(service.service)
        lives = self.programme.tasks(kind=Kind.GO_LIVE, service=service.service)
        usual: str = next((t.starts_on for t in lives if t.starts_on), None) or "week"
        opens_on: str = asked.opens_on or usual
        periods = self.programme.roadmap.periods.get(opens_on)
        if periods is None:
            days = [self.start + timedelta(weeks=n) for n in range(self.week_of(self.latest) + 1)]
        else:
            days = [day_of(at) for at in periods.openings]
        first = asked.earliest or self._ready(service)
        last = min(self.latest, asked.latest or self.latest)
        yield from (_Opening(self.week_of(d), d) for d in days if first <= d <= last)

    def _ready(self, service: ServiceFile) -> date:
        """Return the first go-live that the plan forecasts: before it the service's own work is not done."""
        lives = self.programme.tasks(kind=Kind.GO_LIVE, service=service.service)
        days = [day_of(self.programme.timed(t.id).early_finish) for t in lives if not self.programme.is_done(t.id)]
        return min(days, default=self.definition.programme.start)

    def _candidates(
        self, pair: Pair, service: ServiceFile, openings: tuple[_Opening, ...], fixed: int | None
    ) -> tuple[list[Candidate], dict[int, str]]:
        found: list[Candidate] = []
        out: dict[int, str] = {}
        for opening in openings:
            placements, reason = self._placed(pair, service, opening)
            if opening.week != fixed:
                reason = self._too_soon_or_late(pair[0], opening) or reason
                if reason:
                    out[opening.week] = reason
                    continue
            found.append(Candidate(opening.week, opening.day, placements))
        if fixed is not None and fixed not in [c.week for c in found]:
            day = self._happened.get(pair)
            if day is not None:
                placements, _ = self._placed(pair, service, _Opening(fixed, day))
                found = sorted([*found, Candidate(fixed, day, placements)], key=lambda c: c.week)
        return found, out

    def _too_soon_or_late(self, school: str, opening: _Opening) -> str:
        asked = self._school_asked(school)
        if opening.day < self.programme.on:
            return f"it lies before the data date, {format_day(self.programme.on)}"
        if asked.earliest is not None and opening.day < asked.earliest:
            return f"the school asks for {format_day(asked.earliest)} at the earliest"
        if asked.latest is not None and opening.day > asked.latest:
            return f"the school asks for {format_day(asked.latest)} at the latest"
        return ""

    def _placed(self, pair: Pair, service: ServiceFile, opening: _Opening) -> tuple[tuple[Placement, ...], str]:
        """Place each activity of one date; the second value is what forbids the date."""
        school = pair[0]
        for blackout in self._blackouts(Kind.GO_LIVE, school):
            if blackout.first_day <= opening.day <= blackout.last_day:
                return (), f"“{blackout.name}” keeps go-lives out of it"
        for window in windows(self.programme, service.service_class, opening.day):
            if Kind.GO_LIVE in window["activities"] and falls_into(opening.day, opening.day, window):
                return (), f"{window['why']}"
        placed, reason = [], ""
        for activity in self._activities(service):
            weeks, missing = self._weeks_for(activity, school, opening.week)
            reason = reason or missing
            placed.append(Placement(activity.kind, activity.team, weeks, self._shares(activity, weeks)))
        return tuple(placed), reason

    def _shares(self, activity: Activity, weeks: tuple[int, ...]) -> tuple[int, ...]:
        """Share an activity's days out among its weeks, by the days that the office is open in each."""
        days = [self._office_days(w) for w in weeks]
        total, given, shares = sum(days), 0, []
        for n in range(len(weeks)):
            until = round(activity.days * 10 * sum(days[: n + 1]) / total) if total else 0
            shares.append(until - given)
            given = until
        return tuple(shares)

    def _office_days(self, week: int) -> int:
        office = self.calendars.key("office", frozenset(), Kind.WORK)
        key = (office, week)
        if key not in self._counted:
            self._counted[key] = self._days(self.calendars.get(office), week)
        return self._counted[key]

    def _activities(self, service: ServiceFile) -> tuple[Activity, ...]:
        usual = USUAL_FOR_PAY if service.pays_people else USUAL
        return self._asked(service.service).activities or usual

    def _weeks_for(self, activity: Activity, school: str, week: int) -> tuple[tuple[int, ...], str]:
        """Return the weeks of an activity, the last ones before its time that are good for it."""
        end = week - activity.weeks_before
        if activity.weeks_before < 0 or activity.kind is Kind.PARALLEL_RUN:
            first = end - activity.weeks + 1
            if first < 0:
                return (), f"its {activity.kind.replace('_', ' ')} would begin before the programme"
            return tuple(range(first, end + 1)), ""
        found: list[int] = []
        for candidate in range(end, end - activity.weeks - PUSHED_BACK, -1):
            if candidate >= 0 and self._is_good(activity.kind, school, candidate):
                found.append(candidate)
                if len(found) == activity.weeks:
                    return tuple(reversed(found)), ""
        why = self._why_bad(activity.kind, school, end)
        return tuple(reversed(found)), f"there are no weeks for {activity.kind.replace('_', ' ')} before it ({why})"

    @cached_property
    def _counted(self) -> dict[tuple[str, int], int]:
        """The working days of each week that somebody has asked for, by calendar."""
        return {}

    def _is_good(self, kind: Kind, school: str, week: int) -> bool:
        key = self._calendar_key(kind, school)
        if (key, week) not in self._counted:
            self._counted[key, week] = self._days(self.calendars.get(key), week)
        return self._counted[key, week] >= ENOUGH_DAYS

    def _calendar_key(self, kind: Kind, school: str) -> str:
        return self.calendars.key("term" if kind in IN_TERM else "office", frozenset({school}), kind)

    def _days(self, calendar: WorkingCalendar, week: int) -> int:
        monday = self.start + timedelta(weeks=week)
        return sum(calendar.works_on(monday + timedelta(days=n)) for n in range(7))

    def _why_bad(self, kind: Kind, school: str, week: int) -> str:
        closures = self.calendars.get(self._calendar_key(kind, school)).closures
        monday = self.start + timedelta(weeks=max(0, week))
        reasons = [closures[d] for n in range(7) if (d := monday + timedelta(days=n)) in closures]
        return reasons[0] if reasons else "the programme has not begun"

    def _blackouts(self, kind: Kind, school: str) -> Iterator[Blackout]:
        one = self.programme.school(school)
        for calendar in self.definition.calendars:
            yield from (b for b in calendar.blackouts if kind in b.activities and b.concerns(one))

    def _service(
        self, service: ServiceFile, openings: tuple[_Opening, ...], candidates: dict[Pair, tuple[Candidate, ...]]
    ) -> ServicePlan:
        asked = self._asked(service.service)
        schools = [s for s, v in candidates if v == service.service]
        larger = len(self.definition.schools) >= self.programme.policy.larger_trust_from
        own = [c for (_, v), cs in candidates.items() if v == service.service for c in cs]
        return ServicePlan(
            service=service.service,
            name=service.name,
            days=dict(sorted({**{c.week: c.day for c in own}, **{o.week: o.day for o in openings}}.items())),
            wave_size=asked.wave_size,
            weeks_between=asked.weeks_between,
            has_pilot=(larger if asked.pilot is None else asked.pilot) and len(schools) > 1,
            pilot_size=min(asked.pilot_size, max(1, len(schools) - 1)),
            evaluation_weeks=asked.evaluation_weeks,
            after=asked.after,
        )

    def _school(self, school: str) -> SchoolPlan:
        asked, known = self._school_asked(school), self.programme.school(school)
        return SchoolPlan(
            school=school,
            name=known.name,
            hub=known.hub or "",
            risk=asked.risk,
            reluctant=asked.reluctant,
            pilot=asked.pilot,
            at_once=asked.at_once or self.rollout.at_once,
        )

    def _group(self, key: str, group: Group) -> GroupPlan:
        schools = group.schools or [s.id for s in self.definition.schools if group.hub in (None, s.hub)]
        return GroupPlan(name=group.name or key.replace("-", " "), schools=frozenset(schools), at_once=group.at_once)

    def _capacity(self, team: WaveTeam) -> tuple[int, ...]:
        """A team's tenths of a day in each week: less in a week with public holidays, or while some are away."""
        office = self.calendars.get(self.calendars.key("office", frozenset(), Kind.WORK))
        found = []
        for week in range(self.weeks):
            total = 0.0
            for n in range(7):
                day = self.start + timedelta(weeks=week, days=n)
                if office.works_on(day):
                    total += team.left_on(day) * 2
            found.append(round(total))
        return tuple(found)

    @cached_property
    def _happened(self) -> dict[Pair, date]:
        """The day on which each pair went live, or is about to: its training has begun, and its forecast counts."""
        days: dict[Pair, date] = {}
        progress = self.programme.facts.progress
        for live in self.programme.tasks(kind=Kind.GO_LIVE):
            begun = (Kind.TRAINING, Kind.PARALLEL_RUN)
            before = [
                t for k in begun for t in self.programme.tasks(kind=k, service=live.service, schools=live.schools)
            ]
            if live.service is None or not (live.id in progress or any(t.id in progress for t in before)):
                continue
            done = progress.get(live.id)
            day = day_of(done.actual_start) if done else day_of(self.programme.timed(live.id).early_finish)
            days.update({(school, live.service): day for school in live.schools})
        return days

    def _fixed(self) -> Iterator[tuple[Pair, int]]:
        for school, asked in self.rollout.schools.items():
            for service, day in asked.fixed.items():
                yield (school, service), self.week_of(day)
        for pair, day in self._happened.items():
            yield pair, self.week_of(day)

    def _announced(self, candidates: dict[Pair, tuple[Candidate, ...]]) -> dict[Pair, int]:
        announced: dict[Pair, int] = {}
        if self.rollout.announced_as_planned:
            for live in self.programme.tasks(kind=Kind.GO_LIVE):
                known = self.announced.get(live.id)
                day = day_of(known.finish if known else self.programme.timed(live.id).early_finish)
                announced.update({(s, live.service): self.week_of(day) for s in live.schools if live.service})
        for school, asked in self.rollout.schools.items():
            announced.update({(school, service): self.week_of(day) for service, day in asked.announced.items()})
        return {pair: week for pair, week in sorted(announced.items()) if pair in candidates}
