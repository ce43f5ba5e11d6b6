"""The backward pass: every task as late as its successors, deadlines and set dates allow."""

from collections.abc import Mapping

from changeflow.roadmap.early import Early, lagged
from changeflow.roadmap.network import Network, Station
from changeflow.roadmap.pace import AssignedPace, ElapsedPace, Pace, WorkingPace, works_on
from changeflow.roadmap.tasks import Bound, Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit

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
            return early.start, self.paces[task.id].latest_finish(latest)
        if self.roadmap.profile.set_dates_hold_late and self.roadmap.holds_set_dates and _has_set_date(task):
            return early.start, early.finish
        pace = self._pace(task)
        if task.is_milestone:
            at = pace.latest_start(latest if latest_start is None else min(latest, latest_start))
            return at, at
        start = pace.latest_start(latest)
        if latest_start is not None and latest_start < start:
            return latest_start, pace.finish(latest_start)
        return start, pace.latest_finish(latest) if isinstance(pace, AssignedPace) else pace.finish(start)

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
            bound = self._passed_back(link)
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
                latest_start = constraint.at if latest_start is None else min(latest_start, constraint.at)
        return latest, latest_start

    def _passed_back(self, link: Link) -> int | None:
        """Where the successor lets the bound end of the predecessor be, at the latest; None where it is done."""
        successor = self.roadmap.tasks[link.successor]
        done = self.roadmap.progress.get(link.successor)
        if done and done.is_done:
            return None
        start, finish = self.late[link.successor]
        if done and not link.type.to_finish:
            resumes = self._resumes(link.successor)
            return None if resumes is None else lagged(self.roadmap, resumes, link, back=True)
        if not link.type.to_finish:
            return lagged(self.roadmap, start, link, back=True)
        # Friday evening and Monday morning are one point of its work: a predecessor on the clock has until the latter.
        calendar = works_on(self.paces.get(link.successor))
        if calendar is not None and not successor.is_milestone:
            finish = calendar.next_working(finish)
        return lagged(self.roadmap, finish, link, back=True)

    def _resumes(self, task: TaskId) -> int | None:
        """Where a begun task's rest starts: pinned where it is, or as late as it may be."""
        done = self.roadmap.progress[task]
        if self.roadmap.profile.pins_started:
            if self.roadmap.tasks[task].is_milestone:
                return self.late[task][1]
            return done.resume if done.resume is not None else self.early[task].finish
        if done.remaining is None:
            return None
        return self.roadmap.calendar_of(task).subtract(self.late[task][1], done.remaining)


def _has_set_date(task: Task) -> bool:
    return any(c.bound in (Bound.MUST_START, Bound.MUST_FINISH) for c in task.constraints)
