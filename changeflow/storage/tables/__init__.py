"""The tables, a file a family. Import `metadata` from here: it knows all of them."""

from sqlmodel import SQLModel

from changeflow.storage.tables import agenda, audit, facts, programme

metadata = SQLModel.metadata

__all__ = ["agenda", "audit", "facts", "metadata", "programme"]
