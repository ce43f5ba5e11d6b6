"""A parallel run of a million contracts with twelve elements each, from two files, with its memory at the most."""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from changeflow.pilots.criteria import ParallelRunPolicy, Tolerance
from changeflow.pilots.runs import MatchOutcome
from changeflow.reconciliation.compare import reconcile

LINES, WRONG = 1_000_000, 5_000
ELEMENTS = (
    "gross",
    "tax",
    "ni",
    "pension",
    "net",
    "loan",
    "er_ni",
    "er_pension",
    "levy",
    "ytd_gross",
    "ytd_tax",
    "ytd_net",
)


def measure_reconcile() -> dict[str, float]:
    """Return seconds, and megabytes at the most, of a process that does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder) / "old.csv", Path(folder) / "new.csv"
        _write(old, new)
        done = subprocess.run(  # noqa: S603  (this file itself)
            [sys.executable, "-m", "bench.reconcile", str(old), str(new)], capture_output=True, text=True, check=True
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _write(old: Path, new: Path) -> None:
    """Write both sides, the new one in another order and with this many cells off by a pound."""
    chance = random.Random(8)  # noqa: S311
    wrong = {chance.randrange(LINES): chance.randrange(len(ELEMENTS)) for _ in range(WRONG)}
    head = "contract," + ",".join(ELEMENTS) + "\n"
    with old.open("w") as before, new.open("w") as after:
        before.write(head)
        after.write(head)
        for n in range(LINES):
            pence = [(n * 7919 + 104_729 * m) % 500_000 for m in range(len(ELEMENTS))]
            before.write(f"C{n:07d}," + ",".join(f"{p // 100}.{p % 100:02d}" for p in pence) + "\n")
            # The new side goes through the contracts in steps that meet each of them once.
            m = n * 700_001 % LINES
            pence = [(m * 7919 + 104_729 * k) % 500_000 + 100 * (wrong.get(m) == k) for k in range(len(ELEMENTS))]
            after.write(f"C{m:07d}," + ",".join(f"{p // 100}.{p % 100:02d}" for p in pence) + "\n")


def _measure(old: Path, new: Path) -> dict[str, float]:
    tolerances = tuple(Tolerance(element=e, absolute=Decimal("0.01")) for e in ELEMENTS)
    began = time.perf_counter()
    result = reconcile(old, new, ParallelRunPolicy(tolerances=tolerances), period="2027-01")
    seconds = time.perf_counter() - began
    if result.count(MatchOutcome.UNEXPLAINED) + result.count(MatchOutcome.EQUAL) != LINES:
        raise RuntimeError(f"contracts were lost: {result.counts}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"reconcile_1m_s": round(seconds, 1), "reconcile_1m_peak_mb": round(peak)}


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]), Path(sys.argv[2]))))
