"""The migrations, in order: what makes and changes the tables."""

from pathlib import Path

from alembic.config import Config

_FOLDER = Path(__file__).resolve().parent


def config() -> Config:
    """Return Alembic's settings; the caller adds the connection."""
    made = Config()
    made.set_main_option("script_location", str(_FOLDER))
    return made
