"""What numba does for the engine: compile a function, say so, and show how far it has come."""

import sys
from typing import Any

import numpy as np
from numba import njit
from numba.core import event
from numpy.typing import NDArray

FIRST_TIME = "Compiling a part of the engine, the first time only: up to a minute …"


# Without `_nrt=False` numba counts the references to every array at every call: several times as long as the work.
compiled: Any = njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload]
"""Decorates a function that numba compiles when it is first called, or reads from its cache (`NUMBA_CACHE_DIR`)."""
inlined: Any = njit(cache=True, nogil=True, _nrt=False, inline="always")  # type: ignore[call-overload]
"""The same for what is called so often that handing the arrays over would take longer: it goes into its callers."""


@compiled
def draw(random: NDArray[np.uint64]) -> int:
    """Return the next 31 bits (xorshift64*, Vigna 2016); `random` holds the state of the generator."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33))


@compiled
def below(random: NDArray[np.uint64], limit: int) -> int:
    return (draw(random) * limit) >> 31


class _Progress(event.Listener):
    """Says on standard error that something is compiled, once a process; on a terminal it counts the functions."""

    def __init__(self) -> None:
        self.done = self.depth = 0

    def on_start(self, _: event.Event) -> None:
        if self.done == self.depth == 0:
            sys.stderr.write(f"{FIRST_TIME}\n")
        self.depth += 1
        self.show()

    def on_end(self, _: event.Event) -> None:
        self.done, self.depth = self.done + 1, self.depth - 1
        self.show()

    def show(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{self.done} functions compiled" + ("" if self.depth else "\n"))
            sys.stderr.flush()


event.register("numba:compile", _Progress())
