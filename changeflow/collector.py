"""How often this process looks for garbage: rarely in a command, which ends soon, and as Python does in a server."""

import gc

_PYTHONS_OWN = gc.get_threshold()
_ALLOCATIONS = 1_000_000
"""Between two looks: most commands end before the first. Python 3.11 looks after 700."""


def collect_rarely() -> None:
    gc.set_threshold(_ALLOCATIONS)


def collect_as_usual() -> None:
    gc.set_threshold(*_PYTHONS_OWN)
