"""The causes of changed target dates between two states of a roadmap.

The earlier state is turned into the later one cause by cause, in the order of `Cause`, and the targets are timed after
each step. So the parts of a slip always add up to the whole. Another order could divide the joint effect of two causes
differently; this order puts people's decisions before events.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from changeflow.errors import CalendarExhaustedError, CyclicRoadmapError
from changeflow.roadmap.engine.cpm import DateReason, Schedule, time_roadmap
from changeflow.roadmap.engine.replan import Trials
from changeflow.roadmap.model.tasks import Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY, day_of, last_day_of
from changeflow.values.words import PEOPLE_KINDS, Kind


class Cause(StrEnum):
    """Why a date moved, in the order in which causes are applied."""

    CALENDAR = "calendar"
    ADDED_WORK = "added work"
    REMOVED_WORK = "removed work"
    READINESS = "readiness of people"
    WAVE_MOVE = "wave move"
    RE_ESTIMATE = "re-estimate"
    SET_DATE = "set date"
    LINK = "link"
    RULE = "rule or waiver"
    RESOURCE = "resource"
    ACTUAL = "actual"
    DECISION = "decision"
    NOT_DONE = "not finished by the data date"
    ANNOUNCED = "announced on another day"
    """On the day of the announcement the forecast was not the announced day."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SlipPart:
    """The effect of one cause: calendar days later, or negative if earlier."""

    cause: Cause
    tasks: tuple[TaskId, ...]
    """The service that changed; none if it is the programme's own change."""
    days: int


@dataclass(frozen=True, slots=True)
class Slip:
    """A target's move; the days of its parts add up to the days between the two dates."""

    target: TaskId
    before: int
    """Civil minutes."""
    after: int
    parts: tuple[SlipPart, ...]
    ends_day: bool = True
    """Whether a finish at midnight ends the day before, as in `TimedTask`."""

    @property
    def days(self) -> int:
        first, last = self.on
        return (last - first).days

    @property
    def on(self) -> tuple[date, date]:
        """The days before and after, for people."""
        read = last_day_of if self.ends_day else day_of
        return read(self.before), read(self.after)


@dataclass(frozen=True, slots=True)
class _Step:
    cause: Cause
    tasks: tuple[TaskId, ...]
    roadmap: Roadmap
    by_target: Mapping[TaskId, tuple[Cause, tuple[TaskId, ...]]] = field(default_factory=dict)
    """The task that drives each target, if one step applies to all."""


def attribute(before: Roadmap, after: Roadmap, targets: Sequence[TaskId]) -> tuple[Slip, ...]:
    """Return the slip of each target in both states, with its parts, the largest first."""
    both = [t for t in targets if t in before.tasks and t in after.tasks]
    trials = Trials()
    first: Mapping[TaskId, int] = _finishes(trials, before, both)
    dates, timed = first, time_roadmap(after)
    parts: dict[TaskId, list[SlipPart]] = {t: [] for t in both}
    for group in _measured(_steps(before, after, both), trials, both, dates):
        whole, _ = group[-1]
        # If the steps of a group move a target and then move it back, that is no part of its slip.
        for t in (t for t in both if whole[t] != dates[t]):
            at = dates[t]
            for now, step in group:
                if days := (timed[t].day_at(now[t]) - timed[t].day_at(at)).days:
                    cause, tasks = step.by_target.get(t, (step.cause, step.tasks))
                    parts[t].append(SlipPart(cause, tasks, days))
                at = now[t]
        dates = whole
    for found in parts.values():
        found.sort(key=lambda p: (-abs(p.days), p.cause, p.tasks))
    return tuple(Slip(t, first[t], dates[t], tuple(parts[t]), timed[t].ends_day) for t in both)


