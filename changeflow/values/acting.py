"""How the current act was authenticated, and the real time: set at entry points, read wherever an act is recorded.

The command line, pages and flows wrap their work in `acting(...)`. The `actor` and `now` arguments of use cases are
claims; this module records how the actor was identified and what the machine's clock showed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Via(StrEnum):
    """How the actor was identified."""

    COMMAND = "command"
    """The command line: `--as` is a claim by anyone with access to the machine."""
    LINK = "link"
    """A link in a message: anyone who has it can act."""
    SESSION = "session"
    """A signed-in session."""
    FLOW = "flow"
    """A scheduled flow, acting as the system."""
    LIBRARY = "library"
    """Python code that calls a use case directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """How the current act was authenticated."""

    via: Via
    account: str = ""
    """The machine's account (`user@host`) for commands and flows; otherwise the digest of a session or link."""
    anchor: str = ""
    """The anchor: the file outside the database that records each audit entry; empty for none."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251
    """The real time, as opposed to the claimed one: aware, in UTC."""


_AS_LIBRARY = Acting(via=Via.LIBRARY)
_CURRENT: ContextVar[Acting] = ContextVar("acting")


@contextmanager
def acting(act: Acting) -> Iterator[None]:
    """Set how everything done in this block is authenticated."""
    token = _CURRENT.set(act)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Acting:
    """Return how the current act was authenticated."""
    return _CURRENT.get(_AS_LIBRARY)
