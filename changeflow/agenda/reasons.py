"""Reasons for nudges, each with its template and how it is handled; and the effect of nudges."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from changeflow.roadmap.model.tasks import Task
from changeflow.values.sentences import sentence
from changeflow.values.words import Kind


class Reason(StrEnum):
    """What a nudge is about. Being late is an escalation level, not a reason."""

    TASK = "task"
    DECISION = "decision"
    GATE = "gate"
    EVIDENCE = "evidence"
    TRAINING = "training"
    CHECKPOINT = "checkpoint"
    ASSESSMENT = "assessment"
    FEEDBACK = "feedback"
    SPONSOR = "sponsor"
    CONVERSATION = "conversation"
    """To a manager: a person in their team has too many requests at once."""
    COMMENT = "comment"
    """To a task's owner: others have commented on it."""


@dataclass(frozen=True, slots=True)
class ReasonToNudge:
    """How a reason is handled. Its numbers are in a rulepack, its wording in a template."""

    template: str
    """Its email: `templates/emails/TEMPLATE.j2`."""
    title: str = ""
    """The title of a request that is not about a task."""
    is_escalated: bool = True
    """Whether others learn of a missing answer; never for answers about oneself, so that people answer honestly."""
    kind: Kind | None = None
    """The kind of task whose owner gets this reason."""


REASONS: Mapping[Reason, ReasonToNudge] = {
    Reason.TASK: ReasonToNudge("task"),
    Reason.DECISION: ReasonToNudge("decision", kind=Kind.DECISION),
    Reason.GATE: ReasonToNudge("decision", kind=Kind.GO_LIVE),
    Reason.EVIDENCE: ReasonToNudge("evidence"),
    Reason.TRAINING: ReasonToNudge("training", kind=Kind.TRAINING),
    Reason.CHECKPOINT: ReasonToNudge("checkpoint", kind=Kind.CHECKPOINT),
    Reason.ASSESSMENT: ReasonToNudge(
        "assessment", sentence("A few short questions about the change"), is_escalated=False
    ),
    Reason.FEEDBACK: ReasonToNudge("feedback", is_escalated=False),
    Reason.SPONSOR: ReasonToNudge("sponsor", sentence("Show your support for this change")),
    Reason.CONVERSATION: ReasonToNudge("conversation", sentence("A conversation about workload")),
    Reason.COMMENT: ReasonToNudge("comment", is_escalated=False),
}
"""Every reason. A gate shares the template of a decision."""
_BY_KIND = {reason.kind: key for key, reason in REASONS.items() if reason.kind is not None}


def reason_of(task: Task) -> Reason:
    """Return the reason for which a task's owner is reminded."""
    reason = _BY_KIND.get(task.kind, Reason.TASK)
    return Reason.GATE if reason is Reason.DECISION and task.gate is not None else reason


DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A nudge that was sent, without its recipient."""

    reason: str
    subject: str
    level: int
    due_at: datetime
    """When it was recorded, and could have been sent."""
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgeEffect:
    """Nudges of one reason and level."""

    reason: Reason
    level: int
    sent: int
    held_back: int
    """How many of these were sent a day or more late, because of caps, quiet hours or days off."""
    acted: int | None
    """How many led to an action before the next level; None for reasons that are private."""
    days: float | None
    """The median days from nudge to action."""


def followed(gone: Sequence[Gone], moments: Mapping[str, list[datetime]]) -> Iterator[tuple[Gone, timedelta | None]]:
    """Yield each nudge with the time until an action; an action counts only for the last nudge before it."""
    by_subject: dict[str, list[Gone]] = defaultdict(list)
    for nudge in gone:
        by_subject[nudge.subject].append(nudge)
    for subject, own in by_subject.items():
        own.sort(key=lambda g: g.sent_at)
        for this, following in zip(own, [*own[1:], None], strict=True):
            until = following.sent_at if following else None
            after = (at for at in moments.get(subject, ()) if at >= this.sent_at and (until is None or at < until))
            first = min(after, default=None)
            yield this, first - this.sent_at if first else None


def effect_of(reason: Reason, level: int, nudges: Sequence[tuple[Gone, timedelta | None]]) -> NudgeEffect:
    """Return what nudges of one reason and level led to; each comes with the time until an action."""
    took = [after / DAY for _, after in nudges if after is not None]
    is_private = not REASONS[reason].is_escalated
    return NudgeEffect(
        reason=reason,
        level=level,
        sent=len(nudges),
        held_back=sum(gone.sent_at - gone.due_at >= DAY for gone, _ in nudges),
        acted=None if is_private else len(took),
        days=round(median(took), 1) if took and not is_private else None,
    )