def _measured(
    groups: Iterator[Sequence[_Step]], trials: Trials, targets: Sequence[TaskId], dates: Mapping[TaskId, int]
) -> Iterator[Sequence[tuple[Mapping[TaskId, int], _Step]]]:
    """Time each group's last step; only if it moves a target, time each step of the group separately."""
    for steps in groups:
        try:
            whole = _finishes(trials, steps[-1].roadmap, targets)
        except (CyclicRoadmapError, CalendarExhaustedError):
            if steps[-1].cause is Cause.OTHER:
                raise  # the later state itself
            continue  # half of a change may create a loop; the next group's state has both halves
        if whole == dates:
            continue
        found = list[tuple[Mapping[TaskId, int], _Step]]()
        for step in steps[:-1]:
            with suppress(CyclicRoadmapError, CalendarExhaustedError):
                found.append((_finishes(trials, step.roadmap, targets), step))
        yield [*found, (whole, steps[-1])]
        dates = whole


def _finishes(trials: Trials, roadmap: Roadmap, targets: Sequence[TaskId]) -> dict[TaskId, int]:
    early = trials.early(roadmap)
    return {t: early[t].finish for t in targets}


def _steps(before: Roadmap, after: Roadmap, targets: Sequence[TaskId]) -> Iterator[Sequence[_Step]]:
    """Yield the causes in order, each with the states after its single changes, which accumulate."""
    calendars, periods = {**before.calendars, **after.calendars}, {**before.periods, **after.periods}
    now = replace(before, calendars=calendars, periods=periods, minutes_per_day=after.minutes_per_day)
    groups: Sequence[Callable[[Roadmap], list[_Step]]] = (
        lambda now: [_Step(Cause.CALENDAR, (), now), *_fields(Cause.CALENDAR, _calendar_fields, now, after)],
        lambda now: _added(now, after),
        lambda now: _removed(now, after),
        lambda now: _people(now, after),
        lambda now: _fields(Cause.WAVE_MOVE, _wave_fields, now, after),
        lambda now: _fields(Cause.RE_ESTIMATE, _estimate_fields, now, after),
        lambda now: _bounds(now, after),
        lambda now: _links(Cause.LINK, now, after),
        lambda now: _links(Cause.RULE, now, after),
        lambda now: [_Step(Cause.RESOURCE, (), replace(now, tasks=after.tasks, parents=after.parents))],
        lambda now: _reported(now, after),
        lambda now: _held(now, after, targets),
        lambda _: [_Step(Cause.OTHER, (), after)],
    )
    for group in groups:
        if steps := group(now):
            yield steps
            now = steps[-1].roadmap


def _fields(cause: Cause, pick: Callable[[Task, Task], Task], now: Roadmap, after: Roadmap) -> list[_Step]:
    """Change some fields of each task in both states."""
    steps = []
    for task in sorted(now.tasks.keys() & after.tasks.keys()):
        changed = pick(now.tasks[task], after.tasks[task])
        if changed != now.tasks[task]:
            now = replace(now, tasks={**now.tasks, task: changed})
            steps.append(_Step(cause, (task,), now))
    return steps


def _ends(link: Link) -> set[TaskId]:
    return {link.predecessor, link.successor}


def _added(now: Roadmap, after: Roadmap) -> list[_Step]:
    new = {t for t in after.tasks.keys() - now.tasks.keys() if after.tasks[t].kind not in PEOPLE_KINDS}
    if not new:
        return []
    known = now.tasks.keys() | new
    links = [k for k in after.links if new & _ends(k) and _ends(k) <= known]
    parents = {**now.parents, **{t: after.parents[t] for t in new if t in after.parents}}
    tasks = {**now.tasks, **{t: after.tasks[t] for t in after.tasks if t in new}}
    state = replace(now, tasks=tasks, links=tuple(dict.fromkeys((*now.links, *links))), parents=parents)
    return [_Step(Cause.ADDED_WORK, tuple(sorted(new)), state)]


def _removed(now: Roadmap, after: Roadmap) -> list[_Step]:
    gone = {t for t in now.tasks.keys() - after.tasks.keys() if now.tasks[t].kind not in PEOPLE_KINDS}
    if not gone:
        return []
    state = replace(
        now,
        tasks={t: x for t, x in now.tasks.items() if t not in gone},
        links=tuple(k for k in now.links if not gone & _ends(k)),
        parents={t: p for t, p in now.parents.items() if t not in gone and p not in gone},
        progress={t: p for t, p in now.progress.items() if t not in gone},
    )
    return [_Step(Cause.REMOVED_WORK, tuple(sorted(gone)), state)]


