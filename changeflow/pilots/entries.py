"""Entries about pilots and parallel runs: issues, feedback, explanations, lessons and so on.

Entries are only added, never changed. The current state, such as an issue's, follows from all entries: see `issues`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from changeflow.values.base import Frozen, Id, TaskId
from changeflow.values.duration import DurationText
from changeflow.values.months import next_period
from changeflow.values.sentences import Sentence, sentence

Words = Annotated[str, Field(min_length=1, max_length=2000)]
PERIOD = r"^\d{4}-(0[1-9]|1[0-2])$"


class PilotStatement(Frozen):
    """The fields of every entry. `number` counts from 1 within a service and kind; it is 0 until stored."""

    service: Id
    on: date
    by: str
    number: int = 0


class Explanation(PilotStatement):
    """Why amounts differ in one period: for one contract or, as a rule, for an element of all contracts in a range."""

    kind: Literal["explanation"] = "explanation"
    period: str = Field(pattern=PERIOD)
    element: str = Field(min_length=1, description="Or `missing`, `extra`")
    contract: str | None = None
    """The contract; None for a rule. After the retention period it is an empty string, which is no contract's
    number."""
    between: tuple[Decimal, Decimal] | None = None
    reason: Words
    evidence: str = ""
    until: str | None = Field(None, pattern=PERIOD)
    """The last month for which it counts; None for its own period alone."""
    learnt: bool = False
    """Whether it is a rule that was proposed from earlier explanations and accepted by `by`."""

    @model_validator(mode="after")
    def _ends(self) -> "Explanation":
        if self.until is not None and not self.period <= self.until <= _a_year_after(self.period):
            raise ValueError(f"the last month must be between {self.period} and {_a_year_after(self.period)}")
        return self

    @property
    def periods(self) -> tuple[str, ...]:
        """The months for which it counts, in order."""
        found = [self.period]
        while found[-1] < (self.until or self.period):
            found.append(next_period(found[-1]))
        return tuple(found)


def _a_year_after(period: str) -> str:
    """Return the same month of the next year: an explanation for longer than that would be a rule that no one has
    reviewed."""
    return f"{int(period[:4]) + 1}{period[4:]}"


class IssueSeverity(IntEnum):
    """How severe an issue is. The scale is our own choice."""

    STOPS = 1
    """People are not paid, or the service does not work."""
    HARMS = 2
    """Something is wrong for some people, or needs a workaround that costs time."""
    HINDERS = 3
    COSMETIC = 4

    @property
    def label(self) -> str:
        return SEVERITIES[self]


SEVERITIES: Mapping[IssueSeverity, Sentence] = {
    IssueSeverity.STOPS: sentence("stops the service"),
    IssueSeverity.HARMS: sentence("causes serious problems for some people"),
    IssueSeverity.HINDERS: sentence("makes work harder"),
    IssueSeverity.COSMETIC: sentence("cosmetic"),
}


class IssueRaised(PilotStatement):
    """Something that went wrong in a pilot."""

    kind: Literal["issue"] = "issue"
    text: Words
    severity: IssueSeverity
    school: Id | None = None
    owner: Id | None = None
    blocks_next_wave: bool = False


class IssueUpdate(PilotStatement):
    """An update of an issue: fixed, reopened, or with another owner. Missing fields do not change."""

    kind: Literal["issue_update"] = "issue_update"
    issue: int
    state: Literal["open", "fixed"] | None = None
    words: Words
    owner: Id | None = None
    severity: IssueSeverity | None = None
    blocks_next_wave: bool | None = None


class FeedbackGiven(PilotStatement):
    """Feedback on the service from its users or providers, perhaps about one item of its agreement."""

    kind: Literal["feedback"] = "feedback"
    side: Literal["user", "provider"]
    text: Words
    item: str = Field("", description="The item of what the service gives and gets")
    school: Id | None = None


class ImprovementPlanned(PilotStatement):
    """An item of the improvement backlog, with the feedback and issues that led to it."""

    kind: Literal["improvement"] = "improvement"
    text: Words
    owner: Id
    due: date | None = None
    feedback: tuple[int, ...] = ()
    issues: tuple[int, ...] = ()


class ImprovementMade(PilotStatement):
    """A finished improvement: you said, we did."""

    kind: Literal["improvement_made"] = "improvement_made"
    improvement: int
    did: Words


class LessonProposed(PilotStatement):
    """A change of a step in later waves, learnt in the pilot; a person accepts or declines it."""

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
    """A repetition of a step in its wave, for this long, before everything that depends on it."""

    kind: Literal["again"] = "again"
    task: TaskId
    duration: DurationText
    reason: Words


class Confirmation(PilotStatement):
    """A person's confirmation of an item on the go-live checklist, with the evidence."""

    kind: Literal["confirmation"] = "confirmation"
    gate: TaskId
    item: Id
    evidence: Words
    until: date | None = None
    """The last day for which it is confirmed, if there is one: a way back does not stay open for ever."""


class Signature(PilotStatement):
    """The answer of a person who must sign a go-live: signed or refused."""

    kind: Literal["signature"] = "signature"
    gate: TaskId
    agrees: bool
    words: str = ""


class CaseTested(PilotStatement):
    """The result of running one case of the test pack."""

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
