"""Load every table. Import `metadata` from here, which includes all of them."""

from sqlmodel import SQLModel

from changeflow.storage.tables import (
    accounts,
    agenda,
    answers,
    audit,
    custody,
    data_requests,
    drafts,
    erasure,
    facts,
    jobs,
    keys,
    ledger_pairs,
    message_switch,
    messages,
    persons,
    programme,
)

metadata = SQLModel.metadata

__all__ = [
    "accounts",
    "agenda",
    "answers",
    "audit",
    "custody",
    "data_requests",
    "drafts",
    "erasure",
    "facts",
    "jobs",
    "keys",
    "ledger_pairs",
    "message_switch",
    "messages",
    "metadata",
    "persons",
    "programme",
]
