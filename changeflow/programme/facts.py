"""Everything that has happened in a programme. Facts are rows of the database, never part of a version."""

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
    """A condition of an approval, which becomes a task."""

    text: str
    owner: str
    due: date
    before: TaskId | None = None
    """The task that may not begin until the condition is met; None if it only has a due date."""
    number: int = field(default=0, compare=False)
    """Its number within its decision, from 1, kept when another is withdrawn. 0 until it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision at a gate. After a rejection the gate is decided again, in the next round."""

    task: TaskId
    outcome: Outcome
    reason: str
    by: str
    on: date
    round: int = 1
    dissent: str = ""
    """A dissenting view to keep on record."""
    conditions: tuple[Condition, ...] = ()

    @property
    def numbered(self) -> tuple[tuple[int, Condition], ...]:
        """The conditions with their numbers."""
        return tuple((c.number or n, c) for n, c in enumerate(self.conditions, start=1))

    def condition_task(self, number: int) -> TaskId:
        """Return the id of a condition's task; conditions are numbered from 1."""
        return f"{self.task}/condition-{number}"


ACTS = {"seen": "active and visible", "coalition": "building the coalition", "direct": "speaking with people directly"}
"""The sponsor's three roles. Source: Prosci, public page on the sponsor's three roles; the words are ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SponsorAct:
    """Visible support by the sponsor or a change lead."""

    on: date
    what: str
    kind: str = "seen"
    """One of `ACTS`."""
    who: str | None = None
    """The change lead who acted; None for the sponsor."""
    group: str | None = None
    """The group that it reached, if it was one group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """A person's attendance at a training session, with evidence of what they can now do, if known."""

    task: TaskId
    person: str
    on: date
    evidence: str = ""


SYSTEMS = ("old", "new")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A filing: a scheme's pay period, by the old or new system."""

    service: str
    scheme: str
    period: str
    """The month paid: `2027-06`."""
    system: str
    """One of `SYSTEMS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """The delivery confidence that a person set."""

    tier: str
    """`green`, `amber` or `red`."""
    reason: str
    by: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A person's comment on a task."""

    task: TaskId
    text: str
    by: str
    on: date


CHANNELS = ("letter", "email", "meeting", "call", "newsletter", "website", "other")
"""The ways to announce a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The announced go-live day of a service at a school."""

    service: str
    school: str
    day: date
    on: date
    """The day of the announcement."""
    how: str
    """One of `CHANNELS`, or what announced it: `baseline 1`, `rollout.yaml`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """The odds of one milestone in a simulation of one version on one day. Odds are whole percent."""

    milestone: str
    version: int
    on: date
    """The data date of the simulation."""
    planned: date
    planned_odds: int | None
    """The odds of meeting the plan; None if all iterations met it but part of the path has no range."""
    deadline: date | None
    deadline_odds: int | None
    """The odds of meeting the deadline; None also without a deadline."""
    p50: date
    p80: date
    p90: date
    certain_share: int
    """The share of the planned path without a range, in percent."""
    iterations: int
    seed: int

    @property
    def is_known(self) -> bool:
        """Return whether the odds are meaningful: not if every iteration met the plan but part has no range."""
        return self.planned_odds is not None

    @property
    def sure_by(self) -> str:
        """The day that 80 of 100 iterations meet, or why it is not known."""
        return format_day(self.p80) if self.is_known else f"not known: {self.without_range}"

    @property
    def without_range(self) -> str:
        """The share of the work before it that has only one duration, as a clause."""
        work = "any" if self.certain_share == 100 else f"{self.certain_share}%"
        return f"no one has estimated best and worst durations for {work} of the work leading up to it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All facts of a programme; empty before it has begun."""

    progress: Mapping[TaskId, TaskProgress] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    runs: tuple[RunSummary, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    """Published results, the latest last. Facts contain no one's scores."""
    answered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The people who answered in each round of assessments."""
    criteria: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Measured exit criteria: service, then criterion, then the value as text."""

    acts: tuple[SponsorAct, ...] = ()
    checkpoints: tuple[CheckpointResult, ...] = ()
    """Results of checkpoints, in the order reported."""
    comments: tuple[Comment, ...] = ()
    """Comments on tasks, in the order recorded."""
    attendance: tuple[Attendance, ...] = ()
    submissions: tuple[Submission, ...] = ()
    pilot: tuple[Entry, ...] = ()
    """Entries about pilots and parallel runs, in order."""
    joined: Mapping[str, date] = field(default_factory=dict)
    """Schools that joined after the first version, with their days."""
    announcements: tuple[Announcement, ...] = ()
    """Go-live days announced to schools, the latest last."""
    confidence: Confidence | None = None
    """The latest one."""
    odds: tuple[Odds, ...] = ()
    """The odds of milestones, the latest simulation last."""

    def decision(self, task: TaskId) -> Decision | None:
        """Return the latest decision of a gate."""
        return next((d for d in reversed(self.decisions) if d.task == task), None)

    def comment(self, task: TaskId) -> Comment | None:
        """Return the latest comment on a task."""
        return next((c for c in reversed(self.comments) if c.task == task), None)

    def finish_of(self, task: TaskId) -> int | None:
        """Return when a task finished, in civil minutes; None if it has not."""
        return self.progress[task].actual_finish if task in self.progress else None

    def until(self, day: date) -> "Facts":
        """Return the facts up to the end of a day."""
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
