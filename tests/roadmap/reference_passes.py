"""The reference's two passes: early dates forwards and late dates backwards, one task at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.engine.pace import lagged, periods_of, shared_lag
from changeflow.roadmap.model.tasks import LIMITS, Bound, Link, LinkType, Roadmap, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import ZERO, Unit
from tests.roadmap.reference_network import Network, Place, Station
from tests.roadmap.reference_pace import (
    AssignedPace,
    ElapsedPace,
    Pace,
    PeriodPace,
    WindowPace,
    WorkingPace,
    first_work,
    last_call,
    last_work,
    latest_start_by,
    pace_of,
    reclosed,
    reopened,
    works_on,
)


@dataclass(slots=True)
class Early:
    """Where a task lands: civil minutes."""

    start: int
    finish: int
    drivers: tuple[Link, ...] = ()
    reason: str = "links"
    logic_finish: int | None = None
    """Where logic alone would end it, when a set date has pulled it earlier."""


class ForwardPass:
    """Computes `early` for every task and summary, in the network's order."""

    def __init__(self, roadmap: Roadmap, network: Network, paces: Mapping[TaskId, Pace]) -> None:
        self.roadmap = roadmap
        self.network = network
        self.paces = paces
        self.early: dict[TaskId, Early] = {}

    def run(self) -> dict[TaskId, Early]:
        return self.run_over(self.network.order)

    def run_over(self, places: Sequence[Place]) -> dict[TaskId, Early]:
        """Compute some places of the order, from what `early` holds of all others."""
        for task, station in places:
            if station is Station.TASK:
                self.early[task] = self.place(self.roadmap.tasks[task])
            elif station is Station.ROLL_UP:
                below = [self.early[t] for t in self.network.below[task]]
                self.early[task] = Early(min(e.start for e in below), max(e.finish for e in below), (), "roll_up")
        return self.early

    def place(self, task: Task) -> Early:
        """Compute one task from what `early` holds of those before it; `task` may carry further constraints."""
        done = self.roadmap.progress.get(task.id)
        if done and done.actual_finish is not None:
            return Early(done.actual_start, done.actual_finish, (), "actual")
        pace = self.paces[task.id]
        bounds = [(self._bound(link, task, pace), link) for link in self.network.incoming[task.id]]
        if done:
            return self._begun(task, done, bounds)
        if task.manual is not None:
            return Early(task.manual.start, task.manual.finish, (), "manual")
        position, reason = self._logic(task, pace, bounds)
        start = pace.land(position)
        pulled, moves = self._pulled(task, pace, start), self.roadmap.profile.data_date_moves
        if pulled and moves and self.roadmap.data_date is not None and pulled[0] < self.roadmap.data_date:
            pulled = None  # the set date has passed
        if pulled is not None:
            logic_finish = pace.finish(start)
            start = pace.land(pulled[0])
            return Early(start, pace.finish(start), (), pulled[1], logic_finish)
        # Whatever lands on the same instant drives: Friday evening and Monday morning are one point of work.
        drivers = tuple(link for bound, link in bounds if pace.land(bound) == start)
        return Early(start, pace.finish(start), drivers, "links" if drivers else reason)

    def _logic(self, task: Task, pace: Pace, bounds: Sequence[tuple[int, Link]]) -> tuple[int, str]:
        """Return the earliest position by links, data date and "no earlier" dates, and what decides it."""
        profile = self.roadmap.profile
        floors = [(max(b for b, _ in bounds), "links")] if bounds else []
        floors += _no_earlier(task, pace)
        is_finish_linked = any(k.type is LinkType.FF for _, k in bounds)
        if profile.start_is_floor or not floors or is_finish_linked:
            floors.append((self._start_for(task), "start"))
        if profile.data_date_moves and self.roadmap.data_date is not None:
            floors.append((self.roadmap.data_date, "data_date"))
        return max(floors, key=lambda f: f[0])

    def _start_for(self, task: Task) -> int:
        """The roadmap may start at a midnight: a wait on the clock begins when people do, all else lands by itself."""
        if task.duration.unit is Unit.ELAPSED and task.starts_on is None:
            return self.roadmap.calendar_of(task.id).next_working(self.roadmap.start)
        return self.roadmap.start

    def _pulled(self, task: Task, pace: Pace, start: int) -> tuple[int, str] | None:
        """Return where a hard date puts the task against logic; None where none does."""
        if not self.roadmap.holds_set_dates:
            return None
        finish, dates = pace.finish(start), tightest(task)
        if (at := dates.get(Bound.MUST_START)) is not None:
            return at, Bound.MUST_START
        if (at := dates.get(Bound.MUST_FINISH)) is not None:
            return pace.latest_start(at), Bound.MUST_FINISH
        if self.roadmap.profile.limits_pull_early:
            if (at := dates.get(Bound.START_NO_LATER)) is not None and at < start:
                return at, Bound.START_NO_LATER
            if (at := dates.get(Bound.FINISH_NO_LATER)) is not None and at < finish:
                return pace.latest_start(at), Bound.FINISH_NO_LATER
        return None

    def _begun(self, task: Task, done: TaskProgress, bounds: Sequence[tuple[int, Link]]) -> Early:
        roadmap, start = self.roadmap, done.actual_start
        if done.parts:
            finish = max(roadmap.calendars[c].add(resume, left) for c, resume, left in done.parts)
            return Early(start, finish, (), "actual")
        if not roadmap.profile.data_date_moves:
            return Early(start, self._stored_finish(task, done), (), "actual")
        # What is left waits for the data date and, where logic is retained, for the predecessors.
        since = max(start, roadmap.data_date or start)
        held_by = bounds if roadmap.profile.retains_logic else ()
        is_asked = done.remaining is not None or roadmap.data_date is not None
        starts = [(b, k) for b, k in held_by if not k.type.to_finish] if is_asked else []
        resume = max([since, *(b for b, _ in starts)])
        if done.remaining is not None:
            if done.remaining.unit is Unit.ELAPSED and resume == roadmap.data_date:
                # A wait on the clock goes on when people do.
                resume = first_work(roadmap.calendar_of(task.id), resume)
            finish = rest_of(task, done, roadmap).finish(resume)
        elif resume > since and not task.assignments:
            planned = self.paces[task.id].finish(start)
            finish = max(planned, left_of(task, planned, since, roadmap).finish(resume))
        else:
            finish = max(self.paces[task.id].finish(start), roadmap.data_date or start)
            starts = []
        ends = [(self._ends(task, done, finish, b), k) for b, k in held_by if k.type.to_finish]
        last = max([finish, *(e for e, _ in ends)])
        binding = ends if last > finish else [(finish, k) for b, k in starts if b == resume]
        chosen = {k for end, k in binding if end == last}
        return Early(start, last, tuple(k for _, k in bounds if k in chosen), "actual")

    def _ends(self, task: Task, done: TaskProgress, finish: int, bound: int) -> int:
        """Return the finish of begun work that ends no earlier than `bound`: one of the instants at which it can."""
        if bound <= finish:
            return finish
        rest = _inner(rest_of(task, done, self.roadmap) if done.remaining is not None else pace_of(task, self.roadmap))
        if isinstance(rest, PeriodPace):
            closes = reclosed(rest.calendar, rest.periods, bound)
            return closes if closes < bound else rest.periods.add(rest.periods.previous_start(bound - 1), 1)
        if isinstance(rest, ElapsedPace):
            return bound
        calendar = (
            rest.calendar if isinstance(rest, WorkingPace) else self.roadmap.calendars[task.placed_on or task.calendar]
        )
        return calendar.previous_working(bound) if calendar.between(finish, bound) > 0 else finish

    def _stored_finish(self, task: Task, done: TaskProgress) -> int:
        """The rest runs from where the file says that it resumes; predecessors and status date move nothing."""
        if done.resume is None:
            return self.paces[task.id].finish(done.actual_start)
        return done.resume if done.remaining is None else rest_of(task, done, self.roadmap).finish(done.resume)

    def _bound(self, link: Link, task: Task, pace: Pace) -> int:
        """Return the earliest start of `task` that the link allows; the link may be one of a summary above it."""
        before = self.early[link.predecessor]
        at = before.finish if link.type.from_finish else before.start
        if in_periods(link):
            periods = periods_of(task, link.lag.unit, self.roadmap)
            at = reopened(worked_on(task, self.roadmap), periods, at)
        bound = lagged(self.roadmap, at, link, (before.start, before.finish))
        if not link.type.to_finish or task.is_milestone or task.id in self.roadmap.progress:
            return bound
        return pace.earliest_start(bound)


