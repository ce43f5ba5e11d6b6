"""Plan a Microsoft Project file: a file in, its dates out. What only programme folders need is not loaded."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from changeflow.intake.mpp import is_foreign, read_through_mpxj
from changeflow.intake.mspdi.reader import ProjectFile, read_mspdi
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.profile import PROFILES

TABLES = (".xlsx", ".xlsm", ".csv")
"""The endings of plans that Microsoft Planner has exported."""


def schedule_project(
    path: Path, *, say: Callable[[str], None] | None = None, profile: str | None = None
) -> tuple[ProjectFile, Schedule]:
    """Compute the critical path of a Microsoft Project file, or of a plan of Planner's or of another program's.

    `say` gets a line about what takes long, and one for each thing that is read but not applied.
    """
    project = _read(path, say)
    if say is not None:
        for remark in project.notes:
            say(remark)
    if profile is not None:
        project = replace(project, roadmap=replace(project.roadmap, profile=PROFILES[profile]))
    return project, time_roadmap(project.roadmap)


def _read(path: Path, say: Callable[[str], None] | None) -> ProjectFile:
    if path.suffix.lower() in TABLES:
        # Loaded here: most files are Project's own.
        from changeflow.intake.planner import read_planner

        return read_planner(path)
    return read_through_mpxj(path, say=say) if is_foreign(path) else read_mspdi(path)
