"""Wait as long as a slow machine needs, and no longer than it takes for the thing to happen."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 600.0
"""Seconds after which a wait counts as hung. A busy machine is never this slow; only a fault is."""
PAUSE = 0.05
"""Seconds between two looks."""
Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found],
    *,
    what: str | Callable[[], object],
    failed: Callable[[], object] = lambda: None,
    seconds: float = PATIENCE,
    pause: float = PAUSE,
) -> Found:
    """Return the condition's first true answer.

    `what` names the awaited thing in the error, or returns the text for it. `failed` returns a reason as soon as the
    thing can no longer happen: a process has ended, a log holds an error. Raises `AssertionError` then, and after
    `seconds`. A look that costs the other side much is taken less often: `pause` is the time between two of them.
    """
    end = time.monotonic() + seconds
    while True:
        # Look for the failure first: what happened just before it still counts.
        reason = failed()
        if found := condition():
            return found
        name = what if isinstance(what, str) else what()
        if reason:
            raise AssertionError(f"{name} can no longer happen: {reason}")
        if time.monotonic() > end:
            raise AssertionError(f"{name} did not happen within {seconds:g} seconds")
        time.sleep(pause)
