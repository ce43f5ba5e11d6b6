"""`make oracles`: thousands of random programmes, answered twice, and counts of what was tried."""

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests.oracles.comparing import compare_seeds
from tests.oracles.levelling import compare_levelling_of
from tests.oracles.simulating import compare_odds_of
from tests.oracles.wave_search import compare_waves_of

BATCH = 50
QUESTIONS: dict[str, Callable[[Iterable[int]], Any]] = {
    "Dates": compare_seeds,
    "Odds": compare_odds_of,
    "Levelling": compare_levelling_of,
    "Waves": compare_waves_of,
}


def compared(question: Callable[[Iterable[int]], Any], programmes: int) -> Any:
    """Compare the programmes of the first seeds, in batches."""
    batches = [range(n, min(n + BATCH, programmes)) for n in range(0, programmes, BATCH)]
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        first, *others = pool.map(question, batches)
    for part in others:
        first.add(part)
    return first


def main(programmes: int) -> Iterable[str]:
    differ = False
    for name, question in QUESTIONS.items():
        tally = compared(question, programmes)
        yield name
        yield from tally.lines()
        yield from tally.differences[:20]
        differ = differ or bool(tally.differences)
    if differ:
        raise SystemExit(1)


if __name__ == "__main__":
    for line in main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000):
        print(line, flush=True)
