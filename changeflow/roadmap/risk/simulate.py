"""Simulate a roadmap: durations drawn from their ranges, events that strike, calendars and links as in the plan."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from changeflow.errors import CalendarExhaustedError
from changeflow.roadmap.engine.arrays import (
    AMOUNT,
    DONE,
    FLAGS,
    KIND,
    LINK,
    MANUAL,
    MORE_FROM,
    MORE_TO,
    OPEN,
    OTHER,
    PEOPLE,
    SHARE,
    STATE,
    SUMMARY,
    Arrays,
    Codes,
    laid_out_again,
)
from changeflow.roadmap.engine.cpm import compute, reach_further, settled
from changeflow.roadmap.engine.jit import twin
from changeflow.roadmap.engine.net import Result, empty_result, net_of
from changeflow.roadmap.engine.outline import Ints
from changeflow.roadmap.engine.pace import school_weeks
from changeflow.roadmap.engine.working_time import KIND_OUT
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.roadmap.risk.kernel import COSTED, NO_CAUSE, Draws, Sums, drive, run_block
from changeflow.roadmap.risk.model import RiskModel, Simulation
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit

POINTS = 1025
"""The number of quantiles in a table, from 0 to 1 inclusive: a draw is one look-up, and interpolates between two of
them."""
Floats = NDArray[np.float64]


def quantiles(low: float, likely: float, high: float, distribution: str) -> Floats:
    """Return the quantiles of a three-point estimate, from its lowest to its highest value.

    `triangular`, or `pert`: a beta distribution over the range with mean (low + 4 likely + high) / 6 (Malcolm et al.,
    1959). All quantiles of an estimate without a range are the same.
    """
    u = np.linspace(0.0, 1.0, POINTS)
    span = high - low
    if span <= 0:
        return np.full(POINTS, float(likely))
    if distribution == "pert":
        return _pert(low, likely, high, u)
    turn = (likely - low) / span
    rising = low + np.sqrt(u * span * (likely - low))
    falling = high - np.sqrt((1 - u) * span * (high - likely))
    return np.asarray(np.where(u < turn, rising, falling), np.float64)


def _pert(low: float, likely: float, high: float, u: Floats) -> Floats:
    """Invert the distribution function, which is summed over a fine grid."""
    alpha = 1 + 4 * (likely - low) / (high - low)
    beta = 1 + 4 * (high - likely) / (high - low)
    x = np.linspace(0.0, 1.0, 20_001)
    density = x ** (alpha - 1) * (1 - x) ** (beta - 1)
    summed = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    values: Floats = low + (high - low) * np.interp(u, summed / summed[-1], x)
    return values


BLOCK = 250
"""The number of iterations in a block. It affects the last digits of results, because sums are added block by block."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some whole blocks of a simulation. Put together in order, parts of any size give the same numbers."""

    first: int
    """Its first iteration."""
    blocks: tuple[Sums, ...]


def simulate(
    roadmap: Roadmap,
    model: RiskModel,
    targets: Sequence[TaskId],
    *,
    iterations: int = 10_000,
    seed: int = 1,
    threads: int = 2,
) -> Simulation:
    """Run the iterations. The same seed gives the same numbers, whatever the number of threads.

    Only tasks that have not begun are drawn; tasks in progress keep their reported values. Criticality refers to the
    path to the last of `targets`.
    """
    prepared = prepare(roadmap, model, targets)
    part = simulate_part(prepared, iterations=range(iterations), seed=seed, threads=threads)
    return put_together(prepared, [part], seed=seed)


