"""The DCMA 14 points: can a schedule's dates be trusted? A healthy schedule can still be late."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from changeflow.errors import CalendarExhaustedError
from changeflow.roadmap.analysis.slippage import Slips
from changeflow.roadmap.engine.cpm import Schedule, TimedTask
from changeflow.roadmap.engine.floats_to import timed_with
from changeflow.roadmap.model.tasks import Bound, Link, LinkType, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY
from changeflow.values.words import Kind

COUNTED_ON = (Kind.GO_LIVE, Kind.ORG_CHANGE, Kind.ROLE_REMOVAL, Kind.CHECKPOINT, Kind.CLOSURE)
"""Besides gates and milestones, the kinds with a day that people count on."""
HARD = {Bound.MUST_START, Bound.MUST_FINISH, Bound.START_NO_LATER, Bound.FINISH_NO_LATER}


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One of the 14 points."""

    number: int
    name: str
    found: str
    threshold: str
    passed: bool | None
    """None if unknown; `found` says why."""
    offenders: tuple[TaskId, ...] = ()


def check_health(
    slips: Slips,
    *,
    limits: Callable[[str], float],
    now: int,
    baseline: Mapping[TaskId, int] | None = None,
    target: TaskId | None = None,
) -> tuple[HealthCheck, ...]:
    """Judge a schedule by the 14 points.

    `limits` gives a rulepack's threshold by name, `now` is the data date and `baseline` the approved finishes, in civil
    minutes; `target` is the milestone that the critical path leads to.
    """
    roadmap, schedule = slips.roadmap, slips.schedule
    leaves = tuple(t for t in roadmap.tasks.values() if t.id not in schedule.below)
    done = frozenset(t for t, progress in roadmap.progress.items() if progress.is_done)
    unfinished = {t.id: t for t in leaves if t.id not in done}
    planned = {t: task for t, task in unfinished.items() if not task.is_added}
    links = tuple(k for k in roadmap.links if k.successor in planned and not roadmap.tasks[k.predecessor].is_added)
    due = None if baseline is None else sorted(t for t, at in baseline.items() if at <= now and t in schedule.timed)
    still, said = tuple(unfinished.values()), tuple(planned.values())
    e = _Evidence(slips, limits, now, baseline or {}, due, leaves, still, said, links, done)
    hard = _ids(e.planned, lambda t: any(c.bound in HARD for c in t.constraints))
    return (
        _at_most(e, 1, "Missing logic", "missing_logic_share", _missing_logic(e), of=e.planned),
        _at_most(e, 2, "Leads", "leads", sorted(k.successor for k in links if k.lag.amount < 0)),
        _lags(e),
        _finish_to_start(e),
        _at_most(e, 5, "Hard constraints", "hard_constraints_share", hard, of=e.planned),
        _high_float(e),
        _at_most(e, 7, "Negative float", "negative_float", _ids(e.open, lambda t: schedule[t.id].total_float < 0)),
        _longer(e, 8, "High duration", "high_duration", schedule.timed, lambda t: (t.early_start, t.early_finish)),
        _at_most(e, 9, "Invalid dates", "invalid_dates", _ids(leaves, lambda t: _is_invalid(e, t))),
        _at_most(e, 10, "Without an owner", "without_resources", _ids(e.planned, lambda t: _has_no_owner(e, t))),
        _missed(e),
        _critical_path_test(e),
        _path_length(e, target),
        _execution(e),
    )


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The data for judging the points."""

    slips: Slips
    limits: Callable[[str], float]
    now: int
    baseline: Mapping[TaskId, int]
    due: Sequence[TaskId] | None
    """The tasks that the baseline finishes by now; None without a baseline."""
    leaves: Sequence[Task]
    open: Sequence[Task]
    """The unfinished tasks, without summaries."""
    planned: Sequence[Task]
    """The open tasks from files: authors of the plan are not judged on tasks that were added to it."""
    links: Sequence[Link]
    """The links into open planned tasks, except from added ones."""
    done: frozenset[TaskId]

    @property
    def roadmap(self) -> Roadmap:
        return self.slips.roadmap

    @property
    def schedule(self) -> Schedule:
        return self.slips.schedule

    def days(self, task: TaskId, start: int, finish: int) -> float:
        """Count the working days between two instants on a task's calendar."""
        return self.roadmap.calendar_of(task).between(start, finish) / self.roadmap.minutes_per_day


