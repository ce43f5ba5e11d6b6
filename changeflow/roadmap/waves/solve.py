"""Find a plan with CP-SAT, and bound it with the linear programme of the same rows."""

import math
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ortools.linear_solver.python import model_builder
from ortools.sat.python import cp_model

from changeflow.roadmap.solving import GRACE, solved
from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.first_plan import annealed, first_plan
from changeflow.roadmap.waves.problem import WavePlan, fairness, hub_dates, peaks
from changeflow.roadmap.waves.progress import BestSoFar, SearchProgress
from changeflow.roadmap.waves.rows import INFINITY, Row, WaveRows, exactly

WORKERS = 2
"""Part of the seed, because the number of workers changes the plan."""
PATIENCE, LEAST_PATIENCE = 6, 20
"""The clock ends a search after this many times its effort, and some seconds more, to allow for busy machines."""
LEAST_BOUND = 1.0
"""The fewest deterministic seconds for a bound."""
LOOK_EVERY = 0.5
"""Seconds between checks for better plans, of which hundreds are found at first."""
STEPS_PER_PAIR = 40_000
MOST_STEPS = 500_000
"""Steps of annealing for each deterministic second of the search; they take about a third of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLimits:
    """How long to search. The deterministic limit decides, so that answers repeat; the clock is a safety net.

    `seconds` of wall-clock time is far longer than a search takes, so that a busy machine does not change the answer.
    """

    seconds: float = 5.0
    effort: float = 5.0
    """Deterministic seconds of the solver, similar to seconds of the clock on an ordinary machine."""
    seed: int = 1

    @classmethod
    def about(cls, seconds: float, seed: int) -> "SearchLimits":
        """Search for about this many seconds; the clock ends a search after `PATIENCE` times as long."""
        return cls(seconds=PATIENCE * seconds + LEAST_PATIENCE, effort=seconds, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class WavesSolution:
    """The result of a search."""

    plan: WavePlan | None
    value: int
    """The value of the objective, in the unit of its rows."""
    bound: float
    """The bound: the better of the search's own and the linear programme's."""
    is_proved: bool
    is_infeasible: bool
    is_repeatable: bool
    """False if the clock ended the search."""
    offset: float = 0.0
    """The constant cost of every plan in the same unit: weeks before a service's first date."""
    values: Mapping[int, int] = field(default_factory=dict)

    @property
    def gap(self) -> float | None:
        """(plan - bound) / plan, in weeks from the programme's start; None without a plan, or for a value of 0."""
        if self.plan is None:
            return None
        if self.is_proved:
            return 0.0
        whole = self.value + self.offset
        return max(0.0, (self.value - self.bound) / whole) if whole > 0 else None


def solve(
    rows: WaveRows,
    limits: SearchLimits,
    *,
    hint: Mapping[int, int] | None = None,
    without: Collection[str] = (),
    with_bound: bool = True,
    progress: SearchProgress | None = None,
) -> WavesSolution:
    """Search within the limits; `without` leaves the rows of some groups out."""
    kept = [r for r in rows.rows if r.group not in without] if without else rows.rows
    model, variables, _ = cp_model_of(rows, kept)
    for variable, value in sorted((hint or {}).items()):
        model.add_hint(variables[variable], value)
    solver = make_solver(limits)
    bounder = _Bounder(rows, kept, limits) if with_bound and rows.objective else None
    if bounder is not None:
        bounder.start()
    try:
        status = solved(solver if progress is None else _Watched(solver, rows, variables, bounder, progress), model)
        if bounder is not None:
            bounder.ended.wait()
    except BaseException:
        if bounder is not None:
            bounder.stop()
        raise
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    values = {n: int(solver.value(v)) for n, v in enumerate(variables)} if found else {}
    own = solver.best_objective_bound if found and rows.objective else -math.inf
    linear = bounder.bound if bounder is not None else -math.inf
    plan = rows.plan_of(values) if found else None
    value = sum(cost * values[v] for v, cost in rows.objective.items()) if found else 0
    if plan is not None and rows.objective:  # If a search was ended early, variables may be larger than necessary.
        value = min(value, math.ceil(worth(rows, plan)))
    bound = max(own, linear)
    proved = status == cp_model.OPTIMAL or (found and bool(rows.objective) and bound >= value)
    return WavesSolution(
        plan=plan,
        value=value,
        bound=min(bound, value) if found else bound,
        is_proved=proved,
        is_infeasible=status == cp_model.INFEASIBLE,
        is_repeatable=proved or status == cp_model.INFEASIBLE or solver.wall_time < limits.seconds,
        offset=float(rows.offset * rows.scale),
        values=values,
    )


