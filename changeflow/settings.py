"""The environment, read here only."""

import os
from dataclasses import dataclass
from pathlib import Path

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


def settings() -> Settings:
    env = os.environ
    return Settings(
        db=env.get("CHANGEFLOW_DB", DEFAULT_DB),
        actor=env.get("CHANGEFLOW_AS") or None,
        smtp_url=env.get("CHANGEFLOW_SMTP_URL") or None,
        outbox=Path(env.get("CHANGEFLOW_OUTBOX", "outbox")),
        reports=Path(env.get("CHANGEFLOW_REPORTS", "reports")),
    )