def in_periods(link: Link) -> bool:
    return not link.lag.is_zero and link.lag.unit in (Unit.PAY_PERIODS, Unit.TERMS)


def worked_on(task: Task, roadmap: Roadmap) -> WorkingCalendar:
    """Return the calendar that says when a task could have been worked on."""
    if task.duration.unit in (Unit.WORKING, Unit.SCHOOL_WEEKS):
        pace = _inner(pace_of(task, roadmap))
        return pace.calendar if isinstance(pace, WorkingPace) else roadmap.calendars[task.calendar]
    return roadmap.calendars[task.calendar]


def lead_calendar(roadmap: Roadmap, link: Link, span: tuple[int, int]) -> WorkingCalendar | None:
    """Return the calendar of a lag that goes back in working time; None of any other."""
    if link.lag.amount >= 0 or link.lag.unit is Unit.ELAPSED:
        return None
    if link.lag.unit is not Unit.PERCENT:
        return roadmap.calendar_of(link.successor)
    length, calendar = shared_lag(roadmap, link, span)
    return calendar if length.amount < 0 and length.unit is Unit.WORKING else None


def rest_of(task: Task, done: TaskProgress, roadmap: Roadmap) -> Pace:
    """Return how what is left of a task passes: by the unit in which it was reported."""
    placed = task.placed_on if not roadmap.profile.data_date_moves else None
    return pace_of(
        replace(task, duration=done.remaining or ZERO, starts_on=None, assignments=(), placed_on=placed), roadmap
    )


