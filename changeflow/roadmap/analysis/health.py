"""The DCMA 14 points: is a schedule trustworthy enough to answer? It is no statement about finishing on time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from changeflow.errors import CalendarExhaustedError
from changeflow.roadmap.analysis.slippage import Slips
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Bound, Link, LinkType, Roadmap, Task
from changeflow.values.base import TaskId

HARD = {Bound.MUST_START, Bound.MUST_FINISH, Bound.START_NO_LATER, Bound.FINISH_NO_LATER}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One of the 14 points."""

    number: int
    name: str
    found: str
    threshold: str
    passed: bool | None
    """None where it cannot be told; `found` says why."""
    offenders: tuple[TaskId, ...] = ()


def critical_path_length_index(length: int, total_float: int) -> Fraction:
    """Return (length + float) / length: of working days from now to a milestone, and its total float in them.

    >>> [float(round(critical_path_length_index(100, f), 2)) for f in (-5, -6, 10)]
    [0.95, 0.94, 1.1]
    """
    return Fraction(length + total_float, length)


def baseline_execution_index(completed: int, due: int) -> Fraction:
    """Return tasks completed / tasks that the baseline has complete by now. Early finishes count: it may exceed 1.

    >>> float(baseline_execution_index(38, 40))
    0.95
    """
    return Fraction(completed, due)


