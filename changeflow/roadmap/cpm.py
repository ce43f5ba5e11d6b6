"""The critical path method over calendars: early and late dates, floats, driving links."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from changeflow.roadmap.early import Early, ForwardPass, lagged
from changeflow.roadmap.late import BackwardPass, Late
from changeflow.roadmap.network import Network, build_network
from changeflow.roadmap.pace import pace_of
from changeflow.roadmap.tasks import Bound, Constraint, Link, Roadmap, Task
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
    """`links`, `start`, `data_date`, `actual`, `manual`, `roll_up`, or the constraint that decided."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A timed roadmap."""

    timed: Mapping[TaskId, TimedTask]
    finish: int
    below: Mapping[TaskId, tuple[TaskId, ...]]
    """The tasks below each summary."""

    def __getitem__(self, task: TaskId) -> TimedTask:
        return self.timed[task]

    def path_to(self, *targets: TaskId) -> frozenset[TaskId]:
        """Return every task on a longest path to any of the targets: all ties."""
        seen, stack = set(targets), list(targets)
        while stack:
            for link in self.timed[stack.pop()].drivers:
                for task in self.behind(link):
                    if task not in seen:
                        seen.add(task)
                        stack.append(task)
        return frozenset(seen)

    def behind(self, link: Link) -> tuple[TaskId, ...]:
        """Return the tasks at the driving end of a link: of a summary, those that give it its date."""
        below = self.below.get(link.predecessor)
        if below is None:
            return (link.predecessor,)
        timed = self.timed
        if link.type.from_finish:
            return tuple(t for t in below if timed[t].early_finish == timed[link.predecessor].early_finish)
        return tuple(t for t in below if timed[t].early_start == timed[link.predecessor].early_start)


KERNEL_FROM = 1500
"""Tasks from which loading the compiled kernel is quicker than doing without it."""


def time_roadmap(roadmap: Roadmap) -> Schedule:
    """Place every task as early as its predecessors allow, and as late as its successors allow.

    A loop raises `CyclicRoadmapError`. The roadmap's profile decides where engines differ. What is to be as late as
    possible is placed at its late start, and what follows it anew: Project takes its total float.
    Large roadmaps go through the compiled kernel, which gives the same answer.
    Complexity: O((tasks + links) log intervals).
    """
    if len(roadmap.tasks) >= KERNEL_FROM:
        # Loaded here, because it takes longer to load than a small roadmap takes to compute.
        from changeflow.roadmap.compiled import time_compiled

        if (compiled := time_compiled(roadmap)) is not None:
            return compiled
    return time_purely(roadmap)


def time_purely(roadmap: Roadmap) -> Schedule:
    """Time a roadmap without the kernel: its oracle, and the way for what the kernel does not know."""
    schedule = _time(roadmap)
    if roadmap.finish is not None and schedule.timed:
        needed = min(x.late_start for x in schedule.timed.values())
        floor = roadmap.start if roadmap.profile.start_is_floor else needed
        roadmap = replace(roadmap, start=max(needed, floor))
        schedule = _time(roadmap)
    waiting = [t for t in roadmap.tasks.values() if t.as_late_as_possible and t.id not in roadmap.progress]
    if not waiting:
        return schedule
    held = {t.id: _held(t, schedule[t.id].late_start) for t in waiting if t.id not in schedule.below}
    placed = _time(replace(roadmap, tasks={**roadmap.tasks, **held}))
    if not roadmap.profile.late_shows_early:
        return placed
    shown = {
        t: replace(placed[t], early_start=schedule[t].early_start, early_finish=schedule[t].early_finish) for t in held
    }
    return replace(placed, timed={**placed.timed, **shown})


def _held(task: Task, start: int) -> Task:
    return replace(task, constraints=(*task.constraints, Constraint(Bound.START_NO_EARLIER, start)))


