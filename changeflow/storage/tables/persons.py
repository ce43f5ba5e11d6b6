"""Addresses by which people are recognised."""

from sqlmodel import Field

from changeflow.storage.types import StoredRow


class AddressSeenRow(StoredRow, table=True):
    """A person's address as a keyed hash, to recognise them under another id."""

    __tablename__ = "address_seen"

    programme_id: str = Field(foreign_key="programme.id", primary_key=True)
    person: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
