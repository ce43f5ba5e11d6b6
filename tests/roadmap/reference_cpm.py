"""The critical path method written plainly, task by task: what the engine's answers are compared with.

It shares calendars, paces and the tasks themselves with the product, and none of the engine's arrays or passes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import networkx as nx

from changeflow.roadmap.engine.cpm import Schedule, TimedTask
from changeflow.roadmap.engine.pace import lagged
from changeflow.roadmap.engine.replan import follows
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit
from tests.roadmap.reference_network import Network, build_network
from tests.roadmap.reference_pace import Pace, PeriodPace, WindowPace, WorkingPace, latest_start_by, pace_of
from tests.roadmap.reference_passes import BackwardPass, Early, ForwardPass, Late


def time_by_reference(roadmap: Roadmap) -> Schedule:
    """Time a roadmap task by task, in the same words as the documentation."""
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


def forwards(roadmap: Roadmap) -> Mapping[TaskId, Early]:
    """Return early dates alone, with nothing as late as possible."""
    network = build_network(roadmap)
    return ForwardPass(roadmap, network, paces_of(roadmap, network)).run()


def finish_if(roadmap: Roadmap, schedule: Schedule, task: TaskId, finish: int) -> Mapping[TaskId, Early]:
    """Return early dates when a task ends elsewhere and everything that may follow from it is computed again."""
    network = build_network(roadmap)
    changed = ForwardPass(roadmap, network, paces_of(roadmap, network))
    changed.early = {t: Early(x.early_start, x.early_finish) for t, x in schedule.timed.items()}
    changed.early[task] = replace(changed.early[task], finish=finish)
    reach = nx.descendants(follows(roadmap), task) - {task}
    return changed.run_over([place for place in network.order if place[0] in reach])


def paces_of(roadmap: Roadmap, network: Network) -> dict[TaskId, Pace]:
    return {t.id: pace_of(t, roadmap) for t in roadmap.tasks.values() if t.id not in network.below}


def _held(task: Task, start: int) -> Task:
    return replace(task, constraints=(*task.constraints, Constraint(Bound.START_NO_EARLIER, start)))


def _time(roadmap: Roadmap) -> Schedule:
    network = build_network(roadmap)
    summaries = set(network.below)
    paces = paces_of(roadmap, network)
    early = ForwardPass(roadmap, network, paces).run()
    backward = BackwardPass(roadmap, network, paces, early)
    late = backward.run()
    floats = _Floats(roadmap, network, early, late, backward)
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
        backward: BackwardPass,
    ) -> None:
        self.roadmap = roadmap
        self.network = network
        self.early = early
        self.late = late
        self.backward, self.finish, self.paces = backward, backward.finish, backward.paces

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
                spare.append(calendar.between(lagged(self.roadmap, mine, link, (early.start, early.finish)), theirs))
            else:
                at = self.backward._off(link, self.roadmap.tasks[task], theirs)
                spare.append(self._until(task, at, is_finish=link.type.from_finish))
        if not capped and not spare:
            spare = [self._until(task, self.finish, is_finish=True)]
        return max(0, min([*spare, total])) if capped else min(max(0, min(spare)), total)

    def _until(self, task: TaskId, at: int, *, is_finish: bool) -> int:
        """How far it can slip until its finish, or its start, would be later than `at`."""
        early, pace = self.early[task], self.paces.get(task)
        gap = self._between(task, early.finish if is_finish else early.start, at)
        if pace is None or task in self.roadmap.progress or self.roadmap.tasks[task].manual is not None:
            return gap
        if not is_finish:
            return self._between(task, early.start, latest_start_by(pace, at))
        by_start = self._between(task, early.start, pace.latest_start(at))
        if isinstance(pace, WindowPace | PeriodPace):
            return by_start
        # Work on another calendar than its own: a finish after the break may need a start before it.
        is_elsewhere = isinstance(pace, WorkingPace) and pace.calendar is not self.roadmap.calendar_of(task)
        return min(gap, by_start) if is_elsewhere else gap

    def _between(self, task: TaskId, start: int, finish: int) -> int:
        if self.roadmap.tasks[task].duration.unit is Unit.ELAPSED:
            return finish - start
        return self.roadmap.float_calendar_of(task).between(start, finish)

    def _is_done(self, task: TaskId) -> bool:
        below = self.network.below.get(task)
        if below is not None:
            return all(self._is_done(t) for t in below)
        done = self.roadmap.progress.get(task)
        return bool(done and done.is_done)

    def _has_begun(self, task: TaskId) -> bool:
        below = self.network.below.get(task)
        return any(t in self.roadmap.progress for t in below) if below is not None else task in self.roadmap.progress
