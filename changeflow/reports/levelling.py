"""A levelled programme in words: what moves, which teams it waits for, what that costs, and each team's load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from changeflow.phrases import listed
from changeflow.planning.levelling import LevelledProgramme, LevellingMove
from changeflow.roadmap.analysis.assumed import mark_if_at
from changeflow.roadmap.analysis.lengths import day_unit
from changeflow.roadmap.levelling.teams import TENTHS, Spans, Stretch
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import DAY, day_of, format_day, iso, last_day_of
from changeflow.values.moved_dates import later_or_earlier

SOON_AFTER = "the task that must follow soon after"
NAMED = 2
"""The most tasks that are named; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelledMoveLine:
    task: str
    name: str
    planned: str
    starts: str
    iso: str
    days: int
    """Working days of its calendar that it waits for people."""
    waits: str
    """The same in words: school days or working days."""
    team: str
    behind: tuple[str, ...]
    busy_with: str
    costs: tuple[tuple[str, int], ...]
    """Milestones, or the end, with the number of days by which its wait delays them."""
    short_days: float
    """Person-days for which no one would have time if it did not wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StayLine:
    task: str
    planned: str
    starts: str
    moved: bool
    """Whether it moves after all, because of the work before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekLine:
    monday: str
    iso: str
    before: int
    after: int
    """The fullest moment of the week, in percent of the team's capacity then; `before` likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLine:
    team: str
    peak_before: int
    peak_after: int
    short_days: float
    """Person-days for which no one had time before levelling."""
    weeks: tuple[WeekLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelledMilestone:
    name: str
    before: str
    after: str
    days: int
    deadline: str
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelReport:
    """Everything that the page and the JSON say."""

    programme: str
    ends_before: str
    ends: str
    days: int
    no_sooner: str
    """No plan with these people ends before this day."""
    is_best: bool
    is_repeatable: bool
    moves: tuple[LevelledMoveLine, ...]
    stays: tuple[StayLine, ...]
    teams: tuple[TeamLine, ...]
    milestones: tuple[LevelledMilestone, ...]
    broken: tuple[str, ...]
    """Maximum lags that are exceeded."""


def level_report(levelled: LevelledProgramme) -> LevelReport:
    """Turn a levelled programme into a report."""
    programme = levelled.programme
    before, after = last_day_of(levelled.finish_before), last_day_of(levelled.finish)
    return LevelReport(
        programme=programme.name,
        ends_before=_end(levelled, levelled.before),
        ends=_end(levelled, levelled.after),
        days=(after - before).days,
        no_sooner=format_day(last_day_of(levelled.bound)),
        is_best=levelled.is_best,
        is_repeatable=levelled.is_repeatable,
        moves=tuple(_move(levelled, m) for m in levelled.moves),
        stays=tuple(
            StayLine(
                task=task,
                planned=format_day(day_of(levelled.before[task][0])),
                starts=format_day(day_of(start)),
                moved=start != levelled.before[task][0],
            )
            for task, (start, _) in levelled.kept.items()
        ),
        teams=tuple(_teams(levelled)),
        milestones=tuple(_milestones(levelled)),
        broken=tuple(
            f"“{programme.roadmap.tasks[b].name}” starts too long after “{programme.roadmap.tasks[a].name}”"
            for a, b in levelled.broken_keeps
        ),
    )


def _end(levelled: LevelledProgramme, spans: Spans) -> str:
    last = max(spans, key=lambda task: (spans[task][1], task))
    return _shown(levelled, last, spans[last][1], format_day(last_day_of(spans[last][1])))


def _shown(levelled: LevelledProgramme, task: TaskId, finish: int, day: str) -> str:
    """Mark the day on which a task finishes, if it rests on days that no one has given."""
    roadmap, schedule = levelled.programme.roadmap, levelled.programme.schedule
    return day if schedule is None else mark_if_at(day, roadmap, schedule, task, finish)


def _move(levelled: LevelledProgramme, move: LevellingMove) -> LevelledMoveLine:
    roadmap, wait = levelled.programme.roadmap, move.wait
    task = roadmap.tasks[wait.task]
    day = roadmap.minutes_per_day
    days = -(-roadmap.calendar_of(task.id).between(wait.wanted, wait.start) // day)
    return LevelledMoveLine(
        task=task.id,
        name=task.name,
        planned=_shown(levelled, task.id, levelled.before[task.id][1], format_day(day_of(wait.wanted))),
        starts=_shown(levelled, task.id, levelled.after[task.id][1], format_day(day_of(wait.start))),
        iso=iso(wait.start),
        days=days,
        waits=counted(days, day_unit(task.calendar)),
        team=levelled.capacity.names[wait.team] if wait.team else SOON_AFTER,
        behind=tuple(roadmap.tasks[t].name for t in move.behind),
        busy_with=joined([roadmap.tasks[t].name for t in move.behind]),
        costs=tuple((name, -(-minutes // DAY)) for name, minutes in move.costs.items()),
        short_days=round(move.short / day, 1),
    )


def _milestones(levelled: LevelledProgramme) -> Iterator[LevelledMilestone]:
    for milestone in levelled.programme.open_milestones:
        timed = levelled.programme.timed(milestone.task)
        was, becomes = levelled.before[milestone.task][1], levelled.after[milestone.task][1]
        before, after = timed.day_at(was), timed.day_at(becomes)
        late = milestone.deadline is not None and after > milestone.deadline
        yield LevelledMilestone(
            name=milestone.name,
            before=_shown(levelled, milestone.task, was, format_day(before)),
            after=_shown(levelled, milestone.task, becomes, format_day(after)),
            days=(after - before).days,
            deadline=format_day(milestone.deadline) if milestone.deadline else "",
            is_late=late,
        )


def _teams(levelled: LevelledProgramme) -> Iterator[TeamLine]:
    minutes = levelled.programme.minutes_per_day
    for team in levelled.capacity.teams:
        before = [s for s in levelled.load_before if s.team == team]
        after = [s for s in levelled.load_after if s.team == team]
        if not before and not after:
            continue
        first, second = _weekly(before), _weekly(after)
        yield TeamLine(
            team=levelled.capacity.names[team],
            peak_before=max(first.values(), default=0),
            peak_after=max(second.values(), default=0),
            short_days=round(sum(s.over * (s.end - s.start) for s in before) / TENTHS / minutes, 1),
            weeks=tuple(
                WeekLine(monday=format_day(m), iso=m.isoformat(), before=first.get(m, 0), after=second.get(m, 0))
                for m in sorted({*first, *second})
            ),
        )


def joined(names: Sequence[str]) -> str:
    """Name the first two in quotes, and count the others."""
    return listed([f"“{name}”" for name in names], most=NAMED)


def _weekly(stretches: Sequence[Stretch]) -> dict[date, int]:
    found: dict[date, int] = {}
    for s in stretches:
        day = day_of(s.start)
        monday = day - timedelta(days=day.weekday())
        percent = -(-100 * s.asked // s.has) if s.has else 999
        found[monday] = max(found.get(monday, 0), percent)
    return found


def level_text(report: LevelReport) -> Iterator[str]:
    """Yield the report for a terminal."""
    yield f"{report.programme}: {end_in_words(report)}"
    if not report.is_repeatable:
        yield "Time ran out, so another run may find other dates. Give the search more time, such as --seconds 30."
    yield from (f"  Cannot be met: {line}." for line in report.broken)
    yield ""
    yield "Each team's peak workload, as a percentage of its capacity at the time"
    width = max((len(t.team) for t in report.teams), default=0)
    for t in report.teams:
        short = f"   ({t.short_days:g} days of work had no one available)" if t.short_days else ""
        yield f"  {t.team:<{width}}  {t.peak_before:>4}% before  {t.peak_after:>4}% after{short}"
    if report.milestones:
        yield ""
        yield "Milestones"
        width = max(len(m.name) for m in report.milestones)
        for m in report.milestones:
            moved = f"{m.after}, {later_or_earlier(m.days)}" if m.days else f"{m.after}, as before"
            late = f"   LATE, deadline {m.deadline}" if m.is_late else ""
            yield f"  {m.name:<{width}}  {moved}{late}"
    yield ""
    if not report.moves:
        yield "No task has to wait for staff."
    else:
        yield f"{counted(len(report.moves), 'task')} delayed by a shortage of staff"
    for move in report.moves:
        yield f"  {move.task}: starts on {move.starts} (planned {move.planned}, {move.waits} later)"
        behind = f", busy with {move.busy_with}" if move.behind else ""
        yield f"      waits for {move.team}{behind}"
        delayed = ", ".join(f"“{name}” ({counted(days, 'day')})" for name, days in move.costs)
        yield f"      delays {delayed or 'no milestone'}"
        if move.short_days:
            yield f"      if you refuse, {move.short_days:g} days of work have no one available"
    for stay in report.stays:
        yield f"  {stay.task}: stays on {stay.starts}" + (
            f" (was to stay on {stay.planned}, but the work before it is delayed)" if stay.moved else ""
        )


def end_in_words(report: LevelReport) -> str:
    """Say when the programme ends with the staff available, and how that compares with unlimited staff."""
    if report.days:
        later = f"{later_or_earlier(report.days)} than if staff were unlimited ({report.ends_before})"
    else:
        later = "as early as if staff were unlimited"
    best = "No plan with these staff ends earlier." if report.is_best else f"No plan can end before {report.no_sooner}."
    return f"with the staff available, the programme ends on {report.ends}, {later}. {best}"
