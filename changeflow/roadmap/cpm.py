"""The critical path method over calendars: early and late dates, floats, driving links (the `textbook` profile)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from changeflow.roadmap.graph import build_graph, in_order
from changeflow.roadmap.pace import Pace, pace_of, shift
from changeflow.roadmap.tasks import Bound, Link, LinkType, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedTask:
    """Where the critical path method puts one task: civil minutes since 1970-01-01T00:00 local, half-open spans."""

    task: TaskId
    early_start: int
    early_finish: int
    late_start: int
    late_finish: int
    total_float: int
    """Working minutes on the task's own calendar (minutes of the clock for an elapsed duration): no difference of
    the dates above, which may cross a half-term."""
    free_float: int
    critical: bool
    """Not done, and no float: the float's answer. The longest path's answer is `driving`."""
    driving: bool
    """On the longest path to the finish of the roadmap."""
    drivers: tuple[Link, ...]
    """The links that put its early dates there: all ties. None of them: a constraint, an actual or the start did."""
    reason: str
    """`links`, `start`, `data_date`, `actual`, or the constraint that decided."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A timed roadmap."""

    timed: Mapping[TaskId, TimedTask]
    finish: int

    def __getitem__(self, task: TaskId) -> TimedTask:
        return self.timed[task]

    def path_to(self, *targets: TaskId) -> frozenset[TaskId]:
        """Return every task on a longest path to any of the targets: all ties."""
        seen, stack = set(targets), list(targets)
        while stack:
            for link in self.timed[stack.pop()].drivers:
                if link.predecessor not in seen:
                    seen.add(link.predecessor)
                    stack.append(link.predecessor)
        return frozenset(seen)


@dataclass(slots=True)
class _Early:
    start: int
    finish: int
    drivers: tuple[Link, ...]
    reason: str


def time_roadmap(roadmap: Roadmap) -> Schedule:
    """Place every task as early as its predecessors allow, and as late as its successors allow.

    A loop raises `CyclicRoadmapError`. Retained logic: what remains of a started task waits for its predecessors.
    Complexity: O((tasks + links) log intervals).
    """
    return _Pass(roadmap).run()


