"""Whole processes beside TaskJuggler's, where it is installed (Debian's package `tj3`): one network of 1 000 tasks."""

import csv
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from bench.cpm import a_network, clock
from bench.report import command
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.moments import datetime_of

TASKS = 1_000


def measure_taskjuggler() -> dict[str, float]:
    """Return how many times faster than `tj3` the command `schedule` is; nothing without it. The dates are the same."""
    program = shutil.which("tj3")
    if program is None:
        return {}
    roadmap = a_network(TASKS)
    schedule = time_roadmap(roadmap)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "plan.tjp").write_text(as_project(roadmap))
        write_roadmap(roadmap, schedule, home / "plan.xml", name="A plan", calendar="office")
        call = [program, "--silent", "--output-dir", folder, str(home / "plan.tjp")]
        theirs = clock(partial(subprocess.run, call, check=True, capture_output=True))
        refuse_differences(schedule, home / "ends.csv")
        ours = clock(partial(command, "schedule", str(home / "plan.xml")))
    return {"plan_1k_x_taskjuggler": round(theirs / ours, 1), "plan_1k_process_ms": round(ours * 1000)}


def as_project(roadmap: Roadmap) -> str:
    """Write the network in TaskJuggler's language: work of a length, on the same hours."""
    before: dict[str, list[str]] = {}
    for link in roadmap.links:
        before.setdefault(link.successor, []).append(link.predecessor)
    start = datetime_of(roadmap.start)
    lines = [
        f'project plan "A plan" {start:%Y-%m-%d} +20y {{',
        '  timezone "UTC"\n  timeformat "%Y-%m-%dT%H:%M"\n  workinghours mon - fri 9:00 - 12:00, 13:00 - 17:00\n}',
    ]
    for task in roadmap.tasks.values():
        depends = f" depends {', '.join(before[task.id])}" if task.id in before else ""
        lines.append(f'task {task.id} "{task.name}" {{ length {task.duration.amount // 60}h{depends} }}')
    lines.append('taskreport ends "ends" { formats csv columns id, end }')
    return "\n".join(lines) + "\n"


def refuse_differences(schedule: Schedule, ends: Path) -> None:
    """Stop where a task ends at another time there."""
    with ends.open(newline="") as file:
        rows = {row["Id"]: row["End"] for row in csv.DictReader(file, delimiter=";")}
    ours = {t: f"{datetime_of(timed.early_finish):%Y-%m-%dT%H:%M}" for t, timed in schedule.timed.items()}
    if rows != ours:
        found = [f"{t}: {rows.get(t)}, ours {ours[t]}" for t in ours if rows.get(t) != ours[t]]
        raise SystemExit(f"{len(found)} tasks end elsewhere in TaskJuggler, first {found[:3]}.")
