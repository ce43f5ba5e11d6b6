"""Load every table. Import `metadata` from here, which includes all of them."""

from sqlmodel import SQLModel

from changeflow.storage.tables import (
    accounts,
    agenda,
    audit,
    data_requests,
    drafts,
    facts,
    jobs,
    ledger_pairs,
    programme,
)

metadata = SQLModel.metadata

__all__ = [
    "accounts",
    "agenda",
    "audit",
    "data_requests",
    "drafts",
    "facts",
    "jobs",
    "ledger_pairs",
    "metadata",
    "programme",
]
