"""Iterations of a simulation, compiled: draw durations, time the roadmap, and add up the results.

A draw is a function of the seed, the iteration and the place alone (a counter-based generator): so the numbers drawn
are the same with any number of threads. No array of iterations by tasks is kept; a block of iterations adds up its own
sums, and blocks are added in their order.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.engine.arrays import AMOUNT, FLAGS, KIND, SUMMARY, TASK, WORK
from changeflow.roadmap.engine.forward import forward
from changeflow.roadmap.engine.incremental import share
from changeflow.roadmap.engine.jit import kernel
from changeflow.roadmap.engine.net import Net, Result
from changeflow.roadmap.engine.outline import Ints

Floats = NDArray[np.float64]
NO_CAUSE = -1
CAUSES, EVENTS, EFFECTS = 1_000_000, 2_000_000, 3_000_000
"""The first places of causes, of events and of their effects; a task's place is its number."""
LOW, HIGH = 0.1, 0.9
"""The tenths of a task's draws that the tornado compares."""
COSTED = 1000
"""How many iterations to repeat with and without each event, to find its cost."""
AS_DRAWN = -1


class Draws(NamedTuple):
    """What to draw in each iteration."""

    rows: Ints
    """The row of each task with a range."""
    table: Floats
    """Its quantiles, in the task's own unit: minutes, or whole periods."""
    cause: Ints
    """The cause that it shares, or NO_CAUSE."""
    loading: Floats
    """The square root of the cause's correlation."""
    odds: Floats
    """The probability of each event."""
    effect: Floats
    """Each event's quantiles, in its own unit: minutes, or whole periods."""
    event_of: Ints
    """Events and the rows that they strike: one line a pair."""
    struck: Ints
    part: Ints
    """For each pair: the row of `parts` that takes the effect."""
    sharing: Ints
    """The rows whose amount is drawn, and on which the lag of a link depends."""
    planned: int
    """The last target's planned finish."""


class Sums(NamedTuple):
    """The sums of one block of iterations; `finish` has one row for each iteration."""

    finish: Ints
    """Iteration by target: civil minutes."""
    driving: Ints
    """For each row: in how many iterations it was on the driving path to the last target."""
    moments: Floats
    """For each drawn task: the sums of its duration, of the square, and of the product with the last target's
    finish."""
    tails: Floats
    """For each drawn task: the count and sum of the last target's finish in the lowest tenth, then in the highest."""
    cost: Floats
    """For each event: how much later the last target's finish is with it than without it, over the costed
    iterations."""
    length: Ints
    """For each drawn task: the value drawn in this iteration."""


