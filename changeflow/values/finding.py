"""What rules say: findings, implied links, waivers."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from changeflow.values.base import Frozen, Id, TaskId, as_list
from changeflow.values.words import Severity, Stops


@dataclass(frozen=True, slots=True)
class ImpliedLink:
    """A rule wants `successor` to start only when `predecessor` has finished; a link is added where no path says so."""

    predecessor: TaskId
    successor: TaskId
    rule: str


@dataclass(frozen=True, slots=True)
class Breach:
    """What one rule found wrong, before severity, remedy and waivers are known."""

    rule: str
    subject: str
    """A task id, a service id or `programme`."""
    message: str
    service: str | None = None
    schools: frozenset[str] = frozenset()
    severity: Severity | None = None
    """Where one rule warns of some things and blocks others; its own when left out."""
    remedy: str | None = None
    """Where the rule's own remedy, which changes the plan, mends nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One outcome of a rule, as reports show it."""

    rule: str
    title: str
    severity: Severity
    subject: str
    message: str
    remedy: str
    source: str
    blocks: Stops
    service: str | None = None
    schools: frozenset[str] = frozenset()

    @property
    def is_block(self) -> bool:
        return self.severity is Severity.BLOCK


class Waiver(Frozen):
    """Somebody with the mandate to do so lifts a rule, for a scope, until a day."""

    rule: str = Field(pattern=r"^R\d\d$")
    reason: str = Field(min_length=1)
    owner: Id
    approved_by: Annotated[tuple[Id, ...], BeforeValidator(as_list), Field(min_length=1)]
    """One person, or several where a rule takes more than one mandate."""
    expires: date
    """The last day on which it holds."""
    service: Id | None = None
    task: TaskId | None = None
    """Only this task; without it the whole service, or without a service the whole programme."""
    schools: tuple[Id, ...] = ()
    """Only these; none named means all."""

    def covers(self, *, service: str | None, subject: TaskId, schools: frozenset[str] = frozenset()) -> bool:
        """Tell whether it is about all of a subject: one that reaches other schools as well is not covered."""
        if self.schools and not (schools and schools <= set(self.schools)):
            return False
        if self.task is not None:
            return self.task == subject
        return self.service is None or self.service == service

    def is_in_force(self, on: date) -> bool:
        return on <= self.expires
