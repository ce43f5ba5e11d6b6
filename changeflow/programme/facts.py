"""What is known to have happened in a programme: rows of the database, never of a version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from changeflow.adkar.assessment import Assessment
from changeflow.pilots.runs import RunSummary
from changeflow.roadmap.tasks import TaskProgress
from changeflow.values.base import TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A gate's answer."""

    task: TaskId
    outcome: str
    """`go` or `no_go`."""
    reason: str
    by: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of them; none at all is a programme that has not begun."""

    progress: Mapping[TaskId, TaskProgress] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    runs: tuple[RunSummary, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    criteria: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Measured exit criteria: service, then criterion, then the value as text."""

    def decision(self, task: TaskId) -> Decision | None:
        """Return the latest answer of a gate."""
        return next((d for d in reversed(self.decisions) if d.task == task), None)

    def runs_of(self, service: str) -> tuple[RunSummary, ...]:
        return tuple(r for r in self.runs if r.service == service)
