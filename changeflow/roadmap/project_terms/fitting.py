"""Links, lags and set dates that make Project put every task at its target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from changeflow.roadmap.engine.cpm import ENDS
from changeflow.roadmap.engine.pace import lagged
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, LinkType, Roadmap
from changeflow.roadmap.project_terms.bounds import LinkBounds, finish_bound, midnight_margin, start_bound
from changeflow.roadmap.project_terms.targets import Target, shown_end
from changeflow.values.base import TaskId
from changeflow.values.duration import ZERO, Duration, Unit
from changeflow.values.moments import DAY

HOUR = 60
KNOWN = (Unit.WORKING, Unit.ELAPSED, Unit.PERCENT)


@dataclass(slots=True)
class Fit:
    """The settings for one task in Project."""

    constraint: Constraint | None = None
    deadline: int | None = None
    left_out: list[Constraint] = field(default_factory=list)
    """Dates that people set, but for which Project has no room."""
    is_held: bool = False
    """Its start is set, because Project cannot express what determines it."""
    is_late: bool = False
    """It is as late as possible, and could not be earlier: for tasks that could, Project shows other dates."""
    is_capped: bool = False
    """Its deadline was not set by people: it represents a limit that Project cannot express."""


@dataclass(slots=True)
class Fitting:
    """Links that push no task beyond its target, and set dates for the tasks that links alone do not place."""

    roadmap: Roadmap
    targets: Mapping[TaskId, Target]
    links: list[Link] = field(default_factory=list)
    resized: dict[int, Link] = field(default_factory=dict)
    """The original links, by number, where Project cannot express the lag."""
    dropped: list[Link] = field(default_factory=list)
    doubled: list[Link] = field(default_factory=list)
    """Links between two tasks that have another link, which binds more: Project allows only one."""

    @property
    def end(self) -> int:
        return max((t.finish for t in self.targets.values()), default=self.roadmap.start)

    @property
    def start(self) -> int:
        return self.roadmap.start

    def fit_links(self) -> None:
        end = self.end
        found: dict[tuple[TaskId, TaskId], list[tuple[Link, Link]]] = {}
        for link in self.roadmap.links:
            lag = self._lag(link, end)
            if lag is None:
                self.dropped.append(link)
            else:
                ends = (link.predecessor, link.successor)
                found.setdefault(ends, []).append((link, replace(link, lag=lag)))
        for between in found.values():
            link, written = max(between, key=lambda pair: self._strength(pair[1], end))
            self.doubled += [other for other, _ in between if other is not link]
            if written.lag != link.lag:
                self.resized[len(self.links)] = link
            self.links.append(written)

    def _strength(self, link: Link, end: int) -> tuple[int, int]:
        """Return by how much a link binds: its successor's start first, then its predecessor's finish."""
        before, after = self.targets[link.predecessor], self.targets[link.successor]
        late = finish_bound(link.type, link.lag, before, after, end)
        return start_bound(link.type, link.lag, before, after, self.start).least, -(end if late is None else late.most)

    def _lag(self, link: Link, end: int) -> Duration | None:
        """Return a link's own lag if it moves nothing, otherwise a lag in clock time that moves nothing, if there is
        one."""
        before, after = self.targets[link.predecessor], self.targets[link.successor]
        if link.lag.unit in KNOWN and self._is_free(link.type, link.lag, before, after, end):
            # Some programs lose minutes if a share is not a whole number of them, or if it is in clock time.
            is_exact = not before.is_elapsed and before.duration * link.lag.amount % 100 == 0
            if (link.lag.unit is not Unit.PERCENT or is_exact) and not _goes_back_from_midnight(link, before, after):
                return link.lag
        caps = _caps(link.type, before, after)
        now = self._now(link)
        size = min([now, *caps])
        lag = self._rounded(link.type, Duration(size, Unit.ELAPSED), before, after, end)
        return lag if self._is_free(link.type, lag, before, after, end) else None

    def _rounded(self, kind: LinkType, lag: Duration, before: Target, after: Target, end: int) -> Duration:
        """Return a lag in whole days or hours of clock time if it has the same effect as the minutes."""

        def binds(lag: Duration) -> tuple[LinkBounds, LinkBounds | None]:
            start = start_bound(kind, lag, before, after, self.start)
            return start, finish_bound(kind, lag, before, after, end)

        for unit in (DAY, HOUR):
            whole = Duration(lag.amount // unit * unit, Unit.ELAPSED)
            if whole == lag or binds(whole) == binds(lag):
                return whole if whole.amount else ZERO
        return lag

    def _now(self, link: Link) -> int:
        """Return how long a lag takes in clock time, at the early dates."""
        before = self.targets[link.predecessor].timed
        at = before.early_finish if link.type.from_finish else before.early_start
        if link.lag.is_zero:
            return 0
        return lagged(self.roadmap, at, link, (before.early_start, before.early_finish)) - at

    def _is_free(self, kind: LinkType, lag: Duration, before: Target, after: Target, end: int) -> bool:
        """Return whether a link pushes neither its successor's start nor its predecessor's finish."""
        is_open = not (after.is_begun or after.is_done)
        if is_open and start_bound(kind, lag, before, after, self.start).most > after.start:
            return False
        late = finish_bound(kind, lag, before, after, end)
        return late is None or late.least >= before.late_finish

    def fit_tasks(self) -> dict[TaskId, Fit]:
        into: dict[TaskId, list[Link]] = {t: [] for t in self.targets}
        out: dict[TaskId, list[Link]] = {t: [] for t in self.targets}
        for link in self.links:
            into[link.successor].append(link)
            out[link.predecessor].append(link)
        end = self.end
        return {t: self._fit(target, into[t], out[t], end) for t, target in self.targets.items()}

    def _fit(self, target: Target, into: Sequence[Link], out: Sequence[Link], end: int) -> Fit:
        fit = Fit()
        if target.is_done:
            return fit
        wanted = target.task.constraints
        if not target.is_begun:
            self._hold_start(target, wanted, into, fit)
        self._hold_finish(target, into, out, fit, end)
        kept = None if fit.constraint is None or fit.is_held else fit.constraint.bound
        fit.left_out = [c for c in wanted if c.bound is not kept]
        return fit

    def _hold_start(self, target: Target, wanted: Sequence[Constraint], into: Sequence[Link], fit: Fit) -> None:
        by_bound = {c.bound: c for c in wanted}
        is_set = target.timed.total_float == 0
        if is_set and Bound.MUST_START in by_bound and by_bound[Bound.MUST_START].at <= target.start:
            fit.constraint = Constraint(Bound.MUST_START, target.start)
            return
        if is_set and Bound.MUST_FINISH in by_bound and shown_end(by_bound[Bound.MUST_FINISH].at) >= target.finish:
            fit.constraint = Constraint(Bound.MUST_FINISH, target.finish)
            return
        if not self._starts_there(target, into):
            driver = by_bound.get(Bound.FINISH_NO_EARLIER)
            if driver is not None and target.timed.reason is Bound.FINISH_NO_EARLIER and _gives(target, driver):
                fit.constraint = replace(driver, at=target.finish)
                return
            fit.constraint = Constraint(Bound.START_NO_EARLIER, target.start)
            known = by_bound.get(Bound.START_NO_EARLIER)
            fit.is_held = known is None or target.timed.reason is not Bound.START_NO_EARLIER
            return
        if target.task.as_late_as_possible and is_set:
            fit.is_late = True
            return
        for bound in (Bound.START_NO_LATER, Bound.FINISH_NO_LATER, Bound.START_NO_EARLIER, Bound.FINISH_NO_EARLIER):
            if bound in by_bound and self._is_harmless(target, by_bound[bound]):
                at = by_bound[bound].at
                fit.constraint = Constraint(bound, shown_end(at) if bound in ENDS else _first_work(target, at))
                return

    def _is_harmless(self, target: Target, constraint: Constraint) -> bool:
        at, bound = constraint.at, constraint.bound
        if bound is Bound.START_NO_LATER:
            return target.start <= at and target.late_finish <= target.later(at, target.duration) <= self.end
        if bound is Bound.FINISH_NO_LATER:
            return max(target.finish, target.late_finish) <= shown_end(at) <= self.end
        if bound is Bound.START_NO_EARLIER:
            return at <= target.start
        return target.later(shown_end(at), -target.duration) <= target.start

    def _starts_there(self, target: Target, into: Sequence[Link]) -> bool:
        """Return whether links, or the project's start, put a task at its target start."""
        if not into:
            begins = self.start if target.is_elapsed else target.calendar.next_working(self.start)
            return begins == target.start and (target.is_worked or begins == self.start)
        found = [start_bound(k.type, k.lag, self.targets[k.predecessor], target, self.start) for k in into]
        return max(b.least for b in found) == target.start

    def _hold_finish(self, target: Target, into: Sequence[Link], out: Sequence[Link], fit: Fit, end: int) -> None:
        task, wanted = target.task, target.late_finish
        due = None if task.deadline is None else shown_end(task.deadline)
        fit.deadline = due
        if fit.constraint is not None and fit.constraint.bound in (Bound.MUST_START, Bound.MUST_FINISH):
            return
        found = [finish_bound(k.type, k.lag, target, self.targets[k.successor], end) for k in out]
        limits = [LinkBounds(end, end), *(b for b in found if b is not None)]
        if due is not None:
            limits.append(LinkBounds(due, due))
        if fit.constraint is not None and fit.constraint.bound is Bound.FINISH_NO_LATER:
            limits.append(LinkBounds(fit.constraint.at, fit.constraint.at))
        latest = min(b.most for b in limits)
        # A milestone that follows clock time is measured in clock time.
        by_clock = any(k.lag.unit is Unit.ELAPSED or not self.targets[k.predecessor].is_worked for k in into)
        is_exact = target.is_elapsed or (target.is_point and by_clock)
        if latest > wanted if is_exact else target.calendar.between(wanted, latest) > 0:
            set_by_people = [c.at for c in task.constraints if c.bound in (Bound.FINISH_NO_LATER, Bound.MUST_FINISH)]
            set_by_people += [task.deadline] if task.deadline is not None else []
            fit.deadline, fit.is_capped = wanted, not any(_is_same_end(target, at) for at in set_by_people)