def solve_plan(
    rows: WaveRows,
    limits: SearchLimits,
    *,
    hint: Mapping[int, int] | None,
    progress: SearchProgress | None = None,
) -> WavesSolution:
    """Search from a known plan, or else from a quick one. `progress` receives each better plan."""
    quick = None if hint else _quick_plan(rows, limits)
    if quick is not None and progress is not None:
        cost, offset = float(worth(rows, quick)), float(rows.offset * rows.scale)
        progress.found(BestSoFar(plan=quick, value=cost, bound=-math.inf, offset=offset))
    return solve(rows, limits, hint=hint or (rows.hint_of(quick) if quick else None), progress=progress)


def _quick_plan(rows: WaveRows, limits: SearchLimits) -> WavePlan | None:
    """Return the better of a quick plan and its annealed version; None if there is no quick plan.

    A plan that breaks a requirement must not be a hint: if no plan exists, CP-SAT 9.15 with a hint crashes.
    """
    quick = first_plan(rows.problem, lambda plan: worth(rows, plan))
    if quick is None or check_plan(rows.problem, quick):
        return None
    steps = min(STEPS_PER_PAIR * len(rows.problem.pairs), round(MOST_STEPS * limits.effort))
    return min(quick, annealed(rows, quick, limits.seed, steps), key=lambda plan: worth(rows, plan))


def worth(rows: WaveRows, plan: WavePlan) -> Fraction:
    """Return the exact cost of a plan in the unit of the objective, independent of the model's variables."""
    problem, weights = rows.problem, rows.weights
    dates = sum(rows.wanted.get(rows.column[pair, c.week], Fraction(0)) for pair, c in plan.chosen.items())
    last: dict[str, int] = {}
    for (_, service), candidate in plan.chosen.items():
        last[service] = max(last.get(service, 0), candidate.week)
    whole = (
        exactly(weights.hub) * (0 if problem.hubs_apart else hub_dates(problem, plan))
        + exactly(weights.last) * sum(last.values())
        + exactly(weights.peak) * sum(peaks(problem, plan).values())
        + exactly(weights.fairness) * fairness(problem, plan)
    )
    return rows.scale * (dates + whole - rows.offset)


def make_solver(limits: SearchLimits) -> cp_model.CpSolver:
    """Return a solver whose answer repeats for a seed, number of workers and effort."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limits.seconds
    solver.parameters.max_deterministic_time = limits.effort
    solver.parameters.random_seed = limits.seed
    solver.parameters.num_workers = WORKERS
    solver.parameters.interleave_search = True
    # Probing took 8 of 10 seconds on fifty schools, and found nothing that the search did not find sooner.
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.max_presolve_iterations = 1
    solver.parameters.symmetry_level = 0
    solver.parameters.catch_sigint_signal = False
    return solver


def cp_model_of(
    rows: WaveRows, kept: Sequence[Row], *, is_guarded: bool = False
) -> tuple[cp_model.CpModel, list[cp_model.IntVar], dict[str, cp_model.IntVar]]:
    """Build a model of some rows; with `is_guarded`, each group's rows depend on its guard, without an objective."""
    model = cp_model.CpModel()
    variables = [
        model.new_bool_var(f"v{n}") if high == 1 else model.new_int_var(0, high, f"v{n}")
        for n, high in enumerate(rows.highs)
    ]
    groups = sorted({r.group for r in kept if r.group}) if is_guarded else []
    guards = {group: model.new_bool_var(group) for group in groups}
    for row in kept:
        total = cp_model.LinearExpr.weighted_sum([variables[v] for v, _ in row.terms], [c for _, c in row.terms])
        added = model.add_linear_constraint(total, row.low, row.high)
        if row.group in guards:
            added.only_enforce_if(guards[row.group])
    if rows.objective and not is_guarded:
        names = sorted(rows.objective)
        costs = [rows.objective[v] for v in names]
        model.minimize(cp_model.LinearExpr.weighted_sum([variables[v] for v in names], costs))
    return model, variables, guards


