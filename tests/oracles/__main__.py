"""`make oracles`: thousands of random programmes, answered twice, and counts of what was tried.

`python -m tests.oracles 300 3000 Dates` asks one question of the programmes with some seeds, in one process.
"""

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from tests.oracles.comparing import compare_seeds
from tests.oracles.levelling import compare_levelling_of
from tests.oracles.simulating import compare_odds_of
from tests.oracles.wave_search import compare_waves_of

BATCH = 50
Question = Callable[[Iterable[int]], Any]
QUESTIONS: dict[str, Question] = {
    "Dates": compare_seeds,
    "Odds": compare_odds_of,
    "Levelling": partial(compare_levelling_of, seconds=0.5),
    "Waves": compare_waves_of,
}


def compared(question: Question, seeds: range, processes: int) -> Any:
    """Compare the programmes of some seeds, in batches."""
    batches = [seeds[n : n + BATCH] for n in range(0, len(seeds), BATCH)]
    if processes == 1:
        first, *others = map(question, batches)
    else:
        with ProcessPoolExecutor(processes) as pool:
            first, *others = pool.map(question, batches)
    for part in others:
        first.add(part)
    return first


def main(seeds: range, questions: Iterable[str], processes: int) -> Iterable[str]:
    is_wrong = False
    for name in questions:
        tally = compared(QUESTIONS[name], seeds, processes)
        yield name
        yield from tally.lines()
        yield from tally.differences[:20]
        is_wrong = is_wrong or bool(tally.differences) or not tally.is_enough
    if is_wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [first, last, name]:
            asked = range(int(first), int(last)), [name], 1
        case [count]:
            asked = range(int(count)), list(QUESTIONS), os.cpu_count() or 1
        case _:
            asked = range(5000), list(QUESTIONS), os.cpu_count() or 1
    for line in main(*asked):
        print(line, flush=True)
