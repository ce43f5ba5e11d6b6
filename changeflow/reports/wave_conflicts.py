"""Why no wave plan is possible, and which changes would be enough, with the request that each sentence is about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictLine:
    """A request that cannot be met, or a change that would be enough."""

    group: str
    """The kind of request and what it is about, such as `apart:ash/beech` or `wave size:payroll`; `later` for the last
    go-live of all."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictReport:
    """Requests that cannot all be met."""

    limits: tuple[ConflictLine, ...]
    ways: tuple[ConflictLine, ...]
    """The smallest change of each request that makes a plan possible: one of them is enough."""
    is_minimal: bool
    """Whether dropping any one of the requests makes a plan possible."""
