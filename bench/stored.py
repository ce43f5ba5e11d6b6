"""A stored programme in a process that has seen it: reading it again, and recording that a task is done."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copytree
from statistics import median

from bench.plan import SAMPLE
from changeflow.storage.database import read_scope
from changeflow.usecases import definitions
from changeflow.usecases.progress import finish_task
from changeflow.usecases.stored import Stored, load
from changeflow.usecases.unit_of_work import Change

NOW, ON = datetime(2027, 9, 1, 9, tzinfo=UTC), date(2027, 9, 1)
READS, TASKS = 51, 15


def measure_stored() -> dict[str, float]:
    """Return milliseconds, on the clock and of the processor: the medians of many reads and of tasks finished."""
    with tempfile.TemporaryDirectory() as folder:
        sample, db = Path(folder) / "sample", f"sqlite:///{folder}/changeflow.db"
        copytree(SAMPLE, sample)
        definitions.apply(sample, db=db, actor="chair-of-trustees", now=NOW, on=ON)

        def read() -> Stored:
            with read_scope(db) as session:
                return load(session, None, on=ON)

        programme = read().programme
        tasks = [t.id for t in programme.tasks() if t.gate is None and not t.is_milestone]
        first = sorted(tasks, key=lambda task: (programme.timed(task).early_start, task))[:TASKS]
        change = Change(db=db, programme=None, actor="chief-executive", now=NOW, on=ON)
        # Each finish changes the plan, so none finds its own result in memory.
        finishes = [_clock(lambda task=task: finish_task(task, ON, None, change)) for task in first]
        reads = [_clock(read) for _ in range(READS)]
    found = {}
    for key, digits, rounds in (("load_cached", 2, reads), ("finish_task_sample", 1, finishes[1:])):
        clock, processor = (round(median(one[n] for one in rounds), digits) for n in (0, 1))
        found |= {f"{key}_ms": clock, f"{key}_cpu_ms": processor}
    return found


def _clock(act: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - processor) * 1000
