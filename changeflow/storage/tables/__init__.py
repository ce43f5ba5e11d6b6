"""The tables, one file for each family. Import `metadata` from here, which includes all of them."""

from sqlmodel import SQLModel

from changeflow.storage.tables import agenda, audit, facts, programme

metadata = SQLModel.metadata

__all__ = ["agenda", "audit", "facts", "metadata", "programme"]