def left_of(task: Task, planned: int, since: int, roadmap: Roadmap) -> Pace:
    """Return how what is left of a plan at an instant passes, where nobody has said how much that is."""
    pace = _inner(pace_of(task, roadmap))
    if isinstance(pace, ElapsedPace):
        return ElapsedPace(max(0, planned - since))
    if isinstance(pace, PeriodPace):
        pace.periods.reach(since, planned)
        since = reopened(pace.calendar, pace.periods, since)
        count = sum(since <= at < planned for at in pace.periods.laid_out.starts)
        return PeriodPace(pace.periods, count, pace.calendar)
    assert isinstance(pace, WorkingPace)
    return WorkingPace(pace.calendar, max(0, pace.calendar.between(since, planned)))


def _inner(pace: Pace) -> Pace:
    return pace.inner if isinstance(pace, WindowPace) else pace


def tightest(task: Task) -> dict[Bound, int]:
    """Return a task's set dates by bound; of two of a kind, its own and a summary's, the tighter one."""
    dates: dict[Bound, int] = {}
    for constraint in task.constraints:
        known = dates.setdefault(constraint.bound, constraint.at)
        if (constraint.at < known) == (constraint.bound in LIMITS):
            dates[constraint.bound] = constraint.at
    return dates


def _no_earlier(task: Task, pace: Pace) -> list[tuple[int, str]]:
    dates, floors = tightest(task), list[tuple[int, str]]()
    if (at := dates.get(Bound.START_NO_EARLIER)) is not None:
        floors.append((at, Bound.START_NO_EARLIER))
    if (at := dates.get(Bound.FINISH_NO_EARLIER)) is not None:
        floors.append((pace.earliest_start(at), Bound.FINISH_NO_EARLIER))
    return floors


Late = tuple[int, int]
"""Late start and late finish, in civil minutes."""


