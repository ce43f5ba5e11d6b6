"""Level a problem: bounds, priority rule, genetic search, CP-SAT; each gets the time that its progress has earned.

Anytime: the best plan so far is always whole. Repeatable for a seed as long as effort and not the clock ends it.
"""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from changeflow.roadmap.levelling.bounds import Bounds, bounds_of
from changeflow.roadmap.levelling.check import check_level
from changeflow.roadmap.levelling.kernel_search import COST, MADE, MUCH, SINCE, Search, begin, evolve, inject
from changeflow.roadmap.levelling.problem import LevelProblem

ISLANDS = 2
"""Populations beside each other: part of the seed."""
POPULATION = 300
"""Lists in a population at first. Small ones agree with each other too soon: 2.3 % above the best known with 60 lists,
1.3 % with 300, after 50 000 schedules of 120 tasks."""
AGREED = 30
"""Schedules for each list of a population without a better one: then it starts anew, larger."""
FIRST_SOLVE = 2.0
"""Seconds of effort that the solver gets at least where maximal lags need it."""
SLICE = 0.1
"""Seconds of effort between looks at the clock, at first."""
SMALL = 32
"""Tasks of a problem that the solver may keep to itself once the search finds nothing more: a small one is proved."""
PER_PLACE, PER_SLOT, PER_TIME = 6e-8, 1e-9, 7e-9
"""Seconds that a schedule takes for each task, each slot of work and each slot of time: measured, and part of what
effort means."""
IN_VAIN = 2
"""Populations that agree on nothing better, after which the search gives up where the solver cannot help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEffort:
    """How long to look: seconds of the clock at most, and effort, in about as many seconds, which repeats."""

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
    """Maximal lags cannot be kept: the plan breaks some, as few slots as was found."""
    is_repeatable: bool
    schedules: int

    @property
    def gap(self) -> float:
        """(cost - bound) / cost."""
        return 0.0 if self.is_proved or self.cost <= 0 else max(0.0, (self.cost - self.bound) / self.cost)


Say = Callable[[str], None]


def level(problem: LevelProblem, limit: SearchEffort, say: Say | None = None) -> Levelled | None:
    """Search within the limits; None where the horizon is too short for any plan."""
    bounds = bounds_of(problem)
    return None if bounds is None else _Run(problem, bounds, limit, say).run()


class _Run:
    def __init__(self, problem: LevelProblem, bounds: Bounds, limit: SearchEffort, say: Say | None) -> None:
        self.problem = problem
        self.bounds = bounds
        self.limit = limit
        self.say = say or (lambda _: None)
        self.began = time.perf_counter()
        self.spent = 0.0
        self.cost = MUCH
        self.bound = bounds.cost
        self.start: Sequence[int] = ()
        self.finish: Sequence[int] = ()
        self.is_proved = self.is_infeasible = False
        self.schedules = 0
        work = sum(p.work for p in problem.pieces)
        self.per_schedule = PER_PLACE * len(problem.pieces) + PER_SLOT * work + PER_TIME * problem.horizon
        self.in_vain = 0
        self.population = POPULATION
        self.islands = self._islands()
        self.rounds = 0

    def run(self) -> Levelled | None:
        self._search(self.per_schedule * 2 * POPULATION)
        if self.cost >= MUCH:
            return None
        gains = {"search": math.inf, "solver": math.inf}
        share = min(1.0, SMALL / len(self.problem.pieces))
        slices = {"search": SLICE, "solver": max(4 * SLICE, share * min(self.limit.seconds, self.limit.effort))}
        tried = {"search": 0.0, "solver": 0.0}
        can_solve = True
        if self.problem.keeps and not self._is_over() and not self._keeps_promises():
            # The serial scheme cannot hold a task back for what follows it: here the solver comes first.
            can_solve = self._solve(max(self._left(), FIRST_SOLVE))
        # The search comes first until it no longer finds anything; then whoever gained more for its effort goes on.
        while not self._is_over() and (can_solve or self.in_vain < IN_VAIN):
            who = "search"
            if can_solve and not (gains["search"] > 0 and tried["search"] < 5 * SLICE):
                if gains["solver"] != gains["search"]:
                    who = max(gains, key=lambda w: gains[w])
                else:
                    who = min(tried, key=lambda w: tried[w])
            before, at, bound = self.cost, self.spent, self.bound
            slice_ = min(slices[who], self._left())
            if who == "search":
                self._search(slice_)
            else:
                can_solve = self._solve(slice_)
            used = max(self.spent - at, 1e-6)
            gained = (before - self.cost) + (self.bound - bound) / 2
            gains[who] = gained / used if can_solve or who == "search" else -1.0
            tried[who] += used
            slices[who] *= 1.5 if who == "search" else 2
        return Levelled(
            start=self.start,
            finish=self.finish,
            cost=self.cost,
            bounds=self.bounds,
            bound=min(self.bound, self.cost),
            is_proved=self.is_proved or self.cost <= self.bound,
            is_infeasible=self.is_infeasible,
            is_repeatable=self._seconds_left() > 0,
            schedules=self.schedules,
        )

    def _is_over(self) -> bool:
        return self.is_proved or self.is_infeasible or self.cost <= self.bound or self._left() <= 1e-3

    def _seconds_left(self) -> float:
        return self.limit.seconds - (time.perf_counter() - self.began)

    def _left(self) -> float:
        return min(self._seconds_left(), self.limit.effort - self.spent)

    def _search(self, effort: float) -> None:
        """Let every island make its share of schedules, in steps between which the clock is looked at."""
        step = max(1, int(min(effort, SLICE) / self.per_schedule))
        until = self.spent + effort
        # However little time there is, and however slow the machine, the first step is made: it finds a plan.
        while not self.schedules or (self.spent < until and self._left() > 0 and self.cost > self.bound):
            self.spent += self._step(step)
            if all(i.best[SINCE] > AGREED * self.population for i in self.islands):
                self._begin_anew()

    def _step(self, schedules: int) -> float:
        slots, is_odd, enough = self.problem.slots, self.problem.is_odd, self.bound

        def run(island: Search) -> int:
            made = int(island.best[MADE])
            if island.cost[-1] == MUCH:
                begin(slots, island, is_odd)
            evolve(slots, island, int(island.best[MADE]) + schedules, enough, is_odd)
            return int(island.best[MADE]) - made

        with ThreadPoolExecutor(ISLANDS) as pool:
            made = list(pool.map(run, self.islands))
        self.schedules += sum(made)
        for island in self.islands:
            if island.best[COST] < self.cost:
                self._keep(island.best_start.tolist(), island.best_finish.tolist(), int(island.best[COST]))
        return max(made) * self.per_schedule

    def _keep(self, start: Sequence[int], finish: Sequence[int], cost: int) -> None:
        self.start, self.finish, self.cost = start, finish, cost
        self.in_vain = 0
        self.say(f"cost {cost}, at least {self.bound}, after {time.perf_counter() - self.began:.1f} s")

    def _begin_anew(self) -> None:
        """All lists agree: larger populations begin anew, each with the best plan so far among its lists."""
        self.population *= 2
        self.in_vain += 1
        self.islands = self._islands()
        for island in self.islands:
            begin(self.problem.slots, island, self.problem.is_odd)
            inject(self.problem.slots, island, np.array(self.start, np.int32), self.cost, self.problem.is_odd)

    def _keeps_promises(self) -> bool:
        return not self.problem.keeps or not check_level(self.problem, self.start, self.finish)

    def _solve(self, effort: float) -> bool:
        # Loaded here: it takes longer to load than a small problem takes to search.
        from changeflow.roadmap.levelling.solver import Known, solve_level

        keeps = self._keeps_promises()
        known = Known(self.start, self.finish, self.cost, keeps, as_hint=self.rounds % 2 == 1)
        self.rounds += 1
        at = time.perf_counter()
        clock_only = math.isinf(self.limit.effort)
        found = solve_level(
            self.problem,
            self.bounds,
            known,
            seconds=min(effort, self._seconds_left()) if clock_only else self._seconds_left(),
            effort=math.inf if clock_only else effort,
            seed=self.limit.seed + self.rounds,
            workers=ISLANDS,
        )
        if found is None:
            return False
        self.spent += time.perf_counter() - at if clock_only else max(found.effort, 1e-3)
        self.is_proved, self.is_infeasible = found.is_proved, found.is_infeasible
        if math.isfinite(found.bound):
            self.bound = max(self.bound, min(math.ceil(found.bound - 1e-6), self.cost))
        if found.start is not None and found.finish is not None:
            self._keep_solved(found.start, found.finish, keeps)
        return True

    def _keep_solved(self, start: Sequence[int], finish: Sequence[int], had_kept: bool) -> None:
        from changeflow.roadmap.levelling.kernel import cost_of

        cost = int(cost_of(self.problem.slots, np.array(start, np.int32), np.array(finish, np.int32)))
        if cost < self.cost or not had_kept:
            self._keep(start, finish, cost)
            for island in self.islands:
                inject(self.problem.slots, island, np.array(start, np.int32), cost, self.problem.is_odd)

    def _islands(self) -> list[Search]:
        return [_island(self.problem, self.bounds, self.population, self._seed(n)) for n in range(ISLANDS)]

    def _seed(self, island: int) -> int:
        mixed = (self.limit.seed * 0x9E3779B97F4A7C15 + (island + 1) * 0xD1B54A32D192ED03 + self.population) % 2**64
        return mixed | 1


def _island(problem: LevelProblem, bounds: Bounds, population: int, seed: int) -> Search:
    count, horizon = len(problem.pieces), problem.horizon
    latest = bounds.path - bounds.tail
    bias = np.array(
        [p.fixed[0] if p.fixed is not None else latest[n] for n, p in enumerate(problem.pieces)], np.float64
    )
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
        bias=np.maximum(bias, 0),
    )
