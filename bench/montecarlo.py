"""Monte Carlo: 10 000 iterations of a plain network, against vectorised numpy with the same distributions."""

import random
import tracemalloc

import numpy as np

from bench.cpm import clock
from changeflow.roadmap.kernel_play import Plain
from changeflow.roadmap.risk.finishes import played, shape_of

ITERATIONS = 10_000
LINKS = 2.4


def measure_montecarlo() -> dict[str, float]:
    """Return how many times faster than numpy, for 1 000 and 10 000 tasks, and the memory of our side."""
    found: dict[str, float] = {}
    for name, count in (("1k", 1_000), ("10k", 10_000)):
        plain, before = a_network(count)
        rows = np.array([count - 1], np.int64)
        ours = clock(lambda p=plain, r=rows: played(p, r, iterations=ITERATIONS, seed=1, threads=2))
        theirs = clock(lambda p=plain, b=before: by_numpy(p, b), rounds=1)
        one, other = played(plain, rows, iterations=ITERATIONS, seed=1, threads=2)[:, 0], by_numpy(plain, before)
        if abs(one.mean() - other.mean()) > 5 * other.std() / ITERATIONS**0.5 * 2**0.5:
            raise AssertionError("the two do not agree")
        found[f"montecarlo_{name}_x_numpy"] = round(theirs / ours, 1)
        found[f"montecarlo_{name}_s"] = round(ours, 3)
    plain, _ = a_network(10_000)
    tracemalloc.start()
    played(plain, np.array([9_999], np.int64), iterations=ITERATIONS, seed=1, threads=2)
    found["montecarlo_10k_peak_mb"] = round(tracemalloc.get_traced_memory()[1] / 1e6, 1)
    tracemalloc.stop()
    return found


def a_network(count: int) -> tuple[Plain, list[list[int]]]:
    """Tasks of one to ten days, drawn from 80 to 180 percent of that, each after some of the fifty before it."""
    rng = random.Random(3)  # noqa: S311
    before = [
        sorted(rng.sample(range(max(0, t - 50), t), min(t, rng.choice((2, 2, 2, 3, 3)))) if t else [])
        for t in range(count)
    ]
    likely = np.array([rng.randint(1, 10) * 480.0 for _ in range(count)])
    nothing = np.zeros(0, np.int32)
    return (
        Plain(
            first_into=np.concatenate([[0], np.cumsum([len(b) for b in before])]).astype(np.int32),
            before=np.array([p for b in before for p in b], np.int32),
            **shape_of(likely * 0.8, likely, likely * 1.8),
            events_first=np.zeros(count + 1, np.int32),
            event=nothing,
            odds=np.zeros(0, np.float32),
            extra=np.zeros((0, 5), np.float32),
        ),
        before,
    )


def by_numpy(plain: Plain, before: list[list[int]]) -> np.ndarray:
    """The vectorised way: a row of iterations a task, drawn by numpy and added up task after task."""
    rng = np.random.default_rng(1)
    done = np.empty((len(before), ITERATIONS), np.float64)
    low, high = plain.low.astype(float), plain.high.astype(float)
    likely = low + plain.turn * (high - low)
    for t, earlier in enumerate(before):
        length = rng.triangular(low[t], likely[t], high[t], ITERATIONS)
        done[t] = done[earlier].max(axis=0) + length if earlier else length
    return done[-1]