class BackwardPass:
    """Computes `late` for every task and summary, against the network's order."""

    def __init__(
        self, roadmap: Roadmap, network: Network, paces: Mapping[TaskId, Pace], early: Mapping[TaskId, Early]
    ) -> None:
        self.roadmap = roadmap
        self.network = network
        self.paces = paces
        self.early = early
        last = max((e.finish for e in early.values()), default=roadmap.start)
        self.finish = last if roadmap.finish is None else roadmap.finish
        self.late: dict[TaskId, Late] = {}

    def run(self) -> dict[TaskId, Late]:
        for task, station in reversed(self.network.order):
            if station is Station.TASK:
                self.late[task] = self._place(self.roadmap.tasks[task])
            elif station is Station.GATE:
                below = [self.late[t] for t in self.network.below[task]]
                self.late[task] = (min(start for start, _ in below), max(finish for _, finish in below))
        return self.late

    def _place(self, task: Task) -> Late:
        early, done = self.early[task.id], self.roadmap.progress.get(task.id)
        if done and done.is_done:
            return early.start, early.finish
        latest, latest_start = self._bounds(task)
        if done:
            if done.remaining is None or task.assignments:
                return early.start, _latest_finish(self.paces[task.id], latest)
            if done.remaining.is_zero:
                pace = self.paces[task.id]
                return early.start, latest if isinstance(_inner(pace), PeriodPace) else _latest_finish(pace, latest)
            return early.start, _latest_finish(rest_of(task, done, self.roadmap), latest)
        if self.roadmap.profile.set_dates_hold_late and self.roadmap.holds_set_dates and _has_set_date(task):
            return early.start, early.finish
        pace = self._pace(task)
        if task.is_milestone:
            at = pace.latest_start(latest if latest_start is None else min(latest, latest_start))
            return at, at
        start = pace.latest_start(latest)
        if latest_start is not None and latest_start < start:
            capped = self.roadmap.profile.free_float_is_capped and not isinstance(pace, WindowPace | PeriodPace)
            start = latest_start if capped else latest_start_by(pace, latest_start)
            return start, pace.finish(start)
        return start, _latest_finish(pace, latest) if isinstance(pace, AssignedPace) else pace.finish(start)

    def _pace(self, task: Task) -> Pace:
        """A manual task's span is the working time between its dates, whatever its duration says."""
        if task.manual is None:
            return self.paces[task.id]
        if task.duration.unit is Unit.ELAPSED:
            return ElapsedPace(task.manual.finish - task.manual.start)
        calendar = self.roadmap.calendars[task.placed_on or task.calendar]
        return WorkingPace(calendar, calendar.between(task.manual.start, task.manual.finish))

    def _bounds(self, task: Task) -> tuple[int, int | None]:
        """Return the latest finish, and the latest start where something bounds it."""
        links = self.network.outgoing[task.id]
        is_open_end = self.roadmap.several_paths and not links
        latest, latest_start = self.early[task.id].finish if is_open_end else self.finish, None
        for link in links:
            # A manual task keeps its start: only what waits for its finish holds it.
            if task.manual is not None and not link.type.from_finish:
                continue
            bound = self._passed_back(link, task)
            if bound is None:
                continue
            if link.type.from_finish:
                latest = min(latest, bound)
            else:
                latest_start = bound if latest_start is None else min(latest_start, bound)
        if task.deadline is not None:
            latest = min(latest, task.deadline)
        for constraint in task.constraints:
            if constraint.bound in (Bound.FINISH_NO_LATER, Bound.MUST_FINISH):
                latest = min(latest, constraint.at)
            elif constraint.bound in (Bound.START_NO_LATER, Bound.MUST_START):
                at = constraint.at
                pace = _inner(self._pace(task))
                if isinstance(pace, WorkingPace) and pace.minutes and not self.roadmap.profile.free_float_is_capped:
                    # Work that begins on that day keeps it; what must start on a day off does so on the next one.
                    is_must = constraint.bound is Bound.MUST_START
                    at = pace.calendar.next_working(at) if is_must else first_work(pace.calendar, at)
                latest_start = at if latest_start is None else min(latest_start, at)
        return latest, latest_start

    def _passed_back(self, link: Link, task: Task) -> int | None:
        """Where the successor lets the bound end of the predecessor be, at the latest; None where it is done."""
        successor = self.roadmap.tasks[link.successor]
        done, profile = self.roadmap.progress.get(link.successor), self.roadmap.profile
        if done and (done.is_done or not (profile.pins_started or profile.retains_logic)):
            return None
        start, finish = self.late[link.successor]
        at: int | None = start
        if link.type.to_finish:
            # Friday evening and Monday morning are one point of its work: a predecessor on the clock has the latter.
            is_rest = done is not None and done.remaining is not None and not successor.assignments
            rest = rest_of(successor, done, self.roadmap) if is_rest and done else None
            calendar = works_on(rest or self.paces.get(link.successor))
            at = finish if calendar is None or successor.is_milestone else calendar.next_working(finish)
        elif done:
            at = self._resumes(link.successor)
        return None if at is None else self._off(link, task, at)

    def _off(self, link: Link, task: Task, at: int) -> int:
        """Take a link's lag off, where it binds `task`: its predecessor, or one below that summary."""
        early, after = self.early[task.id], self.roadmap.tasks[link.successor]
        done = self.roadmap.progress.get(link.successor)
        is_rest = done is not None and done.remaining is not None and not done.remaining.is_zero
        passes = rest_of(after, done, self.roadmap) if is_rest and done else self.paces.get(link.successor)
        if isinstance(_inner(passes) if passes else None, PeriodPace):
            # A period is not missed before work could have begun in it, and has not closed before work goes on.
            at = last_call(worked_on(after, self.roadmap), at)
        lead = lead_calendar(self.roadmap, link, (early.start, early.finish))
        if lead is not None and not self.roadmap.profile.free_float_is_capped:
            at = last_work(lead, at)
        pace = _inner(self.paces[task.id]) if task.id in self.paces else None
        is_own = task.id == link.predecessor and task.id not in self.roadmap.progress
        if not (link.lag.unit is Unit.PERCENT and not link.lag.is_zero and isinstance(pace, PeriodPace) and is_own):
            off = lagged(self.roadmap, at, link, (early.start, early.finish), back=True)
            return last_call(worked_on(after, self.roadmap), off) if in_periods(link) else off
        # How long whole periods take depends on which they are: each start is tried, the last one first.
        start = pace.periods.next_start(pace.periods.next_start(at) + 1)
        while True:
            finish = pace.finish(start)
            bound = lagged(self.roadmap, finish if link.type.from_finish else start, link, (start, finish))
            if bound <= at:
                return finish if link.type.from_finish else start
            start = pace.periods.previous_start(start - 1)

    def _resumes(self, task: TaskId) -> int | None:
        """Where a begun task's rest starts: pinned where it is, or as late as it may be."""
        done = self.roadmap.progress[task]
        if self.roadmap.profile.pins_started:
            if self.roadmap.tasks[task].is_milestone:
                return self.late[task][1]
            return done.resume if done.resume is not None else self.early[task].finish
        found = self.roadmap.tasks[task]
        since = max(done.actual_start, self.roadmap.data_date or done.actual_start)
        if done.remaining is not None:
            rest = rest_of(found, done, self.roadmap)
            by = rest.latest_start(self.late[task][1])
            return max(by, since) if isinstance(rest, PeriodPace) else by
        if self.roadmap.data_date is None or found.assignments:
            return None
        left = left_of(found, self.paces[task].finish(done.actual_start), since, self.roadmap)
        by = left.latest_start(self.late[task][1])
        return max(by, since) if isinstance(left, PeriodPace) and left.count else by


def _has_set_date(task: Task) -> bool:
    return any(c.bound in (Bound.MUST_START, Bound.MUST_FINISH) for c in task.constraints)


def _latest_finish(pace: Pace, bound: int) -> int:
    """Return the last instant up to `bound` at which a task is worked on, whenever it has begun."""
    if isinstance(pace, WindowPace):
        return _latest_finish(pace.inner, bound)
    if isinstance(pace, PeriodPace):
        return pace.periods.add(pace.periods.subtract(bound, 1), 1)
    if isinstance(pace, AssignedPace):
        # The last one has until the bound, however early the first one must begin.
        return max(_latest_finish(part, bound) for part in pace.parts)
    return pace.calendar.previous_working(bound) if isinstance(pace, WorkingPace) and pace.minutes else bound
