"""Structured logs: what was done, in ids and counts. They never contain a name, an address, a link or a person's
words."""

import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from changeflow.addresses import HIDDEN, PASSWORD_FIELD
from changeflow.errors import InputError

# structlog loads a library that colours tracebacks (0.1 s), which a command that writes no logs does not need.
if TYPE_CHECKING:
    from structlog.typing import EventDict

FORMS = ("off", "json", "plain")
DEEPEST = 12
"""How many stack frames of a failure to log, innermost first."""
_ADDRESS = re.compile(r"[^\s<>@\"']+@[^\s<>@\"']+")
_LINK = re.compile(r"/([auc])/[A-Za-z0-9_-]{16,}")
_SECRET = re.compile(r"://[^/\s:@]*:(?!\d{1,5}(?:[/?,\s]|$)[^@]*$)(?:[^\n@]*@)?\S+")
"""What follows a colon in an address, unless it is a port. The path goes too, because it is unclear where it begins."""


def begin(form: str, *, stream: TextIO | None = None) -> None:
    """Write logs as `json` (a line each) or `plain`, to stderr unless another stream is given.

    `off` writes only our own failures.
    """
    if form not in FORMS:
        raise InputError(f"CHANGEFLOW_LOG is '{form}'. Write {', '.join(FORMS[:-1])} or {FORMS[-1]}.")
    # Made now, so that a failure can be logged even if the process can open no more files by then.
    _chosen.failures = _make_logger("plain" if form == "off" else form, stream)
    _chosen.logger = None if form == "off" else _chosen.failures


def log(event: str, **what: object) -> None:
    """Write one line: what was done, and ids and counts."""
    if _chosen.logger is not None:
        _chosen.logger.info(event, **what)


def failure(reference: str, error: BaseException) -> None:
    """Log an internal failure: its kind and where it happened, under the reference that the user was shown.

    Its message is left out, because a database's message contains the data to be stored.
    """
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    logger = _chosen.failures or _make_logger("plain", None)
    logger.error("failure", reference=reference, error=type(error).__name__, at=" > ".join(places))


@dataclass(slots=True)
class _Chosen:
    """The loggers of this process: both are None before `begin`, and only `failures` is set if logs are off."""

    logger: Any = None
    failures: Any = None


_chosen = _Chosen()


def _make_logger(form: str, stream: TextIO | None) -> Any:  # noqa: ANN401
    import structlog

    renderer: Any = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    return structlog.wrap_logger(
        structlog.PrintLogger(stream or cast(TextIO, _Stderr())),
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            without_people,
            renderer,
        ],
    )


class _Stderr:
    """Whatever stderr is at the moment."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def without_people(_logger: object, _method: str, event: "EventDict") -> "EventDict":
    """Take addresses, passwords and links out of a log entry, including error messages that are not ours."""
    return {key: _cleaned(value) for key, value in event.items()}


def _cleaned(value: object) -> object:
    if not isinstance(value, str):
        return value
    hidden = PASSWORD_FIELD.sub(rf"\g<1>{HIDDEN}", value)
    return _LINK.sub(r"/\1/…", _ADDRESS.sub("…", _SECRET.sub("://…", hidden)))