def _people(now: Roadmap, after: Roadmap) -> list[_Step]:
    """People's readiness, wave by wave: its tasks are added, removed and changed together, with their links."""
    old, new = ({t: x for t, x in r.tasks.items() if x.kind in PEOPLE_KINDS} for r in (now, after))
    changed = {t for t in old.keys() | new.keys() if old.get(t) != new.get(t)}
    waves: dict[tuple[str, str], set[TaskId]] = {}
    for task in changed:
        found = new.get(task) or old[task]
        waves.setdefault((found.service or "", found.wave or ""), set()).add(task)
    steps = []
    for _, tasks in sorted(waves.items()):
        now = _exchanged(now, after, tasks)
        steps.append(_Step(Cause.READINESS, tuple(sorted(tasks)), now))
    return steps


def _exchanged(now: Roadmap, after: Roadmap, changed: set[TaskId]) -> Roadmap:
    """Take some tasks with their links from the later state."""
    tasks = {t: x for t, x in now.tasks.items() if t not in changed}
    tasks |= {t: after.tasks[t] for t in changed if t in after.tasks}
    links = [k for k in now.links if not changed & _ends(k)]
    links += [k for k in after.links if changed & _ends(k) and _ends(k) <= tasks.keys()]
    # Readiness reached through publications belongs here; reported progress of its tasks is a separate cause.
    reached = {t: p for t, p in after.progress.items() if t in changed and after.tasks[t].kind is Kind.READINESS}
    progress = {t: p for t, p in now.progress.items() if t not in changed} | reached
    return replace(now, tasks=tasks, links=tuple(links), progress=progress)


def _bounds(now: Roadmap, after: Roadmap) -> list[_Step]:
    """Set dates: the roadmap's own, then those of tasks."""
    steps = []
    if (now.start, now.finish) != (after.start, after.finish):
        now = replace(now, start=after.start, finish=after.finish)
        steps.append(_Step(Cause.SET_DATE, (), now))
    refused = {t for t in now.progress if _is_put_off(t, now, after)}
    if refused:
        now = replace(now, progress={t: p for t, p in now.progress.items() if t not in refused})
    return [*steps, *_fields(Cause.SET_DATE, _date_fields, now, after)]


def _is_put_off(task: TaskId, now: Roadmap, after: Roadmap) -> bool:
    """Return whether a waiting decision is made again later, so that its new day counts."""
    is_open = task in after.tasks and task not in after.progress and not now.is_done(task)
    return is_open and now.tasks[task].constraints != after.tasks[task].constraints


def _taken(*names: str, within_wave: bool = False) -> Callable[[Task, Task], Task]:
    """Return a function that takes fields from a task's later state; `within_wave` skips tasks that change wave."""

    def pick(old: Task, new: Task) -> Task:
        moves = within_wave and old.wave != new.wave
        return old if moves else replace(old, **{name: getattr(new, name) for name in names})

    return pick


def _wave_fields(old: Task, new: Task) -> Task:
    """Take the whole task of a school that moves to another wave."""
    return new if old.wave != new.wave else old


_calendar_fields = _taken(
    "calendar", "term_calendar", "placed_on", "measured_on", "terms", "starts_on", within_wave=True
)
_estimate_fields = _taken("duration")
_date_fields = _taken("constraints", "deadline", "manual", "as_late_as_possible")


def _links(cause: Cause, now: Roadmap, after: Roadmap) -> list[_Step]:
    """Change the links into one task at a time: those of rules, or all others."""
    steps = []
    old, new = (_into(roadmap, is_rule=cause is Cause.RULE) for roadmap in (now, after))
    for task in sorted({*old, *new}):
        before, wanted = old.get(task, []), new.get(task, [])
        if set(before) != set(wanted):
            dropped = set(before)
            now = replace(now, links=(*(k for k in now.links if k not in dropped), *wanted))
            steps.append(_Step(cause, (task,), now))
    return steps