class _Pass:
    """One computation; holds what both directions need."""

    def __init__(self, roadmap: Roadmap) -> None:
        self.roadmap = roadmap
        self.graph = build_graph(roadmap.tasks, roadmap.links)
        self.order = in_order(self.graph)
        self.paces: dict[TaskId, Pace] = {t.id: pace_of(t, roadmap) for t in roadmap.tasks.values()}
        self.early: dict[TaskId, _Early] = {}
        self.late: dict[TaskId, tuple[int, int]] = {}

    def run(self) -> Schedule:
        for task in self.order:
            self.early[task] = self._forward(self.roadmap.tasks[task])
        finish = max((e.finish for e in self.early.values()), default=self.roadmap.start)
        for task in reversed(self.order):
            self.late[task] = self._backward(self.roadmap.tasks[task], finish)
        last = [task for task, early in self.early.items() if early.finish == finish]
        on_path = _walk_back(last, self.early)
        return Schedule({task: self._timed(task, finish, driving=task in on_path) for task in self.order}, finish)

    def _forward(self, task: Task) -> _Early:
        done = self.roadmap.progress.get(task.id)
        if done and done.actual_finish is not None:
            return _Early(done.actual_start, done.actual_finish, (), "actual")
        pace = self.paces[task.id]
        bounds = [(self._early_bound(link, pace), link) for link in self._incoming(task.id)]
        if done:
            return self._in_progress(task, bounds)
        floors = [(max((b for b, _ in bounds), default=self.roadmap.start), "links" if bounds else "start")]
        if self.roadmap.data_date is not None:
            floors.append((self.roadmap.data_date, "data_date"))
        floors += _constraint_floors(task, pace)
        position, reason = max(floors, key=lambda f: f[0])
        position, reason = _pulled_back(task, pace, position, reason)
        start = pace.land(position)
        if reason not in (Bound.MUST_START, Bound.MUST_FINISH):
            # Whatever lands on the same instant drives: Friday evening and Monday morning are one point of work.
            drivers = tuple(link for bound, link in bounds if pace.land(bound) == start)
            reason = "links" if drivers else reason
        else:
            drivers = ()
        return _Early(start, pace.finish(start), drivers, reason)

    def _in_progress(self, task: Task, bounds: list[tuple[int, Link]]) -> _Early:
        done = self.roadmap.progress[task.id]
        if done.remaining is None:
            finish = self.paces[task.id].finish(done.actual_start)
            floor = self.roadmap.data_date
            return _Early(done.actual_start, max(finish, floor) if floor is not None else finish, (), "actual")
        resume = max([self.roadmap.data_date or done.actual_start, done.actual_start, *(b for b, _ in bounds)])
        finish = self.roadmap.calendars[task.calendar].add(resume, done.remaining)
        drivers = tuple(link for bound, link in bounds if bound == resume)
        return _Early(done.actual_start, finish, drivers, "actual")

    def _early_bound(self, link: Link, pace: Pace) -> int:
        before = self.early[link.predecessor]
        bound = self._shift(before.finish if link.type.from_finish else before.start, link)
        return pace.earliest_start(bound) if link.type.to_finish else bound

    def _shift(self, position: int, link: Link, *, back: bool = False) -> int:
        before = self.roadmap.tasks[link.predecessor].duration
        base = before.amount if before.unit in (Unit.WORKING, Unit.ELAPSED) else 0
        successor = self.roadmap.tasks[link.successor]
        return shift(position, link.lag, task=successor, roadmap=self.roadmap, base=base, back=back)

    def _backward(self, task: Task, finish: int) -> tuple[int, int]:
        early, done = self.early[task.id], self.roadmap.progress.get(task.id)
        if done and done.is_done:
            return early.start, early.finish
        pace = self.paces[task.id]
        latest, latest_start = finish, None
        for link in self._outgoing(task.id):
            bound = self._late_bound(link)
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
        if done:
            return early.start, latest
        start = pace.latest_start(latest)
        if latest_start is not None and latest_start < start:
            start = latest_start
        return start, pace.finish(start) if not task.is_milestone else start

    def _late_bound(self, link: Link) -> int | None:
        """Where the successor lets the bound end of the predecessor be, at the latest; None where it is done."""
        done = self.roadmap.progress.get(link.successor)
        if done and done.is_done:
            return None
        start, finish = self.late[link.successor]
        if done and not link.type.to_finish:
            return None if done.remaining is None else self._shift(self._latest_resume(link.successor), link, back=True)
        if not link.type.to_finish:
            return self._shift(start, link, back=True)
        # Friday evening and Monday morning are one point of its work: a predecessor on the clock has until the latter.
        task = self.roadmap.tasks[link.successor]
        if task.duration.unit is Unit.WORKING and not task.is_milestone:
            finish = self.roadmap.calendar_of(link.successor).next_working(finish)
        return self._shift(finish, link, back=True)

    def _latest_resume(self, task: TaskId) -> int:
        remaining = self.roadmap.progress[task].remaining or 0
        return self.roadmap.calendar_of(task).subtract(self.late[task][1], remaining)

    def _timed(self, task: TaskId, finish: int, *, driving: bool) -> TimedTask:
        early, (late_start, late_finish) = self.early[task], self.late[task]
        done = self.roadmap.progress.get(task)
        is_done = bool(done and done.is_done)
        spare = self._between(task, early.finish, late_finish)
        if done is None:
            spare = min(spare, self._between(task, early.start, late_start))
        return TimedTask(
            task=task,
            early_start=early.start,
            early_finish=early.finish,
            late_start=late_start,
            late_finish=late_finish,
            total_float=0 if is_done else spare,
            free_float=0 if is_done else self._free_float(task, finish),
            critical=spare <= 0 and not is_done,
            driving=driving,
            drivers=early.drivers,
            reason=early.reason,
        )

    def _free_float(self, task: TaskId, finish: int) -> int:
        """How far it can slip without moving any successor; to the roadmap's finish where it has none."""
        early, spare = self.early[task], []
        for link in self._outgoing(task):
            done = self.roadmap.progress.get(link.successor)
            if done and done.is_done:
                continue
            after = self.early[link.successor]
            limit = self._shift(after.finish if link.type.to_finish else after.start, link, back=True)
            spare.append(self._between(task, early.finish if link.type.from_finish else early.start, limit))
        return max(0, min(spare, default=self._between(task, early.finish, finish)))

    def _between(self, task: TaskId, start: int, finish: int) -> int:
        if self.roadmap.tasks[task].duration.unit is Unit.ELAPSED:
            return finish - start
        return self.roadmap.calendar_of(task).between(start, finish)

    def _incoming(self, task: TaskId) -> Iterable[Link]:
        return (data["link"] for _, _, data in self.graph.in_edges(task, data=True))

    def _outgoing(self, task: TaskId) -> Iterable[Link]:
        return (data["link"] for _, _, data in self.graph.out_edges(task, data=True))


def _constraint_floors(task: Task, pace: Pace) -> list[tuple[int, str]]:
    floors: list[tuple[int, str]] = []
    for constraint in task.constraints:
        if constraint.bound is Bound.START_NO_EARLIER:
            floors.append((constraint.at, constraint.bound))
        elif constraint.bound is Bound.FINISH_NO_EARLIER:
            floors.append((pace.earliest_start(constraint.at), constraint.bound))
    return floors


def _pulled_back(task: Task, pace: Pace, position: int, reason: str) -> tuple[int, str]:
    """A hard date wins over logic; what it costs shows as negative float of the predecessors."""
    for constraint in task.constraints:
        if constraint.bound is Bound.MUST_START:
            return constraint.at, constraint.bound
        if constraint.bound is Bound.MUST_FINISH:
            return pace.latest_start(constraint.at), constraint.bound
    return position, reason


def _walk_back(targets: Iterable[TaskId], early: Mapping[TaskId, _Early]) -> set[TaskId]:
    seen = set(targets)
    stack = list(seen)
    while stack:
        for link in early[stack.pop()].drivers:
            if link.predecessor not in seen:
                seen.add(link.predecessor)
                stack.append(link.predecessor)
    return seen


def ancestors(roadmap: Roadmap, task: TaskId) -> frozenset[TaskId]:
    """Return every task that can move `task`."""
    return frozenset(nx.ancestors(build_graph(roadmap.tasks, roadmap.links), task))


__all__ = ["Link", "LinkType", "Schedule", "TimedTask", "ancestors", "time_roadmap"]
