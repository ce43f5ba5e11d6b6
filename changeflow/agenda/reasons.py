"""Why somebody is nudged: each reason has a template, and its place in the policy. And what nudges lead to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from changeflow.roadmap.model.tasks import Task
from changeflow.values.words import Kind


class Reason(StrEnum):
    """What a nudge asks for. That something is late is an escalation level, not a reason."""

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
    """To a manager: somebody of theirs is asked for too much at once."""


@dataclass(frozen=True, slots=True)
class ReasonToNudge:
    """What the product has to know of a reason. What it asks for in a rulepack is there; its words are a template."""

    template: str
    """Its e-mail, in each language: `templates/emails/LANGUAGE/TEMPLATE.j2`."""
    title: str = ""
    """What is asked for, where it is about no task."""
    is_escalated: bool = True
    """Whether others hear that nothing was answered: of answers about oneself that would make the next worthless."""
    kind: Kind | None = None
    """The kind of task whose owner is reminded for this reason."""


REASONS: Mapping[Reason, ReasonToNudge] = {
    Reason.TASK: ReasonToNudge("task"),
    Reason.DECISION: ReasonToNudge("decision", kind=Kind.DECISION),
    Reason.GATE: ReasonToNudge("decision", kind=Kind.GO_LIVE),
    Reason.EVIDENCE: ReasonToNudge("evidence"),
    Reason.TRAINING: ReasonToNudge("training", kind=Kind.TRAINING),
    Reason.CHECKPOINT: ReasonToNudge("checkpoint", kind=Kind.CHECKPOINT),
    Reason.ASSESSMENT: ReasonToNudge("assessment", "Where do you stand?", is_escalated=False),
    Reason.FEEDBACK: ReasonToNudge("feedback", is_escalated=False),
    Reason.SPONSOR: ReasonToNudge("sponsor", "A visible act for the change"),
    Reason.CONVERSATION: ReasonToNudge("conversation", "Talk about what can wait"),
}
"""Every reason, and what follows from it. A gate is a decision, with another name in the same sentences."""
_BY_KIND = {reason.kind: key for key, reason in REASONS.items() if reason.kind is not None}


def reason_of(task: Task) -> Reason:
    """Return why a task's owner is reminded of it."""
    reason = _BY_KIND.get(task.kind, Reason.TASK)
    return Reason.GATE if reason is Reason.DECISION and task.gate is not None else reason


DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A nudge that went out, without the person it was about."""

    reason: str
    subject: str
    level: int
    due_at: datetime
    """When it was written down, and could have gone."""
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgeEffect:
    """Nudges of one reason and level."""

    reason: Reason
    level: int
    sent: int
    held_back: int
    """Of these, how many went a day or more after they fell due: the caps, quiet hours and free days of people."""
    acted: int | None
    """How many led to something before the next level; None for what concerns the person alone."""
    days: float | None
    """The middle of the days that it took."""


def followed(gone: Sequence[Gone], moments: Mapping[str, list[datetime]]) -> Iterator[tuple[Gone, timedelta | None]]:
    """Yield each nudge with how long after it something happened: an action counts for the last nudge before it."""
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
    """Return what nudges of one reason and level led to, each given with how long after it something happened."""
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
