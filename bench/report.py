"""The report to the SRO: of the stored sample in a warm process and by its command, and of a large programme."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from time import process_time
from unittest.mock import patch

from bench.cpm import clock
from bench.plan import SAMPLE
from bench.rules import a_large_trust
from changeflow.reports.documents import write_report
from changeflow.reports.sro import SroReport, build_sro
from changeflow.rules.engine import judge
from changeflow.usecases import stored
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import Cache

APPROVED, TODAY = "2026-09-01", date(2027, 5, 4)


def measure_report() -> dict[str, float]:
    """Return milliseconds of `changeflow report sro`, and seconds of printing: the sample, and 2 600 judged tasks."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        # A folder that is stored is given its version to keep: the ready programmes stay as they are.
        sample = shutil.copytree(SAMPLE, home / "trust")
        page, db = home / "report.html", f"sqlite:///{home / 'changeflow.db'}"
        on, known = ["--at", f"{TODAY}"], ["--db", db, "--as", "programme-manager"]
        command("apply", str(sample), "--yes", "--at", APPROVED, *known)
        decided = ["--decisions", str(SAMPLE / "decisions.csv")]
        command("task", "import", str(SAMPLE / "progress.csv"), "--yes", *decided, *on, *known)
        for answers in sorted((SAMPLE / "adkar").glob("*.csv")):
            command("assess", "import", str(answers), *on, *known)
        report = ["report", "sro", "--out", str(page), *on]
        stored = clock(partial(command, *report, "--db", db))
        warm = clock(lambda: write_report(read_again(db), page))
        paper = home / "report.pdf"
        printed = worked(partial(write_report, read_again(db), paper))
        read = clock(partial(command, "report", "sro", str(SAMPLE), "--out", str(page), *on))
        plan = clock(partial(command, "plan", str(SAMPLE)))
        judged = judge(a_large_trust())
        # A programme remembers what was asked of its schedule: each round has one that was asked nothing.
        large = clock(
            lambda: write_report(build_sro(replace(judged, programme=replace(judged.programme)), today=TODAY), page)
        )
        large_printed = worked(partial(write_report, build_sro(judged, today=TODAY), paper))
    return {
        "report_pdf_s": round(printed, 2),
        "report_pdf_2000_tasks_s": round(large_printed, 2),
        "report_sro_sample_ms": round(warm * 1000, 1),
        "report_sro_sample_process_ms": round(stored * 1000),
        "report_sro_sample_folder_process_ms": round(read * 1000),
        "plan_sample_process_ms": round(plan * 1000),
        "report_sro_2000_tasks_ms": round(large * 1000),
    }


def worked(run: Callable[[], object]) -> float:
    """Return the processor time of a first run, in seconds on all threads: Typst remembers much for a second."""
    before = process_time()
    run()
    return process_time() - before


def read_again(db: str) -> SroReport:
    """Return the report of a programme that this process has not read in its present state."""
    with patch.object(stored, "_KEPT", Cache(stored.MOST_KEPT)):
        return sro_of_stored(None, db=db, today=TODAY)


def command(*arguments: str) -> None:
    """Run one command in a separate process, with the bytecode of its modules kept, as an installed one has it."""
    alone = {k: v for k, v in os.environ.items() if not k.startswith(("CHANGEFLOW_", "PYTHONDONTWRITEBYTECODE"))}
    subprocess.run([sys.executable, "-m", "changeflow", *arguments], check=True, capture_output=True, env=alone)  # noqa: S603
