"""Dates of roadmaps that differ a little from a timed one: only the consequences of the difference are recomputed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import NamedTuple

import networkx as nx
import numpy as np

from changeflow.roadmap.engine.arrays import (
    AMOUNT,
    FLAGS,
    LINK,
    NEVER,
    ODD_INTO,
    ODD_OUT,
    OTHER,
    PARTS_FROM,
    PARTS_TO,
    SHARE,
    START_NO_EARLIER,
    SUMMARY,
    Codes,
    laid_out_again,
    task_rows,
    to_arrays,
)
from changeflow.roadmap.engine.cpm import Schedule, TimedColumns, reach_further, refuse_run_out, settled
from changeflow.roadmap.engine.forward import after_lag, forward, place
from changeflow.roadmap.engine.incremental import carry, follow, sweep, unsettled
from changeflow.roadmap.engine.jit import call, viewed
from changeflow.roadmap.engine.net import Net, empty_result, net_of, trial_of
from changeflow.roadmap.engine.outline import Ints
from changeflow.roadmap.model.graph import build_graph
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId

NOT_ONE = -1
"""The number that means no row."""
MOST_KEPT = 200_000
"""How many finishes one cache keeps, at about 70 bytes each: a report about 2,600 tasks needs 144,000."""


class Early(NamedTuple):
    """The dates of a task, in civil minutes."""

    start: int
    finish: int


class EarlyDates(Mapping[TaskId, Early]):
    """A copy of a roadmap's early dates, in columns."""

    def __init__(self, row_of: Mapping[TaskId, int], early: Ints) -> None:
        self.row_of = row_of
        self.early = early.copy()

    def __len__(self) -> int:
        return len(self.row_of)

    def __iter__(self) -> Iterator[TaskId]:
        return iter(self.row_of)

    def __getitem__(self, task: TaskId) -> Early:
        return Early(*self.early[self.row_of[task]].tolist())

    @property
    def last(self) -> int:
        """The last finish."""
        return int(self.early[:, 1].max())


def is_by_links(roadmap: Roadmap) -> bool:
    """Return whether a forward pass alone gives the early dates: no set finish, and no as-late-as-possible task."""
    return roadmap.finish is None and not any(t.as_late_as_possible for t in roadmap.tasks.values())


class Replanner:
    """Keeps a roadmap's arrays and early dates, and brings them up to date with each roadmap that follows.

    Differences are found by identity: a roadmap is immutable, so a task that is the same object has not changed.
    As-late-as-possible tasks are placed as early as the rest, and a set finish of the roadmap moves nothing.
    """

    def __init__(self, roadmap: Roadmap) -> None:
        self._start(roadmap)

    def _start(self, roadmap: Roadmap) -> None:
        self.roadmap = roadmap
        while True:
            self.arrays = to_arrays(roadmap)
            self.result = empty_result(self.arrays)
            call(forward, len(self.arrays.hot), net_of(self.arrays, self.result.trouble), self.result)
            if not reach_further(roadmap, self.arrays, self.result.trouble):
                break
        self.row_of = self.arrays.row_of

    def dates(self) -> EarlyDates:
        """Return the dates of the latest roadmap; one that runs off its calendars raises `CalendarExhaustedError`."""
        refuse_run_out(self.roadmap, self.result.trouble)
        return EarlyDates(self.row_of, self.result.early)

    def plan(self, roadmap: Roadmap) -> EarlyDates:
        """Bring tasks and progress up to date; if anything else has changed, recompute everything."""
        changed = _changed(self.roadmap, roadmap)
        is_small = changed is not None and len(changed) * 4 <= len(roadmap.tasks) and not self.result.trouble.any()
        is_patched = changed is not None and is_small and self._patch(roadmap, changed)
        if not is_patched or reach_further(roadmap, self.arrays, self.result.trouble):
            self._start(roadmap)
        return self.dates()

    def _patch(self, roadmap: Roadmap, changed: list[TaskId]) -> bool:
        """Write the changed rows and carry them forward; return False if that needs more than these rows."""
        arrays = self.arrays
        rows = np.array([self.row_of[t] for t in changed], np.int64)
        tasks = [roadmap.tasks[t] for t in changed]
        if any(t.assignments for t in tasks) or (arrays.hot[rows, FLAGS] & SUMMARY).any():
            return False
        if any((p := roadmap.progress.get(t)) and p.parts for t in changed):
            return False
        hot, cold, _ = task_rows(roadmap, tasks, Codes(roadmap), np.arange(len(tasks)))
        if (arrays.cold[rows, PARTS_TO] > arrays.cold[rows, PARTS_FROM]).any():
            return False
        if (hot[:, AMOUNT] != arrays.hot[rows, AMOUNT]).any() and self._is_shared(rows):
            return False
        hot[:, FLAGS] |= arrays.hot[rows, FLAGS] & (ODD_INTO | ODD_OUT)
        arrays.hot[rows], arrays.cold[rows] = hot, cold
        self.roadmap = roadmap
        if len(rows):
            count = len(arrays.hot)
            dirty, touched = np.zeros(count, np.int8), np.zeros(count + 1, np.int32)
            dirty[rows] = 1
            net = net_of(arrays, self.result.trouble)
            call(carry, count, net, self.result, dirty, touched, int(rows.min()), int(rows.max()), NOT_ONE)
        return True

    def _is_shared(self, rows: Ints) -> bool:
        """Return whether a lag is a share of one of these tasks' durations."""
        first, out = self.arrays.first_out, self.arrays.out
        return any(self.arrays.lags[out[LINK, first[k] : first[k + 1]], SHARE].any() for k in rows.tolist())


