"""Planning the sample: from files to findings, after import."""

import time
from pathlib import Path
from statistics import median

from changeflow.reports.tables import plan_text
from changeflow.usecases.plan import plan_folder

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "programmes" / "trust-central-services"
ROUNDS = 7


def measure_plan() -> dict[str, float]:
    """Return milliseconds of `changeflow plan` on the sample: the first round, and the median of all."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        list(plan_text(plan_folder(SAMPLE)))
        took.append((time.perf_counter() - began) * 1000)
    return {"plan_sample_ms": round(median(took), 1), "plan_sample_first_ms": round(took[0], 1)}