def _into(roadmap: Roadmap, *, is_rule: bool) -> dict[TaskId, list[Link]]:
    found: dict[TaskId, list[Link]] = {}
    for link in roadmap.links:
        if bool(link.rule) is is_rule:
            found.setdefault(link.successor, []).append(link)
    return found


def _reported(now: Roadmap, after: Roadmap) -> list[_Step]:
    """Reported progress, in order of events."""
    steps = []
    names = {t for t in {*now.progress, *after.progress} if now.progress.get(t) != after.progress.get(t)}

    def moment(task: TaskId) -> tuple[int, TaskId]:
        done = after.progress.get(task) or now.progress[task]
        return done.actual_start if done.actual_finish is None else done.actual_finish, task

    for task in sorted(names & after.tasks.keys(), key=moment):
        known = {**now.progress, task: after.progress.get(task)}
        now = replace(now, progress={t: p for t, p in known.items() if p is not None})
        cause = Cause.DECISION if after.tasks[task].kind is Kind.DECISION else Cause.ACTUAL
        steps.append(_Step(cause, (task,), now))
    return steps


def _held(now: Roadmap, after: Roadmap, targets: Sequence[TaskId]) -> list[_Step]:
    """The effect of the data date alone: on the path to a target, work waits to be started or finished."""
    if now.data_date == after.data_date:
        return []
    now = replace(now, data_date=after.data_date)
    schedule = time_roadmap(now)
    by_target = {target: _waiting(now, schedule, target) for target in targets}
    return [_Step(Cause.NOT_DONE, (), now, by_target)]


def _waiting(roadmap: Roadmap, schedule: Schedule, target: TaskId) -> tuple[Cause, tuple[TaskId, ...]]:
    """Return the tasks that the data date delays on the path to a target, and whether all are decisions."""
    path = schedule.path_to(target)
    held = []
    for task in path:
        timed = schedule[task]
        is_open = task in roadmap.progress and _is_held(roadmap, task, timed.early_finish)
        if timed.reason is DateReason.DATA_DATE or (timed.reason is DateReason.ACTUAL and is_open):
            held.append(task)
    # The rest of begun work is counted from the data date, unless the work is to end at once.
    held = held or [t for t in path if t in roadmap.progress and not roadmap.is_done(t)]
    is_decision = bool(held) and all(roadmap.tasks[t].kind is Kind.DECISION for t in held)
    return Cause.DECISION if is_decision else Cause.NOT_DONE, tuple(sorted(held))


def _is_held(roadmap: Roadmap, task: TaskId, finish: int) -> bool:
    """Return whether the data date drives begun work: its remaining start, or for a decision its end."""
    since = finish - (roadmap.data_date or 0)
    return since == 0 or (roadmap.tasks[task].kind is Kind.DECISION and 0 < since <= DAY)


def ends_of(roadmap: Roadmap, schedule: Schedule) -> list[TaskId]:
    """Return the milestones followed only by milestones, and the tasks that end last."""
    is_leaf = {t for t in roadmap.tasks if t not in schedule.below}
    if not is_leaf:
        return []
    last = max(is_leaf, key=lambda t: (schedule[t].early_finish, t))
    has_next = {k.predecessor for k in roadmap.links if not roadmap.tasks[k.successor].is_milestone}
    ends = [t for t in roadmap.tasks if t in is_leaf and roadmap.tasks[t].is_milestone and t not in has_next]
    return list(dict.fromkeys((*ends, last)))


def from_approved(slip: Slip, approved: int, cause: Cause = Cause.OTHER) -> Slip:
    """Return a slip from the approved civil minute, with `cause` for the days between it and the recomputed one.

    A baseline's date never changes, even if changeflow would now compute another.
    """
    recomputed = replace(slip, before=approved, after=slip.before).days
    if not recomputed:
        return slip
    return replace(slip, before=approved, parts=(*slip.parts, SlipPart(cause, (), recomputed)))
