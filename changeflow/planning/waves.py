"""Turn a programme into a wave-planning problem: dates on each activity's calendar, and why dates are excluded."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from changeflow.planning.wave_frame import AFTERWARDS, Frame, first_forecast, frame_of, placed
from changeflow.planning.wave_openings import (
    as_working_day,
    first_day_reason,
    is_missed,
    last_before,
    not_an_opening,
    start_windows,
    with_announced,
)
from changeflow.planning.wave_pilots import planned_pilot
from changeflow.programme.announcements import announced_days, go_live_tasks
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.programme.references import References
from changeflow.roadmap.model.requests import Group, WaveTeam
from changeflow.roadmap.waves.problem import Candidate, GroupPlan, Pair, SchoolPlan, ServicePlan, WaveProblem
from changeflow.values.moments import format_day


def wave_problem(programme: Programme) -> WaveProblem:
    """Place every activity of every date on its calendar, and drop impossible dates with the reason.

    Past go-lives are fixed, and no work is planned before the data date.
    """
    frame = frame_of(programme)
    start, latest, rollout = frame.start, frame.latest, frame.rollout
    said = {(s, v): day for s, asked in rollout.schools.items() for v, day in asked.fixed.items()}
    fixed = {**{pair: as_working_day(frame, pair[1], day) for pair, day in said.items()}, **frame.happened}
    said.update(frame.happened)
    known = _announced(frame)
    days = {s.service: start_windows(frame, s) for s in programme.services}
    candidates: dict[Pair, tuple[Candidate, ...]] = {}
    dropped: dict[Pair, dict[int, str]] = {}
    for service in programme.services:
        opens = days[service.service]
        for school in sorted(programme.schools_of(service.service)):
            pair = (school, service.service)
            own = with_announced(frame, service, opens, known.get(pair))
            candidates[pair], dropped[pair] = _candidates(frame, school, service, own, fixed.get(pair))
    weeks = frame.week_of(latest) + 1 + AFTERWARDS
    together = rollout.hubs.together
    pilots = {s.service: planned_pilot(frame, s) for s in programme.services}
    return WaveProblem(
        start=start,
        weeks=weeks,
        services={
            s.service: _service_plan(frame, s, days[s.service], candidates, pilots[s.service].schools, fixed)
            for s in programme.services
        },
        schools={s: _school_plan(frame, s) for s in sorted({school for school, _ in candidates})},
        candidates=candidates,
        dropped=dropped,
        capacity={name: _capacity(frame, team, weeks) for name, team in sorted(rollout.teams.items())},
        team_names={name: team.name or name.replace("-", " ") for name, team in rollout.teams.items()},
        fixed={pair: frame.week_of(day) for pair, day in fixed.items() if pair in candidates},
        fixed_days={pair: day for pair, day in said.items() if pair in candidates},
        declared=frozenset((school, service) for service, found in pilots.items() for school in found.schools),
        notes=tuple(note for found in pilots.values() for note in found.notes),
        announced={pair: frame.week_of(as_working_day(frame, pair[1], day)) for pair, day in known.items()},
        announced_days=known,
        hub_weeks=rollout.hubs.within_weeks if together == "weeks" else None,
        hub_one_date=together == "same_wave",
        hubs_apart=together == "apart",
        apart=tuple(dict.fromkeys((min(pair), max(pair)) for pair in rollout.apart)),
        groups={key: _group_plan(programme, key, group) for key, group in sorted(rollout.groups.items())},
        weights=rollout.weights,
    )


def _candidates(
    frame: Frame, school: str, service: ServiceFile, days: Sequence[date], fixed: date | None
) -> tuple[tuple[Candidate, ...], dict[int, str]]:
    """Return a pair's possible dates, and why the others are impossible, by week.

    A set day counts even in the middle of a week; a past go-live is always possible.
    """
    found: dict[int, Candidate] = {}
    out: dict[int, str] = {}
    for day in days:
        week = frame.week_of(day)
        placements, reason = placed(frame, school, service, day)
        reason = _too_soon_or_late(frame, school, day) or reason
        if reason:
            out[week] = reason
        else:
            found[week] = Candidate(week, day, placements)
    if fixed is not None:
        week, happened = frame.week_of(fixed), (school, service.service) in frame.happened
        found.pop(week, None)
        out.pop(week, None)
        if not happened and (obstacles := tuple(_obstacles(frame, school, service, fixed))):
            out[week] = "; ".join(obstacles)
        else:
            found[week] = Candidate(week, fixed, placed(frame, school, service, fixed)[0])
    return tuple(found[week] for week in sorted(found)), out


def _obstacles(frame: Frame, school: str, service: ServiceFile, day: date) -> Iterator[str]:
    """Yield every reason against a set day."""
    asked = frame.asked(service.service)
    if reason := _too_soon_or_late(frame, school, day):
        yield reason
    if asked.earliest is not None and day < asked.earliest:
        yield f"{service.name} goes live from {format_day(asked.earliest)} on"
    elif asked.earliest is None and (reason := _earlier_work(frame, service, day)):
        yield reason
    if reason := not_an_opening(frame, service, day):
        yield reason
    latest = min(frame.latest, asked.latest or frame.latest)
    if day > latest:
        which = f"go-live with {service.name}" if asked.latest == latest else "go-live"
        yield f"the last day of any {which} is {format_day(latest)}"
    if day >= frame.start and (reason := placed(frame, school, service, day)[1]):
        yield reason


def _earlier_work(frame: Frame, service: ServiceFile, day: date) -> str:
    """Describe the work before a service's first go-live that is unfinished by a day; empty if all is done."""
    programme, first, last = frame.programme, first_forecast(frame, service), last_before(frame, service)
    if last is None:
        return f"its forecast is {format_day(first[1])}" if first and day < first[1] else ""
    if not is_missed(frame, service, day, programme.timed(last).early_finish):
        return ""
    name, ends = programme.roadmap.tasks[last].name, programme.days_of(last)[1]
    return f"the work before it is not done: “{name}” ends on {format_day(ends)}"


