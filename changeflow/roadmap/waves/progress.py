"""The progress of a search for waves in the reader's terms: the best plan so far, and how much better one could be."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from changeflow.roadmap.waves.problem import WavePlan, WaveProblem, numbers_of
from changeflow.values.duration import counted
from changeflow.values.moments import format_day

EVERY, AT_LEAST_EVERY = 5.0, 20.0
"""Seconds between lines if there is progress to report, and if there is none."""
ENOUGH = 0.1
"""The share of a search after which its speed is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BestSoFar:
    """The best plan that a search has found, with its cost and a bound for every plan, in the search's unit."""

    plan: WavePlan
    value: float
    bound: float
    offset: float
    """The constant cost of every plan."""
    seconds: float = 0.0
    """When it was found, in seconds from the solver's start."""
    share: float = 0.0
    """How much of the search was done then, from 0 to 1."""

    @property
    def gap(self) -> float | None:
        """(plan - bound) / plan; None as long as no useful bound is known."""
        whole = self.value + self.offset
        return max(0.0, (self.value - self.bound) / whole) if whole > 0 and self.bound > -whole else None


class SearchProgress:
    """Says every few seconds, from a separate thread, how good the best plan so far is."""

    def __init__(self, problem: WaveProblem, name: str, seconds: float, say: Callable[[str], None]) -> None:
        self._problem, self._name, self._seconds, self._say = problem, name, seconds, say
        self._best: BestSoFar | None = None
        self._started = time.monotonic()
        """When the solver started, as far as is known."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "SearchProgress":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def found(self, best: BestSoFar) -> None:
        """Take a better plan."""
        self._started, self._best = time.monotonic() - best.seconds, best

    def _run(self) -> None:
        said, at = "", 0.0
        while not self._ended.wait(EVERY):
            now, news = time.monotonic(), self.news
            if news != said or now - at >= AT_LEAST_EVERY:
                self._say(f"{self._name}: {news}; {self.time_left(now - self._started)}")
                said, at = news, now

    @property
    def news(self) -> str:
        """The progress found so far."""
        if (best := self._best) is None:
            return "no plan yet"
        near = "" if best.gap is None else f", within {best.gap:.1%} of the best possible"
        return f"so far {result_in_words(self._problem, best.plan)}{near}"

    def time_left(self, elapsed: float) -> str:
        """Describe the time left, from the speed of the search so far. A busy machine takes longer."""
        whole, best = self._seconds, self._best
        if best is not None and best.share >= ENOUGH:
            whole = max(whole, best.seconds / best.share)
        rest = math.ceil(whole - elapsed)
        return f"about {counted(rest, 'second')} left" if rest > 0 else "this takes longer than expected"


def result_in_words(problem: WaveProblem, plan: WavePlan) -> str:
    """Describe a plan by its last go-live, and the announced dates that it changes."""
    last = f"the last go-live is on {format_day(max(c.day for c in plan.chosen.values()))}"
    if not problem.announced:
        return last
    moved = numbers_of(problem, plan).announced_moved
    return f"{last}, {counted(moved, 'announced date')} {'changes' if moved == 1 else 'change'}"
