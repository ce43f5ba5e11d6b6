"""The same networks through MPXJ, the best open engine (Java): its schedule and its floats, warm, against ours.

MPXJ works out a float when it is asked for it, so every task is asked for both. Needs Java and `changeflow[mpp]`;
without them the group says so and measures nothing. The dates of both are compared first: what differs is not measured.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bench.cpm import SHORT_ROUNDS, a_network, clock
from changeflow.calendar.layers import Layer, compile_calendar
from changeflow.roadmap.engine import jit
from changeflow.roadmap.engine.arrays import to_arrays
from changeflow.roadmap.engine.cpm import Schedule, compute, time_roadmap
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.moments import minute_of

HOURS = ((480, 720), (780, 1020))
"""MPXJ's standard calendar."""
START = datetime(2027, 1, 4, 8)  # noqa: DTZ001  (local, as the schedule is)


def measure_mpxj() -> dict[str, float]:
    """Return how many times faster than MPXJ we are, from arrays and from Python objects."""
    try:
        java = _java()
    except ImportError as missing:
        print(f"  left out: {missing}", file=sys.stderr)
        return {}
    found: dict[str, float] = {}
    for name, count in (("10k", 10_000), ("100k", 100_000)):
        roadmap = _on_standard_hours(a_network(count))
        project = _as_project(java, roadmap)
        theirs = clock(_both_passes(java, project))
        with jit.compiled_always():
            _compare(project, time_roadmap(roadmap))
            arrays = to_arrays(roadmap)
            ours_arrays = clock(lambda a=arrays: compute(a), rounds=SHORT_ROUNDS)
            ours = clock(lambda r=roadmap: time_roadmap(r))
        found[f"cpm_{name}_x_mpxj"] = round(theirs / ours_arrays, 1)
        found[f"cpm_{name}_x_mpxj_from_objects"] = round(theirs / ours, 1)
        found[f"cpm_{name}_mpxj_ms"] = round(theirs * 1000)
    return found


def _java() -> Any:  # noqa: ANN401
    import jpype
    import mpxj

    if not jpype.isJVMStarted():
        try:
            jpype.startJVM("-Xmx6g", classpath=[f"{mpxj.mpxj_dir}/*"])
        except jpype.JVMNotFoundException:
            raise ImportError("Java is not installed") from None
    return jpype.JPackage("org").mpxj


def _on_standard_hours(roadmap: Roadmap) -> Roadmap:
    layer = Layer("week", dict.fromkeys(range(5), HOURS))
    last = date(2047 + len(roadmap.tasks) // 1000, 1, 1)
    calendar = compile_calendar("office", [layer], first=date(2027, 1, 1), last=last)
    return replace(
        roadmap, calendars={"office": calendar}, profile=MSPROJECT, start=minute_of(START), minutes_per_day=480
    )


def _as_project(java: Any, roadmap: Roadmap) -> Any:  # noqa: ANN401
    from java.time import LocalDateTime

    project = java.ProjectFile()
    project.setDefaultCalendar(project.addDefaultBaseCalendar())
    project.getProjectProperties().setStartDate(LocalDateTime.parse(START.isoformat()))
    minutes, zero = java.TimeUnit.MINUTES, java.Duration.getInstance(0, java.TimeUnit.MINUTES)
    tasks = {}
    for task in roadmap.tasks.values():
        made = project.addTask()
        made.setName(task.name)
        length = java.Duration.getInstance(task.duration.amount, minutes)
        made.setDuration(length)
        made.setRemainingDuration(length)
        made.setActualDuration(zero)
        made.setPercentageComplete(0)
        tasks[task.id] = made
    for link in roadmap.links:
        tasks[link.successor].addPredecessor(java.Relation.Builder().predecessorTask(tasks[link.predecessor]))
    return project


def _both_passes(java: Any, project: Any) -> Callable[[], None]:  # noqa: ANN401
    from java.time import LocalDateTime

    start = LocalDateTime.parse(START.isoformat())
    tasks = list(project.getTasks())

    def work() -> None:
        java.cpm.MicrosoftScheduler().schedule(project, start)
        for task in tasks:
            task.getTotalSlack()
            task.getFreeSlack()

    return work


def _compare(project: Any, schedule: Schedule) -> None:  # noqa: ANN401
    """Refuse to measure answers that differ: early finish, late finish, total float."""
    for task in project.getTasks():
        timed = schedule[str(task.getName())]
        theirs = [minute_of(datetime.fromisoformat(str(d))) for d in (task.getEarlyFinish(), task.getLateFinish())]
        slack = round(float(task.getTotalSlack().getDuration()) * _MINUTES[str(task.getTotalSlack().getUnits())])
        if [*theirs, slack] != [timed.early_finish, timed.late_finish, timed.total_float]:
            sys.exit(f"{task.getName()}: MPXJ says {theirs}, {slack}; we say {timed}")


_MINUTES = {"m": 1, "h": 60, "d": 480, "w": 2400}