def _too_soon_or_late(frame: Frame, school: str, day: date) -> str:
    asked = frame.school(school)
    if day < frame.programme.on:
        return f"it is before the data date, {format_day(frame.programme.on)}"
    joins = frame.joins.get(school)
    if joins is not None and day < joins:
        return f"the school joins on {format_day(joins)}"
    if asked.earliest is not None and day < asked.earliest:
        return f"the school asked for {format_day(asked.earliest)} at the earliest"
    if asked.latest is not None and day > asked.latest:
        return f"the school asked for {format_day(asked.latest)} at the latest"
    return ""


def _service_plan(
    frame: Frame,
    service: ServiceFile,
    days: Sequence[date],
    candidates: Mapping[Pair, tuple[Candidate, ...]],
    declared: frozenset[str],
    fixed: Mapping[Pair, date],
) -> ServicePlan:
    asked, programme = frame.asked(service.service), frame.programme
    waves = References(programme.definition).waves_of(service)
    size = asked.pilot_size if "pilot_size" in asked.model_fields_set else max(asked.pilot_size, len(declared))
    set_weeks = [frame.week_of(fixed[s, service.service]) for s in declared if (s, service.service) in fixed]
    own = [dates for (_, name), dates in candidates.items() if name == service.service]
    larger = len(programme.definition.schools) >= programme.policy.larger_trust_from
    possible = {c.week: c.day for dates in own for c in dates} | {frame.week_of(d): d for d in days}
    return ServicePlan(
        service=service.service,
        name=service.name,
        days=dict(sorted(possible.items())),
        wave_size=asked.wave_size,
        weeks_between=asked.weeks_between,
        has_pilot=(larger or bool(declared) if asked.pilot is None else asked.pilot) and len(own) > 1,
        pilot_size=min(size, max(1, len(own) - 1)),
        pilot_by=max(set_weeks, default=None),
        pilot_name=next((w.name for w in waves if w.pilot), "pilot"),
        wave_names=tuple(w.name for w in waves if not w.pilot),
        begins=first_day_reason(frame, service),
        evaluation_weeks=asked.evaluation_weeks,
        after=asked.after,
    )


def _school_plan(frame: Frame, school: str) -> SchoolPlan:
    asked, known = frame.school(school), frame.programme.school(school)
    return SchoolPlan(
        school=school,
        name=known.name,
        hub=known.hub or "",
        risk=asked.risk,
        reluctant=asked.reluctant or known.reluctant,
        pilot=asked.pilot,
        at_once=asked.at_once or frame.rollout.at_once,
    )


def _group_plan(programme: Programme, key: str, group: Group) -> GroupPlan:
    schools = group.schools or [s.id for s in programme.definition.schools if group.hub in (None, s.hub)]
    return GroupPlan(name=group.name or key.replace("-", " "), schools=frozenset(schools), at_once=group.at_once)


def _capacity(frame: Frame, team: WaveTeam, weeks: int) -> tuple[int, ...]:
    """Return a team's tenths of a day in each week, reduced by public holidays and absences.

    Fractions of a tenth are dropped, because work comes in whole tenths.
    """
    office, usual = frame.calendars.office, len(frame.programme.definition.programme.working_week.days)
    days = [[frame.start + timedelta(weeks=week, days=n) for n in range(7)] for week in range(weeks)]
    given = (Counter(team.left_on(day) for day in week if office.works_on(day)) for week in days)
    return tuple(floor(sum(Fraction(str(left)) * n for left, n in each.items()) * 10 / usual) for each in given)


def _announced(frame: Frame) -> dict[Pair, date]:
    """Return the day announced to each school or, with `announced_as_planned`, its forecast day."""
    programme, days = frame.programme, dict[Pair, date]()
    if frame.rollout.announced_as_planned:
        days = {pair: programme.days_of(t.id)[1] for pair, t in go_live_tasks(programme).items()}
    pairs = {(school, s.service) for s in programme.services for school in programme.schools_of(s.service)}
    return {pair: day for pair, day in sorted((days | announced_days(programme)).items()) if pair in pairs}
