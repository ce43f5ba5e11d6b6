"""Where changeflow keeps what must survive the database: the state of this machine and the erasures.

Unlike other settings these are read here, wherever a database is used: a library call must not miss a restore that the
command line would notice.
"""

import os
from pathlib import Path

from changeflow.errors import InputError


def state_folder(database: Path | None) -> Path:
    """Return the folder of what this machine has seen: `CHANGEFLOW_STATE`, or one beside the SQLite file.

    Without a file (PostgreSQL) it is in the account's own folder for state.
    """
    if named := os.environ.get("CHANGEFLOW_STATE"):
        return Path(named)
    if database is not None:
        return database.with_name(f"{database.name}.state")
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base) / "changeflow"
    try:
        return Path.home() / ".local" / "state" / "changeflow"
    except RuntimeError:
        raise InputError(
            "This account has no home folder. Set CHANGEFLOW_STATE to a folder that lasts, such as /var/lib/changeflow."
        ) from None


def erasures_file(state: Path) -> Path:
    """Return the ledger of erasures: `CHANGEFLOW_ERASURES`, or a file in the folder for state."""
    named = os.environ.get("CHANGEFLOW_ERASURES")
    return Path(named) if named else state / "erasures.jsonl"
