"""Attack random trusts through sequences of imports, and count the findings; exit with 1 if there are any.

`make disclosure` attacks 10,000 trusts; `python -m disclosure --trusts 1 --seed N` repeats one of them and says after
which import each finding is possible.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from disclosure.attacker import GUARANTEES
from disclosure.trials import Job, Outcome, attack_one, explain

SEED, TRUSTS = 1, 10_000
PRINT_EVERY = 250
"""Trusts between two lines of progress, if there is no terminal for a bar."""
LINES_OF_0_1_0, STATEMENTS_OF_0_1_0 = 3.99, 19.94
"""What 0.1.0 published on average for a trust's first import: over the 10,000 trusts of seed 1, `publish` with a
minimum of 10 and bands of 6, with views in the order of `programme.audiences`. A band that is narrower than from no one
to everyone is a statement, and a line counts if it has any."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make disclosure", description=__doc__)
    parser.add_argument("--trusts", type=int, default=TRUSTS)
    parser.add_argument(
        "--seed", type=int, default=SEED, help="the seed of the first trust; each further trust adds one"
    )
    parser.add_argument("--jobs", type=int, default=max(1, min(2, os.cpu_count() or 1)), help="the number of processes")
    parser.add_argument("--door", default="disclosure.door:make_door", help="what publishes, as module:function")
    chosen = parser.parse_args(arguments)
    jobs = [Job(seed, chosen.door) for seed in range(chosen.seed, chosen.seed + chosen.trusts)]
    if len(jobs) == 1:
        print("\n".join(explain(jobs[0])))
    began = time.monotonic()
    outcomes = list(_attack_all(jobs, chosen.jobs))
    return _print_counts(outcomes, time.monotonic() - began)


def _attack_all(jobs: Sequence[Job], processes: int) -> Iterator[Outcome]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("left:"), TimeRemainingColumn())  # fmt: skip
    attack_one(jobs[0])  # Compile once for all processes.
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(processes, mp_context=context) as pool,
        Progress(*columns, console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task("Trusts attacked", total=len(jobs))
        broken = 0
        outcomes = pool.map(attack_one, jobs, chunksize=4) if processes > 1 else map(attack_one, jobs)
        for done, outcome in enumerate(outcomes, start=1):
            if outcome.findings:
                broken += 1
                progress.console.print(_format_outcome(outcome), markup=False, highlight=False)
            progress.update(task, advance=1, description=f"Trusts attacked ({broken} with findings)")
            if not progress.console.is_terminal and done % PRINT_EVERY == 0:
                print(f"{done} of {len(jobs)} trusts attacked, {broken} with findings.", file=sys.stderr, flush=True)
            yield outcome


def _print_counts(outcomes: Sequence[Outcome], seconds: float) -> int:
    """Print the findings by guarantee; return the exit code."""
    trusts = len(outcomes)
    broken = Counter(g for o in outcomes for g in {f.guarantee for f in o.findings})
    print(f"{'violations':>10}  {'trusts':>6}")
    for guarantee, promise in GUARANTEES.items():
        print(f"{broken[guarantee]:>10}  {trusts:>6}  {guarantee}  {promise}")
    totals = {name: sum(getattr(o, name) for o in outcomes) for name in ("imports", "lines", "questions", "solved")}
    print(
        f"{totals['imports']} imports, {totals['lines']} lines, {totals['questions']} questions "
        f"({totals['solved']} by the solver), {seconds:.0f} s."
    )
    lines = sum(o.first_lines for o in outcomes) / trusts
    statements = sum(o.first_statements for o in outcomes) / trusts
    print(f"After the first import, a trust shows {lines:.2f} lines with {statements:.2f} statements on average.")
    fewer = False
    if {o.seed for o in outcomes} == set(range(SEED, SEED + TRUSTS)):
        print(f"0.1.0 showed {LINES_OF_0_1_0:.2f} lines with {STATEMENTS_OF_0_1_0:.2f} statements for the same trusts.")
        fewer = statements < STATEMENTS_OF_0_1_0
    for outcome in sorted((o for o in outcomes if o.findings), key=lambda o: o.seed)[:20]:
        print(_format_outcome(outcome))
    if broken:
        seeds = sorted(o.seed for o in outcomes if o.findings)
        print(f"GUARANTEES ARE BROKEN in {len(seeds)} trusts: seeds {', '.join(map(str, seeds[:200]))}.")
    elif fewer:
        print("FEWER STATEMENTS than in 0.1.0.")
    else:
        print(f"All guarantees hold (with 95% confidence, fewer than {3 / trusts:.2%} of trusts break any).")
    return 1 if broken or fewer else 0


def _format_outcome(outcome: Outcome) -> str:
    first = outcome.findings[0]
    return f"seed {outcome.seed} ({', '.join(outcome.story)}): {first.guarantee} {first.text}"


if __name__ == "__main__":
    sys.exit(main())
