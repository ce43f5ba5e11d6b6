"""The results of rules: findings, implied links and waivers."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from changeflow.values.base import Frozen, Id, TaskId, as_list
from changeflow.values.words import Severity, Stops


@dataclass(frozen=True, slots=True)
class ImpliedLink:
    """A rule requires `successor` to start only after `predecessor` finishes; a link is added if no path ensures it."""

    predecessor: TaskId
    successor: TaskId
    rule: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken rule, before its severity, remedy and waivers are known."""

    rule: str
    subject: str
    """A task id, a service id or `programme`."""
    message: str
    service: str | None = None
    schools: frozenset[str] = frozenset()
    severity: Severity | None = None
    """Set if a rule blocks some things and only warns of others; otherwise the rule's own severity applies."""
    remedy: str | None = None
    """Set if the rule's own remedy would not help, because it changes the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result of a rule, as reports show it."""

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
    """A person with the mandate waives a rule for a scope until a given day."""

    rule: str = Field(pattern=r"^R\d\d$")
    reason: str = Field(min_length=1)
    owner: Id
    approved_by: Annotated[tuple[Id, ...], BeforeValidator(as_list), Field(min_length=1)]
    """One person, or several if the rule needs more than one mandate."""
    expires: date
    """The last day on which it is in force."""
    service: Id | None = None
    task: TaskId | None = None
    """The one task it covers; otherwise the whole service or, without a service, the whole programme."""
    schools: tuple[Id, ...] = ()
    """The schools it covers; empty for all."""

    def covers(self, *, service: str | None, subject: TaskId, schools: frozenset[str] = frozenset()) -> bool:
        """Return whether it covers all of a subject. A subject that includes other schools is not covered."""
        if self.schools and not (schools and schools <= set(self.schools)):
            return False
        if self.task is not None:
            return self.task == subject
        return self.service is None or self.service == service

    def is_in_force(self, on: date) -> bool:
        return on <= self.expires
