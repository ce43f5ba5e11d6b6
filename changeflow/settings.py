"""The environment, read here only."""

import os
from dataclasses import dataclass
from pathlib import Path

from changeflow.errors import InputError

DEFAULT_DB = "sqlite:///changeflow.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says; command-line options win over it."""

    db: str
    actor: str | None
    smtp_url: str | None
    """`smtp://user:password@host:port`; without it messages are written as files."""
    outbox: Path
    """Where the file channel writes messages."""
    reports: Path
    task_runner: str = "threads"
    """Where a portfolio's batches run: `threads`, `dask`, or the address of a Dask scheduler."""
    workers: int = 2
    batches: int = 8
    """Into how many batches each programme's simulation is cut, at most."""


def settings() -> Settings:
    env = os.environ
    return Settings(
        db=env.get("CHANGEFLOW_DB", DEFAULT_DB),
        actor=env.get("CHANGEFLOW_AS") or None,
        smtp_url=env.get("CHANGEFLOW_SMTP_URL") or None,
        outbox=Path(env.get("CHANGEFLOW_OUTBOX", "outbox")),
        reports=Path(env.get("CHANGEFLOW_REPORTS", "reports")),
        task_runner=env.get("CHANGEFLOW_TASK_RUNNER", "threads"),
        workers=_count(env.get("CHANGEFLOW_WORKERS", "2"), "CHANGEFLOW_WORKERS"),
        batches=_count(env.get("CHANGEFLOW_BATCHES", "8"), "CHANGEFLOW_BATCHES"),
    )


def _count(text: str, name: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise InputError(f"{name} is '{text}'. Write a whole number from 1 on.")
    return int(text)