def _first_work(target: Target, at: int) -> int:
    """Return the first work of the day that begins at an instant, if there is any."""
    begins = target.calendar.next_working(at) if target.is_worked else at
    return begins if begins < at + DAY else at


def _is_same_end(target: Target, at: int) -> bool:
    """Return whether a date that people set is the late finish, or later only by minutes or by time without work."""
    between = at - target.late_finish
    return between >= 0 and (
        between <= 2 or (target.is_worked and target.calendar.between(target.late_finish, at) == 0)
    )


def _gives(target: Target, constraint: Constraint) -> bool:
    starts = target.later(shown_end(constraint.at), -target.duration)
    return (target.calendar.next_working(starts) if target.is_worked else starts) == target.start


def _goes_back_from_midnight(link: Link, before: Target, after: Target) -> bool:
    """Return whether working time is counted back from a midnight, where some programs begin at the wrong end of a
    day."""
    if link.lag.is_zero or link.lag.unit is Unit.ELAPSED:
        return False
    leads_from = before.finish if link.type.from_finish else before.start
    return after.late_start % DAY == 0 or (link.lag.amount < 0 and leads_from % DAY == 0)


def _caps(kind: LinkType, before: Target, after: Target) -> list[int]:
    """Return the longest lags in clock time that move nothing."""
    caps: list[int] = []
    if not (after.is_begun or after.is_done):
        at = before.finish if kind.from_finish else before.start
        # A milestone at the midnight that begins a day is not the end of the day before, so its date has to be set.
        opens_day = after.is_point and kind.from_finish and after.start % DAY == 0
        if kind.to_finish:
            least = after.start - after.later(at, -after.duration)
            caps += [after.finish - at - opens_day, least - midnight_margin(at, after)]
        else:
            caps.append(after.start - at - opens_day)
    if not (before.is_done or after.is_done):
        late = after.late_finish if kind.to_finish else after.late_start
        if after.is_begun and not kind.to_finish:
            resumes = [after.later(after.late_finish, -after.left)]
            late = min(resumes + ([after.resume] if after.resume is not None else []))
        if kind.from_finish:
            caps.append(late - before.late_finish)
        else:
            caps += [] if before.is_begun else [late - before.late_start]
            caps += [before.later(late, before.duration) - before.late_finish] if kind.to_finish else []
    return caps
