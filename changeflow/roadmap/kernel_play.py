"""Finishes alone, of plain roadmaps: drawing and timing fused, 128 iterations beside each other.

A roadmap is plain where all work is on one calendar and every link is finish to start: then working minutes add up,
and the calendar is asked once, at the end. A draw is a function of seed, task and iteration alone. Memory is
one line of 128 numbers a task and thread.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

compiled: Any = njit(cache=True, _nrt=False, nogil=True, fastmath=True)  # type: ignore[call-overload]
inlined: Any = njit(cache=True, _nrt=False, nogil=True, fastmath=True, inline="always")  # type: ignore[call-overload]
LANES = 128
Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]
Singles = NDArray[np.float32]


class Plain(NamedTuple):
    """A plain roadmap, its tasks in topological order."""

    first_into: Shorts
    """The links `first_into[t]` to `first_into[t + 1]` lead into task t."""
    before: Shorts
    low: Singles
    """Working minutes; where nothing is drawn, low and high are the plan."""
    high: Singles
    rising: Singles
    """(high - low) * (likely - low)."""
    falling: Singles
    """(high - low) * (high - likely)."""
    turn: Singles
    """The share of draws up to the likely value."""
    events_first: Shorts
    """The events `events_first[t]` to `events_first[t + 1]` strike task t."""
    event: Shorts
    odds: Singles
    extra: Singles
    """Of each event: low, high, rising, falling and turn of what it costs."""


@compiled
def _mixed(x: np.uint32) -> np.uint32:
    """Mix 32 bits so that each depends on all (lowbias32 of C. Wellons' hash prospector)."""
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32(x * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


@compiled
def _event_cost(p: Plain, e: int, seed: np.uint32, iteration: int) -> np.float32:
    """Return what an event adds in one iteration: nothing, where it does not happen."""
    key = _mixed(np.uint32(np.uint32(e) * np.uint32(0x85EBCA6B) ^ seed ^ np.uint32(0xA5A5A5A5)))
    happens = np.float32(_mixed(np.uint32(np.uint32(iteration) * np.uint32(0x9E3779B9) + key))) * np.float32(2.0**-32)
    if happens >= p.odds[e]:
        return np.float32(0)
    u = np.float32(_mixed(np.uint32(np.uint32(iteration) * np.uint32(0xC2B2AE35) + key))) * np.float32(2.0**-32)
    if u < p.extra[e, 4]:
        return p.extra[e, 0] + np.sqrt(u * p.extra[e, 2])
    return p.extra[e, 1] - np.sqrt((np.float32(1) - u) * p.extra[e, 3])


@inlined
def _latest(p: Plain, t: int, done: NDArray[np.int32]) -> None:
    """Put into a task's lanes the latest finish of what leads to it."""
    line, lo, hi = done[t], p.first_into[t], p.first_into[t + 1]
    if hi == lo:
        for k in range(LANES):
            line[k] = 0
        return
    earlier = done[p.before[lo]]
    for k in range(LANES):
        line[k] = earlier[k]
    for m in range(lo + 1, hi):
        earlier = done[p.before[m]]
        for k in range(LANES):
            line[k] = max(line[k], earlier[k])


@inlined
def _add_drawn(p: Plain, t: int, line: NDArray[np.int32], mine: np.uint32, first: int) -> None:
    """Add a drawn duration to each lane."""
    low, high, rising = p.low[t], p.high[t], p.rising[t]
    falling, turn = p.falling[t], p.turn[t]
    for k in range(LANES):
        x = np.uint32(np.uint32(first + k) * np.uint32(0x9E3779B9) + mine)
        drawn = np.float32(np.int32(_mixed(x) >> np.uint32(8))) * np.float32(2.0**-24)
        is_up = drawn < turn
        root = np.sqrt(drawn * rising if is_up else (np.float32(1) - drawn) * falling)
        line[k] += np.int32((low + root if is_up else high - root) + np.float32(0.5))


@compiled
def play(p: Plain, targets: Ints, seed: int, first: int, done: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """Play the iterations from `first` on, as many as `out` has lines; `done` is scratch: a line of lanes a task."""
    tasks, count = len(p.first_into) - 1, out.shape[0]
    key = _mixed(np.uint32(seed))
    for begin in range(0, count, LANES):
        for t in range(tasks):
            line = done[t]
            _latest(p, t, done)
            mine = _mixed(np.uint32(np.uint32(t) * np.uint32(0x85EBCA6B) ^ key))
            _add_drawn(p, t, line, mine, first + begin)
            for j in range(p.events_first[t], p.events_first[t + 1]):
                for k in range(LANES):
                    line[k] += np.int32(_event_cost(p, p.event[j], key, first + begin + k) + np.float32(0.5))
        for n in range(len(targets)):
            line = done[targets[n]]
            for k in range(min(LANES, count - begin)):
                out[begin + k, n] = line[k]
