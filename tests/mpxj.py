"""What MPXJ makes of Project files: its scheduler follows Microsoft Project. One JVM for all files of a test module."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
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

def link(relation, minutes):
    lag = relation.getLag()
    percent = lag.getUnits() in (org.TimeUnit.PERCENT, org.TimeUnit.ELAPSED_PERCENT)
    length = f"{lag.getDuration():g}%" if percent else str(minutes(lag))
    return f"{relation.getPredecessorTask().getUniqueID()} {relation.getType()} {length}"

def works(calendar, first, last):
    found, day = [], first
    while not day.isAfter(last):
        found.append(int(calendar.getWork(day, org.TimeUnit.MINUTES).getDuration()))
        day = day.plusDays(1)
    return found

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
        "physical": float(task.getPhysicalPercentComplete() or 0),
        "calendar": str(task.getEffectiveCalendar().getName()),
        "links": sorted(link(relation, minutes) for relation in task.getPredecessors()),
    }

def read(path):
    project = org.reader.UniversalProjectReader().read(path)
    properties = project.getProjectProperties()
    org.cpm.MicrosoftScheduler().schedule(project, properties.getStartDate())
    tasks = [t for t in project.getTasks() if int(t.getUniqueID())]
    first = properties.getStartDate().toLocalDate()
    last = max(t.getFinish() for t in tasks).toLocalDate()
    return {
        "tasks": {str(t.getUniqueID()): fields(t, properties) for t in tasks}, "first": str(first),
        "calendars": {str(c.getName()): works(c, first, last) for c in project.getCalendars()},
    }

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
    physical: float
    calendar: str
    """The name of the calendar that places it."""
    links: list[str]
    """Of its predecessors: number, type, and lag in minutes or percent."""


@dataclass(frozen=True)
class TheirFile:
    """A file as MPXJ reads it."""

    tasks: Mapping[str, TheirTask]
    """By their numbers."""
    first: date
    calendars: Mapping[str, list[int]]
    """Working minutes of each day from the first to the last of the plan, by the calendar's name."""


def scheduled_by_mpxj(paths: Iterable[Path]) -> Mapping[Path, TheirFile]:
    """Return each file as MPXJ reads and calculates it."""
    command = [sys.executable, "-c", SCHEDULE, *map(str, paths)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    return {
        Path(path): TheirFile(
            tasks={uid: TheirTask(**t) for uid, t in one["tasks"].items()},
            first=date.fromisoformat(one["first"]),
            calendars=one["calendars"],
        )
        for path, one in found.items()
    }
