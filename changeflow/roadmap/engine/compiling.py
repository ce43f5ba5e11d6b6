"""Compile the engine's functions with numba, and report the progress."""

import sys
from collections.abc import Callable
from functools import cache
from glob import escape, glob
from hashlib import sha256
from typing import Any

import numpy as np
from numba import njit
from numba.core import event
from numpy.typing import NDArray

FIRST_TIME = "Getting ready (the first time only, up to a minute) …"


def compiled(function: Callable[..., Any]) -> Any:  # noqa: ANN401
    """Let numba compile a function when it is first called, or read it from its cache (`NUMBA_CACHE_DIR`)."""
    return _kept(function)


def inlined(function: Callable[..., Any]) -> Any:  # noqa: ANN401
    """Let numba compile a function into its callers, because it is called so often that passing the arrays would take
    longer."""
    return _kept(function, inline="always")


def _kept(function: Callable[..., Any], **options: str) -> Any:  # noqa: ANN401
    # Without `_nrt=False` numba counts the references to every array at every call, which takes several times as long
    # as the work.
    found: Any = njit(cache=True, nogil=True, _nrt=False, **options)(function)  # type: ignore[call-overload]
    kept = getattr(found._cache, "_cache_file", None)
    if kept is not None:
        # numba checks only a function's own file, and would use old code of the functions that it calls. The version is
        # compared before the rest of a cached file is read, because a file of other sources may name classes that no
        # longer exist.
        kept._version = f"{kept._version} {sources()}"
    return found


@cache
def sources() -> str:
    """Return a digest of all code that may be compiled: the roadmap's, and the values whose numbers go into it."""
    digest, roadmap = sha256(), __file__.rpartition("engine")[0]
    for folder in (roadmap, f"{roadmap}../values/"):
        for path in sorted(glob(f"{escape(folder)}**/*.py", recursive=True)):  # noqa: PTH207
            with open(path, "rb") as source:  # noqa: PTH123
                digest.update(path.removeprefix(folder).encode() + b"\0" + source.read())
    return digest.hexdigest()


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
    """Says on standard error that functions are being compiled, once in a process; on a terminal it also counts
    them."""

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