def _time(roadmap: Roadmap) -> Schedule:
    network = build_network(roadmap)
    summaries = set(network.below)
    paces = {t.id: pace_of(t, roadmap) for t in roadmap.tasks.values() if t.id not in summaries}
    early = ForwardPass(roadmap, network, paces).run()
    backward = BackwardPass(roadmap, network, paces, early)
    late = backward.run()
    floats = _Floats(roadmap, network, early, late, backward.finish)
    timed = {task: floats.timed(task) for task in roadmap.tasks}
    schedule = Schedule(timed, backward.finish, {s: tuple(below) for s, below in network.below.items()})
    end = max((x.early_finish for x in timed.values()), default=roadmap.start)
    last = [t for t in timed if t not in summaries and timed[t].early_finish == end]
    return _with_driving(schedule, schedule.path_to(*last))


def _with_driving(schedule: Schedule, path: Iterable[TaskId]) -> Schedule:
    on_path = set(path)
    timed = {t: replace(x, driving=True) if t in on_path else x for t, x in schedule.timed.items()}
    return replace(schedule, timed=timed)


class _Floats:
    """Floats of one schedule, each in working time of a calendar."""

    def __init__(
        self,
        roadmap: Roadmap,
        network: Network,
        early: Mapping[TaskId, Early],
        late: Mapping[TaskId, Late],
        finish: int,
    ) -> None:
        self.roadmap = roadmap
        self.network = network
        self.early = early
        self.late = late
        self.finish = finish

    def timed(self, task: TaskId) -> TimedTask:
        early, (late_start, late_finish) = self.early[task], self.late[task]
        total = self._total(task)
        done = self._is_done(task)
        return TimedTask(
            task=task,
            early_start=early.start,
            early_finish=early.finish,
            late_start=late_start,
            late_finish=late_finish,
            total_float=total,
            free_float=0 if done else self._free(task, total),
            critical=total <= self.roadmap.slack_limit and not done,
            driving=False,
            drivers=early.drivers,
            reason=early.reason,
        )

    def _total(self, task: TaskId) -> int:
        early, (late_start, late_finish) = self.early[task], self.late[task]
        if self._is_done(task):
            return 0
        spare = self._between(task, early.finish, late_finish)
        if not self._has_begun(task):
            spare = min(spare, self._between(task, early.start, late_start))
        if early.logic_finish is not None:
            # A set date earlier than logic: the task stands on it, and yet its predecessors are late for it.
            spare = min(spare, self._between(task, early.logic_finish, late_finish))
        return spare

    def _free(self, task: TaskId, total: int) -> int:
        """How far it can slip without moving any successor of its own."""
        capped = self.roadmap.profile.free_float_is_capped
        early, spare = self.early[task], list[int]()
        for link in self.network.own_outgoing[task]:
            if self._is_done(link.successor):
                continue
            after = self.early[link.successor]
            mine = early.finish if link.type.from_finish else early.start
            theirs = after.finish if link.type.to_finish else after.start
            if capped:
                calendar = self.roadmap.calendar_of(link.successor)
                spare.append(calendar.between(lagged(self.roadmap, mine, link), theirs))
            else:
                spare.append(self._between(task, mine, lagged(self.roadmap, theirs, link, back=True)))
        if capped:
            return max(0, min([*spare, total]))
        return max(0, min(spare, default=self._between(task, early.finish, self.finish)))

    def _between(self, task: TaskId, start: int, finish: int) -> int:
        if self.roadmap.tasks[task].duration.unit is Unit.ELAPSED:
            return finish - start
        return self.roadmap.calendar_of(task).between(start, finish)

    def _is_done(self, task: TaskId) -> bool:
        below = self.network.below.get(task)
        if below is not None:
            return all(self._is_done(t) for t in below)
        done = self.roadmap.progress.get(task)
        return bool(done and done.is_done)

    def _has_begun(self, task: TaskId) -> bool:
        below = self.network.below.get(task)
        return any(t in self.roadmap.progress for t in below) if below is not None else task in self.roadmap.progress
