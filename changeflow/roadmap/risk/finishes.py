"""Finishes of plain roadmaps, many times over: what batches over whole portfolios ask for."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.arrays import (
    AMOUNT,
    DATA_DATE,
    DATA_DATE_MOVES,
    FLAGS,
    KIND,
    MILESTONE,
    NEVER,
    ODD_INTO,
    ODD_OUT,
    OPEN,
    OWN,
    PLACED,
    SHAPE,
    STATE,
    TASK,
    WORK,
    Arrays,
    to_arrays,
)
from changeflow.roadmap.kernel_play import LANES, Plain, play
from changeflow.roadmap.risk.model import Range, RiskModel
from changeflow.roadmap.risk.simulate import simulate
from changeflow.roadmap.tasks import Roadmap
from changeflow.values.base import TaskId

BLOCK = 1_024
"""Iterations that a thread plays at a time."""
MOST = 2**31 - 1
"""Working minutes that the fast way can count."""


def finishes(
    roadmap: Roadmap,
    model: RiskModel,
    targets: Sequence[TaskId],
    *,
    iterations: int = 10_000,
    seed: int = 1,
    threads: int = 2,
) -> Mapping[TaskId, NDArray[np.int64]]:
    """Return the finishes of the targets, in civil minutes, in order of iteration.

    A plain roadmap without shared causes goes the fast way; any other through `simulate`, on all its calendars. The two
    draw from different generators, each the same for any number of threads.
    """
    arrays = to_arrays(roadmap)
    plain = None if model.causes else _plain(arrays, model)
    if plain is None:
        return simulate(roadmap, model, targets, iterations=iterations, seed=seed, threads=threads).finishes
    row_of = {task: row for row, task in enumerate(arrays.ids)}
    rows = np.array([row_of[t] for t in targets], np.int64)
    minutes = played(plain, rows, iterations=iterations, seed=seed, threads=threads)
    calendar = next(iter({roadmap.tasks[t].calendar: roadmap.calendar_of(t) for t in roadmap.tasks}.values()))
    known, at = np.unique(minutes, return_inverse=True)
    start = roadmap.start
    if arrays.settings[DATA_DATE_MOVES] and arrays.settings[DATA_DATE] != NEVER:
        start = max(start, int(arrays.settings[DATA_DATE]))
    civil = np.array([calendar.add(start, int(m)) if m else start for m in known], np.int64)[at.reshape(minutes.shape)]
    return {t: civil[:, n] for n, t in enumerate(targets)}


def played(plain: Plain, rows: NDArray[np.int64], *, iterations: int, seed: int, threads: int) -> NDArray[np.int32]:
    """Return working minutes from the start, iteration by target."""
    out = np.empty((iterations, len(rows)), np.int32)

    def block(first: int) -> None:
        done = np.empty((len(plain.first_into) - 1, LANES), np.int32)
        play(plain, rows, seed, first, done, out[first : first + BLOCK])

    with ThreadPoolExecutor(max(1, threads)) as pool:
        list(pool.map(block, range(0, iterations, BLOCK)))
    return out


def _plain(arrays: Arrays, model: RiskModel) -> Plain | None:
    """Return a plain roadmap's arrays, or None where it is not plain."""
    hot, cold = arrays.hot, arrays.cold
    is_plain = (
        not (hot[:, FLAGS] & ~(MILESTONE | ODD_INTO | ODD_OUT)).any()
        and not arrays.into[SHAPE].any()
        and (cold[:, KIND] == WORK).all()
        and (cold[:, STATE] == OPEN).all()
        and len(np.unique(hot[:, [OWN, PLACED]])) == 1
    )
    if not is_plain or any(r.distribution != "triangular" for r in model.ranges):
        return None
    row_of = {task: row for row, task in enumerate(arrays.ids)}
    low = hot[:, AMOUNT].astype(np.float64)
    likely, high = low.copy(), low.copy()
    for one in model.ranges:
        row = row_of[one.task]
        low[row], likely[row], high[row] = one.low, one.likely, one.high
    strikes = sorted((row_of[t], n) for n, e in enumerate(model.events) for t in e.tasks if t in row_of)
    most = high.sum() + sum(model.events[n].effect[2] for _, n in strikes)
    if most > MOST:
        return None
    count = np.bincount([row for row, _ in strikes], minlength=len(hot)) if strikes else np.zeros(len(hot), np.int64)
    return Plain(
        first_into=arrays.first_into.astype(np.int32),
        before=np.ascontiguousarray(arrays.into[TASK]).astype(np.int32),
        **shape_of(low, likely, high),
        events_first=np.concatenate([[0], np.cumsum(count)]).astype(np.int32),
        event=np.array([n for _, n in strikes], np.int32),
        odds=np.array([e.probability for e in model.events], np.float32),
        extra=_extras(
            [Range(task=e.name, low=e.effect[0], likely=e.effect[1], high=e.effect[2]) for e in model.events]
        ),
    )


def shape_of(
    low: NDArray[np.float64], likely: NDArray[np.float64], high: NDArray[np.float64]
) -> dict[str, NDArray[np.float32]]:
    span = high - low
    turn = np.divide(likely - low, span, out=np.ones_like(span), where=span > 0)
    named = {"low": low, "high": high, "rising": span * (likely - low), "falling": span * (high - likely), "turn": turn}
    return {name: values.astype(np.float32) for name, values in named.items()}


def _extras(effects: Sequence[Range]) -> NDArray[np.float32]:
    columns = [np.array([getattr(e, name) for e in effects], np.float64) for name in ("low", "likely", "high")]
    shape = shape_of(*columns)
    return np.stack([shape[n] for n in ("low", "high", "rising", "falling", "turn")], axis=1).reshape(-1, 5)
