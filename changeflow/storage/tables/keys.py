"""What tells whether a key is the one that hashes in this database were made with."""

from sqlmodel import Field, SQLModel


class KeyCheckRow(SQLModel, table=True):
    """One row, from the first keyed hash on."""

    __tablename__ = "key_check"

    id: int = Field(default=1, primary_key=True)
    check: str
    """A hash of the key: it tells keys apart and gives none away."""
