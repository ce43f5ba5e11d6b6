"""Level a problem: bounds, priority rule, genetic search, CP-SAT; each gets time according to its progress. The search
can end at any time, because the best plan so far is always complete. It is repeatable for a seed as long as effort, not
the clock, ends it.
"""

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from changeflow.roadmap.levelling.bounds import Bounds, bounds_of, check_level
from changeflow.roadmap.levelling.kernel import cost_of
from changeflow.roadmap.levelling.kernel_search import COST, MADE, MUCH, SINCE, Search, begin, evolve, inject
from changeflow.roadmap.levelling.problem import LevelProblem

ISLANDS = 2
"""The number of parallel populations; like the seed, it affects the result."""
POPULATION = 300
"""The number of lists in a population at first. In small populations, all lists are soon alike: 2.3 % above the best
known with 60 lists, 1.3 % with 300, after 50 000 schedules of 120 tasks."""
AGREED = 30
"""After this many schedules for each of its lists without a better plan, a population starts again with more lists."""
FIRST_SOLVE = 2.0
"""The fewest seconds of effort for the solver if maximum lags need it."""
SLICE = 0.1
"""Seconds of effort between checks of the clock, at first."""
SMALL = 32
"""The most tasks with which the solver may use all the time once the search finds nothing more, because it can prove
the best plan of a small problem."""
PER_PLACE, PER_SLOT, PER_TIME = 6e-8, 1e-9, 7e-9
"""Seconds that a schedule takes for each task, each slot of work and each slot of time. They were measured, and they
define effort."""
IN_VAIN = 2
"""After this many populations without a better plan, the search gives up if the solver cannot help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEffort:
    """How long to search: a limit in seconds of the clock, and one of effort, measured in about as many seconds but
    repeatable."""

    seconds: float = 10.0
    effort: float = math.inf
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Levelled:
    """The best plan that was found; in slots."""

    start: Sequence[int]
    finish: Sequence[int]
    cost: int
    bounds: Bounds
    bound: int
    """No plan costs less."""
    is_proved: bool
    is_infeasible: bool
    """Whether the maximum lags cannot all be met: the plan then exceeds some, by the fewest slots that were found."""
    is_repeatable: bool
    schedules: int

    @property
    def gap(self) -> float:
        """(cost - bound) / cost."""
        return 0.0 if self.is_proved or self.cost <= 0 else max(0.0, (self.cost - self.bound) / self.cost)


def level(problem: LevelProblem, limit: SearchEffort) -> Levelled | None:
    """Search within the limits; return None if the horizon is too short for any plan."""
    bounds = bounds_of(problem)
    if bounds is None:
        return None
    islands = _islands(problem, bounds, limit.seed, POPULATION)
    run = _Run(problem, bounds, limit, time.perf_counter(), islands, bounds.cost)
    run = _search(run, run.per_schedule * 2 * POPULATION)
    if run.cost >= MUCH:
        return None
    # The first search may have compiled, which does not count towards the time that the user allows.
    run = _in_turns(replace(run, began=time.perf_counter()))
    return Levelled(
        start=run.start,
        finish=run.finish,
        cost=run.cost,
        bounds=bounds,
        bound=min(run.bound, run.cost),
        is_proved=run.is_proved or run.cost <= run.bound,
        is_infeasible=run.is_infeasible,
        is_repeatable=run.seconds_left > 0,
        schedules=run.schedules,
    )


@dataclass(frozen=True)
class _Run:
    """The progress of a search: the best plan so far, and the populations, whose arrays change in place."""

    problem: LevelProblem
    bounds: Bounds
    limit: SearchEffort
    began: float
    islands: Sequence[Search]
    bound: int
    start: Sequence[int] = ()
    finish: Sequence[int] = ()
    cost: int = MUCH
    spent: float = 0.0
    schedules: int = 0
    in_vain: int = 0
    solved: int = 0
    """How often the solver has been asked."""
    is_proved: bool = False
    is_infeasible: bool = False

    @property
    def per_schedule(self) -> float:
        """The effort of one schedule."""
        work = sum(p.work for p in self.problem.pieces)
        return PER_PLACE * len(self.problem.pieces) + PER_SLOT * work + PER_TIME * self.problem.horizon

    @property
    def seconds_left(self) -> float:
        return self.limit.seconds - (time.perf_counter() - self.began)

    @property
    def left(self) -> float:
        return min(self.seconds_left, self.limit.effort - self.spent)

    @property
    def is_over(self) -> bool:
        return self.is_proved or self.is_infeasible or self.cost <= self.bound or self.left <= 1e-3

    @property
    def keeps(self) -> bool:
        """Whether the best plan meets every maximum lag."""
        return not self.problem.keeps or not check_level(self.problem, self.start, self.finish)


def _in_turns(run: _Run) -> _Run:
    """Search and solve in turns: the search until it finds nothing more, then the one that gained more for its
    effort."""
    gains = {"search": math.inf, "solver": math.inf}
    share = min(1.0, SMALL / len(run.problem.pieces))
    slices = {"search": SLICE, "solver": max(4 * SLICE, share * min(run.limit.seconds, run.limit.effort))}
    tried = {"search": 0.0, "solver": 0.0}
    can_solve = True
    if not run.is_over and not run.keeps:
        # The serial scheme cannot delay a task for the sake of its successors, so here the solver comes first.
        run, can_solve = _solve(run, max(run.left, FIRST_SOLVE))
    while not run.is_over and (can_solve or run.in_vain < IN_VAIN):
        turn = "search"
        if can_solve and not (gains["search"] > 0 and tried["search"] < 5 * SLICE):
            is_even = gains["solver"] == gains["search"]
            turn = min(tried, key=tried.__getitem__) if is_even else max(gains, key=gains.__getitem__)
        before, effort = run, min(slices[turn], run.left)
        if turn == "search":
            run = _search(run, effort)
        else:
            run, can_solve = _solve(run, effort)
        used = max(run.spent - before.spent, 1e-6)
        gained = (before.cost - run.cost) + (run.bound - before.bound) / 2
        gains[turn] = gained / used if can_solve or turn == "search" else -1.0
        tried[turn] += used
        slices[turn] *= 1.5 if turn == "search" else 2
    return run


def _search(run: _Run, effort: float) -> _Run:
    """Let every island make its share of schedules, in steps between which the clock is checked."""
    step = max(1, int(min(effort, SLICE) / run.per_schedule))
    until = run.spent + effort
    # The first step is always made, however little time there is, because it finds a plan.
    while not run.schedules or (run.spent < until and run.left > 0 and run.cost > run.bound):
        run = _step(run, step)
        if all(i.best[SINCE] > AGREED * len(i.lists) for i in run.islands):
            run = _with_larger_populations(run)
    return run


def _step(run: _Run, schedules: int) -> _Run:
    slots, is_odd = run.problem.slots, run.problem.is_odd

    def grow(island: Search) -> int:
        made = int(island.best[MADE])
        if island.cost[-1] == MUCH:
            begin(slots, island, is_odd)
        evolve(slots, island, int(island.best[MADE]) + schedules, run.bound, is_odd)
        return int(island.best[MADE]) - made

    with ThreadPoolExecutor(ISLANDS) as pool:
        made = list(pool.map(grow, run.islands))
    found = replace(run, schedules=run.schedules + sum(made))
    for island in found.islands:
        if island.best[COST] < found.cost:
            start, finish, cost = island.best_start.tolist(), island.best_finish.tolist(), int(island.best[COST])
            found = replace(found, start=start, finish=finish, cost=cost, in_vain=0)
    return replace(found, spent=found.spent + max(made) * run.per_schedule)


def _with_larger_populations(run: _Run) -> _Run:
    """Begin larger populations, as all lists are alike; each has the best plan so far among its lists."""
    islands = _islands(run.problem, run.bounds, run.limit.seed, 2 * len(run.islands[0].lists))
    for island in islands:
        begin(run.problem.slots, island, run.problem.is_odd)
    run = replace(run, islands=islands, in_vain=run.in_vain + 1)
    _share(run)
    return run


def _share(run: _Run) -> None:
    """Put the best plan into every population."""
    for island in run.islands:
        inject(run.problem.slots, island, np.array(run.start, np.int32), run.cost, run.problem.is_odd)


def _solve(run: _Run, effort: float) -> tuple[_Run, bool]:
    """Ask the solver; the second value says whether it can help."""
    # Loaded here: it takes longer to load than a small problem takes to search.
    from changeflow.roadmap.levelling.solver import Known, solve_level

    keeps = run.keeps
    known = Known(run.start, run.finish, run.cost, keeps, as_hint=run.solved % 2 == 1)
    run = replace(run, solved=run.solved + 1)
    at = time.perf_counter()
    clock_only = math.isinf(run.limit.effort)
    seconds = min(effort, run.seconds_left) if clock_only else run.seconds_left
    most, seed = math.inf if clock_only else effort, run.limit.seed + run.solved
    found = solve_level(run.problem, run.bounds, known, seconds=seconds, effort=most, seed=seed, workers=ISLANDS)
    if found is None:
        return run, False
    spent = run.spent + (time.perf_counter() - at if clock_only else max(found.effort, 1e-3))
    bound = min(math.ceil(found.bound - 1e-6), run.cost) if math.isfinite(found.bound) else run.bound
    run = replace(run, spent=spent, bound=max(run.bound, bound))
    run = replace(run, is_proved=found.is_proved, is_infeasible=found.is_infeasible)
    if found.start is not None and found.finish is not None:
        cost = int(cost_of(run.problem.slots, np.array(found.start, np.int32), np.array(found.finish, np.int32)))
        if cost < run.cost or not keeps:
            run = replace(run, start=found.start, finish=found.finish, cost=cost, in_vain=0)
            _share(run)
    return run, True


def _islands(problem: LevelProblem, bounds: Bounds, seed: int, population: int) -> list[Search]:
    seeds = (seed * 0x9E3779B97F4A7C15 + (n + 1) * 0xD1B54A32D192ED03 + population for n in range(ISLANDS))
    return [_island(problem, bounds, population, one % 2**64 | 1) for one in seeds]


def _island(problem: LevelProblem, bounds: Bounds, population: int, seed: int) -> Search:
    count, horizon = len(problem.pieces), problem.horizon
    latest = bounds.path - bounds.tail
    bias = [late if p.fixed is None else p.fixed[0] for p, late in zip(problem.pieces, latest, strict=True)]
    return Search(
        lists=np.zeros((population, count), np.int32),
        cost=np.full(population, MUCH, np.int64),
        best_start=np.zeros(count, np.int32),
        best_finish=np.zeros(count, np.int32),
        best=np.array([MUCH, 0, 0, horizon], np.int64),
        random=np.array([seed], np.uint64),
        start=np.zeros(count, np.int32),
        finish=np.zeros(count, np.int32),
        child=np.zeros(2 * count, np.int32),
        order=np.zeros(count, np.int32),
        tally=np.zeros(2 * horizon + 4, np.int32),
        free=problem.slots.capacity.copy(),
        seen=np.zeros(count, np.int32),
        heap=np.zeros(count + 1, np.int32),
        bias=np.maximum(np.array(bias, np.float64), 0),
    )