def _ids(tasks: Sequence[Task], is_bad: Callable[[Task], bool]) -> list[TaskId]:
    return [t.id for t in tasks if is_bad(t)]


def _at_most(
    e: _Evidence, number: int, name: str, limit: str, bad: Sequence[TaskId], *, of: Sequence[Task | Link] | None = None
) -> HealthCheck:
    """Judge a number, or a share of a total."""
    allowed = e.limits(limit)
    found, threshold, measured = f"{len(bad)}", f"at most {allowed:g}" if allowed else "none allowed", float(len(bad))
    if of is not None:
        measured, noun = len(bad) / len(of) if of else 0.0, "links" if of is e.links else "open tasks"
        found, threshold = f"{len(bad)} of {len(of)} {noun} ({measured:.0%})", f"at most {allowed:.0%}"
    return HealthCheck(number, name, found, threshold, measured <= allowed, tuple(dict.fromkeys(bad)))


def _unknown(number: int, name: str, why: str) -> HealthCheck:
    return HealthCheck(number, name, why, "–", None)


def _at_least(e: _Evidence, number: int, name: str, index: Fraction, limit: str) -> HealthCheck:
    needed = e.limits(limit)
    passed = index >= Fraction(str(needed))
    # Rounded down, so that a narrowly missed index does not look met.
    found = f"{floor(index * 100) / 100:.2f}"
    return HealthCheck(number, name, found, f"at least {needed:g}", passed)


def _missing_logic(e: _Evidence) -> list[TaskId]:
    """Judge tasks without predecessors or successors, except one start and one finish. Links to added tasks count."""
    after = {link.predecessor for link in e.roadmap.links}
    before = {link.successor for link in e.roadmap.links}
    starts = sorted(t.id for t in e.planned if t.id not in before)
    ends = sorted(t.id for t in e.planned if t.id not in after)
    first = min(starts, key=lambda t: e.schedule[t].early_start, default=None)
    last = max(ends, key=lambda t: e.schedule[t].early_finish, default=None)
    return sorted(({*starts} - {first}) | ({*ends} - {last}))


def _lags(e: _Evidence) -> HealthCheck:
    """Judge the share of links with a lag, except waits for checkpoints, which hide no work."""
    waits = [k for k in e.links if k.lag.amount > 0]
    bad = [k for k in waits if e.roadmap.tasks[k.successor].kind is not Kind.CHECKPOINT]
    return _at_most(e, 3, "Lags", "lags_share", sorted(k.successor for k in bad), of=e.links)


def _high_float(e: _Evidence) -> HealthCheck:
    """Judge how far tasks can slip before they move a go-live, gate, checkpoint, milestone or the end.

    Total float to the end would make every early wave look loose: its go-live can slip for months before the last one
    moves, but its work is still tied to it.
    """
    due: dict[TaskId, int | None] = {
        t: min(e.schedule[t].early_finish, task.deadline or e.schedule[t].early_finish)
        for t, task in e.roadmap.tasks.items()
        if t in e.schedule.timed and (task.kind in COUNTED_ON or task.gate or (task.is_milestone and not task.is_added))
    }
    timed = timed_with(e.roadmap, e.schedule, due) if due else e.schedule.timed
    return _longer(e, 6, "High float", "high_float", timed, lambda t: (t.early_finish, t.late_finish))


def _finish_to_start(e: _Evidence) -> HealthCheck:
    others = sorted(link.successor for link in e.links if link.type is not LinkType.FS)
    share, needed = (1 - len(others) / len(e.links)) if e.links else 1.0, e.limits("finish_to_start_share")
    found, threshold = f"{share:.0%} of links", f"at least {needed:.0%}"
    return HealthCheck(4, "Finish to start", found, threshold, share >= needed, tuple(dict.fromkeys(others)))


def _longer(
    e: _Evidence,
    number: int,
    name: str,
    limit: str,
    timed: Mapping[TaskId, TimedTask],
    span: Callable[[TimedTask], tuple[int, int]],
) -> HealthCheck:
    """Judge the share of planned tasks that span more working days than the limit."""
    most = e.limits(f"{limit}_days")
    bad = _ids(e.planned, lambda t: e.days(t.id, *span(timed[t.id])) > most)
    return _at_most(e, number, f"{name} (over {most:g} working days)", f"{limit}_share", bad, of=e.planned)