class Trials:
    """Early dates of one roadmap after another. Dates that follow from links are recomputed only where they differ."""

    def __init__(self) -> None:
        self._planner: Replanner | None = None

    def early(self, roadmap: Roadmap) -> EarlyDates:
        """Return the early dates that `time_roadmap` gives; a roadmap that runs off its calendars is an error here as
        well."""
        if not is_by_links(roadmap):
            arrays, result = settled(roadmap)
            refuse_run_out(roadmap, result.trouble)
            return EarlyDates(arrays.row_of, result.early)
        if self._planner is None:
            self._planner = Replanner(roadmap)
            return self._planner.dates()
        return self._planner.plan(roadmap)


def _changed(before: Roadmap, after: Roadmap) -> list[TaskId] | None:
    """Return the tasks whose own fields or progress differ; None if anything else differs."""
    same = (
        before.links is after.links
        and before.calendars is after.calendars
        and before.periods is after.periods
        and before.parents is after.parents
        and before.profile == after.profile
        and (before.start, before.data_date) == (after.start, after.data_date)
        and (before.holds_set_dates, before.minutes_per_day) == (after.holds_set_dates, after.minutes_per_day)
        and before.tasks.keys() == after.tasks.keys()
    )
    if not same:
        return None
    old, done = before.tasks, before.progress
    changed = {name for name, task in after.tasks.items() if old[name] is not task}
    if done is not after.progress:
        changed |= {t for t in {*done, *after.progress} if done.get(t) != after.progress.get(t)}
    return sorted(changed)


