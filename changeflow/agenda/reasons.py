"""Why somebody is nudged: each reason has a template, and its place in the policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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