@kernel
def draw(seed: int, iteration: int, place: int) -> float:
    """Return a number in [0, 1) that depends on nothing else: SplitMix64 over a counter (Steele et al., 2014)."""
    x = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(iteration) * np.uint64(0xD1B54A32D192ED03)
    x = x + np.uint64(place) * np.uint64(0x8CB92BA72F3D8DD7) + np.uint64(0x2545F4914F6CDD1D)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return float(x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def normal_of(u: float) -> float:
    """Return the standard normal quantile (Acklam's approximation: relative error below 1.15e-9)."""
    u = min(max(u, 1e-16), 1 - 1e-16)
    if u < 0.02425 or u > 1 - 0.02425:
        q = math.sqrt(-2 * math.log(u if u < 0.5 else 1 - u))
        top = ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q
                - 2.549732539343734) * q + 4.374664141464968) * q + 2.938163982698783  # fmt: skip
        low = (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q
               + 3.754408661907416) * q + 1.0  # fmt: skip
        return top / low if u < 0.5 else -top / low
    q = u - 0.5
    r = q * q
    top = ((((-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02) * r
            + 1.383577518672690e02) * r - 3.066479806614716e01) * r + 2.506628277459239  # fmt: skip
    low = ((((-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02) * r
            + 6.680131188771972e01) * r - 1.328068155288572e01) * r + 1.0  # fmt: skip
    return q * top / low


@kernel
def looked_up(table: Floats, line: int, u: float) -> float:
    at = u * (table.shape[1] - 1)
    left = min(int(at), table.shape[1] - 2)
    return table[line, left] + (at - left) * (table[line, left + 1] - table[line, left])


@kernel
def drive(n: Net, r: Result, target: int) -> None:
    """Mark the driving path to one row: back over driving links."""
    for i in range(len(n.hot)):
        r.driving[i] = 0
    r.driving[target] = 1
    for i in range(target, -1, -1):
        if r.driving[i]:
            for j in range(n.first_into[i], n.first_into[i + 1]):
                k = n.into[TASK, j]
                if r.drives[j] and not n.hot[k, FLAGS] & SUMMARY:
                    r.driving[k] = 1


@kernel
def _length_of(d: Draws, k: int, seed: int, iteration: int) -> int:
    """Draw the minutes of one task, together with the cause that it shares."""
    u = draw(seed, iteration, k)
    if d.cause[k] != NO_CAUSE:
        shared = normal_of(draw(seed, iteration, CAUSES + d.cause[k]))
        z = d.loading[k] * shared + math.sqrt(1 - d.loading[k] * d.loading[k]) * normal_of(u)
        u = 0.5 * math.erfc(-z / math.sqrt(2.0))
    return math.floor(looked_up(d.table, k, u) + 0.5)


@kernel
def _fires(d: Draws, e: int, seed: int, iteration: int) -> bool:
    return draw(seed, iteration, EVENTS + e) < d.odds[e]


@kernel
def _draw_lengths(n: Net, d: Draws, sums: Sums, seed: int, iteration: int) -> None:
    for k in range(len(d.rows)):
        least = 1 if n.cold[d.rows[k], KIND] == WORK else 0
        sums.length[k] = max(least, _length_of(d, k, seed, iteration))


@kernel
def _set_lengths(n: Net, d: Draws, sums: Sums, seed: int, iteration: int, other: int) -> None:
    """Write this iteration's amounts into the rows, and the time that events add into their parts.

    `other` is an event to invert (it strikes in the iterations where it was not drawn, and not in the others), or
    AS_DRAWN."""
    for k in range(len(d.rows)):
        n.hot[d.rows[k], AMOUNT] = sums.length[k]
    for j in range(len(d.part)):
        e, more = d.event_of[j], 0
        if _fires(d, e, seed, iteration) != (e == other):
            more = math.floor(looked_up(d.effect, e, draw(seed, iteration, EFFECTS + e)) + 0.5)
        n.parts[d.part[j], 1] = more
    for j in range(len(d.sharing)):
        share(n, d.sharing[j])


@kernel
def _add_up(n: Net, d: Draws, sums: Sums, finish: float) -> None:
    for k in range(len(d.rows)):
        length = float(sums.length[k])
        sums.moments[k, 0] += length
        sums.moments[k, 1] += length * length
        sums.moments[k, 2] += length * finish
        if length <= looked_up(d.table, k, LOW):
            sums.tails[k, 0] += 1
            sums.tails[k, 1] += finish
        elif length >= looked_up(d.table, k, HIGH):
            sums.tails[k, 2] += 1
            sums.tails[k, 3] += finish


@kernel
def _add_costs(n: Net, r: Result, d: Draws, sums: Sums, last: int, seed: int, iteration: int) -> None:
    """Repeat the iteration for each event: without the event if it strikes, and with it if it does not."""
    finish = r.early[last, 1]
    for e in range(len(d.odds)):
        _set_lengths(n, d, sums, seed, iteration, e)
        forward(n, r)
        change = float(r.early[last, 1] - finish)
        sums.cost[e] += -change if _fires(d, e, seed, iteration) else change


@kernel
def run_block(n: Net, r: Result, d: Draws, targets: Ints, seed: int, first: int, sums: Sums) -> None:
    """Run iterations, beginning with `first`, as many as `sums` has lines."""
    last = targets[len(targets) - 1]
    for line in range(sums.finish.shape[0]):
        iteration = first + line
        _draw_lengths(n, d, sums, seed, iteration)
        _set_lengths(n, d, sums, seed, iteration, AS_DRAWN)
        forward(n, r)
        for t in range(len(targets)):
            sums.finish[line, t] = r.early[targets[t], 1]
        drive(n, r, last)
        for i in range(len(n.hot)):
            sums.driving[i] += r.driving[i]
        _add_up(n, d, sums, float(r.early[last, 1] - d.planned))
        if iteration < COSTED:
            _add_costs(n, r, d, sums, last, seed, iteration)
