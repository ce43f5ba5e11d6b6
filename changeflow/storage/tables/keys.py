"""The key that made the database's keyed hashes."""

from sqlmodel import Field

from changeflow.storage.types import StoredRow


class KeyCheckRow(StoredRow, table=True):
    """One row, which exists once the database has a keyed hash."""

    __tablename__ = "key_check"

    id: int = Field(default=1, primary_key=True)
    check: str
    """A hash of the key, which identifies it without revealing it."""
