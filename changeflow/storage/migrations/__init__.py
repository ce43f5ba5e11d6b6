"""The migrations, in order, which create and change the tables."""

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

# Imported late, because it loads all of SQLAlchemy's dialects, which takes 0.3 s.
if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).resolve().parent
_MIGRATION = re.compile(r"v(\d{4})_\w+\.py")


def config() -> "Config":
    """Return Alembic's settings; the caller adds the connection."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(_FOLDER))
    return made


@lru_cache(maxsize=1)
def known_versions() -> frozenset[str]:
    """Return the revisions: they are the numbers in the names of the files."""
    names = (_MIGRATION.fullmatch(path.name) for path in (_FOLDER / "versions").iterdir())
    return frozenset(name[1] for name in names if name)


def head_version() -> str:
    """Return the last revision."""
    return max(known_versions())