def parts_of(iterations: int, parts: int) -> list[range]:
    """Divide iterations into at most this many parts, all of whole blocks except the last."""
    blocks = -(-iterations // BLOCK)
    size = max(1, -(-blocks // max(1, parts))) * BLOCK
    return [range(first, min(first + size, iterations)) for first in range(0, iterations, size)]


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """The starting point of every part of a simulation."""

    arrays: Arrays
    draws: Draws
    drawn: Sequence[TaskId]
    model: RiskModel
    targets: Sequence[TaskId]
    plan: Result
    """The plan, without any draw."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each target."""
        return np.array([self.arrays.row_of[t] for t in self.targets], np.int64)


def prepare(roadmap: Roadmap, model: RiskModel, targets: Sequence[TaskId]) -> PreparedModel:
    """Compile a roadmap, and the ranges and events to draw."""
    arrays, plan = settled(roadmap)
    arrays, draws, drawn = _draws(roadmap, arrays, model, int(plan.early[arrays.row_of[targets[-1]], 1]))
    while reach_further(roadmap, arrays, _longest(arrays, draws)):
        arrays = laid_out_again(arrays, roadmap)
    return PreparedModel(arrays, draws, drawn, model, targets, plan)


def _longest(arrays: Arrays, draws: Draws) -> Ints:
    """Run a pass in which each draw is its longest and every event strikes; return the trouble found."""
    hot, parts = arrays.hot.copy(), arrays.parts.copy()
    hot[draws.rows, AMOUNT] = np.maximum(hot[draws.rows, AMOUNT], np.ceil(draws.table[:, -1]).astype(np.int64))
    parts[draws.part, 1] = np.ceil(draws.effect[draws.event_of, -1]).astype(np.int64)
    return compute(arrays._replace(hot=hot, parts=parts)).trouble


def simulate_part(prepared: PreparedModel, *, iterations: range, seed: int = 1, threads: int = 2) -> Part:
    """Run some of a simulation's iterations, from the beginning of a block (see `parts_of`)."""
    arrays, draws, rows = prepared.arrays, prepared.draws, prepared.rows

    def block(first: int) -> Sums:
        own = arrays._replace(hot=arrays.hot.copy(), lags=arrays.lags.copy(), parts=arrays.parts.copy())
        result = empty_result(own)
        sums = _empty(min(BLOCK, iterations.stop - first), len(rows), len(own.hot), draws)
        twin(run_block)(net_of(own, result.trouble), result, draws, rows, seed, first, sums)
        if result.trouble[KIND_OUT]:
            raise CalendarExhaustedError("of the programme", "for the longest draws")
        return sums

    with ThreadPoolExecutor(max(1, threads)) as pool:
        done = list(pool.map(block, range(iterations.start, iterations.stop, BLOCK)))
    return Part(iterations.start, tuple(done))


def put_together(prepared: PreparedModel, parts: Iterable[Part], *, seed: int) -> Simulation:
    """Add up the parts of a simulation, which may be in any order."""
    done = [block for part in sorted(parts, key=lambda p: p.first) for block in part.blocks]
    arrays, drawn = prepared.arrays, prepared.drawn
    finish = np.concatenate([s.finish for s in done])
    count = len(finish)
    driving = np.sum([s.driving for s in done], axis=0)
    moments, tails = np.sum([s.moments for s in done], axis=0), np.sum([s.tails for s in done], axis=0)
    last = finish[:, -1] - float(prepared.draws.planned)
    certain = {t: _certain(prepared, arrays.row_of[t]) for t in prepared.targets}
    cost = np.sum([s.cost for s in done], axis=0) / min(count, COSTED)
    return Simulation(
        iterations=count,
        seed=seed,
        finishes={t: finish[:, n] for n, t in enumerate(prepared.targets)},
        planned={t: int(prepared.plan.early[arrays.row_of[t], 1]) for t in prepared.targets},
        certain={t: found for t, (found, _) in certain.items()},
        certain_share={t: share for t, (_, share) in certain.items()},
        criticality={t: float(driving[row]) / count for row, t in enumerate(arrays.ids) if driving[row]},
        cruciality={t: _correlation(moments[k], last, count) for k, t in enumerate(drawn)},
        swing={t: _swing(tails[k]) for k, t in enumerate(drawn)},
        event_cost={e.name: float(cost[n]) for n, e in enumerate(prepared.model.events)},
    )


def _certain(prepared: PreparedModel, target: int) -> tuple[dict[TaskId, int], float]:
    """Return the tasks of a target's planned path that are not drawn, and their share of the path's clock time."""
    arrays, draws, plan = prepared.arrays, prepared.draws, prepared.plan
    twin(drive)(net_of(arrays, plan.trouble), plan, target)
    ahead = plan.driving.astype(bool) & (arrays.cold[:, STATE] != DONE) & ((arrays.hot[:, FLAGS] & SUMMARY) == 0)
    spans = np.where(ahead, plan.early[:, 1] - plan.early[:, 0], 0)
    is_drawn = np.zeros(len(spans), bool)
    is_drawn[draws.rows[draws.table[:, 0] < draws.table[:, -1]]] = True
    is_drawn[draws.struck[draws.odds[draws.event_of] > 0]] = True
    found = {arrays.ids[row]: int(spans[row]) for row in np.flatnonzero((spans > 0) & ~is_drawn).tolist()}
    whole = int(spans.sum())
    return found, sum(found.values()) / whole if whole else 1.0


def _draws(roadmap: Roadmap, arrays: Arrays, model: RiskModel, reference: int) -> tuple[Arrays, Draws, list[TaskId]]:
    """Return the arrays with room for the time that events add, what to draw, and the drawn tasks."""
    row_of = arrays.row_of
    is_open = (arrays.cold[:, STATE] == OPEN) & (arrays.cold[:, KIND] != PEOPLE)
    is_open &= (arrays.hot[:, FLAGS] & (SUMMARY | MANUAL)) == 0
    drawn = [r for r in model.ranges if r.task in row_of and is_open[row_of[r.task]]]
    cause_of = {t: n for n, c in enumerate(model.causes) for t in c.tasks}
    loads = [model.causes[cause_of[r.task]].correlation ** 0.5 if r.task in cause_of else 0.0 for r in drawn]
    pairs = [(n, row_of[t]) for n, e in enumerate(model.events) for t in e.tasks if t in row_of and is_open[row_of[t]]]
    arrays, part = _with_room(roadmap, arrays, model, pairs)
    units = [roadmap.tasks[r.task].duration.unit for r in drawn]
    tables = [_table((r.low, r.likely, r.high), r.distribution, u, roadmap) for r, u in zip(drawn, units, strict=True)]
    effects = [_table(e.effect, e.distribution, e.unit, roadmap) for e in model.events]
    rows = [row_of[r.task] for r in drawn]
    return (
        arrays,
        Draws(
            rows=np.array(rows, np.int64),
            table=np.array(tables).reshape(-1, POINTS),
            cause=np.array([cause_of.get(r.task, NO_CAUSE) for r in drawn], np.int64),
            loading=np.array(loads, np.float64),
            odds=np.array([e.probability for e in model.events], np.float64),
            effect=np.array(effects).reshape(-1, POINTS),
            event_of=np.array([e for e, _ in pairs], np.int64),
            struck=np.array([row for _, row in pairs], np.int64),
            part=np.array(part, np.int64),
            sharing=np.array(sorted(set(rows) & _shared(arrays)), np.int64),
            planned=reference,
        ),
        [r.task for r in drawn],
    )


def _shared(arrays: Arrays) -> set[int]:
    """Return the rows on whose length the lag of a link depends."""
    shares = np.array([bool(arrays.lags[link, SHARE]) for link in arrays.out[LINK].tolist()], bool)
    rows = np.repeat(np.arange(len(arrays.hot)), np.diff(arrays.first_out))
    return set(rows[shares].tolist())


def _table(points: tuple[int, int, int], distribution: str, unit: Unit, roadmap: Roadmap) -> Floats:
    """Return quantiles in the unit that the arrays use: for school weeks, the minutes of their days."""
    low, likely, high = points
    scale = school_weeks(1, roadmap) if unit is Unit.SCHOOL_WEEKS else 1
    return quantiles(low * scale, likely * scale, high * scale, distribution)


def _with_room(
    roadmap: Roadmap, arrays: Arrays, model: RiskModel, pairs: Sequence[tuple[int, int]]
) -> tuple[Arrays, list[int]]:
    """Return arrays with a part for the effect of each event on each task, and the rows of these parts.

    Effects come after the task's own time, in the event's unit, one after another in the order of events.
    """
    codes, hot, cold = Codes(roadmap), arrays.hot.copy(), arrays.cold.copy()
    parts: list[tuple[int, int, int]] = []
    where = [0] * len(pairs)
    for row in sorted({row for _, row in pairs}):
        task, cold[row, MORE_FROM] = roadmap.tasks[arrays.ids[row]], len(arrays.parts) + len(parts)
        for place, (n, struck) in enumerate(pairs):
            if struck == row:
                effect = Duration(1, model.events[n].unit)
                kind, _, on = codes.passing(task, effect, task.placed_on or task.calendar)
                where[place] = len(arrays.parts) + len(parts)
                parts.append((on, 0, kind))
        cold[row, MORE_TO] = len(arrays.parts) + len(parts)
        hot[row, FLAGS] |= OTHER
    added = np.array(parts, np.int64).reshape(-1, 3)
    return arrays._replace(hot=hot, cold=cold, parts=np.concatenate([arrays.parts, added])), where


def _empty(lines: int, targets: int, rows: int, draws: Draws) -> Sums:
    tasks, events = len(draws.rows), len(draws.odds)
    finish, driving, length = (np.zeros(shape, np.int64) for shape in ((lines, targets), rows, tasks))
    return Sums(finish, driving, np.zeros((tasks, 3)), np.zeros((tasks, 4)), np.zeros(events), length)


def _correlation(moments: NDArray[np.float64], last: NDArray[np.float64], count: int) -> float:
    mean, square, product = moments / count
    spread = (square - mean * mean) * last.var()
    return float((product - mean * last.mean()) / spread**0.5) if spread > 0 else 0.0


def _swing(tails: NDArray[np.float64]) -> float:
    low, low_sum, high, high_sum = tails.tolist()
    return high_sum / high - low_sum / low if low and high else 0.0
