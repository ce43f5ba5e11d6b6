"""Where things are: what ships with changeflow, and what must survive the loss of the database.

Unlike other settings, those for the latter are read here, wherever a database is used: a library call must not miss a
restore that the command line would notice.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.errors import InputError


def state_folder(database: Path | None) -> Path:
    """Return this machine's state folder: `CHANGEFLOW_STATE`, or one beside the SQLite file.

    Without a file (PostgreSQL), it is `changeflow` in the account's own state folder.
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
    """Return the ledger of erasures: `CHANGEFLOW_ERASURES`, or a file in the state folder."""
    named = os.environ.get("CHANGEFLOW_ERASURES")
    return Path(named) if named else state / "erasures.jsonl"


if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = Path(__file__).resolve().parent


def templates_dir() -> Path:
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"


def programme_templates() -> dict[str, Path]:
    """Return the ready programme folders by name."""
    folder = templates_dir() / "programmes"
    return {p.name: p for p in sorted(folder.iterdir()) if (p / "programme.yaml").is_file()}


def shipped_pathway(name: str) -> Path | None:
    path = templates_dir() / "programmes" / "pathways" / f"{name}.yaml"
    return path if path.is_file() else None


@lru_cache(maxsize=1)
def template_environment() -> "Environment":
    """Return the environment of reports, whose templates are in English."""
    return new_environment("reports")


def new_environment(purpose: str) -> "Environment":
    """Return a new environment: templates escape what they print, and an unknown name is an error.

    Environments of one purpose compile their templates alike.
    """
    # Imported only when needed, because code that only asks for a folder renders no page.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    from changeflow.template_cache import template_cache

    return Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=select_autoescape(enabled_extensions=("html.j2", "svg.j2", "html", "svg"), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # A kept template must not contain results of today's filters.
        optimized=False,
        bytecode_cache=template_cache(purpose),
    )