class Consequences:
    """The effects in one schedule if a task ends at another time and nothing else changes. Results are cached. Threads
    may share an instance: if several call it at the same time, each waits its turn.
    """

    def __init__(self, roadmap: Roadmap, schedule: Schedule) -> None:
        self.roadmap = roadmap
        columns = schedule.timed
        is_as_early = is_by_links(roadmap)
        if is_as_early and isinstance(columns, TimedColumns) and columns.roadmap is roadmap:
            self.arrays, self.result = columns.arrays, trial_of(columns.result)
        else:
            self.arrays = to_arrays(roadmap)
            self.result = empty_result(self.arrays)
            dates = [(schedule[t].early_start, schedule[t].early_finish) for t in self.arrays.ids]
            self.result.early[:] = np.array(dates, np.int64).reshape(-1, 2)
        self.row_of = self.arrays.row_of
        self.early = self.result.early.copy()
        count = len(self.arrays.hot)
        self.net = net_of(self.arrays, self.result.trouble)
        self.dirty, self.touched = np.zeros(count, np.int8), np.zeros(count + 1, np.int32)
        self.unsettled: tuple[TaskId, ...] = () if is_as_early else self._unsettled()
        self._moved: dict[tuple[TaskId, int], Mapping[int, int]] = {}
        self._kept = 0
        self._lock = Lock()

    def finish_if(self, task: TaskId, finish: int, target: TaskId) -> int:
        """Return where `target` finishes when `task` finishes at `finish`."""
        row = self.row_of[target]
        return self.moved(task, finish).get(row, int(self.early[row, 1]))

    def last_if(self, task: TaskId, finish: int) -> int:
        """Return the last finish of any task except summaries, if `task` finishes at `finish`."""
        finishes = self.early[:, 1].copy()
        moved = self.moved(task, finish)
        finishes[list(moved)] = list(moved.values())
        return int(finishes[self.arrays.hot[:, FLAGS] & SUMMARY == 0].max())

    def moved(self, task: TaskId, finish: int) -> Mapping[int, int]:
        """Return the recomputed finishes, by row."""
        with self._lock:
            if (task, finish) not in self._moved:
                found = self._carried(self.row_of[task], finish, self._unsettled_after(task))
                if self._kept + len(found) > MOST_KEPT:
                    self._moved, self._kept = {}, 0
                self._moved[task, finish] = found
                self._kept += len(found)
            return self._moved[task, finish]

    def _carried(self, row: int, finish: int, marked: list[int]) -> Mapping[int, int]:
        early, count = self.result.early, len(self.early)
        first, last = min([row + 1, *marked]), max([row, *marked])
        while True:
            self.dirty[marked] = 1
            early[row, 1] = finish
            arguments = (self.net, self.result, self.dirty, self.touched, row, first, last)
            rows = self.touched[: call(follow, count, *arguments)]
            moved = {row: finish, **dict(zip(rows.tolist(), early[rows, 1].tolist(), strict=True))}
            early[[row, *rows]] = self.early[[row, *rows]]
            if not self._reaches_further():
                return moved

    def _reaches_further(self) -> bool:
        """Lay out more days if the last pass ran off a calendar; return False if it did not."""
        trouble = self.result.trouble.copy()
        self.result.trouble[:] = 0
        if reach_further(self.roadmap, self.arrays, trouble):
            self.arrays = laid_out_again(self.arrays, self.roadmap)
            self.net = net_of(self.arrays, self.result.trouble)
            return True
        refuse_run_out(self.roadmap, trouble)
        return False

    def _unsettled(self) -> tuple[TaskId, ...]:
        """Return the tasks that are not where their links put them: as-late-as-possible tasks and their successors."""
        while True:
            call(unsettled, len(self.early), self.net, self.result, self.dirty)
            # On a calendar that has an end, a row that runs off it counts as unsettled.
            if not self._reaches_further():
                break
        found = tuple(self.arrays.ids[row] for row in np.flatnonzero(self.dirty).tolist())
        self.dirty[:] = 0
        return found

    def _unsettled_after(self, task: TaskId) -> list[int]:
        """Return the rows of unsettled tasks that follow from a task: they go where their links put them."""
        if not self.unsettled:
            return []
        reach = nx.descendants(follows(self.roadmap), task) - {task}
        return [self.row_of[t] for t in self.unsettled if t in reach]


def follows(roadmap: Roadmap) -> "nx.MultiDiGraph[TaskId]":
    """Return a graph of what may move what: along links, and between each summary and its tasks."""
    graph = build_graph(roadmap.tasks, roadmap.links)
    for task, parent in roadmap.parents.items():
        graph.add_edge(task, parent)
        graph.add_edge(parent, task)
    return graph


