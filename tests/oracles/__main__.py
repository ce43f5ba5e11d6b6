"""`make oracles`: thousands of random programmes, planned twice, and counts of what was tried."""

import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from tests.oracles.comparing import Tally, compare_seeds
from tests.oracles.known import KNOWN

BATCH = 50


def compared(programmes: int, processes: int) -> Tally:
    """Compare the programmes of the first seeds, in batches."""
    whole = Tally()
    batches = [range(n, min(n + BATCH, programmes)) for n in range(0, programmes, BATCH)]
    with ProcessPoolExecutor(processes) as pool:
        for part in pool.map(compare_seeds, batches):
            whole.add(part)
    return whole


def main(programmes: int) -> Iterable[str]:
    dates = compared(programmes, os.cpu_count() or 1)
    yield "Dates"
    yield from dates.lines()
    yield from dates.failed[:20]
    yield from dates.differences[:20]
    yield f"{len(KNOWN)} features left out because the engine still disagrees"
    yield from (f"       {feature}: {why}" for feature, why in KNOWN.items())
    if dates.differences or dates.failed:
        raise SystemExit(1)


if __name__ == "__main__":
    for line in main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000):
        print(line, flush=True)