def check_health(
    roadmap: Roadmap,
    schedule: Schedule,
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
    return _Health(roadmap, schedule, limits, now, baseline, target).run()


class _Health:
    def __init__(
        self,
        roadmap: Roadmap,
        schedule: Schedule,
        limits: Callable[[str], float],
        now: int,
        baseline: Mapping[TaskId, int] | None,
        target: TaskId | None,
    ) -> None:
        self.roadmap = roadmap
        self.schedule = schedule
        self.limits = limits
        self.now = now
        self.baseline = baseline
        self.target = target
        self.day = roadmap.minutes_per_day
        self.open = [t for t in roadmap.tasks.values() if t.id not in schedule.below and not self._is_done(t.id)]

    def run(self) -> tuple[HealthCheck, ...]:
        checks = [
            self._logic(),
            self._links(2, "Leads", "leads", [k for k in self._open_links() if k.lag.amount < 0], count=True),
            self._links(3, "Lags", "lags_share", [k for k in self._open_links() if k.lag.amount > 0]),
            self._finish_to_start(),
            self._share(5, "Hard constraints", "hard_constraints_share", self._hard),
            self._share(6, self._beyond("High float", "high_float_days"), "high_float_share", self._high_float),
            self._count(7, "Negative float", "negative_float", lambda t: self.schedule[t.id].total_float < 0),
            self._share(8, self._beyond("High duration", "high_duration_days"), "high_duration_share", self._long),
            self._count(9, "Invalid dates", "invalid_dates", self._is_invalid, everything=True),
            self._count(10, "Without an owner", "without_resources", self._has_nobody),
            self._missed(),
            self._critical_path_test(),
            self._cpli(),
            self._bei(),
        ]
        return tuple(checks)

    def _open_links(self) -> list[Link]:
        ids = {t.id for t in self.open}
        return [link for link in self.roadmap.links if link.successor in ids]

    def _logic(self) -> HealthCheck:
        """One start and one finish need no link on that side; others do."""
        after = {link.predecessor for link in self.roadmap.links}
        before = {link.successor for link in self.roadmap.links}
        starts = sorted(t.id for t in self.open if t.id not in before)
        ends = sorted(t.id for t in self.open if t.id not in after)
        first = min(starts, key=lambda t: self.schedule[t].early_start, default=None)
        last = max(ends, key=lambda t: self.schedule[t].early_finish, default=None)
        offenders = sorted({*(t for t in starts if t != first), *(t for t in ends if t != last)})
        return self._of_open(1, "Missing logic", "missing_logic_share", offenders)

    def _links(self, number: int, name: str, limit: str, found: list[Link], *, count: bool = False) -> HealthCheck:
        offenders = tuple(sorted({link.successor for link in found}))
        allowed = self.limits(limit)
        if count:
            return self._check(number, name, f"{len(found)}", f"at most {allowed:g}", len(found) <= allowed, offenders)
        total = len(self._open_links())
        share = len(found) / total if total else 0.0
        found_text = f"{len(found)} of {total} links ({share:.0%})"
        return self._check(number, name, found_text, f"at most {allowed:.0%}", share <= allowed, offenders)

    def _finish_to_start(self) -> HealthCheck:
        links = self._open_links()
        others = [link for link in links if link.type is not LinkType.FS]
        share, needed = (1 - len(others) / len(links)) if links else 1.0, self.limits("finish_to_start_share")
        offenders = tuple(sorted({link.successor for link in others}))
        return self._check(
            4, "Finish to start", f"{share:.0%} of links", f"at least {needed:.0%}", share >= needed, offenders
        )

    def _hard(self, task: Task) -> bool:
        return any(c.bound in HARD for c in task.constraints)

    def _high_float(self, task: Task) -> bool:
        return self._days(task.id, self.schedule[task.id].early_finish, self.schedule[task.id].late_finish) > (
            self.limits("high_float_days")
        )

    def _long(self, task: Task) -> bool:
        timed = self.schedule[task.id]
        return self._days(task.id, timed.early_start, timed.early_finish) > self.limits("high_duration_days")

    def _days(self, task: TaskId, start: int, finish: int) -> float:
        return self.roadmap.calendar_of(task).between(start, finish) / self.day

    def _is_invalid(self, task: Task) -> bool:
        """A forecast before now, or an actual after now."""
        done, timed = self.roadmap.progress.get(task.id), self.schedule[task.id]
        if done is None:
            return timed.early_start < self.now and self.roadmap.data_date is not None
        return max(done.actual_start, done.actual_finish or done.actual_start) > self.now + 24 * 60

    def _has_nobody(self, task: Task) -> bool:
        timed = self.schedule[task.id]
        return task.owner is None and self._days(task.id, timed.early_start, timed.early_finish) >= 1

    def _missed(self) -> HealthCheck:
        due = self._due()
        if due is None:
            return self._untold(11, "Missed tasks", "there is no baseline")
        late = [t for t in due if not self._is_done(t) or self.schedule[t].early_finish > (self.baseline or {})[t]]
        share, allowed = len(late) / len(due) if due else 0.0, self.limits("missed_share")
        found = f"{len(late)} of {len(due)} due by now ({share:.0%})"
        return self._check(11, "Missed tasks", found, f"at most {allowed:.0%}", share <= allowed, tuple(late))

    def _critical_path_test(self) -> HealthCheck:
        """Lengthen the first critical task: the end must move as far. Fewer days where the calendars end sooner."""
        work = [t for t in self.open if not t.is_milestone]
        path = [t for t in work if self.schedule[t.id].critical] or [t for t in work if self.schedule[t.id].driving]
        name = "Critical path test"
        if not path:
            return self._untold(12, name, "nothing on the path is open")
        first = min(path, key=lambda t: (self.schedule[t.id].early_start, t.id)).id
        last = max(self.open, key=lambda t: (self.schedule[t.id].early_finish, t.id)).id
        slips, calendar = Slips(self.roadmap, self.schedule), self.roadmap.calendar_of(first)
        wanted = int(self.limits("critical_path_test_days"))
        for days in (wanted, wanted // 2, wanted // 4, wanted // 8):
            try:
                moved = slips.finish_if(first, calendar.add(self.schedule[first].early_finish, days * self.day), last)
            except CalendarExhaustedError:
                continue
            gained = self._days(first, self.schedule[last].early_finish, moved)
            # Openings of months and pay periods round a move, so that it need not be equal to the day.
            found = f"{days} working days more move the end by {gained:.0f}"
            return self._check(12, name, found, f"about {days}", gained >= 0.9 * days, () if gained else (first,))
        return self._untold(12, name, "the calendars end too soon")

    def _cpli(self) -> HealthCheck:
        name = "Critical path length index"
        if self.target is None or self._is_done(self.target):
            return self._untold(13, name, "no milestone is open")
        timed, needed = self.schedule[self.target], self.limits("cpli")
        length = round(self._days(self.target, self.now, timed.early_finish))
        if length <= 0:
            return self._untold(13, name, "the milestone is due now")
        index = critical_path_length_index(length, round(timed.total_float / self.day))
        return self._check(13, name, f"{float(index):.2f}", f"at least {needed:g}", index >= Fraction(str(needed)), ())

    def _bei(self) -> HealthCheck:
        due, name = self._due(), "Baseline execution index"
        if not due:
            return self._untold(14, name, "there is no baseline" if due is None else "nothing was due yet")
        done = sum(1 for t in self.baseline or {} if t in self.schedule.timed and self._is_done(t))
        index, needed = baseline_execution_index(done, len(due)), self.limits("bei")
        return self._check(14, name, f"{float(index):.2f}", f"at least {needed:g}", index >= Fraction(str(needed)), ())

    def _due(self) -> list[TaskId] | None:
        if self.baseline is None:
            return None
        return sorted(t for t, finish in self.baseline.items() if finish <= self.now and t in self.schedule.timed)

    def _share(self, number: int, name: str, limit: str, is_bad: Callable[[Task], bool]) -> HealthCheck:
        return self._of_open(number, name, limit, [t.id for t in self.open if is_bad(t)])

    def _of_open(self, number: int, name: str, limit: str, offenders: Sequence[TaskId]) -> HealthCheck:
        share, allowed = len(offenders) / len(self.open) if self.open else 0.0, self.limits(limit)
        found = f"{len(offenders)} of {len(self.open)} open tasks ({share:.0%})"
        return self._check(number, name, found, f"at most {allowed:.0%}", share <= allowed, tuple(offenders))

    def _count(
        self, number: int, name: str, limit: str, is_bad: Callable[[Task], bool], *, everything: bool = False
    ) -> HealthCheck:
        tasks = [t for t in self.roadmap.tasks.values() if t.id not in self.schedule.below] if everything else self.open
        offenders = tuple(t.id for t in tasks if is_bad(t))
        allowed = self.limits(limit)
        return self._check(
            number, name, f"{len(offenders)}", f"at most {allowed:g}", len(offenders) <= allowed, offenders
        )

    def _beyond(self, name: str, limit: str) -> str:
        return f"{name} (over {self.limits(limit):g} working days)"

    def _check(
        self, number: int, name: str, found: str, threshold: str, passed: bool, offenders: tuple[TaskId, ...]
    ) -> HealthCheck:
        return HealthCheck(
            number=number, name=name, found=found, threshold=threshold, passed=passed, offenders=offenders
        )

    def _untold(self, number: int, name: str, why: str) -> HealthCheck:
        return HealthCheck(number=number, name=name, found=why, threshold="–", passed=None)

    def _is_done(self, task: TaskId) -> bool:
        done = self.roadmap.progress.get(task)
        return bool(done and done.is_done)
