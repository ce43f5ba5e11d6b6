"""What a comparison of two states looks at, and from which date it counts."""

from dataclasses import replace

from changeflow.roadmap.analysis.changes import Cause, Slip, SlipPart
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId


def ends_of(roadmap: Roadmap, schedule: Schedule) -> list[TaskId]:
    """Return the milestones that nothing but milestones wait for, and what ends last."""
    is_leaf = {t for t in roadmap.tasks if t not in schedule.below}
    if not is_leaf:
        return []
    last = max(is_leaf, key=lambda t: (schedule[t].early_finish, t))
    has_next = {k.predecessor for k in roadmap.links if not roadmap.tasks[k.successor].is_milestone}
    ends = [t for t in roadmap.tasks if t in is_leaf and roadmap.tasks[t].is_milestone and t not in has_next]
    return list(dict.fromkeys((*ends, last)))


def from_approved(slip: Slip, approved: int) -> Slip:
    """Return a slip from the civil minute that was approved.

    A baseline's date stays as it was approved, also where changeflow itself computes it otherwise today.
    """
    recomputed = Slip(slip.target, approved, slip.before, ()).days
    if not recomputed:
        return slip
    return replace(slip, before=approved, parts=(*slip.parts, SlipPart(Cause.OTHER, (), recomputed)))
