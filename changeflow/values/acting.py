"""How the act in progress came in, and the real time: set at the entry points, read wherever an act is recorded.

The command line, a page and a flow each wrap what they do in `acting(...)`. Use cases keep their `actor` and `now`
arguments, which are claims; this says how the actor was known and what the machine's clock said meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Via(StrEnum):
    """How the actor of an act was known."""

    COMMAND = "command"
    """The command line: `--as` is a claim by anyone with access to the machine."""
    LINK = "link"
    """A link in a message: whoever holds it."""
    SESSION = "session"
    """A signed-in session."""
    FLOW = "flow"
    """A scheduled flow, acting as the system."""
    LIBRARY = "library"
    """Python code that calls a use case directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """How the act in progress came in."""

    via: Via
    account: str = ""
    """The machine's account (`user@host`) for commands and flows; a session's or link's digest otherwise."""
    anchor: str = ""
    """The file outside the database to which each entry of the audit is written; empty for none."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251
    """The real time, beside the claimed one: aware, in UTC."""


_AS_LIBRARY = Acting(via=Via.LIBRARY)
_CURRENT: ContextVar[Acting] = ContextVar("acting")


@contextmanager
def acting(act: Acting) -> Iterator[None]:
    """Say how everything done in this block came in."""
    token = _CURRENT.set(act)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Acting:
    """Return how the act in progress came in."""
    return _CURRENT.get(_AS_LIBRARY)
