"""Plan a Microsoft Project file: a file in, its dates out. What only programme folders need is not loaded."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from changeflow.intake.mpp import FOREIGN, read_through_mpxj
from changeflow.intake.mspdi.reader import ProjectFile, read_mspdi
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.profile import PROFILES


def schedule_project(
    path: Path, *, say: Callable[[str], None] | None = None, profile: str | None = None
) -> tuple[ProjectFile, Schedule]:
    """Compute the critical path of a Microsoft Project file.

    `say` gets a line about what takes long, and one for each thing that is read but not applied.
    """
    project = read_through_mpxj(path, say=say) if path.suffix.lower() in FOREIGN else read_mspdi(path)
    if say is not None:
        for remark in project.notes:
            say(remark)
    if profile is not None:
        project = replace(project, roadmap=replace(project.roadmap, profile=PROFILES[profile]))
    return project, time_roadmap(project.roadmap)
