"""Why somebody is nudged: each reason has a template, and its place in the policy."""

from collections.abc import Mapping
from enum import StrEnum

from changeflow.roadmap.tasks import Task
from changeflow.values.words import Kind


class Reason(StrEnum):
    """What a nudge asks for. That something is late is a rung, not a reason."""

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


TITLES: Mapping[Reason, str] = {
    Reason.ASSESSMENT: "Where do you stand?",
    Reason.SPONSOR: "A visible act for the change",
    Reason.CONVERSATION: "Talk about what can wait",
}
"""What is asked for where no task is."""

NEVER_ESCALATED = frozenset({Reason.ASSESSMENT, Reason.FEEDBACK})
"""That somebody did not answer is theirs alone: telling it would make the next answers worthless, and is not kind."""


def reason_of(task: Task) -> Reason:
    """Return why a task's owner is reminded of it."""
    if task.kind is Kind.DECISION:
        return Reason.DECISION if task.gate is None else Reason.GATE
    return {
        Kind.GO_LIVE: Reason.GATE,
        Kind.CHECKPOINT: Reason.CHECKPOINT,
        Kind.TRAINING: Reason.TRAINING,
    }.get(task.kind, Reason.TASK)
