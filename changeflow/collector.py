"""When this process collects garbage: rarely in a command, which ends soon; between requests in the web application;
and as Python does by default in other servers."""

import gc
import time

_PYTHONS_OWN = gc.get_threshold()
_NEVER = 1_000_000_000
_ALLOCATIONS = 1_000_000
"""The allocations between two collections: most commands end before the first. Python 3.11 collects after 700."""


def collect_rarely() -> None:
    gc.set_threshold(_ALLOCATIONS)


def collect_as_usual() -> None:
    gc.set_threshold(*_PYTHONS_OWN)


class Sweeper:
    """Collects all garbage between requests, not in the middle of one: this takes 0.3 s on a large programme.

    Python's own collections then cover only new objects.
    """

    def __init__(self, every: float) -> None:
        """`every`: the fewest seconds between two collections."""
        self.every, self._last = every, time.monotonic()
        gc.set_threshold(*_PYTHONS_OWN[:2], _NEVER)

    def is_due(self) -> bool:
        return time.monotonic() - self._last >= self.every

    def sweep(self) -> None:
        if self.is_due():
            gc.collect()
            self._last = time.monotonic()
