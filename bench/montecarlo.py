"""Monte Carlo: what `changeflow simulate` runs, against vectorised numpy with the same distributions.

Ours counts on a calendar and says what drives the end as well; numpy only adds up working minutes.
"""

import tracemalloc

import numpy as np
from numpy.typing import NDArray

from bench.cpm import a_network, clock
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.roadmap.risk.model import Range, RiskModel
from changeflow.roadmap.risk.simulate import simulate

ITERATIONS = 10_000
LOW, HIGH = 0.8, 1.8
"""The range of each task, as shares of its duration."""


def measure_montecarlo() -> dict[str, float]:
    """Return how many times faster than numpy, for 1 000 tasks, and the memory of our side."""
    roadmap = a_network(1_000)
    last = max(roadmap.tasks)
    ranges = [
        Range(task=t.id, low=t.duration.amount * LOW, likely=t.duration.amount, high=t.duration.amount * HIGH)
        for t in roadmap.tasks.values()
    ]
    model = RiskModel(ranges=tuple(ranges))
    ours = clock(lambda: simulate(roadmap, model, [last], iterations=ITERATIONS, threads=2))
    theirs = clock(lambda: by_numpy(roadmap), rounds=1)
    tracemalloc.start()
    found = simulate(roadmap, model, [last], iterations=ITERATIONS, threads=2).finishes[last]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    calendar = roadmap.calendars["office"]
    one, other = np.array([calendar.between(roadmap.start, int(f)) for f in found]), by_numpy(roadmap)
    # Ours draws whole minutes from a table of quantiles: the means may differ by that as well.
    if abs(one.mean() - other.mean()) > 5 * other.std() / ITERATIONS**0.5 * 2**0.5 + other.mean() / 1000:
        raise AssertionError("the two do not agree")
    return {
        "montecarlo_1k_x_numpy": round(theirs / ours, 1),
        "montecarlo_1k_s": round(ours, 3),
        "montecarlo_1k_peak_mb": round(peak / 1e6, 1),
    }


def by_numpy(roadmap: Roadmap) -> NDArray[np.float64]:
    """The vectorised way: a row of iterations a task, drawn by numpy and added up task after task."""
    rng = np.random.default_rng(1)
    before: dict[str, list[str]] = {t: [] for t in roadmap.tasks}
    for link in roadmap.links:
        before[link.successor].append(link.predecessor)
    done: dict[str, NDArray[np.float64]] = {}
    for task in roadmap.tasks.values():
        likely = task.duration.amount
        length = rng.triangular(LOW * likely, likely, HIGH * likely, ITERATIONS)
        earlier = [done[t] for t in before[task.id]]
        done[task.id] = np.max(earlier, axis=0) + length if earlier else length
    return done[max(roadmap.tasks)]
