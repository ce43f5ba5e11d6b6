"""Levelling on PSPLIB (Kolisch and Sprecher, 1996), read in place: mean gap to the best known, beside plain CP-SAT.

The instances have no open licence, so none is kept here: PSPLIB=DIR says where they lie, with an index.csv beside them.
"""

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import numpy as np
from ortools.sat.python import cp_model

from changeflow.roadmap.levelling.bounds import check_level
from changeflow.roadmap.levelling.problem import Bind, LevelProblem, Piece
from changeflow.roadmap.levelling.search import Levelled, SearchEffort, level

USUAL = Path(__file__).resolve().parents[2] / "shared" / "bench" / "psplib"
SECONDS = {"05s": 0.5, "2s": 2.0, "10s": 10.0}


def measure_psplib() -> dict[str, float]:
    """Return the gaps in percent by set and seconds, the share of j30 that is proved, and the peer's gaps."""
    folder = Path(os.environ.get("PSPLIB", USUAL))
    if not (folder / "index.csv").is_file():
        print(f"  no index.csv in {folder}: say where with PSPLIB=DIR", file=sys.stderr)
        return {}
    sets: dict[str, list[tuple[LevelProblem, int]]] = {}
    with (folder / "index.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            problem = read_instance((folder / row["instance"]).read_text())
            sets.setdefault(row["set"], []).append((problem, int(row["bks"])))
    level(next(iter(sets.values()))[0][0], SearchEffort(seconds=0.5))  # compiles what is not compiled yet
    found: dict[str, float] = {}
    for name, instances in sets.items():
        for key, seconds in SECONDS.items():
            answers = [_checked(problem, seconds) for problem, _ in instances]
            costs = [a.cost for a in answers]
            found[f"psplib_{name}_gap_{key}"] = gap_of(costs, [best for _, best in instances])
            if (name, key) == ("j30", "2s"):
                found["psplib_j30_proved_2s"] = round(fmean(a.is_proved for a in answers), 3)
    for key in ("2s", "10s"):
        if hard := sets.get("j120"):
            costs = [plain_cp_sat(problem, SECONDS[key]) for problem, _ in hard]
            found[f"cpsat_plain_j120_gap_{key}"] = gap_of(costs, [best for _, best in hard])
    return found


def gap_of(costs: list[int], best: list[int]) -> float:
    return round(fmean((cost / known - 1) * 100 for cost, known in zip(costs, best, strict=True)), 3)


def _checked(problem: LevelProblem, seconds: float) -> Levelled:
    found = level(problem, SearchEffort(seconds=seconds))
    if found is None or (broken := check_level(problem, found.start, found.finish)):
        raise AssertionError(f"a plan that breaks promises: {broken if found else 'none at all'}")
    return found


def read_instance(text: str) -> LevelProblem:
    """Read one `.sm` file."""
    lines = text.splitlines()
    after = [[int(x) - 1 for x in row[3:]] for row in _table(lines, "PRECEDENCE RELATIONS", 2)]
    rows = [[int(x) for x in row] for row in _table(lines, "REQUESTS/DURATIONS", 3)]
    have = [int(x) for x in next(_table(lines, "RESOURCEAVAILABILITIES", 2))]
    horizon = sum(row[2] for row in rows) + 1
    return LevelProblem(
        pieces=tuple(
            Piece(id=str(row[0]), work=row[2], needs=tuple((r, a) for r, a in enumerate(row[3:]) if a)) for row in rows
        ),
        binds=tuple(Bind(before=n, after=k) for n, later in enumerate(after) for k in later),
        resources=tuple(f"R{n + 1}" for n in range(len(have))),
        amounts=np.repeat(np.array(have)[:, None], horizon, axis=1),
    )


def _table(lines: list[str], title: str, below: int) -> Iterator[list[str]]:
    at = next(n for n, line in enumerate(lines) if line.startswith(title)) + below
    while not lines[at].startswith("*"):
        yield lines[at].split()
        at += 1


def plain_cp_sat(problem: LevelProblem, seconds: float) -> int:
    """The peer: intervals, precedences, cumulatives, two workers, and nothing else."""
    model = cp_model.CpModel()
    starts = [model.new_int_var(0, problem.horizon, "") for _ in problem.pieces]
    spans = [model.new_fixed_size_interval_var(s, p.work, "") for s, p in zip(starts, problem.pieces, strict=True)]
    for bind in problem.binds:
        model.add(starts[bind.after] >= starts[bind.before] + problem.pieces[bind.before].work)
    for resource in range(len(problem.resources)):
        takes = [(spans[n], a) for n, p in enumerate(problem.pieces) for r, a in p.needs if r == resource]
        model.add_cumulative([s for s, _ in takes], [a for _, a in takes], int(problem.amounts[resource, 0]))
    end = model.new_int_var(0, problem.horizon, "")
    for start, piece in zip(starts, problem.pieces, strict=True):
        model.add(end >= start + piece.work)
    model.minimize(end)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    return round(solver.objective_value) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else problem.horizon
