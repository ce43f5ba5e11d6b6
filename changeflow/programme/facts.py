"""What is known to have happened in a programme: rows of the database, never of a version."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from changeflow.adkar.published import Snapshot
from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.pilots.entries import Entry
from changeflow.pilots.runs import RunSummary
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY, format_day, minute_of
from changeflow.values.words import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What an approval asks for: it becomes a task."""

    text: str
    owner: str
    due: date
    before: TaskId | None = None
    """The task that may not begin until it is met; none where it only has its day."""
    number: int = field(default=0, compare=False)
    """Its place among those of its decision, from 1; it keeps that when another is withdrawn. 0 until it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A gate's answer. After a rejection the gate may be asked again: that is the next round."""

    task: TaskId
    outcome: Outcome
    reason: str
    by: str
    on: date
    round: int = 1
    dissent: str = ""
    """What somebody who saw it otherwise wants kept."""
    conditions: tuple[Condition, ...] = ()

    @property
    def numbered(self) -> tuple[tuple[int, Condition], ...]:
        """The conditions with their numbers."""
        return tuple((c.number or n, c) for n, c in enumerate(self.conditions, start=1))

    def condition_task(self, number: int) -> TaskId:
        """Return the id of the task that a condition has become; they count from 1."""
        return f"{self.task}/condition-{number}"


ACTS = {"seen": "active and visible", "coalition": "building the coalition", "direct": "speaking with people directly"}
"""What a sponsor does for a change. Source: Prosci, public page on the sponsor's three roles; the words are ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SponsorAct:
    """Something that the sponsor, or a change lead, did for the change where people could see it."""

    on: date
    what: str
    kind: str = "seen"
    """One of `ACTS`."""
    who: str | None = None
    """The change lead whose act it was; None for the sponsor's own."""
    group: str | None = None
    """Whom it reached, where it was one group: spoken with, consulted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """Somebody came to a training session; what shows what they can do since, where it is known."""

    task: TaskId
    person: str
    on: date
    evidence: str = ""


SYSTEMS = ("old", "new")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What was filed: a scheme's period, by the old system or the new one."""

    service: str
    scheme: str
    period: str
    """The month that is paid: `2027-06`."""
    system: str
    """One of `SYSTEMS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """The delivery confidence that a person has set."""

    tier: str
    """`green`, `amber` or `red`."""
    reason: str
    by: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What a person wrote beside a task."""

    task: TaskId
    text: str
    by: str
    on: date


CHANNELS = ("letter", "email", "meeting", "call", "newsletter", "website", "other")
"""The ways in which people announce a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The day on which a service goes live at a school, as it was announced."""

    service: str
    school: str
    day: date
    on: date
    """When it was announced."""
    how: str
    """One of `CHANNELS`, or what announced it: `baseline 1`, `rollout.yaml`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How sure one milestone's dates were in a simulation of one version on one day. Odds are whole percent."""

    milestone: str
    version: int
    on: date
    """The data date that was simulated from."""
    planned: date
    planned_odds: int | None
    """That it is no later than the plan said; None where all iterations kept it, and part of the path was not drawn."""
    deadline: date | None
    deadline_odds: int | None
    """None without a deadline as well."""
    p50: date
    p80: date
    p90: date
    certain_share: int
    """How much of the planned path was not drawn."""
    iterations: int
    seed: int

    @property
    def is_known(self) -> bool:
        """Tell whether they say anything: every iteration keeping the plan does not, where part has no range."""
        return self.planned_odds is not None

    @property
    def sure_by(self) -> str:
        """The day that 80 of 100 iterations keep, or that there is none, with the share that has no range."""
        share = f"{self.certain_share}% of its path has no range"
        if not self.is_known:
            return f"no odds: {share}"
        return f"{format_day(self.p80)}{f' ({share})' if self.certain_share else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of them; none at all is a programme that has not begun."""

    progress: Mapping[TaskId, TaskProgress] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    runs: tuple[RunSummary, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    """What was published of where people stand, the latest last. Nobody's scores are among the facts."""
    answered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Who has answered in each round of assessments."""
    criteria: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Measured exit criteria: service, then criterion, then the value as text."""

    acts: tuple[SponsorAct, ...] = ()
    checkpoints: tuple[CheckpointResult, ...] = ()
    """What was found at checkpoints, in the order in which it was reported."""
    comments: tuple[Comment, ...] = ()
    """On tasks, in the order in which they were recorded."""
    attendance: tuple[Attendance, ...] = ()
    submissions: tuple[Submission, ...] = ()
    pilot: tuple[Entry, ...] = ()
    """What was said about pilots and parallel runs, in its order."""
    joined: Mapping[str, date] = field(default_factory=dict)
    """Schools that joined after the first version, with the day."""
    announcements: tuple[Announcement, ...] = ()
    """Go-live days that were announced to schools, the latest last."""
    confidence: Confidence | None = None
    """The latest."""
    odds: tuple[Odds, ...] = ()
    """Of milestones, the latest simulation last."""

    def decision(self, task: TaskId) -> Decision | None:
        """Return the latest answer of a gate."""
        return next((d for d in reversed(self.decisions) if d.task == task), None)

    def comment(self, task: TaskId) -> Comment | None:
        """Return the latest comment on a task."""
        return next((c for c in reversed(self.comments) if c.task == task), None)

    def finish_of(self, task: TaskId) -> int | None:
        """Return when a task finished, in civil minutes; None where it has not."""
        return self.progress[task].actual_finish if task in self.progress else None

    def until(self, day: date) -> "Facts":
        """Return what had happened by the end of a day."""
        end = minute_of(day) + DAY
        progress = {
            t: p if p.actual_finish is None or p.actual_finish <= end else replace(p, actual_finish=None)
            for t, p in self.progress.items()
            if p.actual_start < end
        }
        dated = (
            "decisions",
            "runs",
            "pilot",
            "snapshots",
            "acts",
            "attendance",
            "checkpoints",
            "announcements",
            "comments",
            "odds",
        )
        until: dict[str, Any] = {name: tuple(fact for fact in getattr(self, name) if fact.on <= day) for name in dated}
        return replace(self, progress=progress, **until)

    @property
    def snapshot(self) -> Snapshot | None:
        """The latest publication."""
        return self.snapshots[-1] if self.snapshots else None

    def odds_of(self, milestone: str) -> Odds | None:
        """Return the latest odds of a milestone."""
        return next((o for o in reversed(self.odds) if o.milestone == milestone), None)

    def runs_of(self, service: str) -> tuple[RunSummary, ...]:
        return tuple(r for r in self.runs if r.service == service)
