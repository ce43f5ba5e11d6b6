"""What is said about a pilot and its parallel runs while they go on: entries that are only ever added.

An entry never changes. What stands now, such as an issue's state, is made of all entries: see `issues`, `feedback`.
"""

from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Literal

from pydantic import Field

from changeflow.values.base import Frozen, Id, TaskId
from changeflow.values.duration import DurationText

Words = Annotated[str, Field(min_length=1, max_length=2000)]
PERIOD = r"^\d{4}-(0[1-9]|1[0-2])$"


class PilotStatement(Frozen):
    """What every entry has. `number` counts within a service and a kind, from 1; 0 until it is stored."""

    service: Id
    on: date
    by: str
    number: int = 0


class Explanation(PilotStatement):
    """Why amounts differ in one period: of one contract, or, as a rule, of an element everywhere, up to an amount."""

    kind: Literal["explanation"] = "explanation"
    period: str = Field(pattern=PERIOD)
    element: str = Field(min_length=1, description="Or `missing`, `extra`")
    contract: str | None = None
    """Whose; None for a rule. When its time of keeping is over it is an empty text, which no contract has."""
    between: tuple[Decimal, Decimal] | None = None
    reason: Words
    evidence: str = ""
    learnt: bool = False
    """A rule that was proposed from earlier explanations, and accepted by `by`."""


class IssueSeverity(IntEnum):
    """How much an issue weighs. The scale is our own choice."""

    STOPS = 1
    """People are not paid, or the service does not work."""
    HARMS = 2
    """Wrong for some people, or only with a way round that costs time."""
    HINDERS = 3
    COSMETIC = 4

    @property
    def label(self) -> str:
        return {1: "stops the service", 2: "harms some people", 3: "hinders", 4: "cosmetic"}[self.value]


class IssueRaised(PilotStatement):
    """Something that went wrong in a pilot."""

    kind: Literal["issue"] = "issue"
    text: Words
    severity: IssueSeverity
    school: Id | None = None
    owner: Id | None = None
    blocks_next_wave: bool = False


class IssueUpdate(PilotStatement):
    """What became of an issue: fixed, open again, or somebody else's; left out, as it was."""

    kind: Literal["issue_update"] = "issue_update"
    issue: int
    state: Literal["open", "fixed"] | None = None
    words: Words
    owner: Id | None = None
    severity: IssueSeverity | None = None
    blocks_next_wave: bool | None = None


class FeedbackGiven(PilotStatement):
    """What users, or those who provide the service, say of it; of one item of its agreement, where it is about one."""

    kind: Literal["feedback"] = "feedback"
    side: Literal["user", "provider"]
    text: Words
    item: str = Field("", description="The item of what the service gives and gets")
    school: Id | None = None


class ImprovementPlanned(PilotStatement):
    """An item of the improvement backlog, with the feedback and the issues that ask for it."""

    kind: Literal["improvement"] = "improvement"
    text: Words
    owner: Id
    due: date | None = None
    feedback: tuple[int, ...] = ()
    issues: tuple[int, ...] = ()


class ImprovementMade(PilotStatement):
    """You said, we did."""

    kind: Literal["improvement_made"] = "improvement_made"
    improvement: int
    did: Words


class LessonProposed(PilotStatement):
    """A change of a step for the waves to come, learnt in the pilot; a person accepts it or does not."""

    kind: Literal["lesson"] = "lesson"
    step: Id
    duration: DurationText | None = None
    also_after: tuple[str, ...] = ()
    reason: Words


class LessonAnswered(PilotStatement):
    """Whether a lesson was accepted."""

    kind: Literal["lesson_answer"] = "lesson_answer"
    lesson: int
    accepted: bool
    reason: Words


class PilotRepeated(PilotStatement):
    """A repetition: the same step again in the same wave, for this long, before everything that depends on it."""

    kind: Literal["again"] = "again"
    task: TaskId
    duration: DurationText
    reason: Words


class Confirmation(PilotStatement):
    """A person confirms an item on the go-live checklist, with the evidence."""

    kind: Literal["confirmation"] = "confirmation"
    gate: TaskId
    item: Id
    evidence: Words
    until: date | None = None
    """The last day on which it is true, where it has one: a way back does not stay open for ever."""


class Signature(PilotStatement):
    """One of those who must sign a go-live has signed, or withholds it."""

    kind: Literal["signature"] = "signature"
    gate: TaskId
    agrees: bool
    words: str = ""


class CaseTested(PilotStatement):
    """A case of the structured test pack was played through."""

    kind: Literal["test"] = "test"
    case: Id
    passed: bool
    evidence: Words


Entry = Annotated[
    Explanation
    | IssueRaised
    | IssueUpdate
    | FeedbackGiven
    | ImprovementPlanned
    | ImprovementMade
    | LessonProposed
    | LessonAnswered
    | PilotRepeated
    | Confirmation
    | Signature
    | CaseTested,
    Field(discriminator="kind"),
]
