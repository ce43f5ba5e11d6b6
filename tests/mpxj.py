"""What MPXJ makes of Project files: its scheduler follows Microsoft Project. One JVM for all files of a test module."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

WITHOUT_JAVA = "Java is not installed, so nothing is compared with MPXJ: not our export, not its formats"
if os.environ.get("CHANGEFLOW_REQUIRE_SHARED"):
    WITHOUT_JAVA += " (.ci/run installs it where it is root and has apt; it could not)"
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason=WITHOUT_JAVA)
SCHEDULE = """
import json, sys, jpype, mpxj
jpype.startJVM("-XX:TieredStopAtLevel=1", classpath=[f"{mpxj.mpxj_dir}/*"])
org = jpype.JPackage("org").mpxj

def fields(task, properties):
    def minutes(length):
        return round(float(length.convertUnits(org.TimeUnit.MINUTES, properties).getDuration()))
    return {
        "name": str(task.getName()), "start": str(task.getStart()), "finish": str(task.getFinish()),
        "total": minutes(task.getTotalSlack()), "critical": bool(task.getCritical()),
        "summary": bool(task.getSummary()), "level": int(task.getOutlineLevel()),
        "owners": [str(a.getResource().getName()) for a in task.getResourceAssignments()],
        "deadline": str(task.getDeadline()), "percent": float(task.getPercentageComplete() or 0),
        "id": str(task.getText(1)), "baseline": str(task.getBaselineFinish()), "notes": str(task.getNotes()),
    }

def read(path):
    project = org.reader.UniversalProjectReader().read(path)
    properties = project.getProjectProperties()
    org.cpm.MicrosoftScheduler().schedule(project, properties.getStartDate())
    tasks = [t for t in project.getTasks() if int(t.getUniqueID())]
    return {str(t.getUniqueID()): fields(t, properties) for t in tasks}

print(json.dumps({path: read(path) for path in sys.argv[1:]}))
"""


@dataclass(frozen=True)
class TheirTask:
    """A task as MPXJ schedules it: moments as it spells them, its float in minutes."""

    name: str
    start: str
    finish: str
    total: int
    critical: bool
    summary: bool
    level: int
    owners: list[str]
    deadline: str
    percent: float
    id: str
    baseline: str
    notes: str


def scheduled_by_mpxj(paths: Iterable[Path]) -> Mapping[Path, Mapping[str, TheirTask]]:
    """Return the tasks of each file, by their numbers, as MPXJ calculates them."""
    command = [sys.executable, "-c", SCHEDULE, *map(str, paths)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    return {Path(path): {uid: TheirTask(**t) for uid, t in tasks.items()} for path, tasks in found.items()}
