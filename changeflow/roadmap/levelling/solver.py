"""Levelling by CP-SAT: exact, with the best plan so far as its hint and its limit.

Time is in slots. Work without breaks is an interval; work with breaks has a variant for each run of starts that crosses
the same breaks, and takes its people between them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from changeflow.roadmap.levelling.bounds import Bounds
from changeflow.roadmap.levelling.problem import ALWAYS, FREE, LevelProblem, Piece
from changeflow.roadmap.solving import solved

MOST_VARIANTS = 20_000
"""The most variants in a model that is worth trying: a larger one only takes time that the search could use."""


@dataclass(frozen=True)
class LevellingSolution:
    effort: float
    start: Sequence[int] | None = None
    finish: Sequence[int] | None = None
    bound: float = -math.inf
    """No plan costs less."""
    is_proved: bool = False
    """Whether this plan is proved to be the best."""
    is_infeasible: bool = False
    """Maximum lags and fixed dates contradict each other."""


@dataclass(frozen=True, slots=True)
class Known:
    """The best plan so far, and its cost; without one, the horizon is the limit."""

    start: Sequence[int]
    finish: Sequence[int]
    cost: int
    keeps_promises: bool
    """Whether the known plan meets the maximum lags too, so that its cost is an upper limit for better ones."""
    as_hint: bool = True
    """Whether to begin with the known plan and improve it. Otherwise only better plans are looked for, which proves
    sooner that there are none."""

    @property
    def is_limit(self) -> bool:
        return self.keeps_promises and not self.as_hint


def solve_level(
    problem: LevelProblem, bounds: Bounds, known: Known, *, seconds: float, effort: float, seed: int, workers: int
) -> LevellingSolution | None:
    """Search for a plan that is better than the one known; return None if the model would be too large."""
    model = _Model(problem, bounds, known)
    if not model.build():
        return None
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.max_deterministic_time = effort
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = workers
    # Interleaving makes an answer repeatable. If the clock decides when to stop, it is not worth its cost.
    solver.parameters.interleave_search = math.isfinite(effort)
    solver.parameters.catch_sigint_signal = False
    status = solved(solver, model.model)
    spent = solver.response_proto.deterministic_time
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        start = [int(solver.value(v)) for v in model.start]
        finish = [int(solver.value(v)) for v in model.finish]
        return LevellingSolution(
            spent, start, finish, solver.best_objective_bound, is_proved=status == cp_model.OPTIMAL
        )
    if status == cp_model.INFEASIBLE and known.is_limit:
        return LevellingSolution(spent, bound=known.cost, is_proved=True)
    if status == cp_model.INFEASIBLE and not known.keeps_promises:
        return LevellingSolution(spent, is_infeasible=True)
    return LevellingSolution(spent, bound=solver.best_objective_bound)


class _Model:
    def __init__(self, problem: LevelProblem, bounds: Bounds, known: Known) -> None:
        self.problem = problem
        self.bounds = bounds
        self.known = known
        self.model = cp_model.CpModel()
        self.start: list[cp_model.IntVar] = []
        self.finish: list[cp_model.IntVar] = []
        self.takes: list[list[tuple[cp_model.IntervalVar, int]]] = [[] for _ in problem.resources]
        self.variants = 0
        # If only the finish counts, no piece may end so late that the last one would end later than in the known plan.
        only_finish = problem.weight[0] == problem.weight[2] == 0 and known.keeps_promises
        self.last = known.cost // problem.weight[1] - known.is_limit if only_finish else problem.horizon

    def build(self) -> bool:
        for n, piece in enumerate(self.problem.pieces):
            if not self._add(n, piece):
                return False
        for bind in self.problem.binds:
            if self.problem.pieces[bind.after].fixed is None:
                at = self.start[bind.before] if bind.from_start else self.finish[bind.before]
                after = self.finish[bind.after] if bind.to_finish else self.start[bind.after]
                self.model.add(after >= self._lagged(at, bind.table, bind.lag))
        for keep in self.problem.keeps:
            self.model.add(self.start[keep.after] <= self._lagged(self.finish[keep.before], keep.table, keep.lag))
        for resource in range(len(self.problem.resources)):
            self._add_people(resource)
        self._add_objective()
        if not self.known.is_limit:
            for variable, value in zip(self.start, self.known.start, strict=True):
                self.model.add_hint(variable, value)
        return self.variants <= MOST_VARIANTS

    def _add(self, n: int, piece: Piece) -> bool:
        if piece.fixed is not None:
            self.start.append(self.model.new_constant(piece.fixed[0]))
            self.finish.append(self.model.new_constant(piece.fixed[1]))
            return True
        first, last = int(self.bounds.head[n]), self.last - int(self.bounds.tail[n])
        if piece.calendar == ALWAYS and piece.table == FREE:
            if last - piece.work < first:
                # There is no room. An empty domain would be an error in the model, so state a contradiction instead.
                self.model.add_bool_or([])
                last = first + piece.work
            start = self.model.new_int_var(first, last - piece.work, "")
            self.start.append(start)
            self.finish.append(start + piece.work)  # type: ignore[arg-type]
            if piece.work and piece.needs:
                interval = self.model.new_fixed_size_interval_var(start, piece.work, "")
                self._take(piece, interval)
            return True
        return self._add_variants(piece, first, last)

    def _add_variants(self, piece: Piece, first: int, last: int) -> bool:
        starts, finishes = self._places(piece, first, last)
        if not len(starts):
            return False
        start = self.model.new_int_var_from_domain(cp_model.Domain.from_values(starts.tolist()), "")
        finish = self.model.new_int_var(int(finishes.min()), int(finishes.max()), "")
        self.start.append(start)
        self.finish.append(finish)
        runs = self._runs(piece, starts, finishes)
        self.variants += len(runs)
        if self.variants > MOST_VARIANTS:
            return False
        chosen = [self.model.new_bool_var("") for _ in runs]
        self.model.add_exactly_one(chosen)
        for literal, (low, high, length) in zip(chosen, runs, strict=True):
            self.model.add_linear_constraint(start, low, high).only_enforce_if(literal)
            self.model.add(finish == start + length).only_enforce_if(literal)
            if piece.needs and length:
                self._take_between_breaks(piece, start, finish, low, low + length, literal)
        return True

    def _places(self, piece: Piece, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return every start of a piece within its window, and the finish of each."""
        problem = self.problem
        span = np.arange(first, min(last, problem.horizon - 1) + 1)
        if piece.table != FREE:
            starts = span[problem.lands[piece.table][span] == span]
            finishes = problem.ends[piece.table][starts].astype(np.int64)
        elif piece.work == 0:
            starts, finishes = span, span
        else:
            rank, place = problem.time[piece.calendar]
            starts = span[problem.works[piece.calendar - 1][span]]
            done = rank[starts] + piece.work
            starts, done = starts[done <= rank[-1]], done[done <= rank[-1]]
            finishes = place[done - 1].astype(np.int64) + 1
        fits = finishes <= last
        return starts[fits], finishes[fits]

    def _runs(self, piece: Piece, starts: NDArray[np.int64], finishes: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Return runs of starts that have the same length and cross the same breaks: first, last, length."""
        lengths = finishes - starts
        marks = lengths
        if piece.calendar != ALWAYS:
            works = self.problem.works[piece.calendar - 1]
            edges = np.concatenate([[0], np.cumsum(np.diff(works.astype(np.int8)) != 0)])
            marks = lengths * (int(edges[-1]) + 2) + edges[starts]
        return [(int(starts[a]), int(starts[b - 1]), int(lengths[a])) for a, b in _stretches(marks)]

    def _take_between_breaks(
        self,
        piece: Piece,
        start: cp_model.IntVar,
        finish: cp_model.IntVar,
        low: int,
        end: int,
        literal: cp_model.IntVar,
    ) -> None:
        """Book a variant's people: in one stretch, or in those between the breaks that it crosses."""
        breaks = [] if piece.holds else self._breaks(piece, low, end)
        edges: list[cp_model.LinearExprT] = [start, *(edge for pair in breaks for edge in pair), finish]
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            size = self.model.new_int_var(0, self.problem.horizon, "")
            self._take(piece, self.model.new_optional_interval_var(left, size, right, literal, ""))

    def _breaks(self, piece: Piece, low: int, end: int) -> list[tuple[int, int]]:
        if piece.calendar == ALWAYS:
            return []
        off = ~self.problem.works[piece.calendar - 1][low:end]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], off.astype(np.int8), [0]])))
        return [(low + int(a), low + int(b)) for a, b in edges.reshape(-1, 2)]

    def _take(self, piece: Piece, interval: cp_model.IntervalVar) -> None:
        for resource, amount in piece.needs:
            if amount:
                self.takes[resource].append((interval, amount))

    def _add_people(self, resource: int) -> None:
        takes = self.takes[resource]
        if not takes:
            return
        free = self.problem.free[resource]
        most = int(free.max(initial=0))
        intervals, amounts = [i for i, _ in takes], [a for _, a in takes]
        for a, b in _stretches(free):
            if free[a] < most:
                # Where fewer people are free, an interval takes the difference.
                intervals.append(self.model.new_fixed_size_interval_var(a, b - a, ""))
                amounts.append(most - int(free[a]))
        self.model.add_cumulative(intervals, amounts, most)

    def _lagged(self, at: cp_model.IntVar, table: int, lag: int) -> cp_model.LinearExprT:
        if table == FREE:
            return at + lag
        row = self.problem.lags[table]
        moved = row.astype(np.int64) - np.arange(len(row))
        after = self.model.new_int_var(0, int(row.max()), "")
        runs = _stretches(moved)
        self.variants += len(runs)
        if self.variants > MOST_VARIANTS:
            return at
        literals = [self.model.new_bool_var("") for _ in runs]
        self.model.add_exactly_one(literals)
        for literal, (a, b) in zip(literals, runs, strict=True):
            self.model.add_linear_constraint(at, a, b - 1).only_enforce_if(literal)
            self.model.add(after == at + int(moved[a])).only_enforce_if(literal)
        return after

    def _add_objective(self) -> None:
        late, last, starts = self.problem.weight
        terms: list[cp_model.LinearExprT] = []
        finish = self.model.new_int_var(self.bounds.finish, max(self.last, self.bounds.finish), "")
        for n, piece in enumerate(self.problem.pieces):
            self.model.add(finish >= self.finish[n])
            if late and piece.due is not None:
                lateness = self.model.new_int_var(0, self.problem.horizon, "")
                self.model.add(lateness >= self.finish[n] - piece.due)
                terms.append(late * lateness)
            if starts:
                terms.append(starts * self.start[n])
        terms.append(last * finish)
        if self.known.is_limit:
            self.model.add(cp_model.LinearExpr.sum(terms) <= self.known.cost - 1)
        if self.bounds.finish <= self.last:
            self.model.minimize(cp_model.LinearExpr.sum(terms))


def _stretches(values: NDArray[np.integer]) -> list[tuple[int, int]]:
    """Return the half-open stretches in which neighbours are equal."""
    return list(pairwise([0, *(np.flatnonzero(np.diff(values) != 0) + 1).tolist(), len(values)]))