class Placer:
    """Places the tasks of a roadmap one by one, from where those before them have been put."""

    def __init__(self, roadmap: Roadmap) -> None:
        self.roadmap = roadmap
        self.arrays = to_arrays(roadmap)
        self.row_of = self.arrays.row_of
        self.result = empty_result(self.arrays)
        self.net = net_of(self.arrays, self.result.trouble)
        self.view = viewed(self.net)

    def ask(self, question: Callable[[Net, int, int], int], task: TaskId, at: int) -> int:
        """Return the answer of a function of `spans` for a task and an instant; one that runs off its calendar raises
        `CalendarExhaustedError`."""
        while True:
            found = question(self.view, self.row_of[task], at)
            if not self._reaches_further():
                return found

    def _reaches_further(self) -> bool:
        """Lay out more days if the last call ran off a calendar; return False if it did not."""
        trouble = self.result.trouble.copy()
        self.result.trouble[:] = 0
        if reach_further(self.roadmap, self.arrays, trouble):
            self.arrays = laid_out_again(self.arrays, self.roadmap)
            self.net = net_of(self.arrays, self.result.trouble)
            self.view = viewed(self.net)
            return True
        refuse_run_out(self.roadmap, trouble)
        return False

    def place(self, task: TaskId, *, floor: int | None = None) -> Early:
        """Return the dates of a task, which starts no earlier than `floor` if that is given."""
        row, arrays = self.row_of[task], self.arrays
        flags, known = int(arrays.hot[row, FLAGS]), int(arrays.cold[row, START_NO_EARLIER])
        if floor is not None:
            arrays.hot[row, FLAGS] |= OTHER
            arrays.cold[row, START_NO_EARLIER] = max(known, floor)
        try:
            call(place, 1, self.net, row, self.result)
            while self._reaches_further():
                call(place, 1, self.net, row, self.result)
        finally:
            arrays.hot[row, FLAGS], arrays.cold[row, START_NO_EARLIER] = flags, known
        return Early(*self.result.early[row].tolist())

    def after_lag(self, number: int, at: int, start: int, finish: int) -> int:
        """Add the lag of a link (by its number in the roadmap) to an instant of the predecessor with these dates."""
        link = self.roadmap.links[number]
        before = self.row_of[link.predecessor]

        def question(n: Net, i: int, at: int) -> int:
            return after_lag(n, i, number, before, at, start, finish)

        return self.ask(question, link.successor, at)

    def put(self, task: TaskId, dates: Early) -> None:
        """Set a task's dates for the tasks that follow it."""
        self.result.early[self.row_of[task]] = dates


@dataclass(frozen=True, slots=True)
class Longer:
    """The effect on the roadmap's finish, in civil minutes, if one task takes longer and nothing else changes."""

    finish: int
    if_longer: Mapping[TaskId, int]
    """The finish with that task longer; without tasks that have begun, that are measured in whole periods, or that
    would then run off the calendars."""


def if_longer(roadmap: Roadmap, minutes: int, schedule: Schedule | None = None) -> Longer:
    """Return the finish for each open task if it takes `minutes` longer: working minutes, or elapsed ones.

    One sweep over all tasks: tasks with enough float cost nothing; for the others only what they move is computed. A
    negative number gives the gain of a shorter task. The roadmap's schedule, if there is one, is not computed again.
    """
    # As-late-as-possible tasks take no float from others here, because they would move before they moved others.
    early = {t.id: replace(t, as_late_as_possible=False) for t in roadmap.tasks.values() if t.as_late_as_possible}
    if early:
        roadmap = replace(roadmap, tasks={**roadmap.tasks, **early})
    columns = schedule.timed if schedule is not None else None
    if isinstance(columns, TimedColumns) and columns.roadmap is roadmap:
        arrays, result = columns.arrays, columns.result
    else:
        arrays, result = settled(roadmap)
    last = int(result.early[:, 1].max()) if len(result.early) else roadmap.start
    finishes, trouble = sweep(arrays, result, minutes)
    while reach_further(roadmap, arrays, trouble):
        arrays = laid_out_again(arrays, roadmap)
        finishes, trouble = sweep(arrays, result, minutes)
    return Longer(last, {t: int(finishes[row]) for row, t in enumerate(arrays.ids) if finishes[row] != NEVER})