class _Watched(cp_model.CpSolverSolutionCallback):
    """A solver whose better plans are reported. It only observes the search, so it does not change the answer."""

    def __init__(
        self,
        solver: cp_model.CpSolver,
        rows: WaveRows,
        variables: Sequence[cp_model.IntVar],
        bounder: "_Bounder | None",
        progress: SearchProgress,
    ) -> None:
        super().__init__()
        self._solver, self._rows, self._variables = solver, rows, variables
        self._bounder, self._progress = bounder, progress
        self._looked = -LOOK_EVERY
        self.parameters = solver.parameters

    def solve(self, model: cp_model.CpModel, /) -> cp_model.CpSolverStatus:
        return self._solver.solve(model, self)

    def stop_search(self) -> None:
        self._solver.stop_search()

    def on_solution_callback(self) -> None:
        if self.wall_time - self._looked < LOOK_EVERY:
            return
        self._looked = self.wall_time
        plan = self._rows.plan_of({n: int(self.value(v)) for n, v in enumerate(self._variables)})
        linear = self._bounder.bound if self._bounder is not None else -math.inf
        best = BestSoFar(
            plan=plan,
            value=self.objective_value,
            bound=max(self.best_objective_bound, linear),
            offset=float(self._rows.offset * self._rows.scale),
            seconds=self.wall_time,
            share=self.deterministic_time / self.parameters.max_deterministic_time,
        )
        self._progress.found(best)


class _Bounder(threading.Thread):
    """Solves the linear relaxation in parallel with the search; its optimum bounds every plan."""

    def __init__(self, rows: WaveRows, kept: Sequence[Row], limits: SearchLimits) -> None:
        super().__init__(daemon=True)
        self._rows, self._kept = rows, kept
        self.bound = -math.inf
        self.ended = threading.Event()
        self._solver = model_builder.Solver("glop")
        # On some problems GLOP loops for ever. Its deterministic limit ends that; the clock is a safety net.
        self._solver.set_solver_specific_parameters(f"max_deterministic_time: {max(limits.effort, LEAST_BOUND)}")
        self._solver.set_time_limit_in_seconds(limits.seconds)

    def stop(self) -> None:
        """Stop it, because a thread that still runs when the process ends would abort the process."""
        self._solver.stop_search()  # type: ignore[no-untyped-call]
        self.ended.wait(GRACE)

    def run(self) -> None:
        try:
            self._bound()
        finally:
            self.ended.set()

    def _bound(self) -> None:
        model = model_builder.Model()  # type: ignore[no-untyped-call]
        variables = [model.new_num_var(0, high, "") for high in self._rows.highs]
        for row in self._kept:
            total = model_builder.LinearExpr.weighted_sum(
                [variables[v] for v, _ in row.terms], [c for _, c in row.terms]
            )
            low = -math.inf if row.low <= -INFINITY else row.low
            high = math.inf if row.high >= INFINITY else row.high
            model.add_linear_constraint(total, low, high)
        names = sorted(self._rows.objective)
        costs = [float(self._rows.objective[v]) for v in names]
        model.minimize(model_builder.LinearExpr.weighted_sum([variables[v] for v in names], costs))
        solver = self._solver
        if solver.solve(model) == model_builder.SolveStatus.OPTIMAL:
            # A float solver's optimum is only approximate; a plan's value is a whole number.
            value = solver.objective_value
            self.bound = math.ceil(value - 1e-6 * max(1.0, abs(value)))