def _is_invalid(e: _Evidence, task: Task) -> bool:
    """Judge forecasts before now and actuals after now."""
    done = e.roadmap.progress.get(task.id)
    if done is None:
        return e.schedule[task.id].early_start < e.now and e.roadmap.data_date is not None
    return max(done.actual_start, done.actual_finish or done.actual_start) > e.now + DAY


def _has_no_owner(e: _Evidence, task: Task) -> bool:
    timed = e.schedule[task.id]
    return task.owner is None and e.days(task.id, timed.early_start, timed.early_finish) >= 1


def _missed(e: _Evidence) -> HealthCheck:
    if e.due is None:
        return _unknown(11, "Missed tasks", "no baseline yet")
    late = [t for t in e.due if t not in e.done or e.schedule[t].early_finish > e.baseline[t]]
    share, allowed = len(late) / len(e.due) if e.due else 0.0, e.limits("missed_share")
    found = f"{len(late)} of {len(e.due)} due by now ({share:.0%})"
    return HealthCheck(11, "Missed tasks", found, f"at most {allowed:.0%}", share <= allowed, tuple(late))


def _critical_path_test(e: _Evidence) -> HealthCheck:
    """Lengthen the first task that is critical to the end: the end must move by the same amount.

    Deadlines are ignored: a task that a deadline makes critical, such as a condition of a decision, may have days
    before it moves the end, so it does not test the path. Uses fewer days if the calendars end sooner.
    """
    schedule, name = e.schedule, "Critical path test"
    work = [t.id for t in e.open if not t.is_milestone]
    without = _without_deadlines(e)
    path = [t for t in work if without[t].critical] or [t for t in work if schedule[t].driving]
    if not path:
        return _unknown(12, name, "no open task on the critical path")
    first = min(path, key=lambda t: (schedule[t].early_start, t))
    last = max((t.id for t in e.open), key=lambda t: (schedule[t].early_finish, t))
    calendar = e.roadmap.calendar_of(first)
    wanted = int(e.limits("critical_path_test_days"))
    for days in (wanted, wanted // 2, wanted // 4, wanted // 8):
        try:
            later = calendar.add(schedule[first].early_finish, days * e.roadmap.minutes_per_day)
            gained = e.days(first, schedule[last].early_finish, e.slips.finish_if(first, later, last))
        except CalendarExhaustedError:
            continue
        # Monthly start windows and pay periods round a move, so it need not match to the day.
        found = f"a test delay of {days} working days moved the end by {gained:.0f}"
        return HealthCheck(12, name, found, f"about {days}", gained >= 0.9 * days, () if gained else (first,))
    return _unknown(12, name, "the calendars end too soon")


def _without_deadlines(e: _Evidence) -> Mapping[TaskId, TimedTask]:
    due = [t.id for t in e.roadmap.tasks.values() if t.deadline is not None]
    return timed_with(e.roadmap, e.schedule, dict.fromkeys(due)) if due else e.schedule.timed


def _path_length(e: _Evidence, target: TaskId | None) -> HealthCheck:
    """Judge (length + float) / length, with working days from now to a milestone and its total float."""
    name = "Critical path length index"
    if target is None or target in e.done:
        return _unknown(13, name, "no open milestone")
    timed = e.schedule[target]
    length = round(e.days(target, e.now, timed.early_finish))
    if length <= 0:
        return _unknown(13, name, "the milestone is due now")
    spare = round(timed.total_float / e.roadmap.minutes_per_day)
    return _at_least(e, 13, name, Fraction(length + spare, length), "cpli")


def _execution(e: _Evidence) -> HealthCheck:
    """Judge completed tasks / tasks that the baseline completes by now; early finishes can raise it above 1."""
    name = "Baseline execution index"
    if not e.due:
        return _unknown(14, name, "no baseline yet" if e.due is None else "no task was due yet")
    completed = sum(1 for t in e.baseline if t in e.schedule.timed and t in e.done)
    return _at_least(e, 14, name, Fraction(completed, len(e.due)), "bei")
